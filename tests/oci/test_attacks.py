"""What other registries were caught with, asked of this one: each ends in a refusal, and never in a 500."""

import json
import socket
import unittest

from harness import wire
from harness.depot import Depot
from harness.images import INDEX, LAYER, MANIFEST, Document, digest_of, document, image, index, noise
from harness.memory import Memory
from harness.parts import MIB
from harness.publishing import fresh, product_token
from harness.registry import scope

SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
MISSING = "sha256:" + "0" * 64


def manifest(body: object, media_type: str = MANIFEST) -> Document:
    return Document(media_type, body if isinstance(body, bytes) else json.dumps(body).encode())


class Paths(Depot):
    """The path that is authorised is the path that is read."""

    def test_odd_paths_are_no_way_round(self):
        name, _ = self.push(needs=[self.world.pro])
        free, _ = self.push()
        first, second = name.split("/")
        headers = self.customer("basic").with_token(scope(free), scope(name))
        for path in (
            f"{free}/../{second}/manifests/1.0.0",
            f"{free}/manifests/../../{second}/manifests/1.0.0",
            f"{free}/%2e%2e/{second}/manifests/1.0.0",
            f"{first}%2f{second}/manifests/1.0.0",
            f"{first}%252f{second}/manifests/1.0.0",
            f"{first}//{second}/manifests/1.0.0",
            f"/{name}/manifests/1.0.0",
            f"{name}/manifests//1.0.0",
            f"{name.upper()}/manifests/1.0.0",
            f"{name}/manifests/1.0.0/",
            f"{name}/manifests/1.0.0%00",
            f"{name}/manifests/1.0.0;x=1",
            f"{name}/./manifests/1.0.0",
            f"{first}\\{second}/manifests/1.0.0",
            f"{name}/Manifests/1.0.0",
            f"{name}/manifests/{'a' * 129}",
            f"{name}/manifests/sha256:{'A' * 64}",
            f"{name}/manifests/sha256:../../etc/passwd",
            f"{name}/manifests/md5:{'0' * 32}",
            f"{name}/blobs/sha256:{'0' * 63}",
            f"{name}/blobs/1.0.0",
            f"{'a' * 300}/manifests/1.0.0",
            f"{name}/manifests/",
            "manifests/1.0.0",
        ):
            with self.subTest(path):
                answer = self.registry().ask("GET", f"/v2/{path}", headers=headers)
                self.assertIn(answer.status, (400, 401, 403, 404), answer)

    def test_names_that_end_in_keywords(self):
        """A repository may be named as a part of the routes is."""
        for last in ("manifests", "blobs", "tags", "referrers", "uploads", "list"):
            with self.subTest(last):
                name = f"{fresh('acme/app-')}/{last}"
                made = self.vendor.push(name, "1.0.0", image())
                self.assertEqual(self.customer().manifest(name, "1.0.0").body, made.body)
                self.assertEqual(self.customer().tags(name), ["1.0.0"])
                self.assertEqual(self.customer().blob(name, made.layers[0]).body, made.blobs[made.layers[0]])


class Numbers(Depot):
    """`n` is a wish."""

    def test_huge_and_odd_ones(self):
        name, made = self.push()
        server = self.world.server
        with Memory(server.process.pid) as memory:
            for path in ("_catalog", f"{name}/tags/list", f"{name}/referrers/{made.digest}"):
                for n in (2**63 - 1, 2**64, 10**40, -1, "NaN", "1e9", "", "0x10", "+5", " 5", 0):
                    with self.subTest(path=path, n=n):
                        answer = self.vendor.ask("GET", f"{path}?n={str(n).replace(' ', '%20').replace('+', '%2B')}")
                        self.assertIn(answer.status, (200, 400, 401, 403, 404), answer)
        self.assertLess(memory.grown, 32)


class Documents(Depot):
    """One document is one thing to every client."""

    def setUp(self) -> None:
        super().setUp()
        self.name, self.document = self.push()
        self.content = json.loads(self.document.body)

    def put(self, made: Document, reference: str | None = None) -> wire.Answer:
        return self.vendor.put_manifest(self.name, reference or fresh("try-"), made)

    def test_what_is_no_manifest(self):
        content, text = self.content, self.document.body.decode()
        below = [self.document.descriptor()]
        without = {key: value for key, value in content.items() if key != "mediaType"}
        for what, made in {
            "manifest and index": manifest({**content, "manifests": below}),
            "index and manifest": manifest({**content, "mediaType": INDEX, "manifests": below}, INDEX),
            "both, untyped": manifest({**without, "manifests": below}),
            "another type in the header": manifest(content, INDEX),
            "another type in the body": manifest({**content, "mediaType": INDEX}),
            "no JSON": manifest(b"{"),
            "a list": manifest([]),
            "nothing": manifest(b""),
            "trailing": manifest(f"{text} {{}}".encode()),
            "a key twice": manifest(text.replace('"config":', '"config": {}, "config":', 1).encode()),
            "too deep": manifest(b'{"schemaVersion":2,"x":' + b"[" * 5000 + b"]" * 5000 + b"}"),
            "schema 1": manifest({"schemaVersion": 1, "name": "x", "tag": "y", "fsLayers": []}, SCHEMA_1),
            "a size that is no number": manifest({**content, "config": {**content["config"], "size": "7"}}),
            "a negative size": manifest({**content, "config": {**content["config"], "size": -1}}),
            "a digest that is none": manifest({**content, "config": {**content["config"], "digest": "sha256:../x"}}),
        }.items():  # fmt: skip
            with self.subTest(what):
                answer = self.put(made)
                self.assertEqual(answer.status, 400, answer)
                self.assertIn(answer.json()["errors"][0]["code"], ("MANIFEST_INVALID", "DIGEST_INVALID", "SIZE_INVALID"))

    def test_a_digest_that_is_another_s(self):
        self.refused(self.put(image(), self.document.digest), 400, "DIGEST_INVALID")
        self.refused(self.put(self.document, "sha256:baddigeststring"), 400, "DIGEST_INVALID")

    def test_what_it_names_has_to_be_there(self):
        absent = manifest({**self.content, "layers": [{"mediaType": LAYER, "digest": MISSING, "size": 4}]})
        answer = self.put(absent)
        self.refused(answer, 400, "MANIFEST_BLOB_UNKNOWN", MISSING)

    def test_one_too_large_is_refused_while_it_comes(self):
        padded = {**self.content, "annotations": {"x": "y" * (5 * MIB)}}
        self.refused(self.put(manifest(padded)), 413, "MANIFEST_INVALID")
        with Memory(self.world.server.process.pid) as memory:
            self.assertEqual(self.endless(200 * MIB), 413)
        self.assertLess(memory.grown, 32)

    def endless(self, most: int) -> int:
        """A manifest in chunks that does not end by itself; the status."""
        server = self.world.server
        head = [f"PUT /v2/{self.name}/manifests/endless HTTP/1.1", f"Host: {server.address}", "Transfer-Encoding: chunked"]
        head += [f"Content-Type: {MANIFEST}", *(f"{key}: {value}" for key, value in self.vendor.credential.items()), "", ""]
        with socket.create_connection((server.machine.address, server.port), timeout=60) as connection:
            connection.sendall("\r\n".join(head).encode())
            block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
            try:
                for _ in range(most // 0x10000):
                    connection.sendall(block)
            except OSError:
                pass  # it has heard enough
            return int(connection.recv(65536).split()[1])

    def test_large_ones_that_are_allowed(self):
        annotations = {f"org.example.{number}": "x" * 10_000 for number in range(390)}
        large = document(MANIFEST, {**self.content, "annotations": annotations}, {})
        self.assertGreater(len(large.body), 3_900_000)
        self.assertEqual(self.put(large).status, 201)

    def test_indexes_in_indexes(self):
        below = self.document
        for depth in range(40):
            outer = document(INDEX, {"manifests": [below.descriptor()], "annotations": {"depth": str(depth)}}, {})
            answer = self.put(outer, outer.digest)
            self.assertEqual(answer.status, 201, answer)
            below = outer
        self.assertEqual(self.customer().manifest(self.name, "1.0.0").status, 200)

    def test_urls_of_foreign_layers_are_never_followed(self):
        with socket.create_server(("127.0.0.1", 0)) as trap:
            trap.settimeout(0.5)
            url = f"http://127.0.0.1:{trap.getsockname()[1]}/layer"
            foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
            layer = {"mediaType": foreign, "digest": MISSING, "size": 4, "urls": [url]}
            made = manifest({**self.content, "layers": [layer]})
            self.assertEqual(self.put(made, "foreign").status, 201)
            self.vendor.manifest(self.name, "foreign")
            self.assertNotEqual(self.vendor.blob(self.name, MISSING).status, 200)
            with self.assertRaises(TimeoutError):
                trap.accept()


class Uploads(Depot):
    def test_wrong_digests_in_every_way(self):
        name, content = fresh("acme/app-"), noise(3000)
        wrong = digest_of(b"else")
        post = self.vendor.ask("POST", f"{name}/blobs/uploads/?digest={wrong}", content)
        self.refused(post, 400, "DIGEST_INVALID")
        self.refused(self.vendor.finish(self.vendor.begin(name), wrong, content), 400, "DIGEST_INVALID")
        patched = self.vendor.ask("PATCH", self.vendor.begin(name), content)
        self.assertEqual(patched.status, 202, patched)
        self.refused(self.vendor.finish(patched.header("location"), wrong), 400, "DIGEST_INVALID")
        for digest in ("", "sha256:", "sha256:xyz", "md5:d41d8cd98f00b204e9800998ecf8427e", digest_of(content).upper(), "x" * 9000):
            answer = self.vendor.finish(self.vendor.begin(name), digest, content)
            self.assertIn(answer.status, (400, 414), f"{digest[:80]}: {answer}")
        self.assertEqual(self.vendor.blob(name, wrong).status, 404)

    def test_a_session_is_of_one_repository_and_one_vendor(self):
        name, other = fresh("acme/app-"), fresh("acme/app-")
        location, content = self.vendor.begin(name), noise(3000)
        elsewhere = location.replace(name, other)
        self.assertNotEqual(elsewhere, location)
        stranger = self.registry(product_token(self.world, self.world.other_product), "product")
        for what, answer in {
            "another repository": self.vendor.finish(elsewhere, digest_of(content), content),
            "its state": self.vendor.ask("GET", elsewhere),
            "another product": stranger.finish(location, digest_of(content), content),
            "another product's look": stranger.ask("GET", location),
            "another product's cancel": stranger.ask("DELETE", location),
            "a customer": self.customer("pro").finish(location, digest_of(content), content),
            "nobody": self.registry().finish(location, digest_of(content), content),
        }.items():
            with self.subTest(what):
                self.assertIn(answer.status, (401, 403, 404), answer)
        self.assertEqual(self.vendor.finish(location, digest_of(content), content).status, 201)

    def test_a_session_ends_once(self):
        name, content = fresh("acme/app-"), noise(3000)
        location = self.vendor.begin(name)
        self.assertEqual(self.vendor.finish(location, digest_of(content), content).status, 201)
        self.refused(self.vendor.finish(location, digest_of(content), content), 404, "BLOB_UPLOAD_UNKNOWN")
        cancelled = self.vendor.begin(name)
        self.assertEqual(self.vendor.ask("DELETE", cancelled).status, 204)
        self.refused(self.vendor.ask("GET", cancelled), 404, "BLOB_UPLOAD_UNKNOWN")

    def test_chunks_out_of_order(self):
        name, content = fresh("acme/app-"), noise(3000)
        location = self.vendor.begin(name)
        first = self.vendor.ask("PATCH", location, content[:1000], {"Content-Range": "0-999"})
        self.assertEqual((first.status, first.header("range")), (202, "0-999"))
        for given in ("2000-2999", "0-999", "999-1998", "1000-998", "x-y", "1000-1999/x"):
            with self.subTest(given):
                answer = self.vendor.ask("PATCH", first.header("location"), content[2000:], {"Content-Range": given})
                self.assertIn(answer.status, (400, 416), answer)
        asked = self.vendor.ask("GET", first.header("location"))
        self.assertEqual((asked.status, asked.header("range")), (204, "0-999"))
        rest = self.vendor.ask("PATCH", asked.header("location"), content[1000:], {"Content-Range": "1000-2999"})
        self.assertEqual(self.vendor.finish(rest.header("location"), digest_of(content)).status, 201)


class Mounts(Depot):
    """A mount tells nobody what others have."""

    def mount(self, registry, digest: str, source: str | None) -> wire.Answer:
        given = f"&from={source}" if source else ""
        return registry.ask("POST", f"{fresh('other/app-')}/blobs/uploads/?mount={digest}{given}", b"")

    def test_of_another_product_as_of_nothing(self):
        name, made = self.push()
        stranger = self.registry(product_token(self.world, self.world.other_product), "product")
        for digest, source in (
            (made.layers[0], name), (made.layers[0], None), (MISSING, name), (MISSING, None), (made.layers[0], "no/such"),
        ):  # fmt: skip
            with self.subTest(digest=digest, source=source):
                answer = self.mount(stranger, digest, source)
                self.assertEqual((answer.status, answer.body), (202, b""), answer)

    def test_of_one_s_own(self):
        name, made = self.push()
        self.assertEqual(self.mount(self.vendor, made.layers[0], name).status, 201)
        self.assertEqual(self.mount(self.vendor, MISSING, name).status, 202)


class Shared(Depot):
    """Bytes are kept once; who may read them is asked of each repository."""

    def test_deleted_in_one_repository_and_read_in_another(self):
        first, second, content = fresh("acme/app-"), fresh("acme/app-"), noise(5000)
        digest = self.vendor.push_blob(first, content)
        self.vendor.push_blob(second, content)
        self.assertEqual(self.vendor.ask("DELETE", f"{first}/blobs/{digest}").status, 202)
        for _ in range(2):
            self.assertEqual(self.vendor.blob(second, digest).body, content)
            self.assertEqual(self.vendor.blob(first, digest).status, 404)

    def test_a_revoked_licence_stays_out_whoever_asks_next(self):
        name, made = self.push()
        licence, key = self.world.new_license("REVOKED")
        revoked, good = self.registry(key), self.customer("pro")
        for one in (revoked, good):
            self.assertEqual(one.blob(name, made.layers[0]).status, 200)
        self.world.vendor.act("licenses", licence, "suspend")
        for _ in range(3):
            self.assertEqual(good.blob(name, made.layers[0]).status, 200)
            self.assertEqual(revoked.blob(name, made.layers[0]).status, 401)
            self.assertEqual(revoked.manifest(name, "1.0.0").status, 401)

    def test_a_layer_of_one_release_is_not_every_release_s(self):
        name, public = self.push()
        secret = self.vendor.push(name, "2.0.0", image())
        self.world.vendor.constrain(self.release(name, "2.0.0")["id"], self.world.pro)
        basic, pro = self.customer("basic"), self.customer("pro")
        self.assertEqual(basic.blob(name, public.layers[0]).status, 200)
        self.assertNotEqual(basic.blob(name, secret.layers[0]).status, 200)
        self.assertEqual(pro.blob(name, secret.layers[0]).status, 200)
        both = self.vendor.push(name, "1.1.0", index(public, secret))
        self.assertEqual(basic.manifest(name, both.digest).status, 200)
        self.assertEqual(basic.blob(name, secret.layers[0]).status, 200, "a release that they may have reaches it")

    def test_ranges(self):
        name, made = self.push()
        layer = made.layers[0]
        content = made.blobs[layer]
        size = len(content)
        customer = self.customer()
        for given, start, end in (
            ("bytes=500-1499", 500, 1499),
            ("bytes=500-", 500, size - 1),
            ("bytes=-500", size - 500, size - 1),
            (f"bytes=2000-{size * 2}", 2000, size - 1),
        ):
            answer = customer.blob(name, layer, {"Range": given})
            self.assertEqual((answer.status, answer.header("content-range")), (206, f"bytes {start}-{end}/{size}"), given)
            self.assertEqual(answer.body, content[start : end + 1])
        self.assertEqual(customer.blob(name, layer, {"Range": f"bytes={size}-"}).status, 416)
        head = customer.ask("HEAD", f"{name}/blobs/{layer}")
        self.assertEqual((head.status, head.header("content-length"), head.header("accept-ranges")), (200, str(size), "bytes"))
        self.assertEqual(head.header("docker-content-digest"), layer)

    def test_conditions(self):
        name, made = self.push()
        tag = f'"{made.digest}"'
        for reference in ("1.0.0", made.digest):
            answer = self.customer().manifest(name, reference)
            self.assertEqual(answer.header("etag"), tag)
            answer = self.customer().manifest(name, reference, headers={"If-None-Match": tag})
            self.assertEqual((answer.status, answer.body), (304, b""))
        self.assertEqual(self.registry().manifest(name, "1.0.0", headers={"If-None-Match": tag}).status, 401)


class Logs(Depot):
    def test_no_key_is_written_down(self):
        name, _ = self.push()
        key = self.world.new_license("LOGGED")[1]
        customer = self.registry(key)
        token = customer.token(scope(name), offline_token="true")
        customer.manifest(name, "1.0.0")
        customer.manifest(name, "1.0.0", headers=wire.bearer(token))
        wire.get(f"{self.world.server.url}/v2/{name}/manifests/1.0.0?token={key}")
        log = self.world.server.log() + self.world.server.printed
        for secret in (key, token, self.secret("vendor")):
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    unittest.main()
