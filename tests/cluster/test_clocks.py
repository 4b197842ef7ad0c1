"""Nodes whose clocks are wrong, against each other and against the object store."""

import os
import subprocess
import time
import unittest

from harness.cluster import Cluster, Watch, say, shared, watching
from harness.day import Day
from harness.server import Server
from harness.waiting import until
from harness.wire import bearer, get, license_header

# How far signatures are dated back (crates/blob), and a skew within it.
BACK, WITHIN = 60, 45


class Skew(unittest.TestCase):
    def node(self, cluster: Cluster, seconds: int) -> Server:
        """The second node, started again with a clock that is off by some seconds."""
        self.day = Day()
        self.addCleanup(self.day.close)
        self.day.set(seconds)
        self.addCleanup(cluster.replace, 1)
        return cluster.replace(1, environment=self.day.environment)

    def license(self) -> dict:
        """One more, whose making says what time it is."""
        world = shared().world
        return {"data": world.vendor.document("licenses", {}, {"policy": world.policy})}

    def offset(self, node: Server) -> float:
        """How far the node's day is from ours, by what it makes: the `Date` of answers never goes back."""
        date = shared().vendor(node).must("POST", "/licenses", self.license())["attributes"]["created"]
        said = int(subprocess.run(["date", "-d", date, "+%s"], capture_output=True, text=True, check=True).stdout)
        return said - time.time()

    def test_urls_are_good_where_clocks_differ(self):
        cluster = shared()
        release = cluster.world.new_release("9.0.0")
        customer = license_header(cluster.world.new_license("SKEWED")[1])
        content = os.urandom(50_000)
        for number, seconds in enumerate((-WITHIN, +WITHIN, +120)):
            with self.subTest(seconds=seconds):
                node = self.node(cluster, seconds)
                until(lambda: abs(self.offset(node) - seconds) < 3, f"the node's clock is {seconds} s off")
                artifact, url = cluster.vendor(node).start_upload(release, f"skewed-{number}.bin")
                self.assertEqual(cluster.vendor(node).put(url, content).status, 200)
                # Whoever does the job, and whatever time it thinks it is.
                settled = cluster.vendor(node).settled(artifact, 200)
                self.assertEqual(settled["attributes"]["status"], "UPLOADED", settled)
                answer = get(f"{node.url}/v1/artifacts/{artifact}", customer)
                self.assertEqual(answer.status, 303, answer)
                self.assertTrue(get(answer.header("location")).body == content, "the store refuses the link")
                self.doCleanups()
                say(f"a clock {seconds:+d} s off: upload and download links are good")

    def test_a_clock_that_jumps_is_no_lease(self):
        """The day jumps to and fro; what may be answered from memory is measured by another clock."""
        cluster = shared()
        node = self.node(cluster, 0)
        path = "/v1/engines/npm/" + cluster.world.new_npm("1.0.0").name.replace("/", "%2f")
        license, key = cluster.world.new_license("JUMPING")
        good = bearer(cluster.world.new_license("STEADY")[1])
        watch, steady = Watch(node, path, bearer(key)), Watch(node, path, good)
        with watching(watch, steady):
            until(lambda: watch.latest() == 200 and steady.latest() == 200, "served")
            for seconds in (600, -600, 0):
                self.day.set(seconds)
                until(lambda seconds=seconds: abs(self.offset(node) - seconds) < 3, "the clock has jumped")
                cluster.vendor(cluster.nodes[0]).act("licenses", license, "suspend")
                ended = time.monotonic()
                until(lambda: watch.latest() == 403, "the suspension is known", 10)
                late = max(came - ended for _, came, status in watch.seen if status == 200)
                self.assertLess(late, 1.0, f"after a jump to {seconds} s")
                cluster.vendor(cluster.nodes[0]).act("licenses", license, "reinstate")
                until(lambda: watch.latest() == 200, "it is served again")
        self.assertEqual({status for _, _, status in steady.seen}, {200}, "a jump of the day refused somebody")
        say("a day that jumps by ten minutes neither lengthens nor ends what may be answered from memory")
