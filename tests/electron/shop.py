"""What the scenarios share: one secured world, packages with builds in them, and apps that update from there."""

import itertools
import unittest

from harness.electron import App, Build, Line, Secured, Updated

numbers = itertools.count(1)
_shared: list[Secured] = []


def secured() -> Secured:
    if not _shared:
        _shared.append(Secured())
        unittest.addModuleCleanup(close)
    return _shared[0]


def close() -> None:
    while _shared:
        _shared.pop().close()


class Scenario(unittest.TestCase):
    """A package of its own for each test."""

    def setUp(self) -> None:
        self.secured = secured()
        self.world, self.vendor = self.secured.world, self.secured.world.vendor
        self.key = f"app{next(numbers)}"
        self.package = self.world.new_package(self.key, "electron")

    def base(self, key: str | None = None) -> str:
        return f"{self.world.registry('electron')}/{key or self.key}/"

    def release(self, version: str, *builds: Build, feed: str | None = None, **attributes: object) -> str:
        """A published release with these files, and with the vendor's own feed if it has a name."""
        release = self.world.new_release(version, self.package, **attributes)
        for build in builds:
            for file in build.files:
                self.vendor.publish(release, file.name, file.read_bytes())
        if feed:
            self.vendor.publish(release, feed, builds[0].feed().encode())
        return release

    def line(self, pattern: str = "App Setup {}.exe", blocks: int = 50) -> Line:
        return Line(self.secured, pattern, blocks)

    def app(self, installed: Build | str, who: str | None = "basic", updater: str = "NsisUpdater", **feed: object) -> App:
        """An app that updates from this package with a licence of the world, or with a key."""
        license = self.world.keys.get(who, who) if who else None
        app = App(self.secured, updater, installed, license, {"provider": "generic", "url": self.base(), **feed})
        self.addCleanup(app.close)
        return app

    def updates(self, app: App, to: Build, **more: object) -> Updated:
        """An update that has to arrive whole."""
        done = app.update(**more)
        self.assertEqual(done.error, "", done)
        self.assertEqual((done.version, done.content == to.file.read_bytes()), (to.version, True), done)
        return done

    def stays(self, app: App, version: str, **more: object) -> Updated:
        """A check that finds nothing new."""
        done = app.update(**more)
        self.assertEqual((done.error, done.version, done.said["available"]), ("", version, False), done)
        return done

    def fails(self, app: App, *texts: str) -> Updated:
        done = app.update()
        self.assertNotEqual(done.error, "", done)
        for text in texts:
            self.assertIn(text, done.error)
        return done
