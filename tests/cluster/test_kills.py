"""Nodes are killed (-9) at many moments of uploads, ingests and publishes. What was acknowledged is there, whole; what
was not is there whole or not at all; another node goes on with the jobs; and the sweep leaves no orphan."""

import base64
import contextlib
import hashlib
import itertools
import os
import signal
import socket
import subprocess
import time
import unittest
from collections.abc import Callable
from urllib.parse import urlsplit

from harness.cluster import say, shared
from harness.javascript import Bearer, Npm
from harness.network import DOMAIN
from harness.places import client, full
from harness.publishing import document, fresh, packed, product_token, project
from harness.sandbox import Sandbox
from harness.server import Server
from harness.waiting import until
from harness.wire import Connection, basic, bearer, get, license_header
from harness.world import wheel, wheel_name

ROUNDS = 40 if full() else 12
CLIENT_ROUNDS = 6 if full() else 2
KIB = 1024
# How long a claim on a job holds (crates/jobs), and how often others look.
JOB_LEASE, LOOK = 60, 5


def noise(number: int, size: int) -> bytes:
    return hashlib.shake_128(f"{number}".encode()).digest(size)


class Killed(unittest.TestCase):
    """The second node dies; the others are asked."""

    def setUp(self):
        self.cluster = shared()
        self.near, self.victim, self.far = self.cluster.nodes
        self.customer = self.cluster.world.new_license("CUSTOMER")[1]
        self.numbers = itertools.count()

    def tearDown(self):
        self.revive()

    def revive(self) -> None:
        """Starts the second node again if it is dead."""
        if self.victim.process.poll() is not None:
            self.victim.start()

    def upload_and_die(self, url: str, headers: dict, method: str, content: bytes, part: float, delay: float) -> bool:
        """Sends a part of a request, kills the node some time later; whether the request was acknowledged. Of a whole
        request, the answer is waited for that long."""
        target = urlsplit(url)
        head = f"{method} {target.path}{'?' + target.query if target.query else ''} HTTP/1.1\r\n"
        sent = {"Host": self.victim.address, "Content-Length": str(len(content)), **headers}
        head += "".join(f"{name}: {value}\r\n" for name, value in sent.items()) + "\r\n"
        answer = b""
        with socket.create_connection((self.victim.machine.address, self.victim.port), timeout=30) as sock:
            with contextlib.suppress(ConnectionError):
                sock.sendall(head.encode() + content[: int(part * len(content))])
            sock.settimeout(max(delay, 0.001))
            with contextlib.suppress(OSError):
                answer = sock.recv(64)
            self.victim.kill()
            sock.settimeout(10)
            with contextlib.suppress(OSError):
                answer = answer or sock.recv(64)
        return answer.startswith(b"HTTP/1.1 2")

    def moments(self, rounds: int, kill: Callable[[int, float, float], bool]) -> None:
        """Calls `kill` with a number, how much of a request to send, and how long the node lives on after that: some die
        during the upload, the rest closer and closer to the moment when it is acknowledged."""
        early = rounds // 4
        for number in range(early):
            kill(number, (number + 1) / (early + 1), 0.0)
        delays = [0.1, 0.1]
        for number in range(early, rounds):
            told = kill(number, 1.0, delays[number % 2])
            delays[number % 2] *= 0.7 if told else 1.5

    def is_whole(self, told: bool, artifact: str, content: bytes) -> bool:
        """Whether the artifact is served, by other nodes, as it was sent. One that nobody was told of may wait."""
        vendor = self.cluster.vendor(self.near)
        if told:
            vendor.settled(artifact, JOB_LEASE + 30)
        status = vendor.artifact(artifact)["attributes"]["status"]
        for node in (self.near, self.far):
            answer = get(f"{node.url}/v1/artifacts/{artifact}", license_header(self.customer))
            if status == "UPLOADED":
                self.assertEqual(answer.status, 303, answer)
                self.assertTrue(get(answer.header("location")).body == content, "other bytes than were sent")
            else:
                self.assertIn(answer.status, (404, 422), f"what is {status} is served: {answer}")
        return status == "UPLOADED"

    def tally(self, what: str, outcomes: list[tuple[bool, bool]]) -> None:
        acknowledged = sum(told for told, _ in outcomes)
        silent = sum(there and not told for told, there in outcomes)
        self.assertTrue(all(there for told, there in outcomes if told), f"{what}: what was acknowledged is missing")
        say(f"{what}: {len(outcomes)} tried; {acknowledged} acknowledged and whole, {silent} whole though the answer was lost")


class Uploads(Killed):
    def test_through_the_node(self):
        """PUTs that the node takes in itself."""
        cluster, world = self.cluster, self.cluster.world
        release = world.new_release("2.0.0")
        self.victim = cluster.replace(1, "--delivery", "stream")
        self.addCleanup(cluster.replace, 1)
        outcomes = []

        def kill(number: int, part: float, delay: float) -> bool:
            self.revive()
            # Large ones go to the store in parts, small ones at once.
            content = noise(next(self.numbers), (12_000 if number % 2 else 300) * KIB + number)
            artifact, url = cluster.vendor(self.victim).start_upload(release, f"streamed-{number}.bin")
            told = self.upload_and_die(url, {}, "PUT", content, part, delay)
            outcomes.append((told, artifact, content))
            return told

        self.moments(ROUNDS, kill)
        self.revive()
        found = [(told, self.is_whole(told, artifact, content)) for told, artifact, content in outcomes]
        self.tally("uploads through the node", found)
        self.assertIn((False, False), found, "no upload was cut off")


class Jobs(Killed):
    def test_other_nodes_go_on(self):
        """Nodes die over the jobs that take in what clients have put to the store; others take them over when the
        claims have run out."""
        direct = self.kill_those_who_look()
        large = self.kill_the_one_who_reads()
        killed = time.monotonic()
        artifact, content = large
        self.assertTrue(self.is_whole(True, artifact, content))
        took = time.monotonic() - killed
        say(f"a node killed over an ingest: another had done it {took:.0f} s later (claims hold for {JOB_LEASE} s)")
        self.assertLess(took, JOB_LEASE + LOOK + 10)
        self.tally("uploads to the store", [(True, self.is_whole(True, *upload)) for upload in direct])

    def kill_those_who_look(self) -> list[tuple[str, bytes]]:
        """Nobody tells the nodes what was put to the store; the one that looks for it dies."""
        release = self.cluster.world.new_release("3.0.0")
        uploads = []
        for number in range(ROUNDS):
            self.revive()
            content = noise(next(self.numbers), 400 * KIB + number)
            artifact, url = self.cluster.vendor(self.victim).start_upload(release, f"direct-{number}.bin")
            self.assertEqual(self.cluster.vendor(self.victim).put(url, content).status, 200)
            # Asking makes the node look at once: it is killed while it does, or soon after.
            with contextlib.suppress(OSError):
                connection = Connection(self.victim.url, timeout=0.001 + 0.01 * number)
                connection.request("GET", f"/v1/artifacts/{artifact}?prefer=no-download", headers=bearer(self.cluster.world.vendor.token))
            self.victim.kill()
            uploads.append((artifact, content))
        return uploads

    def kill_the_one_who_reads(self) -> tuple[str, bytes]:
        """The only node that runs dies while it reads a large file."""
        self.revive()
        cluster = self.cluster
        release = cluster.world.new_release("4.0.0")
        content = noise(next(self.numbers), 64_000 * KIB)
        others = cluster.others(self.victim)
        for node in others:
            node.process.send_signal(signal.SIGSTOP)
            self.addCleanup(node.process.send_signal, signal.SIGCONT)
        artifact, url = cluster.vendor(self.victim).start_upload(release, "large.bin")
        self.assertEqual(cluster.vendor(self.victim).put(url, content).status, 200)
        claimed = f"SELECT attempts FROM jobs WHERE kind = 'artifact.ingest' AND lease IS NOT NULL AND key = '{artifact}'"
        until(lambda: cluster.database.ask(claimed), "the file is being read", 90, 0.001)
        self.victim.kill()
        self.assertEqual(cluster.database.ask(claimed), [["1"]], "it was done before the node was killed")
        for node in others:
            node.process.send_signal(signal.SIGCONT)
        return artifact, content


class Publishing(Killed):
    def test_npm_documents(self):
        """What `npm publish` puts, cut off anywhere."""
        cluster, name = self.cluster, fresh("@acme/killed-")
        token = product_token(cluster.world)
        path = f"/v1/engines/npm/{name.replace('/', '%2f')}"
        outcomes, contents = [], {}

        def kill(number: int, part: float, delay: float) -> bool:
            self.revive()
            version = f"1.0.{number}"
            contents[version] = packed(name, version)
            body = document(name, version, base64.b64encode(contents[version]).decode())
            headers = {**bearer(token), "Content-Type": "application/json"}
            told = self.upload_and_die(self.victim.url + path, headers, "PUT", body, part, delay)
            outcomes.append((told, version))
            return told

        self.moments(ROUNDS, kill)
        self.revive()
        for node in (self.near, self.far):
            answer = get(node.url + path, bearer(self.customer))
            there = answer.json()["versions"] if answer.status == 200 else {}
            self.assertLessEqual(set(there), set(contents))
            for version, manifest in there.items():
                tarball = urlsplit(manifest["dist"]["tarball"]).path
                self.assertTrue(self.bytes_of(node, tarball) == contents[version], f"{version}: other bytes")
        found = [(told, version in there) for told, version in outcomes]
        self.tally("npm publishes", found)
        self.assertIn((False, False), found, "no publish was cut off")
        for told, version in outcomes:
            body = document(name, version, base64.b64encode(contents[version]).decode())
            again = Connection(self.near.url).request("PUT", path, body, {**bearer(token), "Content-Type": "application/json"})
            self.assertEqual(again.status < 300, version not in there, f"{version} again: {again}")

    def bytes_of(self, node: Server, path: str, headers: dict | None = None) -> bytes:
        answer = get(node.url + path, headers or bearer(self.customer))
        return get(answer.header("location")).body if answer.status == 303 else answer.body

    def race(self, run: Callable[[], subprocess.Popen], rounds: int) -> list[bool]:
        """Runs a client that publishes, once to learn how long it takes, then killing the node at parts of that time;
        whether each said that it had published."""
        began = time.monotonic()
        self.assertEqual(run().wait(60), 0, "the client cannot publish at all")
        whole = time.monotonic() - began
        told = [True]
        for number in range(rounds):
            self.revive()
            process = run()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(whole * (0.5 + 0.5 * number / rounds))
            self.victim.kill()
            told.append(process.wait(120) == 0)
        self.revive()
        return told

    def test_npm(self):
        self.cluster.lead(self.victim)
        self.addCleanup(self.cluster.lead, self.near)
        name = fresh("@acme/npm-")
        vendor = Npm(f"http://npm.pkg.{DOMAIN}:{self.victim.port}", Bearer(product_token(self.cluster.world)))
        self.addCleanup(vendor.close)
        versions = itertools.count()
        machine = self.cluster.network["client"]

        def publish() -> subprocess.Popen:
            project(vendor, name, f"1.{next(versions)}.0")
            command = [*machine.enter, "npm", "publish"]
            return subprocess.Popen(
                command, cwd=vendor.sandbox.project, env=vendor.sandbox.environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

        told = self.race(publish, CLIENT_ROUNDS)
        answer = get(f"{self.far.url}/v1/engines/npm/{name.replace('/', '%2f')}", bearer(self.customer))
        there = answer.json()["versions"]
        for version, manifest in there.items():
            content = self.bytes_of(self.near, urlsplit(manifest["dist"]["tarball"]).path)
            digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
            self.assertEqual(manifest["dist"]["integrity"], f"sha512-{digest}", version)
        self.tally("npm", [(said, f"1.{number}.0" in there) for number, said in enumerate(told)])

    def test_twine(self):
        self.cluster.lead(self.victim)
        self.addCleanup(self.cluster.lead, self.near)
        name, token, sandbox = fresh("acme-twine-"), product_token(self.cluster.world), Sandbox()
        self.addCleanup(sandbox.close)
        versions = itertools.count()
        machine = self.cluster.network["client"]
        url = f"http://pypi.pkg.{DOMAIN}:{self.victim.port}/legacy/"

        def upload() -> subprocess.Popen:
            version = f"1.{next(versions)}"
            file = sandbox.project / wheel_name(name, version)
            file.write_bytes(wheel(name, version))
            settings = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": token}
            words = ("upload", "--non-interactive", "--disable-progress-bar", "--repository-url", url, file)
            return subprocess.Popen(
                [*machine.enter, client("twine") / "bin" / "twine", *words], env={**sandbox.environment, **settings},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

        told = self.race(upload, CLIENT_ROUNDS)
        headers = {**basic("license", self.customer), "Accept": "application/vnd.pypi.simple.v1+json"}
        files = {file["filename"]: file for file in get(f"{self.far.url}/v1/engines/pypi/simple/{name}/", headers).json()["files"]}
        for file in files.values():
            path = urlsplit(f"{self.near.url}/v1/engines/pypi/simple/{name}/").path
            target = file["url"] if file["url"].startswith(("http", "/")) else path + file["url"]
            content = self.bytes_of(self.near, urlsplit(target).path, basic("license", self.customer))
            self.assertEqual(file["hashes"]["sha256"], hashlib.sha256(content).hexdigest(), file["filename"])
        self.tally("twine", [(said, wheel_name(name, f"1.{number}") in files) for number, said in enumerate(told)])
