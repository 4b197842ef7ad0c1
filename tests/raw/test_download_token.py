"""Files by a token in their address, for clients that can send no header."""

import unittest

from harness.curl import Curl
from harness.places import FIXTURES
from harness.wire import get, license_header
from harness.world import shared

NAME = "acme-1.1.0-linux-x86_64.tar.gz"
CONTENT = (FIXTURES / "raw" / "acme-installer" / NAME).read_bytes()


class DownloadToken(unittest.TestCase):
    def setUp(self) -> None:
        self.world = shared()
        self.curl = Curl()
        self.addCleanup(self.curl.close)

    def token(self, who: str = "pro") -> tuple[str, str]:
        """A licence's own token: its id, and the segments of the address."""
        key = license_header(self.world.keys[who])
        license = get(f"{self.world.server.url}/v1/me", key).json()["data"]["id"]
        path = f"/v1/licenses/{license}/actions/generate-download-token"
        answer = get(self.world.server.url + path, key, "POST")
        self.assertEqual(answer.status, 201, answer)
        made = answer.json()
        return made["data"]["id"], made["meta"]["path"]

    def url(self, path: str) -> str:
        return f"{self.world.registry('raw')}{path}/acme/1.1.0/{NAME}"

    def test_a_plain_address_downloads(self) -> None:
        _, path = self.token()
        run, content = self.curl.download(self.url(path))
        self.assertEqual(run.code, 0, run)
        self.assertTrue(content == CONTENT, "the bytes are not those of the fixture")
        for answer in (get(self.url(path), {}, "HEAD"), get(self.url(path), {"Range": "bytes=5-9"})):
            self.assertIn(answer.status, (200, 206), answer)

    def test_it_ends_when_it_is_revoked(self) -> None:
        id, path = self.token()
        self.assertEqual(get(self.url(path), {}).status, 200)
        self.world.vendor.must("DELETE", f"/tokens/{id}")
        answer = get(self.url(path), {})
        self.assertEqual(answer.status, 401, answer)
        self.assertNotIn(path.rsplit("/")[-1], answer.text())

    def test_no_other_credential_stands_in_an_address(self) -> None:
        key = self.world.keys["pro"]
        for path, code in ((f"/k/{key}", "TOKEN_MISSING"), ("/k/dl-0123456789abcdef0123456789abcdefv3", "TOKEN_INVALID")):
            answer = get(self.url(path), {})
            self.assertEqual((answer.status, answer.json()["errors"][0]["code"]), (401, code), answer)
            self.assertNotIn(key, answer.text())
