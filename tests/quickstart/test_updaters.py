"""The sample apps of `keyway quickstart`, as their updaters see them: electron-updater and, with `--full`, Tauri's own;
else its questions as it sends them."""

import re
import time
import unittest
import uuid
from pathlib import Path

from harness import tauri
from harness.electron import App, Drivers
from harness.places import FIXTURES, full
from harness.server import Server
from harness.vendor import Vendor
from harness.waiting import until
from harness.wire import Answer, get, license_header

LICENSE = re.compile(r"^# licence '(\w+)' .*: (\S+)$", re.MULTILINE)
ADMIN = re.compile(r"until the next quickstart: (\S+)")
PLUGIN = {"User-Agent": "tauri-plugin-updater/2.14.1", "Accept": "application/json"}
POLL = "?platform={{target}}&arch={{arch}}&version={{current_version}}"


class Quickstart:
    """A quickstart, and what it printed."""

    def __init__(self) -> None:
        self.server = Server().start("quickstart")
        until(lambda: "Press Ctrl-C" in self.server.printed, "the samples are there", 60)
        self.keys = dict(LICENSE.findall(self.server.printed))
        self.vendor = Vendor(self.server.url, ADMIN.search(self.server.printed).group(1))


def bundle(folder: str, name: str) -> bytes:
    return (Path(FIXTURES) / folder / name).read_bytes()


class Updaters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.quickstart = Quickstart()
        cls.addClassCleanup(cls.quickstart.server.close)
        cls.drivers = Drivers()
        cls.addClassCleanup(cls.drivers.close)

    def electron(self, who: str, **more: object):
        """What electron-updater does in the app that runs 1.0.0."""
        feed = {"provider": "generic", "url": f"{self.quickstart.server.registry('electron')}/acme-studio/"}
        app = App(self.drivers, "NsisUpdater", "1.0.0", self.quickstart.keys[who], feed)
        self.addCleanup(app.close)
        return app.update(whole=True, **more)

    def test_electron_updater(self):
        for who, version in (("good", "2.0.0"), ("lapsed", "1.1.0")):
            with self.subTest(who):
                done = self.electron(who)
                self.assertEqual((done.error, done.version), ("", version), done)
                self.assertEqual(done.content, bundle("electron", f"Acme-Studio-Setup-{version}.exe"))
        suspended = self.electron("suspended")
        self.assertIn("HTTP_ERROR_403", suspended.error)
        self.assertIn("the licence is suspended", suspended.error)
        self.assertIsNone(suspended.content)

    @property
    def desktop(self) -> str:
        return f"{self.quickstart.server.registry('tauri')}/acme-desktop"

    def ask(self, who: str, url: str) -> Answer:
        return get(url, {**PLUGIN, **license_header(self.quickstart.keys[who])})

    def test_questions_as_tauri_s_updater_sends_them(self):
        poll = POLL.replace("{{target}}", "linux").replace("{{arch}}", "x86_64").replace("{{current_version}}", "1.0.0")
        for who, version in (("good", "2.0.0"), ("lapsed", "1.1.0")):
            with self.subTest(who):
                name = f"Acme-Desktop_{version}_amd64.AppImage"
                said = self.ask(who, self.desktop + poll).json()
                self.assertEqual(said["version"], version)
                self.assertEqual(said["signature"].encode(), bundle("tauri", f"{name}.sig"))
                self.assertEqual(self.ask(who, said["url"]).body, bundle("tauri", name))
        refused = self.ask("lapsed", f"{self.desktop}/2.0.0/Acme-Desktop_2.0.0_amd64.AppImage")
        self.assertEqual(refused.status, 403, refused)
        suspended = self.ask("suspended", self.desktop + poll)
        self.assertEqual(suspended.status, 403, suspended)
        self.assertIn("the licence is suspended", suspended.text())

    @unittest.skipUnless(full(), "with --full only")
    def test_tauri_s_updater(self):
        public_key = bundle("tauri", "acme.key.pub").decode()
        for who, version in (("good", "2.0.0"), ("lapsed", "1.1.0"), ("suspended", None)):
            app = tauri.App([self.desktop + POLL], public_key, requireSignedVersion=True)
            self.addCleanup(app.close)
            said = app.update("1.0.0", self.quickstart.keys[who])
            with self.subTest(who):
                if version:
                    size = len(bundle("tauri", f"Acme-Desktop_{version}_amd64.AppImage"))
                    self.assertEqual((said.get("update"), said.get("downloaded")), (version, size), said)
                else:
                    self.assertIn("Could not fetch a valid release JSON", said.get("error", ""), said)

    def test_a_rollout_grows_and_is_paused(self):
        """3.0.0 of the Electron app to a tenth, to half, to nobody."""
        vendor = self.quickstart.vendor
        (package,) = vendor.must("GET", "/packages?engine=electron")
        product = vendor.must("GET", "/products/acme")["id"]
        release = vendor.create(
            "releases", {"version": "3.0.0", "channel": "stable", "status": "DRAFT"}, product=product, package=package["id"]
        )["id"]
        vendor.publish(release, "Acme-Studio-Setup-3.0.0.exe", b"the third")
        rollout = vendor.create("rollouts", {"percentage": 10}, release=release)["id"]
        vendor.act("releases", release, "publish")
        fleet = [str(uuid.UUID(int=number, version=4)) for number in range(200)]
        first = self.led_to_three(fleet)
        self.assertTrue(6 <= len(first) <= 36, len(first))
        vendor.update("rollouts", rollout, percentage=50)
        half = self.led_to_three(fleet)
        self.assertTrue(70 <= len(half) <= 130, len(half))
        self.assertLessEqual(first, half, "nobody leaves")
        self.assertEqual(self.electron("good", stagingId=min(first)).content, b"the third")
        outside = min(set(fleet) - half)
        self.assertEqual(self.electron("good", stagingId=outside).version, "2.0.0", "the version before")
        self.assertEqual(self.electron("lapsed", stagingId=min(first)).version, "1.1.0")
        vendor.must("POST", f"/rollouts/{rollout}/actions/pause", {"meta": {"reason": "it crashes"}})
        paused = time.monotonic()
        self.assertEqual(self.led_to_three(fleet), set())
        print(f"{len(first)}, then {len(half)} of {len(fleet)}; paused, all asked {time.monotonic() - paused:.2f} s later", flush=True)
        self.assertEqual(self.electron("good", stagingId=min(first)).version, "2.0.0")
        vendor.must("POST", f"/rollouts/{rollout}/actions/halt", {"meta": {"reason": "it crashes"}})

    def led_to_three(self, fleet: list[str]) -> set[str]:
        url = f"{self.quickstart.server.registry('electron')}/acme-studio/latest.yml"
        known = license_header(self.quickstart.keys["good"])
        answers = {one: get(url, {**known, "x-user-staging-id": one}) for one in fleet}
        return {one for one, answer in answers.items() if "3.0.0" in answer.text().splitlines()[0]}


if __name__ == "__main__":
    unittest.main()
