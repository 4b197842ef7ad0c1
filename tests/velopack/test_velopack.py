"""Velopack's own client, of its Python package: checks, downloads with redirects and digests, refusals."""

import hashlib
import json
import unittest
from pathlib import Path

from harness.places import built, client, full
from harness.sandbox import Sandbox
from harness.apps import LED_TO, RUNS, App, nupkg, program
from harness.wire import get, license_header
from harness.world import shared

ROOT = Path(__file__).resolve().parent


def packages(version: str) -> dict[str, bytes]:
    """The files that `vpk pack` leaves for Linux and Windows; the first version has no delta."""
    made = {}
    for channel, ending in (("linux", "linux-full"), ("win", "full")):
        content = nupkg("App", version, program(version), channel=channel, os=channel)
        made[f"App-{version}-{ending}.nupkg"] = content
        if version != RUNS:
            delta = nupkg("App", version, program(version)[:5_000], channel=channel, os=channel)
            made[f"App-{version}-{ending.replace('full', 'delta')}.nupkg"] = delta
    made["releases.linux.json"] = b'{"Assets":[{"PackageId":"App","Version":"9.9.9","Type":"Full"}]}'
    return made


class Apps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = App(shared(), "velopack", packages)
        cls.python = client("velopack") / "bin" / "python"

    def setUp(self):
        self.sandbox = Sandbox()
        self.addCleanup(self.sandbox.close)

    def check(self, who: str = "pro", version: str = RUNS, channel: str = "linux", app: App | None = None) -> dict:
        """What the client finds that runs a version, and what it downloads."""
        app = app or self.app
        asked = {"folder": str(self.sandbox.project / "app"), "version": version, "channel": channel}
        asked |= {"url": app.url, "key": app.keys[who]}
        run = self.sandbox.run(self.python, ROOT / "client.py", typed=json.dumps(asked))
        self.assertEqual(run.code, 0, run)
        return json.loads(run.out.splitlines()[-1])


class Upgrades(Apps):
    def test_each_licence_gets_the_newest_that_it_may_have(self):
        for who, version in LED_TO.items():
            with self.subTest(who):
                self.sandbox.forget("app")
                found = self.check(who)
                if version is None:
                    self.assertIn("error", found)
                    continue
                self.assertEqual(found.get("version"), version, found)
                content = packages(version)[f"App-{version}-linux-full.nupkg"]
                self.assertEqual(found["sha256"], hashlib.sha256(content).hexdigest())

    def test_nothing_new_is_no_error(self):
        for who, version in (("pro", "1.2.0"), ("pro", "1.3.0-beta.1+b.7"), ("basic", "1.1.0"), ("lapsed", "1.1.5")):
            with self.subTest(f"{who} {version}"):
                self.assertEqual(self.check(who, version), {"version": None})

    def test_what_cannot_be_understood_is_no_error_either(self):
        self.assertEqual(self.check(channel="nightly"), {"version": None})
        self.assertEqual(self.check(channel="osx"), {"version": None})
        answer = self.app.ask("/releases.nightly.json?localVersion=1.0.0")
        self.assertEqual(answer.json(), {"Assets": []})
        self.assertIn("reason=unknown-target", answer.header("x-update-decision"))
        answer = self.app.ask("/releases.linux.json?localVersion=nonsense")
        self.assertEqual(answer.json(), {"Assets": []})
        self.assertIn("reason=bad-version", answer.header("x-update-decision"))

    def test_every_spelling_of_a_channel_leads_to_the_platform_s_package(self):
        for channel, ending in (("linux", "-linux"), ("linux-x64-stable", "-linux"), ("win", ""), ("win-x64-beta", "")):
            with self.subTest(channel):
                assets = self.app.ask(f"/releases.{channel}.json?localVersion=1.1.0").json()["Assets"]
                self.assertEqual(assets[0]["FileName"], f"App-1.2.0{ending}-full.nupkg")

    def test_deltas_are_used_from_a_version_that_is_on_the_disk(self):
        kept = self.sandbox.project / "app" / "packages" / f"App-{RUNS}-linux-full.nupkg"
        kept.parent.mkdir(parents=True)
        kept.write_bytes(packages(RUNS)[kept.name])
        found = self.check()
        self.assertEqual(found["deltas"], ["App-1.1.0-linux-delta.nupkg", "App-1.2.0-linux-delta.nupkg"], found)
        # These deltas hold no patches: the client falls back to the full package.
        self.assertEqual(found.get("sha256"), hashlib.sha256(packages("1.2.0")["App-1.2.0-linux-full.nupkg"]).hexdigest(), found)

    def test_the_vendor_s_own_feed_is_not_what_is_served(self):
        for asset in self.app.ask("/releases.linux.json?localVersion=1.0.0", "basic").json()["Assets"]:
            self.assertEqual(asset["Version"], "1.1.0")


class Releases(Apps):
    def test_one_that_is_published_before_its_files_is_passed_over(self):
        app = App(shared(), "velopack", packages)
        made = shared().new_release("1.3.0", app.package)
        self.assertEqual(self.check(app=app)["version"], "1.2.0")
        self.assertIn("passed-over=1.3.0; reason=no-artifact", app.decision("/releases.linux.json?localVersion=1.0.0"))
        name = "App-1.3.0-linux-full.nupkg"
        shared().vendor.publish(made, name, packages("1.3.0")[name])
        self.sandbox.forget("app")
        self.assertEqual(self.check(app=app)["version"], "1.3.0")

    def test_one_that_is_withdrawn_is_left_for_the_next_best_and_still_upgrades(self):
        app = App(shared(), "velopack", packages)
        shared().vendor.act("releases", app.releases["1.2.0"], "yank")
        self.assertEqual(self.check(app=app)["version"], "1.1.0")
        self.assertEqual(self.check(version="1.2.0", app=app), {"version": None})
        app.publish("1.4.0")
        self.sandbox.forget("app")
        found = self.check(version="1.2.0", app=app)
        self.assertEqual((found["version"], found["deltas"]), ("1.4.0", []), found)
        gone = app.ask("/App-1.2.0-linux-full.nupkg")
        self.assertEqual(gone.status, 404, gone)

    def test_channels(self):
        app = App(shared(), "velopack", packages)
        for version in ("2.0.0-beta.9", "2.0.0-beta.10"):
            app.publish(version)
        self.assertEqual(self.check(channel="linux-beta", app=app)["version"], "2.0.0-beta.10")
        self.sandbox.forget("app")
        self.assertEqual(self.check(app=app)["version"], "1.2.0")
        self.sandbox.forget("app")
        self.assertEqual(self.check(version="2.0.0-beta.9", app=app)["version"], "2.0.0-beta.10")


class Uploads(unittest.TestCase):
    def test_what_no_client_could_use_is_refused_with_the_reason(self):
        world = shared()
        release = world.new_release("1.0.0", world.new_package("refusing", "velopack"))
        good = nupkg("App", "1.0.0", b"app")
        for name, content, reason in (
            ("App-1.0.0-full.nupkg", nupkg("App", "1.0.1", b"app"), "holds version 1.0.1"),
            ("Other-1.0.0-full.nupkg", good, "begin with `App-1.0.0-`"),
            ("App.1.0.0.nupkg", good, "neither a full nor a delta"),
            ("App-1.0.0-a b-full.nupkg", good, "cannot be offered"),
            ('App-1.0.0-a"b$(x)-full.nupkg', good, "cannot be offered"),
            ("App-1.0.0-cut-full.nupkg", good[:-40], "cut short"),
            ("App-1.0.0-junk-full.nupkg", b"MZ", "no zip archive"),
        ):
            with self.subTest(name):
                artifact = world.vendor.upload(release, name, content)
                self.assertEqual(artifact["attributes"]["status"], "FAILED", artifact)
                self.assertIn(reason, json.dumps(artifact, ensure_ascii=False))
                world.vendor.remove_artifact(artifact["id"])

    def test_names_with_plus_signs_and_letters_of_any_script_are_served(self):
        world = shared()
        key = "größe"
        release = world.new_release("1.0.0+7", world.new_package(key, "velopack"))
        name = "Größe-1.0.0+7-linux-full.nupkg"
        content = nupkg("Größe", "1.0.0+7", b"app", channel="linux", os="linux")
        world.vendor.publish(release, name, content)
        base = f"{world.registry('velopack')}/gr%C3%B6%C3%9Fe"
        headers = license_header(world.keys["pro"])
        feed = get(f"{base}/releases.linux.json?localVersion=0.9.0+6", headers).json()
        self.assertEqual([asset["FileName"] for asset in feed["Assets"]], [name])
        file = get(f"{base}/Gr%C3%B6%C3%9Fe-1.0.0+7-linux-full.nupkg", headers)
        self.assertEqual((file.status, file.body), (200, content), file)


class Refusals(Apps):
    def test_each_says_why(self):
        for who, status, word in (
            ("suspended", 403, "suspended"),
            ("expired", 403, "expired"),
            ("wrong", 401, "license-key-invalid"),
        ):
            with self.subTest(who):
                for path in ("/releases.linux.json?localVersion=1.0.0", "/App-1.2.0-linux-full.nupkg"):
                    answer = self.app.ask(path, who)
                    self.assertEqual(answer.status, status, answer)
                    self.assertIn(f"reason={word}", answer.header("x-update-decision"))
                    self.assertTrue(answer.text().strip(), "a developer reads the reason")
        self.assertEqual(self.app.ask("/App-1.2.0-linux-full.nupkg", "basic").status, 403)


@unittest.skipUnless(full(), "Velopack's Rust client is built with --full")
class Rust(Apps):
    def test_the_crate_finds_and_downloads_the_same(self):
        probe = built("probe-velopack")
        for who, version in LED_TO.items():
            with self.subTest(who):
                folder = self.sandbox.project / who
                run = self.sandbox.run(probe, self.app.url, "linux", RUNS, self.app.keys[who], folder)
                if version is None:
                    self.assertRegex(run.out, "^check failed")
                    continue
                name = f"App-{version}-linux-full.nupkg"
                self.assertEqual(run.out.splitlines(), [f"update {version} {name} deltas=0", "downloaded"], run)
                self.assertEqual((folder / "packages" / name).read_bytes(), packages(version)[name])
        run = self.sandbox.run(probe, self.app.url, "linux", "1.2.0", self.app.keys["pro"], self.sandbox.project / "new")
        self.assertEqual(run.out.strip(), "remote is empty", run)


