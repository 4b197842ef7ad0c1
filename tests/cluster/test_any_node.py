"""Any node serves any request."""

import base64
import os
import unittest

from harness.cluster import shared
from harness.publishing import document, fresh, packed, product_token
from harness.waiting import until
from harness.wire import Connection, bearer, get, license_header


class AnyNode(unittest.TestCase):
    def setUp(self):
        self.cluster = shared()
        self.key = self.cluster.world.new_license("ANYWHERE")[1]

    def is_served(self, artifact: str, content: bytes) -> None:
        for node in self.cluster.nodes:
            answer = get(f"{node.url}/v1/artifacts/{artifact}", license_header(self.key))
            self.assertEqual(answer.status, 303, answer)
            location = answer.header("location")
            # A link of ours is good at any node, whichever gave it out.
            for other in self.cluster.nodes if "X-Amz-Signature=" not in location else [node]:
                connection = Connection(location if "X-Amz-Signature=" in location else other.url)
                self.assertTrue(connection.request("GET", location).body == content)
                connection.close()

    def upload(self, version: str) -> None:
        """Declared at one node, put through another if the store does not take it, looked at through the third."""
        one, two, three = self.cluster.nodes
        release = self.cluster.world.new_release(version)
        content = os.urandom(200_000)
        artifact, url = self.cluster.vendor(two).start_upload(release, "app.bin")
        self.assertLess(self.cluster.vendor(three).put(url, content).status, 300)
        self.assertEqual(self.cluster.vendor(one).settled(artifact)["attributes"]["status"], "UPLOADED")
        self.is_served(artifact, content)

    def test_an_upload_to_the_store(self):
        self.upload("1.0.0")

    def test_an_upload_through_nodes(self):
        self.cluster.replace(1, "--delivery", "stream")
        self.addCleanup(self.cluster.replace, 1)
        self.upload("1.1.0")

    def test_what_is_published_through_one_is_served_by_all(self):
        name = fresh("@acme/any-")
        path = f"/v1/engines/npm/{name.replace('/', '%2f')}"
        headers = {**bearer(product_token(self.cluster.world)), "Content-Type": "application/json"}
        for node, version in zip(self.cluster.nodes, ("1.0.0", "1.1.0", "1.2.0"), strict=True):
            body = document(name, version, base64.b64encode(packed(name, version)).decode())
            answer = Connection(node.url).request("PUT", path, body, headers)
            self.assertLess(answer.status, 300, answer)
            for other in self.cluster.nodes:
                there = lambda at=other: version in get(at.url + path, bearer(self.key)).json().get("versions", {})
                until(there, f"{version} is there", 1.0)

    def test_a_node_keeps_nothing_of_its_own(self):
        cluster = shared()
        cluster.world.vendor.publish(cluster.world.new_release("1.0.1"), "app.bin", b"bytes")
        for node in cluster.nodes:
            self.assertEqual(os.listdir(node.data), [], cluster.name(node))
