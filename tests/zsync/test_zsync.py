"""AppImages with the real zsync: whole, by the difference to an older one, and refused."""

import hashlib
import random
import re
import unittest
from urllib.parse import urlsplit

from harness.sandbox import Run, Sandbox
from harness.updates import Program
from harness.wire import get

SIZE = 6_000_000
NAME = "Acme-{}-x86_64.AppImage"


def image(seed: int) -> bytes:
    return random.Random(seed).randbytes(SIZE)


def changed(content: bytes, places: int) -> bytes:
    """The same with some hundred bytes replaced in a few places."""
    made, chosen = bytearray(content), random.Random(places)
    for at in (chosen.randrange(SIZE - 300) for _ in range(places)):
        made[at : at + 300] = chosen.randbytes(300)
    return bytes(made)


class Customer:
    """A machine with zsync on it."""

    def __init__(self, key: str | None) -> None:
        self.sandbox = Sandbox()
        self.key = key

    def zsync(self, url: str, *arguments: object) -> Run:
        auth = ["-A", f"{urlsplit(url).hostname}=license:{self.key}"] if self.key else []
        return self.sandbox.run("zsync", *auth, "-o", "new", *arguments, url, seconds=60)

    def file(self, name: str = "new") -> bytes:
        path = self.sandbox.project / name
        return path.read_bytes() if path.exists() else b""


def fetched(run: Run) -> int:
    """How many bytes zsync loaded for the image, what is around its ranges included."""
    return int(re.search(r"used (\d+) local, fetched (\d+)", run.output).group(2))


class Updates(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.program = Program("zsync")
        cls.old = image(1)
        cls.new = changed(cls.old, 5)
        cls.program.old_release("1.0.0", {NAME.format("1.0.0"): cls.old})
        cls.program.release("1.1.0", {NAME.format("1.1.0"): cls.new})
        cls.latest = cls.program.root + "/latest-x86_64.AppImage"

    def customer(self, who: str | None) -> Customer:
        customer = Customer(who and self.program.keys[who])
        self.addCleanup(customer.sandbox.close)
        return customer

    def test_a_first_download_is_the_whole_image(self):
        customer = self.customer("good")
        run = customer.zsync(self.latest + ".zsync")
        self.assertEqual(run.code, 0, run)
        self.assertTrue(customer.file() == self.new)
        self.assertTrue(SIZE <= fetched(run) < SIZE * 1.01, run)

    def test_an_upgrade_loads_only_the_difference(self):
        customer = self.customer("good")
        (customer.sandbox.project / "old.AppImage").write_bytes(self.old)
        run = customer.zsync(self.latest + ".zsync", "-i", "old.AppImage")
        self.assertEqual(run.code, 0, run)
        self.assertTrue(customer.file() == self.new)
        self.assertLess(fetched(run), SIZE // 100, run)
        again = customer.zsync(self.latest + ".zsync", "-i", "new")
        self.assertEqual((again.code, fetched(again)), (0, 0), "nothing is new")

    def test_a_token_in_the_address_is_enough(self):
        url = f"{self.program.world.registry('zsync')}{self.program.token()}/{self.program.name}"
        customer = self.customer(None)
        run = customer.zsync(f"{url}/latest-x86_64.AppImage.zsync")
        self.assertEqual(run.code, 0, run)
        self.assertTrue(customer.file() == self.new)

    def test_an_expired_licence_gets_the_newest_that_it_may_have(self):
        customer = self.customer("expired")
        run = customer.zsync(self.latest + ".zsync")
        self.assertEqual(run.code, 0, run)
        self.assertTrue(customer.file() == self.old)
        answer = self.program.get("latest-x86_64.AppImage.zsync", "expired")
        self.assertIn("offer; version=1.0.0; channel=stable; passed-over=1.1.0", answer.header("x-update-decision"))
        self.assertEqual(self.program.get(f"1.1.0/{NAME.format('1.1.0')}", "expired").status, 403)

    def test_who_may_have_nothing_gets_nothing(self):
        for who, status in (("suspended", 403), (None, 401), ("other", 403)):
            customer = self.customer(who)
            run = customer.zsync(self.latest + ".zsync")
            self.assertNotEqual(run.code, 0, run)
            self.assertIn("could not read control file", run.output)
            self.assertEqual(customer.file(), b"")
            answer = self.program.get("latest-x86_64.AppImage.zsync", who)
            self.assertEqual(answer.status, status, answer)
            self.assertIn("none; reason=", answer.header("x-update-decision"))

    def test_a_wrong_password_is_not_tried_for_ever(self):
        customer = self.customer(None)
        customer.key = "WRONG-KEY-0000"
        self.assertNotEqual(customer.zsync(self.latest + ".zsync").code, 0)

    def test_the_image_is_never_redirected(self):
        for path in ("latest-x86_64.AppImage", f"1.1.0/{NAME.format('1.1.0')}", NAME.format("1.1.0")):
            answer = self.program.get(path, Range="bytes=0-9,100-109")
            self.assertEqual(answer.status, 206, path)
            self.assertEqual(int(answer.header("content-length")), len(answer.body))
            whole = self.program.get(path)
            self.assertEqual((whole.status, whole.body == self.new), (200, True), path)

    def test_there_is_a_reason_for_what_is_not_there(self):
        answer = self.program.get("latest-arm64.AppImage.zsync")
        self.assertEqual(answer.status, 404)
        self.assertIn("reason=no-artifact", answer.header("x-update-decision"))
        self.assertEqual(self.program.get("latest-x86_64.AppImage.zsync?channel=x").status, 400)
        self.assertEqual(get(self.latest.replace(self.program.name, "none")).status, 401)


class ControlFiles(unittest.TestCase):
    """What is made of an image is what zsyncmake makes of it."""

    def setUp(self):
        self.sandbox = Sandbox()
        self.addCleanup(self.sandbox.close)

    def make(self, content: bytes, *arguments: object) -> bytes:
        (self.sandbox.project / "App.AppImage").write_bytes(content)
        run = self.sandbox.run("zsyncmake", *arguments, "-u", "elsewhere", "-o", "App.zsync", "App.AppImage")
        self.assertEqual(run.code, 0, run)
        return (self.sandbox.project / "App.zsync").read_bytes()

    @staticmethod
    def read(control: bytes) -> tuple[dict, bytes]:
        head, table = control.split(b"\n\n", 1)
        return dict(line.split(": ", 1) for line in head.decode().splitlines()), table

    def test_ours_are_zsyncmake_s(self):
        for size in (1, 2047, 2048, 2049, 300_000, SIZE):
            with self.subTest(size=size):
                program, content = Program("zsync"), image(size)[:size]
                program.release("1.0.0", {"App.AppImage": content})
                ours, table = self.read(program.get("App.AppImage.zsync").body)
                theirs, expected = self.read(self.make(content))
                for line in ("zsync", "Filename", "Blocksize", "Length", "Hash-Lengths", "SHA-1"):
                    self.assertEqual(ours[line], theirs[line], line)
                self.assertTrue(table == expected)
                self.assertEqual(ours["SHA-1"], hashlib.sha1(content).hexdigest())
                self.assertEqual(ours["URL"], f"{program.root}/1.0.0/App.AppImage")

    def test_the_vendor_s_own_comes_first_but_only_of_this_file(self):
        content = image(7)
        program = Program("zsync")
        made = self.make(content, "-b", "16384")
        release = program.release("1.0.0", {"App.AppImage": content, "App.AppImage.zsync": made})
        control, table = self.read(program.get("latest-x86_64.AppImage.zsync").body)
        self.assertEqual((control["Blocksize"], control["URL"]), ("16384", f"{program.root}/1.0.0/App.AppImage"))
        self.assertTrue(table == self.read(made)[1])
        run = self.sandbox.run(
            "zsync", "-A", f"127.0.0.1=license:{program.keys['good']}", "-o", "new", program.root + "/App.AppImage.zsync"
        )
        self.assertEqual(run.code, 0, run)
        self.assertTrue((self.sandbox.project / "new").read_bytes() == content)

        broken = program.world.vendor.upload(release, "Other.AppImage.zsync", b"<html>")
        self.assertEqual(broken["attributes"]["status"], "FAILED")

    def test_odd_names(self):
        program, content = Program("zsync"), image(8)[:100_000]
        program.release("1.0.0+7", {"dir/Größe 1 \"x\".AppImage": content})
        run = self.sandbox.run(
            "zsync", "-A", f"127.0.0.1=license:{program.keys['good']}", "-o", "new",
            program.root + "/latest-x86_64.AppImage.zsync",
        )  # fmt: skip
        self.assertEqual(run.code, 0, run)
        self.assertTrue((self.sandbox.project / "new").read_bytes() == content)
