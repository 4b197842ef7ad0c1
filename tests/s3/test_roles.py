"""Credentials that a role lends, from stand-ins of the services that lend them; the object store is a real one."""

import os
import tempfile
import unittest
from pathlib import Path

from harness import seaweed, wire
from harness.roles import TOKEN, Lender
from harness.server import Server
from harness.waiting import until
from harness.world import World


class Roles(unittest.TestCase):
    def setUp(self) -> None:
        self.lender = Lender(seaweed.KEY, seaweed.SECRET)
        handle, path = tempfile.mkstemp()
        os.write(handle, TOKEN.encode() + b"\n")
        os.close(handle)
        self.token_file = Path(path)
        self.addCleanup(self.token_file.unlink)

    def server(self, environment: dict, *flags: str) -> Server:
        server = Server("--blobs", seaweed.shared().url("roles"), *flags, environment=environment)
        self.addCleanup(server.close)
        return server

    def works(self, server: Server) -> None:
        server.start()
        world = World(server)
        found = world.vendor.publish(world.new_release("1.0.0"), "app.bin", b"content")
        where = server.get(f"/v1/artifacts/{found['id']}", wire.license_header(world.keys["basic"]))
        self.assertIn(f"X-Amz-Credential={self.lender.key}", where.headers["Location"])
        self.assertEqual(wire.get(where.headers["Location"]).body, b"content")
        self.assertNotIn(TOKEN, server.log())
        self.assertNotIn(seaweed.SECRET, server.log())

    def web_identity(self) -> dict:
        return {
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.token_file), "AWS_ROLE_ARN": "arn:aws:iam::1:role/keyway",
            "AWS_ENDPOINT_URL_STS": self.lender.url,
        }  # fmt: skip

    def container(self) -> dict:
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.lender.url}/container",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self.token_file),
        }

    def test_of_a_web_identity(self) -> None:
        self.works(self.server(self.web_identity()))

    def test_of_a_container(self) -> None:
        self.works(self.server(self.container()))
        given = {"AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN, **self.container()}
        del given["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
        self.works(self.server(given))

    def test_of_an_instance(self) -> None:
        self.works(self.server({"KEYWAY_S3_INSTANCE_METADATA": self.lender.url}))

    def test_they_are_renewed_before_they_end(self) -> None:
        self.lender.seconds = 4
        server = self.server(self.container()).start()
        world = World(server)
        release = world.new_release("1.0.0")
        _, url = world.vendor.start_upload(release, "before.bin")
        self.assertIn(f"X-Amz-Credential={seaweed.KEY}", url)
        self.lender.key = seaweed.OTHER

        def is_renewed() -> bool:
            _, url = world.vendor.start_upload(release, f"{os.urandom(4).hex()}.bin")
            return f"X-Amz-Credential={seaweed.OTHER}" in url and world.vendor.put(url, b"x").status == 200

        until(is_renewed, "URLs are signed with the new credentials")
        # while the service refuses, what was lent is used to its end, and the log says what is wrong
        self.lender.broken = True
        until(lambda: "cannot be renewed" in server.log() and "AccessDenied" in server.log(), "the log says so")
        self.lender.broken, self.lender.key = False, seaweed.KEY
        until(lambda: f"X-Amz-Credential={seaweed.KEY}" in world.vendor.start_upload(release, f"{os.urandom(4).hex()}.bin")[1], "they are renewed", 60)

    def refusal(self, environment: dict) -> str:
        with self.assertRaises(AssertionError) as refused:
            self.server(environment).start()
        self.assertNotIn(TOKEN, str(refused.exception))
        return str(refused.exception)

    def test_what_is_wrong_is_said_at_the_start(self) -> None:
        away = {**self.container(), "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/x"}
        self.assertIn("http://127.0.0.1:9/x does not answer", self.refusal(away))
        far = {**self.container(), "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://credentials.example.com/x"}
        self.assertIn("link-local", self.refusal(far))
        lost = {**self.web_identity(), "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent/token"}
        self.assertIn("/nonexistent/token", self.refusal(lost))
        self.assertIn("s3_role_arn", self.refusal({**self.web_identity(), "AWS_ROLE_ARN": ""}))
        self.lender.broken = True
        self.assertIn("403 (AccessDenied)", self.refusal(self.web_identity()))
        self.assertIn("give the server a role", self.refusal({}))


if __name__ == "__main__":
    unittest.main()
