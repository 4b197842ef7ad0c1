"""`login` with every client: a good key, a wrong one, and what is kept of it on the customer's disk."""

import base64
import json
import unittest

from harness.depot import Depot
from harness.docker import Docker
from harness.go_clients import Crane, Helm, Oras
from harness.places import has
from harness.podman import Containers

GO_CLIENTS = [Crane, Oras, Helm]


class Login(Depot):
    def test_a_good_key(self):
        for kind in (Docker, Containers):
            with self.subTest(kind.__name__):
                self.assertIn("Login Succeeded", self.works(self.client(kind).login(self.secret("basic"))))

    def test_a_wrong_key(self):
        self.fails(self.client(Docker).login("WRONG-KEY-0000"), "unauthorized", "not known here")
        self.fails(self.client(Containers).login("WRONG-KEY-0000"), "invalid username/password")

    def test_an_expired_key_says_so(self):
        self.fails(self.client(Docker).login(self.secret("expired")), "licence has expired")
        self.fails(self.client(Containers).login(self.secret("expired")), "invalid username/password")

    def test_any_user_name_will_do(self):
        for user in ("license", "token", "someone@example.com"):
            with self.subTest(user):
                self.works(self.client(Docker).login(self.secret("basic"), user))

    def test_docker_keeps_no_licence_key(self):
        docker = self.logged_in(Docker)
        kept = json.loads(docker.config.read_text())["auths"][self.address]
        self.assertNotIn(self.secret("basic"), json.dumps(kept) + base64.b64decode(kept["auth"]).decode())
        self.assertTrue(kept["identitytoken"])
        name, _ = self.push()
        self.works(docker.pull(f"{name}:1.0.0"))

    def test_a_login_ends_with_its_licence(self):
        licence, key = self.world.new_license("LOGIN")
        docker, (name, _) = self.logged_in(Docker, key), self.push()
        self.works(docker.pull(f"{name}:1.0.0"))
        docker.forget(f"{name}:1.0.0")
        self.world.vendor.act("licenses", licence, "suspend")
        self.fails(docker.pull(f"{name}:1.0.0"), "licence is suspended")
        self.world.vendor.act("licenses", licence, "reinstate")
        self.works(docker.pull(f"{name}:1.0.0"))

    def test_what_go_builds(self):
        for kind in GO_CLIENTS:
            with self.subTest(kind.name):
                if not has(kind.name):
                    self.skipTest(f"{kind.name} could not be built")
                self.works(self.client(kind).login(self.secret("basic")))
                # crane asks nobody when it logs in
                if kind is not Crane:
                    wrong = self.fails(self.client(kind).login("WRONG-KEY-0000"))
                    self.assertRegex(wrong, "401|not known here")


if __name__ == "__main__":
    unittest.main()
