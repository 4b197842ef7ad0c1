"""Licence keys of every scheme, checked offline by OpenSSL with nothing but the account's public keys."""

import base64
import json
import subprocess
import unittest

from harness.signing import Keys
from harness.wire import get, license_header
from harness.world import shared

SIGNED = {"RSA_2048_PKCS1_SIGN": "rsa-sha256", "RSA_2048_PKCS1_PSS_SIGN": "rsa-pss-sha256"}
PREFIXED = {
    "RSA_2048_PKCS1_SIGN_V2": "rsa-sha256",
    "RSA_2048_PKCS1_PSS_SIGN_V2": "rsa-pss-sha256",
    "ED25519_SIGN": "ed25519",
    "ECDSA_P256_SIGN": "ecdsa-p256",
}


def decode(text: str) -> bytes:
    """Base64url, whose padding is there."""
    assert len(text) % 4 == 0, text
    return base64.urlsafe_b64decode(text)


def decode_unpadded(text: str) -> bytes:
    assert "=" not in text, text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class LicenseKeys(unittest.TestCase):
    def setUp(self):
        self.keys = Keys()
        self.addCleanup(self.keys.folder.cleanup)

    def license(self, scheme: str, **attributes: object) -> dict:
        """A licence of a year under a policy of a scheme."""
        terms = {"scheme": scheme, "encrypted": scheme == "LEGACY_ENCRYPT", "duration": 31_556_952}
        policy = shared().new_policy(scheme, authenticationStrategy="MIXED", **terms)
        return shared().vendor.create("licenses", attributes, policy=policy)

    def verified(self, algorithm: str, message: str, signature: bytes) -> None:
        self.assertTrue(self.keys.verify(algorithm, message.encode(), signature), message)
        self.assertFalse(self.keys.verify(algorithm, message.encode() + b" ", signature), "the verifier verifies")

    def about(self, seed: bytes, license: dict) -> None:
        """A seed that is none of the vendor's says whose it is."""
        said = json.loads(seed)
        self.assertEqual(list(said), ["account", "product", "policy", "user", "license"])
        self.assertEqual(said["account"], {"id": self.keys.account})
        self.assertEqual(said["policy"]["duration"], 31_556_952)
        expected = {"id": license["id"], **{name: license["attributes"][name] for name in ("created", "expiry")}}
        self.assertEqual(said["license"], expected)

    def test_signed_seeds(self):
        for scheme, algorithm in SIGNED.items():
            with self.subTest(scheme):
                license = self.license(scheme)
                seed, signature = map(decode, license["attributes"]["key"].split("."))
                self.verified(algorithm, seed.decode(), signature)
                self.about(seed, license)

    def test_signed_texts(self):
        for scheme, algorithm in PREFIXED.items():
            with self.subTest(scheme):
                license = self.license(scheme)
                text, signature = license["attributes"]["key"].split(".")
                self.assertTrue(text.startswith("key/"), text)
                self.verified(algorithm, text, decode(signature))
                self.about(decode(text.removeprefix("key/")), license)

    def test_a_seed_of_the_vendor_s(self):
        license = self.license("ED25519_SIGN", key='{"for":"{{id}}","until":"{{EXPIRY}}","by":"{{email}}"}')
        text, signature = license["attributes"]["key"].split(".")
        self.verified("ed25519", text, decode(signature))
        said = json.loads(decode(text.removeprefix("key/")))
        self.assertEqual(said, {"for": license["id"], "until": license["attributes"]["expiry"], "by": ""})

    def test_web_tokens(self):
        license = self.license("RSA_2048_JWT_RS256")
        text, signature = license["attributes"]["key"].rsplit(".", 1)
        self.verified("rsa-sha256", text, decode_unpadded(signature))
        header, claims = (json.loads(decode_unpadded(part)) for part in text.split("."))
        self.assertEqual(header["alg"], "RS256")
        self.assertEqual((claims["sub"], claims["aud"]), (license["id"], self.keys.account))
        self.assertEqual(claims["iat"], claims["nbf"])
        self.assertGreater(claims["exp"], claims["iat"])

    def opened(self, key: str) -> bytes:
        """What the public key finds in an encrypted one."""
        block, public = self.keys.write("block", decode(key)), str(self.keys.write("public", self.rsa()))
        command = ["openssl", "pkeyutl", "-verifyrecover", "-pubin", "-inkey", public, "-in", str(block)]
        run = subprocess.run(command, capture_output=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def rsa(self) -> bytes:
        account = shared().vendor.must("GET", f"/accounts/{self.keys.account}")
        return base64.b64decode(account["meta"]["publicKey"])

    def test_encrypted_keys(self):
        license = self.license("RSA_2048_PKCS1_ENCRYPT")
        said = json.loads(self.opened(license["attributes"]["key"]))
        shown = {name: license["attributes"][name] for name in ("created", "expiry")}
        self.assertEqual(said, {"id": license["id"], "duration": 31_556_952, **shown})
        longest = self.license("RSA_2048_PKCS1_ENCRYPT", key="k" * 245)
        self.assertEqual(self.opened(longest["attributes"]["key"]), b"k" * 245)

    def test_hashed_keys_are_shown_once(self):
        license = self.license("LEGACY_ENCRYPT")
        key = license["attributes"]["key"]
        self.assertNotIn("key", shared().vendor.must("GET", f"/licenses/{license['id']}")["attributes"])
        validate = lambda meta: shared().vendor.must_meta("/licenses/actions/validate-key", meta)["code"]  # noqa: E731
        self.assertEqual(validate({"key": key, "legacyEncrypted": True}), "VALID")
        self.assertEqual(validate({"key": key}), "NOT_FOUND")
        self.assertEqual(validate({"key": key[:-1] + "2", "legacyEncrypted": True}), "NOT_FOUND")

    def test_every_signed_key_is_a_credential(self):
        for scheme in [*SIGNED, *PREFIXED, "RSA_2048_JWT_RS256", "RSA_2048_PKCS1_ENCRYPT"]:
            with self.subTest(scheme):
                license = self.license(scheme)
                answer = get(f"{shared().server.url}/v1/me", license_header(license["attributes"]["key"]))
                self.assertEqual((answer.status, answer.json()["data"]["id"]), (200, license["id"]))


if __name__ == "__main__":
    unittest.main()
