"""Starting, stopping, and what an operator can see."""

import hashlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import seaweed
from harness.places import binary
from harness.ports import free_ports
from harness.server import Server
from harness.waiting import until
from harness.wire import bearer, license_header
from harness.world import World, shared

MIB = 1024 * 1024


class Stop(unittest.TestCase):
    def test_a_slow_download_is_finished(self):
        server = Server("--delivery", "stream")
        self.addCleanup(server.close)
        world = World(server.start())
        content = hashlib.shake_128(b"slow").digest(48 * MIB)
        release = world.new_release("1.0.0")
        world.vendor.publish(release, "big.bin", content)
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        sock.settimeout(30)
        sock.connect(("127.0.0.1", server.port))
        head = f"GET /v1/engines/raw/acme/1.0.0/big.bin HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        sock.sendall(f"{head}Authorization: License {world.keys['basic']}\r\n\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += sock.recv(4096)
        answer, body = received.split(b"\r\n\r\n", 1)
        self.assertIn(b" 200 ", answer.split(b"\r\n")[0] + b" ", answer)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: not server.listens(), "the server takes no new connections")
        self.assertIsNone(server.process.poll(), "it went before the download was done")
        digest = hashlib.sha256(body)
        left = len(content) - len(body)
        while left:
            piece = sock.recv(MIB)
            self.assertTrue(piece, f"cut off with {left} bytes to go")
            digest.update(piece)
            left -= len(piece)
        self.assertEqual(digest.digest(), hashlib.sha256(content).digest())
        sock.close()
        self.assertEqual(server.process.wait(20), 0)

    def test_idle_connections_do_not_hold_it_up(self):
        server = Server()
        self.addCleanup(server.close)
        server.start()
        idle = socket.create_connection(("127.0.0.1", server.port))
        self.addCleanup(idle.close)
        self.assertEqual(server.stop(15), 0)


class Start(unittest.TestCase):
    def run_keyway(self, *arguments: str, environment: dict | None = None) -> subprocess.CompletedProcess:
        command = [str(binary()), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=20, env=environment, stdin=subprocess.DEVNULL
        )

    def test_wrong_settings_are_named(self):
        with tempfile.TemporaryDirectory() as directory:
            for arguments, text in (
                (["--listen", "nowhere"], "listen"),
                (["--database", "postgres://x/y"], "database"),
                (["--blobs", "s3://x"], "blobs"),
                (["--public-url", "ftp://x"], "public_url|public-url"),
                (["--tls-cert", "none.pem"], "tls_key|tls-key"),
                (["--config", "/nonexistent.toml"], "nonexistent.toml"),
                (["--trusted-proxies", "10.0.0.0/99"], "trusted"),
            ):
                with self.subTest(arguments):
                    done = self.run_keyway("serve", "--data", f"{directory}/d", *arguments)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertRegex(done.stderr, text)
                    self.assertNotIn("panicked", done.stderr)

    def test_a_taken_port_is_named(self):
        with socket.socket() as taken, tempfile.TemporaryDirectory() as directory:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            done = self.run_keyway("serve", "--data", f"{directory}/d", "--listen", address)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(address, done.stderr)

    def test_settings_and_where_they_came_from(self):
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "keyway.toml"
            file.write_text('listen = "127.0.0.1:1111"\naccount_name = "From File"\n')
            environment = {"PATH": "/usr/bin:/bin", "KEYWAY_LISTEN": "127.0.0.1:2222", "KEYWAY_DATA": f"{directory}/d"}
            done = self.run_keyway(
                "config", "--config", str(file), "--listen", "127.0.0.1:3333", environment=environment
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"listen +127\.0\.0\.1:3333\s+flag --listen;")
            self.assertRegex(done.stdout, r"account_name +From File\s+file .*keyway\.toml;")
            self.assertRegex(done.stdout, r"data +\S+/d\s+environment KEYWAY_DATA;")
            self.assertRegex(done.stdout, r"log +text\s+default;")

    def test_doctor_of_a_server_that_runs(self):
        with Server() as server:
            done = server.shell("doctor", "--listen", f"127.0.0.1:{server.port}")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            room = "clients are sent there" if seaweed.wanted() else "mib free"
            for part in ("data directory", "clock", "database", "blob store", room, "public url"):
                self.assertIn(part, done.stdout.lower())

    def test_doctor_says_what_to_mend(self):
        with tempfile.TemporaryDirectory() as directory:
            done = self.run_keyway("doctor", "--data", f"{directory}/d", "--listen", f"127.0.0.1:{free_ports(1)[0]}")
            self.assertNotEqual(done.returncode, 0, done.stdout)
            self.assertIn("keyway serve --data", done.stdout + done.stderr)


class Operations(unittest.TestCase):
    def test_health(self):
        server = shared().server
        self.assertEqual(server.get("/v1/ping").status, 200)
        self.assertIn(server.get("/v1/health").status, (200, 204))
        self.assertIn(server.get("/-/ready").status, (200, 204))

    def test_metrics(self):
        server = shared().server
        for _ in range(5):
            server.get("/v1/engines/npm/@acme%2fwidget", bearer(shared().keys["pro"]))
        answer = server.get("/metrics")
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.text(), re.compile(r"^# TYPE keyway_\w+ (counter|histogram|gauge|summary)$", re.M))
        self.assertNotIn(shared().keys["pro"], answer.text())

    def test_the_log_holds_request_ids_and_no_secrets(self):
        world = shared()
        server = world.server
        answer = server.get(f"/v1/me?auth=license:{world.keys['basic']}")
        self.assertEqual(answer.status, 200, answer)
        id = answer.header("x-request-id")
        self.assertRegex(id, r"^[0-9a-f-]{36}$")
        server.get("/v1/engines/raw/acme/1.1.0/none", license_header(world.keys["pro"]))
        for secret in (*world.keys.values(), server.token):
            self.assertNotIn(secret, server.log())


class Standing(unittest.TestCase):
    """How an account stands with whoever runs the server."""

    def test_a_paused_account_is_served_nothing_until_it_goes_on(self):
        server = Server()
        self.addCleanup(server.close)
        world = World(server.start())
        release = world.new_release("1.0.0")
        world.vendor.publish(release, "app.bin", b"bytes")
        key = license_header(world.keys["basic"])
        paths = ("/v1/engines/raw/acme/1.0.0/app.bin", "/v1/me")
        self.assertEqual([server.get(path, key).status for path in paths], [200, 200])
        paused = server.shell("account", "update", "--subscription", "paused")
        self.assertEqual(paused.returncode, 0, paused.stderr)
        until(lambda: server.get("/v1/me", key).status == 403, "the running server knows", 2)
        for path in paths:
            answer = server.get(path, key)
            self.assertEqual(answer.status, 403, answer)
            self.assertIn("subscription", answer.text())
        account = server.get("/v1/accounts/keyway", bearer(server.token))
        self.assertEqual(account.json()["data"]["attributes"]["status"], "PAUSED")
        self.assertIn("it is one of", server.shell("account", "update", "--subscription", "gone").stderr)
        server.shell("account", "update", "--subscription", "subscribed")
        until(lambda: server.get("/v1/me", key).status == 200, "the running server knows", 2)
        self.assertEqual([server.get(path, key).status for path in paths], [200, 200])

    def test_requests_of_a_day_can_be_limited(self):
        with Server() as server:
            server.shell("account", "update", "--daily-requests", "3")
            until(lambda: server.get("/v1/products", bearer(server.token)).status == 402, "the limit holds", 5)
            server.shell("account", "update", "--daily-requests", "")
            until(lambda: server.get("/v1/products", bearer(server.token)).status == 200, "the limit is gone", 5)
