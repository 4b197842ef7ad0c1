"""The real updater of Tauri, without a window: with `--full` only, since building it takes minutes."""

import unittest

from depot import Desktop
from harness.places import full
from harness.tauri import App, Signer
from harness.world import shared

QUERY = "?platform={{target}}&arch={{arch}}&version={{current_version}}&bundle_type={{bundle_type}}"
PATH = "/{{target}}/{{arch}}/{{current_version}}?bundle_type={{bundle_type}}"


@unittest.skipUnless(full(), "with --full only")
class Plugin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.desktop = Desktop()
        cls.desktop.publish("1.0.0")
        cls.older = cls.desktop.publish("1.1.0", "Acme.AppImage", "Acme.deb")
        cls.lapsed = cls.desktop.lapsed()
        cls.newest = cls.desktop.publish("2.0.0", description="größer")

    def app(self, address: str = QUERY, desktop: Desktop | None = None, **more: object) -> App:
        desktop = desktop or self.desktop
        app = App([desktop.root() + address], desktop.signer.public_key, **more)
        self.addCleanup(app.close)
        return app

    def update(self, version: str = "1.0.0", who: str | None = "pro", **more: object) -> dict:
        return self.app(**more).update(version, shared().keys.get(who, who))

    def test_the_upgrade_is_found_downloaded_and_verified(self):
        for address in (QUERY, PATH, "/latest.json"):
            for strict in (False, True):
                said = self.update(address=address, requireSignedVersion=strict)
                self.assertEqual((said.get("update"), said.get("downloaded")), ("2.0.0", len(self.newest)), said)
                self.assertEqual(said["notes"], "größer")

    def test_a_licence_that_ended_before_gets_the_older_one(self):
        for address in (QUERY, "/latest.json"):
            said = self.update(who=self.lapsed, address=address)
            self.assertEqual(said.get("update"), "1.1.0", said)
            self.assertGreater(said.get("downloaded", 0), 0, said)

    def test_a_suspended_licence_gets_an_error_and_nothing(self):
        for who in ("suspended", "other", "WRONG", None):
            said = self.update(who=who)
            self.assertIn("Could not fetch a valid release JSON", said.get("error", ""), said)

    def test_nothing_new(self):
        for version in ("2.0.0", "3.0.0"):
            for address in (QUERY, PATH, "/latest.json"):
                self.assertEqual(self.update(version, address=address), {"update": None}, version)

    def test_a_version_that_nobody_released(self):
        for version in ("0.1.0", "1.0.9-beta.1+b.2"):
            self.assertEqual(self.update(version, address=PATH).get("update"), "2.0.0", version)
            self.assertEqual(self.update(version).get("downloaded"), len(self.newest))

    def test_the_format_that_the_app_was_installed_from(self):
        for address in (QUERY, PATH):
            said = self.update(bundle="DEB", address=address)
            self.assertEqual(said.get("update"), "1.1.0", said)
            self.assertTrue(said["url"].endswith("/1.1.0/Acme.deb"), said)
            self.assertGreater(said["downloaded"], 0)
        self.assertEqual(self.update(bundle="RPM"), {"update": None})

    def test_the_static_document_by_format(self):
        desktop = Desktop()
        desktop.publish("1.1.0", "Acme.AppImage", "Acme.deb")
        for bundle, name in (("DEB", "Acme.deb"), (None, "Acme.deb"), ("APP", "Acme.AppImage")):
            said = self.update(address="/latest.json", desktop=desktop, bundle=bundle)
            self.assertTrue(said.get("url", "").endswith(f"/1.1.0/{name}"), said)
            self.assertGreater(said["downloaded"], 0)

    def test_another_key_is_not_believed(self):
        other = Signer()
        self.addCleanup(other.close)
        app = App([self.desktop.root() + QUERY], other.public_key)
        self.addCleanup(app.close)
        self.assertIn("download_error", app.update("1.0.0", shared().keys["pro"]))

    def test_a_signature_without_a_version_is_refused_by_strict_apps_only(self):
        desktop = Desktop()
        release = desktop.release("1.1.0")
        content = b"the app"
        desktop.upload(release, "Acme.AppImage", content, "linux-x86_64")
        desktop.upload(release, "Acme.AppImage.sig", desktop.signer.sign("Acme.AppImage", content, None))
        said = self.update(desktop=desktop)
        self.assertEqual(said.get("downloaded"), len(content), said)
        self.assertIn("download_error", self.update(desktop=desktop, requireSignedVersion=True))

    def test_a_version_that_was_signed_for_another_release_never_gets_there(self):
        desktop = Desktop()
        release = desktop.release("9.9.9")
        desktop.upload(release, "Acme.AppImage", b"the app", "linux-x86_64")
        refused = desktop.upload(release, "Acme.AppImage.sig", desktop.signer.sign("Acme.AppImage", b"the app", "1.1.0"))
        self.assertEqual(refused["attributes"]["status"], "FAILED", refused)
        self.assertEqual(self.update(desktop=desktop), {"update": None})
