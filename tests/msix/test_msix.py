"""App Installer files over the wire, read by an XML parser and a model of what Windows does with them: App Installer
itself needs Windows to run."""

import io
import unittest
import zipfile
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from harness.updates import Program

SCHEMA = "{http://schemas.microsoft.com/appx/appinstaller/2018}"
PUBLISHER = 'CN="Acme & Sons", C=DE'


def package(version: str, arch: str | None = "x64") -> bytes:
    """A package, or a bundle where it has no arch, as Windows' tools write them: with zip64 records."""
    name, root = ("AppxManifest.xml", "Package") if arch else ("AppxMetadata/AppxBundleManifest.xml", "Bundle")
    arch = f' ProcessorArchitecture="{arch}"' if arch else ""
    manifest = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<{root} xmlns="http://schemas.microsoft.com/appx/2013/bundle">'
        f'<Identity Name="Acme.App" Publisher={quoteattr(PUBLISHER)} Version="{version}"{arch}/></{root}>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("App.exe", b"MZ" * 100_000)
        with archive.open(name, "w", force_zip64=True) as member:
            member.write(b"\xef\xbb\xbf" + manifest.encode())
    return file.getvalue()


def numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


class Installer:
    """An App Installer file, as Windows reads it."""

    def __init__(self, text: bytes) -> None:
        root = ElementTree.fromstring(text)
        assert root.tag == SCHEMA + "AppInstaller", root
        self.uri, self.version = root.get("Uri"), root.get("Version")
        self.main = root[0]
        self.kind = self.main.tag.removeprefix(SCHEMA)
        self.launch = root.find(f"{SCHEMA}UpdateSettings/{SCHEMA}OnLaunch").attrib
        self.forced_back = root.findtext(f"{SCHEMA}UpdateSettings/{SCHEMA}ForceUpdateFromAnyVersion") == "true"

    def installs(self, installed: str) -> bool:
        return numbers(self.main.get("Version")) > numbers(installed) or self.forced_back


class Msix(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.program = Program("msix")
        cls.new = package("1.1.0.0")
        cls.program.old_release("1.0.0", {"Acme App.msix": package("1.0.0.0")})
        cls.program.release("1.1.0", {"Acme App.msix": cls.new})

    def installer(self, query: str = "", who: str = "good", program: Program | None = None) -> Installer:
        answer = (program or self.program).get(f"Acme.appinstaller?{query}", who)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.header("content-type"), "application/appinstaller")
        return Installer(answer.body)

    def test_windows_finds_the_newest_package(self):
        file = self.installer()
        self.assertEqual(file.uri, self.program.root + "/Acme.appinstaller")
        self.assertEqual((file.kind, file.version), ("MainPackage", "1.1.0.0"))
        expected = {
            "Name": "Acme.App",
            "Publisher": PUBLISHER,
            "Version": "1.1.0.0",
            "ProcessorArchitecture": "x64",
            "Uri": self.program.root + "/1.1.0/Acme%20App.msix",
        }
        self.assertEqual(file.main.attrib, expected)
        self.assertTrue(file.installs("1.0.0.0"))
        self.assertFalse(file.installs("1.1.0.0"))

    def test_windows_asks_for_the_head_and_then_for_parts(self):
        uri = self.installer().main.get("Uri")
        for address in (uri, self.program.root + "/Acme.appinstaller"):
            head = self.program.get(address, method="HEAD")
            self.assertEqual((head.status, head.body), (200, b""), address)
        head = self.program.get(uri, method="HEAD")
        self.assertEqual(head.header("content-type"), "application/msix")
        self.assertEqual((head.header("content-length"), head.header("accept-ranges")), (str(len(self.new)), "bytes"))
        part = self.program.get(uri, Range="bytes=10-99")
        self.assertEqual((part.status, part.body), (206, self.new[10:100]))
        self.assertEqual(part.header("content-range"), f"bytes 10-99/{len(self.new)}")
        self.assertEqual(self.program.get(uri, Range=f"bytes={len(self.new)}-").status, 416)
        self.assertEqual(self.program.get(uri).status, 200, "it is not redirected")

    def test_an_expired_licence_is_led_to_what_it_may_have_and_never_back(self):
        file = self.installer(who="expired")
        self.assertTrue(file.installs("0.9.0.0"))
        self.assertEqual(file.version, "1.0.0.0")
        self.assertFalse(file.installs("1.1.0.0"))
        refused = self.program.get(self.installer().main.get("Uri"), "expired")
        self.assertEqual(refused.status, 403, refused)

    def test_who_may_have_nothing_is_told_why(self):
        for who, status in (("suspended", 403), (None, 401), ("other", 403)):
            answer = self.program.get("Acme.appinstaller", who)
            self.assertEqual(answer.status, status, f"{who}: {answer}")
            self.assertIn("none; reason=", answer.header("x-update-decision"))

    def test_windows_is_known_by_a_token_in_the_address(self):
        root = self.program.world.registry("msix") + self.program.token()
        answer = self.program.get(f"{root}/{self.program.name}/Acme.appinstaller", who=None)
        self.assertEqual(answer.status, 200, answer)
        file = Installer(answer.body)
        self.assertEqual(file.uri, f"{root}/{self.program.name}/Acme.appinstaller")
        self.assertEqual(file.main.get("Uri"), f"{root}/{self.program.name}/1.1.0/Acme%20App.msix")
        package = self.program.get(file.main.get("Uri"), who=None)
        self.assertEqual((package.status, package.body == self.new), (200, True))
        self.assertEqual(self.program.get("Acme.appinstaller", who=None).status, 401)

    def test_bundles_arches_and_channels(self):
        program = Program("msix")
        program.release("1.0.0", {"App.msixbundle": package("1.0.0.0", None), "App.appx": package("1.0.0.0", "x86")})
        program.release("1.1.0-beta.1", {"App.msix": package("1.1.0.7", "arm64")})
        bundle = self.installer(program=program)
        self.assertEqual((bundle.kind, bundle.main.get("ProcessorArchitecture")), ("MainBundle", None))
        beta = self.installer("channel=beta&arch=arm64", program=program)
        self.assertEqual((beta.kind, beta.version), ("MainPackage", "1.1.0.7"))
        self.assertEqual(beta.uri, program.root + "/Acme.appinstaller?arch=arm64&channel=beta")
        self.assertEqual(self.installer("channel=beta&arch=x64", program=program).version, "1.0.0.0")
        key = program.keys["good"]
        answer = program.get(f"Acme.appinstaller?auth=license:{key}", who=None)
        self.assertEqual(answer.status, 200, answer)
        self.assertNotIn(key, answer.text())

    def test_a_package_that_is_none_or_of_another_version_is_refused(self):
        program = Program("msix")
        release = program.world.new_release("1.0.0", program.package)
        for name, content, text in (
            ("a.msix", b"MZ", "is not an MSIX package"),
            ("b.msix", package("1.0.1.0"), "has version 1.0.1.0, but its release has 1.0.0"),
            ("c.msix", package("1.0"), "not four numbers"),
        ):
            artifact = program.world.vendor.upload(release, name, content)
            self.assertEqual(artifact["attributes"]["status"], "FAILED")
            self.assertIn(text, str(artifact), name)
        answer = program.get("Acme.appinstaller")
        self.assertEqual(answer.status, 404)
        self.assertIn("reason=no-artifact", answer.header("x-update-decision"))

    def test_what_makes_no_sense_is_named(self):
        answer = self.program.get("Acme.appinstaller?arch=z80")
        self.assertEqual((answer.status, answer.text()), (400, "there is no arch z80\n"))
        self.assertIn("reason=unknown-target", answer.header("x-update-decision"))
