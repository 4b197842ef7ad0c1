"""One file instead of a push: an archive uploaded through the API is an image that everybody can pull."""

import gzip
import json
import unittest

from harness.depot import Depot
from harness.docker import Docker
from harness.go_clients import Helm
from harness.images import Document, artifact, chart, image, index, oci_archive, runnable, tar, two_platforms
from harness.places import has
from harness.podman import Containers
from harness.publishing import fresh


class Archives(Depot):
    def uploaded(self, filename: str, content: bytes, version: str = "1.0.0") -> tuple[str, dict]:
        """A release of a package of its own with one file; the package's key and the artifact."""
        name = fresh("acme/app-")
        package = self.world.new_package(name, "oci")
        release = self.world.new_release(version, package)
        return name, self.world.vendor.publish(release, filename, content)

    def runs(self, name: str, says: str) -> None:
        docker = self.logged_in(Docker)
        self.works(docker.pull(f"{name}:1.0.0"))
        self.assertIn(says, self.works(docker.start(f"{name}:1.0.0")))

    def is_the_same(self, name: str, document: Document) -> None:
        raw = self.client(Containers, self.secret("basic")).inspect(f"{name}:1.0.0", "--raw")
        self.assertEqual(self.works(raw).encode(), document.body)

    def test_an_oci_layout(self):
        document = runnable("hello from a layout")
        name, _ = self.uploaded("image.tar", oci_archive(document, "1.0.0"))
        self.is_the_same(name, document)
        self.runs(name, "hello from a layout")

    def test_one_that_skopeo_made(self):
        source, document = self.push(index(runnable("amd64"), image(architecture="arm64")))
        containers = self.client(Containers, self.secret("basic"))
        self.works(containers.fetch(f"{source}:1.0.0", "oci-archive:image.tar:acme/app:1.0.0", "--all"))
        name, _ = self.uploaded("image.tar", (containers.sandbox.project / "image.tar").read_bytes())
        self.is_the_same(name, document)
        self.runs(name, "amd64")

    def test_a_compressed_one(self):
        document = two_platforms()
        name, _ = self.uploaded("image.tar.gz", gzip.compress(oci_archive(document), 1))
        self.is_the_same(name, document)

    def test_docker_save(self):
        source, _ = self.push(runnable("hello from docker save"))
        docker = self.logged_in(Docker)
        self.works(docker.pull(f"{source}:1.0.0"))
        self.works(docker.run("save", "--output", "saved.tar", docker.reference(f"{source}:1.0.0")))
        name, _ = self.uploaded("saved.tar", (docker.sandbox.project / "saved.tar").read_bytes())
        docker.forget(f"{source}:1.0.0")
        self.runs(name, "hello from docker save")

    def test_a_docker_archive_of_skopeo(self):
        source, _ = self.push(runnable("hello from a docker archive"))
        containers = self.client(Containers, self.secret("basic"))
        self.works(containers.fetch(f"{source}:1.0.0", "docker-archive:image.tar:acme/app:1.0.0"))
        name, _ = self.uploaded("image.tar", (containers.sandbox.project / "image.tar").read_bytes())
        self.runs(name, "hello from a docker archive")

    def test_what_buildah_pushes_into_a_file(self):
        containers = self.client(Containers)
        marker = fresh("built-")
        containers.build("built:1", {"etc/marker": marker.encode()}, ["/bin/true"])
        containers.buildah("push", "built:1", "oci-archive:image.tar")
        content = (containers.sandbox.project / "image.tar").read_bytes()
        name, _ = self.uploaded("image.tar", content)
        self.works(self.logged_in(Docker).pull(f"{name}:1.0.0"))

    def test_signatures_come_along(self):
        document = image()
        signature = artifact("application/vnd.dev.sigstore.bundle.v0.3+json", b"{}", document)
        both = {**document.everything(), **signature.everything()}
        files = {f"blobs/{digest.replace(':', '/')}": content for digest, content in both.items()}
        files["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
        manifests = [document.descriptor(), signature.descriptor()]
        files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": manifests}).encode()
        name, _ = self.uploaded("image.tar", tar(files))
        self.assertEqual([one["digest"] for one in self.customer().referrers(name, document.digest)], [signature.digest])

    @unittest.skipUnless(has("helm"), "helm could not be built")
    def test_a_chart(self):
        name = fresh("charts/app-")
        short = name.split("/")[1]
        release = self.world.new_release("1.2.3", self.world.new_package(name, "oci"))
        self.world.vendor.publish(release, f"{short}-1.2.3.tgz", chart(short, "1.2.3"))
        helm = self.logged_in(Helm)
        self.works(helm.run("pull", "--plain-http", f"oci://{helm.reference(name)}", "--version", "1.2.3"))
        pulled = (helm.sandbox.project / f"{short}-1.2.3.tgz").read_bytes()
        self.assertEqual(pulled, chart(short, "1.2.3"))

    def test_a_release_without_its_entitlement_is_refused(self):
        name, _ = self.uploaded("image.tar", oci_archive(image()))
        self.world.vendor.constrain(self.release(name, "1.0.0")["id"], self.world.pro)
        self.fails(self.logged_in(Docker).pull(f"{name}:1.0.0"), "entitle")
        self.works(self.logged_in(Docker, "pro").pull(f"{name}:1.0.0"))


if __name__ == "__main__":
    unittest.main()
