"""Signatures are checked when they are uploaded, before or after what was signed."""

import threading
import unittest

from depot import Desktop, signer
from harness.tauri import Signer
from harness.world import shared

NAME = "Acme.AppImage"
CONTENT = b"the app" * 99


class Signatures(unittest.TestCase):
    def setUp(self):
        self.desktop = Desktop()
        self.signature = signer().sign(NAME, CONTENT, "1.1.0")

    def failure(self, artifact: dict) -> str:
        attributes = artifact["attributes"]
        self.assertEqual(attributes["status"], "FAILED", attributes)
        return attributes["failure"]

    def is_offered(self) -> bool:
        return self.desktop.ask().status == 200

    def upload(self, version: str, *files: tuple[str, bytes], **attributes: object) -> list[dict]:
        release = self.desktop.release(version)
        return [self.desktop.upload(release, name, content, "linux-x86_64", **attributes) for name, content in files]

    def test_made_for_another_version(self):
        _, refused = self.upload("1.2.0", (NAME, CONTENT), (f"{NAME}.sig", self.signature))
        self.assertIn("made for version 1.1.0, but the release is 1.2.0", self.failure(refused))
        self.assertFalse(self.is_offered())

    def test_made_by_another_key(self):
        other = Signer()
        self.addCleanup(other.close)
        _, refused = self.upload("1.1.0", (NAME, CONTENT), (f"{NAME}.sig", other.sign(NAME, CONTENT, "1.1.0")))
        self.assertRegex(self.failure(refused), r"made by the key [0-9A-F]{16}, but the registered key .* is [0-9A-F]{16}")
        self.assertFalse(self.is_offered())

    def test_made_of_other_bytes_whichever_comes_first(self):
        signature, app = (f"{NAME}.sig", self.signature), (NAME, CONTENT + b"!")
        for version, files in (("1.1.0", (app, signature)), ("1.1.0+again", (signature, app))):
            if "+" in version:
                files = ((f"{NAME}.sig", signer().sign(NAME, CONTENT, version)), app)
            _, refused = self.upload(version, *files)
            self.assertIn("not of the bytes of Acme.AppImage that were uploaded", self.failure(refused))
            self.assertFalse(self.is_offered(), version)

    def test_both_at_once(self):
        for number in range(4):
            version = f"1.1.{number}"
            release = self.desktop.release(version)
            files = {NAME: CONTENT + b"!", f"{NAME}.sig": signer().sign(NAME, CONTENT, version)}
            said: dict[str, str] = {}

            def send(name: str, release: str = release, files: dict = files, said: dict = said) -> None:
                said[name] = self.desktop.upload(release, name, files[name], "linux-x86_64")["attributes"]["status"]

            threads = [threading.Thread(target=send, args=(name,)) for name in files]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(said.values()), ["FAILED", "UPLOADED"], said)

    def test_no_signature_at_all(self):
        _, refused = self.upload("1.1.0", (NAME, CONTENT), (f"{NAME}.sig", b"signed, Acme"))
        self.assertIn("is no signature of minisign", self.failure(refused))

    def test_in_the_attribute(self):
        text = self.signature.decode()
        [taken] = self.upload("1.1.0", (NAME, CONTENT), signature=text)
        self.assertEqual(taken["attributes"]["status"], "UPLOADED", taken)
        self.assertEqual(self.desktop.ask().json()["signature"], text)
        [refused] = self.upload("1.2.0", (NAME, CONTENT), signature=text)
        self.assertIn("its signature attribute was made for version 1.1.0", self.failure(refused))

    def test_of_minisign_s_own_program(self):
        sandbox = signer().sandbox
        (sandbox.project / "old").write_bytes(CONTENT)
        made = sandbox.run("minisign", "-G", "-W", "-p", "m.pub", "-s", "m.key")
        self.assertEqual(made.code, 0, made)
        self.desktop.register((sandbox.project / "m.pub").read_text())
        comment = "timestamp:1\tfile:Acme.AppImage\tversion:1.1.0"
        signed = sandbox.run("minisign", "-S", "-s", "m.key", "-m", "old", "-t", comment)
        self.assertEqual(signed.code, 0, signed)
        signature = (sandbox.project / "old.minisig").read_bytes()
        _, taken = self.upload("1.1.0", (NAME, CONTENT), (f"{NAME}.sig", signature))
        self.assertEqual(taken["attributes"]["status"], "UPLOADED", taken)
        self.assertTrue(self.desktop.ask().json()["signature"].startswith("dW50cnVzdGVk"), "in base64")

    def test_the_product_s_key_is_taken_where_the_package_has_none(self):
        world = shared()
        other = Signer()
        self.addCleanup(other.close)
        product = world.vendor.create("products", {"name": "Own", "metadata": {"tauriPublicKey": other.public_key}})["id"]
        package = world.new_package("own-desktop", "tauri", product=product)
        release = world.new_release("1.1.0", package, product=product)
        refused = world.vendor.upload(release, f"{NAME}.sig", self.signature)
        self.assertIn("the registered key", self.failure(refused))
        taken = world.vendor.upload(release, "b.sig", other.sign("b", CONTENT, "1.1.0"))
        self.assertEqual(taken["attributes"]["status"], "UPLOADED", taken)

    def test_names_that_mean_more_than_a_file(self):
        for number, name in enumerate(['a"b.exe', "a%PATH%.exe", "$x.exe", "`x`.exe", "sub/a.exe"]):
            [refused] = self.upload(f"1.1.{number}", (name, CONTENT))
            self.assertIn("cannot be offered to updaters", self.failure(refused), name)
