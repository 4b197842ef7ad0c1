"""Squirrel: what `RELEASES` and the JSON for Macs say to whom, and Squirrel.Windows itself, on mono."""

import hashlib
import re
import unittest
from pathlib import Path

from harness.places import client, full
from harness.sandbox import Sandbox
from harness.apps import LED_TO, RUNS, App, nupkg, program
from harness.wire import Answer, get
from harness.world import shared

LINE = re.compile(r"^([0-9a-fA-F]{40})\s+(\S+)\s+(\d+)[\r]*$")
REFUSED = (("suspended", 403, "suspended"), ("expired", 403, "expired"), ("wrong", 401, "license-key-invalid"))


def packages(version: str) -> dict[str, bytes]:
    """The files that electron-winstaller and electron-forge leave; the first version has no delta."""
    spelled = re.sub(r"(?<=[a-z])\.(?=\d)", "", version)
    made = {
        f"App-{spelled}-full.nupkg": nupkg("App", spelled, program(version)),
        "AppSetup.exe": b"MZ",
        "RELEASES": b"0000000000000000000000000000000000000000 App-9.9.9-full.nupkg 1\n",
        f"App-{version}-mac.zip": program(version)[:70_000],
        f"App-{version}-arm64-mac.zip": program(version)[:69_000],
    }
    if version != RUNS:
        made[f"App-{spelled}-delta.nupkg"] = nupkg("App", spelled, program(version)[:5_000])
    return made


class Apps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.app = App(shared(), "squirrel", packages)

    def listed(self, path: str, who: str = "pro", app: App | None = None) -> list[str]:
        """The names in a list, each line checked as Squirrel checks it."""
        answer = (app or self.app).ask(path, who)
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.body, "the client takes no empty list")
        lines = [LINE.match(line) for line in answer.text().splitlines()]
        self.assertTrue(all(lines), answer.text())
        return [line[2] for line in lines if line]

    def follow(self, url: str, app: App | None = None, who: str = "pro") -> Answer:
        answer = (app or self.app).ask(url, who)
        return get(answer.header("location")) if answer.status == 303 else answer


class Windows(Apps):
    def test_each_licence_is_led_to_the_newest_that_it_may_have(self):
        for who, version in LED_TO.items():
            with self.subTest(who):
                path = f"/RELEASES?id=App&localVersion={RUNS}&arch=amd64"
                if version is None:
                    self.assertIn(self.app.ask(path, who).status, (401, 403))
                    continue
                names = self.listed(path, who)
                self.assertEqual(names[-1], f"App-{version}-full.nupkg")
                for name in names:
                    file = self.follow(f"/{name}", who=who).body
                    line = f"{hashlib.sha1(file).hexdigest().upper()} {name} {len(file)}"  # noqa: S324  (the client's)
                    self.assertIn(line, self.app.ask(path, who).text().splitlines())

    def test_deltas_lead_there(self):
        names = self.listed(f"/win32/x64/RELEASES?localVersion={RUNS}")
        self.assertEqual(names, ["App-1.1.0-delta.nupkg", "App-1.2.0-delta.nupkg", "App-1.2.0-full.nupkg"])
        self.assertEqual(self.follow("/win32/x64/App-1.2.0-delta.nupkg").body, packages("1.2.0")["App-1.2.0-delta.nupkg"])

    def test_nothing_new_is_a_list_up_to_what_runs(self):
        self.assertEqual(self.listed("/RELEASES?localVersion=1.2.0"), ["App-1.2.0-full.nupkg"])
        self.assertEqual(self.listed("/RELEASES?localVersion=1.1.5", "lapsed"), ["App-1.1.0-full.nupkg"])
        self.assertEqual(self.listed("/RELEASES?localVersion=0.9.0&constraint=7&id=App"), ["App-0.9.0-full.nupkg"])
        self.assertEqual(self.listed("/RELEASES?localVersion=1.2.3.4&id=App"), ["App-0.0.0-full.nupkg"])
        self.assertIn("reason=bad-version", self.app.decision("/RELEASES?localVersion=1.2.3.4"))

    def test_every_address_and_every_case(self):
        for path in ("/win32-x64/1.1.0/RELEASES", "/update/win32/1.1.0/releases", "/Win32/Releases?localVersion=1.1.0"):
            with self.subTest(path):
                self.assertEqual(self.listed(path), ["App-1.2.0-delta.nupkg", "App-1.2.0-full.nupkg"])
        self.assertEqual(self.follow("/win32-x64/1.1.0/app-1.2.0-FULL.nupkg").status, 200)

    def test_labels_have_no_dots_there(self):
        app = App(shared(), "squirrel", packages)
        for version in ("2.0.0-beta.9", "2.0.0-beta.10"):
            app.publish(version)
        names = self.listed("/RELEASES?localVersion=2.0.0-beta9", app=app)
        self.assertEqual(names[-1], "App-2.0.0-beta10-full.nupkg")
        self.assertEqual(self.listed("/RELEASES?localVersion=2.0.0-beta10", app=app), ["App-2.0.0-beta10-full.nupkg"])

    def test_a_release_without_its_package_or_withdrawn_is_passed_over(self):
        app = App(shared(), "squirrel", packages)
        shared().new_release("1.3.0", app.package)
        self.assertEqual(self.listed("/RELEASES?localVersion=1.1.0", app=app)[-1], "App-1.2.0-full.nupkg")
        self.assertIn("passed-over=1.3.0; reason=no-artifact", app.decision("/RELEASES?localVersion=1.1.0"))
        shared().vendor.act("releases", app.releases["1.2.0"], "yank")
        self.assertEqual(self.listed(f"/RELEASES?localVersion={RUNS}", app=app)[-1], "App-1.1.0-full.nupkg")
        app.publish("1.4.0")
        self.assertEqual(self.listed("/RELEASES?localVersion=1.2.0", app=app)[-1], "App-1.4.0-full.nupkg")

    def test_a_token_in_the_address_is_as_good_as_its_licence(self):
        for who, version in (("pro", "1.2.0"), ("basic", "1.1.0")):
            base = self.app.tokened(who)
            answer = get(f"{base}/win32/RELEASES?localVersion={RUNS}")
            self.assertTrue(answer.text().splitlines()[-1].split()[1] == f"App-{version}-full.nupkg", answer)
            file = get(f"{base}/win32/App-{version}-full.nupkg")
            self.assertIn(file.status, (200, 303), file)


class Mac(Apps):
    def test_each_licence_is_led_to_the_newest_that_it_may_have(self):
        for who, version in LED_TO.items():
            with self.subTest(who):
                answer = self.app.ask(f"/darwin/arm64/{RUNS}", who)
                if version is None:
                    self.assertIn(answer.status, (401, 403))
                    continue
                found = answer.json()
                self.assertEqual((answer.status, found["name"]), (200, version))
                self.assertEqual(found["url"], f"{self.app.url}/{version}/App-{version}-arm64-mac.zip")
                file = self.follow(found["url"].removeprefix(self.app.url), who=who)
                self.assertEqual(file.body, packages(version)[f"App-{version}-arm64-mac.zip"])

    def test_nothing_new_is_204(self):
        for path in ("/darwin/1.2.0", "/darwin/arm64/9.0.0", "/darwin/nonsense", "/darwin", "/update/beos/1.0.0"):
            with self.subTest(path):
                answer = self.app.ask(path)
                self.assertEqual((answer.status, answer.body), (204, b""), answer)
                self.assertIn("reason=", answer.header("x-update-decision"))

    def test_forms_of_other_servers(self):
        for path in ("/update/darwin/1.1.0", "/darwin-x64/1.1.0", "/update/osx_64/1.1.0", "/update/channel/stable/mac/1.1.0"):
            with self.subTest(path):
                self.assertEqual(self.app.ask(path).json()["url"], f"{self.app.url}/1.2.0/App-1.2.0-mac.zip")
        static = self.app.ask("/darwin/releases.json").json()
        self.assertEqual((static["currentRelease"], static["releases"][0]["updateTo"]["version"]), ("1.2.0", "1.2.0"))

    def test_a_token_stays_in_the_address_of_the_file(self):
        base = self.app.tokened("pro")
        found = get(f"{base}/darwin/{RUNS}").json()
        self.assertEqual(found["url"], f"{base}/1.2.0/App-1.2.0-mac.zip")
        self.assertIn(get(found["url"]).status, (200, 303))


class Refusals(Apps):
    def test_each_says_why(self):
        for who, status, word in REFUSED:
            for path in (f"/RELEASES?localVersion={RUNS}", f"/darwin/{RUNS}", "/App-1.2.0-full.nupkg"):
                with self.subTest(f"{who} {path}"):
                    answer = self.app.ask(path, who)
                    self.assertEqual(answer.status, status, answer)
                    self.assertIn(f"reason={word}", answer.header("x-update-decision"))
        self.assertEqual(self.app.ask("/App-1.2.0-full.nupkg", "basic").status, 403)


@unittest.skipUnless(full(), "Squirrel.Windows runs on mono, which --full installs")
class Squirrel(Apps):
    """Squirrel.Windows' own check and download, which compares SHA-1 and size."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tools = Sandbox()
        cls.addClassCleanup(cls.tools.close)
        cls.program = cls.tools.project / "Client.exe"
        made = cls.tools.run("mcs", f"-out:{cls.program}", Path(__file__).with_name("Client.cs"))
        assert made.code == 0, made
        cls.squirrel = client("winstaller") / "node_modules/electron-winstaller/vendor/Squirrel-Mono.exe"

    def update(self, base: str, version: str, package: bytes = b"") -> tuple[str, dict[str, bytes]]:
        """What the client says that runs a version, and what it downloaded."""
        sandbox = Sandbox()
        self.addCleanup(sandbox.close)
        name = f"App-{version}-full.nupkg"
        sha1 = hashlib.sha1(package).hexdigest().upper()  # noqa: S324  (the client's)
        folder = sandbox.write("App/packages/RELEASES", f"{sha1} {name} {len(package)}\n").parent
        (folder / name).write_bytes(package)
        run = sandbox.run("mono", self.program, self.squirrel, base, sandbox.project)
        got = {file.name: file.read_bytes() for file in folder.glob("*.nupkg") if file.name != name}
        return run.out.strip(), got

    def test_each_licence_gets_the_newest_that_it_may_have(self):
        deltas = {"1.1.0": ["1.1.0"], "1.2.0": ["1.1.0", "1.2.0"]}
        for who in ("pro", "basic", "lapsed"):
            with self.subTest(who):
                version = LED_TO[who]
                said, got = self.update(f"{self.app.tokened(who)}/win32", RUNS)
                names = [f"App-{step}-delta.nupkg" for step in deltas[version]]
                self.assertEqual(said, f"future {version} apply {' '.join(names)}\ndownloaded")
                for step, name in zip(deltas[version], names, strict=True):
                    self.assertEqual(got[name], packages(step)[name])

    def test_the_full_package_where_no_deltas_lead_there(self):
        app = App(shared(), "squirrel", packages)
        shared().vendor.act("releases", app.releases["1.1.0"], "yank")
        said, got = self.update(f"{app.tokened('pro')}/win32-x64/{RUNS}", RUNS)
        self.assertEqual(said, "future 1.2.0 apply App-1.2.0-full.nupkg\ndownloaded")
        self.assertEqual(got["App-1.2.0-full.nupkg"], packages("1.2.0")["App-1.2.0-full.nupkg"])

    def test_nothing_new_is_no_error(self):
        for who, version in (("pro", "1.2.0"), ("lapsed", "1.1.0"), ("basic", "1.1.5"), ("pro", "7.0.0-beta3")):
            with self.subTest(f"{who} {version}"):
                said, got = self.update(self.app.tokened(who), version)
                self.assertRegex(said, r"^future \S+ apply$")
                self.assertEqual(got, {})

    def test_a_withdrawn_or_unreadable_version_is_led_to_nothing_older(self):
        app = App(shared(), "squirrel", packages)
        shared().vendor.act("releases", app.releases["1.2.0"], "yank")
        self.assertIn("App-1.1.0-full.nupkg", app.ask("/RELEASES?localVersion=1.2.0").text())
        for version in ("1.2.0", "1.2.3.4"):
            with self.subTest(version):
                said, got = self.update(app.tokened("pro"), version)
                self.assertRegex(said, r"^future \S+ apply$")
                self.assertEqual(got, {})

    def test_nothing_to_show_is_no_error_either(self):
        app = App(shared(), "squirrel", lambda version: {"readme.txt": b"no package"})
        said, got = self.update(app.tokened("pro"), RUNS)
        self.assertEqual((said, got), (f"future {RUNS} apply", {}))

    def test_a_suspended_licence_is_an_error_to_the_client(self):
        license, key = shared().new_license("SOON", entitlements=[shared().pro])
        self.app.keys["soon"] = key
        base = self.app.tokened("soon")
        shared().vendor.act("licenses", license, "suspend")
        said, got = self.update(base, RUNS)
        self.assertRegex(said, "^failed: .*(403|Forbidden|suspended)")
        self.assertEqual(got, {})
