"""Customers pull: with every client, by tag, digest and platform, all tags, without a credential what is public."""

import json
import unittest
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from harness.containerd import Ctr
from harness.depot import Depot
from harness.docker import Docker
from harness.faults import FaultyStore
from harness.go_clients import Crane, Oras
from harness.images import image, noise, runnable, tar, two_platforms
from harness.parts import MIB
from harness.places import has
from harness.podman import Containers
from harness.publishing import fresh, product_token
from harness.relay import Listener, forward


class Pulls(Depot):
    def test_docker_pulls_and_runs(self):
        name, document = self.push(runnable("hello from docker"))
        docker = self.logged_in(Docker)
        self.assertIn(document.digest, self.works(docker.pull(f"{name}:1.0.0")))
        self.assertIn("hello from docker", self.works(docker.start(f"{name}:1.0.0")))

    def test_containerd_pulls_and_runs(self):
        name, _ = self.push(runnable("hello from containerd"))
        ctr = self.client(Ctr, self.secret("basic"))
        self.works(ctr.pull(f"{name}:1.0.0"))
        self.assertIn("hello from containerd", self.works(ctr.start(f"{name}:1.0.0")))

    def test_by_digest(self):
        name, document = self.push()
        docker = self.logged_in(Docker)
        self.assertIn(document.digest, self.works(docker.pull(f"{name}@{document.digest}")))
        ctr = self.client(Ctr, self.secret("basic"))
        self.works(ctr.pull(f"{name}@{document.digest}"))

    def test_several_platforms(self):
        name, document = self.push(two_platforms())
        docker = self.logged_in(Docker)
        for platform in ("amd64", "arm64"):
            self.assertIn(document.digest, self.works(docker.pull(f"{name}:1.0.0", "--platform", f"linux/{platform}")))
            asked = docker.run("image", "inspect", docker.reference(f"{name}:1.0.0"), "--format", "{{.Architecture}}")
            self.assertEqual(self.works(asked).strip(), platform)
        self.works(self.client(Ctr, self.secret("basic")).pull(f"{name}:1.0.0", "--all-platforms"))
        raw = self.client(Containers, self.secret("basic")).inspect(f"{name}:1.0.0", "--raw")
        self.assertEqual(self.works(raw).encode(), document.body)

    def test_all_tags(self):
        name, _ = self.push(tag="1.0.0")
        self.vendor.push(name, "1.1.0", image())
        docker = self.logged_in(Docker)
        output = self.works(docker.pull(name, "--all-tags"))
        for tag in ("1.0.0", "1.1.0"):
            self.assertIn(f"{tag}: Pulling from {name}", output)

    def test_podman_skopeo_and_buildah(self):
        name, document = self.push(two_platforms())
        containers = self.client(Containers, self.secret("basic"))
        self.works(containers.pull(f"{name}:1.0.0"))
        self.works(containers.fetch(f"{name}:1.0.0", "dir:copy", "--all"))
        copied = (containers.sandbox.project / "copy" / "manifest.json").read_bytes()
        self.assertEqual(copied, document.body)
        creds = containers.credential("--creds")
        self.works(containers.sandbox.run("buildah", "pull", "--tls-verify=false", *creds, containers.remote(f"{name}:1.0.0")))

    @unittest.skipUnless(has("crane") and has("oras"), "crane and oras could not be built")
    def test_crane_and_oras(self):
        name, document = self.push()
        crane = self.logged_in(Crane)
        self.works(crane.run("pull", crane.reference(f"{name}:1.0.0"), "image.tar"))
        self.assertEqual(self.works(crane.run("digest", crane.reference(f"{name}:1.0.0"))).strip(), document.digest)
        self.works(crane.run("validate", "--remote", crane.reference(f"{name}:1.0.0")))
        oras = self.logged_in(Oras)
        said = oras.run("manifest", "fetch", "--plain-http", oras.reference(f"{name}:1.0.0"))
        self.assertEqual(said.out.encode(), document.body, said)

    def test_a_key_as_a_bearer_and_in_basic(self):
        name, document = self.push()
        key = self.secret("basic")
        for headers in ({"Authorization": f"Bearer {key}"}, self.registry(key, "anyone").credential):
            answer = self.registry().manifest(name, "1.0.0", headers=headers)
            self.assertEqual(answer.body, document.body, answer)

    def test_a_licence_that_ends_soon_is_said_beside_the_manifest(self):
        name, document = self.push()
        for days, warned in ((3, True), (365, False)):
            ends = datetime.now(UTC) + timedelta(days=days)
            key = self.world.new_license("ENDS", expiry=ends.strftime("%Y-%m-%dT%H:%M:%S.000Z"))[1]
            with self.subTest(days=days):
                said = self.registry(key).manifest(name, "1.0.0").header("warning")
                self.assertEqual(bool(said), warned, said)
                if warned:
                    self.assertRegex(said, rf'^299 - ".*expires on {ends:%Y-%m-%d}')
                self.works(self.logged_in(Docker, key).pull(f"{name}:1.0.0"))
                self.assertEqual(self.registry(key).blob(name, document.layers[0]).header("warning"), "")

    def test_fifty_pulls_at_once(self):
        name, document = self.push(image(*(tar({f"data/{number}": noise(MIB)}) for number in range(3))))
        containers = self.client(Containers, self.secret("basic"))

        def pull(number: int):
            return containers.fetch(f"{name}:1.0.0", f"dir:copy-{number}")

        with ThreadPoolExecutor(50) as pool:
            for done in pool.map(pull, range(50)):
                self.works(done)
        for number in range(50):
            folder = containers.sandbox.project / f"copy-{number}"
            self.assertEqual((folder / "manifest.json").read_bytes(), document.body)
            for layer in document.layers:
                self.assertEqual((folder / layer.split(":")[1]).read_bytes(), document.blobs[layer])


class Public(Depot):
    """A product that is open to everybody."""

    def setUp(self) -> None:
        super().setUp()
        attributes = {"name": "Open", "code": fresh("open-"), "distributionStrategy": "OPEN"}
        product = self.world.vendor.create("products", attributes)["id"]
        self.vendor = self.registry(product_token(self.world, product), "product")

    def test_anybody_pulls(self):
        name, document = self.push(two_platforms())
        self.assertIn(document.digest, self.works(self.client(Docker).pull(f"{name}:1.0.0")))
        self.works(self.client(Ctr).pull(f"{name}:1.0.0"))
        containers = self.client(Containers)
        self.works(containers.pull(f"{name}:1.0.0"))
        self.assertEqual(json.loads(self.works(containers.list_tags(name)))["Tags"], ["1.0.0"])

    def test_so_does_somebody_with_a_licence_of_another_product(self):
        name, _ = self.push()
        self.works(self.logged_in(Docker).pull(f"{name}:1.0.0"))

    def test_nobody_pushes_to_it(self):
        name, _ = self.push()
        docker = self.client(Docker)
        self.works(docker.pull(f"{name}:1.0.0"))
        docker.run("tag", docker.reference(f"{name}:1.0.0"), docker.reference(f"{name}:2.0.0"))
        self.fails(docker.push(f"{name}:2.0.0"))
        self.assertEqual(self.vendor.tags(name), ["1.0.0"])


class Broken(Depot):
    """What goes wrong between the registry and its customer."""

    def test_a_download_that_breaks_off_goes_on_where_it_was(self):
        self.own_world("--delivery", "stream")
        name, document = self.push(image(tar({"data/large": noise(8 * MIB)})))
        faulty = FaultyStore(self.world.server)
        self.addCleanup(faulty.close)
        self.address = f"127.0.0.1:{faulty.httpd.server_port}"
        for kind, pull in (
            ("docker", lambda: self.logged_in(Docker).pull(f"{name}:1.0.0")),
            ("containerd", lambda: self.client(Ctr, self.secret("basic")).pull(f"{name}:1.0.0")),
        ):
            with self.subTest(kind):
                before = faulty.count("drop")
                faulty.fail("drop", "GET", f"/blobs/{document.layers[0]}", times=1)
                self.works(pull())
                self.assertEqual(faulty.count("drop") - before, 1)

    def test_a_licence_suspended_between_manifest_and_layers(self):
        name, document = self.push()
        licence, key = self.world.new_license("MIDWAY")
        customer = self.registry(key)
        headers = customer.with_token(f"repository:{name}:pull")
        self.assertEqual(customer.manifest(name, "1.0.0", headers=headers).status, 200)
        self.world.vendor.act("licenses", licence, "suspend")
        for answer in (
            customer.ask("GET", f"{name}/blobs/{document.layers[0]}", headers=headers),
            customer.ask("HEAD", f"{name}/blobs/{document.layers[0]}", headers=headers),
            customer.manifest(name, "1.0.0", headers=headers),
        ):
            self.assertEqual(answer.status, 401, answer)
            self.assertIn("licence is suspended", answer.header("www-authenticate"))

    def test_docker_prints_why_its_pull_stopped(self):
        name, _ = self.push()
        licence, key = self.world.new_license("MIDWAY")
        suspended = []

        def answer(method: str, path: str, headers: dict, body: bytes):
            said = forward(self.world.server.url, method, path, headers, body)
            if method == "GET" and "/manifests/" in path and said[0] == 200 and not suspended:
                suspended.append(self.world.vendor.act("licenses", licence, "suspend"))
            return said

        between = Listener(answer)
        self.addCleanup(between.close)
        self.address = between.url.removeprefix("http://")
        self.fails(self.logged_in(Docker, key).pull(f"{name}:1.0.0"), "licence is suspended")
        self.assertTrue(suspended)


if __name__ == "__main__":
    unittest.main()
