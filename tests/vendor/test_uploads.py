"""Uploads that go wrong on the way."""

import base64
import hashlib
import os
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from harness import seaweed
from harness.server import Server
from harness.waiting import until
from harness.wire import bearer, fetch, get, license_header
from harness.world import World, make_npm, shared

MIB = 1024 * 1024


def noise(size: int) -> bytes:
    return hashlib.shake_128(str(size).encode()).digest(size)


def begin_put(url: str, total: int, sent: bytes) -> socket.socket:
    """A PUT that announces `total` bytes and has sent only some."""
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname, parts.port), timeout=20)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    head = f"PUT {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {total}\r\n\r\n"
    sock.sendall(head.encode() + sent)
    return sock


def raw_file(world: World, version: str, name: str, who: str = "pro"):
    return fetch(f"{world.registry('raw')}/acme/{version}/{name}", license_header(world.keys[who]))


class Checksums(unittest.TestCase):
    def setUp(self):
        self.world = shared()
        self.release = self.world.new_release("5.0.0")
        self.addCleanup(self.world.vendor.must, "DELETE", f"/releases/{self.release}")

    def test_a_right_one_is_verified_in_any_form(self):
        content = b"checked"
        digests = {
            "sha256.hex": hashlib.sha256(content).hexdigest(),
            "SHA512.HEX": hashlib.sha512(content).hexdigest().upper(),
            "sha256.b64": base64.b64encode(hashlib.sha256(content).digest()).decode(),
            "sha1.hex": hashlib.sha1(content).hexdigest(),
            "md5.hex": hashlib.md5(content).hexdigest(),
        }
        for name, checksum in digests.items():
            with self.subTest(name):
                self.world.vendor.publish(self.release, name, content, checksum=checksum)

    def test_a_wrong_one_fails_and_says_so(self):
        artifact = self.world.vendor.upload(self.release, "wrong.bin", b"changed", checksum="0" * 64)
        attributes = artifact["attributes"]
        self.assertEqual(attributes["status"], "FAILED", attributes)
        self.assertRegex(attributes["failure"], "(?i)checksum|sha-?256")
        self.assertEqual(raw_file(self.world, "5.0.0", "wrong.bin").status, 404)

    def test_a_wrong_size_fails_and_says_so(self):
        artifact = self.world.vendor.upload(self.release, "size.bin", b"four", filesize=5)
        attributes = artifact["attributes"]
        if attributes["status"] == "UPLOADED":
            self.assertEqual(attributes["filesize"], 4, "what is shown is what is there")
        else:
            self.assertRegex(attributes["failure"], "(?i)size|bytes")


class CutOff(unittest.TestCase):
    def test_a_client_that_goes_away(self):
        world = shared()
        release = world.new_release("5.1.0")
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        id, url = world.vendor.start_upload(release, "cut.bin")
        begin_put(url, 4 * MIB, noise(MIB)).close()
        self.assertEqual(world.vendor.artifact(id)["attributes"]["status"], "WAITING")
        self.assertEqual(raw_file(world, "5.1.0", "cut.bin").status, 404)
        # Until the server has noticed that the first is gone, it is an upload under way.
        answers = []
        again = lambda: answers.append(world.vendor.put(url, b"whole")) or answers[-1].status != 409
        until(again, "the first upload's end")
        self.assertLess(answers[-1].status, 300, answers[-1])
        self.assertEqual(world.vendor.settled(id)["attributes"]["status"], "UPLOADED")
        self.assertEqual(raw_file(world, "5.1.0", "cut.bin").body, b"whole")

    def test_a_server_that_is_killed(self):
        server = Server()
        self.addCleanup(server.close)
        world = World(server.start())
        package = world.new_package("@acme/cut", "npm")
        release = world.new_release("1.0.0", package)
        content = make_npm.tarball(make_npm.package_json("@acme/cut", "1.0.0"), [], "# cut\n")
        id, url = world.vendor.start_upload(release, "acme-cut-1.0.0.tgz")
        sock = begin_put(url, len(content), content[: len(content) // 2])
        self.addCleanup(sock.close)
        server.kill()
        server.start()
        world.vendor.local = threading.local()
        self.assertEqual(world.vendor.artifact(id)["attributes"]["status"], "WAITING")
        npm = world.registry("npm") + "/@acme%2fcut"
        self.assertIn(get(npm, bearer(world.keys["basic"])).status, (403, 404))
        answer = world.vendor.put(url, content)
        self.assertLess(answer.status, 300, answer)
        self.assertEqual(world.vendor.settled(id)["attributes"]["status"], "UPLOADED")
        self.assertEqual(set(get(npm, bearer(world.keys["basic"])).json()["versions"]), {"1.0.0"})

    def test_killed_at_any_moment_of_many_uploads(self):
        """Every acknowledged upload is there after the kill, whole; no other is visible."""
        server = Server()
        self.addCleanup(server.close)
        world = World(server.start())
        release = world.new_release("1.0.0")
        contents = {f"file-{number}.bin": noise(200_000 + number) for number in range(40)}
        started = {name: world.vendor.start_upload(release, name) for name in contents}
        acknowledged: set[str] = set()

        def upload() -> None:
            for name, (_, url) in started.items():
                try:
                    if world.vendor.put(url, contents[name]).status < 300:
                        acknowledged.add(name)
                except OSError:
                    return

        thread = threading.Thread(target=upload)
        thread.start()
        until(lambda: len(acknowledged) >= 10, "ten uploads are through")
        server.kill()
        thread.join(30)
        server.start()
        world.vendor.local = threading.local()
        for name, (id, url) in started.items():
            if name in acknowledged:
                attributes = world.vendor.settled(id)["attributes"]
                self.assertEqual(attributes["status"], "UPLOADED", f"{name}: {attributes}")
            elif world.vendor.artifact(id)["attributes"]["status"] == "WAITING":
                self.assertEqual(raw_file(world, "1.0.0", name).status, 404, name)
                self.assertLess(world.vendor.put(url, contents[name]).status, 300, name)
            self.assertEqual(world.vendor.settled(id)["attributes"]["status"], "UPLOADED", name)
            self.assertTrue(raw_file(world, "1.0.0", name).body == contents[name], name)


class AtOnce(unittest.TestCase):
    def race(self, *tasks) -> list:
        results: list = [None] * len(tasks)
        ready = threading.Barrier(len(tasks))

        def work(position: int) -> None:
            ready.wait()
            results[position] = tasks[position]()

        threads = [threading.Thread(target=work, args=(position,)) for position in range(len(tasks))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return results

    def test_two_uploads_of_one_artifact(self):
        world = shared()
        release = world.new_release("5.2.0")
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        for attempt in range(5):
            name = f"race-{attempt}.bin"
            id, url = world.vendor.start_upload(release, name)
            one, two = b"1" * MIB, b"2" * (MIB + 1)
            answers = self.race(lambda: world.vendor.put(url, one), lambda: world.vendor.put(url, two))
            self.assertTrue(any(answer.status < 300 for answer in answers), [str(answer) for answer in answers])
            self.assertTrue(all(answer.status < 500 for answer in answers), [str(answer) for answer in answers])
            attributes = world.vendor.settled(id)["attributes"]
            self.assertEqual(attributes["status"], "UPLOADED", attributes)
            served = raw_file(world, "5.2.0", name)
            self.assertTrue(served.body in (one, two), "a mixture is served")
            head = get(f"{world.registry('raw')}/acme/5.2.0/{name}", license_header(world.keys["pro"]), "HEAD")
            self.assertEqual(int(head.header("content-length")), len(served.body))

    def test_one_release_created_twice(self):
        world = shared()
        document = {"data": world.vendor.document(
            "releases", {"version": "5.3.0", "channel": "stable"}, {"product": world.product}
        )}  # fmt: skip
        answers = self.race(*[lambda: world.vendor.ask("POST", "/releases", document)] * 6)
        self.assertEqual(sorted(answer.status for answer in answers)[0], 201)
        self.assertEqual(sum(answer.status == 201 for answer in answers), 1, [str(answer) for answer in answers])
        self.assertLessEqual({answer.status for answer in answers}, {201, 409, 422})

    def test_an_artifact_declared_twice(self):
        world = shared()
        release = world.new_release("5.4.0")
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        document = {"data": world.vendor.document("artifacts", {"filename": "one.bin"}, {"release": release})}
        prefer = {"Prefer": "no-redirect"}
        answers = self.race(*[lambda: world.vendor.ask("POST", "/artifacts", document, prefer)] * 4)
        self.assertEqual(sum(answer.status < 300 for answer in answers), 1, [str(answer) for answer in answers])
        self.assertLessEqual({answer.status for answer in answers if answer.status >= 300}, {409, 422})


class Redirects(unittest.TestCase):
    def test_without_a_preference_the_upload_is_a_307(self):
        world = shared()
        release = world.new_release("5.5.0")
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        document = {"data": world.vendor.document("artifacts", {"filename": "a.bin"}, {"release": release})}
        answer = world.vendor.ask("POST", "/artifacts", document)
        self.assertEqual(answer.status, 307, answer)
        self.assertEqual(answer.header("location"), answer.json()["data"]["links"]["redirect"])
        self.assertEqual(answer.json()["data"]["attributes"]["status"], "WAITING")
        self.assertLess(world.vendor.put(answer.header("location"), b"a").status, 300)

    def test_an_upload_url_is_for_one_artifact_and_for_writing(self):
        world = shared()
        release = world.new_release("5.6.0")
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        _, url = world.vendor.start_upload(release, "b.bin")
        self.assertIn(get(url).status, (401, 403, 404, 405))
        for forged in (url[:-1] + ("A" if url[-1] != "A" else "B"), url + "x"):
            self.assertIn(world.vendor.put(forged, b"forged").status, (400, 401, 403, 404), forged)


@unittest.skipIf(seaweed.wanted(), "files are not on the disk")
@unittest.skipUnless(os.geteuid() == 0, "mounting a small file system needs root")
class DiskFull(unittest.TestCase):
    def setUp(self):
        self.mount = Path(tempfile.mkdtemp(prefix="keyway-small-"))
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(self.mount)], capture_output=True, text=True
        )
        if done.returncode != 0:
            self.mount.rmdir()
            self.skipTest(f"cannot mount a small file system: {done.stderr.strip()}")
        self.addCleanup(self.mount.rmdir)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.mount)], check=True)

    def test_writes_are_refused_clearly_and_reads_served(self):
        server = Server("--disk-reserve-mib", "1", data=self.mount / "data")
        self.addCleanup(server.close)
        world = World(server.start())
        release = world.new_release("1.0.0")
        world.vendor.publish(release, "before.bin", b"before")
        id, url = world.vendor.start_upload(release, "big.bin")
        try:
            answer = world.vendor.put(url, noise(40 * MIB))
        except ConnectionError:
            answer = None  # refused while we were still sending
        if answer is not None:
            self.assertIn(answer.status, (413, 503, 507), answer)
            self.assertRegex(answer.text().lower(), "space|disk|full|storage")
        self.assertIn(world.vendor.artifact(id)["attributes"]["status"], ("WAITING", "FAILED"))
        self.assertEqual(raw_file(world, "1.0.0", "before.bin").body, b"before")
        self.assertEqual(raw_file(world, "1.0.0", "big.bin").status, 404)
        world.vendor.publish(release, "after.bin", b"after")

    def test_below_the_reserve_the_server_is_not_ready(self):
        server = Server("--disk-reserve-mib", "512", data=self.mount / "data")
        self.addCleanup(server.close)
        world = World(server.start())
        release = world.new_release("1.0.0")
        _, url = world.vendor.start_upload(release, "a.bin")
        answer = world.vendor.put(url, b"a")
        self.assertIn(answer.status, (503, 507), answer)
        self.assertEqual(server.get("/-/ready").status, 503)
        self.assertEqual(server.get("/v1/ping").status, 200)
        packages = get(f"{server.url}/v1/packages", license_header(world.keys["pro"]))
        self.assertEqual(packages.status, 200, packages)
