"""Memory while large files go up and down through the server, on disk and on an object store."""

import hashlib
import os
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from harness import seaweed, wire
from harness.memory import Memory
from harness.parts import MIB
from harness.parts import PartsUpload
from harness.server import Server
from harness.streams import BLOCK, blocks, digest, fetch, send
from harness.world import World

FULL = bool(os.environ.get("TESTS_FULL"))
SIZE = (1024 if FULL else 96) * MIB
AT_ONCE = 4
# what may be needed beside the caches, which hold a few small files here
ALLOWED = 64


def put(url: str, content: Iterator[bytes], size: int) -> int:
    return send("PUT", url, content, {"Content-Length": str(size)}).status


class OnDisk(unittest.TestCase):
    place = "disk"

    @classmethod
    def new_server(cls) -> Server:
        return Server()

    def setUp(self) -> None:
        self.server = self.new_server()
        self.addCleanup(self.server.close)
        self.server.start()
        self.world = World(self.server)
        self.release = self.world.new_release("1.0.0")
        # the first requests make pools and caches
        self.world.vendor.publish(self.release, "warm.bin", b"w" * MIB)

    def download_url(self, artifact: str) -> str:
        answer = self.server.get(f"/v1/artifacts/{artifact}", wire.license_header(self.world.keys["basic"]))
        self.assertEqual(answer.status, 303, answer)
        return answer.headers["Location"]

    def measured(self, what: str, memory: Memory) -> None:
        print(
            f"memory: {what}, {self.place}: {memory.grown:.0f} MiB over {memory.before:.0f} MiB"
            f" (allowed {ALLOWED} MiB and caches)", flush=True,
        )  # fmt: skip
        self.assertLess(memory.grown, ALLOWED)

    def test_uploads_and_downloads_at_once(self) -> None:
        vendor, pool = self.world.vendor, ThreadPoolExecutor(2 * AT_ONCE)
        first = [vendor.start_upload(self.release, f"first-{n}.bin", filesize=SIZE) for n in range(AT_ONCE)]
        with Memory(self.server.process.pid) as memory:
            sent = [pool.submit(put, url, blocks(n, SIZE), SIZE) for n, (_, url) in enumerate(first)]
            self.assertEqual([one.result() for one in sent], [200] * AT_ONCE)
        self.measured(f"{AT_ONCE} uploads of {SIZE // MIB} MiB", memory)
        for artifact, _ in first:
            self.assertEqual(vendor.settled(artifact, 600)["attributes"]["status"], "UPLOADED")
        second = [vendor.start_upload(self.release, f"second-{n}.bin", filesize=SIZE) for n in range(AT_ONCE)]
        urls = [self.download_url(artifact) for artifact, _ in first]
        with Memory(self.server.process.pid) as memory:
            sent = [pool.submit(put, url, blocks(n + 10, SIZE), SIZE) for n, (_, url) in enumerate(second)]
            fetched = [pool.submit(fetch, url) for url in urls]
            self.assertEqual([one.result() for one in sent], [200] * AT_ONCE)
            self.assertEqual([one.result() for one in fetched], [digest(n, SIZE) for n in range(AT_ONCE)])
        self.measured(f"{AT_ONCE} uploads and {AT_ONCE} downloads of {SIZE // MIB} MiB at once", memory)

    @unittest.skipUnless(FULL, "several GiB: with --full")
    def test_a_file_of_several_gib_in_parts(self) -> None:
        part = 256 * MIB
        size = 6 * 1024 * MIB + BLOCK
        sha = hashlib.sha256()
        with Memory(self.server.process.pid) as memory:
            upload = PartsUpload(self.world.vendor, self.release, "huge.bin", size, part)
            for one in upload.sign():
                self.assertEqual(put(one["url"], blocks(one["number"], one["size"]), one["size"]), 200)
                for block in blocks(one["number"], one["size"]):
                    sha.update(block)
            self.assertEqual(upload.complete().status, 200)
            found = self.world.vendor.settled(upload.id, 900)["attributes"]
            self.assertEqual(found["status"], "UPLOADED", found)
            self.assertEqual(fetch(self.download_url(upload.id)), sha.hexdigest())
        self.measured(f"a file of {size // MIB} MiB in parts, read and fetched", memory)


class ThroughTheServerToTheStore(OnDisk):
    place = "object store"

    @classmethod
    def new_server(cls) -> Server:
        store = seaweed.shared()
        return Server("--blobs", store.url("memory"), "--delivery", "stream", environment=store.environment())


if __name__ == "__main__":
    unittest.main()
