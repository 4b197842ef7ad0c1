"""What is taken away through one node is refused there at once, and below a second later by every other, while
customers keep reading."""

import itertools
import random
import time
import unittest
from collections.abc import Callable
from dataclasses import dataclass

from harness.cluster import Cluster, Watch, figures, say, shared, watching
from harness.places import full
from harness.server import Server
from harness.vendor import Vendor
from harness.waiting import until
from harness.wire import bearer, get
from harness.world import PAST

TRIALS = 500 if full() else 64
PACKUMENT = "/v1/engines/npm/@acme%2fwidget"
BOUND = 1.0
# Of an update, that there is none is the refusal.
REFUSED = (204, 401, 403, 404)


@dataclass
class Right:
    """Something that a customer may do, and how the vendor ends it and gives it back."""

    path: str
    headers: dict
    end: Callable[[Vendor], object]
    give_back: Callable[[Vendor], object]


class Rights:
    """One of every kind."""

    def __init__(self, cluster: Cluster) -> None:
        self.world = cluster.world
        self.numbers = itertools.count()
        world = self.world
        self.widget = world.new_npm("1.0.0", "2.0.0")
        self.path = "/v1/engines/npm/" + self.widget.name.replace("/", "%2f")

    def all(self) -> dict[str, Right]:
        return {
            "a licence suspended": self.suspension(),
            "a licence's token revoked": self.token(),
            "a release yanked": self.yank(),
            "an entitlement taken from a licence": self.entitlement(),
            "a policy that forbids keys": self.policy(),
            "an owner banned": self.ban(),
            "a licence expired": self.expiry(),
            "a licence deleted": self.deletion(),
            "a rollout paused": self.rollout(),
        }

    def suspension(self) -> Right:
        id, key = self.world.new_license("SUSPEND")
        act = lambda action: lambda vendor: vendor.act("licenses", id, action)
        return Right(self.path, bearer(key), act("suspend"), act("reinstate"))

    def token(self) -> Right:
        id, _ = self.world.new_license("TOKEN")
        right = Right(self.path, {}, lambda _: None, lambda _: None)

        def give(vendor: Vendor) -> None:
            made = vendor.must("POST", f"/licenses/{id}/tokens")
            right.headers = bearer(made["attributes"]["token"])
            right.end = lambda vendor: vendor.must("DELETE", f"/tokens/{made['id']}")

        right.give_back = give
        give(self.world.vendor)
        return right

    def yank(self) -> Right:
        made = self.world.new_npm("1.0.0")
        key = self.world.new_license("YANK")[1]
        act = lambda action: lambda vendor: vendor.act("releases", made.releases[0], action)
        path = "/v1/engines/npm/" + made.name.replace("/", "%2f")
        return Right(path, bearer(key), act("yank"), act("publish"))

    def entitlement(self) -> Right:
        made = self.world.new_npm("1.0.0", needs=[self.world.pro])
        id, key = self.world.new_license("ENTITLED", entitlements=[self.world.pro])
        data = {"data": [{"type": "entitlements", "id": self.world.pro}]}
        change = lambda method: lambda vendor: vendor.must(method, f"/licenses/{id}/entitlements", data)
        path = f"/v1/engines/npm/{made.name}/-/{made.name.removeprefix('@acme/')}-1.0.0.tgz"
        return Right(path, bearer(key), change("DELETE"), change("POST"))

    def policy(self) -> Right:
        policy = self.world.new_policy("Changing")
        key = self.world.new_license("POLICY", policy=policy)[1]
        change = lambda to: lambda vendor: vendor.update("policies", policy, authenticationStrategy=to)
        return Right(self.path, bearer(key), change("TOKEN"), change("MIXED"))

    def ban(self) -> Right:
        vendor = self.world.vendor
        user = vendor.create("users", {"email": f"owner{id(self)}@example.test"})["id"]
        key = f"BANNED-{id(self)}"
        vendor.create("licenses", {"key": key}, policy=self.world.policy, owner=user)
        act = lambda action: lambda vendor: vendor.act("users", user, action)
        return Right(self.path, bearer(key), act("ban"), act("unban"))

    def expiry(self) -> Right:
        id, key = self.world.new_license("EXPIRING", policy=self.world.revoking)
        change = lambda to: lambda vendor: vendor.update("licenses", id, expiry=to)
        return Right(self.path, bearer(key), change(PAST), change(None))

    def deletion(self) -> Right:
        made = {}
        key = f"DELETED-{id(self)}"

        def give(vendor: Vendor) -> None:
            made.update(vendor.create("licenses", {"key": key}, policy=self.world.policy))

        give(self.world.vendor)
        end = lambda vendor: vendor.must("DELETE", f"/licenses/{made['id']}")
        return Right(self.path, bearer(key), end, give)

    def rollout(self) -> Right:
        release = self.world.new_release("2.0.0", self.world.new_package("rolled-out", "squirrel"))
        self.world.vendor.publish(release, "app-2.0.0-mac.zip", b"an app", platform="darwin", arch="arm64")
        rollout = self.world.vendor.create("rollouts", {"percentage": 100}, release=release)["id"]
        act = lambda action: lambda vendor: vendor.act("rollouts", rollout, action)
        key = self.world.new_license("ROLLED-OUT")[1]
        path = "/v1/engines/squirrel/rolled-out/darwin-arm64/1.0.0"
        return Right(path, bearer(key), act("pause"), act("resume"))


class Revocation(unittest.TestCase):
    def test_every_kind_on_a_random_node(self):
        cluster = shared()
        rights = Rights(cluster).all()
        world = cluster.world
        customer = bearer(world.new_license("READER")[1])
        dice = random.Random(TRIALS)
        late: dict[str, list[float]] = {kind: [] for kind in rights}
        back: list[float] = []
        path = next(iter(rights.values())).path
        load = [Watch(node, path, customer, pause=0.002) for node in cluster.nodes]
        with watching(*load):
            for trial in range(TRIALS):
                kind = list(rights)[trial % len(rights)]
                first = dice.choice(cluster.nodes)
                late[kind] += self.trial(cluster, kind, rights[kind], first)
                back.append(self.give_back(cluster, rights[kind], dice.choice(cluster.nodes)))
        reads = [read for watch in load for read in watch.seen]
        self.assertEqual({status for _, _, status in reads}, {200}, "a customer who lost nothing was refused")
        for kind, times in late.items():
            say(f"{kind}: on the other nodes {figures(times)}")
        every = [time for times in late.values() for time in times]
        say(f"{TRIALS} revocations: on the other nodes {figures(every)}; given back {figures(back)}")
        say(f"meanwhile {len(reads)} reads by another customer: {figures([end - began for began, end, _ in reads])}")
        self.assertEqual(len(every), 2 * TRIALS)
        self.assertLess(max(every), BOUND)

    def trial(self, cluster: Cluster, kind: str, right: Right, first: Server) -> list[float]:
        """Ends a right through a node; how long each other node still granted it."""
        watches = [Watch(node, right.path, right.headers) for node in cluster.others(first)]
        with watching(*watches):
            until(lambda: all(watch.latest() == 200 for watch in watches), f"{kind}: granted", every=0.002)
            right.end(cluster.vendor(first))
            ended = time.monotonic()
            refused = get(first.url + right.path, right.headers).status
            self.assertIn(refused, REFUSED, f"{kind}: {cluster.name(first)} granted it after it was ended there")
            until(lambda: all(watch.latest() in REFUSED for watch in watches), f"{kind}: refused", 10, 0.002)
            until(lambda: time.monotonic() > ended + 0.05, "what is late")
        statuses = {status for watch in watches for _, _, status in watch.seen}
        self.assertLessEqual(statuses, {200, *REFUSED}, kind)
        return [self.last(watch, ended) for watch in watches]

    def last(self, watch: Watch, since: float) -> float:
        """When the last good answer came, after the vendor was told that the right has ended."""
        return max([0.0, *(came - since for _, came, status in watch.seen if status == 200)])

    def give_back(self, cluster: Cluster, right: Right, node: Server) -> float:
        right.give_back(cluster.vendor(node))
        given = time.monotonic()
        for other in cluster.nodes:
            until(lambda: get(other.url + right.path, right.headers).status == 200, "given back", every=0.01)
        return time.monotonic() - given
