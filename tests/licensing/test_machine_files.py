"""Machine files, opened by Node and OpenSSL: good for one machine of one licence."""

import unittest

from harness.world import shared
from reading import SIGNATURES, opened


class MachineFiles(unittest.TestCase):
    def setUp(self):
        policy = shared().new_policy("Devices", floating=True)
        self.license, self.key = shared().new_license("MACHINE", policy=policy, entitlements=[shared().pro])
        self.fingerprint = f"device of {self.key}"
        made = shared().vendor.create("machines", {"fingerprint": self.fingerprint}, license=self.license)
        self.machine = made["id"]

    def file(self, **meta: object) -> str:
        made = shared().vendor.must("POST", f"/machines/{self.machine}/actions/check-out", {"meta": meta})
        return made["attributes"]["certificate"]

    def test_every_pair_of_algorithms(self):
        for signature in SIGNATURES:
            for encoding in ("base64", "aes-256-gcm"):
                with self.subTest(f"{encoding}+{signature}"):
                    file = self.file(algorithm=f"{encoding}+{signature}")
                    found = opened(file, self.key + self.fingerprint, "machine")
                    self.assertIsNotNone(found, file)
                    self.assertEqual(found["document"]["data"]["attributes"]["fingerprint"], self.fingerprint)

    def test_encrypted_files_are_for_one_machine(self):
        file = self.file(encrypt=True, include=["license.entitlements"])
        found = opened(file, self.key + self.fingerprint, "machine")
        included = [object["id"] for object in found["document"]["included"]]
        self.assertEqual(included, [self.license, shared().pro])
        for secret in (self.key, self.key + "another device", self.fingerprint):
            self.assertIsNone(opened(file, secret, "machine"), secret)
        self.assertIsNone(opened(file.replace("MACHINE FILE", "LICENSE FILE"), self.key + self.fingerprint))
