"""Limits: on credentials that are wrong, never on the layers of a pull that has begun."""

import unittest
from urllib.parse import urlencode

from harness.depot import Depot
from harness.docker import Docker
from harness.registry import scope
from harness.wire import Answer, Connection, basic, bearer

GUESSES = 2000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Limits(Depot):
    def setUp(self) -> None:
        super().setUp()
        # as a server starts without further settings
        self.own_world("--rate-limits", "30s:60, 5m:500")
        self.name, self.document = self.push()

    def connect(self, source: str) -> Connection:
        connection = Connection(self.world.server.url, source)
        self.addCleanup(connection.close)
        return connection

    def stopped(self, source: str, ask) -> Answer:
        """The answer that ends a series of guesses."""
        connection = self.connect(source)
        for number in range(GUESSES):
            answer = ask(connection, f"GUESS-{number:06}")
            if answer.status != 401:
                return answer
        self.fail(f"{GUESSES} guesses, and nobody minds")

    def post(self, connection: Connection, **form: str) -> Answer:
        return connection.request("POST", "/token", urlencode(form).encode(), FORM)

    def test_guessing_ends_at_every_door(self):
        manifest = f"/v2/{self.name}/manifests/1.0.0"
        doors = {
            "a manifest, by Basic": lambda on, key: on.request("GET", manifest, headers=basic("license", key)),
            "a manifest, by Bearer": lambda on, key: on.request("GET", manifest, headers=bearer(key)),
            "a token": lambda on, key: on.request("GET", "/token", headers=basic("license", key)),
            "a token, by a form": lambda on, key: self.post(on, grant_type="password", username="license", password=key),
        }
        for number, (door, ask) in enumerate(doors.items()):
            with self.subTest(door):
                answer = self.stopped(f"127.0.5.{number + 1}", ask)
                self.refused(answer, 429, "TOOMANYREQUESTS")
                self.assertGreater(int(answer.header("retry-after")), 0)

    def test_the_ping_says_so_too(self):
        """docker takes no 429 there."""
        told = set()
        connection = self.connect("127.0.5.9")
        for number in range(GUESSES):
            answer = connection.request("GET", "/v2/", headers=basic("license", f"GUESS-{number:06}"))
            self.assertEqual(answer.status, 401, answer)
            told.add(answer.json()["errors"][0]["message"].split(":")[0])
        self.assertIn("too many wrong licence keys came from this address", told)

    def test_who_pulls_already_goes_on(self):
        headers = self.customer().with_token(scope(self.name))
        connection = self.connect("127.0.6.1")
        manifest = f"/v2/{self.name}/manifests/1.0.0"
        self.assertEqual(connection.request("GET", manifest, headers=headers).status, 200)
        self.stopped("127.0.6.1", lambda on, key: on.request("GET", manifest, headers=basic("license", key)))
        for path in (manifest, f"/v2/{self.name}/blobs/{self.document.layers[0]}") * 100:
            answer = connection.request("GET", path, headers=headers)
            self.assertIn(answer.status, (200, 303), answer)

    def test_pulls_are_not_counted(self):
        docker = self.logged_in(Docker)
        for _ in range(10):
            self.works(docker.pull(f"{self.name}:1.0.0"))
            docker.forget(f"{self.name}:1.0.0")
        customer = self.customer()
        for _ in range(200):
            self.assertEqual(customer.manifest(self.name, "1.0.0").status, 200)


if __name__ == "__main__":
    unittest.main()
