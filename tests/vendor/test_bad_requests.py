"""Requests that nobody honest sends: an error in the surface's own form, never a 500, a hang or a half-written record."""

import json
import unittest

from harness.server import Server
from harness.wire import Connection, bearer, get, license_header, raw
from harness.world import World, shared

JSON = "application/vnd.api+json"


class Bodies(unittest.TestCase):
    def post(self, path: str, body: bytes, content_type: str = JSON):
        connection = Connection(shared().server.url)
        self.addCleanup(connection.close)
        headers = {**bearer(shared().server.token), "Content-Type": content_type, "Accept": JSON}
        return connection.request("POST", f"/v1{path}", body, headers)

    def error(self, answer, *statuses: int) -> dict:
        self.assertIn(answer.status, statuses, answer)
        errors = answer.json()["errors"]
        self.assertTrue(errors[0]["title"], answer)
        return errors[0]

    def products(self) -> int:
        return len(shared().vendor.must("GET", "/products?limit=100"))

    def test_ten_megabytes(self):
        before = self.products()
        body = json.dumps({"data": {"type": "products", "attributes": {"name": "x" * 10_000_000}}}).encode()
        try:
            answer = self.post("/products", body)
        except ConnectionError:
            answer = None  # hung up on while we were still sending, as HTTP allows
        if answer is not None:
            self.error(answer, 413, 400, 422)
        self.assertEqual(self.products(), before)

    def test_unknown_keys(self):
        for attributes, pointer in (
            ({"name": "a", "colour": "red"}, "/data/attributes/colour"),
            ({"name": "a", "created": "2020-01-01T00:00:00Z"}, "/data/attributes/created"),
            ({"name": "a", "id": "b"}, "/data/attributes/id"),
        ):
            with self.subTest(pointer):
                document = {"data": {"type": "products", "attributes": attributes}}
                error = self.error(self.post("/products", json.dumps(document).encode()), 400)
                self.assertEqual(error["source"]["pointer"], pointer)

    def test_deep_nesting(self):
        before = self.products()
        for depth in (40, 1000, 200_000):
            with self.subTest(depth):
                body = b'{"data":{"type":"products","attributes":{"name":"a","metadata":'
                body += b'{"a":' * depth + b"1" + b"}" * depth + b"}}}"
                self.error(self.post("/products", body), 400, 413, 422)
        self.error(self.post("/products", b"[" * 100_000), 400, 413)
        self.assertEqual(self.products(), before)

    def test_what_is_not_a_document(self):
        for body in (
            b"", b"{", b"null", b"[]", b'"text"', b"1", b'{"data":null}', b'{"data":[]}', b'{"data":{}}', b"\xff\xfe",
            b'{"data":{"type":"policies"}}', b'{"data":{"type":"products","attributes":{"name":"a\\u0000b"}}}',
            b'{"data":{"type":"products","attributes":{"name":"a"}},"data":{}}', b'{"data":{"type":"products","attributes":[]}}',
            b'{"data":{"type":"products","attributes":{"name":{"a":1}}}}', b'{"data":{"type":"products","attributes":{"name":null}}}',
            b'{"data":{"type":"products","attributes":{"name":"\\ud800"}}}', b"NaN",
        ):  # fmt: skip
            with self.subTest(body):
                self.error(self.post("/products", body), 400, 422)

    def test_odd_content_types(self):
        good = b'{"data":{"type":"products","attributes":{"name":""}}}'
        for kind in ("image/png", "application/xml", ";;;", "application/json; charset=utf-7"):
            with self.subTest(kind):
                self.assertIn(self.post("/products", good, kind).status, (400, 415, 422))

    def test_relationships_that_lead_nowhere(self):
        for data in (
            {"type": "policies", "id": "00000000-0000-4000-8000-000000000000"}, {"type": "policies", "id": "x"},
            {"type": "users", "id": "x"}, {"type": "policies"}, [], "x", None,
        ):  # fmt: skip
            with self.subTest(data):
                document = {"data": {"type": "licenses", "relationships": {"policy": {"data": data}}}}
                self.error(self.post("/licenses", json.dumps(document).encode()), 400, 422)

    def test_odd_queries(self):
        for query in (
            "limit=0", "limit=101", "limit=x", "limit=-1", "limit=99999999999999999999", "page[number]=x", "page[size]=0",
            "page[cursor]=foo", "order=sideways", "page=1", "page[number]=101&page[size]=1", "limit=%00", "limit=%ff",
        ):  # fmt: skip
            with self.subTest(query):
                self.error(get(f"{shared().server.url}/v1/licenses?{query}", bearer(shared().server.token)), 400)

    def test_ids_that_are_none(self):
        for id in (
            "x",
            "00000000-0000-4000-8000-000000000000",
            "%00",
            "..",
            "%2e%2e",
            "a" * 300,
            "'%20OR%201=1",
            "%F0%9F%92%A9",
        ):
            with self.subTest(id):
                answer = get(f"{shared().server.url}/v1/licenses/{id}", bearer(shared().server.token))
                self.assertIn(answer.status, (400, 404), answer)


class Paths(unittest.TestCase):
    """Percent-encoding and other tricks: what is not plainly a path of ours is refused, and nothing leaks."""

    TRICKS = (
        "/v1/engines/raw/acme/1.0.0/..%2f..%2f..%2fetc%2fpasswd", "/v1/engines/raw/acme/1.0.0/%2e%2e/%2e%2e/etc/passwd",
        "/v1/engines/raw/acme/1.0.0/..%5c..%5cetc%5cpasswd", "/v1/engines/raw/acme/1.0.0/%2fetc%2fpasswd",
        "/v1/engines/raw/acme/1.0.0/acme%00.tar.gz", "/v1/engines/raw/acme/1.0.0/%252e%252e%252fetc",
        "/v1/engines/raw/../../etc/passwd", "/v1/engines/raw/%ff%fe/1.0.0/x", "/v1/engines/raw/%c0%ae%c0%ae/x/y",
        "/v1/engines/npm/@acme%252fwidget", "/v1/engines/npm/@acme%2f..%2fwidget", "/v1/engines/npm/@acme%2fwidget%00",
        "/v1/engines/npm/..%2f..%2fv1%2flicenses", "/v1/engines/npm/@acme/widget/-/..%2f..%2fwidget-1.0.0.tgz",
        "/v1/engines/npm/@/x", "/v1/engines/npm/%40%2f", "/v1/engines/npm/@acme%0d%0aX:%20y%2fwidget",
        "/v1/engines/pypi/simple/..%2f..%2f/", "/v1/engines/pypi/simple/%00/", "/v1/engines/pypi/files/acme-widget/..%2fx.whl",
        "/v1/engines/pypi/files/acme-widget/%2e%2e%2f%2e%2e%2fkeyway.db", "/-/blobs/..%2f..%2fetc%2fpasswd", "/-/blobs/%00",
        "/-/blobs/" + "A" * 4000, "/v1//licenses", "//v1/licenses", "/v1/./licenses", "/v1/%6cicenses/../users", "/%2e/", "/..",
        "/v1/engines/nosuch/x", "/v1/accounts/..%2f/licenses", "/v1/accounts/none/licenses", "/v1/engines/npm/%zz", "/v1/%",
        "/v1/artifacts/..%2f..%2fetc%2fpasswd", "/v1/artifacts/%2e%2e%2fkeyway.db", "/wp-admin", "/.git/config", "/v1/licenses%3flimit=1",
    )  # fmt: skip

    def test_tricks(self):
        server = shared().server
        for path in self.TRICKS:
            for headers in ({}, bearer(shared().keys["pro"]), bearer(server.token)):
                with self.subTest(path):
                    answer = get_raw(server, path, headers)
                    self.assertRegex(answer[:4], rb"^[34]\d\d ", f"{path}: {answer[:300]!r}")
                    self.assertNotIn(b"root:", answer)
                    self.assertNotIn(b"SQLite", answer)

    def test_long_paths_and_headers(self):
        server = shared().server
        for size in (9_000, 70_000, 300_000):
            self.assertRegex(get_raw(server, "/v1/engines/npm/" + "a" * size, {})[:4], rb"^(4\d\d |$)")
            self.assertRegex(
                get_raw(server, "/v1/licenses", {"Authorization": "Bearer " + "a" * size})[:4], rb"^(4\d\d |$)"
            )
        many = {f"X-{number}": "y" for number in range(500)}
        self.assertRegex(get_raw(server, "/v1/licenses", many)[:4], rb"^(4\d\d |$)")

    def test_requests_that_are_not_http(self):
        port = shared().server.port
        for request in (
            b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /v1/ping HTTP/9.9\r\n\r\n",
            b"POST /v1/products HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
            b"POST /v1/products HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET /v1/ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /v1/ping HTTP/1.1\r\n\r\n",
            b"GET http://evil.example/v1/engines/npm/x HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
            b"TRACE /v1/ping HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        ):  # fmt: skip
            with self.subTest(request):
                self.assertNotRegex(raw(port, request, 15)[:4], rb"^5\d\d ")
        self.assertEqual(shared().server.get("/v1/ping").status, 200)

    def test_methods(self):
        server = shared().server
        for method in ("PUT", "DELETE", "PATCH", "POST", "PROPFIND"):
            for path in (
                "/v1/engines/npm/@acme%2fwidget",
                "/v1/engines/pypi/simple/acme-widget/",
                "/v1/engines/raw/acme/1.0.0/x",
            ):
                with self.subTest(f"{method} {path}"):
                    answer = server.get(path, bearer(shared().keys["pro"]), method)
                    publishes = method == "PUT" and "/npm/" in path
                    self.assertIn(answer.status, (403,) if publishes else (400, 404, 405), answer)


def get_raw(server: Server, path: str, headers: dict) -> bytes:
    """The target goes out byte for byte."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n{lines}\r\n"
    try:
        return raw(server.port, head.encode())
    except ConnectionError:
        return b""


class Hosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--domain", "acme.test", "--public-url", "https://get.acme.test")
        cls.addClassCleanup(cls.server.close)
        cls.world = World(cls.server.start())
        cls.world.npm_fixtures()
        cls.world.python_fixtures()

    def ask(self, host: str, path: str, accept: str = "*/*"):
        headers = {**bearer(self.world.keys["pro"]), "Host": host, "Accept": accept}
        return get(self.server.url + path, headers)

    def test_a_foreign_host_gets_no_document(self):
        foreign = (
            "evil.example",
            "get.acme.test.evil.example",
            "evil.example:80",
            "npm.pkg.acme.test@evil.example",
            "",
            "a b",
        )
        paths = (
            "/v1/engines/npm/@acme%2fwidget",
            "/v1/engines/pypi/simple/acme-widget/",
            "/v1/licenses",
            "/@acme%2fwidget",
        )
        for host in foreign:
            for path in paths:
                with self.subTest(f"{host} {path}"):
                    answer = self.ask(host, path)
                    self.assertIn(answer.status, (400, 404, 421), answer)
                    self.assertNotIn(b"tarball", answer.body)

    def test_engine_hosts_have_their_own_base(self):
        npm = self.ask("npm.pkg.acme.test", "/@acme%2fwidget").json()
        tarball = npm["versions"]["1.0.0"]["dist"]["tarball"]
        self.assertEqual(tarball, "https://npm.pkg.acme.test/@acme/widget/-/widget-1.0.0.tgz")
        json_page = "application/vnd.pypi.simple.v1+json"
        pypi = self.ask("pypi.pkg.acme.test", "/simple/acme-widget/", json_page).json()
        self.assertTrue(pypi["files"][0]["url"].startswith("https://pypi.pkg.acme.test/files/acme-widget/"))

    def test_the_public_url_is_the_base_where_it_is_asked_for(self):
        npm = self.ask("get.acme.test", "/v1/engines/npm/@acme%2fwidget").json()
        tarball = npm["versions"]["1.0.0"]["dist"]["tarball"]
        self.assertTrue(tarball.startswith("https://get.acme.test/v1/engines/npm/@acme/widget/-/"), tarball)

    def test_the_api_host_is_the_api(self):
        headers = {**license_header(self.world.keys["pro"]), "Host": "api.acme.test"}
        self.assertEqual(get(self.server.url + "/v1/me", headers).status, 200)
