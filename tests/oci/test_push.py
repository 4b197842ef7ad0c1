"""Vendors push with every client, and customers pull it with another; tags that are versions become releases."""

import re
import unittest
from pathlib import Path

from harness.containerd import Ctr
from harness.depot import Depot
from harness.docker import Docker
from harness.go_clients import Crane
from harness.images import image, oci_archive, runnable, two_platforms
from harness.places import has
from harness.podman import Containers
from harness.publishing import fresh, product_token


class Pushes(Depot):
    def local(self, docker: Docker, says: str = "pushed") -> str:
        """An image in the daemon, from an archive; its name."""
        source, _ = self.push(runnable(says))
        self.works(docker.pull(f"{source}:1.0.0"))
        return docker.reference(f"{source}:1.0.0")

    def pushed_by_docker(self, docker: Docker, name: str, says: str = "pushed") -> str:
        """The digest that docker says."""
        docker.run("tag", self.local(docker, says), docker.reference(name))
        return re.search(r"digest: (sha256:\S+)", self.works(docker.push(name)))[1]

    def test_docker(self):
        vendor, name = self.logged_in(Docker, "vendor"), fresh("acme/app-")
        digest = self.pushed_by_docker(vendor, f"{name}:1.0.0", "docker pushed this")
        self.assertEqual(self.release(name, "1.0.0")["attributes"]["status"], "PUBLISHED")
        ctr = self.client(Ctr, self.secret("basic"))
        self.assertIn(digest.split(":")[1][:12], self.works(ctr.pull(f"{name}@{digest}")))
        self.works(ctr.pull(f"{name}:1.0.0"))
        self.assertIn("docker pushed this", self.works(ctr.start(f"{name}:1.0.0")))

    def test_skopeo_pushes_archives_whole(self):
        document, name = two_platforms(), fresh("acme/app-")
        vendor = self.client(Containers, self.secret("vendor"), "product")
        (vendor.sandbox.project / "image.tar").write_bytes(oci_archive(document))
        self.works(vendor.send("oci-archive:image.tar", f"{name}:1.0.0", "--all"))
        self.assertIn(document.digest, self.works(self.logged_in(Docker).pull(f"{name}:1.0.0")))

    def test_buildah_builds_and_pushes(self):
        name = fresh("acme/app-")
        vendor = self.client(Containers, self.secret("vendor"), "product")
        vendor.build("built:1", {"bin/busybox": Path("/bin/busybox").read_bytes()}, ["/bin/busybox", "echo", "built"])
        self.works(vendor.buildah_push("built:1", f"{name}:1.0.0"))
        docker = self.logged_in(Docker)
        self.works(docker.pull(f"{name}:1.0.0"))
        self.assertIn("built", self.works(docker.start(f"{name}:1.0.0")))

    def test_podman(self):
        source, _ = self.push()
        name = fresh("acme/app-")
        vendor = self.client(Containers, self.secret("vendor"), "product")
        self.works(vendor.pull(f"{source}:1.0.0"))
        creds = vendor.credential("--creds")
        local, there = vendor.reference(f"{source}:1.0.0"), vendor.remote(f"{name}:1.0.0")
        self.works(vendor.podman("push", "--tls-verify=false", *creds, local, there))
        self.works(self.client(Containers, self.secret("basic")).pull(f"{name}:1.0.0"))

    def test_containerd(self):
        source, document = self.push(runnable("containerd pushed this"))
        name = fresh("acme/app-")
        vendor = self.client(Ctr, self.secret("vendor"), "product")
        self.works(vendor.pull(f"{source}:1.0.0"))
        self.works(vendor.push(f"{name}:1.0.0", f"{source}:1.0.0"))
        docker = self.logged_in(Docker)
        self.assertIn(document.digest, self.works(docker.pull(f"{name}:1.0.0")))
        self.assertIn("containerd pushed this", self.works(docker.start(f"{name}:1.0.0")))

    @unittest.skipUnless(has("crane"), "crane could not be built")
    def test_crane(self):
        document, name = two_platforms(), fresh("acme/app-")
        crane = self.logged_in(Crane, "vendor")
        crane.sandbox.write("layout/oci-layout", '{"imageLayoutVersion": "1.0.0"}')
        crane.sandbox.write("layout/index.json", document.body.decode())
        for digest, content in document.everything().items():
            file = crane.sandbox.write(f"layout/blobs/{digest.replace(':', '/')}", "")
            file.write_bytes(content)
        self.works(crane.run("push", "--index", "layout", crane.reference(f"{name}:1.0.0")))
        self.works(crane.run("tag", crane.reference(f"{name}:1.0.0"), "latest"))
        self.assertIn(document.digest, self.works(self.logged_in(Docker).pull(f"{name}:latest")))

    def test_layers_that_are_there_are_mounted(self):
        vendor, name, second = self.logged_in(Docker, "vendor"), fresh("acme/app-"), fresh("acme/app-")
        self.pushed_by_docker(vendor, f"{name}:1.0.0")
        vendor.run("tag", vendor.reference(f"{name}:1.0.0"), vendor.reference(f"{second}:1.0.0"))
        self.assertIn(f"Mounted from {name}", self.works(vendor.push(f"{second}:1.0.0")))
        customer = self.logged_in(Docker)
        self.works(customer.pull(f"{second}:1.0.0"))

    def test_the_token_of_another_product_pushes_nothing_here(self):
        name, document = self.push()
        token = product_token(self.world, self.world.other_product)
        other = self.client(Containers, token, "product")
        (other.sandbox.project / "image.tar").write_bytes(oci_archive(image()))
        self.fails(other.send("oci-archive:image.tar", f"{name}:2.0.0"))
        self.assertEqual(self.vendor.tags(name), ["1.0.0"])
        self.assertNotEqual(self.registry(token, "product").manifest(name, "1.0.0").status, 200)


class Tags(Depot):
    def test_a_released_version_is_never_overwritten(self):
        name, document = self.push(tag="1.0.0")
        vendor = self.client(Containers, self.secret("vendor"), "product")
        (vendor.sandbox.project / "other.tar").write_bytes(oci_archive(image()))
        (vendor.sandbox.project / "same.tar").write_bytes(oci_archive(document))
        self.fails(vendor.send("oci-archive:other.tar", f"{name}:1.0.0"), "1.0.0", "released")
        self.works(vendor.send("oci-archive:same.tar", f"{name}:1.0.0"))
        self.assertEqual(self.customer().manifest(name, "1.0.0").body, document.body)

    def test_docker_prints_why(self):
        name, _ = self.push(tag="1.0.0")
        vendor = self.logged_in(Docker, "vendor")
        second = self.vendor.push(name, "build-2", image())
        self.works(vendor.pull(f"{name}@{second.digest}"))
        vendor.run("tag", vendor.reference(f"{name}@{second.digest}"), vendor.reference(f"{name}:1.0.0"))
        self.fails(vendor.push(f"{name}:1.0.0"), "1.0.0", "released")

    def test_latest_moves_with_what_is_released(self):
        name, first = self.push(tag="1.0.0")
        self.vendor.push(name, "latest", first)
        docker = self.logged_in(Docker)
        self.assertIn(first.digest, self.works(docker.pull(f"{name}:latest")))
        second = image()
        self.vendor.push(name, "latest", second)
        self.assertEqual(self.vendor.manifest(name, "latest").body, second.body)
        self.assertNotEqual(self.customer().manifest(name, "latest").body, second.body, "nothing released reaches it")
        self.vendor.push(name, "1.1.0", second)
        self.assertIn(second.digest, self.works(docker.pull(f"{name}:latest")))
        self.assertEqual(self.customer().manifest(name, "latest").body, second.body)

    def test_tags_that_are_versions_become_releases(self):
        name = fresh("acme/app-")
        for tag in ("1.0.0", "v1.1.0", "1.2.0-beta.1", "2.0.0_build.5", "nightly", "sha-1f3a9c"):
            self.vendor.push(name, tag, image())
        versions = {one["attributes"]["version"]: one["attributes"]["channel"] for one in self.releases(name)}
        expected = {"1.0.0": "stable", "1.1.0": "stable", "1.2.0-beta.1": "beta", "2.0.0+build.5": "stable"}
        self.assertEqual(versions, expected)
        self.assertEqual(self.vendor.tags(name), sorted(["1.0.0", "v1.1.0", "1.2.0-beta.1", "2.0.0_build.5", "nightly", "sha-1f3a9c"]))

    def test_lists_in_pages(self):
        name = fresh("acme/app-")
        document = self.vendor.push(name, "v1", image())
        tags = sorted([f"1.{number}.0" for number in range(7)] + ["v1"])
        for tag in tags:
            self.assertEqual(self.vendor.put_manifest(name, tag, document).status, 201)
        self.assertEqual(self.vendor.tags(name), tags)
        self.assertEqual(self.vendor.tags(name, n=3), tags[:3])
        self.assertEqual(self.vendor.tags(name, n=3, last=tags[2]), tags[3:6])
        self.assertEqual(self.vendor.tags(name, n=0), [])
        path, collected = f"/v2/{name}/tags/list?n=2", []
        while path:
            answer = self.vendor.ask("GET", path)
            collected += answer.json()["tags"]
            following = re.fullmatch(r'<([^>]+)>; rel="?next"?', answer.header("link"))
            path = following[1] if following else ""
        self.assertEqual(collected, tags)


class Drafts(Depot):
    """A product whose pushes wait to be published."""

    def setUp(self) -> None:
        super().setUp()
        attributes = {"name": "Careful", "code": fresh("careful-"), "pushStatus": "DRAFT"}
        product = self.world.vendor.create("products", attributes)["id"]
        self.vendor = self.registry(product_token(self.world, product), "product")
        self.key = self.world.new_license("DRAFT", self.world.new_policy("Careful", product))[1]

    def test_a_push_is_for_customers_once_it_is_published(self):
        name, document = self.push()
        release = self.release(name, "1.0.0")
        self.assertEqual(release["attributes"]["status"], "DRAFT")
        customer = self.logged_in(Docker, self.key)
        self.fails(customer.pull(f"{name}:1.0.0"))
        self.assertEqual(self.vendor.manifest(name, "1.0.0").status, 200)
        self.world.vendor.act("releases", release["id"], "publish")
        self.assertIn(document.digest, self.works(customer.pull(f"{name}:1.0.0")))

    def test_a_draft_may_be_pushed_again(self):
        name, _ = self.push()
        second = self.vendor.push(name, "1.0.0", image())
        self.world.vendor.act("releases", self.release(name, "1.0.0")["id"], "publish")
        self.assertEqual(self.registry(self.key).manifest(name, "1.0.0").body, second.body)
        third = self.vendor.put_manifest(name, "1.0.0", self.vendor.push(name, None, image()))
        self.refused(third, 409, "TAG_INVALID")


class Removals(Depot):
    def test_deleting_a_tag_withdraws_its_release(self):
        name, document = self.push()
        self.vendor.push(name, "1.1.0", image())
        vendor = self.client(Containers, self.secret("vendor"), "product")
        docker = self.logged_in(Docker)
        self.works(docker.pull(f"{name}:1.0.0"))
        docker.forget(f"{name}:1.0.0")
        # skopeo asks for the digest and deletes that
        self.works(vendor.delete(f"{name}:1.0.0"))
        self.fails(docker.pull(f"{name}:1.0.0"))
        self.works(docker.pull(f"{name}:1.1.0"))
        self.assertEqual(self.customer().tags(name), ["1.1.0"])
        statuses = {one["attributes"]["version"]: one["attributes"]["status"] for one in self.releases(name)}
        self.assertNotEqual(statuses.get("1.0.0"), "PUBLISHED", statuses)
        self.assertEqual(self.vendor.manifest(name, document.digest).status, 404)

    def test_a_yanked_release_is_gone_for_customers(self):
        name, document = self.push()
        self.world.vendor.act("releases", self.release(name, "1.0.0")["id"], "yank")
        self.fails(self.logged_in(Docker).pull(f"{name}:1.0.0"))
        self.assertNotEqual(self.customer().manifest(name, document.digest).status, 200)

    def test_tags_that_are_no_versions_come_and_go(self):
        name, document = self.push()
        self.vendor.push(name, "latest", document)
        self.assertEqual(self.vendor.ask("DELETE", f"{name}/manifests/latest").status, 202)
        self.assertEqual(self.vendor.manifest(name, "latest").status, 404)
        self.assertEqual(self.customer().manifest(name, "1.0.0").body, document.body)


if __name__ == "__main__":
    unittest.main()
