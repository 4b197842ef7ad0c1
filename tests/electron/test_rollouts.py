"""A release that is rolled out in stages: installations of one licence, told apart by the id that electron-updater makes
for each, and those outside at the version before."""

import unittest
import uuid

from shop import Scenario

INSTALLATIONS = [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"installation {number}")) for number in range(12)]


class Rollouts(Scenario):
    def setUp(self) -> None:
        super().setUp()
        line = self.line(blocks=2)
        self.old, self.new = line.build("1.0.0"), line.build("2.0.0", 1)

    def roll_out(self, percentage: float, **place: str | None) -> str:
        """Publishes the new version for a share of all; returns the rollout."""
        attributes = {"version": "2.0.0", "channel": "stable", "status": "DRAFT"}
        release = self.vendor.create("releases", attributes, **place)["id"]
        for file in self.new.files:
            self.vendor.publish(release, file.name, file.read_bytes())
        rollout = self.vendor.create("rollouts", {"percentage": percentage}, release=release)["id"]
        self.vendor.act("releases", release, "publish")
        return rollout

    def led_to(self, **feed: object) -> dict[str, str]:
        """The version that each installation is led to."""
        answers = {}
        for installation in INSTALLATIONS:
            done = self.app(self.old, **feed).update(onlyCheck=True, stagingId=installation)
            self.assertEqual(done.error, "", done)
            self.assertEqual(done.said["available"], done.version == "2.0.0", "those outside are told the version before")
            answers[installation] = done.version
        return answers

    def goes_through_its_stages(self, rollout: str, **feed: object) -> None:
        half = self.led_to(**feed)
        self.assertEqual(set(half.values()), {"1.0.0", "2.0.0"}, half)
        self.assertEqual(self.led_to(**feed), half, "an installation stays where it is")
        self.vendor.update("rollouts", rollout, percentage=100)
        self.assertEqual(set(self.led_to(**feed).values()), {"2.0.0"})
        self.vendor.act("rollouts", rollout, "pause")
        self.assertEqual(set(self.led_to(**feed).values()), {"1.0.0"})

    def test_through_the_engine(self):
        self.release("1.0.0", self.old)
        rollout = self.roll_out(50, product=self.world.product, package=self.package)
        self.goes_through_its_stages(rollout)

    def test_through_the_api_where_feeds_are_written(self):
        product = self.vendor.create("products", {"name": "Rolling"})["id"]
        policy = self.world.new_policy("Rolling", product=product)
        _, key = self.world.new_license("ROLLING", policy=policy)
        old = self.world.new_release("1.0.0", product=product)
        for file in self.old.files:
            self.vendor.publish(old, file.name, file.read_bytes())
        rollout = self.roll_out(50, product=product)
        account = self.vendor.must("GET", "/products?limit=1")[0]["relationships"]["account"]["data"]["id"]
        self.world.keys["rolling"] = key
        feed = {"provider": "keygen", "account": account, "product": product, "host": self.secured.address}
        apps = self.app
        self.app = lambda installed, **more: apps(installed, "rolling", **more)
        self.goes_through_its_stages(rollout, **feed)


if __name__ == "__main__":
    unittest.main()
