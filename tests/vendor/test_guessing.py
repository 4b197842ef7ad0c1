"""Guessing credentials is limited by address, and hurts nobody who holds a good one."""

import unittest

from harness.server import Server
from harness.wire import Connection, basic, bearer, license_header
from harness.world import World

GUESSES = 2000


class Guessing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.world = World(cls.server.start())
        cls.name = cls.world.new_npm("1.0.0").name
        cls.paths = {
            "npm": "/v1/engines/npm/" + cls.name.replace("/", "%2f"),
            "pypi": "/v1/engines/pypi/simple/x/",
            "raw": "/v1/engines/raw/acme/1.0.0/x",
            "api": "/v1/licenses",
        }

    def guess(self, source: str, path: str, headers) -> int | None:
        """How many guesses it took until 429; `None` if there was none."""
        connection = Connection(self.server.url, source)
        self.addCleanup(connection.close)
        for number in range(GUESSES):
            answer = connection.request("GET", path, headers=headers(f"GUESS-{number:06}"))
            if answer.status == 429:
                self.assertTrue(int(answer.header("retry-after")) > 0, answer)
                return number
            self.assertEqual(answer.status, 401, answer)
        return None

    def test_each_surface_stops_a_guesser(self):
        for number, (surface, path) in enumerate(self.paths.items()):
            for form, headers in enumerate((bearer, license_header, lambda key: basic("license", key))):
                with self.subTest(f"{surface} {form}"):
                    self.assertIsNotNone(self.guess(f"127.0.1.{10 * number + form + 1}", path, headers))

    def test_a_licence_in_use_at_the_same_address_is_served(self):
        source, path = "127.0.2.1", self.paths["npm"]
        connection = Connection(self.server.url, source)
        self.addCleanup(connection.close)
        self.assertEqual(connection.request("GET", path, headers=bearer(self.world.keys["basic"])).status, 200)
        self.assertIsNotNone(self.guess(source, path, bearer))
        for _ in range(50):
            answer = connection.request("GET", path, headers=bearer(self.world.keys["basic"]))
            self.assertEqual(answer.status, 200, answer)

    def test_other_addresses_are_not_stopped(self):
        self.assertIsNotNone(self.guess("127.0.3.1", self.paths["npm"], bearer))
        connection = Connection(self.server.url, "127.0.3.2")
        self.addCleanup(connection.close)
        answer = connection.request("GET", self.paths["npm"], headers=bearer("GUESS-ELSEWHERE"))
        self.assertEqual(answer.status, 401, answer)

    def test_anonymous_requests_do_not_count(self):
        connection = Connection(self.server.url, "127.0.4.1")
        self.addCleanup(connection.close)
        for _ in range(GUESSES):
            self.assertEqual(connection.request("GET", self.paths["npm"]).status, 401)
        answer = connection.request("GET", self.paths["npm"], headers=bearer(self.world.keys["basic"]))
        self.assertEqual(answer.status, 200, answer)
