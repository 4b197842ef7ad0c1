"""KeygenPublisher and KeygenProvider over TLS on port 443, against the JSON:API."""

import unittest

from harness.electron import App, Build
from harness.publishing import product_token
from harness.wire import get, license_header
from shop import Scenario, numbers


class Keygen(Scenario):
    """A product of its own, whose releases are in no package, as the publisher makes them."""

    def setUp(self) -> None:
        super().setUp()
        create = self.vendor.create
        self.product = create("products", {"name": f"Desk {next(numbers)}"})["id"]
        policy = self.world.new_policy("Desk", product=self.product)
        self.license, self.good = self.world.new_license("DESK", policy=policy)

    def publish(self, build: Build, *feeds: str, platform: str = "win32", **more: object) -> None:
        """Publishes with the real publisher: the files, and last the feeds of these names."""
        files = [str(file) for file in build.files]
        for name in feeds:
            feed = build.file.with_name(name)
            feed.write_text(build.feed())
            files.append(str(feed))
        info = {"account": self.account, "product": self.product, "host": self.secured.address, "platform": platform, **more}
        token = product_token(self.world, self.product)
        asked = {"info": info, "version": build.version, "files": files, "token": token, "atOnce": more.get("atOnce", False)}
        done = self.secured.node("app-builder-lib", "publisher.cjs", asked)
        self.assertEqual(done.returncode, 0, done.stderr)
        for release in self.vendor.must("GET", f"/releases?product={self.product}&limit=100"):
            for artifact in self.vendor.must("GET", f"/releases/{release['id']}/artifacts"):
                settled = self.vendor.settled(artifact["id"])["attributes"]
                self.assertEqual(settled["status"], "UPLOADED", settled)

    @property
    def account(self) -> str:
        return self.vendor.must("GET", "/products?limit=1")[0]["relationships"]["account"]["data"]["id"]

    def app(self, installed: Build | str, who: str | None = None, updater: str = "NsisUpdater", **feed: object) -> App:
        provider = {"provider": "keygen", "account": self.account, "product": self.product, "host": self.secured.address}
        app = App(self.secured, updater, installed, who or self.good, {**provider, **feed})
        self.addCleanup(app.close)
        return app

    def test_from_the_publisher_to_the_updater(self):
        line = self.line()
        old, new = line.build("1.0.0"), line.build("1.1.0", 7, 20, 44)
        self.publish(old, "stable.yml")
        self.publish(new, "stable.yml")
        release = self.vendor.must("GET", f"/releases/1.1.0?product={self.product}")
        self.assertEqual(release["attributes"]["status"], "PUBLISHED")
        kinds = {
            artifact["attributes"]["filename"]: (artifact["attributes"]["filetype"], artifact["attributes"]["platform"])
            for artifact in self.vendor.must("GET", f"/releases/{release['id']}/artifacts")
        }
        self.assertEqual(
            kinds,
            {
                "App Setup 1.1.0.exe": ("exe", "win32"),
                "App Setup 1.1.0.exe.blockmap": ("exe.blockmap", "win32"),
                "stable.yml": ("yml", "win32"),
            },
        )
        done = self.updates(self.app(old), new)
        ranged = [request for request in done.requests if request["range"]]
        self.assertGreaterEqual(len(ranged), 3)
        self.assertEqual({(request["status"], request["authorized"]) for request in ranged}, {(206, True)})
        self.assertLess(done.fetched("1.1.0.exe?"), new.size // 4)
        self.stays(self.app(new), "1.1.0")

    def test_whole_downloads_take_no_credential_along(self):
        build = self.line(blocks=3).build("1.0.0")
        self.publish(build, "stable.yml")
        for keeps in (False, True):
            done = self.updates(self.app("0.9.0"), build, whole=True, keeps=keeps)
            elsewhere = [request for request in done.requests if "/artifacts/" not in request["url"]]
            self.assertTrue(elsewhere and all(request["status"] == 200 for request in elsewhere), done)

    def test_several_at_once(self):
        build = self.line(blocks=2).build("2.0.0")
        self.publish(build, "stable.yml", atOnce=True)
        self.updates(self.app("1.0.0"), build, whole=True)

    def test_linux_and_a_beta(self):
        line = self.line("App-{}.AppImage")
        old, new = line.build("1.0.0-beta.1"), line.build("1.0.0-beta.2", 7, 30)
        for build in (old, new):
            self.publish(build, "beta-linux.yml", platform="linux", channel="beta")
        done = self.updates(self.app(old, updater="AppImageUpdater", channel="beta"), new)
        self.assertLess(done.fetched("beta.2.AppImage"), new.size // 3)
        self.fails(self.app(old, updater="AppImageUpdater"), "ERR_UPDATER_LATEST_VERSION_NOT_FOUND")

    def test_a_feed_is_written_where_none_was_uploaded(self):
        line = self.line()
        old, new = line.build("1.0.0"), line.build("1.1.0", 11)
        self.publish(old)
        self.publish(new)
        done = self.updates(self.app(old), new)
        self.assertLess(done.fetched("1.1.0.exe?"), new.size // 4)
        feed = get(f"{self.world.server.url}/v1/artifacts/stable.yml?product={self.product}", license_header(self.good))
        self.assertEqual((feed.status, feed.header("content-type")), (200, "text/yaml; charset=utf-8"))
        self.assertIn("offer; version=1.1.0", feed.header("x-update-decision"))
        self.assertEqual(feed.header("location"), "")
        none = get(f"{self.world.server.url}/v1/artifacts/stable-mac.yml?product={self.product}", license_header(self.good))
        self.assertEqual((none.status, none.json()["errors"][0]["code"]), (404, "NOT_FOUND"))
        self.assertIn("reason=no-artifact", none.header("x-update-decision"))

    def test_a_product_may_want_feeds_of_ours(self):
        line = self.line(blocks=2)
        old, new = line.build("1.0.0"), line.build("1.1.0", 1)
        self.publish(old, "stable.yml")
        self.publish(new, "stable.yml")
        date = self.app(old).update(onlyCheck=True).said["info"]["releaseDate"]
        self.assertEqual(date, "2026-01-01T00:00:00.000Z")
        self.vendor.update("products", self.product, metadata={"generatedFeeds": True})
        done = self.updates(self.app(old), new)
        self.assertNotEqual(done.said["info"]["releaseDate"], date)

    def test_the_map_of_a_withdrawn_version_is_still_there(self):
        line = self.line()
        old, new = line.build("1.0.0"), line.build("1.1.0", 5)
        self.publish(old, "stable.yml")
        self.publish(new, "stable.yml")
        withdrawn = self.vendor.must("GET", f"/releases/1.0.0?product={self.product}")["id"]
        self.vendor.act("releases", withdrawn, "yank")
        done = self.updates(self.app(old), new)
        self.assertLess(done.fetched("1.1.0.exe?"), new.size // 4)

    def test_licences(self):
        line = self.line(blocks=1)
        old, new = line.build("1.0.0"), line.build("1.1.0", 0)
        self.publish(old, "stable.yml")
        self.publish(new, "stable.yml")
        pro = self.vendor.must("GET", f"/releases/1.1.0?product={self.product}")["id"]
        self.vendor.constrain(pro, self.world.pro)
        self.updates(self.app("0.9.0"), old, whole=True)
        self.vendor.act("licenses", self.license, "suspend")
        self.fails(self.app("0.9.0"), "ERR_UPDATER_LATEST_VERSION_NOT_FOUND", "403")
        self.fails(self.app("0.9.0", "WRONG-KEY-0000"), "ERR_UPDATER_LATEST_VERSION_NOT_FOUND", "401")


if __name__ == "__main__":
    unittest.main()
