"""gem and bundle install what a licence allows, with what it depends on."""

import unittest

from harness.ruby import Bundle, Gem
from harness.world import make_gems, shared


class Installing(unittest.TestCase):
    def gem(self, who: str = "basic", **options: object) -> Gem:
        customer = Gem(shared().registry("rubygems"), shared().keys[who], **options)
        self.addCleanup(customer.close)
        return customer

    def bundle(self, who: str = "basic", **options: object) -> Bundle:
        customer = Bundle(shared().registry("rubygems"), shared().keys[who], **options)
        self.addCleanup(customer.close)
        return customer

    def test_gem_installs_a_gem_and_what_it_needs_to_run(self):
        customer = self.gem()
        run = customer.install("acme-widget")
        self.assertEqual(run.code, 0, run)
        # No rake: only developers of the gem need that. The name with a dot is reachable.
        self.assertEqual(customer.installed(), ["acme-widget-1.1.0", "acme.base-1.0.2"])
        self.assertEqual(customer.ruby("require 'acme-widget'; print AcmeWidget::VERSION"), "1.1.0")

    def test_entitlements_decide_which_version_is_the_newest(self):
        customer = self.gem("pro")
        run = customer.install("acme-widget")
        self.assertEqual((run.code, customer.installed()), (0, ["acme-widget-2.0.0", "acme.base-1.0.2"]), run)
        run = self.gem("basic").install("acme-widget", "-v", "2.0.0")
        self.assertNotEqual(run.code, 0, run)
        self.assertIn("Could not find a valid gem 'acme-widget' (= 2.0.0)", run.output)

    def test_a_key_is_taken_as_user_name_too(self):
        customer = Gem(shared().registry("rubygems"), None)
        self.addCleanup(customer.close)
        customer.source = customer.plain.replace("://", f"://{shared().keys['basic']}@")
        run = customer.install("acme.base")
        self.assertEqual((run.code, customer.installed()), (0, ["acme.base-1.0.2"]), run)

    def test_gem_picks_the_file_of_its_platform(self):
        customer = self.gem()
        for platform, file in (
            ("java", "acme-native-1.0.0-java.gem"),
            ("x86_64-linux", "acme-native-1.0.0-x86_64-linux.gem"),
            ("ruby", "acme-native-1.0.0.gem"),
        ):
            run = customer.gem("fetch", "acme-native", "--platform", platform)
            fetched = customer.sandbox.project / file
            self.assertTrue(run.code == 0 and fetched.exists(), run)
            self.assertEqual(fetched.read_bytes(), make_gems.files()[f"rubygems/{file}"])

    def test_pre_releases_are_for_those_who_ask(self):
        customer = self.gem()
        run = customer.install("--pre", "acme-widget")
        self.assertEqual((run.code, customer.installed()), (0, ["acme-widget-2.0.0.beta1", "acme.base-1.0.2"]), run)

    def test_gem_lists_and_describes(self):
        customer = self.gem()
        run = customer.gem("list", "--remote", "--all", "--prerelease", "acme-widget")
        self.assertIn("acme-widget (2.0.0.beta1, 1.1.0, 1.0.0)", run.out, run)
        run = customer.gem("list", "--remote")
        self.assertIn("acme-native (1.0.0 ruby java x86_64-linux)", run.out, run)
        run = customer.gem("specification", "--remote", "acme-widget", "summary")
        self.assertIn("To test with: acme-widget", run.out, run)
        run = customer.gem("dependency", "--remote", "acme-widget", "-v", "1.0.0")
        self.assertIn("acme.base (~> 1.0, >= 1.0.1)", run.out, run)

    def test_bundle_installs_with_credentials_from_its_settings(self):
        customer = self.bundle()
        customer.gemfile('gem "acme-widget", "~> 1.0"', 'gem "acme-native"')
        run = customer.bundle("install")
        self.assertEqual(run.code, 0, run)
        gems = ["acme-native-1.0.0-x86_64-linux", "acme-widget-1.1.0", "acme.base-1.0.2"]
        self.assertEqual(customer.installed(), gems, run)
        lock = (customer.sandbox.project / "Gemfile.lock").read_text()
        self.assertNotIn(shared().keys["basic"], lock)
        run = customer.bundle("exec", "ruby", "-e", "require 'acme-native'; print AcmeNative::PLATFORM")
        self.assertEqual(run.out, "x86_64-linux", run)

    def test_bundle_installs_with_credentials_in_the_gemfile(self):
        customer = self.bundle("pro", in_source=True)
        customer.gemfile('gem "acme-widget"')
        run = customer.bundle("install")
        self.assertEqual((run.code, customer.installed()), (0, ["acme-widget-2.0.0", "acme.base-1.0.2"]), run)

    def test_a_lock_file_made_with_one_licence_installs_with_another(self):
        customer = self.bundle()
        customer.gemfile('gem "acme-widget"')
        self.assertEqual(customer.bundle("lock").code, 0)
        other = self.bundle("pro")
        other.gemfile('gem "acme-widget"')
        other.sandbox.write("Gemfile.lock", (customer.sandbox.project / "Gemfile.lock").read_text())
        run = other.bundle("install")
        self.assertEqual((run.code, other.installed()), (0, ["acme-widget-1.1.0", "acme.base-1.0.2"]), run)
