"""Images whose layers are in an object store: customers are sent there without their credentials, and a store that
misbehaves is not their business."""

import unittest

from harness import seaweed
from harness.containerd import Ctr
from harness.depot import Depot
from harness.docker import Docker
from harness.faults import FaultyStore
from harness.go_clients import Crane
from harness.images import image, noise, tar
from harness.parts import MIB
from harness.places import has
from harness.podman import Containers
from harness.publishing import fresh
from harness.server import Server
from harness.wire import path_of
from harness.world import World


class Delivery(Depot):
    delivery = "redirect"

    @classmethod
    def setUpClass(cls) -> None:
        cls.store = FaultyStore(seaweed.shared())
        cls.addClassCleanup(cls.store.close)
        flags = ("--blobs", cls.store.url(f"images-{cls.delivery}"), "--delivery", cls.delivery)
        server = Server(*flags, environment=seaweed.shared().environment())
        cls.addClassCleanup(server.close)
        cls.own = World(server.start())

    def setUp(self) -> None:
        self.store.recover()
        self.store.happened.clear()
        self.use(self.own)
        self.name, self.document = self.push(image(tar({"data/large": noise(6 * MIB)})))

    def tearDown(self) -> None:
        # signed URLs with a credential beside them, and several ranges in one request
        self.assertEqual(self.store.violations, [])

    def test_every_client_gets_its_layers(self) -> None:
        self.works(self.logged_in(Docker).pull(f"{self.name}:1.0.0"))
        self.works(self.client(Ctr, self.secret("basic")).pull(f"{self.name}:1.0.0"))
        containers = self.client(Containers, self.secret("basic"))
        self.works(containers.pull(f"{self.name}:1.0.0"))
        self.works(containers.fetch(f"{self.name}:1.0.0", "dir:copy"))

    @unittest.skipUnless(has("crane"), "crane could not be built")
    def test_so_does_crane(self) -> None:
        crane = self.logged_in(Crane)
        self.works(crane.run("validate", "--remote", crane.reference(f"{self.name}:1.0.0")))

    def test_where_a_layer_is(self) -> None:
        customer, layer = self.customer(), self.document.layers[0]
        answer = customer.ask("GET", f"{self.name}/blobs/{layer}")
        if self.delivery == "stream":
            self.assertEqual((answer.status, answer.body), (200, self.document.blobs[layer]))
        else:
            self.assertEqual(answer.status, 303, answer)
            self.assertTrue(answer.header("location").startswith(f"{self.store.endpoint}/"))
            self.assertIn("X-Amz-Signature=", path_of(answer.header("location")))
            self.assertEqual(answer.header("cache-control"), "no-store")
            self.assertEqual(answer.header("docker-content-digest"), layer)
        head = customer.ask("HEAD", f"{self.name}/blobs/{layer}")
        size = len(self.document.blobs[layer])
        self.assertEqual((head.status, head.header("content-length")), (200, str(size)), "HEAD is never redirected")
        self.assertEqual(customer.manifest(self.name, "1.0.0").status, 200, "nor is a manifest")
        part = customer.blob(self.name, layer, {"Range": "bytes=1000-1999"})
        self.assertEqual((part.status, part.body), (206, self.document.blobs[layer][1000:2000]))

    def test_a_download_that_breaks_off(self) -> None:
        self.store.fail("drop", "GET", times=1)
        self.works(self.logged_in(Docker).pull(f"{self.name}:1.0.0"))
        self.assertEqual(self.store.count("drop"), 1)

    def test_a_store_that_is_busy_while_somebody_pushes(self) -> None:
        for kind, method in (("slowdown", "PUT"), ("reset", "PUT"), ("slowdown", "POST")):
            with self.subTest(f"{kind} {method}"):
                name = fresh("acme/app-")
                self.store.fail(kind, method, times=2)
                document = self.vendor.push(name, "1.0.0", image(tar({"data/large": noise(9 * MIB)})))
                self.store.recover()
                layer = document.layers[0]
                self.assertEqual(self.customer().blob(name, layer).body, document.blobs[layer])


class Through(Delivery):
    """The server reads for its customers."""

    delivery = "stream"


if __name__ == "__main__":
    unittest.main()
