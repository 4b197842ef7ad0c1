"""What the server needs of memory while large layers come and go, and how fast they come."""

import hashlib
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from harness.depot import Depot
from harness.memory import Memory
from harness.parts import MIB
from harness.places import full
from harness.publishing import fresh
from harness.streams import blocks, digest, fetch, send

SIZE = (1024 if full() else 96) * MIB
AT_ONCE = 3
# what may be needed beside the caches, which hold a few small files here
ALLOWED = 64


def hashed_and_written(seed: int) -> float:
    """How long the machine takes to do just that."""
    began, sha = time.monotonic(), hashlib.sha256()
    with tempfile.TemporaryFile() as file:
        for block in blocks(seed, SIZE):
            sha.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return time.monotonic() - began


class Layers(Depot):
    def setUp(self) -> None:
        super().setUp()
        self.own_world()
        self.push()  # the first requests make pools and caches

    def streamed(self, name: str, seed: int) -> str:
        """A layer as docker pushes it: one PATCH of unknown length, and a PUT without a body."""
        vendor = self.registry(self.secret("vendor"), "product")
        url = self.world.server.url + vendor.begin(name).removeprefix(self.world.server.url)
        answer = send("PATCH", url, blocks(seed, SIZE), vendor.credential)
        self.assertEqual(answer.status, 202, answer.said)
        found = f"sha256:{digest(seed, SIZE)}"
        done = vendor.finish(answer.headers["Location"], found)
        self.assertEqual(done.status, 201, done)
        return found

    def whole(self, name: str, seed: int) -> str:
        """A layer as containerd pushes it: one PUT."""
        found = f"sha256:{digest(seed, SIZE)}"
        location = self.vendor.begin(name).removeprefix(self.world.server.url)
        url = f"{self.world.server.url}{location}{'&' if '?' in location else '?'}digest={found}"
        answer = send("PUT", url, blocks(seed, SIZE), {**self.vendor.credential, "Content-Length": str(SIZE)})
        self.assertEqual(answer.status, 201, answer.said)
        return found

    def measured(self, what: str, memory: Memory) -> None:
        print(f"  {what}: {memory.grown:.0f} MiB over {memory.before:.0f} MiB (allowed {ALLOWED})", flush=True)
        self.assertLess(memory.grown, ALLOWED)

    def test_pushes_and_pulls(self) -> None:
        name, process = fresh("acme/app-"), self.world.server.process.pid
        with Memory(process) as memory:
            began = time.monotonic()
            first = self.streamed(name, 0)
            took = time.monotonic() - began
        self.measured(f"a layer of {SIZE // MIB} MiB", memory)
        own = hashed_and_written(0)
        print(f"  pushed at {SIZE / MIB / took:.0f} MiB/s; hashed and written at {SIZE / MIB / own:.0f} MiB/s", flush=True)
        with Memory(process) as memory:
            self.whole(name, 1)
        self.measured(f"a layer of {SIZE // MIB} MiB in one request", memory)
        url = f"{self.world.server.url}/v2/{name}/blobs/{first}"
        with ThreadPoolExecutor(2 * AT_ONCE) as pool, Memory(process) as memory:
            sent = [pool.submit(self.streamed, name, 10 + number) for number in range(AT_ONCE)]
            fetched = [pool.submit(fetch, url, self.vendor.credential) for _ in range(AT_ONCE)]
            self.assertEqual({one.result() for one in fetched}, {first.removeprefix("sha256:")})
            self.assertEqual(len({one.result() for one in sent}), AT_ONCE)
        self.measured(f"{AT_ONCE} pushes and {AT_ONCE} pulls of {SIZE // MIB} MiB at once", memory)
