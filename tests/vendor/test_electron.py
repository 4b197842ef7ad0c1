"""electron-builder and electron-updater as they speak to the API: publishing a version and finding it again."""

import json
import unittest

from harness.server import Server
from harness.vendor import JSON, Vendor
from harness.wire import Answer, bearer, get, license_header
from harness.world import shared

NOW = {"Accept": JSON, "Content-Type": JSON, "Keygen-Version": "1.1"}
FIRST = {**NOW, "Keygen-Version": "1.0", "User-Agent": "electron-builder"}


class Publisher:
    """What electron-builder's publisher asks for, in its order."""

    def __init__(self, world, product: str) -> None:
        self.vendor, self.product = world.vendor, product

    def release(self, version: str, channel: str = "stable") -> tuple[list[int], dict]:
        """Finds or makes a release; the statuses on the way, and the release."""
        attributes = {"version": version, "channel": channel, "status": "PUBLISHED"}
        document = {"data": Vendor.document("releases", attributes, {"product": self.product})}
        path, statuses = f"/releases/{version}?product={self.product}", []
        for method, target, body in (("GET", path, None), ("POST", "/releases", document), ("GET", path, None)):
            answer = self.vendor.ask(method, target, body, NOW)
            statuses.append(answer.status)
            if answer.status < 300:
                return statuses, answer.json()["data"]
        raise AssertionError(f"{version}: {statuses}")

    def upload(self, release: str, filename: str, content: bytes) -> dict:
        attributes = {"filename": filename, "filetype": filename.rsplit(".", 1)[1], "filesize": len(content)}
        document = {"data": Vendor.document("artifacts", {**attributes, "platform": "win32"}, {"release": release})}
        made = self.vendor.ask("POST", "/artifacts", document, {**NOW, "Prefer": "no-redirect"})
        assert made.status == 200, made
        assert made.header("Location") == made.json()["data"]["links"]["redirect"], made
        assert self.vendor.put(made.header("Location"), content).status in (200, 201, 204)
        return self.vendor.settled(made.json()["data"]["id"])

    def publish(self, version: str, channel: str = "stable") -> None:
        release = self.release(version, channel)[1]["id"]
        installer = f"installer {version} of {self.product}".encode()
        self.upload(release, f"App-{version}.exe", installer)
        self.upload(release, f"App-{version}.exe.blockmap", b"map of " + installer)
        self.upload(release, f"{channel}.yml", f"version: {version}\npath: App-{version}.exe\n".encode())


class Updater:
    """What electron-updater's provider asks for: the channel's file, then files beside it, with the same query."""

    def __init__(self, world, product: str, key: str, **query: str) -> None:
        self.base = f"{world.server.url}/v1/artifacts/"
        pairs = {"product": product, **query}
        self.query = "?" + "&".join(f"{name}={value}" for name, value in pairs.items())
        self.headers = {**license_header(key), "Accept": JSON, "Keygen-Version": "1.1"}

    def ask(self, name: str, **headers: str) -> Answer:
        return get(self.base + name + self.query, {**self.headers, **headers})

    def fetch(self, name: str) -> str:
        """A file's text, after its redirect, which takes no credential along."""
        answer = self.ask(name)
        if answer.status != 303:
            raise AssertionError(f"{name}: {answer}")
        return get(answer.header("Location")).text()


class Electron(unittest.TestCase):
    def setUp(self):
        self.world = world = shared()
        create = world.vendor.create
        self.products = [create("products", {"name": name})["id"] for name in ("Desk", "Pad")]
        policies = [world.new_policy("Electron", product=product) for product in self.products]
        self.keys = [world.new_license("ELECTRON", policy=policy)[1] for policy in policies]

    def test_a_release_is_found_or_made(self):
        publisher = Publisher(self.world, self.products[0])
        self.assertEqual(publisher.release("1.0.0")[0], [404, 201])
        self.assertEqual(publisher.release("1.0.0")[0], [200])
        self.assertEqual(publisher.release("1.0.1")[0], [404, 201])
        other = Publisher(self.world, self.products[1])
        self.assertEqual(other.release("1.0.0")[0], [404, 201], "the same version of another product is another release")

    def test_two_publishers_at_once_share_a_release(self):
        """One per platform: the loser of the race is told that the version is taken, and finds the release."""
        publisher = Publisher(self.world, self.products[0])
        made = publisher.release("3.0.0")[1]
        attributes = {"version": "3.0.0", "channel": "stable", "status": "PUBLISHED"}
        document = {"data": Vendor.document("releases", attributes, {"product": self.products[0]})}
        late = self.world.vendor.ask("POST", "/releases", document, NOW)
        self.assertEqual((late.status, late.json()["errors"][0]["code"]), (422, "VERSION_TAKEN"))
        self.assertEqual(publisher.release("3.0.0"), ([200], made))

    def test_a_failed_publication_is_rolled_back(self):
        publisher = Publisher(self.world, self.products[0])
        release = publisher.release("4.0.0")[1]["id"]
        gone = self.world.vendor.ask("DELETE", f"/releases/{release}", None, NOW)
        self.assertEqual((gone.status, gone.body), (204, b""))
        self.assertEqual(publisher.release("4.0.0")[0], [404, 201])

    def test_an_app_finds_the_newest_version_of_its_own_product(self):
        for product, versions in zip(self.products, (("1.9.0", "1.10.0"), ("7.0.0",))):
            for version in versions:
                Publisher(self.world, product).publish(version)
        Publisher(self.world, self.products[0]).publish("2.0.0-beta.1", "beta")
        for product, key, version in zip(self.products, self.keys, ("1.10.0", "7.0.0")):
            updater = Updater(self.world, product, key, channel="stable")
            self.assertIn(f"version: {version}\n", updater.fetch("stable.yml"))
            self.assertEqual(updater.fetch(f"App-{version}.exe"), f"installer {version} of {product}")
            self.assertIn("map of", updater.fetch(f"App-{version}.exe.blockmap"))
            part = updater.ask(f"App-{version}.exe", Range="bytes=0-8")
            self.assertEqual((part.status, part.body), (206, b"installer"), "a delta update is answered in place")
        beta = Updater(self.world, self.products[0], self.keys[0])
        self.assertIn("version: 2.0.0-beta.1\n", beta.fetch("beta.yml"))
        made = beta.ask("alpha.yml")
        self.assertEqual(made.status, 200, made)
        self.assertIn('version: "2.0.0-beta.1"\n', made.text(), "of what there is, where none was sent")
        strangers = Updater(self.world, self.products[1], self.keys[0])
        self.assertEqual(strangers.ask("stable.yml").status, 404, "a licence for one product is none for the other")

    def test_the_publisher_of_the_first_version(self):
        """It sends the file itself to where it is told the way, labelled as JSON."""
        vendor, product = self.world.vendor, self.products[0]
        attributes = {"version": "1.0.0", "channel": "stable", "filename": "Old-1.0.0.exe", "filetype": "exe",
                      "platform": "win32", "filesize": 2 << 20}  # fmt: skip
        document = {"data": Vendor.document("releases", attributes, {"product": product})}
        made = vendor.ask("PUT", "/releases", document, FIRST)
        self.assertEqual(made.status, 201, made)
        content = b"\xff\x00{" + b"." * ((2 << 20) - 3)
        url = f"{self.world.server.url}/v1/releases/{made.json()['data']['id']}/artifact"
        way = vendor.local.connection.request("PUT", url, content, {**bearer(vendor.token), **FIRST})
        self.assertEqual(way.status, 307, way)
        self.assertIn(vendor.put(way.header("Location"), content).status, (200, 201, 204))
        vendor.settled(json.loads(way.body)["data"]["id"])
        answer = get(url, {**license_header(self.keys[0]), **FIRST})
        self.assertEqual((answer.status, get(answer.header("Location")).body), (303, content))


class ShortLinks(unittest.TestCase):
    def test_a_browser_follows_one(self):
        with Server("--domain", "keyway.test") as server:
            vendor = Vendor(server.url, server.token)
            product = vendor.create("products", {"name": "App", "distributionStrategy": "OPEN"})["id"]
            release = vendor.create(
                "releases", {"version": "1.0.0", "channel": "stable", "status": "PUBLISHED", "tag": "latest"},
                product=product,
            )["id"]  # fmt: skip
            vendor.publish(release, "setup/App.zip", b"bytes")
            for host in ("get.keyway.test", "bin.keyway.test"):
                headers = {"Host": host, "Accept": "text/html"}
                found = server.get("/latest/setup/App.zip", headers)
                self.assertEqual(found.status, 303, found)
                listed = server.get("/1.0.0", headers)
                self.assertEqual((listed.status, len(listed.json()["data"])), (200, 1))
                first = server.get("/setup/App.zip", {**headers, "Keygen-Version": "1.0"})
                self.assertEqual(first.status, 303, first)
