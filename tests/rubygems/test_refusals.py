"""A refused customer reads why."""

import unittest

from harness.ruby import Bundle, Gem
from harness.wire import basic, get
from harness.world import shared

ENDED = [("suspended", "licence is suspended"), ("expired", "licence expired on 2020-01-01")]


def words(text: str) -> str:
    """The text without Bundler's line breaks."""
    return " ".join(text.lower().split())


class Refusals(unittest.TestCase):
    def client(self, kind: type, key: str | None):
        customer = kind(shared().registry("rubygems"), key)
        self.addCleanup(customer.close)
        return customer

    def get(self, path: str, who: str):
        return get(shared().registry("rubygems") + path, basic("license", shared().keys[who]))

    def test_body_and_reason_phrase_say_why(self):
        for who, text in ENDED:
            for path in ("/gems/acme-widget-1.1.0.gem", "/quick/Marshal.4.8/acme-widget-1.1.0.gemspec.rz"):
                with self.subTest(f"{who} {path}"):
                    answer = self.get(path, who)
                    self.assertEqual((answer.status, answer.header("cache-control")), (403, "no-store"))
                    self.assertIn(text, answer.reason.lower())
                    self.assertIn(text, answer.text().lower())

    def test_gem_prints_the_reason(self):
        for who, text in ENDED:
            with self.subTest(who):
                customer = self.client(Gem, shared().keys[who])
                run = customer.install("acme-widget")
                self.assertNotEqual(run.code, 0, run)
                self.assertIn(text, words(run.output), run)
                self.assertEqual(customer.installed(), [])

    def test_bundle_prints_the_reason(self):
        for who, text in ENDED:
            with self.subTest(who):
                customer = self.client(Bundle, shared().keys[who])
                customer.gemfile('gem "acme-widget"')
                run = customer.bundle("install")
                self.assertNotEqual(run.code, 0, run)
                self.assertIn(text, words(run.output), run)
                self.assertEqual(customer.installed(), [])

    def test_a_gem_that_is_withheld_as_a_whole_says_why(self):
        world = shared()
        name = world.new_gem("1.0.0", needs=[world.pro]).name
        for kind in (Gem, Bundle):
            with self.subTest(kind.__name__):
                customer = self.client(kind, world.keys["basic"])
                if kind is Gem:
                    run = customer.install(name)
                else:
                    customer.gemfile(f'gem "{name}"')
                    run = customer.bundle("install")
                self.assertNotEqual(run.code, 0, run)
                self.assertIn("entitle", words(run.output), run)
                self.assertIn("pro", words(run.output), run)

    def test_missing_and_wrong_keys(self):
        for key, gem_says, bundle_says in (
            (None, "licence key is required", "authentication is required"),
            ("WRONG-KEY-0000", "not known here", "bad username or password"),
        ):
            with self.subTest(str(key)):
                run = self.client(Gem, key).install("acme-widget")
                self.assertNotEqual(run.code, 0, run)
                self.assertIn(gem_says, words(run.output), run)
                customer = self.client(Bundle, key)
                customer.gemfile('gem "acme-widget"')
                run = customer.bundle("install")
                self.assertNotEqual(run.code, 0, run)
                self.assertIn(bundle_says, words(run.output), run)

    def test_a_licence_of_another_product_sees_nothing(self):
        for path in ("/gems/acme-widget-1.1.0.gem", "/info/acme-widget"):
            answer = self.get(path, "other")
            self.assertEqual(answer.status, 403, answer)
            self.assertIn("licence", answer.reason.lower())
        self.assertNotIn("acme", self.get("/versions", "other").text().partition("---")[2])

    def test_what_is_not_there_is_absent(self):
        for path in ("/gems/acme-widget-9.9.9.gem", "/gems/nothing-1.0.gem", "/info/nothing", "/quick/x"):
            self.assertEqual(self.get(path, "basic").status, 404, path)

    def test_a_suspension_holds_at_once(self):
        world = shared()
        licence, key = world.new_license("SOON")
        file = world.registry("rubygems") + "/gems/acme-widget-1.1.0.gem"
        self.assertEqual(get(file, basic("license", key)).status, 200)
        world.vendor.act("licenses", licence, "suspend")
        self.assertEqual(get(file, basic("license", key)).status, 403)
