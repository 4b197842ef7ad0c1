"""The image, built with Buildah, and what is in it started as its orchestrator would. Only with `--full`: the static
binary is a build of its own."""

import json
import ssl
import subprocess
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness.places import ROOT, full
from harness.ports import free_ports
from harness.waiting import until
from harness.wire import get

AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"


def buildah(*arguments: str) -> str:
    command = ["buildah", "--storage-driver", "vfs", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout.strip()


class Silent(BaseHTTPRequestHandler):
    """A store that knows no method, and says nothing of it."""

    def log_message(self, *_: object) -> None:
        pass


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
        cls.name = name

    def setUp(self) -> None:
        self.container = buildah("from", self.name)
        self.addCleanup(buildah, "rm", self.container)

    def mounted(self) -> Path:
        self.addCleanup(buildah, "umount", self.container)
        return Path(buildah("mount", self.container))

    def test_it_is_one_program_and_runs_as_nobody(self) -> None:
        mounted = self.mounted()
        files = {str(path.relative_to(mounted)) for path in mounted.rglob("*") if path.is_file()}
        self.assertEqual({path for path in files if not path.endswith("/.keep")}, {"keyway", AUTHORITIES})
        self.assertEqual(self.config["User"], "65532:65532")
        self.assertEqual(self.config["Entrypoint"], ["/keyway"])

    def test_it_brings_authorities(self) -> None:
        authorities = self.mounted() / AUTHORITIES
        self.assertEqual(authorities.stat().st_mode & 0o777, 0o644)
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusted.load_verify_locations(authorities)
        self.assertGreater(trusted.cert_store_stats()["x509_ca"], 50)

    def test_it_knows_object_stores_by_them(self) -> None:
        """A store with a certificate of its own, strange until that stands where the authorities are."""
        with tempfile.TemporaryDirectory(prefix="keyway-tls-") as directory:
            cert, key = (str(Path(directory) / name) for name in ("cert.pem", "key.pem"))
            made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            made += ["-days", "2", "-subj", "/CN=localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
            made += ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert]
            subprocess.run(made, check=True, stdin=subprocess.DEVNULL, capture_output=True)
            store = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
            self.addCleanup(store.server_close)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            store.socket = context.wrap_socket(store.socket, server_side=True)
            threading.Thread(target=store.serve_forever, daemon=True).start()
            self.addCleanup(store.shutdown)
            self.assertIn("UnknownIssuer", self.doctor(store.server_port))
            (self.mounted() / AUTHORITIES).write_bytes(Path(cert).read_bytes())
            told = self.doctor(store.server_port)
            self.assertIn("the object store", told)
            self.assertNotIn("TLS", told)

    def doctor(self, port: int) -> str:
        """What the image's program finds of a store on this port."""
        container = ["buildah", "--storage-driver", "vfs", "run", "--isolation", "chroot"]
        keys = ["--env", "AWS_ACCESS_KEY_ID=key", "--env", "AWS_SECRET_ACCESS_KEY=secret"]
        doctor = ["/keyway", "doctor", "--blobs", f"s3://bucket?endpoint=https://localhost:{port}"]
        command = [*container, *keys, self.container, "--", *doctor]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        return done.stdout + done.stderr

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
