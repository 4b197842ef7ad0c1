"""Images on many nodes: an upload goes on at any of them, and a token of one is good at the others until its licence is
not."""

import unittest

from harness import wire
from harness.cluster import shared
from harness.images import digest_of, image, noise
from harness.parts import MIB
from harness.publishing import fresh, product_token
from harness.registry import Registry, scope
from harness.waiting import until


class Images(unittest.TestCase):
    def setUp(self) -> None:
        self.cluster = shared()
        self.world = self.cluster.world
        self.name = fresh("acme/app-")

    def everywhere(self, secret: str, user: str = "license") -> list[Registry]:
        """Somebody at each node."""
        made = [Registry(node, secret, user) for node in self.cluster.nodes]
        for one in made:
            self.addCleanup(one.close)
        return made

    def vendors(self) -> list[Registry]:
        return self.everywhere(product_token(self.world), "product")

    def test_an_upload_moves_between_nodes(self) -> None:
        one, two, three = vendors = self.vendors()
        content = noise(13 * MIB)
        pieces = [content[: 6 * MIB], content[6 * MIB : 7 * MIB], content[7 * MIB :]]
        location, sent = one.begin(self.name), 0
        for vendor, piece in zip((two, three, one), pieces, strict=True):
            ranged = {"Content-Range": f"{sent}-{sent + len(piece) - 1}"}
            sent += len(piece)
            answer = vendor.ask("PATCH", location, piece, ranged)
            self.assertEqual((answer.status, answer.header("range")), (202, f"0-{sent - 1}"), answer)
            location = answer.header("location")
        for vendor in vendors:
            self.assertEqual(vendor.ask("GET", location).header("range"), f"0-{sent - 1}")
        answer = two.finish(location, digest_of(content))
        self.assertEqual(answer.status, 201, answer)
        for vendor in vendors:
            self.assertEqual(vendor.blob(self.name, digest_of(content)).body, content)
            self.assertEqual(vendor.ask("GET", location).status, 404)

    def test_an_upload_outlives_the_node_that_began_it(self) -> None:
        one, two, _ = self.vendors()
        content = noise(11 * MIB)
        location = one.begin(self.name)
        answer = one.ask("PATCH", location, content[: 6 * MIB])
        self.assertEqual(answer.status, 202, answer)
        node = self.cluster.nodes[0]
        node.kill()
        self.addCleanup(node.start)
        answer = two.ask("PATCH", answer.header("location"), content[6 * MIB :])
        self.assertEqual(answer.status, 202, answer)
        answer = two.finish(answer.header("location"), digest_of(content))
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(two.blob(self.name, digest_of(content)).body, content)

    def test_what_is_pushed_through_one_is_pulled_from_all(self) -> None:
        for number, vendor in enumerate(self.vendors()):
            document = vendor.push(self.name, f"1.{number}.0", image())
            for customer in self.everywhere(self.world.keys["basic"]):
                there = lambda at=customer, tag=f"1.{number}.0": at.manifest(self.name, tag).body
                until(lambda there=there, whole=document.body: there() == whole, "the image is there", 1.0)
                for layer in document.layers:
                    self.assertEqual(customer.blob(self.name, layer).body, document.blobs[layer])

    def test_a_token_is_good_everywhere_until_its_licence_is_not(self) -> None:
        document = self.vendors()[0].push(self.name, "1.0.0", image())
        licence, key = self.world.new_license("CLUSTER")
        customers = self.everywhere(key)
        headers = customers[0].with_token(scope(self.name))
        strangers = self.everywhere("")
        for stranger in strangers:
            until(lambda at=stranger: at.manifest(self.name, "1.0.0", headers=headers).status == 200, "it is good", 1.0)
        self.cluster.vendor(self.cluster.nodes[0]).act("licenses", licence, "suspend")
        refused = strangers[0].manifest(self.name, "1.0.0", headers=headers)
        self.assertEqual(refused.status, 401, "at once where it was said")
        for stranger in strangers[1:]:
            ended = lambda at=stranger: at.manifest(self.name, "1.0.0", headers=headers).status == 401
            until(ended, "it ends everywhere", 1.0)
            self.assertEqual(stranger.ask("GET", f"{self.name}/blobs/{document.layers[0]}", headers=headers).status, 401)
        answer = wire.get(f"{self.cluster.nodes[2].url}/v2/{self.name}/manifests/1.0.0", headers)
        self.assertIn("suspended", answer.text())


if __name__ == "__main__":
    unittest.main()
