"""Where a registry is: on a host of its own, and with many accounts on one server."""

import re
import unittest
from urllib.parse import urlsplit

from harness import wire
from harness.depot import Depot, vendor_token
from harness.docker import Docker
from harness.images import digest_of, image, noise
from harness.publishing import fresh
from harness.registry import Registry, challenge
from harness.server import Server
from harness.vendor import Vendor
from harness.world import World

DOMAIN = "acme.test"


class Hosts(Depot):
    def setUp(self) -> None:
        super().setUp()
        self.own_world("--domain", DOMAIN, "--public-url", "https://acme.example")

    def ask(self, host: str, path: str, headers: dict | None = None) -> wire.Answer:
        named = {"Host": f"{host}:{self.world.server.port}", **(headers or {})}
        return wire.get(self.world.server.url + path, named)

    def test_a_host_of_its_own(self):
        name, document = self.push()
        host = f"oci.pkg.{DOMAIN}"
        realm = urlsplit(challenge(self.ask(host, "/v2/"))["realm"])
        self.assertEqual((realm.hostname, realm.path), (host, "/token"))
        key = self.customer().credential
        self.assertEqual(self.ask(host, f"/v2/{name}/manifests/1.0.0", key).body, document.body)
        token = self.ask(host, f"/token?scope=repository:{name}:pull", key).json()["token"]
        self.assertEqual(self.ask(host, f"/v2/{name}/manifests/1.0.0", wire.bearer(token)).body, document.body)

    def test_any_host_of_the_server(self):
        name, document = self.push()
        key = self.customer().credential
        for host in (f"api.{DOMAIN}", "acme.example"):
            with self.subTest(host):
                self.assertEqual(self.ask(host, f"/v2/{name}/manifests/1.0.0", key).body, document.body)

    def test_a_stranger_s_host_gets_no_challenge_that_names_it(self):
        for host in ("evil.example", f"oci.pkg.{DOMAIN}.evil.example"):
            with self.subTest(host):
                answer = self.ask(host, "/v2/", {"X-Forwarded-Host": "evil.example"})
                self.assertEqual(answer.status, 421, answer)
                self.assertNotIn("evil.example", answer.header("www-authenticate"))
        answer = self.ask("127.0.0.1", "/v2/", {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
        self.assertNotIn("evil.example", answer.header("www-authenticate"))


class Accounts(Depot):
    """A server of many accounts: the first part of a repository's name is whose it is."""

    def setUp(self) -> None:
        server = Server("--mode", "multiplayer")
        self.addCleanup(server.close)
        server.start()
        self.worlds = {slug: self.founded(server, slug) for slug in ("acme", "rival")}
        self.slug = "acme"
        self.use(self.worlds["acme"])

    def founded(self, server: Server, slug: str) -> World:
        made = server.shell("account", "create", "--name", slug.title(), "--slug", slug, "--admin", f"boss@{slug}.example")
        self.assertEqual(made.returncode, 0, made.stderr)
        token = re.search(r"admin-\S+", made.stdout)[0]
        return World(server, Vendor(server.url, token, slug))

    def use(self, world: World) -> None:
        self.slug = next(slug for slug, one in self.worlds.items() if one is world)
        super().use(world)
        self.vendor = self.registry(vendor_token(world), self.slug)

    def stocked(self, slug: str) -> tuple[str, object]:
        """A repository of an account, named as everybody's is."""
        self.use(self.worlds[slug])
        name = f"{slug}/tools/app"
        return name, self.vendor.push(name, "1.0.0", image())

    def test_the_same_name_in_two_accounts(self):
        documents = {slug: self.stocked(slug) for slug in self.worlds}
        for slug, (name, document) in documents.items():
            key = self.worlds[slug].keys["basic"]
            docker = self.client(Docker)
            self.works(docker.login(key, slug))
            self.assertIn(document.digest, self.works(docker.pull(f"{name}:1.0.0")))
            for other, (their_name, _) in documents.items():
                if other != slug:
                    self.fails(docker.pull(f"{their_name}:1.0.0"))
                    answer = self.registry(key, slug).manifest(their_name, "1.0.0")
                    self.assertIn(answer.status, (401, 404), answer)
        answer = self.registry(self.worlds["acme"].keys["basic"]).manifest("tools/app", "1.0.0")
        self.assertIn(answer.status, (401, 404), answer)

    def test_a_login_without_the_account_says_what_to_do(self):
        done = self.client(Docker).login(self.worlds["acme"].keys["basic"], "license")
        self.fails(done, "account", "user name")

    def test_nothing_passes_between_accounts(self):
        name, document = self.stocked("acme")
        location = self.vendor.begin(name)
        layer = document.layers[0]
        self.use(self.worlds["rival"])
        mine = f"rival/{fresh('app-')}"
        for source in (f"&from={name}", ""):
            mounted = self.vendor.ask("POST", f"{mine}/blobs/uploads/?mount={layer}{source}", b"")
            self.assertEqual(mounted.status, 202, mounted)
        self.assertNotEqual(self.vendor.blob(mine, layer).status, 200)
        content = noise(100)
        for place in (location, location.replace("acme/", "rival/")):
            answer = self.vendor.finish(place, digest_of(content), content)
            self.assertIn(answer.status, (401, 403, 404), answer)
        headers = Registry(self.worlds["acme"].server, self.worlds["acme"].keys["basic"], "acme").with_token(f"repository:{name}:pull")
        their_name, _ = self.stocked("rival")
        self.assertIn(self.registry().manifest(their_name, "1.0.0", headers=headers).status, (401, 404))


if __name__ == "__main__":
    unittest.main()
