"""Signatures, attestations and what else refers to an image: whoever may pull the image finds and pulls them."""

import json
import unittest
from urllib.parse import urlencode

from harness.depot import Depot
from harness.go_clients import Oras
from harness.images import INDEX, artifact, image
from harness.places import has
from harness.podman import Containers

COSIGN = "application/vnd.dev.sigstore.bundle.v0.3+json"
SBOM = "application/spdx+json"


class Referrers(Depot):
    def setUp(self) -> None:
        super().setUp()
        self.name, self.document = self.push(needs=[self.world.pro])

    def attach(self, kind: str = COSIGN, **annotations: str):
        """Pushes a signature in the way of cosign: a manifest with a subject, by its digest."""
        made = artifact(kind, kind.encode(), self.document, **annotations)
        for content in made.blobs.values():
            self.vendor.push_blob(self.name, content)
        answer = self.vendor.put_manifest(self.name, made.digest, made)
        self.assertEqual((answer.status, answer.header("oci-subject")), (201, self.document.digest), answer)
        return made

    def test_those_who_pull_the_image_find_them(self):
        signature, sbom = self.attach(), self.attach(SBOM, made="today")
        found = {one["digest"]: one for one in self.customer("pro").referrers(self.name, self.document.digest)}
        self.assertEqual(set(found), {signature.digest, sbom.digest})
        told = found[sbom.digest]
        self.assertEqual((told["artifactType"], told["annotations"], told["size"]), (SBOM, {"made": "today"}, len(sbom.body)))
        for made in (signature, sbom):
            self.assertEqual(self.customer("pro").manifest(self.name, made.digest).body, made.body)

    def test_a_filter(self):
        self.attach()
        sbom = self.attach(SBOM)
        path = f"{self.name}/referrers/{self.document.digest}?{urlencode({'artifactType': SBOM})}"
        answer = self.customer("pro").ask("GET", path)
        self.assertEqual([one["digest"] for one in answer.json()["manifests"]], [sbom.digest])
        self.assertEqual(answer.header("oci-filters-applied"), "artifactType")
        self.assertEqual(answer.header("content-type"), INDEX)

    def test_those_who_may_not_pull_the_image_do_not(self):
        signature = self.attach()
        basic = self.customer("basic")
        answer = basic.ask("GET", f"{self.name}/referrers/{self.document.digest}")
        self.assertNotIn(signature.digest, answer.text())
        self.assertNotEqual(basic.manifest(self.name, signature.digest).status, 200)
        self.assertNotEqual(basic.blob(self.name, signature.layers[0]).status, 200)

    def test_a_subject_that_is_pushed_later(self):
        late = image()
        signature = artifact(COSIGN, b"early", late)
        self.vendor.push(self.name, None, signature)
        self.assertEqual([one["digest"] for one in self.vendor.referrers(self.name, late.digest)], [signature.digest])
        self.assertEqual(self.customer("pro").referrers(self.name, late.digest), [])
        self.vendor.push(self.name, "1.1.0", late)
        self.assertEqual([one["digest"] for one in self.customer("basic").referrers(self.name, late.digest)], [signature.digest])

    def test_older_signatures_are_plain_tags(self):
        signature = artifact(COSIGN, b"older")
        tag = f"{self.document.digest.replace(':', '-')}.sig"
        self.vendor.push(self.name, tag, signature)
        self.assertEqual(self.customer("pro").manifest(self.name, tag).body, signature.body)
        self.assertNotEqual(self.customer("basic").manifest(self.name, tag).status, 200)
        self.works(self.client(Containers, self.secret("pro")).fetch(f"{self.name}:{tag}", "dir:copy"))

    @unittest.skipUnless(has("oras"), "oras could not be built")
    def test_oras_attaches_and_discovers(self):
        vendor = self.logged_in(Oras, "vendor")
        vendor.sandbox.write("sbom.json", json.dumps({"spdxVersion": "SPDX-2.3"}))
        image = vendor.reference(f"{self.name}:1.0.0")
        self.works(vendor.run("attach", "--plain-http", "--artifact-type", SBOM, image, "sbom.json"))
        customer = self.logged_in(Oras, "pro")
        said = self.works(customer.run("discover", "--plain-http", "--format", "json", image))
        digest = self.customer("pro").referrers(self.name, self.document.digest)[0]["digest"]
        self.assertIn(digest, said)
        self.works(customer.run("pull", "--plain-http", customer.reference(f"{self.name}@{digest}")))
        self.assertIn("SPDX-2.3", (customer.sandbox.project / "sbom.json").read_text())
        self.fails(self.logged_in(Oras, "basic").run("discover", "--plain-http", image), "401")


if __name__ == "__main__":
    unittest.main()
