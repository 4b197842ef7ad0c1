"""The archives in `fixtures/`, as different tools write them, and those that have to be refused."""

import unittest

from harness.depot import Depot
from harness.docker import Docker
from harness.places import FIXTURES
from harness.publishing import fresh
from making import bad  # places.py puts fixtures/ on the path

# What the vendor is told, by what is wrong.
REASONS = {
    "wrong-digest": "should have the digest",
    "wrong-size": "bytes by what index.json says",
    "missing-layer": "is not in the archive",
    "confused": "but has 'manifests'",
    "nested": "nested more than 4 deep",
    "traversal": "'..' in its path",
    "symlink": "a place outside the archive",
    "bomb": "more than 200 times its size",
    "truncated": "cut short",
    "no-image": "no image in it",
    "xz": "compressed with xz",
}


class Fixtures(Depot):
    def uploaded(self, filename: str, content: bytes, version: str) -> tuple[str, dict]:
        """A package of its own with this file; its key and the artifact's attributes."""
        name = fresh("acme/app-")
        release = self.world.new_release(version, self.world.new_package(name, "oci"))
        return name, self.world.vendor.upload(release, filename, content)["attributes"]

    def test_every_archive_of_an_image_runs(self):
        docker = self.logged_in(Docker)
        archives = sorted((FIXTURES / "oci").glob("*.tar"))
        self.assertEqual(len(archives), 4)
        for path in archives:
            with self.subTest(path.name):
                name, artifact = self.uploaded(path.name, path.read_bytes(), "1.0.0")
                self.assertEqual(artifact["status"], "UPLOADED", artifact)
                self.works(docker.pull(f"{name}:1.0.0"))
                self.assertIn("acme-app 1.0.0 amd64", self.works(docker.start(f"{name}:1.0.0")))
                docker.forget(f"{name}:1.0.0")

    def test_each_bad_one_is_refused_with_its_reason(self):
        made = bad.images()
        self.assertEqual(made.keys(), REASONS.keys())
        for case, content in made.items():
            with self.subTest(case):
                name, artifact = self.uploaded("acme-app-9.0.0.tar", content, "9.0.0")
                self.assertEqual(artifact["status"], "FAILED", artifact)
                self.assertIn(REASONS[case], artifact["failure"])
                self.assertNotEqual(self.customer().manifest(name, "9.0.0").status, 200)


if __name__ == "__main__":
    unittest.main()
