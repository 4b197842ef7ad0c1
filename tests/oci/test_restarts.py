"""The server stops, or is killed, while images move: clients go on, and nothing is half there."""

import http.client
import unittest
from concurrent.futures import Future, ThreadPoolExecutor

from harness.depot import Depot
from harness.docker import Docker
from harness.gate import Gate
from harness.images import digest_of, image, noise, tar
from harness.parts import MIB
from harness.podman import Containers
from harness.publishing import fresh


class Restarts(Depot):
    def setUp(self) -> None:
        super().setUp()
        # what passes through the server can be stopped there
        self.own_world("--delivery", "stream")
        self.server = self.world.server

    def in_the_middle(self, gate: Gate, work, change) -> object:
        """Does some work by way of the gate, and `change` when it is half done."""
        self.addCleanup(gate.close)
        direct, self.address = self.address, gate.address
        try:
            with ThreadPoolExecutor(1) as pool:
                doing: Future = pool.submit(work)
                try:
                    self.assertTrue(gate.reached.wait(60), "the gate was reached")
                    change()
                finally:
                    gate.open.set()
                return doing.result()
        finally:
            self.address = direct

    def restart(self) -> None:
        self.server.kill()
        self.server.start()

    def test_docker_goes_on_pulling_after_a_restart(self):
        name, document = self.push(image(tar({"data/large": noise(24 * MIB)})))
        gate = Gate(self.server.port, 8 * MIB, towards_client=True)

        def pull():
            docker = self.logged_in(Docker)
            return docker.pull(f"{name}:1.0.0")

        self.assertIn(document.digest, self.works(self.in_the_middle(gate, pull, self.restart)))

    def test_a_push_over_a_restart_ends_well(self):
        source, document = self.push(image(tar({"data/large": noise(24 * MIB)})))
        docker = self.logged_in(Docker)
        self.works(docker.pull(f"{source}:1.0.0"))
        name = fresh("acme/app-")
        gate = Gate(self.server.port, 8 * MIB, towards_client=False)

        def push():
            vendor = self.logged_in(Docker, "vendor")
            # another layer, or it would be mounted
            changed = docker.run("create", "--name", name.replace("/", "-"), docker.reference(f"{source}:1.0.0"), "/data")
            self.works(changed)
            file = docker.sandbox.project / "more"
            file.write_bytes(noise(24 * MIB))
            self.works(docker.run("cp", file, f"{name.replace('/', '-')}:/more"))
            self.works(docker.run("commit", name.replace("/", "-"), vendor.reference(f"{name}:1.0.0")))
            self.works(docker.run("rm", name.replace("/", "-")))
            return vendor.push(f"{name}:1.0.0")

        self.works(self.in_the_middle(gate, push, self.restart))
        customer = self.client(Containers, self.secret("basic"))
        self.works(customer.fetch(f"{name}:1.0.0", "dir:copy"))

    def half_sent(self, location: str, content: bytes, sent: int) -> None:
        """A chunk that is announced whole and comes in part; the server is killed before the rest."""
        connection = http.client.HTTPConnection(self.server.machine.address, self.server.port, timeout=30)
        self.addCleanup(connection.close)
        connection.putrequest("PATCH", location)
        for header, value in {**self.vendor.credential, "Content-Length": len(content)}.items():
            connection.putheader(header, value)
        connection.endheaders()
        connection.send(content[:sent])
        self.restart()

    def test_nothing_is_half_there_after_a_kill(self):
        name, content = fresh("acme/app-"), noise(20 * MIB)
        digest = digest_of(content)
        location = self.vendor.begin(name)
        self.half_sent(location, content, 12 * MIB)
        self.assertEqual(self.vendor.blob(name, digest).status, 404)
        answer = self.vendor.ask("GET", location)
        self.assertEqual(answer.status, 204, answer)
        # what was acknowledged counts, which is nothing
        self.refused(self.vendor.finish(location, digest), 400, "DIGEST_INVALID")
        self.assertEqual(self.vendor.push_blob(name, content), digest)
        self.assertEqual(self.vendor.blob(name, digest).body, content)

    def test_an_upload_goes_on_after_a_kill(self):
        name, content = fresh("acme/app-"), noise(20 * MIB)
        half = len(content) // 2
        location = self.vendor.begin(name)
        answer = self.vendor.ask("PATCH", location, content[:half], {"Content-Range": f"0-{half - 1}"})
        self.assertEqual((answer.status, answer.header("range")), (202, f"0-{half - 1}"), answer)
        self.restart()
        answer = self.vendor.ask("GET", answer.header("location"))
        self.assertEqual((answer.status, answer.header("range")), (204, f"0-{half - 1}"), answer)
        ranged = {"Content-Range": f"{half}-{len(content) - 1}"}
        answer = self.vendor.ask("PATCH", answer.header("location"), content[half:], ranged)
        self.assertEqual(answer.status, 202, answer)
        answer = self.vendor.finish(answer.header("location"), digest_of(content))
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(self.vendor.blob(name, digest_of(content)).body, content)

    def test_what_was_pushed_is_there_after_a_kill(self):
        name, document = self.push()
        self.restart()
        self.assertEqual(self.customer().manifest(name, "1.0.0").body, document.body)
        for layer in document.layers:
            self.assertEqual(self.customer().blob(name, layer).body, document.blobs[layer])

    def test_a_login_outlives_a_restart(self):
        name, _ = self.push()
        docker = self.logged_in(Docker)
        self.restart()
        self.works(docker.pull(f"{name}:1.0.0"))


if __name__ == "__main__":
    unittest.main()
