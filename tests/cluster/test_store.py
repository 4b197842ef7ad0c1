"""The object store goes away and comes back: links are still given out, uploads are refused, jobs wait and finish."""

import base64
import os
import time
import unittest

from harness.cluster import say, shared
from harness.publishing import document, fresh, packed, product_token
from harness.waiting import until
from harness.wire import Connection, bearer, get, license_header
from harness.world import World


class StoreDown(unittest.TestCase):
    def test_killed_and_started_again(self):
        cluster = shared()
        world: World = cluster.world
        one, two, three = cluster.nodes
        customer = license_header(world.new_license("PATIENT")[1])
        release = world.new_release("8.0.0")
        content = os.urandom(300_000)
        there = world.vendor.publish(release, "there.bin", content)["id"]
        # Put there just before: the nodes have yet to take it in.
        _, late = [cluster.vendor(node).start_upload(release, f"{name}.bin") for node, name in ((one, "early"), (two, "late"))]
        started = [cluster.vendor(node).start_upload(release, f"put-{number}.bin") for number, node in enumerate(cluster.nodes)]
        for _, url in started:
            self.assertEqual(cluster.vendor(one).put(url, content).status, 200)
        cluster.store.kill()
        self.addCleanup(self.up)
        down = time.monotonic()
        for node in cluster.nodes:
            answer = get(f"{node.url}/v1/artifacts/{there}", customer)
            self.assertEqual(answer.status, 303, f"{cluster.name(node)} gives out no links: {answer}")
        self.assertRaises(OSError, cluster.vendor(two).put, late[1], content)
        refused = self.publish(two, fresh("@acme/down-"))
        self.assertEqual(refused.status, 503, refused)
        self.assertTrue(refused.header("retry-after"), refused.headers)
        took = time.monotonic() - down
        for node in cluster.nodes:
            self.assertEqual(get(f"{node.url}/v1/ping").status, 200)
            page = get(f"{node.url}/v1/engines/npm/-/whoami", customer)
            self.assertEqual(page.status, 200, page)
        failed = "SELECT count(*) FROM jobs WHERE kind LIKE 'artifact.%' AND error IS NOT NULL AND error <> ''"
        until(lambda: cluster.database.ask(failed) != [["0"]], "a job fails for lack of the store", 60)
        cluster.store.start()
        up = time.monotonic()
        self.assertEqual(cluster.vendor(three).put(late[1], content).status, 200)
        for artifact, _ in [late, *started]:
            self.assertEqual(cluster.vendor(three).settled(artifact, 90)["attributes"]["status"], "UPLOADED")
            answer = get(f"{two.url}/v1/artifacts/{artifact}", customer)
            self.assertTrue(get(answer.header("location")).body == content)
        finished = time.monotonic() - up
        self.assertLess(self.publish(two, fresh("@acme/up-")).status, 300)
        say(f"object store killed: a publish was refused within {took:.1f} s; back: every job done {finished:.1f} s later")

    def up(self) -> None:
        if shared().store.process.poll() is not None:
            shared().store.start()

    def publish(self, node, name: str):
        body = document(name, "1.0.0", base64.b64encode(packed(name, "1.0.0")).decode())
        headers = {**bearer(product_token(shared().world)), "Content-Type": "application/json"}
        path = f"/v1/engines/npm/{name.replace('/', '%2f')}"
        return Connection(node.url).request("PUT", path, body, headers)
