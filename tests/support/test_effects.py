"""What requests leave in the event log, counted from outside."""

import unittest

from harness.shop import Shop
from harness.wire import bearer

FROZEN = "2024-01-15T00:00:00.000Z"
TIMES = 5


class Effects(Shop):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.bench.freeze, None)

    def counted(self) -> int:
        return self.bench.must("GET", "/effects")["counts"]["event-log"]

    def logged(self) -> list[str]:
        return [record["attributes"]["event"] for record in self.bench.records("event_logs", self.acme.id)]

    def test_fixtures_and_reads_are_none(self):
        _, artifact = self.stock()
        for path in ("/releases", "/artifacts", f"/artifacts/{artifact['id']}?prefer=no-download", "/event-logs"):
            self.assertEqual(self.acme.get(path).status, 200)
        self.assertEqual((self.counted(), self.logged()), (0, []))
        self.acme.make("event_logs", event="release.created", resource_type="releases", resource_id=self.acme.id)
        self.assertEqual((self.counted(), self.logged()), (0, ["release.created"]))

    def test_each_change_is_one(self):
        product = {"data": {"type": "products", "attributes": {"name": "Made"}}}
        made = self.acme.ask("POST", "/products", product).json()["data"]["id"]
        self.acme.ask("PATCH", f"/products/{made}", {"data": {"type": "products", "attributes": {"name": "New"}}})
        self.acme.ask("DELETE", f"/products/{made}")
        self.assertEqual(self.acme.ask("POST", "/products", {"data": {"type": "products"}}).status, 400)
        self.assertEqual(self.logged(), ["product.created", "product.updated", "product.deleted"])
        self.assertEqual(self.counted(), 3)
        self.bench.reset()
        self.assertEqual(self.counted(), 0)

    def test_downloads_in_their_order_on_a_frozen_day(self):
        _, artifact = self.stock()
        token = self.acme.token_of("users", self.acme.admin, expiry=None)
        self.bench.freeze(FROZEN)
        release = self.acme.release(self.product, "2.0.0", status="DRAFT", created_at="2023-01-01T00:00:00Z")
        for action in ("publish", "yank"):
            self.acme.ask("POST", f"/releases/{release['id']}/actions/{action}", token=token)
        for _ in range(TIMES):
            self.says(None, f"/artifacts/{artifact['id']}", 404)
            self.says(bearer(token), f"/artifacts/{artifact['id']}", 303)
            self.says({**bearer(token), "Prefer": "no-redirect"}, f"/artifacts/{artifact['id']}", 200)
        downloads = ["artifact.downloaded", "release.downloaded"] * (2 * TIMES)
        self.assertEqual(self.logged(), ["release.published", "release.yanked", *downloads])
        self.assertEqual(self.counted(), 2 + len(downloads))
        listed = self.acme.get("/event-logs?limit=3&order=asc", token=token).json()["data"]
        names = [record["attributes"]["event"] for record in listed]
        self.assertEqual(names, ["release.published", "release.yanked", "artifact.downloaded"])
        self.assertEqual({record["attributes"]["created"] for record in listed}, {FROZEN})

    def test_accounts_are_counted_together_and_shown_apart(self):
        other = self.bench.account()
        body = {"data": {"type": "products", "attributes": {"name": "Made"}}}
        for tenant in (self.acme, other):
            self.assertEqual(tenant.ask("POST", "/products", body).status, 201)
        self.assertEqual(self.counted(), 2)
        self.assertEqual(self.logged(), ["product.created"])


if __name__ == "__main__":
    unittest.main()
