"""The database is killed and comes back: what DESIGN calls "database down", and nothing that was acknowledged is lost."""

import os
import time
import unittest

from harness.cluster import Watch, say, shared, watching
from harness.waiting import until
from harness.wire import bearer, get
from harness.writer import Writer, nothing_is_lost

LEASE, FLIGHT = 0.9, 0.1
RECOVERY = 10.0


class DatabaseDown(unittest.TestCase):
    def test_killed_and_started_again(self):
        cluster = shared()
        world = cluster.world
        licensed = "/v1/engines/npm/" + world.new_npm("1.0.0").name.replace("/", "%2f")
        product = world.vendor.create("products", {"name": "Free", "distributionStrategy": "OPEN"})["id"]
        package = world.new_package("acme-free", "npm", product=product)
        world.publish_npm("acme-free", "1.0.0", package, product=product)
        key = bearer(world.new_license("STAYS")[1])
        release = world.new_release("7.0.0")
        waiting, url = world.vendor.start_upload(release, "meanwhile.bin")
        content = os.urandom(100_000)
        private = [Watch(node, licensed, key, pause=0.002) for node in cluster.nodes]
        public = [Watch(node, "/v1/engines/npm/acme-free", {}, pause=0.002) for node in cluster.nodes]
        warm = lambda watch: len(watch.seen) > 100 and all(status == 200 for _, _, status in watch.seen[-100:])
        with watching(*private, *public):
            until(lambda: all(warm(watch) for watch in private + public), "all is served from memory")
            writers = [Writer(cluster, node) for node in cluster.nodes]
            for writer in writers:
                self.addCleanup(writer.stop)
            until(lambda: all(len(writer.acknowledged) >= 5 for writer in writers), "licences are written")
            cluster.database.crash()
            down = time.monotonic()
            self.addCleanup(cluster.database.start)
            until(lambda: all(watch.latest() == 503 for watch in private), "what is licensed is refused", 10)
            refused = time.monotonic() - down
            refusal = get(cluster.nodes[0].url + licensed, key)
            self.assertEqual((refusal.status, bool(refusal.header("retry-after"))), (503, True), refusal)
            for node in cluster.nodes:
                self.assertEqual(get(node.url + "/-/ready").status, 503)
                self.assertEqual(get(node.url + "/v1/ping").status, 200)
            # The store takes what it was promised, though nobody can write down that it came.
            self.assertEqual(cluster.vendor(cluster.nodes[1]).put(url, content).status, 200)
            until(lambda: all(503 in [status for status, *_ in writer.answers] for writer in writers), "writes are refused", 30)
            until(lambda: time.monotonic() > down + 3, "it is down for longer than any lease", 10)
            rising = time.monotonic()
            cluster.database.start()
            up = time.monotonic()
            until(lambda: all(watch.latest() == 200 for watch in private), "every node serves again", 60)
            served = time.monotonic() - up
            before = [len(writer.acknowledged) for writer in writers]
            wrote = lambda: all(len(w.acknowledged) > count for w, count in zip(writers, before, strict=True))
            until(wrote, "every node writes again", 60)
            written = time.monotonic() - up
            for writer in writers:
                writer.stop()
        for watch in private:
            self.assertLessEqual({status for _, _, status in watch.seen}, {200, 503})
            late = max(came - down for _, came, status in watch.seen if status == 200 and came < rising)
            self.assertLess(late, LEASE + FLIGHT, "licensed content was served from memory for too long")
        for watch in public:
            self.assertEqual({status for _, _, status in watch.seen}, {200}, "public content was refused")
        answers = [answer for writer in writers for answer in writer.answers]
        self.assertEqual({status for status, *_ in answers}, {201, 503})
        self.assertTrue(all(after for status, _, after in answers if status == 503), "503 without Retry-After")
        nothing_is_lost(cluster, writers)
        self.assertEqual(cluster.vendor(cluster.nodes[2]).settled(waiting, 60)["attributes"]["status"], "UPLOADED")
        for node in cluster.nodes:
            until(lambda node=node: get(node.url + "/-/ready").status == 200, "the node is ready", 30)
        longest = max(took for _, took, _ in answers)
        hanging = max(took for status, took, _ in answers if status == 503)
        say(
            f"database killed: licensed content refused everywhere after {1000 * refused:.0f} ms, down for {rising - down:.1f} s; started again: served "
            f"after {1000 * served:.0f} ms, written after {1000 * written:.0f} ms; the longest "
            f"refusal of a write took {hanging:.1f} s, the longest write {longest:.1f} s; {sum(len(writer.acknowledged) for writer in writers)} writes acknowledged, none lost"
        )
        self.assertLess(max(served, written), RECOVERY)
