"""Who sees which releases and files of generated worlds, against a reading of the specification (§3) of its own."""

import random
import unittest
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from harness.shop import Shop
from harness.wire import bearer, license_header

SEED, WORLDS = 3, 2
RELEASES, LICENSES, USERS = 16, 8, 3
STRATEGIES = ["REVOKE_ACCESS", "RESTRICT_ACCESS", "MAINTAIN_ACCESS", "ALLOW_ACCESS"]
FILES = ["UPLOADED", "WAITING", "PROCESSING", "FAILED"]
TEAM = ["developer", "sales-agent", "support-agent", "read-only"]
NOW = datetime.now(UTC)


class Release(NamedTuple):
    record: dict
    product: str
    distribution: str
    status: str
    day: int
    needs: set
    files: dict

    def is_open(self) -> bool:
        return self.status == "PUBLISHED" and self.distribution == "OPEN" and not self.needs


class License(NamedTuple):
    record: dict
    product: str
    strategy: str
    expiry: int | None
    holds: set
    users: set

    def revoked(self) -> bool:
        return self.strategy == "REVOKE_ACCESS" and self.expiry is not None and self.expiry < 0

    def sees(self, release: Release) -> bool:
        if release.is_open():
            return True
        if release.status != "PUBLISHED" or release.distribution == "CLOSED" or release.product != self.product:
            return False
        if not release.needs <= self.holds or self.revoked():
            return False
        unlimited = self.expiry is None or self.strategy in ("ALLOW_ACCESS", "REVOKE_ACCESS")
        return unlimited or release.day <= self.expiry


def day(number: int | None) -> str | None:
    return None if number is None else (NOW + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Worlds(Shop):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)

    def some(self, records: list, counts: list) -> list:
        return self.random.sample(records, self.random.choice(counts))

    def release(self, number: int, products: list, entitlements: list) -> Release:
        pick = self.random.choice
        product, made, backdated = pick(products), pick([-300, -200, -100, -10]), pick([None, None, -250, -150])
        status = pick(["PUBLISHED"] * 4 + ["DRAFT", "YANKED"])
        times = {"created_at": day(made), "backdated": day(backdated)}
        record = self.acme.release(product, f"{number}.0.0", status=status, **times)
        needs = self.some(entitlements, [0, 0, 0, 1, 2])
        self.constrain(record, *needs)
        states = self.random.sample(FILES, 2)
        files = {self.acme.artifact(record, state, status=state)["id"]: state for state in states}
        distribution = product["attributes"]["distribution_strategy"]
        ids = {entitlement["id"] for entitlement in needs}
        return Release(record, product["id"], distribution, status, backdated or made, ids, files)

    def license(self, policies: list, entitlements: list, users: list) -> License:
        policy, inherited = self.random.choice(policies)
        expiry = self.random.choice([None, None, -220, -120, -5, 50])
        owner = self.random.choice([None, *users])
        record = self.acme.license(policy, expiry=day(expiry), owner_id=owner and owner["id"])
        attached = self.some([user for user in users if user is not owner], [0, 0, 1])
        for user in attached:
            self.acme.make("license_users", license_id=record["id"], user_id=user["id"])
        own = self.some(entitlements, [0, 0, 1, 2])
        self.entitle(record, *own)
        holds = {entitlement["id"] for entitlement in [*inherited, *own]}
        given = policy["attributes"]
        whose = {user["id"] for user in [*attached, *([owner] if owner else [])]}
        return License(record, given["product_id"], given["expiration_strategy"], expiry, holds, whose)

    def policies(self, products: list, entitlements: list) -> list:
        made = []
        for product in products:
            for strategy in self.random.sample(STRATEGIES, 2):
                policy = self.acme.policy(product, expiration_strategy=strategy)
                inherited = self.some(entitlements, [0, 0, 1])
                for entitlement in inherited:
                    self.acme.make("policy_entitlements", policy_id=policy["id"], entitlement_id=entitlement["id"])
                made.append((policy, inherited))
        return made

    def check(self, name: str, headers: dict, releases: list, sees, is_vendor: bool) -> None:
        """Lists, releases and downloads agree with what the caller is to see."""
        with self.subTest(caller=name):
            seen = [release for release in releases if sees(release)]
            listed = self.ids(headers, "/releases?limit=100")
            self.assertEqual(listed, {release.record["id"] for release in seen})
            files = {id for release in seen for id, state in release.files.items() if is_vendor or state == "UPLOADED"}
            self.assertEqual(self.ids(headers, "/artifacts?limit=100"), files)
            for release in self.random.sample(releases, 4):
                expected = 200 if release in seen else 404
                self.says(headers, f"/releases/{release.record['id']}", expected)
                for file, state in release.files.items():
                    ready = state == "UPLOADED" and release.status != "YANKED"
                    self.says(headers, f"/artifacts/{file}", (303 if ready else 200) if file in files else 404)

    def test_everybody_sees_what_is_theirs(self):
        for _ in range(WORLDS):
            super().setUp()
            self.check_world()

    def check_world(self):
        entitlements = [self.entitlement(code) for code in "ABC"]
        products = [
            self.acme.product(distribution_strategy=strategy) for strategy in ("LICENSED", "OPEN", "CLOSED", "LICENSED")
        ]
        policies = self.policies(products, entitlements)
        releases = [self.release(number, products, entitlements) for number in range(1, RELEASES)]
        users = [self.acme.make("users", email=f"user-{number}@acme.example") for number in range(USERS)]
        licenses = [self.license(policies, entitlements, users) for _ in range(LICENSES)]

        everything = lambda _: True  # noqa: E731
        self.check("admin", bearer(self.acme.token), releases, everything, True)
        for role in TEAM:
            member = self.acme.make("users", email=f"{role}@acme.example", role=role)
            self.check(role, bearer(self.acme.token_of("users", member)), releases, everything, True)
        for product in products:
            token = bearer(self.acme.token_of("products", product))
            self.check("product", token, releases, lambda release, id=product["id"]: release.product == id, True)
        self.check("nobody", {}, releases, Release.is_open, False)
        for user in users:
            theirs = [license for license in licenses if user["id"] in license.users]
            sees = lambda release, theirs=theirs: release.is_open() or any(held.sees(release) for held in theirs)  # noqa: E731
            self.check("user", bearer(self.acme.token_of("users", user)), releases, sees, False)
        for license in licenses:
            token = bearer(self.acme.token_of("licenses", license.record))
            self.check(f"token of {license}", token, releases, license.sees, False)
            if not license.revoked():
                key = license_header(self.key(license.record))
                self.check(f"key of {license}", key, releases, license.sees, False)


if __name__ == "__main__":
    unittest.main()
