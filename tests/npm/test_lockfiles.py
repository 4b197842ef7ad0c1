"""A lock file made with one licence installs again from nothing, and holds neither keys nor URLs that expire."""

import re
import unittest

from harness.javascript import Basic, Bearer, Npm, Npm10, Pnpm, Pnpm9, Yarn1, Yarn4
from harness.places import full
from harness.world import shared


class Lockfiles(unittest.TestCase):
    def reinstalls(self, client, auth_type) -> None:
        key = shared().keys["pro"]
        customer = client(shared().registry("npm"), auth_type(key))
        self.addCleanup(customer.close)
        added = customer.add("@acme/gadget")
        self.assertEqual(added.code, 0, added)
        lock = customer.lock()
        self.assertNotIn(key, lock)
        self.assertNotRegex(lock, r"/-/blobs/|[?&](token|auth|signature|expires)=")
        for url in re.findall(r"https?://[^\s\"']+", lock):
            self.assertTrue(url.startswith(shared().registry("npm") + "/"), url)
        again = customer.frozen()
        self.assertEqual(again.code, 0, again)
        self.assertEqual(customer.installed("@acme/gadget"), "1.0.0", again)
        self.assertEqual(customer.node("console.log(require('@acme/gadget')())"), "1.0.0 with widget 1.1.0")
        self.assertEqual(customer.lock(), lock, "a frozen install leaves the lock file as it is")

    def test_npm(self):
        self.reinstalls(Npm, Bearer)
        self.reinstalls(Npm, Basic)

    def test_pnpm(self):
        self.reinstalls(Pnpm, Bearer)
        self.reinstalls(Pnpm, Basic)

    def test_yarn_1(self):
        self.reinstalls(Yarn1, Bearer)
        self.reinstalls(Yarn1, Basic)

    def test_yarn_4(self):
        self.reinstalls(Yarn4, Bearer)
        self.reinstalls(Yarn4, Basic)

    @unittest.skipUnless(full(), "older clients run with --full")
    def test_older_clients(self):
        self.reinstalls(Npm10, Bearer)
        self.reinstalls(Pnpm9, Bearer)

    def test_integrity_is_checked_against_the_lock(self):
        customer = Npm(shared().registry("npm"), Bearer(shared().keys["pro"]))
        self.addCleanup(customer.close)
        self.assertEqual(customer.add("@acme/widget@1.0.0").code, 0)
        lock = customer.lock()
        self.assertRegex(lock, r'"integrity": "sha512-[A-Za-z0-9+/]{86}=="')
        wrong = re.sub(r"sha512-[A-Za-z0-9+/]{4}", "sha512-AAAA", lock)
        customer.sandbox.write("package-lock.json", wrong)
        again = customer.frozen()
        self.assertNotEqual(again.code, 0, again)
        self.assertIn("EINTEGRITY", again.output)

    def test_a_pinned_version_that_the_licence_does_not_cover_says_why(self):
        customer = Npm(shared().registry("npm"), Bearer(shared().keys["pro"]))
        self.addCleanup(customer.close)
        self.assertEqual(customer.add("@acme/widget@2.0.0").code, 0)
        customer.set_up(Bearer(shared().keys["basic"]), default=False)
        customer.sandbox.write(
            "package.json", '{"name":"customer","version":"1.0.0","dependencies":{"@acme/widget":"^2.0.0"}}'
        )
        again = customer.frozen()
        self.assertNotEqual(again.code, 0, again)
        self.assertIn("E403", again.output)
        self.assertRegex(again.output.lower(), r"entitle")
        self.assertIsNone(customer.installed("@acme/widget"))
