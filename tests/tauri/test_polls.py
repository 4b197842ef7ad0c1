"""What the updater asks and hears, asked request by request as the plugin does."""

import json
import re
import unittest

from depot import DECISION, Desktop
from harness.signing import Keys
from harness.wire import Connection, license_header
from harness.world import shared


def version(answer) -> str | None:
    return answer.json()["version"] if answer.status == 200 else None


class Updates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.desktop = Desktop()
        cls.desktop.publish("1.0.0")
        cls.older = cls.desktop.publish("1.1.0", description="- <faster> \"quoted\"\n- größer")
        cls.lapsed = cls.desktop.lapsed()
        cls.newest = cls.desktop.publish("2.0.0")

    def test_the_update_is_found_downloaded_and_verified(self):
        answer = self.desktop.ask()
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.header("content-type"), "application/json")
        self.assertEqual(answer.header("cache-control"), "private, no-store")
        said = answer.json()
        self.assertEqual(set(said), {"version", "notes", "pub_date", "url", "signature"})
        self.assertEqual((said["version"], said["notes"]), ("2.0.0", None))
        self.assertRegex(said["pub_date"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(said["url"], f"{self.desktop.root()}/2.0.0/Acme.AppImage")
        content = self.desktop.download(said["url"])
        self.assertEqual(content, self.newest)
        self.assertTrue(self.desktop.signer.verifies(content, said["signature"]))
        self.assertFalse(self.desktop.signer.verifies(content + b"x", said["signature"]), "minisign verifies")
        self.assertEqual(answer.header(DECISION), "offer; version=2.0.0; channel=stable")

    def test_notes_are_the_release_s_description(self):
        said = self.desktop.ask(constraint="1.1").json()
        self.assertEqual((said["version"], said["notes"]), ("1.1.0", "- <faster> \"quoted\"\n- größer"))

    def test_a_licence_that_ended_before_gets_the_newest_that_it_may_have(self):
        answer = self.desktop.ask(self.lapsed)
        self.assertEqual(version(answer), "1.1.0", answer)
        self.assertEqual(self.desktop.download(answer.json()["url"], self.lapsed), self.older)
        self.assertRegex(answer.header(DECISION), r"^offer; version=1\.1\.0; .*passed-over=2\.0\.0; reason=(expired|outside-window)")
        refused = self.desktop.ask(self.lapsed, f"{self.desktop.root()}/2.0.0/Acme.AppImage")
        self.assertEqual(refused.status, 403, refused)

    def test_who_gets_nothing_is_told_why(self):
        for who, status, reason in (
            ("suspended", 403, "suspended"),
            ("expired", 403, "expired"),
            ("other", 403, "not-licensed"),
            ("WRONG-KEY", 401, "license-key-invalid"),
            (None, 401, "license-key-missing"),
        ):
            for url in (self.desktop.endpoint(), f"{self.desktop.root()}/latest.json", f"{self.desktop.root()}/2.0.0/Acme.AppImage"):
                with self.subTest(f"{who} {url}"):
                    answer = self.desktop.ask(who, url)
                    self.assertEqual(answer.status, status, answer)
                    self.assertIn(f"reason={reason}", answer.header(DECISION))
                    self.assertGreater(len(answer.text().strip()), 10)
                    self.assertNotIn("2.0.0", answer.text())

    def test_nothing_new(self):
        for current in ("2.0.0", "2.0.1-beta.1+local", "9.0.0"):
            answer = self.desktop.ask(current=current)
            self.assertEqual((answer.status, answer.body), (204, b""), answer)
            self.assertIn("up-to-date", answer.header(DECISION))

    def test_a_version_that_nobody_released_is_updated(self):
        for current in ("0.0.1", "1.0.7-beta.3+local", "v1.5.0"):
            self.assertEqual(version(self.desktop.ask(current=current)), "2.0.0", current)

    def test_three_forms(self):
        root = self.desktop.root()
        for url in (
            self.desktop.endpoint(),
            f"{root}?target=linux&arch=x86_64&current_version=1.0.0&bundle_type=unknown",
            f"{root}/linux/x86_64/1.0.0",
            f"{root}/linux/amd64/1.0.0%2Bb.2?bundle_type=appimage",
            f"{root}/latest.json",
        ):
            self.assertEqual(version(self.desktop.ask(url=url)), "2.0.0", url)
        account = shared().vendor.ask("GET", "/me").header("Keygen-Account")
        url = f"{shared().server.url}/v1/accounts/{account}/engines/tauri/{self.desktop.name}/linux/x86_64/1.0.0"
        answer = self.desktop.ask(url=url)
        self.assertEqual(version(answer), "2.0.0", answer)
        self.assertEqual(self.desktop.download(answer.json()["url"]), self.newest)

    def test_what_makes_no_sense_is_survived_and_explained(self):
        for where, reason in (
            ({"current": "one"}, "bad-version"),
            ({"target": "beos/x86_64"}, "unknown-target"),
            ({"channel": "nightly"}, "bad-channel"),
            ({"constraint": "!"}, "bad-constraint"),
            ({"target": "windows/x86_64"}, "no-artifact"),
        ):
            answer = self.desktop.ask(**where)
            self.assertEqual((answer.status, answer.body), (204, b""), f"{where} {answer}")
            self.assertIn(f"reason={reason}", answer.header(DECISION))

    def test_a_parameter_that_is_not_there(self):
        answer = self.desktop.ask(url=f"{self.desktop.root()}?platform=linux&version=1.0.0")
        self.assertEqual(answer.status, 400, answer)
        [error] = answer.json()["errors"]
        self.assertEqual((error["title"], error["detail"]), ("Bad request", "is missing"))
        self.assertEqual(error["source"], {"parameter": "arch"})

    def test_what_is_not_here(self):
        self.assertEqual(self.desktop.ask(url=f"{shared().registry('tauri')}/none/linux/x86_64/1.0.0").status, 404)
        self.assertEqual(self.desktop.ask(url=f"{self.desktop.root()}/2.0.0/none").status, 404)
        self.assertEqual(self.desktop.ask(url=f"{self.desktop.root()}/9.9.9/Acme.AppImage").status, 404)
        self.assertEqual(self.desktop.ask(method="POST").status, 405)

    def test_head_and_ranges(self):
        self.assertEqual(self.desktop.ask(method="HEAD").status, 200)
        url = f"{self.desktop.root()}/2.0.0/Acme.AppImage"
        connection = Connection(url)
        self.addCleanup(connection.close)
        headers = license_header(shared().keys["pro"])
        part = connection.request("GET", url, headers={**headers, "Range": "bytes=3-6"})
        self.assertEqual((part.status, part.body), (206, self.newest[3:7]))
        parts = connection.request("GET", url, headers={**headers, "Range": "bytes=0-1, 5-6"})
        self.assertEqual(parts.status, 206)
        self.assertIn("multipart/byteranges", parts.header("content-type"))
        self.assertEqual(parts.header("content-length"), str(len(parts.body)))
        past = connection.request("GET", url, headers={**headers, "Range": "bytes=99999-"})
        self.assertEqual(past.status, 416)

    def test_no_key_is_in_what_is_answered(self):
        for who in ("pro", self.lapsed, "suspended"):
            key = shared().keys.get(who, who)
            answer = self.desktop.ask(who)
            self.assertNotIn(key, answer.text() + str(answer.headers))

    def test_answers_are_signed_for_who_asks_the_empty_ones_too(self):
        keys = Keys()
        connection = Connection(shared().server.url)
        self.addCleanup(connection.close)
        accept = {"Keygen-Accept-Signature": 'algorithm="ed25519"', **license_header(shared().keys["pro"])}
        for current, status in (("1.0.0", 200), ("2.0.0", 204)):
            path = self.desktop.endpoint(current).removeprefix(shared().server.url)
            answer = connection.request("GET", path, None, accept)
            self.assertEqual(answer.status, status, answer)
            keys.check(self, "GET", path, answer)
            plain = connection.request("GET", path, None, license_header(shared().keys["pro"]))
            self.assertEqual(plain.header("Keygen-Signature"), "")


class Choice(unittest.TestCase):
    def setUp(self):
        self.desktop = Desktop()

    def led_to(self, **where: str) -> str | None:
        answer = self.desktop.ask(**where)
        return answer.json()["url"].rsplit("/", 2)[1:] if answer.status == 200 else None

    def test_a_release_without_a_file_for_the_target_is_passed_over(self):
        self.desktop.publish("1.1.0", target="linux-x86_64")
        self.desktop.publish("1.2.0", "Acme.app.tar.gz", target="darwin-aarch64")
        self.assertEqual(self.led_to(), ["1.1.0", "Acme.AppImage"])
        self.assertEqual(self.led_to(target="darwin/aarch64"), ["1.2.0", "Acme.app.tar.gz"])
        self.assertEqual(self.led_to(target="macos/arm64"), ["1.2.0", "Acme.app.tar.gz"])
        self.assertIn("passed-over=1.2.0; reason=no-artifact", self.desktop.ask().header(DECISION))

    def test_published_before_it_is_uploaded_and_signed(self):
        self.desktop.publish("1.1.0")
        release = self.desktop.release("1.2.0")
        content = b"the app"
        vendor = shared().vendor
        id, url = vendor.start_upload(release, "Acme.AppImage", platform="linux", arch="x86_64")
        self.assertEqual(self.led_to(), ["1.1.0", "Acme.AppImage"], "nothing was uploaded")
        vendor.put(url, content)
        vendor.settled(id)
        self.assertEqual(self.led_to(), ["1.1.0", "Acme.AppImage"], "nothing was signed")
        signature = self.desktop.signer.sign("Acme.AppImage", content, "1.2.0")
        self.desktop.upload(release, "Acme.AppImage.sig", signature)
        self.assertEqual(self.led_to(), ["1.2.0", "Acme.AppImage"])

    def test_formats_are_not_mixed_up(self):
        self.desktop.publish("1.1.0", "Acme-setup.exe", "Acme.msi", target="windows-x86_64")
        self.desktop.publish("1.2.0", "Acme.msi", target="windows-x86_64")
        for bundle, expected in (
            ("nsis", ["1.1.0", "Acme-setup.exe"]),
            ("msi", ["1.2.0", "Acme.msi"]),
            ("unknown", ["1.2.0", "Acme.msi"]),
        ):
            self.assertEqual(self.led_to(target="windows/x86_64", bundle_type=bundle), expected, bundle)

    def test_a_static_document_has_only_what_is_signed(self):
        release = self.desktop.release("1.1.0")
        self.desktop.bundle(release, "1.1.0", "Acme.AppImage", "linux-x86_64")
        self.desktop.bundle(release, "1.1.0", "Acme.deb", "linux-x86_64")
        self.desktop.bundle(release, "1.1.0", "Acme.app.tar.gz", "darwin-universal")
        self.desktop.upload(release, "Acme.rpm", b"unsigned", "linux-x86_64")
        self.desktop.upload(release, "Acme-setup.exe", b"unsigned", "windows-x86_64")
        answer = self.desktop.ask(url=f"{self.desktop.root()}/latest.json")
        platforms = answer.json()["platforms"]
        linux = {"linux-x86_64", "linux-x86_64-appimage", "linux-x86_64-deb"}
        mac = {f"darwin-{arch}{bundle}" for arch in ("x86_64", "aarch64", "universal") for bundle in ("", "-app")}
        self.assertEqual(set(platforms), linux | mac)
        for key, entry in platforms.items():
            self.assertTrue(self.desktop.signer.verifies(self.desktop.download(entry["url"]), entry["signature"]), key)

    def test_channels(self):
        for version_ in ("1.1.0", "1.2.0-beta.9", "1.2.0-beta.10", "1.3.0-alpha.1"):
            self.desktop.publish(version_)
        self.assertEqual(self.led_to()[0], "1.1.0")
        self.assertEqual(self.led_to(channel="beta")[0], "1.2.0-beta.10")
        self.assertEqual(self.led_to(current="1.2.0-beta.2")[0], "1.2.0-beta.10")
        self.assertEqual(self.led_to(channel="alpha")[0], "1.3.0-alpha.1")
        latest = self.desktop.ask(url=f"{self.desktop.root()}/latest.json?channel=beta")
        self.assertEqual(version(latest), "1.2.0-beta.10")

    def test_what_is_withdrawn_is_left_but_not_gone_to(self):
        self.desktop.publish("1.0.0")
        release = self.desktop.release("1.1.0")
        self.desktop.bundle(release, "1.1.0")
        self.desktop.publish("1.0.5")
        self.assertEqual(self.led_to()[0], "1.1.0")
        shared().vendor.act("releases", release, "yank")
        self.assertEqual(self.led_to()[0], "1.0.5", "at once")
        self.assertIsNone(self.led_to(current="1.1.0"))
        self.desktop.publish("1.2.0")
        self.assertEqual(self.led_to(current="1.1.0")[0], "1.2.0")
        self.assertEqual(self.desktop.ask(url=f"{self.desktop.root()}/1.1.0/Acme.AppImage").status, 404)

    def test_an_entitlement_hides_the_newest(self):
        self.desktop.publish("1.1.0")
        self.desktop.publish("2.0.0", needs=[shared().pro])
        self.assertEqual(self.led_to(who="pro")[0], "2.0.0")
        answer = self.desktop.ask("basic")
        self.assertEqual(version(answer), "1.1.0")
        self.assertIn("reason=not-entitled", answer.header(DECISION))

    def test_build_metadata_counts_as_it_does_for_the_updater(self):
        self.desktop.publish("1.0.0+2")
        answer = self.desktop.ask(current="1.0.0+1")
        self.assertIn(answer.status, (200, 204))
        self.assertEqual(self.desktop.ask(current="1.0.0+2").status, 204)

    def test_odd_names_of_files(self):
        for number, name in enumerate(["Acme 1+1 (x64).AppImage", "Äcmé 你好.AppImage", "Acme's #1?&.AppImage"]):
            content = self.desktop.publish(f"1.1.{number}", name)
            said = self.desktop.ask().json()
            self.assertRegex(said["url"], r"^[!-~]+$")
            self.assertFalse(re.search(r"[\"'$`<> #?&]", said["url"].rsplit("/", 1)[1].replace("'", "")), said["url"])
            self.assertEqual(self.desktop.download(said["url"]), content, name)
        json.dumps(said)
