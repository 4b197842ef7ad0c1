"""gem push and gem yank: who may, what becomes of it, and what gem prints."""

import socket
import unittest
from urllib.parse import urlsplit

from harness.ruby import Gem
from harness.sandbox import Run
from harness.wire import Connection, basic, get
from harness.world import make_gems, shared


class Pushing(unittest.TestCase):
    def setUp(self):
        self.world = shared()
        made = self.world.vendor.ask("POST", f"/products/{self.world.product}/tokens").json()
        self.token = made["data"]["attributes"]["token"]
        self.name = f"acme-pushed{next(self.world.numbers)}"
        self.vendor = Gem(self.world.registry("rubygems"), None)
        self.addCleanup(self.vendor.close)
        self.host = self.world.registry("rubygems")

    def push(self, version: str = "1.0.0", platform: str = "ruby", key: str | None = None, **more: object) -> Run:
        content = more.pop("content", None) or make_gems.gem(self.name, version, platform, **more)
        file = self.vendor.sandbox.project / make_gems.file_name(self.name, version, platform)
        file.write_bytes(content)
        return self.vendor.run(
            "gem", "push", "--host", self.host, file, environment={"GEM_HOST_API_KEY": key or self.token}
        )

    def yank(self, version: str, *arguments: str, key: str | None = None) -> Run:
        return self.vendor.run(
            "gem", "yank", self.name, "-v", version, "--host", self.host, *arguments,
            environment={"GEM_HOST_API_KEY": key or self.token},
        )  # fmt: skip

    def customer(self) -> Gem:
        customer = Gem(self.host, self.world.keys["basic"])
        self.addCleanup(customer.close)
        return customer

    def status(self, file: str) -> int:
        return get(f"{self.host}/gems/{file}", basic("license", self.world.keys["basic"])).status

    def test_what_is_pushed_is_installed_and_shows_up_in_the_api(self):
        run = self.push(dependencies=make_gems.dependency("acme.base", (">=", "1.0")))
        self.assertEqual(run.code, 0, run)
        self.assertIn(f"Successfully registered gem: {self.name} (1.0.0)", run.out, run)
        customer = self.customer()
        run = customer.install(self.name)
        self.assertEqual((run.code, customer.installed()), (0, [f"{self.name}-1.0.0", "acme.base-1.0.2"]), run)
        package = self.world.vendor.must("GET", f"/packages/{self.name}")
        self.assertEqual((package["attributes"]["key"], package["attributes"]["engine"]), (self.name, "rubygems"))
        releases = self.world.vendor.must("GET", f"/releases?package={package['id']}")
        self.assertEqual([one["attributes"]["version"] for one in releases], ["1.0.0"])
        artifacts = self.world.vendor.must("GET", f"/artifacts?release={releases[0]['id']}")
        self.assertEqual([one["attributes"]["filename"] for one in artifacts], [f"{self.name}-1.0.0.gem"])

    def test_an_equal_version_that_is_spelled_differently_is_taken(self):
        self.assertEqual(self.push("1.0.0").code, 0)
        run = self.push("1.0")
        self.assertNotEqual(run.code, 0, run)
        self.assertIn("is published already", run.output, run)
        self.assertEqual(self.status(f"{self.name}-1.0.gem"), 404)

    def test_a_push_cut_short_publishes_nothing(self):
        content = make_gems.gem(self.name, "1.0.0", "ruby")
        parts = urlsplit(self.host)
        head = (
            f"POST {parts.path}/api/v1/gems HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: {self.token}\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {len(content) + 1}\r\n\r\n"
        )
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as sock:
            sock.sendall(head.encode() + content)
            sock.shutdown(socket.SHUT_WR)
            answer = sock.recv(4096)
        self.assertNotIn(b" 200 ", answer.split(b"\r\n")[0])
        self.assertEqual(self.world.vendor.ask("GET", f"/packages/{self.name}").status, 404)
        run = self.push(content=content)
        self.assertEqual(run.code, 0, run)

    def test_platforms_are_pushed_one_by_one(self):
        for platform in ("ruby", "java", "x86_64-linux"):
            run = self.push(platform=platform)
            self.assertEqual(run.code, 0, run)
        customer = self.customer()
        run = customer.install(self.name)
        self.assertEqual(customer.installed(), [f"{self.name}-1.0.0-x86_64-linux"], run)

    def test_a_version_is_pushed_once(self):
        self.assertEqual(self.push().code, 0)
        again = self.push()
        self.assertNotEqual(again.code, 0, again)
        self.assertIn("is published already, with these very bytes", again.output, again)
        spec = make_gems.gemspec(self.name, "1.0.0").replace("to test", "to fool")
        other = self.push(content=make_gems.gem(self.name, "1.0.0", spec=spec))
        self.assertNotEqual(other.code, 0, other)
        self.assertIn("repushing of gem versions is not allowed", other.output, other)

    def test_a_licence_never_pushes(self):
        run = self.push(key=self.world.keys["pro"])
        self.assertNotEqual(run.code, 0, run)
        self.assertIn("a licence cannot publish: use the token of a product", run.output, run)
        run = self.push(key="prod-0000000000000000000000000000000000000000000000000000000000000000v3")
        self.assertNotEqual(run.code, 0, run)
        self.assertIn("not known here", run.output, run)
        self.assertEqual(self.status(f"{self.name}-1.0.0.gem"), 404)

    def test_what_is_no_gem_is_refused(self):
        good = make_gems.gem(self.name, "1.0.0")
        damaged = bytearray(good)
        damaged[700] ^= 0xFF
        run = self.push(content=bytes(damaged))
        self.assertNotEqual(run.code, 0, run)
        # gem looks into the file first, so these go without it.
        for content, text in ((good[:2000], "cut short"), (b"x" * 4096, "tar"), (b"", "no gem")):
            wire = Connection(self.host)
            self.addCleanup(wire.close)
            answer = wire.request("POST", "/api/v1/gems", content, {"Authorization": self.token})
            self.assertEqual(answer.status, 422, answer)
            self.assertIn(text, answer.text())
        self.assertEqual(self.status(f"{self.name}-1.0.0.gem"), 404)

    def test_yanked_versions_are_gone_and_never_come_back(self):
        self.assertEqual((self.push("1.0.0").code, self.push("1.1.0").code), (0, 0))
        refused = self.yank("1.1.0", key=self.world.keys["pro"])
        self.assertIn("a licence cannot publish", refused.output, refused)
        run = self.yank("1.1.0")
        self.assertIn("Successfully yanked", run.output, run)
        customer = self.customer()
        run = customer.install(self.name)
        self.assertEqual((run.code, customer.installed()), (0, [f"{self.name}-1.0.0"]), run)
        again = self.push("1.1.0")
        self.assertNotEqual(again.code, 0, again)
        self.assertIn("(1.1.0)", again.output, again)
        self.assertIn("no", self.yank("9.9.9").output.lower())

    def test_gem_is_told_where_its_key_comes_from(self):
        answer = get(f"{self.host}/api/v1/api_key", {})
        self.assertEqual(answer.status, 400)
        self.assertIn("GEM_HOST_API_KEY", answer.text())
