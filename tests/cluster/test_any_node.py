"""Any node serves any request."""

import os
import unittest

from harness.cluster import shared
from harness.wire import get, license_header


class AnyNode(unittest.TestCase):
    def test_what_one_node_began_another_goes_on_with(self):
        cluster = shared()
        one, two, three = cluster.nodes
        world = cluster.world
        release = world.new_release("1.0.0")
        content = os.urandom(200_000)
        artifact, url = cluster.vendor(one).start_upload(release, "app.bin")
        self.assertEqual(cluster.vendor(two).put(url, content).status, 200)
        self.assertEqual(cluster.vendor(three).settled(artifact)["attributes"]["status"], "UPLOADED")
        for node in cluster.nodes:
            answer = get(f"{node.url}/v1/artifacts/{artifact}", license_header(world.new_license()[1]))
            self.assertEqual(answer.status, 303, answer)
            self.assertEqual(get(answer.header("location")).body, content)
