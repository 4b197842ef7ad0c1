"""Response signatures, checked by OpenSSL from what went over the wire and the keys that the account shows."""

import base64
import hashlib
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.wire import Answer, Connection, bearer
from harness.world import shared

HEADER = re.compile(r'keyid="([^"]+)", algorithm="([^"]+)", signature="([^"]+)", headers="([^"]+)"')
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:max"]


class Keys:
    """The account's public keys as PEM files."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        account = shared().vendor.must("GET", f"/accounts/{self.account_id()}")
        self.account = account["id"]
        keys = {name: base64.b64decode(text) for name, text in account["meta"]["keys"].items()}
        der = ED25519_SPKI + bytes.fromhex(keys["ed25519"].decode())
        pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(der) + b"-----END PUBLIC KEY-----\n"
        self.write("ed25519", pem)
        self.write("ecdsa-p256", keys["ecdsa"])
        self.write("rsa-sha256", keys["rsa2048"])
        self.write("rsa-pss-sha256", keys["rsa2048"])

    @staticmethod
    def account_id() -> str:
        return shared().vendor.ask("GET", "/me").header("Keygen-Account")

    def write(self, name: str, content: bytes) -> Path:
        path = Path(self.folder.name) / name
        path.write_bytes(content)
        return path

    def verify(self, algorithm: str, message: bytes, signature: bytes) -> bool:
        key = str(Path(self.folder.name) / algorithm)
        text, signed = str(self.write("message", message)), str(self.write("signature", signature))
        if algorithm == "ed25519":
            command = ["pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", text, "-sigfile", signed]
        else:
            more = PSS if algorithm == "rsa-pss-sha256" else []
            command = ["dgst", "-sha256", "-verify", key, *more, "-signature", signed, text]
        return subprocess.run(["openssl", *command], capture_output=True, check=False).returncode == 0


class Signatures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = Keys()

    def setUp(self):
        self.server = shared().server
        self.connection = Connection(self.server.url)
        self.addCleanup(self.connection.close)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        given = {"Accept": "application/json", **headers}
        return self.connection.request(method, path, body, given)

    def check(self, method: str, path: str, answer: Answer, algorithm: str = "ed25519") -> None:
        digest = "sha-256=" + base64.b64encode(hashlib.sha256(answer.body).digest()).decode()
        self.assertEqual((answer.header("Digest"), answer.header("Keygen-Digest")), (digest, digest), path)
        self.assertEqual(answer.header("Date"), answer.header("Keygen-Date"))
        match = HEADER.fullmatch(answer.header("Keygen-Signature"))
        self.assertIsNotNone(match, f"{method} {path}: {answer.headers}")
        account, used, signature, names = match.groups()
        self.assertEqual((account, used, names), (self.keys.account, algorithm, "(request-target) host date digest"))
        host = f"127.0.0.1:{self.server.port}"
        message = f"(request-target): {method.lower()} {path}\nhost: {host}\ndate: {answer.header('Date')}\ndigest: {digest}"
        signature = base64.b64decode(signature, validate=True)
        self.assertTrue(self.keys.verify(algorithm, message.encode(), signature), f"{method} {path}\n{message}")
        self.assertFalse(self.keys.verify(algorithm, message.encode() + b" ", signature), "the verifier verifies")

    def test_every_kind_of_answer(self):
        admin = bearer(self.server.token)
        product = b'{"data":{"type":"products","attributes":{"name":"Signed"}}}'
        made = self.ask("POST", "/v1/products", product, **admin)
        self.assertEqual(made.status, 201, made)
        self.check("POST", "/v1/products", made)
        path = f"/v1/accounts/{self.keys.account}/products/{made.json()['data']['id']}"
        for method, target, status, headers in (
            ("GET", path, 200, admin),
            ("HEAD", path, 200, admin),
            ("GET", "/v1/products?limit=1&page%5Bsize%5D=%31", 400, admin),
            ("GET", "/v1/products?limit=1&x=a+b%2B", 200, admin),
            ("DELETE", path, 204, admin),
            ("GET", path, 404, admin),
            ("GET", "/v1/no/such/thing", 404, admin),
            ("GET", "/v1/products", 401, {}),
            ("GET", "/v1/products", 401, bearer("wrong")),
        ):
            with self.subTest(f"{method} {target} {status}"):
                answer = self.ask(method, target, **headers)
                self.assertEqual(answer.status, status, answer)
                self.check(method, target, answer)

    def test_a_redirect(self):
        world = shared()
        artifact = self.ask("GET", "/v1/artifacts?status=UPLOADED&limit=1", **bearer(self.server.token)).json()
        path = f"/v1/artifacts/{artifact['data'][0]['id']}"
        answer = self.ask("GET", path, **bearer(world.server.token))
        self.assertEqual(answer.status, 303, answer)
        self.check("GET", path, answer)

    def test_every_algorithm(self):
        for algorithm in ("ed25519", "ecdsa-p256", "rsa-sha256", "rsa-pss-sha256"):
            with self.subTest(algorithm):
                accept = {"Keygen-Accept-Signature": f'keyid="{self.keys.account}", algorithm="{algorithm}";'}
                answer = self.ask("GET", "/v1/products", **bearer(self.server.token), **accept)
                self.check("GET", "/v1/products", answer, algorithm)
        refused = self.ask("GET", "/v1/products", **{"Keygen-Accept-Signature": 'algorithm="md5"'})
        self.assertEqual(refused.status, 400, refused)
        self.check("GET", "/v1/products", refused)


if __name__ == "__main__":
    unittest.main()
