"""Files in an object store, which refuses requests that bear another credential beside their URL's, and limits on: an app
gets its deltas all the same, and no credential ever leaves our host."""

import unittest

import shop
from harness import seaweed
from harness.electron import App, Secured
from shop import Scenario

LIMITS = {"KEYWAY_RATE_LIMITS": "30s:60, 5m:500"}


class ObjectStore(Scenario):
    @classmethod
    def setUpClass(cls) -> None:
        store = seaweed.shared()
        cls.own = Secured("--blobs", store.url("electron"), environment={**store.environment(), **LIMITS})
        cls.addClassCleanup(cls.own.close)

    def setUp(self) -> None:
        self.secured = self.own
        self.world, self.vendor = self.own.world, self.own.world.vendor
        self.key = f"app{next(shop.numbers)}"
        self.package = self.world.new_package(self.key, "electron")

    def keygen(self, installed, who: str = "basic") -> App:
        account = self.vendor.must("GET", "/products?limit=1")[0]["relationships"]["account"]["data"]["id"]
        feed = {"provider": "keygen", "account": account, "product": self.world.product, "host": self.own.address}
        app = App(self.own, "NsisUpdater", installed, self.world.keys[who], feed)
        self.addCleanup(app.close)
        return app

    def stays_here(self, done) -> None:
        """No request to another host, and every one to ours with the credential."""
        self.assertTrue(all(self.own.address in request["url"] and request["authorized"] for request in done.requests), done)

    def test_the_engine_streams(self):
        line = self.line()
        old, new = line.build("1.0.0"), line.build("1.1.0", 7, 20, 44)
        self.release("1.0.0", old)
        self.release("1.1.0", new)
        done = self.updates(self.app(old), new)
        self.assertLess(done.fetched("1.1.0.exe"), new.size // 4)
        self.stays_here(done)
        whole = self.updates(self.app("0.9.0", updater="MacUpdater"), self.with_zip(), whole=True)
        self.stays_here(whole)

    def with_zip(self):
        build = self.line("App-{}-mac.zip", 5).build("1.2.0")
        self.release("1.2.0", build)
        return build

    def test_deltas_through_the_api_whatever_the_network_stack_does(self):
        """More ranges than requests are allowed; a redirect on the way would end them."""
        line = self.line(blocks=400)
        old, new = line.build("1.0.0"), line.build("1.1.0", *range(10, 390, 4))
        for build in (old, new):
            release = self.world.new_release(build.version)
            self.addCleanup(self.vendor.must, "DELETE", f"/releases/{release}")
            for file in build.files:
                self.vendor.publish(release, file.name, file.read_bytes())
        for keeps in (True, False):
            done = self.updates(self.keygen(old), new, keeps=keeps)
            ranged = [request for request in done.requests if request["range"]]
            self.assertGreater(len(ranged), 60)
            self.assertEqual({request["status"] for request in ranged}, {206})
            elsewhere = [request for request in done.requests if self.own.address not in request["url"]]
            self.assertFalse([request for request in elsewhere if request["authorized"]], done)
        whole = self.updates(self.keygen("0.9.0"), new, whole=True)
        elsewhere = [request for request in whole.requests if self.own.address not in request["url"]]
        self.assertTrue(elsewhere, "the whole file comes from the store")
        self.assertFalse([request for request in elsewhere if request["authorized"]], whole)


if __name__ == "__main__":
    unittest.main()
