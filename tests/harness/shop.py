"""What scenarios of the distribution API begin with: an account with a product and a policy."""

import unittest

from .bench import Bench

OK = 200


class Shop(unittest.TestCase):
    """An account with a product and a policy; everything else is each test's own."""

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.close)

    def setUp(self):
        self.bench.reset()
        self.acme = self.bench.account()
        self.product = self.acme.product(code="acme")
        self.policy = self.acme.policy(self.product)

    def stock(self, product: dict | None = None, version: str = "1.0.0", **release: object) -> tuple[dict, dict]:
        """A published release with an uploaded artifact."""
        made = self.acme.release(product or self.product, version, **release)
        return made, self.acme.artifact(made, f"app-{version}.bin")

    def entitlement(self, code: str) -> dict:
        return self.acme.make("entitlements", name=code, code=code)

    def constrain(self, release: dict, *entitlements: dict) -> None:
        for entitlement in entitlements:
            self.acme.make("constraints", release_id=release["id"], entitlement_id=entitlement["id"])

    def entitle(self, license: dict, *entitlements: dict) -> None:
        for entitlement in entitlements:
            self.acme.make("license_entitlements", license_id=license["id"], entitlement_id=entitlement["id"])

    def key(self, license: dict) -> str:
        return license["attributes"]["key"]

    def says(self, headers: dict | None, path: str, status: int, code: str | None = None, **more: object) -> dict:
        """Asks and checks status and code; nobody asks when there are no headers."""
        answer = self.acme.ask(more.pop("method", "GET"), path, more.pop("body", None), token=None, headers=headers or {})
        with self.subTest(path=path, **more):
            self.assertEqual(answer.status, status, f"{path}: {answer}")
            if code:
                self.assertEqual(answer.json()["errors"][0].get("code"), code, f"{path}: {answer}")
        return answer

    def ids(self, headers: dict | None, path: str) -> set:
        answer = self.acme.ask("GET", path, token=None, headers=headers or {})
        self.assertEqual(answer.status, OK, f"{path}: {answer}")
        return {record["id"] for record in answer.json()["data"]}
