"""Clients that do what comes to their minds, and compare every answer with a model of what the specification says: counts,
limits, refusals with their codes and places, validations, and no 5xx ever."""

import collections
import itertools
import os
import random
import time
import unittest

from harness.places import full
from harness.server import Server
from harness.vendor import Refused, Vendor
from looks import Looks
from walker import Mismatch, Step, shrunk

# The same walks in every run, but for long ones and for who asks for others.
SECONDS = 600 if full() else 30
SEED = int(os.environ.get("TESTS_SEED") or (random.randrange(10**9) if full() else 1))
LENGTH = 200
SHRINKING = 90


class Walks(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.vendor = Vendor(self.server.start().url, self.server.token)
        self.heard: collections.Counter = collections.Counter()
        self.names = (f"w{number}" for number in itertools.count())

    def failure(self, steps: list[Step]) -> tuple[str, Looks] | None:
        """Walks; what went wrong, and who was told."""
        walker = Looks(self.vendor, next(self.names))
        try:
            walker.walk(steps)
        except (Mismatch, Refused) as error:
            return str(error), walker
        self.heard += walker.heard
        return None

    def test_the_server_does_as_the_model(self):
        deadline = time.monotonic() + SECONDS
        for seed in itertools.count(SEED):
            steps = Looks.plan(seed, LENGTH)
            found = self.failure(steps)
            if found:
                steps = shrunk(steps, lambda fewer: self.failure(fewer) is not None, SHRINKING)
                told, walker = self.failure(steps) or found
                story = "\n".join(walker.asked[-60:])
                self.fail(f"walk {seed} (TESTS_SEED={seed}), {len(steps)} steps: {told}\n{story}")
            if time.monotonic() > deadline:
                break
        print(f"  {seed - SEED + 1} walks of {LENGTH} steps", flush=True)
        print(f"  heard: {', '.join(f'{what} {count}' for what, count in sorted(self.heard.items()))}", flush=True)
        self.assertGreater(len(self.heard), 30, "they have hardly come about")
