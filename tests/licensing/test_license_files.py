"""Licence files, opened by Node and OpenSSL with what the account publishes and the customer knows."""

import base64
import json
import unittest
from datetime import datetime
from urllib.parse import urlencode

from harness.wire import get, license_header
from harness.world import shared
from reading import SIGNATURES, opened


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class LicenseFiles(unittest.TestCase):
    def setUp(self):
        self.license, self.key = shared().new_license("FILE", entitlements=[shared().pro])
        self.path = f"/licenses/{self.license}/actions/check-out"

    def raw(self, key: str | None = None, **options: object):
        """The file as the licence's own customer fetches it."""
        url = f"{shared().server.url}/v1{self.path}?{urlencode(options)}"
        return get(url, license_header(key or self.key))

    def file(self, **meta: object) -> dict:
        return shared().vendor.must("POST", self.path, {"meta": meta})["attributes"]

    def test_every_pair_of_algorithms(self):
        for signature in SIGNATURES:
            for encoding in ("base64", "aes-256-gcm"):
                algorithm = f"{encoding}+{signature}"
                with self.subTest(algorithm):
                    answer = self.raw(algorithm=algorithm)
                    self.assertEqual(answer.status, 200, answer)
                    self.assertEqual(answer.header("Content-Type"), "application/octet-stream")
                    name = f'attachment; filename="{self.license}.lic"'
                    self.assertEqual(answer.header("Content-Disposition"), name)
                    found = opened(answer.text(), self.key)
                    self.assertIsNotNone(found, answer.text())
                    self.assertEqual(found["alg"], algorithm)
                    self.assertEqual(found["document"]["data"]["id"], self.license)
                    self.assertEqual(found["document"]["data"]["attributes"]["key"], self.key)

    def test_encrypted_files_are_for_those_who_know_the_key(self):
        file = self.file(encrypt=True)["certificate"]
        self.assertIsNotNone(opened(file, self.key))
        self.assertIsNone(opened(file, self.key.lower()))
        self.assertIsNone(opened(file, ""))

    def test_what_was_touched_is_not_believed(self):
        """A customer who edits the document, or passes a file of one kind off as the other's, is found out."""
        file = self.file()["certificate"]
        lines = file.splitlines()
        members = json.loads(base64.b64decode("".join(lines[1:-1])))
        document = base64.b64decode(members["enc"]).replace(b"ACTIVE", b"BANNED")
        members["enc"] = base64.b64encode(document).decode()
        text = base64.b64encode(json.dumps(members).encode()).decode()
        wrapped = "\n".join(text[at : at + 60] for at in range(0, len(text), 60))
        forged = f"{lines[0]}\n{wrapped}\n{lines[-1]}\n"
        self.assertIsNotNone(opened(file))
        self.assertIsNone(opened(forged))
        self.assertIsNone(opened(file.replace("LICENSE FILE", "MACHINE FILE"), prefix="machine"))

    def test_times(self):
        file = self.file(ttl=86_400)
        meta = opened(file["certificate"])["document"]["meta"]
        self.assertEqual(meta, {name: file[name] for name in ("issued", "expiry", "ttl")})
        self.assertEqual(seconds(meta["expiry"]) - seconds(meta["issued"]), 86_400)
        month = seconds((file := self.file())["expiry"]) - seconds(file["issued"])
        self.assertIn(month / 86_400, (28, 29, 30, 31), "a month of the calendar")
        forever = opened(self.file(ttl=None)["certificate"])["document"]["meta"]
        self.assertEqual((forever["expiry"], forever["ttl"]), (None, None))
        shown = shared().vendor.must("GET", f"/licenses/{self.license}")["attributes"]
        self.assertEqual(shown["lastCheckOut"], forever["issued"])

    def test_includes_of_a_customer(self):
        found = opened(self.raw(include="entitlements").text())["document"]
        self.assertEqual([object["id"] for object in found["included"]], [shared().pro])
        linked = found["data"]["relationships"]["entitlements"]["data"]
        self.assertEqual(linked, [{"type": "entitlements", "id": shared().pro}])
        self.assertEqual(self.raw(include="policy").status, 403, "licences may not read policies")

    def test_strangers_get_nothing(self):
        _, key = shared().new_license("OTHER")
        self.assertEqual(self.raw(key=key).status, 404)
        self.assertEqual(get(f"{shared().server.url}/v1{self.path}", {}).status, 401)
        shared().vendor.act("licenses", self.license, "suspend")
        self.assertEqual(self.raw().status, 403, "the key of a suspended licence opens nothing")
        self.assertIsNotNone(opened(self.file()["certificate"]), "its vendor may still check it out")
