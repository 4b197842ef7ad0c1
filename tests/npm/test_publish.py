"""Vendors publish with npm, pnpm and yarn; customers install what they published."""

import base64
import json
import unittest

from harness.javascript import Bearer, Npm, Pnpm, Yarn1, Yarn4
from harness.publishing import document, fresh, packed, product_token, project, publisher
from harness.wire import Connection, bearer, get
from harness.world import shared


class Publishing(unittest.TestCase):
    def client(self, kind=Npm, token: str | None = None):
        made = publisher(kind, shared(), token)
        self.addCleanup(made.close)
        return made

    def must(self, client, *arguments: str):
        run = client.run(*arguments)
        self.assertEqual(run.code, 0, run)
        return run

    def publish(self, client, name: str, version: str, *arguments: str, **more):
        project(client, name, version, **more)
        return self.must(client, "publish", *arguments)

    def document(self, name: str) -> dict:
        url = f"{shared().registry('npm')}/{name.replace('/', '%2f')}"
        answer = get(url, {**bearer(shared().keys["pro"]), "Accept": "application/json"})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def installs(self, kind, name: str, spec: str) -> str | None:
        customer = kind(shared().registry("npm"), Bearer(shared().keys["basic"]))
        self.addCleanup(customer.close)
        run = customer.add(f"{name}@{spec}")
        self.assertEqual(run.code, 0, run)
        return customer.installed(name)

    def test_npm_publishes_and_customers_install(self):
        vendor, name = self.client(), fresh("@acme/pub-")
        self.publish(vendor, name, "1.0.0", "--access", "public")
        self.publish(vendor, name, "1.1.0-rc.1", "--tag", "next")
        self.assertEqual(self.installs(Npm, name, "latest"), "1.0.0")
        self.assertEqual(self.installs(Yarn1, name, "next"), "1.1.0-rc.1")
        releases = shared().vendor.must("GET", f"/releases?package={name.replace('/', '%2F')}")
        self.assertEqual(sorted(r["attributes"]["version"] for r in releases), ["1.0.0", "1.1.0-rc.1"])
        self.assertEqual({r["attributes"]["status"] for r in releases}, {"PUBLISHED"})

    def test_unscoped_packages_publish_too(self):
        name = fresh("acme-")
        vendor = Npm(shared().registry("npm"), Bearer(product_token(shared())), default=True)
        self.addCleanup(vendor.close)
        self.publish(vendor, name, "1.0.0")
        self.assertIn("1.0.0", self.document(name)["versions"])

    def test_other_clients_publish(self):
        for kind, words in [
            (Pnpm, ("publish", "--no-git-checks")),
            (Yarn1, ("publish", "--new-version", "1.0.0")),
            (Yarn4, ("npm", "publish")),
        ]:
            with self.subTest(kind.name):
                vendor, name = self.client(kind), fresh("@acme/pub-")
                # yarn 4 publishes where its scope's npmPublishRegistry, or the package, says
                project(vendor, name, "1.0.0", publishConfig={"registry": shared().registry("npm") + "/"})
                if kind is Yarn4:
                    self.must(vendor, "install")
                self.must(vendor, *words)
                self.assertEqual(self.installs(Npm, name, "1.0.0"), "1.0.0")

    def test_a_version_is_published_once(self):
        vendor, name = self.client(), fresh("@acme/pub-")
        self.publish(vendor, name, "1.0.0")
        project(vendor, name, "1.0.0", description="other bytes")
        again = vendor.run("publish")
        self.assertNotEqual(again.code, 0, again)
        self.assertIn("cannot publish over", again.output, again)
        self.assertNotEqual(self.document(name)["versions"]["1.0.0"].get("description"), "other bytes")

    def test_tags_move_as_npm_says(self):
        vendor, name = self.client(), fresh("@acme/pub-")
        self.publish(vendor, name, "1.0.0")
        self.publish(vendor, name, "2.0.0", "--tag", "next")
        self.assertEqual(self.document(name)["dist-tags"], {"latest": "1.0.0", "next": "2.0.0"})
        self.must(vendor, "dist-tag", "add", f"{name}@1.0.0", "lts")
        self.must(vendor, "dist-tag", "add", f"{name}@2.0.0", "latest")
        listed = self.must(vendor, "dist-tag", "ls", name).out.split("\n")
        self.assertEqual(sorted(filter(None, listed)), ["latest: 2.0.0", "lts: 1.0.0", "next: 2.0.0"])
        self.must(vendor, "dist-tag", "rm", name, "next")
        self.assertEqual(self.document(name)["dist-tags"], {"latest": "2.0.0", "lts": "1.0.0"})

    def test_deprecating_warns_customers(self):
        vendor, name = self.client(), fresh("@acme/pub-")
        self.publish(vendor, name, "1.0.0")
        self.publish(vendor, name, "2.0.0")
        self.must(vendor, "deprecate", f"{name}@<2", "use 2.x instead")
        versions = self.document(name)["versions"]
        self.assertEqual(versions["1.0.0"]["deprecated"], "use 2.x instead")
        self.assertNotIn("deprecated", versions["2.0.0"])
        self.must(vendor, "deprecate", f"{name}@1.0.0", "")
        self.assertNotIn("deprecated", self.document(name)["versions"]["1.0.0"])

    def test_unpublishing_withdraws_for_good(self):
        vendor, name = self.client(), fresh("@acme/pub-")
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            self.publish(vendor, name, version)
        self.must(vendor, "unpublish", f"{name}@1.1.0")
        self.assertEqual(sorted(self.document(name)["versions"]), ["1.0.0", "1.2.0"])
        project(vendor, name, "1.1.0")
        again = vendor.run("publish", "--tag", "old")
        self.assertNotEqual(again.code, 0, again)
        self.assertIn("not used again", again.output, again)
        self.must(vendor, "unpublish", name, "--force")
        url = f"{shared().registry('npm')}/{name.replace('/', '%2f')}"
        self.assertEqual(get(url, bearer(shared().keys["pro"])).status, 404)

    def test_licences_never_publish_and_read_why(self):
        name = fresh("@acme/pub-")
        for token, status, text in [
            (shared().keys["pro"], "E403", "a licence cannot publish"),
            ("WRONG-KEY-0000", "E401|need: License", "not known here"),
            (product_token(shared(), shared().other_product), None, None),
        ]:
            vendor = self.client(token=token)
            project(vendor, "@acme/widget" if text is None else name, "9.9.9")
            run = vendor.run("publish")
            self.assertNotEqual(run.code, 0, run)
            if text is not None:
                self.assertRegex(run.output, status, run)
                self.assertIn(text, run.output, run)
            self.assertNotIn(token, run.output)
        self.assertNotIn("9.9.9", self.document("@acme/widget")["versions"])
        names = [p["attributes"]["key"] for p in shared().vendor.must("GET", "/packages?limit=100")]
        self.assertNotIn(name, names)

    def test_admins_publish_to_the_product_that_the_scope_names(self):
        vendor, name = self.client(token=shared().server.token), fresh("@acme/pub-")
        self.publish(vendor, name, "1.0.0")
        package = shared().vendor.must("GET", f"/packages/{name.replace('/', '%2F')}")
        self.assertEqual(package["relationships"]["product"]["data"]["id"], shared().product)
        stray = fresh("@nobody/pub-")
        url = shared().registry("npm") + "/"
        project(vendor, stray, "1.0.0", publishConfig={"registry": url})
        run = vendor.run("publish", "--registry", url, f"--@nobody:registry={url}")
        self.assertNotEqual(run.code, 0, run)
        self.assertIn("which product", run.output, run)

    def test_tokens_of_an_environment_publish_into_it(self):
        world, code = shared(), fresh("env-")
        attributes = {"name": code, "code": code, "isolationStrategy": "SHARED"}
        id = world.vendor.create("environments", attributes)["id"]
        inside = {"Keygen-Environment": code}
        token = world.vendor.must("POST", f"/environments/{id}/tokens", headers=inside)["attributes"]["token"]
        product = {"data": {"type": "products", "attributes": {"name": code, "code": code}}}
        world.vendor.must("POST", "/products", product, inside)
        vendor, name = self.client(token=token), f"@{code}/pub"
        url = world.registry("npm") + "/"
        project(vendor, name, "1.0.0", publishConfig={"registry": url})
        self.must(vendor, "publish", "--registry", url, f"--@{code}:registry={url}")
        package = world.vendor.must("GET", f"/packages/{name.replace('/', '%2F')}", headers=inside)
        self.assertEqual(package["relationships"]["environment"]["data"]["id"], id)
        self.assertEqual(world.vendor.ask("GET", f"/packages/{name.replace('/', '%2F')}").status, 404)
        address = f"{world.registry('npm')}/{name.replace('/', '%2f')}"
        self.assertEqual(get(address, bearer(token)).status, 200)
        self.assertNotEqual(get(address, bearer(world.keys["pro"])).status, 200)
        logged_in = log_in(token)
        self.assertEqual((logged_in.status, logged_in.json()["token"]), (201, token), logged_in)
        self.assertEqual(log_in(token + "0").status, 401)

    def test_whoami_and_login(self):
        vendor = self.client()
        self.assertIn("product", self.must(vendor, "whoami", "--registry", shared().registry("npm") + "/").out)


def log_in(password: str):
    """What `npm login --auth-type=legacy` sends."""
    connection = Connection(shared().server.url)
    try:
        path = "/v1/engines/npm/-/user/org.couchdb.user:ci"
        body = json.dumps({"name": "ci", "password": password}).encode()
        return connection.request("PUT", path, body, {"Content-Type": "application/json"})
    finally:
        connection.close()


class Wire(unittest.TestCase):
    """Bodies that no client sends."""

    def put(self, name: str, body: bytes, token: str | None = None):
        connection = Connection(shared().server.url)
        try:
            path = f"/v1/engines/npm/{name.replace('/', '%2f')}"
            headers = {**bearer(token or product_token(shared())), "Content-Type": "application/json"}
            return connection.request("PUT", path, body, headers)
        finally:
            connection.close()

    def test_broken_bodies_are_refused_with_a_reason(self):
        name = fresh("@acme/pub-")
        good = base64.b64encode(packed(name, "1.0.0")).decode()
        renamed = document(name, "1.0.0", good).replace(f'"name": "{name}"'.encode(), b'"name": "@acme/other"', 1)
        wrong_integrity = {"1.0.0": {"name": name, "version": "1.0.0", "dist": {"integrity": "sha512-AAAA"}}}
        wrong_shasum = {"1.0.0": {"name": name, "version": "1.0.0", "dist": {"shasum": "00" * 20}}}
        for body, text in [
            (document(name, "1.0.0", good[:-6]), "base64"),
            (document(name, "1.0.0", good[:400] + "!" + good[401:]), "base64"),
            (document(name, "1.0.0", base64.b64encode(b"no tarball").decode()), "gzip"),
            (document(name, "2.0.0", good), "version"),
            (document(name, "1.0.0", good, versions=wrong_integrity), "integrity"),
            (document(name, "1.0.0", good, versions=wrong_shasum), "shasum"),
            (renamed, "URL names"),
            (document(name, "1.0.0", good, versions={}), "exactly one version"),
            (document(name, "1.0.0", good, **{"dist-tags": {"1.x": "1.0.0"}}), "tag"),
            (document(name, "1.0.0", good)[:-1], "cut short"),
            (b'{"a":' * 40, "nests deeper"),
            (b"", "cut short"),
            (b"[]", "document"),
        ]:
            with self.subTest(text):
                answer = self.put(name, body)
                self.assertEqual(answer.status, 400, answer)
                self.assertIn(text, answer.json()["error"], answer)
        names = [p["attributes"]["key"] for p in shared().vendor.must("GET", "/packages?limit=100")]
        self.assertNotIn(name, names)
        self.assertEqual(self.put(name, document(name, "1.0.0", good)).status, 200)
        self.assertEqual(self.put(name, document(name, "1.0.0", good)).status, 403)
