"""Layers are pushed while the object store misbehaves: what was safe stays safe, and the same piece can be sent again."""

import unittest

from harness import seaweed
from harness.depot import Depot
from harness.faults import FaultyStore
from harness.images import digest_of, noise
from harness.parts import MIB
from harness.publishing import fresh
from harness.server import Server
from harness.wire import Answer
from harness.world import World


class Pushes(Depot):
    @classmethod
    def setUpClass(cls) -> None:
        cls.store = FaultyStore(seaweed.shared())
        cls.addClassCleanup(cls.store.close)
        flags = ("--blobs", cls.store.url("pushes"), "--delivery", "stream")
        cls.server = Server(*flags, environment=seaweed.shared().environment())
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.own = World(cls.server)

    def setUp(self) -> None:
        self.use(self.own)
        self.store.recover()
        self.store.happened.clear()
        self.addCleanup(self.store.recover)
        self.name = fresh("acme/app-")
        self.location = self.vendor.begin(self.name)

    def piece(self, content: bytes) -> Answer:
        answer = self.vendor.ask("PATCH", self.location, content, {"Content-Type": "application/octet-stream"})
        self.location = answer.headers.get("Location", self.location)
        return answer

    def sent(self) -> int:
        """How many bytes the server says that it has."""
        answer = self.vendor.ask("GET", self.location)
        self.assertEqual(answer.status, 204, answer)
        return int(answer.header("range").split("-")[1]) + 1

    def is_whole(self, content: bytes) -> None:
        answer = self.vendor.finish(self.location, digest_of(content))
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(self.vendor.blob(self.name, digest_of(content)).body, content)

    def test_a_part_that_fails_ends_its_piece_and_not_the_push(self) -> None:
        first, second = noise(6 * MIB), noise(11 * MIB + 1)
        self.assertEqual(self.piece(first).status, 202)
        self.store.fail("slowdown", "PUT", "partNumber=3")
        self.assertEqual(self.piece(second).status, 503)
        self.store.recover()
        self.assertEqual(self.sent(), len(first))
        self.assertEqual(self.piece(second).status, 202)
        self.is_whole(first + second)

    def test_the_end_of_a_piece_is_read_again(self) -> None:
        first, second = noise(3 * MIB), noise(4 * MIB)
        self.assertEqual(self.piece(first).status, 202)
        self.store.fail("drop", "GET", "/growing/", times=1)
        while (answer := self.piece(second)).status == 503:
            self.assertEqual(self.sent(), len(first))
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(self.store.count("drop"), 1)
        self.is_whole(first + second)

    def test_a_lost_answer_to_the_completion(self) -> None:
        content = noise(7 * MIB)
        self.assertEqual(self.piece(content).status, 202)
        self.store.fail("lost", "POST", "uploadId=", times=1)
        self.is_whole(content)
        self.assertEqual(self.store.count("lost"), 1)

    def test_a_part_of_another_tag_is_never_put_together(self) -> None:
        content = noise(7 * MIB)
        self.store.fail("etag", "PUT", "partNumber=1", times=1)
        self.assertEqual(self.piece(content).status, 202)
        answer = self.vendor.finish(self.location, digest_of(content))
        self.assertGreaterEqual(answer.status, 400, answer)
        found = self.vendor.ask("HEAD", f"{self.name}/blobs/{digest_of(content)}")
        self.assertEqual(found.status, 404, found)


if __name__ == "__main__":
    unittest.main()
