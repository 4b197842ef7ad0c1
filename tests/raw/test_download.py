"""Plain files with a licence key: curl, ranges, resumption."""

import hashlib
import unittest
from urllib.parse import quote

from harness.curl import Curl
from harness.places import FIXTURES
from harness.wire import basic, bearer, get, license_header
from harness.world import shared

NAME = "acme-1.1.0-linux-x86_64.tar.gz"
CONTENT = (FIXTURES / "raw" / "acme-installer" / NAME).read_bytes()
PATH = f"/acme/1.1.0/{NAME}"


def url(path: str = PATH) -> str:
    return shared().registry("raw") + path


def ask(path: str = PATH, who: str = "pro", method: str = "GET", **headers: str):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return get(url(path), {**license_header(shared().keys[who]), **given}, method)


class Download(unittest.TestCase):
    def setUp(self):
        self.curl = Curl()
        self.addCleanup(self.curl.close)

    def downloads(self, *arguments: object, address: str | None = None) -> None:
        run, content = self.curl.download(address or url(), *arguments)
        self.assertEqual(run.code, 0, run)
        self.assertTrue(content == CONTENT, "the bytes are not those of the fixture")

    def test_every_way_to_hand_the_key_over(self):
        key = shared().keys["pro"]
        self.downloads("-H", f"Authorization: Bearer {key}")
        self.downloads("-H", f"Authorization: License {key}")
        self.downloads("-u", f"license:{key}")
        self.downloads("-u", f"anybody:{key}")
        self.downloads("-u", f"{key}:")
        self.downloads(address=f"{url()}?auth=license:{key}")

    def test_checksum_file_verifies_it(self):
        for name in (NAME, NAME + ".sha256"):
            run, _ = self.curl.download(url(f"/acme/1.1.0/{name}"), "-u", f"license:{shared().keys['pro']}", name=name)
            self.assertEqual(run.code, 0, run)
        check = self.curl.sandbox.run("sha256sum", "-c", NAME + ".sha256")
        self.assertEqual(check.code, 0, check)

    def test_the_program_inside_runs(self):
        self.downloads("-u", f"license:{shared().keys['pro']}")
        untar = self.curl.sandbox.run("tar", "-xzf", "file")
        self.assertEqual(untar.code, 0, untar)
        self.assertEqual(self.curl.sandbox.run("sh", "acme-1.1.0/acme").out, "acme 1.1.0\n")

    def test_latest_channel_and_tag(self):
        for release in ("latest", "stable", "newest"):
            with self.subTest(release):
                self.downloads("-u", f"license:{shared().keys['pro']}", address=url(f"/acme/{release}/{NAME}"))

    def test_resume_with_curl(self):
        half = len(CONTENT) // 2
        self.curl.path("file").write_bytes(CONTENT[:half])
        self.downloads("-u", f"license:{shared().keys['pro']}", "-C", "-")

    def test_json_api_download(self):
        key = shared().keys["pro"]
        listed = get(f"{shared().server.url}/v1/artifacts?release=1.1.0&limit=100", license_header(key)).json()["data"]
        id = next(artifact["id"] for artifact in listed if artifact["attributes"]["filename"] == NAME)
        address = f"{shared().server.url}/v1/artifacts/{id}"
        answer = get(address, license_header(key))
        self.assertEqual(answer.status, 303, answer)
        self.assertEqual(answer.json()["data"]["links"]["redirect"], answer.header("location"))
        self.assertIn("no-store", answer.header("cache-control"))
        self.assertNotIn(key, answer.header("location"))
        self.downloads("-H", f"Authorization: License {key}", address=address)
        self.downloads("-H", f"Authorization: License {key}", address=f"{shared().server.url}/v1/artifacts/{NAME}")


class Refusals(unittest.TestCase):
    def test_each_is_refused_with_a_reason(self):
        for who, status, text in (
            ("suspended", 403, "suspended"),
            ("expired", 403, "expired"),
            ("wrong", 401, "not known|invalid"),
            ("nobody", 401, "required|authenticated"),
            ("other", None, "."),
        ):
            with self.subTest(who):
                key = shared().keys.get(who, "WRONG-KEY-0000")
                answer = get(url(), {} if who == "nobody" else license_header(key))
                self.assertIn(answer.status, (status,) if status else (401, 403, 404), answer)
                self.assertRegex(answer.text().lower(), text)
                self.assertNotIn(key, answer.text())

    def test_a_missing_file_is_not_found(self):
        for path in ("/acme/1.1.0/none.zip", "/acme/9.9.9/" + NAME, "/none/1.1.0/" + NAME):
            self.assertEqual(ask(path).status, 404, path)

    def test_an_entitled_release(self):
        world = shared()
        release = world.new_release("3.0.0", needs=[world.pro], channel="stable")
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        world.vendor.publish(release, "pro.bin", b"for the pro only")
        self.assertEqual(ask("/acme/3.0.0/pro.bin").body, b"for the pro only")
        self.assertEqual(ask("/acme/latest/pro.bin").body, b"for the pro only")
        refused = ask("/acme/3.0.0/pro.bin", "basic")
        self.assertIn(refused.status, (403, 404), refused)
        self.assertEqual(ask(f"/acme/latest/{NAME}", "basic").status, 200, "latest is what this licence may have")


class Ranges(unittest.TestCase):
    def test_one_range(self):
        for value, expected in (
            ("bytes=0-9", CONTENT[:10]),
            ("bytes=10-", CONTENT[10:]),
            ("bytes=-7", CONTENT[-7:]),
            (f"bytes=5-{len(CONTENT) + 99}", CONTENT[5:]),
        ):
            with self.subTest(value):
                answer = ask(Range=value)
                self.assertEqual((answer.status, answer.body), (206, expected))
                first = CONTENT.index(expected) if value != "bytes=-7" else len(CONTENT) - 7
                last = first + len(expected) - 1
                self.assertEqual(answer.header("content-range"), f"bytes {first}-{last}/{len(CONTENT)}")
                self.assertEqual(int(answer.header("content-length")), len(expected))

    def test_a_range_outside_is_416(self):
        answer = ask(Range=f"bytes={len(CONTENT)}-")
        self.assertEqual(answer.status, 416, answer)
        self.assertEqual(answer.header("content-range"), f"bytes */{len(CONTENT)}")

    def test_several_ranges(self):
        answer = ask(Range="bytes=0-3, 10-13")
        self.assertEqual(answer.status, 206, answer)
        self.assertTrue(answer.header("content-type").startswith("multipart/byteranges; boundary="))
        self.assertEqual(int(answer.header("content-length")), len(answer.body))
        boundary = answer.header("content-type").split("boundary=")[1].strip('"').encode()
        parts = [part.split(b"\r\n\r\n", 1) for part in answer.body.split(b"--" + boundary)[1:-1]]
        self.assertEqual([body.removesuffix(b"\r\n") for _, body in parts], [CONTENT[0:4], CONTENT[10:14]])
        for (head, _), expected in zip(parts, ("bytes 0-3/", "bytes 10-13/"), strict=True):
            self.assertIn(f"content-range: {expected}{len(CONTENT)}", head.decode().lower())

    def test_nonsense_is_ignored(self):
        for value in ("bytes=9-3", "lines=0-3", "bytes=a-b", "bytes"):
            with self.subTest(value):
                answer = ask(Range=value)
                self.assertEqual((answer.status, answer.body == CONTENT), (200, True))

    def test_if_range(self):
        etag = ask(method="HEAD").header("etag")
        self.assertRegex(etag, r'^"[^"]+"$', "a strong validator")
        self.assertEqual(ask(Range="bytes=0-3", If_Range=etag).status, 206)
        whole = ask(Range="bytes=0-3", If_Range='"something-else"')
        self.assertEqual((whole.status, whole.body == CONTENT), (200, True))

    def test_head(self):
        answer = ask(method="HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(int(answer.header("content-length")), len(CONTENT))
        self.assertEqual(answer.header("accept-ranges"), "bytes")

    def test_not_modified(self):
        etag = ask(method="HEAD").header("etag")
        self.assertEqual(ask(If_None_Match=etag).status, 304)


class Headers(unittest.TestCase):
    def test_disposition_and_type(self):
        answer = ask()
        self.assertEqual(answer.status, 200)
        self.assertIn("attachment", answer.header("content-disposition"))
        self.assertIn(f'filename="{NAME}"', answer.header("content-disposition"))
        self.assertIn("gzip", answer.header("content-type"))
        self.assertEqual(answer.header("content-encoding"), "")
        self.assertEqual(answer.header("x-content-type-options"), "nosniff")
        self.assertEqual(hashlib.sha256(answer.body).digest(), hashlib.sha256(CONTENT).digest())

    def test_odd_file_names(self):
        world = shared()
        release = world.new_release("0.1.0")
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{release}")
        for name in ("dir/inner file.txt", "größe 100%.txt", 'quo"te.txt', "plus+hash#.txt"):
            with self.subTest(name):
                world.vendor.publish(release, name, name.encode())
                answer = ask("/acme/0.1.0/" + quote(name, safe="/"))
                self.assertEqual((answer.status, answer.body), (200, name.encode()), answer)
                disposition = answer.header("content-disposition")
                self.assertNotIn("\n", disposition)
                self.assertIn("attachment", disposition)


class OpenProducts(unittest.TestCase):
    def test_anyone_downloads_what_is_open(self):
        world = shared()
        product = world.vendor.create("products", {"name": "Free", "code": "free", "distributionStrategy": "OPEN"})[
            "id"
        ]
        release = world.new_release("1.0.0", product=product)
        world.vendor.publish(release, "free.txt", b"free")
        self.assertEqual(get(url("/free/1.0.0/free.txt")).body, b"free")
        self.assertEqual(get(url("/free/1.0.0/free.txt"), bearer(world.keys["other"])).body, b"free")
        wrong = get(url("/free/1.0.0/free.txt"), basic("license", "WRONG-KEY-0000"))
        self.assertEqual(wrong.status, 401, "a wrong key is not the same as none")


class Addresses(unittest.TestCase):
    """A release is in a package or in none, and found by the address of just that."""

    def test_product_package_release_and_file_have_several_names(self):
        world = shared()
        package = world.new_package("acme-boxed", "raw")
        boxed, loose = world.new_release("5.0.0", package), world.new_release("5.0.1")
        self.addCleanup(world.vendor.must, "DELETE", f"/releases/{loose}")
        files = {
            release: world.vendor.publish(release, "dir/app.bin", release.encode())["id"] for release in (boxed, loose)
        }
        for path in (
            "/acme/@acme-boxed/5.0.0/dir/app.bin",
            f"/{world.product}/@{package}/{boxed}/dir/app.bin",
            f"/acme/@acme-boxed/latest/{files[boxed]}",
            "/acme/@acme-boxed/5.0.0/dir%2Fapp.bin",
        ):
            answer = ask(path)
            self.assertEqual((answer.status, answer.body), (200, boxed.encode()), path)
        self.assertEqual(ask(f"/acme/{loose}/{files[loose]}").body, loose.encode())
        for path in (
            "/acme/5.0.0/dir/app.bin",
            "/acme/@acme-boxed/5.0.1/dir/app.bin",
            f"/acme/@acme-boxed/5.0.0/{files[loose]}",
            "/other/@acme-boxed/5.0.0/dir/app.bin",
            "/acme/@acme-boxed/5.0.0/app.bin",
        ):
            self.assertEqual(ask(path).status, 404, path)
