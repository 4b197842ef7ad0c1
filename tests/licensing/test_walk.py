"""Clients that do what comes to their minds, and compare every answer with a model of what the specification says: counts,
limits, refusals with their codes and places, validations, and no 5xx ever."""

import collections
import itertools
import os
import random
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness.places import full
from harness.server import Server, two_on_postgres
from harness.vendor import Refused, Vendor
from looks import Looks
from walker import Mismatch, Step, shrunk

# The same walks in every run, but for long ones and for who asks for others.
SECONDS = 400 if full() else 18
SEED = int(os.environ.get("TESTS_SEED") or (random.randrange(10**9) if full() else 1))
LENGTH = 200
SHRINKING = 90
# How many walk at once on two servers.
TOGETHER = 4


class Walks(unittest.TestCase):
    def setUp(self):
        self.numbers = itertools.count()
        self.walked: list[Looks] = []

    def failure(self, vendor: Vendor, steps: list[Step], deadline: float | None = None) -> tuple[str, Looks] | None:
        """Walks; what went wrong, and who was told."""
        walker = Looks(vendor, f"w{next(self.numbers)}")
        try:
            walker.walk(steps, deadline)
        except (Mismatch, Refused) as error:
            return str(error), walker
        self.walked.append(walker)
        return None

    def walks(self, vendor: Vendor, seeds: itertools.count) -> None:
        """Walks until the time is over, each by the next seed."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            seed = next(seeds)
            steps = Looks.plan(seed, LENGTH)
            found = self.failure(vendor, steps, deadline)
            if found:
                steps = shrunk(steps, lambda fewer: self.failure(vendor, fewer) is not None, SHRINKING)
                told, walker = self.failure(vendor, steps) or found
                story = "\n".join(walker.asked[-60:])
                self.fail(f"walk {seed} (TESTS_SEED={seed}), {len(steps)} steps: {told}\n{story}")

    def report(self) -> None:
        heard = sum((walker.heard for walker in self.walked), collections.Counter())
        taken = sum(walker.taken for walker in self.walked)
        print(f"  {taken} steps in {len(self.walked)} walks", flush=True)
        print(f"  heard: {', '.join(f'{what} {count}' for what, count in sorted(heard.items()))}", flush=True)
        self.assertGreater(taken, 0)

    def test_the_server_does_as_the_model(self):
        server = Server()
        self.addCleanup(server.close)
        self.walks(Vendor(server.start().url, server.token), itertools.count(SEED))
        self.report()

    def test_walkers_are_not_in_each_other_s_way(self):
        """Several at once, on two servers with one database; each stays with its server."""
        servers = self.enterContext(two_on_postgres())
        vendors = [Vendor(server.url, servers[0].token) for server, _ in zip(itertools.cycle(servers), range(TOGETHER))]
        with ThreadPoolExecutor(TOGETHER) as threads:
            seeds = [itertools.count(SEED + 1000 * number) for number in range(TOGETHER)]
            list(threads.map(self.walks, vendors, seeds))
        self.report()
