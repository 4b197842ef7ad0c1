"""The image, built with Buildah, and what is in it started as its orchestrator would. Only with `--full`: the static
binary is a build of its own."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.places import ROOT, full
from harness.ports import free_ports
from harness.waiting import until
from harness.wire import get


def buildah(*arguments: str) -> str:
    command = ["buildah", "--storage-driver", "vfs", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout.strip()


@unittest.skipUnless(full(), "needs a static binary: with --full")
class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        static = ROOT / "target" / "static" / "keyway"
        assert static.exists(), "the suite `deploy` of tests/run builds it: deploy/build-static"
        name = "localhost/keyway-tests"
        buildah("bud", "--isolation", "chroot", "-f", "deploy/Dockerfile", "-t", name, ".")
        cls.addClassCleanup(buildah, "rmi", "--force", name)
        cls.config = json.loads(buildah("inspect", "--type", "image", name))["OCIv1"]["config"]
        cls.container = buildah("from", name)
        cls.addClassCleanup(buildah, "rm", cls.container)

    def test_it_is_one_file_and_runs_as_nobody(self) -> None:
        mounted = Path(buildah("mount", self.container))
        self.addCleanup(buildah, "umount", self.container)
        files = {str(path.relative_to(mounted)) for path in mounted.rglob("*") if path.is_file()}
        self.assertEqual({path for path in files if not path.endswith("/.keep")}, {"keyway"})
        self.assertEqual(self.config["User"], "65532:65532")
        self.assertEqual(self.config["Entrypoint"], ["/keyway"])

    def test_it_serves(self) -> None:
        port = free_ports(1)[0]
        with tempfile.TemporaryFile() as log:
            command = [
                "buildah", "--storage-driver", "vfs", "run", "--isolation", "chroot", self.container, "--",
                "/keyway", "serve", "--listen", f"127.0.0.1:{port}",
            ]  # fmt: skip
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.addCleanup(process.wait, 30)
            self.addCleanup(process.terminate)

            def answers() -> bool:
                if process.poll() is not None:
                    log.seek(0)
                    self.fail(f"it ended: {log.read().decode(errors='replace')}")
                try:
                    return get(f"http://127.0.0.1:{port}/-/ready").status == 200
                except OSError:
                    return False

            until(answers, "the image's server", 30)
