"""A page of the portal logs in, works and logs out by cookie; a page of any other origin does not."""

import http.cookiejar
import unittest
import urllib.error
import urllib.request
from email.message import Message

from harness.server import Server
from harness.vendor import Vendor
from harness.wire import basic, get

PORTAL = "http://portal.localhost:3000"
EMAIL, PASSWORD = "jane@example.com", "correct horse"


class Browser:
    """As much of one as cookies need: what is kept, sent and thrown away is decided by Python's own cookie jar."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, method: str, path: str, origin: str = PORTAL, **headers: str) -> tuple[int, Message]:
        asked = urllib.request.Request(
            f"{self.url}/v1{path}", method=method, headers={"Origin": origin, **headers}
        )
        try:
            with self.opener.open(asked) as answer:
                answer.read()
                return answer.status, answer.headers
        except urllib.error.HTTPError as error:
            error.read()
            return error.code, error.headers

    def log_in(self) -> tuple[int, Message]:
        return self.ask("POST", "/tokens", **basic(EMAIL, PASSWORD))


class Sessions(unittest.TestCase):
    def setUp(self):
        self.server = Server("--portal-origin", PORTAL).start()
        self.addCleanup(self.server.close)
        self.vendor = Vendor(self.server.url, self.server.token)
        self.jane = self.vendor.create("users", {"email": EMAIL, "password": PASSWORD})["id"]
        self.browser = Browser(self.server.url)

    def test_a_day_at_the_portal(self):
        self.assertEqual(self.browser.ask("GET", "/me")[0], 401)
        status, headers = self.browser.log_in()
        self.assertEqual(status, 201)
        self.assertEqual(headers["Access-Control-Allow-Origin"], PORTAL)
        self.assertEqual(headers["Access-Control-Allow-Credentials"], "true")
        (cookie,) = self.browser.jar
        self.assertEqual((cookie.name, cookie.path), ("session_id", "/v1"))
        self.assertTrue(cookie.has_nonstandard_attr("HttpOnly"))
        status, headers = self.browser.ask("GET", "/me")
        self.assertEqual((status, headers["Keygen-Bearer"]), (200, self.jane))
        for origin in ("https://evil.example", "null", PORTAL + "0"):
            status, headers = self.browser.ask("GET", "/me", origin)
            self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (401, "*"), origin)
            self.assertNotIn("Access-Control-Allow-Credentials", headers)
        self.assertEqual(self.browser.ask("GET", "/me")[0], 200)
        token = self.browser.ask("GET", "/me")[1]["Keygen-Token"]
        self.assertEqual(self.browser.ask("DELETE", f"/tokens/{token}")[0], 204)
        self.assertEqual(list(self.browser.jar), [], "logged out")
        self.assertEqual(self.browser.ask("GET", "/me")[0], 401)
        self.assertNotIn("kws_", self.server.log())

    def test_revoking_ends_it_at_once_and_a_restart_does_not(self):
        self.browser.log_in()
        token = self.browser.ask("GET", "/me")[1]["Keygen-Token"]
        self.server.stop()
        self.server.start()
        self.browser.url = self.server.url
        self.assertEqual(self.browser.ask("GET", "/me")[0], 200)
        self.vendor = Vendor(self.server.url, self.server.token)
        self.vendor.must("DELETE", f"/tokens/{token}")
        self.assertEqual(self.browser.ask("GET", "/me")[0], 401)
        self.assertEqual(list(self.browser.jar), [])

    def test_a_browser_asks_first(self):
        asked = {"Origin": PORTAL, "Access-Control-Request-Headers": "authorization"}
        answer = get(f"{self.server.url}/v1/tokens", asked, "OPTIONS")
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.header("Access-Control-Allow-Headers"), "authorization")
        self.assertEqual(answer.header("Access-Control-Allow-Credentials"), "true")
        self.assertIn("DELETE", answer.header("Access-Control-Allow-Methods"))


if __name__ == "__main__":
    unittest.main()
