"""Second factors, with an authenticator app of our own: RFC 6238 in a few lines, nothing of the server's."""

import base64
import hmac
import struct
import time
import unittest
from urllib.parse import parse_qs, unquote, urlsplit

from harness.server import Server
from harness.vendor import Vendor
from harness.wire import basic, bearer

EMAIL, PASSWORD = "jane+app@example.com", "correct horse"


class App:
    """An authenticator app that has read the address in the QR code."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp"), uri
        assert (query["algorithm"], query["digits"], query["period"]) == ("SHA1", "6", "30"), uri
        self.label = unquote(parts.path.removeprefix("/"))
        self.key = base64.b32decode(query["secret"])

    def code(self, moment: float) -> str:
        digest = hmac.digest(self.key, struct.pack(">Q", int(moment) // 30), "sha1")
        (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
        return f"{(number & 0x7FFFFFFF) % 10**6:06}"


def soon() -> float:
    """Now, with some seconds left of the step that is now."""
    while time.time() % 30 > 20:
        time.sleep(0.2)
    return time.time()


class SecondFactors(unittest.TestCase):
    def setUp(self):
        self.server = Server("--rate-limits", "off").start()
        self.addCleanup(self.server.close)
        self.vendor = Vendor(self.server.url, self.server.token)
        user = self.vendor.create("users", {"email": EMAIL, "password": PASSWORD})
        self.path = f"/users/{user['id']}/second-factors"

    def send(self, method: str, path: str, body: dict, headers: dict | None = None):
        return self.vendor.ask(method, path, body, headers or bearer(self.token))

    def log_in(self, otp: str | None = None):
        return self.send("POST", "/tokens", {"meta": {"otp": otp} if otp else {}}, basic(EMAIL, PASSWORD))

    def code_of(self, answer) -> str:
        return answer.json()["errors"][0]["code"]

    def test_from_the_qr_code_to_the_log_in(self):
        self.token = self.log_in().json()["data"]["attributes"]["token"]
        made = self.send("POST", self.path, {"meta": {"password": PASSWORD}})
        self.assertEqual(made.status, 201, made)
        factor = made.json()["data"]
        app = App(factor["attributes"]["uri"])
        self.assertEqual(app.label.split(":")[1], EMAIL)
        moment = soon()
        on = {"data": {"type": "secondFactors", "attributes": {"enabled": True}}, "meta": {"otp": app.code(moment)}}
        enabled = self.send("PATCH", f"{self.path}/{factor['id']}", on)
        self.assertEqual(enabled.status, 200, enabled)
        self.assertNotIn("secret", enabled.json()["data"]["attributes"])
        self.assertEqual(self.code_of(self.log_in()), "OTP_REQUIRED")
        for wrong in (app.code(moment), app.code(moment - 90), app.code(moment + 90)):
            self.assertEqual(self.code_of(self.log_in(wrong)), "OTP_INVALID")
        while time.time() // 30 == moment // 30:
            time.sleep(0.2)
        code = app.code(time.time())
        self.assertEqual(self.log_in(code).status, 201)
        self.assertEqual(self.code_of(self.log_in(code)), "OTP_INVALID")


if __name__ == "__main__":
    unittest.main()
