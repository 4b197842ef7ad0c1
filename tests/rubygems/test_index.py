"""Indexes as Ruby reads them, and Bundler's copies of them."""

import gzip
import hashlib
import time
import unittest
import zlib

from harness.relay import relay
from harness.ruby import Bundle, Gem
from harness.wire import basic, get
from harness.world import make_gems, shared

QUIET = 61


class Documents(unittest.TestCase):
    def get(self, path: str, who: str = "basic", **headers: str):
        return get(shared().registry("rubygems") + path, {**basic("license", shared().keys[who]), **headers})

    def ruby(self, script: str, content: bytes) -> str:
        client = Gem(shared().registry("rubygems"), None)
        self.addCleanup(client.close)
        (client.sandbox.project / "input").write_bytes(content)
        return client.ruby(f"input = File.binread('input'); {script}")

    def test_ruby_loads_the_spec_indexes(self):
        for path, expected in (
            ("/specs.4.8.gz", "acme-widget 1.0.0 ruby,acme-widget 1.1.0 ruby"),
            ("/latest_specs.4.8.gz", "acme-widget 1.1.0 ruby"),
            ("/prerelease_specs.4.8.gz", "acme-widget 2.0.0.beta1 ruby"),
        ):
            with self.subTest(path):
                answer = self.get(path)
                self.assertEqual(answer.header("content-type"), "application/octet-stream")
                script = (
                    "rows = Marshal.load(input).select { |row| row[0] == 'acme-widget' };"
                    "print rows.map { |name, version, platform| [name, version, platform].join(' ') }.join(',')"
                )
                self.assertEqual(self.ruby(script, gzip.decompress(answer.body)), expected)
                again = self.get(path, **{"If-None-Match": answer.header("etag")})
                self.assertEqual((again.status, again.body), (304, b""))

    def test_ruby_loads_every_gemspec_as_the_gem_has_it(self):
        compared = (
            "name version platform original_platform date summary description homepage email authors metadata"
            " required_ruby_version required_rubygems_version dependencies rubygems_version specification_version"
        )
        for name in sorted(make_gems.files()):
            full = name.removeprefix("rubygems/").removesuffix(".gem")
            with self.subTest(full):
                answer = self.get(f"/quick/Marshal.4.8/{full}.gemspec.rz", "pro")
                self.assertEqual(answer.status, 200, answer)
                client = Gem(shared().registry("rubygems"), None)
                self.addCleanup(client.close)
                (client.sandbox.project / "a.gem").write_bytes(make_gems.files()[name])
                (client.sandbox.project / "a.spec").write_bytes(zlib.decompress(answer.body))
                script = (
                    "require 'rubygems/package'; ours = Marshal.load(File.binread('a.spec'));"
                    "real = Gem::Package.new('a.gem').spec;"
                    f"fields = %i[{compared}]; differ = fields.reject {{ |f| ours.send(f) == real.send(f) }};"
                    "print differ.map { |f| [f, ours.send(f), real.send(f)].inspect }.join, ours.full_name"
                )
                self.assertEqual(client.ruby(script), full)

    def test_the_compact_index_is_consistent(self):
        versions = self.get("/versions").text()
        head, _, rows = versions.partition("---\n")
        self.assertTrue(head.startswith("created_at: "))
        last = {row.split()[0]: row.split()[2] for row in rows.splitlines()}
        for name in ("acme-widget", "acme.base", "acme-native"):
            info = self.get(f"/info/{name}")
            self.assertEqual(hashlib.md5(info.body).hexdigest(), last[name], name)
            self.assertEqual(info.header("etag"), f'"{last[name]}"')
        info = self.get("/info/acme-widget").text().splitlines()
        digest = hashlib.sha256(make_gems.widget("1.0.0")).hexdigest()
        self.assertEqual(info[1], f"1.0.0 acme.base:>= 1.0.1&~> 1.0|checksum:{digest},ruby:>= 2.5")
        self.assertIn("acme.base", self.get("/names").text().splitlines())

    def test_nothing_changes_between_two_requests(self):
        first, second = self.get("/versions"), self.get("/versions")
        self.assertEqual(first.body, second.body)
        again = self.get("/versions", **{"If-None-Match": first.header("etag")})
        self.assertEqual((again.status, again.body), (304, b""))

    def test_who_may_see_more_is_shown_more_under_another_tag(self):
        basic_, pro = self.get("/versions", "basic"), self.get("/versions", "pro")
        self.assertNotEqual(basic_.header("etag"), pro.header("etag"))
        self.assertNotIn("2.0.0 ", basic_.text().replace("beta1", ""))

    def test_a_yanked_gem_is_gone(self):
        world = shared()
        made = world.new_gem("1.0.0", "1.1.0")
        world.vendor.act("releases", made.releases[1], "yank")
        self.assertNotIn("1.1.0", self.get(f"/info/{made.name}").text())
        answer = self.get(f"/gems/{made.name}-1.1.0.gem")
        self.assertIn(answer.status, (403, 404), answer)
        self.assertEqual(self.get(f"/gems/{made.name}-1.0.0.gem").status, 200)


class Copies(unittest.TestCase):
    """Bundler keeps a copy of `versions` and asks for what was added."""

    def setUp(self):
        self.world = shared()
        self.relay, _ = relay(self.world.server.url)
        self.addCleanup(self.relay.close)
        self.customer = Bundle(f"{self.relay.url}/v1/engines/rubygems", self.world.keys["basic"])
        self.addCleanup(self.customer.close)

    def lock(self, *gems: str) -> list:
        """Resolves anew; returns what was asked of `versions`."""
        self.customer.gemfile(*(f'gem "{name}"' for name in gems))
        self.customer.sandbox.forget("Gemfile.lock")
        before = len(self.relay.asked("/versions"))
        run = self.customer.bundle("lock")
        self.assertEqual(run.code, 0, run)
        return self.relay.asked("/versions")[before:]

    def test_only_what_was_added_is_sent(self):
        made = self.world.new_gem("1.0.0")
        self.assertEqual([seen.status for seen in self.lock(made.name)], [200])
        self.assertEqual([seen.status for seen in self.lock(made.name)], [304])
        # Gems of one minute are one batch, sorted anew as it grows.
        time.sleep(QUIET)
        self.world.publish_gem(made.name, "1.1.0", made.package)
        (seen,) = self.lock(made.name)
        self.assertEqual(seen.status, 206, seen)
        self.assertIn(f"{made.name} (1.1.0)", (self.customer.sandbox.project / "Gemfile.lock").read_text())
        (copy,) = self.customer.index_copies()
        whole = get(self.world.registry("rubygems") + "/versions", basic("license", self.world.keys["basic"]))
        self.assertEqual(copy.read_bytes(), whole.body)

    def test_a_copy_that_is_no_beginning_any_more_is_sent_anew_at_once(self):
        made = self.world.new_gem("1.0.0", "1.1.0")
        self.lock(made.name)
        self.world.vendor.act("releases", made.releases[1], "yank")
        (seen,) = self.lock(made.name)
        self.assertEqual(seen.status, 200, seen)
        self.assertIn(f"{made.name} (1.0.0)", (self.customer.sandbox.project / "Gemfile.lock").read_text())
