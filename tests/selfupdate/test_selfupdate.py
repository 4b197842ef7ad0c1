"""Manifests for the `self_update` crate: what they say to whom, and the crate itself replacing a program."""

import hashlib
import unittest
from urllib.parse import quote

from harness.places import built, full
from harness.sandbox import Sandbox
from harness.apps import LED_TO, RUNS, App, program
from harness.wire import get, license_header
from harness.world import shared

TARGET = "x86_64-unknown-linux-gnu"
OTHER = "aarch64-apple-darwin"


def tools(version: str) -> dict[str, bytes]:
    """A program for two targets; the newest has a checksum that sorts before it."""
    name = f"tool-{version}-{TARGET}"
    content = program(version)
    made = {name: content, f"tool-{version}-{OTHER}": content[::-1]}
    if version == "1.2.0":
        made = {f"{name}.sha256": f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode(), **made}
    return made


class Tools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = App(shared(), "self-update", tools)

    def manifest(self, who: str = "pro", query: str = "", app: App | None = None) -> list[dict]:
        answer = (app or self.app).ask(f"/manifest.json{query}", who)
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("no-store", answer.header("cache-control"))
        self.assertEqual(answer.json()["schema"], 1)
        return answer.json()["releases"]

    def versions(self, *arguments: object, **more: object) -> list[str]:
        return [release["version"] for release in self.manifest(*arguments, **more)]


class Manifests(Tools):
    def test_each_licence_is_shown_what_it_may_have(self):
        for who, version in LED_TO.items():
            with self.subTest(who):
                if version is None:
                    self.assertIn(self.app.ask("/manifest.json", who).status, (401, 403))
                else:
                    self.assertEqual(self.versions(who)[0], version)
                    self.assertIn(RUNS, self.versions(who))

    def test_each_file_is_where_it_is_said_to_be_with_its_digest(self):
        for release in self.manifest():
            for asset in release["assets"]:
                answer = self.follow(f"{self.app.url}/{asset['url']}")
                self.assertEqual(asset["digest"], "sha256:" + hashlib.sha256(answer.body).hexdigest(), asset)
        newest = [asset["name"] for asset in self.manifest()[0]["assets"]]
        self.assertTrue(newest[-1].endswith(".sha256"), newest)

    def follow(self, url: str):
        answer = get(url, license_header(self.app.keys["pro"]))
        return get(answer.header("location")) if answer.status == 303 else answer

    def test_a_target_leaves_out_releases_without_a_file_for_it(self):
        app = App(shared(), "self-update", tools)
        app.publish("1.3.0", {f"tool-1.3.0-{OTHER}": b"mac"})
        self.assertEqual(self.versions(app=app)[0], "1.3.0")
        self.assertEqual(self.versions(query=f"?target={TARGET}", app=app)[0], "1.2.0")
        self.assertIn("passed-over=1.3.0; reason=no-artifact", app.decision(f"/manifest.json?target={TARGET}"))
        waiting = shared().new_release("1.4.0", app.package)
        self.assertEqual(self.versions(app=app)[0], "1.3.0", "published before its files are here")
        shared().vendor.publish(waiting, f"tool-1.4.0-{TARGET}", b"tool")
        self.assertEqual(self.versions(app=app)[0], "1.4.0")

    def test_channels_and_what_cannot_be_understood(self):
        app = App(shared(), "self-update", tools)
        app.publish("2.0.0-beta.1")
        self.assertEqual(self.versions(app=app)[0], "1.2.0")
        self.assertEqual(self.versions(query="?channel=beta", app=app)[0], "2.0.0-beta.1")
        self.assertEqual(self.versions(query="?channel=nightly", app=app), [])
        self.assertIn("reason=bad-channel", app.decision("/manifest.json?channel=nightly"))

    def test_a_release_that_is_withdrawn_is_not_listed_nor_served(self):
        app = App(shared(), "self-update", tools)
        shared().vendor.act("releases", app.releases["1.2.0"], "yank")
        self.assertEqual(self.versions(app=app), ["1.1.0", RUNS])
        self.assertEqual(app.ask(f"/1.2.0/tool-1.2.0-{TARGET}").status, 404)

    def test_names_of_every_kind(self):
        names = [f"a b+{TARGET}", f'qu"ote-{TARGET}', f"größe-100%-{TARGET}", f"dir/inner $`x`-{TARGET}"]
        app = App(shared(), "self-update", tools)
        app.publish("3.0.0+7", {name: name.encode() for name in names})
        newest = self.manifest(app=app)[0]
        self.assertEqual(newest["version"], "3.0.0+7")
        self.assertEqual(sorted(asset["name"] for asset in newest["assets"]), sorted(n.split("/")[-1] for n in names))
        for asset in newest["assets"]:
            self.assertEqual(quote(asset["url"], safe="/%-._~"), asset["url"], "the address needs no more encoding")
            body = get(f"{app.url}/{asset['url']}", license_header(app.keys["pro"])).body.decode()
            self.assertEqual(body.split("/")[-1], asset["name"])


class Refusals(Tools):
    def test_each_says_why(self):
        for who, status, word in (
            ("suspended", 403, "suspended"),
            ("expired", 403, "expired"),
            ("wrong", 401, "license-key-invalid"),
        ):
            for path in ("/manifest.json", f"/1.0.0/tool-1.0.0-{TARGET}"):
                with self.subTest(f"{who} {path}"):
                    answer = self.app.ask(path, who)
                    self.assertEqual(answer.status, status, answer)
                    self.assertIn(f"reason={word}", answer.header("x-update-decision"))
        answer = self.app.ask(f"/1.2.0/tool-1.2.0-{TARGET}", "basic")
        self.assertEqual(answer.status, 403, answer)


@unittest.skipUnless(full(), "the self_update crate is built with --full")
class Crate(Tools):
    def update(self, who: str, version: str, target: str = TARGET, app: App | None = None) -> tuple[str, bytes]:
        """What the crate says, and the program that is there afterwards."""
        sandbox = Sandbox()
        self.addCleanup(sandbox.close)
        tool = sandbox.write("tool", "the old program")
        app = app or self.app
        run = sandbox.run(
            built("probe-self-update"), f"{app.url}/manifest.json", version, app.keys[who], target, tool
        )
        self.assertEqual(run.code, 0, run)
        return run.out.strip(), tool.read_bytes()

    def test_a_program_is_replaced_by_the_newest_that_its_licence_may_have(self):
        for who, version in LED_TO.items():
            with self.subTest(who):
                said, tool = self.update(who, RUNS)
                if version is None:
                    self.assertRegex(said, "^failed")
                    self.assertEqual(tool, b"the old program")
                else:
                    self.assertEqual(said, f"updated {version}")
                    self.assertEqual(tool, program(version))

    def test_nothing_new_leaves_it_alone(self):
        for who, version in (("pro", "1.2.0"), ("basic", "1.1.0"), ("lapsed", "1.1.0"), ("pro", "9.0.0")):
            with self.subTest(f"{who} {version}"):
                self.assertEqual(self.update(who, version), ("up to date", b"the old program"))

    def test_another_target_gets_its_own_file(self):
        self.assertEqual(self.update("pro", RUNS, OTHER), ("updated 1.2.0", program("1.2.0")[::-1]))

    def test_nothing_at_all_is_nothing_new(self):
        app = App(shared(), "self-update", lambda version: {"readme.txt": b"no program"})
        said, tool = self.update("pro", RUNS, "riscv64gc-unknown-linux-gnu", app)
        self.assertEqual(tool, b"the old program", said)
