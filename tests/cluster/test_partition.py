"""A node that cannot read the change log: it refuses what it cannot be sure of, and serves what is public."""

import signal
import time
import unittest

from harness.cluster import Watch, figures, say, shared, watching
from harness.detour import Detour
from harness.waiting import until
from harness.wire import bearer, get
from harness.writer import Writer, nothing_is_lost

# How old the last reading of the change log may be, and what a request in flight may take on a loaded machine.
LEASE, FLIGHT = 0.9, 0.1
BOUND = 1.0
# The longest that a write waits for the database, and what it takes beside.
ANSWER = 20
# From the end of a partition until the node serves again.
RECOVERY = 5.0


class Partition(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cluster = shared()
        world = cluster.world
        cls.licensed = "/v1/engines/npm/" + world.new_npm("1.0.0").name.replace("/", "%2f")
        attributes = {"name": "Open", "distributionStrategy": "OPEN"}
        product = world.vendor.create("products", attributes)["id"]
        package = world.new_package("acme-open", "npm", product=product)
        world.publish_npm("acme-open", "1.0.0", package, product=product)
        cls.public = "/v1/engines/npm/acme-open"
        cls.far = cluster.nodes[2]

    def setUp(self):
        world = self.cluster.world
        self.license, key = world.new_license("REVOKED")
        self.doomed, self.good = bearer(key), bearer(world.new_license("GOOD")[1])

    def watches(self) -> list[Watch]:
        watches = [
            Watch(self.far, self.licensed, self.doomed), Watch(self.far, self.licensed, self.good),
            Watch(self.far, self.public, {}, pause=0.005),
        ]  # fmt: skip
        # Until everything is served from memory.
        warm = lambda watch: len(watch.seen) > 100 and all(status == 200 for _, _, status in watch.seen[-100:])
        until(lambda: all(warm(watch) for watch in watches), "all is served")
        return watches

    def partition(self, how: str) -> None:
        """Cuts the far node off, takes a licence away elsewhere, and looks at every answer of the far node."""
        doomed, good, public = watches = self.watches()
        with watching(*watches):
            self.cluster.cut(self.far, "database", how)
            self.addCleanup(self.cluster.heal, self.far)
            cut = time.monotonic()
            near = self.cluster.nodes[0]
            self.cluster.vendor(near).act("licenses", self.license, "suspend")
            ended = time.monotonic()
            self.assertEqual(get(near.url + self.licensed, self.doomed).status, 403)
            until(lambda: doomed.latest() == 503 and good.latest() == 503, "what is licensed is refused", 10)
            refusal = get(self.far.url + self.licensed, self.good)
            self.assertEqual(refusal.status, 503)
            self.assertTrue(refusal.header("retry-after"), refusal.headers)
            self.assertEqual(get(self.far.url + "/-/ready").status, 503)
            self.assertEqual(get(self.far.url + "/v1/ping").status, 200)
            until(lambda: time.monotonic() > cut + 6, "a while", 10)
            # Packets pass again while this goes on.
            mending = time.monotonic()
            self.cluster.heal(self.far)
            healed = time.monotonic()
            until(lambda: good.latest() == 200, "the node serves again, without a restart", 60)
            until(lambda: doomed.latest() == 403, "and knows what has changed", 10)
            until(lambda: get(self.far.url + "/-/ready").status == 200, "the node is ready again", 60)
            recovered = time.monotonic() - healed
        self.assertLessEqual({status for _, _, status in doomed.seen + good.seen}, {200, 403, 503})
        stale = max(came - ended for _, came, status in doomed.seen if status == 200)
        self.assertLess(stale, BOUND, "a licence was honoured for too long after it was suspended elsewhere")
        late = [came - cut for began, came, status in good.seen if status == 200 and cut < came < mending]
        self.assertLess(max(late), LEASE + FLIGHT)
        refusals = [came - began for began, came, status in good.seen if status == 503]
        self.assertEqual({status for _, _, status in public.seen}, {200}, "public content was refused")
        served = [came - began for began, came, _ in public.seen if cut < began < mending]
        say(
            f"{how}: the suspended licence was served for {1000 * stale:.0f} ms after it, the good one for "
            f"{1000 * max(late):.0f} ms after the cut; refusals took {figures(refusals)}; public content "
            f"{figures(served)}; {1000 * recovered:.0f} ms from the mending to serving"
        )
        self.assertLess(recovered, RECOVERY)

    def test_writes_through_a_node_that_is_cut_off(self):
        """They fail readably, in bounded time, and hold no other node up."""
        near, far = self.cluster.nodes[0], self.far
        writers = [Writer(self.cluster, far) for _ in range(4)] + [Writer(self.cluster, near)]
        *cut_off, free = writers
        for writer in writers:
            self.addCleanup(writer.stop)
        until(lambda: all(len(writer.acknowledged) >= 3 for writer in writers), "licences are written", 60)
        self.cluster.cut(far, "database", "DROP")
        self.addCleanup(self.cluster.heal, far)
        told = lambda writer: writer.answers[-1][0] == 503
        until(lambda: all(told(writer) for writer in cut_off), "writes are refused", 30)
        wrote = len(free.acknowledged)
        until(lambda: len(free.acknowledged) > wrote + 3, "another node writes on", 30)
        self.cluster.heal(far)
        before = [len(writer.acknowledged) for writer in cut_off]
        again = lambda: all(len(w.acknowledged) > count for w, count in zip(cut_off, before, strict=True))
        until(again, "the node writes again", 30)
        for writer in writers:
            writer.stop()
        # A write whose answer from the database was lost may have happened; its client is told that it is not known.
        answers = [answer for writer in cut_off for answer in writer.answers]
        self.assertEqual({status for status, *_ in answers}, {201, 503})
        self.assertTrue(all(after for status, _, after in answers if status == 503), "503 without Retry-After")
        self.assertEqual({status for status, *_ in free.answers}, {201})
        nothing_is_lost(self.cluster, writers)
        longest = max(took for status, took, _ in answers if status == 503)
        say(f"writes through a node that is cut off: refused after {longest:.1f} s at most; none lost")
        self.assertLess(longest, ANSWER)

    def test_packets_lost(self):
        self.partition("DROP")

    def test_packets_refused(self):
        self.partition("REJECT")

    def test_a_node_that_stood_still(self):
        """What it knew when it stopped is too old when it goes on."""
        doomed, good, public = watches = self.watches()
        with watching(*watches):
            self.far.process.send_signal(signal.SIGSTOP)
            self.addCleanup(self.far.process.send_signal, signal.SIGCONT)
            stopped = time.monotonic()
            self.cluster.vendor(self.cluster.nodes[1]).act("licenses", self.license, "suspend")
            until(lambda: time.monotonic() > stopped + 2, "longer than the lease")
            woken = time.monotonic()
            self.far.process.send_signal(signal.SIGCONT)
            until(lambda: doomed.latest() == 403 and good.latest() == 200, "it goes on")
        after = [status for _, came, status in doomed.seen if came > woken]
        self.assertNotIn(200, after[1:], "it answered from what it knew before")
        say(f"after two seconds at a stand, the first good answer came {1000 * self.first(good, woken):.0f} ms later")

    def test_a_database_that_is_slow(self):
        """A reading of the change log that took longer than its lease says nothing about now."""
        cluster = self.cluster
        database = cluster.database.machine.address
        detour = Detour(f"{cluster.network.subnet}.1", (database, 5432))
        self.addCleanup(detour.close)
        around = cluster.database.url.replace(database, f"{cluster.network.subnet}.1:{detour.port}")
        far = cluster.replace(1, environment={"KEYWAY_DATABASE": around})
        self.addCleanup(cluster.replace, 1)
        doomed, good = watches = Watch(far, self.licensed, self.doomed), Watch(far, self.licensed, self.good)
        with watching(*watches):
            until(lambda: doomed.latest() == 200 and good.latest() == 200, "served")
            worst = 0.0
            for seconds in (0.35, 0.6, 0.0):
                detour.delay = seconds
                mark = len(good.seen)
                until(lambda mark=mark: len(good.seen) > mark + 5, "answers, whatever they are", 30)
                cluster.vendor(cluster.nodes[0]).act("licenses", self.license, "suspend")
                ended = time.monotonic()
                known = lambda: doomed.latest() in (403, 503) and time.monotonic() > ended + BOUND
                until(known, "the suspension is known, or nothing is", 30)
                stale = max((came - ended for _, came, status in doomed.seen if status == 200), default=0.0)
                self.assertLess(stale, BOUND, f"the database was {2000 * seconds:.0f} ms away")
                worst = max(worst, stale)
                if seconds > LEASE / 2:
                    until(lambda: good.latest() == 503, "no reading is young enough", 30)
                cluster.vendor(cluster.nodes[0]).act("licenses", self.license, "reinstate")
                if seconds < LEASE / 2:
                    until(lambda: doomed.latest() == 200 and good.latest() == 200, "served again", 30)
        self.assertLessEqual({status for _, _, status in good.seen}, {200, 503})
        say(f"a database up to 1.2 s away: the suspended licence was served for {1000 * worst:.0f} ms at most")

    def first(self, watch: Watch, since: float) -> float:
        return min(came - since for _, came, status in watch.seen if came > since and status == 200)
