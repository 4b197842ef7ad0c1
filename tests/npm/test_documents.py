"""Packuments and tarballs as they come over the wire."""

import base64
import gzip
import hashlib
import unittest

from harness.javascript import Bearer, Npm
from harness.places import FIXTURES
from harness.wire import bearer, get
from harness.world import shared

ABBREVIATED = "application/vnd.npm.install-v1+json"


def packument(path: str = "/@acme%2fwidget", who: str = "pro", **headers: str):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return get(shared().registry("npm") + path, {**bearer(shared().keys[who]), **given})


class Packuments(unittest.TestCase):
    def test_full_document(self):
        answer = packument(Accept="application/json")
        self.assertEqual((answer.status, answer.header("content-type").split(";")[0]), (200, "application/json"))
        document = answer.json()
        self.assertEqual(document["name"], "@acme/widget")
        self.assertEqual(document["dist-tags"], {"latest": "2.0.0", "beta": "2.0.0-beta.1"})
        self.assertEqual(set(document["versions"]), {"1.0.0", "1.1.0", "2.0.0-beta.1", "2.0.0"})
        self.assertEqual(set(document["time"]), {"created", "modified", *document["versions"]})

    def test_abbreviated_document_has_times_too(self):
        answer = packument(Accept=f"{ABBREVIATED}; q=1.0, application/json; q=0.8, */*")
        self.assertEqual(answer.header("content-type").split(";")[0], ABBREVIATED)
        document = answer.json()
        self.assertEqual(set(document["time"]), {"created", "modified", *document["versions"]})
        self.assertNotIn("description", document["versions"]["1.0.0"])
        self.assertIn("modified", document)

    def test_no_accept_and_any_accept_are_the_full_document(self):
        for headers in ({}, {"Accept": "*/*"}):
            self.assertIn("description", packument(**headers).json()["versions"]["1.0.0"])

    def test_every_spelling_of_a_scope(self):
        expected = packument().body
        for path in ("/@acme/widget", "/@acme%2Fwidget", "/%40acme%2fwidget", "/@acme%2fwidget?write=true"):
            with self.subTest(path):
                self.assertEqual(packument(path).body, expected)

    def test_what_is_not_covered_is_not_in_it(self):
        document = packument(who="basic").json()
        self.assertEqual(document["dist-tags"], {"latest": "1.1.0", "beta": "2.0.0-beta.1"})
        self.assertNotIn("2.0.0", document["versions"])
        self.assertNotIn("2.0.0", document["time"])

    def test_a_version_or_tag_alone(self):
        self.assertEqual(packument("/@acme/widget/1.1.0").json()["version"], "1.1.0")
        self.assertEqual(packument("/@acme/widget/latest").json()["version"], "2.0.0")
        self.assertEqual(packument("/@acme/widget/beta").json()["version"], "2.0.0-beta.1")
        self.assertEqual(packument("/@acme/widget/9.9.9").status, 404)
        tags = packument("/-/package/@acme%2fwidget/dist-tags").json()
        self.assertEqual(tags, {"latest": "2.0.0", "beta": "2.0.0-beta.1"})

    def test_validators(self):
        first = packument()
        self.assertTrue(first.header("etag"))
        self.assertIn("Authorization", first.header("vary"))
        again = packument(If_None_Match=first.header("etag"))
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(again.header("etag"), first.header("etag"))
        other = packument(who="basic", If_None_Match=first.header("etag"))
        self.assertEqual(other.status, 200, "another view is another document")
        refused = packument(who="suspended", If_None_Match=first.header("etag"))
        self.assertEqual(refused.status, 403, "a 304 comes after the access check")

    def test_compression(self):
        answer = packument(Accept_Encoding="gzip, deflate")
        self.assertEqual(answer.header("content-encoding"), "gzip")
        self.assertEqual(gzip.decompress(answer.body), packument().body)
        plain = packument(Accept_Encoding="identity")
        self.assertEqual(plain.header("content-encoding"), "")

    def test_head(self):
        answer = get(shared().registry("npm") + "/@acme%2fwidget", bearer(shared().keys["pro"]), "HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.header("etag"), packument().header("etag"))


class Tarballs(unittest.TestCase):
    def test_address_digests_and_bytes(self):
        content = (FIXTURES / "npm" / "acme-widget-1.0.0.tgz").read_bytes()
        dist = packument().json()["versions"]["1.0.0"]["dist"]
        self.assertEqual(dist["tarball"], shared().registry("npm") + "/@acme/widget/-/widget-1.0.0.tgz")
        self.assertEqual(dist["shasum"], hashlib.sha1(content).hexdigest())
        self.assertEqual(dist["integrity"], "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode())
        self.assertEqual(len(dist["signatures"]), 1)
        for path in ("/@acme/widget/-/widget-1.0.0.tgz", "/@acme%2fwidget/-/widget-1.0.0.tgz"):
            answer = get(shared().registry("npm") + path, bearer(shared().keys["pro"]))
            self.assertEqual((answer.status, answer.body == content), (200, True), path)
            self.assertEqual(answer.header("content-encoding"), "")

    def test_head_is_not_redirected(self):
        url = shared().registry("npm") + "/@acme/widget/-/widget-1.0.0.tgz"
        answer = get(url, bearer(shared().keys["pro"]), "HEAD")
        self.assertEqual(answer.status, 200)
        self.assertEqual(int(answer.header("content-length")), (FIXTURES / "npm/acme-widget-1.0.0.tgz").stat().st_size)

    def test_names_that_are_not_a_tarball_of_the_package(self):
        for path in (
            "/@acme/widget/-/gadget-1.0.0.tgz", "/@acme/widget/-/widget-1.0.0.zip", "/@acme/widget/-/widget-.tgz",
            "/@acme/widget/-/widget-9.9.9.tgz", "/@acme/widget/-/..%2fwidget-1.0.0.tgz",
        ):  # fmt: skip
            with self.subTest(path):
                self.assertIn(packument(path).status, (400, 404))


class Keys(unittest.TestCase):
    def test_the_registry_signs(self):
        keys = get(shared().registry("npm") + "/-/npm/v1/keys").json()["keys"]
        self.assertEqual(keys[0]["keytype"], "ecdsa-sha2-nistp256")
        signature = packument().json()["versions"]["1.0.0"]["dist"]["signatures"][0]
        self.assertEqual(signature["keyid"], keys[0]["keyid"])


class Withdrawn(unittest.TestCase):
    def test_a_yanked_version_is_gone_and_comes_back(self):
        world = shared()
        made = world.new_npm("1.0.0", "1.1.0")
        path = "/" + made.name.replace("/", "%2f")
        self.assertEqual(packument(path).json()["dist-tags"]["latest"], "1.1.0")
        world.vendor.act("releases", made.releases[1], "yank")
        document = packument(path).json()
        self.assertEqual((document["dist-tags"]["latest"], set(document["versions"])), ("1.0.0", {"1.0.0"}))
        self.assertIn(packument(f"/{made.name}/1.1.0").status, (403, 404))
        world.vendor.act("releases", made.releases[1], "publish")
        self.assertEqual(packument(path).json()["dist-tags"]["latest"], "1.1.0")

    def test_a_draft_is_not_there_until_published(self):
        world = shared()
        made = world.new_npm("1.0.0", status="DRAFT")
        path = "/" + made.name.replace("/", "%2f")
        self.assertIn(packument(path).status, (403, 404))
        world.vendor.act("releases", made.releases[0], "publish")
        self.assertEqual(packument(path).json()["dist-tags"], {"latest": "1.0.0"})

    def test_a_tag_of_the_vendor_is_a_dist_tag(self):
        world = shared()
        made = world.new_npm("1.0.0")
        world.vendor.update("releases", made.releases[0], tag="lts")
        document = packument("/" + made.name.replace("/", "%2f")).json()
        self.assertEqual(document["dist-tags"], {"latest": "1.0.0", "lts": "1.0.0"})
        customer = Npm(world.registry("npm"), Bearer(world.keys["basic"]))
        self.addCleanup(customer.close)
        run = customer.add(f"{made.name}@lts")
        self.assertEqual((run.code, customer.installed(made.name)), (0, "1.0.0"), run)
