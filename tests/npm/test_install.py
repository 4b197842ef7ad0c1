"""Customers install with a licence key as the password: every client, every way to hand the key over."""

import unittest

from harness.javascript import Basic, Bearer, Client, Npm, Npm10, Pnpm, Pnpm9, UserAndPassword, Yarn1, Yarn4
from harness.places import full
from harness.world import shared

CLIENTS: list[type[Client]] = [Npm, Pnpm, Yarn1, Yarn4, *([Npm10, Pnpm9] if full() else [])]


class Install(unittest.TestCase):
    def each(self, auth, default: bool = False, clients=None):
        """A fresh customer with each client."""
        for client in clients or CLIENTS:
            with self.subTest(client.name):
                customer = client(shared().registry("npm"), auth, default)
                try:
                    yield customer
                finally:
                    customer.close()

    def took(self, run, customer: Client, name: str, version: str) -> None:
        self.assertEqual(run.code, 0, run)
        self.assertEqual(customer.installed(name), version, run)

    def test_key_as_bearer_token(self):
        for customer in self.each(Bearer(shared().keys["pro"])):
            self.took(customer.add("@acme/widget"), customer, "@acme/widget", "2.0.0")
            self.assertEqual(customer.node("console.log(require('@acme/widget')())"), "2.0.0")

    def test_key_as_basic_password_of_any_user(self):
        for user in ("license", "someone@example.test"):
            for customer in self.each(Basic(shared().keys["pro"], user)):
                self.took(customer.add("@acme/widget@1.1.0"), customer, "@acme/widget", "1.1.0")

    def test_key_as_username_and_password_settings(self):
        for customer in self.each(UserAndPassword(shared().keys["pro"]), clients=[Npm, Pnpm, Yarn1]):
            self.took(customer.add("@acme/widget@1.0.0"), customer, "@acme/widget", "1.0.0")

    def test_unscoped_package_from_the_default_registry(self):
        for customer in self.each(Bearer(shared().keys["basic"]), default=True):
            self.took(customer.add("acme-tool"), customer, "acme-tool", "1.0.0")
            tool = customer.sandbox.run(customer.sandbox.project / "node_modules" / ".bin" / "acme-tool")
            self.assertEqual((tool.code, tool.out.strip()), (0, "acme-tool 1.0.0"), tool)

    def test_dependency_between_two_licensed_packages(self):
        for customer in self.each(Bearer(shared().keys["pro"])):
            self.took(customer.add("@acme/gadget"), customer, "@acme/gadget", "1.0.0")
            self.assertEqual(customer.node("console.log(require('@acme/gadget')())"), "1.0.0 with widget 1.1.0")

    def test_dist_tag_chooses_the_prerelease(self):
        for customer in self.each(Bearer(shared().keys["pro"])):
            self.took(customer.add("@acme/widget@beta"), customer, "@acme/widget", "2.0.0-beta.1")

    def test_prerelease_is_not_chosen_by_default(self):
        for customer in self.each(Bearer(shared().keys["basic"])):
            self.took(customer.add("@acme/widget"), customer, "@acme/widget", "1.1.0")

    def test_range_is_resolved_by_semver(self):
        for customer in self.each(Bearer(shared().keys["pro"])):
            self.took(customer.add("@acme/widget@^1.0.0"), customer, "@acme/widget", "1.1.0")

    def test_nothing_new_to_install_is_quick_and_clean(self):
        for customer in self.each(Bearer(shared().keys["pro"])):
            self.took(customer.add("@acme/widget@1.0.0"), customer, "@acme/widget", "1.0.0")
            self.took(customer.add("@acme/widget@1.0.0"), customer, "@acme/widget", "1.0.0")


class LogIn(unittest.TestCase):
    def test_whoami_and_ping(self):
        customer = Npm(shared().registry("npm"), Bearer(shared().keys["pro"]), default=True)
        self.addCleanup(customer.close)
        who = customer.run("whoami")
        self.assertEqual(who.code, 0, who)
        self.assertTrue(who.out.strip(), who)
        self.assertNotIn(shared().keys["pro"], who.output)
        ping = customer.run("ping")
        self.assertEqual(ping.code, 0, ping)

    def test_audit_finds_nothing_instead_of_failing(self):
        customer = Npm(shared().registry("npm"), Bearer(shared().keys["pro"]), default=True)
        self.addCleanup(customer.close)
        self.assertEqual(customer.add("acme-tool").code, 0)
        audit = customer.run("audit", "--audit=true")
        self.assertEqual(audit.code, 0, audit)
        self.assertIn("found 0 vulnerabilities", audit.output)

    def test_signatures_verify(self):
        customer = Pnpm(shared().registry("npm"), Bearer(shared().keys["pro"]), default=True)
        self.addCleanup(customer.close)
        self.assertEqual(customer.add("acme-tool").code, 0)
        audit = customer.run("audit", "signatures")
        self.assertEqual(audit.code, 0, audit)
        self.assertIn("verified registry signature", audit.output)
