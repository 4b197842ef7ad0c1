"""Vendors upload with twine, uv and poetry; customers install what they uploaded."""

import hashlib
import unittest
import uuid

from harness.places import client
from harness.publishing import fresh, product_token
from harness.python import Pip, with_credentials
from harness.sandbox import Run, Sandbox
from harness.wire import Answer, Connection, basic, get
from harness.world import shared
from making.pypi import wheel


def made(name: str, version: str, text: str = "") -> bytes:
    """A wheel of a project."""
    module = f'__version__ = "{version}"\n{text}'.encode()
    return wheel(name, version, module)


def wheel_name(name: str, version: str) -> str:
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


class Uploads(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox()
        self.addCleanup(self.sandbox.close)
        self.token = product_token(shared())
        self.url = f"{shared().registry('pypi')}/legacy/"

    def file(self, name: str, version: str, text: str = "") -> str:
        path = self.sandbox.project / "dist" / wheel_name(name, version)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(made(name, version, text))
        return str(path)

    def twine(self, *arguments: str, token: str | None = None) -> Run:
        settings = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": token or self.token}
        program = client("twine") / "bin" / "twine"
        words = ("upload", "--non-interactive", "--disable-progress-bar", "--repository-url", self.url)
        return self.sandbox.run(program, *words, *arguments, environment=settings)

    def uv(self, *arguments: str) -> Run:
        settings = {"UV_NO_CONFIG": "1", "UV_PUBLISH_TOKEN": self.token, "UV_CACHE_DIR": str(self.sandbox.root / "uv")}
        program = client("uv") / "bin" / "uv"
        return self.sandbox.run(program, "publish", "--publish-url", self.url, *arguments, environment=settings)

    def must(self, run: Run) -> Run:
        self.assertEqual(run.code, 0, run)
        return run

    def installs(self, name: str, version: str) -> None:
        pip = Pip(shared().registry("pypi"), shared().keys["basic"])
        self.addCleanup(pip.close)
        self.must(pip.install("--no-deps", f"{name}=={version}"))
        self.assertEqual(pip.python(f"import {name.replace('-', '_')} as m; print(m.__version__)"), version)

    def test_twine_uploads_and_customers_install(self):
        name = fresh("acme-up-")
        self.must(self.twine(self.file(name, "1.0.0"), self.file(name, "1.1.0.post1")))
        self.installs(name, "1.0.0")
        self.installs(name, "1.1.0.post1")
        releases = shared().vendor.must("GET", f"/releases?package={name}")
        self.assertEqual(sorted(r["attributes"]["version"] for r in releases), ["1.0.0", "1.1.0.post1"])
        self.assertEqual({r["attributes"]["status"] for r in releases}, {"PUBLISHED"})

    def test_uv_publishes(self):
        name = fresh("acme-up-")
        self.must(self.uv(self.file(name, "1.0.0")))
        self.installs(name, "1.0.0")
        self.must(self.uv(self.file(name, "1.0.0")))
        other = self.uv(self.file(name, "1.0.0", "other = True"))
        self.assertNotEqual(other.code, 0, other)
        self.assertIn("already exists", other.output, other)

    def test_poetry_publishes(self):
        name = fresh("acme-up-")
        self.file(name, "1.0.0")
        project = f'[project]\nname = "{name}"\nversion = "1.0.0"\n'
        self.sandbox.write("pyproject.toml", project)
        poetry = client("poetry") / "bin" / "poetry"
        settings = {
            "POETRY_REPOSITORIES_KEYWAY_URL": self.url,
            "POETRY_HTTP_BASIC_KEYWAY_USERNAME": "__token__",
            "POETRY_HTTP_BASIC_KEYWAY_PASSWORD": self.token,
        }
        words = ("publish", "--repository", "keyway", "--no-interaction")
        self.must(self.sandbox.run(poetry, *words, environment=settings))
        self.installs(name, "1.0.0")

    def test_a_file_is_published_once(self):
        name = fresh("acme-up-")
        self.must(self.twine(self.file(name, "1.0.0")))
        self.must(self.twine(self.file(name, "1.0.0")))
        other = self.twine(self.file(name, "1.0.0", "other = True"))
        self.assertNotEqual(other.code, 0, other)
        self.assertIn("File already exists", other.output, other)
        # twine knows how to skip for the ecosystem's own index only; uv asks the index
        check = f"{shared().registry('pypi')}/simple/"
        skipped = self.uv("--check-url", with_credentials(check, "__token__", self.token), self.file(name, "1.0.0"))
        self.must(skipped)
        releases = shared().vendor.must("GET", f"/releases?package={name}")
        self.assertEqual(len(releases), 1)

    def test_licences_never_upload_and_read_why(self):
        name = fresh("acme-up-")
        for token, text in [(shared().keys["pro"], "a licence cannot publish"), ("WRONG-KEY", "not known here")]:
            run = self.twine(self.file(name, "1.0.0"), token=token)
            self.assertNotEqual(run.code, 0, run)
            self.assertIn(text, run.output, run)
            self.assertNotIn(token, run.output)
        keys = [p["attributes"]["key"] for p in shared().vendor.must("GET", "/packages?limit=100")]
        self.assertNotIn(name, keys)


class Forms(unittest.TestCase):
    """Forms that no client sends."""

    def post(self, body: bytes, boundary: str | None) -> Answer:
        connection = Connection(shared().server.url)
        kind = "multipart/form-data" + (f"; boundary={boundary}" if boundary else "")
        try:
            headers = {**basic("__token__", product_token(shared())), "Content-Type": kind}
            return connection.request("POST", "/v1/engines/pypi/legacy/", body, headers)
        finally:
            connection.close()

    def form(self, content: bytes, filename: str, **fields: str) -> tuple[bytes, str]:
        boundary = uuid.uuid4().hex
        parts = [part(boundary, f'name="{name}"', value.encode()) for name, value in fields.items()]
        parts.append(part(boundary, f'name="content"; filename="{filename}"', content))
        return b"".join(parts) + f"--{boundary}--\r\n".encode(), boundary

    def test_broken_forms_are_refused_with_a_reason(self):
        name = fresh("acme-up-")
        content, filename = made(name, "1.0.0"), wheel_name(name, "1.0.0")
        good = {":action": "file_upload", "protocol_version": "1", "name": name, "version": "1.0.0"}
        body, boundary = self.form(content, filename, **good)
        file = part(boundary, f'name="content"; filename="{filename}"', content)
        sha256 = hashlib.sha256(b"other").hexdigest()
        for sent, text in [
            ((body, None), "boundary"),
            ((body, "other"), "cut short"),
            ((body[:-20], boundary), "cut short"),
            ((file + body, boundary), "more than one file"),
            ((f"--{boundary}\r\nX-Y: {'x' * 20_000}".encode() + body, boundary), "too long"),
            (self.form(content, filename, **{**good, ":action": "submit"}), "file_upload"),
            (self.form(content, filename, **{**good, "version": "1.0.1"}), "version"),
            (self.form(content, filename, **{**good, "name": "acme-other"}), "acme-other"),
            (self.form(content, filename, **{**good, "sha256_digest": sha256}), "sha256_digest"),
            (self.form(content, filename, **{**good, "filetype": "sdist"}), "filetype"),
            (self.form(content, "../" + filename, **good), "file name"),
            (self.form(b"PK no wheel", filename, **good), "zip"),
            (self.form(content, "acme.exe", **good), "wheel"),
        ]:
            with self.subTest(text):
                answer = self.post(*sent)
                self.assertEqual(answer.status, 400, answer)
                self.assertIn(text, answer.body.decode(), answer)
        keys = [p["attributes"]["key"] for p in shared().vendor.must("GET", "/packages?limit=100")]
        self.assertNotIn(name, keys)
        unknown = self.form(content, filename, **good, attestations="[]", colour="red")
        self.assertEqual(self.post(*unknown).status, 200)
        page = get(f"{shared().registry('pypi')}/simple/{name}/", basic("license", shared().keys["pro"]))
        self.assertIn(filename, page.body.decode())


def part(boundary: str, disposition: str, value: bytes) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + value + b"\r\n"
