"""The object store misbehaves: each fault ends as the page on object stores says, and nothing is lost."""

import hashlib
import http.client
import unittest

from harness import seaweed, wire
from harness.faults import FaultyStore
from harness.parts import MIB, PartsUpload
from harness.server import Server
from harness.waiting import until
from harness.world import World


def noise(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_128(f"{size} {seed}".encode()).digest(size)


class Faults(unittest.TestCase):
    delivery = "stream"

    @classmethod
    def setUpClass(cls) -> None:
        cls.store = FaultyStore(seaweed.shared())
        cls.addClassCleanup(cls.store.close)
        flags = ("--blobs", cls.store.url(f"faults-{cls.delivery}"), "--delivery", cls.delivery)
        cls.server = Server(*flags, environment=seaweed.shared().environment())
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.world = World(cls.server)
        cls.vendor = cls.world.vendor
        cls.release = cls.world.new_release("1.0.0")

    def setUp(self) -> None:
        self.store.recover()
        self.store.happened.clear()
        self.addCleanup(self.store.recover)

    def tearDown(self) -> None:
        self.assertEqual(self.store.violations, [])

    def create(self, filename: str, **more: object) -> tuple[str, str]:
        return self.vendor.start_upload(self.release, filename, **more)

    def is_whole(self, artifact: str, content: bytes, seconds: float = 60) -> None:
        found = self.vendor.settled(artifact, seconds)["attributes"]
        self.assertEqual(found["status"], "UPLOADED", found)
        self.assertEqual(self.ranged(artifact, f"bytes=0-{len(content) - 1}").body, content)

    def ranged(self, artifact: str, value: str) -> wire.Answer:
        headers = {**wire.license_header(self.world.keys["basic"]), "Range": value}
        return self.server.get(f"/v1/artifacts/{artifact}", headers)


class Through(Faults):
    """Bytes that pass through the server."""

    def test_a_store_that_is_busy_for_a_moment_is_not_noticed(self) -> None:
        content = noise(11 * MIB)
        artifact, url = self.create("busy.bin", filesize=len(content))
        self.store.fail("slowdown", "PUT", times=2)
        self.store.fail("slowdown", "POST", times=1)
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.assertEqual(self.store.count("slowdown"), 3)
        self.is_whole(artifact, content)

    def test_a_store_that_stays_busy_is_503_and_the_upload_can_be_sent_again(self) -> None:
        content = noise(MIB)
        artifact, url = self.create("away.bin")
        for kind in ("slowdown", "reset"):
            self.store.fail(kind, "PUT")
            answer = self.vendor.put(url, content)
            self.assertEqual(answer.status, 503, answer)
            self.store.recover()
        self.assertEqual(self.vendor.artifact(artifact)["attributes"]["status"], "WAITING")
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.is_whole(artifact, content)

    def test_a_part_in_the_middle_fails_and_nothing_is_left(self) -> None:
        content = noise(16 * MIB)
        artifact, url = self.create("middle.bin")
        self.store.fail("slowdown", "PUT", "partNumber=2")
        self.assertEqual(self.vendor.put(url, content).status, 503)
        self.store.recover()
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.is_whole(artifact, content)

    def test_a_lost_answer_to_the_completion(self) -> None:
        content = noise(11 * MIB)
        artifact, url = self.create("lost-answer.bin")
        self.store.fail("lost", "POST", "uploadId=", times=1)
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.assertEqual(self.store.count("lost"), 1)
        self.is_whole(artifact, content)

    def test_connections_that_end_in_the_middle_are_taken_up_again(self) -> None:
        content = noise(9 * MIB)
        artifact, url = self.create("dropped.bin")
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.vendor.settled(artifact)
        for kind in ("drop", "truncate"):
            self.store.fail(kind, "GET", "/blobs/", times=3)
            answer = self.ranged(artifact, "bytes=100000-8999999")
            self.assertEqual((answer.status, answer.body == content[100_000:9_000_000]), (206, True), kind)
            self.store.recover()

    def test_what_never_comes_whole_is_never_passed_off_as_whole(self) -> None:
        content = noise(9 * MIB)
        artifact, url = self.create("never.bin")
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.vendor.settled(artifact)
        self.store.fail("truncate", "GET", "/blobs/")
        try:
            self.assertEqual(self.ranged(artifact, "bytes=0-").status, 503)
        except (http.client.IncompleteRead, ConnectionError):
            pass  # cut short, and seen to be
        self.store.recover()
        self.is_whole(artifact, content)

    def test_slow_answers_are_waited_for(self) -> None:
        content = noise(MIB)
        artifact, url = self.create("slow.bin")
        self.store.fail("slow", "PUT", times=1, seconds=3)
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.is_whole(artifact, content)

    def test_clocks_that_differ_are_named(self) -> None:
        artifact, url = self.create("skewed.bin")
        self.store.fail("skew", "PUT")
        self.assertEqual(self.vendor.put(url, b"x").status, 503)
        self.assertIn("clock", self.server.log())
        self.store.recover()
        self.assertEqual(self.vendor.put(url, b"x").status, 200)
        self.is_whole(artifact, b"x")

    def test_clocks_that_differ_end_the_start(self) -> None:
        self.store.fail("skew", "PUT", "/skewed-start/")
        server = Server("--blobs", self.store.url("skewed-start"), environment=seaweed.shared().environment())
        self.addCleanup(server.close)
        with self.assertRaisesRegex(AssertionError, "clock"):
            server.start()

    def test_an_object_that_is_gone_is_503_and_named_in_the_log(self) -> None:
        artifact, url = self.create("gone.bin")
        content = noise(200_000)
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.vendor.settled(artifact)
        self.store.fail("gone", "GET", "/blobs/")
        self.assertEqual(self.ranged(artifact, "bytes=0-9").status, 503)
        self.assertIn("is not in the store", self.server.log())
        self.store.recover()
        self.is_whole(artifact, content)

    def test_reading_an_upload_goes_on_after_faults(self) -> None:
        content = noise(20 * MIB)
        upload = PartsUpload(self.vendor, self.release, "read.bin", len(content), 5 * MIB)
        upload.send(content)
        self.store.fail("drop", "GET", "/blobs/", times=3)
        self.assertEqual(upload.complete().status, 200)
        self.is_whole(upload.id, content)
        self.assertEqual(self.store.count("drop"), 3)

    def test_parts_while_the_store_is_busy(self) -> None:
        content = noise(5 * MIB + 1)
        upload = PartsUpload(self.vendor, self.release, "busy-parts.bin", len(content), 5 * MIB)
        self.store.fail("slowdown", "POST", "uploads")
        self.assertEqual(self.vendor.ask("POST", f"/artifacts/{upload.id}/actions/sign-parts").status, 503)
        self.store.recover()
        first, last = upload.sign()
        self.store.fail("slowdown", "PUT", "partNumber=1")
        self.assertEqual(upload.put(first, content[: 5 * MIB]).status, 503)
        self.store.recover()
        upload.send(content)
        self.store.fail("slowdown", "POST", "uploadId=")
        self.assertEqual(upload.complete().status, 503)
        self.store.recover()
        self.store.fail("lost", "POST", "uploadId=", times=1)
        self.assertEqual(upload.complete().status, 200)
        self.is_whole(upload.id, content)


class Direct(Faults):
    """Bytes that go to the store and come from it by its URLs."""

    delivery = "redirect"

    def test_an_upload_is_noticed_once_the_store_answers_again(self) -> None:
        content = noise(MIB)
        artifact, url = self.create("noticed.bin", filesize=len(content))
        self.store.fail("slowdown", "HEAD", "/incoming/", times=6)
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.is_whole(artifact, content)

    def test_a_copy_that_fails_is_made_again(self) -> None:
        content = noise(MIB)
        artifact, url = self.create("copied.bin")
        self.store.fail("slowdown", "PUT", "/blobs/", times=5)
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.is_whole(artifact, content)
        self.assertEqual(self.store.count("slowdown"), 5)

    def test_a_wrong_tag_is_looked_at_again(self) -> None:
        content = noise(MIB)
        artifact, url = self.create("tagged.bin")
        self.store.fail("etag", "HEAD", "/incoming/", times=2)
        self.assertEqual(self.vendor.put(url, content).status, 200)
        self.is_whole(artifact, content)

    def test_redirects_are_issued_while_the_store_is_away(self) -> None:
        artifact, url = self.create("redirected.bin")
        self.assertEqual(self.vendor.put(url, b"content").status, 200)
        self.vendor.settled(artifact)
        self.store.fail("reset")
        answer = self.server.get(f"/v1/artifacts/{artifact}", wire.license_header(self.world.keys["basic"]))
        self.assertEqual(answer.status, 303)
        self.store.recover()
        self.assertEqual(wire.get(answer.headers["Location"]).body, b"content")

    def test_the_store_is_never_sent_a_credential_with_a_signed_url(self) -> None:
        artifact, url = self.create("strict.bin")
        self.assertEqual(self.vendor.put(url, noise(200_000)).status, 200)
        self.vendor.settled(artifact)
        parts = self.ranged(artifact, "bytes=0-1,100000-100003")
        self.assertEqual(parts.status, 206)
        self.assertIn(noise(200_000)[100_000:100_004], parts.body)


class Urls(unittest.TestCase):
    """URLs that are over or changed: of the real store, and of ours."""

    def check(self, server: Server, expired: str) -> None:
        world = World(server)
        found = world.vendor.publish(world.new_release("1.0.0"), "app.bin", b"content")
        path = f"/v1/artifacts/{found['id']}?ttl=1"
        url = server.get(path, wire.bearer(server.token)).headers["Location"]
        self.assertEqual(wire.get(url).body, b"content")
        until(lambda: wire.get(url).status == 403, "the URL is over")
        self.assertIn(expired, wire.get(url).text())
        fresh = server.get(path.replace("ttl=1", "ttl=60"), wire.bearer(server.token)).headers["Location"]
        # Of a date, the last digit of its seconds: another one is a date as well.
        middle = fresh.index("Z&", fresh.index("X-Amz-Date=")) - 1 if "X-Amz-Date" in fresh else len(fresh) - 50
        changed = fresh[:middle] + ("1" if fresh[middle] != "1" else "2") + fresh[middle + 1 :]
        self.assertEqual(wire.get(changed).status, 403, changed)
        self.assertEqual(wire.get(fresh, method="PUT").status, 403)

    def test_of_the_store(self) -> None:
        store = seaweed.shared()
        with Server("--blobs", store.url("urls"), environment=store.environment()) as server:
            self.check(server, "expired")

    def test_of_ours(self) -> None:
        with Server() as server:
            self.check(server, "expired")


if __name__ == "__main__":
    unittest.main()
