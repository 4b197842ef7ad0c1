"""The page on uploads: what it says to paste is pasted."""

import hashlib
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import seaweed, wire
from harness.server import Server
from harness.world import World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "uploads.md"


def blocks() -> list[str]:
    """The shell examples: what they need, in two steps, in parts."""
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)


class Page(unittest.TestCase):
    def check(self, server: Server) -> None:
        world = World(server)
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        needs, two_steps, in_parts = blocks()
        for number, steps in enumerate((two_steps, in_parts)):
            release = world.new_release(f"{number + 1}.0.0")
            content = hashlib.shake_128(str(number).encode()).digest(70_000_000 if number else 5_000_000)
            (folder / "app.tar.gz").write_bytes(content)
            given = {
                "api=http://127.0.0.1:7788/v1": f"api={server.url}/v1",
                "token=admin-…": f"token={server.token}",
                "release=RELEASE-ID": f"release={release}",
            }
            script = "set -euo pipefail\n" + needs + steps
            for example, own in given.items():
                self.assertIn(example, script)
                script = script.replace(example, own)
            done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, "WAITING|PROCESSING|UPLOADED", done.stderr)
            (artifact,) = world.vendor.must("GET", f"/releases/{release}/artifacts")
            self.assertEqual(world.vendor.settled(artifact["id"])["attributes"]["status"], "UPLOADED")
            where = server.get(f"/v1/artifacts/{artifact['id']}", wire.license_header(world.keys["basic"]))
            self.assertEqual(wire.get(where.headers["Location"]).body, content)

    def test_on_disk(self) -> None:
        with Server() as server:
            self.check(server)

    def test_at_the_store(self) -> None:
        store = seaweed.shared()
        with Server("--blobs", store.url("page"), environment=store.environment()) as server:
            self.check(server)


if __name__ == "__main__":
    unittest.main()
