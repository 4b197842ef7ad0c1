"""Releases that are rolled out in stages: who is in stays in, a pause stops all within a second, and a restart changes
nothing."""

import re
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness.server import Server
from harness.waiting import until
from harness.wire import Connection, license_header
from harness.world import World

FLEET = 1000
LANES = 8
VERSION = re.compile(r"^version: *['\"]?([^'\"\s]+)", re.MULTILINE)


class Shop:
    """A package with 1.0.0, and 2.0.0 that is rolled out to a share."""

    def __init__(self, world: World, key: str, percentage: float, **rollout: object) -> None:
        self.world, self.key = world, key
        self.package = world.new_package(key, "electron")
        self.old = self.release("1.0.0")
        self.new = self.release("2.0.0", status="DRAFT")
        made = world.vendor.create("rollouts", {"percentage": percentage, **rollout}, release=self.new)
        self.rollout = made["id"]
        world.vendor.act("releases", self.new, "publish")

    def release(self, version: str, **attributes: object) -> str:
        release = self.world.new_release(version, self.package, **attributes)
        name = f"{self.key}-{version}.AppImage"
        self.world.vendor.publish(release, name, f"{self.key} {version}".encode() * 40, platform="linux", arch="x64")
        return release

    def raise_to(self, percentage: float) -> None:
        self.world.vendor.update("rollouts", self.rollout, percentage=percentage)

    def act(self, action: str, reason: str | None = None) -> None:
        meta = {"meta": {"reason": reason}} if reason else None
        self.world.vendor.must("POST", f"/rollouts/{self.rollout}/actions/{action}", meta)

    def poll(self, connection: Connection, headers: dict) -> str:
        """The version that an updater is led to."""
        answer = connection.request("GET", f"/{self.key}/latest-linux.yml", headers=headers)
        found = VERSION.search(answer.text())
        assert answer.status == 200 and found, answer
        return found.group(1)

    def connection(self) -> Connection:
        return Connection(self.world.server.registry("electron"))

    def ask(self, headers: list[dict]) -> list[str]:
        """What each of a fleet is led to."""

        def lane(number: int) -> list[str]:
            connection = self.connection()
            try:
                return [self.poll(connection, given) for given in headers[number::LANES]]
            finally:
                connection.close()

        with ThreadPoolExecutor(LANES) as pool:
            lanes = list(pool.map(lane, range(LANES)))
        answers: list[str] = [""] * len(headers)
        for number, lane_answers in enumerate(lanes):
            answers[number::LANES] = lane_answers
        return answers


def members(answers: list[str]) -> set[int]:
    return {number for number, version in enumerate(answers) if version == "2.0.0"}


class Rollouts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)
        cls.world = World(cls.server)

    def test_a_thousand_licences(self):
        """10 % to 50 % keeps the first group; a restart keeps every bucket; pausing stops all within a second."""
        world = self.world
        with ThreadPoolExecutor(LANES) as pool:
            keys = list(pool.map(lambda _: world.new_license("FLEET")[1], range(FLEET)))
        fleet = [license_header(key) for key in keys]
        shop = Shop(world, "licensed", 10)
        first = members(shop.ask(fleet))
        self.assertTrue(60 <= len(first) <= 140, f"{len(first)} of {FLEET} are in")
        shop.raise_to(50)
        half = members(shop.ask(fleet))
        self.assertTrue(420 <= len(half) <= 580, f"{len(half)} of {FLEET} are in")
        self.assertEqual(first - half, set(), "raising the share drops nobody")
        print(f"10 %: {len(first)}, 50 %: {len(half)} of {FLEET}; none of the first left", flush=True)
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        world.vendor.local = threading.local()
        self.assertEqual(members(shop.ask(fleet)), half, "a restart keeps the buckets")
        self.pausing_stops_all(shop, [fleet[number] for number in sorted(half)])

    def pausing_stops_all(self, shop: Shop, fleet: list[dict]) -> None:
        last_seen, done = [0.0] * LANES, threading.Event()

        def watch(lane: int) -> None:
            connection = shop.connection()
            while not done.is_set():
                for headers in fleet[lane::LANES]:
                    began = time.monotonic()
                    if shop.poll(connection, headers) == "2.0.0":
                        last_seen[lane] = began
            connection.close()

        with ThreadPoolExecutor(LANES) as pool:
            lanes = [pool.submit(watch, lane) for lane in range(LANES)]
            try:
                until(lambda: all(last_seen), "every lane was led to the new release")
                asked = time.monotonic()
                shop.act("pause", "it crashes")
                paused = time.monotonic()
                until(lambda: time.monotonic() > paused + 1.5, "what comes later is seen too", 5)
            finally:
                done.set()
            for lane in lanes:
                lane.result()
        after = max(last_seen) - paused
        print(f"paused in {(paused - asked) * 1000:.0f} ms; the last poll that was led to it began {after * 1000:.0f} ms after that", flush=True)
        self.assertLessEqual(after, 0, "a poll that begins after the answer is not led to a paused release")
        self.assertEqual(members(shop.ask(fleet)), set())
        shop.act("resume")
        self.assertEqual(len(members(shop.ask(fleet))), len(fleet), "whoever was in is in again")

    def test_installations_of_one_licence(self):
        """electron-updater's own id tells machines apart; halting is for good."""
        world = self.world
        shop = Shop(world, "staged", 25)
        key = world.keys["basic"]
        fleet = [{**license_header(key), "x-user-staging-id": f"install-{number}"} for number in range(200)]
        first = members(shop.ask(fleet))
        self.assertTrue(20 <= len(first) <= 80, f"{len(first)} of 200 are in")
        self.assertEqual(members(shop.ask(fleet)), first)
        other = license_header(world.new_license("ANOTHER")[1])
        moved = [{**headers, **other} for headers in fleet]
        self.assertEqual(members(shop.ask(moved)), first, "a machine stays where it is under another licence")
        shop.act("halt", "it eats data")
        self.assertEqual(members(shop.ask(fleet)), set())
        refused = world.vendor.ask("POST", f"/rollouts/{shop.rollout}/actions/resume")
        self.assertEqual(refused.status, 422, refused)
        answer = shop.connection().request("GET", "/staged/latest-linux.yml", headers=fleet[0])
        self.assertIn("passed-over=2.0.0; reason=rollout", answer.header("x-update-decision"))

    def test_a_pinned_licence_stays_where_the_vendor_put_it(self):
        world = self.world
        shop = Shop(world, "pinned", 100)
        license, key = world.new_license("PINNED")
        connection = shop.connection()
        self.addCleanup(connection.close)
        self.assertEqual(shop.poll(connection, license_header(key)), "2.0.0")
        world.vendor.update("licenses", license, pinnedConstraint="1")
        self.assertEqual(shop.poll(connection, license_header(key)), "1.0.0")
        world.vendor.update("licenses", license, pinnedConstraint=None)
        policy = world.new_policy("Held back", pinnedConstraint="1")
        held = license_header(world.new_license("HELD", policy)[1])
        self.assertEqual(shop.poll(connection, held), "1.0.0")
        world.vendor.update("policies", policy, pinnedConstraint=None)
        self.assertEqual(shop.poll(connection, held), "2.0.0")

    def test_polls_are_counted_and_upgrades_are_logged(self):
        world = self.world
        package = world.new_package("counted", "sparkle")
        for version in ("1.0.0", "1.1.0"):
            release = world.new_release(version, package)
            world.vendor.publish(release, f"counted-{version}.exe", b"MZ" * 100, platform="windows", arch="x86_64")
        connection = Connection(self.server.registry("sparkle"))
        self.addCleanup(connection.close)
        ask = "/counted/appcast.xml?platform=windows&arch=x64&version=1.0.0&fingerprint="
        for who, machine in (("basic", "a"), ("pro", "b"), ("basic", "a")):
            answer = connection.request("GET", ask + machine, headers=license_header(world.keys[who]))
            self.assertEqual((answer.status, answer.header("x-update-decision")[:20]), (200, "offer; version=1.1.0"))

        def logged() -> list[dict]:
            events = world.vendor.must("GET", "/event-logs?limit=100")
            return [event["attributes"] for event in events if event["attributes"]["event"] == "release.upgraded"]

        until(lambda: len(logged()) >= 2, "the upgrades are logged")
        self.assertEqual([event["metadata"] for event in logged()], [{"current": "1.0.0", "next": "1.1.0"}] * 2)
        page = self.server.get("/metrics").text()
        clients = 'keyway_update_clients_total{account="keyway",package="counted",version="1.0.0",channel="stable",platform="windows"} 2'
        self.assertIn(clients, page)
        self.assertRegex(page, r'keyway_update_polls_total\{engine="sparkle",decision="offer"\} 3')

    def test_products_without_packages_are_counted_apart(self):
        """One installation that asks for the releases of two products is a client of each."""
        world = self.world
        for product, code, who in ((world.product, "acme", "basic"), (world.other_product, "other", "other")):
            release = world.vendor.create("releases", {"version": "1.0.0", "channel": "stable", "status": "DRAFT"}, product=product)["id"]
            world.vendor.publish(release, "App-1.0.0.AppImage", b"one" * 40, platform="linux", arch="x64")
            world.vendor.act("releases", release, "publish")
            connection = Connection(self.server.registry("electron"))
            self.addCleanup(connection.close)
            headers = {**license_header(world.keys[who]), "x-user-staging-id": "one-installation"}
            for _ in range(2):
                answer = connection.request("GET", f"/-/products/{product}/stable-linux.yml", headers=headers)
                self.assertEqual(answer.status, 200, answer)
            self.assertEqual(self.counted(f'package="{code}",version="other",channel="stable",platform="linux"'), 1)

    def counted(self, labels: str) -> int:
        page = self.server.get("/metrics").text()
        found = re.search(rf"^keyway_update_clients_total\{{account=\"keyway\",{labels}\}} (\d+)$", page, re.MULTILINE)
        return int(found.group(1)) if found else 0


if __name__ == "__main__":
    unittest.main()
