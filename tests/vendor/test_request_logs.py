"""What a vendor finds of requests in the log, and what nobody finds there."""

import json
import unittest

from harness.server import Server
from harness.vendor import Vendor
from harness.wire import Connection, license_header
from harness.world import World


class RequestLogs(unittest.TestCase):
    def test_requests_outlive_the_server_and_secrets_do_not_get_there(self):
        server = Server()
        self.addCleanup(server.close)
        world = World(server.start())
        key = world.keys["basic"]
        client = Connection(server.url)
        self.addCleanup(client.close)
        body = json.dumps({"meta": {"key": key, "scope": {}}}).encode()
        validated = client.request("POST", "/v1/licenses/actions/validate-key", body, {"User-Agent": "app/1.0"})
        self.assertEqual(validated.status, 200, validated)
        path = f"/v1/licenses/{key}"
        self.assertEqual(client.request("GET", path, None, license_header(key)).status, 200)
        self.assertEqual(server.stop(), 0)
        server.start()
        vendor = Vendor(server.url, server.token)
        found = vendor.must("GET", "/request-logs?url=validate-key&method=POST&status=200")
        self.assertEqual(len(found), 1, found)
        self.assertIsNone(found[0]["attributes"]["requestBody"])
        shown = vendor.must("GET", f"/request-logs/{found[0]['id']}")["attributes"]
        self.assertEqual(shown["userAgent"], "app/1.0")
        self.assertEqual(found[0]["relationships"]["resource"]["data"]["type"], "licenses")
        self.assertEqual(shown["responseSignature"], validated.headers["keygen-signature"])
        self.assertEqual(set(json.loads(shown["requestBody"])["meta"]), {"key", "scope"})
        mine = vendor.must("GET", "/request-logs?requestor[type]=license")
        self.assertEqual([log["attributes"]["method"] for log in mine], ["GET"])
        everything = [vendor.must("GET", f"/request-logs/{log['id']}") for log in vendor.must("GET", "/request-logs?limit=100")]
        text = json.dumps(everything)
        for secret in (key, *world.keys.values(), server.token):
            self.assertNotIn(secret, text)

    def test_none_are_kept_where_nobody_wants_them(self):
        with Server("--request-log-days", "0") as server:
            vendor = Vendor(server.url, server.token)
            answer = vendor.ask("GET", "/request-logs")
            self.assertEqual(answer.status, 405, answer)
