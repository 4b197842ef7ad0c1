"""Files that are sent to an object store, which nobody tells us of. The server's day stands still, so nothing is looked
for by itself: a file that is noticed was looked for because somebody asked (`distribution.md` §8)."""

import unittest
from datetime import UTC, datetime

from harness import seaweed
from harness.bench import Bench
from harness.faults import FaultyStore
from harness.parts import MIB, PartsUpload
from harness.shop import Shop
from harness.vendor import Vendor
from harness.waiting import until


class Arrivals(Shop):
    @classmethod
    def setUpClass(cls):
        cls.store = FaultyStore(seaweed.shared())
        cls.addClassCleanup(cls.store.close)
        cls.bench = Bench("--blobs", cls.store.url("arrivals"), environment=seaweed.shared().environment())
        cls.addClassCleanup(cls.bench.close)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.bench.freeze, None)
        self.bench.freeze(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        self.vendor = Vendor(self.bench.server.url, self.acme.token)
        self.release = self.acme.release(self.product, "1.0.0", status="DRAFT")

    def start(self, filename: str = "app.bin", **more: object) -> tuple[str, str]:
        return self.vendor.start_upload(self.release["id"], filename, **more)

    def status(self, artifact: str) -> str:
        """As it is stored: asking the API would be asking for the artifact."""
        (found,) = [record for record in self.bench.records("artifacts") if record["id"] == artifact]
        return found["attributes"]["status"]

    def is_noticed(self, artifact: str) -> None:
        until(lambda: self.status(artifact) == "UPLOADED", "the file is noticed")

    def sent(self) -> str:
        """A file that has arrived, and was not noticed."""
        artifact, url = self.start()
        self.assertIn(self.store.endpoint, url)
        self.assertEqual(self.vendor.put(url, b"whole").status, 200)
        self.bench.idle()
        self.assertEqual(self.status(artifact), "WAITING", "the day stands still")
        return artifact

    def test_asking_for_it_has_it_looked_for_at_once(self):
        artifact = self.sent()
        self.assertEqual(self.acme.get(f"/artifacts/{artifact}").status, 200, "not yet")
        self.is_noticed(artifact)
        self.assertEqual(self.acme.get(f"/artifacts/{artifact}").status, 303)

    def test_so_does_asking_before_it_has_come(self):
        artifact, url = self.start()
        for _ in range(3):
            self.assertEqual(self.acme.get(f"/artifacts/{artifact}").status, 200)
            self.bench.idle()
        self.assertEqual(self.status(artifact), "WAITING")
        self.assertEqual(self.vendor.put(url, b"whole").status, 200)
        self.acme.get(f"/releases/{self.release['id']}/artifacts/app.bin")
        self.is_noticed(artifact)

    def test_publishing_its_release_has_it_looked_for_at_once(self):
        artifact = self.sent()
        self.vendor.must("POST", f"/releases/{self.release['id']}/actions/publish")
        self.is_noticed(artifact)

    def test_one_that_comes_in_parts_is_not_looked_for(self):
        self.store.fail("slow", "HEAD", "/incoming/")  # by no time: it counts
        self.addCleanup(self.store.recover)
        whole, _ = self.start()
        self.acme.get(f"/artifacts/{whole}")
        self.bench.idle()
        looks = self.store.count("slow")
        self.assertGreater(looks, 0)
        parts = PartsUpload(self.vendor, self.release["id"], "parts.bin", 6 * MIB, 5 * MIB)
        self.assertEqual(self.acme.get(f"/artifacts/{parts.id}").status, 200)
        self.bench.idle()
        self.assertEqual(self.store.count("slow"), looks)


if __name__ == "__main__":
    unittest.main()
