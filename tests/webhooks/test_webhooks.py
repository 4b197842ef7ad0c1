"""Webhooks over TLS to a real receiver: what it gets is signed and is what the API shows, nothing is lost to a kill -9, and
nothing is sent where it must not be."""

import base64
import hashlib
import json
import unittest

from harness.receiver import Receiver, Received
from harness.server import Server
from harness.signing import HEADER, Keys
from harness.vendor import Vendor
from harness.waiting import until

KIND = "webhook-endpoints"


class Webhooks(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def start(self, *flags: str) -> None:
        flags = flags or ("--webhook-private-addresses", "on")
        self.server = Server(*flags, environment=self.receiver.trusted())
        self.addCleanup(self.server.close)
        self.server.start()
        self.vendor = Vendor(self.server.url, self.server.token)

    def endpoint(self, path: str, *events: str, **attributes: object) -> str:
        given = {"url": self.receiver.url + path, "subscriptions": list(events) or ["*"], **attributes}
        return self.vendor.create(KIND, given)["id"]

    def product(self, name: str) -> dict:
        return self.vendor.create("products", {"name": name})

    def events(self) -> list[dict]:
        return self.vendor.must("GET", "/webhook-events?limit=100")

    def settled(self, status: str, count: int = 1, seconds: float = 20) -> list[dict]:
        """The events of a status, once there are so many."""

        def found() -> list[dict]:
            events = [event for event in self.events() if event["attributes"]["status"] == status]
            return events if len(events) >= count else []

        return until(found, f"{count} events are {status}: {[event['attributes'] for event in self.events()]}", seconds)

    def verify(self, keys: Keys, one: Received, algorithm: str) -> None:
        digest = "sha-256=" + base64.b64encode(hashlib.sha256(one.body).digest()).decode()
        self.assertEqual((one.headers["Digest"], one.headers["Keygen-Digest"]), (digest, digest))
        self.assertEqual(one.headers["Date"], one.headers["Keygen-Date"])
        account, used, signature, names = HEADER.fullmatch(one.headers["Keygen-Signature"]).groups()
        self.assertEqual((account, used, names), (keys.account, algorithm, "(request-target) host date digest"))
        message = (
            f"(request-target): post {one.path}\nhost: {one.headers['Host']}\ndate: {one.headers['Date']}\ndigest: {digest}"
        ).encode()
        signed = base64.b64decode(signature, validate=True)
        self.assertTrue(keys.verify(algorithm, message, signed), message)
        self.assertFalse(keys.verify(algorithm, message + b" ", signed), "the verifier verifies")

    def test_what_is_sent_is_signed_and_is_the_resource(self):
        self.start()
        keys = Keys(self.vendor)
        for algorithm in ("ed25519", "rsa-pss-sha256", "rsa-sha256", "ecdsa-p256"):
            self.endpoint(f"/{algorithm}?a=b%20c", "product.created", signatureAlgorithm=algorithm)
        made = self.product("Widget")
        shown = self.vendor.must("GET", f"/products/{made['id']}")
        self.settled("DELIVERED", 4)
        for algorithm in ("ed25519", "rsa-pss-sha256", "rsa-sha256", "ecdsa-p256"):
            with self.subTest(algorithm):
                [one] = self.receiver.at(f"/{algorithm}?a=b%20c")
                self.verify(keys, one, algorithm)
                self.assertEqual(one.headers["Content-Type"], "application/json")
                self.assertEqual(one.headers["Keygen-Version"], "1.8")
                self.assertTrue(one.headers["User-Agent"].startswith("Keygen/1.8"), one.headers)
                event = one.event()
                self.assertEqual((event["type"], event["attributes"]["event"]), ("webhook-events", "product.created"))
                self.assertIsInstance(event["attributes"]["payload"], str)
                self.assertEqual(json.loads(event["attributes"]["payload"]), {"data": shown})
                kept = self.vendor.must("GET", f"/webhook-events/{event['id']}")
                self.assertEqual(kept["meta"]["idempotencyToken"], one.token())
                self.assertEqual(kept["attributes"]["lastResponseCode"], 200)
                self.assertEqual(kept["attributes"]["lastResponseBody"], "thanks")
        self.assertEqual(self.server.get("/v1/health/webhooks").status, 204)

    def test_nothing_is_lost_to_a_kill(self):
        self.start()
        self.endpoint("/hook", "product.created")
        self.receiver.gate.clear()
        made = {self.product(f"Widget {number}")["id"] for number in range(20)}
        until(lambda: self.receiver.at("/hook"), "the first is sent")
        self.assertEqual({event["attributes"]["status"] for event in self.events()}, {"DELIVERING"})
        self.server.kill()
        before = len(self.receiver.received)
        self.assertLess(before, 20, "some were not even sent")
        self.receiver.gate.set()
        self.server.start()
        self.vendor = Vendor(self.server.url, self.server.token)
        self.settled("DELIVERED", 20, 60)
        received = self.receiver.at("/hook")
        told = {json.loads(one.event()["attributes"]["payload"])["data"]["id"] for one in received}
        self.assertEqual(told, made)
        self.assertEqual(len({one.token() for one in received}), 20, "what came again has the token that it had")
        self.assertGreater(len(received), 20, "what was sent and not answered was sent again")

    def test_private_addresses_are_refused(self):
        self.start("--stop-seconds", "5")
        self.endpoint("/hook", "product.created")
        for host in ("169.254.169.254", "10.1.2.3", "0.0.0.0"):
            self.vendor.create(KIND, {"url": f"https://{host}/", "subscriptions": ["product.created"]})
        self.product("Widget")
        failed = self.settled("FAILED", 4)
        words = {event["attributes"]["lastResponseBody"] for event in failed}
        self.assertEqual(words, {"ADDRESS_NOT_ALLOWED"})
        self.assertEqual((self.receiver.received, self.receiver.connections), ([], 0))

    def test_answers_decide(self):
        self.start()
        self.receiver.answers |= {
            "/gone": (410, b"gone"), "/busy": (503, b"later"), "/away": (302, b""), "/long": (200, b"x" * 2049),
            "/full": (200, b"y" * 2048),
        }  # fmt: skip
        self.receiver.headers["/away"] = {"Location": self.receiver.url + "/elsewhere"}
        paths = {self.endpoint(path, "product.created"): path for path in ("/gone", "/busy", "/away", "/long", "/full")}
        stranger = Receiver()
        self.addCleanup(stranger.close)
        self.vendor.create(KIND, {"url": stranger.url + "/untrusted", "subscriptions": ["product.created"]})
        self.product("Widget")
        until(lambda: all(e["attributes"]["status"] != "DELIVERING" for e in self.events()), "all are settled")
        found = {}
        for event in self.events():
            shown = event["attributes"]
            path = "/" + shown["endpoint"].rsplit("/", 1)[1]
            found[path] = (shown["status"], shown["lastResponseCode"], shown["lastResponseBody"])
        self.assertEqual(
            found,
            {
                "/gone": ("FAILED", 410, "gone"),
                "/busy": ("FAILING", 503, "later"),
                "/away": ("FAILING", 302, ""),
                "/long": ("DELIVERED", 200, "RES_BODY_TOO_LARGE"),
                "/full": ("DELIVERED", 200, "y" * 2048),
                "/untrusted": ("FAILING", None, "SSL_ERROR"),
            },
        )
        self.assertEqual(self.receiver.at("/elsewhere"), [], "no redirect is followed")
        [gone] = [id for id, path in paths.items() if path == "/gone"]
        endpoint = self.vendor.must("GET", f"/{KIND}/{gone}")
        self.assertEqual(endpoint["attributes"]["subscriptions"], [])
        self.product("Another")
        until(lambda: len(self.receiver.at("/full")) == 2, "the others are told")
        self.assertEqual(len(self.receiver.at("/gone")), 1)

    def test_retried_by_hand(self):
        self.start()
        self.receiver.answers["/hook"] = (503, b"later")
        self.endpoint("/hook", "product.created")
        self.product("Widget")
        [failing] = self.settled("FAILING")
        self.receiver.answers["/hook"] = (204, b"")
        again = self.vendor.must("POST", f"/webhook-events/{failing['id']}/actions/retry")
        self.assertNotEqual(again["id"], failing["id"])
        self.settled("DELIVERED")
        first, second = self.receiver.at("/hook")
        self.assertEqual(first.token(), second.token())

    def test_who_takes_too_long_is_not_waited_for(self):
        self.start()
        self.endpoint("/hook", "product.created")
        self.receiver.gate.clear()
        self.product("Widget")
        [late] = self.settled("FAILING", seconds=40)
        shown = late["attributes"]
        self.assertEqual((shown["lastResponseCode"], shown["lastResponseBody"]), (None, "REQ_TIMEOUT"))


if __name__ == "__main__":
    unittest.main()
