"""Response signatures, checked by OpenSSL from what went over the wire and the keys that the account shows."""

import base64
import hashlib
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from .vendor import Vendor
from .wire import Answer
from .world import shared

HEADER = re.compile(r'keyid="([^"]+)", algorithm="([^"]+)", signature="([^"]+)", headers="([^"]+)"')
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:max"]


class Keys:
    """The account's public keys as PEM files."""

    def __init__(self, vendor: Vendor | None = None) -> None:
        """`vendor` is whose keys they are, where it is not the shared world's."""
        self.folder = tempfile.TemporaryDirectory()
        vendor = vendor or shared().vendor
        account = vendor.must("GET", "/accounts/" + vendor.ask("GET", "/me").header("Keygen-Account"))
        self.account = account["id"]
        keys = {name: base64.b64decode(text) for name, text in account["meta"]["keys"].items()}
        der = ED25519_SPKI + bytes.fromhex(keys["ed25519"].decode())
        pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(der) + b"-----END PUBLIC KEY-----\n"
        self.write("ed25519", pem)
        self.write("ecdsa-p256", keys["ecdsa"])
        self.write("rsa-sha256", keys["rsa2048"])
        self.write("rsa-pss-sha256", keys["rsa2048"])

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

    def check(self, test: unittest.TestCase, method: str, path: str, answer: Answer, algorithm: str = "ed25519") -> None:
        """Fails the test unless an answer of the shared server carries a good signature."""
        digest = "sha-256=" + base64.b64encode(hashlib.sha256(answer.body).digest()).decode()
        test.assertEqual((answer.header("Digest"), answer.header("Keygen-Digest")), (digest, digest), path)
        test.assertEqual(answer.header("Date"), answer.header("Keygen-Date"))
        match = HEADER.fullmatch(answer.header("Keygen-Signature"))
        test.assertIsNotNone(match, f"{method} {path}: {answer.headers}")
        account, used, signature, names = match.groups()
        test.assertEqual((account, used, names), (self.account, algorithm, "(request-target) host date digest"))
        host = f"127.0.0.1:{shared().server.port}"
        message = f"(request-target): {method.lower()} {path}\nhost: {host}\ndate: {answer.header('Date')}\ndigest: {digest}"
        signature = base64.b64decode(signature, validate=True)
        test.assertTrue(self.verify(algorithm, message.encode(), signature), f"{method} {path}\n{message}")
        test.assertFalse(self.verify(algorithm, message.encode() + b" ", signature), "the verifier verifies")
