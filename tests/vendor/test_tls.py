"""TLS with the operator's certificate."""

import tempfile
import unittest

from harness.certificates import self_signed
from harness.curl import Curl
from harness.javascript import Bearer, Npm
from harness.python import Pip, Uv
from harness.server import Server
from harness.world import World


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="keyway-tls-")
        cls.addClassCleanup(cls.directory.cleanup)
        names = ("IP:127.0.0.1", "DNS:npm.pkg.acme.test", "DNS:pypi.pkg.acme.test")
        cls.cert, cls.key = self_signed(cls.directory.name, *names)
        # What the customers use is laid down without TLS; the same data directory is then served with it.
        plain = Server()
        cls.addClassCleanup(plain.close)
        cls.world = World(plain.start())
        cls.world.npm_fixtures()
        cls.world.python_fixtures()
        assert plain.stop() == 0
        flags = ("--tls-cert", cls.cert, "--tls-key", cls.key, "--domain", "acme.test")
        cls.server = Server(*flags, data=plain.data)
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.url = f"https://127.0.0.1:{cls.server.port}"

    def curl(self, *arguments: object):
        curl = Curl()
        self.addCleanup(curl.close)
        return curl.run("--cacert", self.cert, "-u", f"license:{self.world.keys['pro']}", *arguments)

    def at(self, host: str) -> list[str]:
        return ["--resolve", f"{host}:{self.server.port}:127.0.0.1"]

    def test_versions_of_http(self):
        for version, host, path, expected in (
            ("--http2", "npm.pkg.acme.test", "/@acme%2fwidget", "2 200"),
            ("--http1.1", "npm.pkg.acme.test", "/@acme%2fwidget", "1.1 200"),
            # The reason phrase, which pip and uv show, exists in HTTP/1.1 only.
            ("--http2", "pypi.pkg.acme.test", "/simple/acme-widget/", "1.1 200"),
        ):
            with self.subTest(f"{host} {version}"):
                url = f"https://{host}:{self.server.port}{path}"
                done = self.curl(version, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", *self.at(host), url)
                self.assertEqual((done.code, done.out), (0, expected), done)

    def test_plain_http_is_not_answered_as_if_it_were_tls(self):
        curl = Curl()
        self.addCleanup(curl.close)
        done = curl.run("-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{self.server.port}/v1/ping")
        self.assertNotEqual(done.out, "200", done)

    def test_npm(self):
        customer = Npm(f"{self.url}/v1/engines/npm", Bearer(self.world.keys["pro"]))
        self.addCleanup(customer.close)
        customer.sandbox.environment["NODE_EXTRA_CA_CERTS"] = self.cert
        run = customer.add("@acme/gadget")
        self.assertEqual((run.code, customer.installed("@acme/gadget")), (0, "1.0.0"), run)

    def test_pip_and_uv(self):
        for client in (Pip, Uv):
            with self.subTest(client.name):
                customer = client(f"{self.url}/v1/engines/pypi", self.world.keys["pro"])
                self.addCleanup(customer.close)
                customer.sandbox.environment |= {"PIP_CERT": self.cert, "SSL_CERT_FILE": self.cert}
                run = customer.install("acme-widget")
                self.assertEqual((run.code, run.code or customer.widget()), (0, "2.0.0"), run)

    def test_pip_prints_the_reason_over_tls_too(self):
        customer = Pip(f"{self.url}/v1/engines/pypi", self.world.keys["suspended"])
        self.addCleanup(customer.close)
        customer.sandbox.environment["PIP_CERT"] = self.cert
        run = customer.install("acme-widget")
        self.assertNotEqual(run.code, 0, run)
        self.assertIn("licence is suspended", run.output)
