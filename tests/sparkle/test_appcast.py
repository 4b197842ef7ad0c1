"""Appcasts over the wire, read by an XML parser and by models of Sparkle and WinSparkle, which need macOS and Windows
to run; signatures are made and verified by openssl, as `sign_update` and Sparkle would."""

import base64
import unittest
from xml.etree import ElementTree

from clients import items, sparkle, winsparkle
from harness.sandbox import Sandbox
from harness.updates import Program


class Signer:
    """A vendor's EdDSA key."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.must("genpkey", "-algorithm", "ed25519", "-out", "key.pem")
        self.must("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")

    def must(self, *arguments: str) -> None:
        run = self.sandbox.run("openssl", *arguments)
        assert run.code == 0, run

    def sign(self, content: bytes) -> str:
        (self.sandbox.project / "content").write_bytes(content)
        self.must("pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-in", "content", "-out", "signature")
        return base64.b64encode((self.sandbox.project / "signature").read_bytes()).decode()

    def verifies(self, content: bytes, signature: str) -> bool:
        (self.sandbox.project / "content").write_bytes(content)
        (self.sandbox.project / "signature").write_bytes(base64.b64decode(signature))
        verify = ["-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", "content", "-sigfile", "signature"]
        return self.sandbox.run("openssl", "pkeyutl", *verify).code == 0


class Appcast(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.signer = Signer()
        cls.addClassCleanup(cls.signer.sandbox.close)
        cls.program = Program("sparkle")
        old, new = b"old app" * 1000, b"new app" * 1000
        cls.files = {"1.0.0": old, "1.1.0": new}
        cls.program.old_release("1.0.0", {"Acme App.zip": old}, cls.signed(old))
        cls.program.old_release("1.0.1", {"Setup.exe": b"MZ old"}, cls.signed(b"MZ old"))
        cls.newest = cls.program.release("1.1.0", {"Acme App.zip": new}, cls.signed(new))
        cls.program.world.vendor.publish(cls.newest, "Acme App1.1.0-1.0.0.delta", b"delta", **cls.signed(b"delta"))
        cls.program.release("1.2.0-beta.1", {"Acme App.zip": b"beta"}, cls.signed(b"beta"))

    @classmethod
    def signed(cls, content: bytes) -> dict:
        return {"signature": cls.signer.sign(content)}

    def feed(self, query: str = "", who: str = "good") -> bytes:
        answer = self.program.get(f"appcast.xml?{query}", who)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.header("content-type"), "application/rss+xml; charset=utf-8")
        self.assertEqual(answer.header("cache-control"), "private, no-store")
        return answer.body

    def test_sparkle_finds_loads_and_verifies_the_newest(self):
        item = sparkle(self.feed("version=1.0.0&platform=macos"), "1.0.0")
        self.assertEqual((item.version, item.short), ("1.1.0", "1.1.0"))
        self.assertTrue(item.url.startswith(self.program.root + "/"), item.url)
        self.assertTrue(item.url.endswith("/1.1.0/Acme%20App.zip"), item.url)
        self.assertNotIn(self.program.keys["good"], item.url)
        answer = self.program.get(item.url)
        self.assertEqual((answer.status, len(answer.body)), (200, item.length))
        self.assertTrue(self.signer.verifies(answer.body, item.signature))
        self.assertFalse(self.signer.verifies(answer.body + b"x", item.signature))
        delta = self.program.get(item.deltas["1.0.0"])
        self.assertEqual((delta.status, delta.body), (200, b"delta"))

    def test_nothing_new_is_a_feed_that_both_clients_take_for_that(self):
        for query, running in (("version=1.1.0", "1.1.0"), ("version=9.0.0", "9.0.0"), ("", "1.1.0")):
            feed = self.feed(query)
            self.assertIsNone(sparkle(feed, running), query)
            self.assertIsNone(winsparkle(feed, running), query)

    def test_winsparkle_finds_what_is_for_windows(self):
        self.assertEqual(winsparkle(self.feed(), "1.0.0").short, "1.0.1")
        self.assertEqual([item.os for item in items(self.feed("os=windows"))], ["windows"])

    def test_channels(self):
        feed = self.feed()
        self.assertEqual(sparkle(feed, "1.1.0", channels=("beta",)).short, "1.2.0-beta.1")
        self.assertIsNone(sparkle(feed, "1.1.0"))
        self.assertEqual(sparkle(self.feed("channel=beta"), "1.1.0").short, "1.2.0-beta.1")

    def test_an_expired_licence_is_led_to_what_it_may_have(self):
        answer = self.program.get("appcast.xml?version=0.9.0&platform=macos", "expired")
        self.assertEqual([item.short for item in items(answer.body)], ["1.0.0"])
        decision = answer.header("x-update-decision")
        self.assertIn("offer; version=1.0.0; channel=stable; passed-over=1.1.0; reason=", decision)
        newer = self.program.get(sparkle(self.feed(), "1.0.0").url, "expired")
        self.assertEqual(newer.status, 403, newer)
        self.assertIn("the licence covers releases until 2025-06-30 only", newer.text())
        nothing = self.program.get("appcast.xml?version=1.0.0&platform=macos", "expired")
        self.assertEqual((nothing.status, items(nothing.body)), (200, []))

    def test_who_may_have_nothing_is_told_why(self):
        for who, status, text in (("suspended", 403, "suspended"), (None, 401, "."), ("other", 403, ".")):
            answer = self.program.get("appcast.xml", who)
            self.assertEqual(answer.status, status, f"{who}: {answer}")
            self.assertRegex(answer.text(), text)
            self.assertIn("none; reason=", answer.header("x-update-decision"))

    def test_what_makes_no_sense_is_a_feed_and_a_reason(self):
        for query, reason in (("version=one", "bad-version"), ("platform=beos", "unknown-target")):
            answer = self.program.get(f"appcast.xml?{query}")
            self.assertEqual((answer.status, items(answer.body)), (200, []), query)
            self.assertIn(f"reason={reason}", answer.header("x-update-decision"))
        missing = self.program.get(f"{self.program.world.registry('sparkle')}/none/appcast.xml")
        self.assertEqual(missing.status, 404)

    def test_a_head_has_no_body(self):
        answer = self.program.get("appcast.xml", method="HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))


class Releases(unittest.TestCase):
    """What a vendor says of a release is in its item."""

    def item(self, name: str = "App.zip", **release: object):
        program = Program("sparkle")
        program.release("1.0.0", {name: b"app"}, **release)
        (item,) = items(program.get("appcast.xml?platform=macos").body)
        return program, item

    def test_build_numbers_and_phases_come_from_metadata(self):
        _, item = self.item(metadata={"bundleVersion": 2041, "phasedRolloutInterval": 3600})
        self.assertEqual((item.version, item.short, item.phased), ("2041", "1.0.0", 3600))

    def test_a_rollout_leads_step_by_step_and_says_how_urgent_it_is(self):
        program = Program("sparkle")
        program.release("1.0.0", {"App.zip": b"1"})
        vendor = program.world.vendor
        new = program.world.new_release(
            "2.0.0", program.package, status="DRAFT", metadata={"minimumSystemVersion": "14.0"}
        )
        vendor.publish(new, "App.zip", b"2")
        rollout = vendor.create("rollouts", {"percentage": 0, "minimumVersion": "1.5.0"}, release=new)["id"]
        vendor.act("releases", new, "publish")
        self.assertEqual(sparkle(program.get("appcast.xml").body, "0.9").short, "1.0.0", "the control group's")
        vendor.update("rollouts", rollout, percentage=100)
        feed = program.get("appcast.xml").body
        item = sparkle(feed, "0.9")
        self.assertEqual((item.short, item.system, item.critical), ("2.0.0", "14.0", True))
        self.assertEqual(sparkle(feed, "0.9", system="13.6").short, "1.0.0")
        vendor.must("POST", f"/rollouts/{rollout}/actions/pause", {"meta": {"reason": "it crashes"}})
        self.assertIsNone(sparkle(program.get("appcast.xml").body, "1.0.0"))

    def test_notes_and_names_with_markup_stay_texts(self):
        text = "<script>]]></description>&amp; \"quotes\" 'and' $`%\nlines \u00e4\u2028"
        program = Program("sparkle")
        release = program.world.new_release("1.0.0", program.package, name="Acme <1> & more", description="It's " + text)
        program.world.vendor.publish(release, "App.zip", b"app")
        self.assertIn("&lt;script&gt;", program.get("appcast.xml").text())
        (item,) = ElementTree.fromstring(program.get("appcast.xml").body).findall("channel/item")
        self.assertEqual(item.findtext("title"), "Acme <1> & more")
        self.assertEqual(item.findtext("description"), "It's " + text)

    def test_odd_file_names_are_encoded_and_load(self):
        for name in ("dir/Größe 100% + \"x\" '$`.zip", "a&b;c#d?.zip"):
            program, item = self.item(name)
            self.assertNotRegex(item.url, "[ \"'$`#?&+]")
            self.assertEqual(program.get(item.url).body, b"app", item.url)

    def test_a_withdrawn_release_is_not_offered_and_its_users_get_the_next(self):
        program = Program("sparkle")
        program.release("1.0.0", {"App.zip": b"1"})
        bad = program.release("1.1.0", {"App.zip": b"2"})
        self.assertEqual(sparkle(program.get("appcast.xml").body, "1.0.0").short, "1.1.0")
        program.world.vendor.act("releases", bad, "yank")
        self.assertIsNone(sparkle(program.get("appcast.xml").body, "1.0.0"))
        program.release("1.2.0", {"App.zip": b"3"})
        self.assertEqual(sparkle(program.get("appcast.xml?version=1.1.0").body, "1.1.0").short, "1.2.0")

    def test_what_is_published_before_its_file_is_there_is_not_offered(self):
        program = Program("sparkle")
        program.release("1.0.0", {"App.zip": b"1"})
        release = program.world.new_release("1.1.0", program.package)
        id, url = program.world.vendor.start_upload(release, "App.zip")
        answer = program.get("appcast.xml?version=1.0.0&platform=macos")
        self.assertEqual(items(answer.body), [])
        self.assertIn("passed-over=1.1.0; reason=no-artifact", answer.header("x-update-decision"))
        program.world.vendor.put(url, b"2")
        program.world.vendor.settled(id)
        self.assertEqual(sparkle(program.get("appcast.xml").body, "1.0.0").short, "1.1.0")

    def test_what_sparkle_would_refuse_after_loading_is_not_offered(self):
        program = Program("sparkle")
        program.release("1.0.0", {"App.zip": b"1"})
        program.release("1.1.0", {"App.zip": b"2"}, {"signature": "bm90IDY0IGJ5dGVz"})
        self.assertEqual([item.short for item in items(program.get("appcast.xml").body)], ["1.0.0"])


