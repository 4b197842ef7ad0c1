"""Archives that must not be taken: each ends as FAILED with a reason that the vendor can read, and nothing of it is served."""

import unittest

from harness.wire import basic, bearer, get
from harness.world import shared

from making import bad

# What a reason has to mention, by case; whatever else it says is its own affair.
NPM = {
    "bomb": "large|big|limit|ratio|expands|exceed|times its size",
    "traversal": r"\.\.|path|climb|outside",
    "symlink": "link",
    "hardlink": "link",
    "two-package-json": "package.json",
    "two-top-directories": "director|top|package.json",
    "no-package-json": "package.json",
    "truncated": "trunc|ends|end of|incomplete|corrupt|gzip|cut",
    "trailing": "follows the end|trailing",
    "duplicate-key": "twice|duplicate|version",
    "not-json": "json",
    "contradicting": "@acme/other|name",
}
WHEELS = {
    "ambiguous": ".",
    "two-archives": ".",
    "trailing": ".",
    "traversal": r"\.\.|path|climb|outside",
    "duplicate": "same name",
    "unrecorded": "RECORD",
    "no-metadata": "METADATA",
    "wrong-version": r"9\.0\.1|version",
}
SDISTS = {
    "truncated": "trunc|ends|end of|incomplete|corrupt|gzip|cut",
    "wrong-top": "director|top|acme_widget",
    "no-pkg-info": "PKG-INFO",
    "traversal": r"\.\.|path|climb|outside",
    "wrong-version": r"9\.0\.1|version",
}


class BadArchives(unittest.TestCase):
    def refuse(self, release: str, filename: str, content: bytes, reason: str) -> None:
        vendor = shared().vendor
        artifact = vendor.upload(release, filename, content)
        vendor.remove_artifact(artifact["id"])
        attributes = artifact["attributes"]
        self.assertEqual(attributes["status"], "FAILED", attributes)
        self.assertRegex(attributes["failure"] or "", f"(?i){reason}")
        self.assertNotIn("panicked", attributes["failure"])

    def test_npm(self):
        world = shared()
        release = world.new_release("9.0.0", world.npm_widget)
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        files = bad.npm_files()
        self.assertEqual(set(files), set(NPM), "every case has its expectation")
        for case, content in files.items():
            with self.subTest(case):
                self.refuse(release, "acme-widget-9.0.0.tgz", content, NPM[case])
        document = get(world.registry("npm") + "/@acme%2fwidget", bearer(world.keys["pro"])).json()
        self.assertNotIn("9.0.0", document["versions"])

    def python(self, files: dict, expectations: dict, filename: str) -> None:
        world = shared()
        release = world.new_release("9.0.0", world.python_widget)
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        self.assertEqual(set(files), set(expectations), "every case has its expectation")
        for case, content in files.items():
            with self.subTest(case):
                self.refuse(release, filename, content, expectations[case])
        url = world.registry("pypi") + f"/files/acme-widget/{filename}"
        self.assertIn(get(url, basic("license", world.keys["pro"])).status, (403, 404))

    def test_wheels(self):
        self.python(bad.wheels(), WHEELS, "acme_widget-9.0.0-py3-none-any.whl")

    def test_sdists(self):
        self.python(bad.sdists(), SDISTS, "acme_widget-9.0.0.tar.gz")

    def test_names_that_no_index_offers(self):
        world = shared()
        release = world.new_release("9.0.0", world.python_widget)
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        for name in (
            "other_thing-9.0.0-py3-none-any.whl",
            "acme_widget-8.0.0-py3-none-any.whl",
            "acme_widget-9.0.0.zip",
        ):
            with self.subTest(name):
                self.refuse(release, name, bad.wheels()["unrecorded"], ".")

    def test_an_empty_file(self):
        world = shared()
        release = world.new_release("9.0.0", world.npm_widget)
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        self.refuse(release, "acme-widget-9.0.0.tgz", b"", ".")

    def test_the_version_takes_a_good_upload_afterwards(self):
        world = shared()
        name = "@acme/second-try"
        package = world.new_package(name, "npm")
        release = world.new_release("1.0.0", package)
        failed = world.vendor.upload(release, "acme-second-try-1.0.0.tgz", b"not an archive")
        self.assertEqual(failed["attributes"]["status"], "FAILED")
        world.vendor.remove_artifact(failed["id"])
        world.vendor.must("DELETE", f"/releases/{release}")
        world.publish_npm(name, "1.0.0", package)
        document = get(world.registry("npm") + "/@acme%2fsecond-try", bearer(world.keys["basic"])).json()
        self.assertEqual(document["dist-tags"], {"latest": "1.0.0"})
