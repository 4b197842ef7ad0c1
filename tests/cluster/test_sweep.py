"""What all the kills and cuts have left in the object store is gone after the sweep, and nothing else. It is the last
file of the suite, so that there is something to find."""

import unittest
from datetime import UTC, datetime, timedelta

from harness.bench import Bench
from harness.cluster import PREFIX, PORT, say, shared
from harness.places import binary_under_test
from harness.waiting import until


class Sweep(unittest.TestCase):
    def test_no_orphan_is_left(self):
        """A node whose day is tomorrow does what the others would do then."""
        cluster = shared()
        before = self.orphans()
        janitor = Bench(
            *cluster.flags, machine=cluster.network["janitor"], port=PORT, program=binary_under_test(),
            environment=cluster.environment,
        )  # fmt: skip
        self.addCleanup(janitor.close)
        janitor.freeze(self.day(25))
        until(lambda: janitor.must("GET", "/effects")["idle"], "uploads that never came are given up", 60)
        swept = janitor.must("POST", "/sweep")["swept"]
        janitor.freeze(self.day(26))
        until(lambda: janitor.must("GET", "/effects")["idle"], "what was found is deleted", 60)
        self.assertEqual(self.orphans(), set())
        self.assertEqual(self.referred() - self.stored(), set(), "a file in use is gone")
        self.assertEqual(janitor.must("POST", "/sweep")["swept"], 0)
        say(f"{len(before)} objects had no owner; the sweep found {swept}, and {len(self.stored())} files are left, all in use")

    def day(self, hours: int) -> str:
        return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def stored(self) -> set[str]:
        """Every object, parts of unfinished uploads among them."""
        return set(shared().store.objects())

    def referred(self) -> set[str]:
        """The objects that artifacts and the blobs of repositories refer to."""
        rows = shared().database.ask(
            "SELECT blob_key FROM artifacts WHERE blob_key IS NOT NULL UNION SELECT blob_key FROM content_blobs"
        )
        return {f"{PREFIX}/blobs/{key}" for (key,) in rows}

    def orphans(self) -> set[str]:
        return self.stored() - self.referred()
