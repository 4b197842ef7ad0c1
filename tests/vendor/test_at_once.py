"""Publishers and customers at once: one of several wins, and lists are whole at every moment."""

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness.vendor import Vendor
from harness.wire import bearer, get
from harness.world import shared

MANY = 8


class AtOnce(unittest.TestCase):
    def all_at_once(self, act) -> list:
        """What each of many gets that start together."""
        start = threading.Barrier(MANY)

        def one(number: int):
            start.wait()
            return act(number)

        with ThreadPoolExecutor(MANY) as pool:
            return list(pool.map(one, range(MANY)))

    def test_of_many_files_of_a_name_one_is_made_and_platforms_are_shared(self):
        world = shared()
        release = world.new_release("78.0.0")

        def make(number: int):
            # the same name from two publishers each, all for a platform that nobody had before
            attributes = {"filename": f"app-{number // 2}.bin", "platform": "plan9", "arch": "alpha"}
            document = {"data": Vendor.document("artifacts", attributes, {"release": release})}
            return world.vendor.ask("POST", "/artifacts?prefer=no-redirect", document).status

        statuses = sorted(self.all_at_once(make))
        self.assertEqual(statuses.count(200), MANY // 2, statuses)
        self.assertLessEqual(set(statuses), {200, 409, 422})
        platforms = world.vendor.must("GET", "/platforms?limit=100")
        self.assertEqual([one["attributes"]["key"] for one in platforms].count("plan9"), 1)

    def test_what_is_published_meanwhile_is_listed_whole_or_not_at_all(self):
        world = shared()
        name = "@acme/at-once"
        package = world.new_package(name, "npm")
        world.publish_npm(name, "1.0.0", package)
        url, headers = world.registry("npm") + "/@acme%2fat-once", bearer(world.keys["basic"])
        seen, done = [], threading.Event()

        def watch() -> None:
            while not done.is_set():
                document = get(url, headers).json()
                seen.append(len(document["versions"]))
                for version, facts in document["versions"].items():
                    assert facts["dist"]["integrity"].startswith("sha512-"), (version, facts)
                assert document["dist-tags"]["latest"] in document["versions"]

        with ThreadPoolExecutor(1) as pool:
            watching = pool.submit(watch)
            try:
                for patch in range(1, 6):
                    world.publish_npm(name, f"1.0.{patch}", package)
            finally:
                done.set()
            watching.result(30)
        self.assertEqual(seen, sorted(seen), "what was there once stays")
        self.assertEqual(len(get(url, headers).json()["versions"]), 6)
