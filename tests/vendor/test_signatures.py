"""Response signatures on every kind of answer."""

import unittest

from harness.signing import Keys
from harness.wire import Answer, Connection, bearer
from harness.world import shared


class Signatures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = Keys()

    def setUp(self):
        self.server = shared().server
        self.connection = Connection(self.server.url)
        self.addCleanup(self.connection.close)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        given = {"Accept": "application/json", **headers}
        return self.connection.request(method, path, body, given)

    def check(self, method: str, path: str, answer: Answer, algorithm: str = "ed25519") -> None:
        self.keys.check(self, method, path, answer, algorithm)

    def test_every_kind_of_answer(self):
        admin = bearer(self.server.token)
        product = b'{"data":{"type":"products","attributes":{"name":"Signed"}}}'
        made = self.ask("POST", "/v1/products", product, **admin)
        self.assertEqual(made.status, 201, made)
        self.check("POST", "/v1/products", made)
        path = f"/v1/accounts/{self.keys.account}/products/{made.json()['data']['id']}"
        for method, target, status, headers in (
            ("GET", path, 200, admin),
            ("HEAD", path, 200, admin),
            ("GET", "/v1/products?limit=1&page%5Bsize%5D=%31", 400, admin),
            ("GET", "/v1/products?limit=1&x=a+b%2B", 200, admin),
            ("DELETE", path, 204, admin),
            ("GET", path, 404, admin),
            ("GET", "/v1/no/such/thing", 404, admin),
            ("GET", "/v1/products", 401, {}),
            ("GET", "/v1/products", 401, bearer("wrong")),
        ):
            with self.subTest(f"{method} {target} {status}"):
                answer = self.ask(method, target, **headers)
                self.assertEqual(answer.status, status, answer)
                self.check(method, target, answer)

    def test_a_redirect(self):
        world = shared()
        artifact = self.ask("GET", "/v1/artifacts?status=UPLOADED&limit=1", **bearer(self.server.token)).json()
        path = f"/v1/artifacts/{artifact['data'][0]['id']}"
        answer = self.ask("GET", path, **bearer(world.server.token))
        self.assertEqual(answer.status, 303, answer)
        self.check("GET", path, answer)

    def test_every_algorithm(self):
        for algorithm in ("ed25519", "ecdsa-p256", "rsa-sha256", "rsa-pss-sha256"):
            with self.subTest(algorithm):
                accept = {"Keygen-Accept-Signature": f'keyid="{self.keys.account}", algorithm="{algorithm}";'}
                answer = self.ask("GET", "/v1/products", **bearer(self.server.token), **accept)
                self.check("GET", "/v1/products", answer, algorithm)
        refused = self.ask("GET", "/v1/products", **{"Keygen-Accept-Signature": 'algorithm="md5"'})
        self.assertEqual(refused.status, 400, refused)
        self.check("GET", "/v1/products", refused)


if __name__ == "__main__":
    unittest.main()
