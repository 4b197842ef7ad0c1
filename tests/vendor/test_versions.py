"""Versions that only their ecosystem knows, and one name in two ecosystems."""

import unittest

from harness.python import Pip
from harness.wire import basic, bearer, get
from harness.world import shared

JSON = "application/vnd.pypi.simple.v1+json"


class Versions(unittest.TestCase):
    def test_python(self):
        world = shared()
        versions = ["1.0.dev1", "1.0a1", "1.0", "1.0.post1", "1.2.3.4", "1!0.5", "1!2.0"]
        name = "acme-odd"
        package = world.new_package(name, "pypi")
        for version in (versions[index] for index in (3, 0, 6, 1, 5, 2, 4)):
            world.publish_wheel(name, version, package)
        headers = {**basic("license", world.keys["basic"]), "Accept": JSON}
        page = get(world.registry("pypi") + f"/simple/{name}/", headers).json()
        self.assertEqual(page["versions"], versions)
        customer = Pip(world.registry("pypi"), world.keys["basic"])
        self.addCleanup(customer.close)
        run = customer.install(name)
        self.assertEqual(run.code, 0, run)
        self.assertIn(f"{name.replace('-', '_')}-1!2.0.dist-info", [path.name for path in customer.target.iterdir()])

    def test_the_same_python_version_in_another_spelling_is_taken(self):
        world = shared()
        package = world.new_package("acme-spelled", "pypi")
        world.new_release("1.0", package)
        for spelling in ("1.0.0", "v1.0", "1.0.0.0"):
            with self.subTest(spelling):
                attributes = {"version": spelling, "channel": "stable"}
                document = {"data": world.vendor.document(
                    "releases", attributes, {"product": world.product, "package": package}
                )}  # fmt: skip
                answer = world.vendor.ask("POST", "/releases", document)
                self.assertIn(answer.status, (409, 422), answer)
                self.assertEqual(answer.json()["errors"][0]["code"], "VERSION_TAKEN")

    def test_npm(self):
        world = shared()
        name = "@acme/odd"
        package = world.new_package(name, "npm")
        for version in ("1.0.0-next.1", "1.0.0-0", "0.9.0", "1.0.0-next.10", "1.0.0-next.2"):
            world.publish_npm(name, version, package, channel="dev" if "-" in version else "stable")
        document = get(world.registry("npm") + "/@acme%2fodd", bearer(world.keys["basic"])).json()
        self.assertEqual(document["dist-tags"]["latest"], "0.9.0")
        self.assertEqual(document["dist-tags"]["dev"], "1.0.0-next.10")
        self.assertEqual(len(document["versions"]), 5)

    def test_what_no_ecosystem_knows(self):
        world = shared()
        for engine, wrong in (
            ("npm", "1.0"),
            ("npm", "1.0.0.post1"),
            ("pypi", "1.0.0-next.1"),
            ("pypi", "one"),
            (None, "1.2.3.4"),
        ):
            with self.subTest(f"{engine} {wrong}"):
                package = engine and {"npm": world.npm_widget, "pypi": world.python_widget}[engine]
                document = {"data": world.vendor.document(
                    "releases", {"version": wrong, "channel": "stable"}, {"product": world.product, "package": package}
                )}  # fmt: skip
                answer = world.vendor.ask("POST", "/releases", document)
                self.assertEqual(answer.status, 422, answer)
                error = answer.json()["errors"][0]
                self.assertEqual(
                    (error["code"], error["source"]["pointer"]), ("VERSION_INVALID", "/data/attributes/version")
                )


class SameName(unittest.TestCase):
    def test_two_ecosystems_two_packages(self):
        world = shared()
        npm, pypi = world.new_package("acme-twin", "npm"), world.new_package("acme-twin", "pypi")
        self.assertNotEqual(npm, pypi)
        world.publish_npm("acme-twin", "1.0.0", npm)
        world.publish_wheel("acme-twin", "2.0", pypi)
        document = get(world.registry("npm") + "/acme-twin", bearer(world.keys["basic"])).json()
        self.assertEqual(set(document["versions"]), {"1.0.0"})
        headers = {**basic("license", world.keys["basic"]), "Accept": JSON}
        page = get(world.registry("pypi") + "/simple/acme-twin/", headers).json()
        self.assertEqual(page["versions"], ["2.0"])

    def test_once_more_in_one_ecosystem_is_taken(self):
        world = shared()
        world.new_package("Acme.Once", "pypi")
        for spelling in ("Acme.Once", "acme-once", "ACME_once"):
            with self.subTest(spelling):
                attributes = {"name": "x", "key": spelling, "engine": "pypi"}
                document = {"data": world.vendor.document("packages", attributes, {"product": world.product})}
                answer = world.vendor.ask("POST", "/packages", document)
                self.assertIn(answer.status, (409, 422), answer)
                self.assertEqual(answer.json()["errors"][0]["code"], "KEY_TAKEN")
