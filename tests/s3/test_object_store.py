"""A server whose files are in an object store: uploads and downloads with URLs of the store, and what happens when
the store is wrong, away or has lost an object."""

import hashlib
import os
import unittest

from harness import seaweed, wire
from harness.server import Server
from harness.world import World

PREFIX = "suite"


def start(*flags: str, key: str = seaweed.KEY, prefix: str = PREFIX) -> Server:
    store = seaweed.shared()
    return Server("--blobs", store.url(prefix), *flags, environment=store.environment(key))


class ObjectStore(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = start()
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.world = World(cls.server)
        cls.release = cls.world.new_release("1.0.0")

    def ask(self, path: str, headers: dict | None = None, method: str = "GET") -> wire.Answer:
        headers = {**wire.license_header(self.world.keys["basic"]), **(headers or {})}
        return self.server.get(path, headers, method)

    def create(self, filename: str, **attributes: object) -> tuple[str, str]:
        return self.world.vendor.start_upload(self.release, filename, **attributes)

    def put(self, url: str, content: bytes) -> int:
        return self.world.vendor.put(url, content).status

    def settled(self, artifact: str) -> dict:
        return self.world.vendor.settled(artifact)["attributes"]

    def test_a_file_goes_up_and_down_by_urls_of_the_store(self) -> None:
        content = os.urandom(300_000)
        artifact, url = self.create("app.bin", filesize=len(content))
        self.assertTrue(url.startswith(seaweed.shared().endpoint), url)
        self.assertEqual(self.put(url, content), 200)
        self.assertEqual(self.settled(artifact)["status"], "UPLOADED")
        answer = self.ask(f"/v1/artifacts/{artifact}")
        self.assertEqual(answer.status, 303)
        self.assertIn("no-store", answer.headers["Cache-Control"])
        down = answer.headers["Location"]
        self.assertTrue(down.startswith(seaweed.shared().endpoint), down)
        fetched = wire.get(down)
        self.assertEqual((fetched.status, hashlib.sha256(fetched.body).digest()), (200, hashlib.sha256(content).digest()))
        self.assertIn('filename="app.bin"', fetched.headers["Content-Disposition"])
        head = self.ask(f"/v1/artifacts/{artifact}", method="HEAD")
        self.assertEqual((head.status, head.headers["Content-Length"]), (200, "300000"))
        part = self.ask(f"/v1/artifacts/{artifact}", {"Range": "bytes=5-9"})
        self.assertEqual((part.status, part.body), (206, content[5:10]))
        parts = self.ask(f"/v1/artifacts/{artifact}", {"Range": "bytes=0-1,100000-100003"})
        self.assertEqual((parts.status, int(parts.headers["Content-Length"])), (206, len(parts.body)))
        self.assertIn(content[100000:100004], parts.body)
        # the URL for the upload is still good: what it writes is nobody's file
        self.assertEqual(self.put(url, b"other"), 200)
        again = wire.get(self.ask(f"/v1/artifacts/{artifact}").headers["Location"])
        self.assertEqual(again.body, content)

    def test_a_file_of_another_size_than_declared_fails(self) -> None:
        artifact, url = self.create("short.bin", filesize=10)
        self.put(url, b"four")
        found = self.settled(artifact)
        self.assertEqual(found["status"], "FAILED")
        self.assertIn("declared as 10", found["failure"])

    def test_a_url_that_was_changed_is_refused_by_the_store(self) -> None:
        artifact, url = self.create("tampered.bin")
        self.assertEqual(self.put(url.replace(artifact, self.release), b"x"), 403)
        self.assertEqual(self.put(url.replace("X-Amz-Expires=", "X-Amz-Expires=9"), b"x"), 403)

    def test_a_lost_object_is_an_error_that_says_so(self) -> None:
        content = os.urandom(200_000)
        before = set(seaweed.shared().objects(f"{PREFIX}/blobs"))
        artifact, url = self.create("lost.bin")
        self.put(url, content)
        self.assertEqual(self.settled(artifact)["status"], "UPLOADED")
        (lost,) = set(seaweed.shared().objects(f"{PREFIX}/blobs")) - before
        seaweed.shared().remove(lost)
        self.assertEqual(wire.get(self.ask(f"/v1/artifacts/{artifact}").headers["Location"]).status, 404)
        answer = self.ask(f"/v1/artifacts/{artifact}", {"Range": "bytes=0-9"})
        self.assertEqual(answer.status, 503)


class Streaming(unittest.TestCase):
    def test_everything_passes_through_the_server_when_told(self) -> None:
        with start("--delivery", "stream", prefix="streamed") as server:
            world = World(server)
            release = world.new_release("1.0.0")
            content = os.urandom(12 << 20)
            found = world.vendor.publish(release, "big.bin", content)
            answer = server.get(f"/v1/artifacts/{found['id']}", wire.license_header(world.keys["basic"]))
            self.assertTrue(answer.headers["Location"].startswith(server.url), answer.headers["Location"])
            self.assertEqual(wire.get(answer.headers["Location"]).body, content)
        self.assertEqual(len(seaweed.shared().objects("streamed/blobs")), 1)


class Start(unittest.TestCase):
    def refusal(self, server: Server) -> str:
        self.addCleanup(server.close)
        with self.assertRaises(AssertionError) as refused:
            server.start()
        return str(refused.exception)

    def test_a_store_that_cannot_be_used_ends_the_start(self) -> None:
        store = seaweed.shared()
        self.assertIn("refuses our credentials", self.refusal(start(key=seaweed.READER)))
        absent = Server("--blobs", f"s3://no-such-bucket?endpoint={store.endpoint}", environment=store.environment())
        self.assertIn("bucket is not there", self.refusal(absent))
        away = Server("--blobs", "s3://bucket?endpoint=http://localhost:9", environment=store.environment())
        self.assertIn("does not answer", self.refusal(away))

    def test_a_redirect_that_would_break_ends_the_start(self) -> None:
        store = seaweed.shared()
        endpoint = f"s3://{seaweed.BUCKET}?endpoint=http://127.0.0.1:{store.port}"
        text = self.refusal(Server("--blobs", endpoint, "--delivery", "redirect", environment=store.environment()))
        self.assertIn("'delivery'", text)


if __name__ == "__main__":
    unittest.main()
