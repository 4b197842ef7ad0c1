"""Rate limits, with the settings that a server starts with, and without."""

import time
import unittest

from harness.server import Server
from harness.wire import Connection, bearer


class RateLimits(unittest.TestCase):
    def start(self, windows: str) -> Server:
        server = Server("--rate-limits", windows).start()
        self.addCleanup(server.close)
        return server

    def connect(self, server: Server) -> Connection:
        connection = Connection(server.url)
        self.addCleanup(connection.close)
        return connection

    def test_sixty_requests_in_thirty_seconds(self):
        server = self.start("30s:60, 5m:500")
        if time.time() % 30 > 20:
            time.sleep(30 - time.time() % 30)  # the window must not end on the way
        connection = self.connect(server)
        for count in range(1, 61):
            answer = connection.request("GET", "/v1/products")
            self.assertEqual(answer.status, 401, answer)
            self.assertEqual(answer.header("X-RateLimit-Count"), str(count))
            self.assertEqual(answer.header("X-RateLimit-Remaining"), str(60 - count))
        refused = connection.request("GET", "/v1/products")
        self.assertEqual(refused.status, 429, refused)
        self.assertEqual(refused.json()["errors"][0]["code"], "TOO_MANY_REQUESTS")
        self.assertNotIn("meta", refused.json())
        self.assertEqual(refused.header("X-RateLimit-Window"), "30s")
        wait, reset = int(refused.header("Retry-After")), int(refused.header("X-RateLimit-Reset"))
        self.assertTrue(1 <= wait <= 30 and reset % 30 == 0, refused.headers)
        admin = connection.request("GET", "/v1/products", headers=bearer(server.token))
        self.assertEqual((admin.status, admin.header("X-RateLimit-Limit")), (200, ""), "vendors are not limited")
        engine = connection.request("GET", "/v1/engines/npm/-/ping")
        self.assertEqual(engine.status, 200, "engines are not limited")

    def test_off(self):
        connection = self.connect(self.start("off"))
        for _ in range(100):
            answer = connection.request("GET", "/v1/products")
            self.assertEqual((answer.status, answer.header("X-RateLimit-Limit")), (401, ""), answer)


if __name__ == "__main__":
    unittest.main()
