"""The same packages through the engines: states set up through the endpoint, then asked over HTTP."""

import json

from harness.shop import Shop
from harness.wire import basic, bearer, license_header

PAST = "2020-01-01T00:00:00.000Z"
OK, UNAUTHORIZED, FORBIDDEN, ABSENT = 200, 401, 403, 404


class Engines(Shop):
    def packed(self, engine: str, key: str, filename: str, content: object = None, **release: object) -> dict:
        package = self.acme.package(self.product, key, engine)
        made = self.acme.release(self.product, "1.0.0", package, **release)
        artifact = self.acme.artifact(made, filename, filetype=filename.rsplit(".", 1)[-1])
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            self.acme.make("manifests", artifact_id=artifact["id"], release_id=made["id"], content=text)
        return artifact

    def engine(self, headers: dict | None, path: str, accept: str = "*/*"):
        return self.acme.ask("GET", f"/engines{path}", token=None, headers={"Accept": accept, **(headers or {})})

    def test_npm(self):
        self.packed("npm", "@acme/tool", "tool-1.0.0.tgz", {"description": "A tool", "dependencies": {"left": "^1.0.0"}})
        license = bearer(self.key(self.acme.license(self.policy)))
        for path in ("/npm/@acme/tool", "/npm/@acme%2ftool", "/npm/@acme%2Ftool"):
            answer = self.engine(license, path)
            self.assertEqual(answer.status, OK, f"{path}: {answer}")
            document = answer.json()
            self.assertEqual((document["name"], list(document["versions"])), ("@acme/tool", ["1.0.0"]))
            self.assertEqual(document["versions"]["1.0.0"]["dependencies"], {"left": "^1.0.0"})
        self.assertGreaterEqual(self.engine(None, "/npm/@acme/tool").status, 400)
        etag = answer.header("ETag")
        self.assertEqual(self.engine({**license, "If-None-Match": etag}, "/npm/@acme/tool").status, 304)

    def test_pypi(self):
        self.packed("pypi", "Foo.Bar_baz", "foo_bar_baz-1.0.0-py3-none-any.whl")
        license = basic("license", self.key(self.acme.license(self.policy)))
        for spelling in ("foo-bar-baz", "Foo.Bar_baz", "foo--bar.baz"):
            path = f"/pypi/simple/{spelling}/"
            answer = self.engine(license, path, "text/html")
            if answer.status in (301, 302, 307, 308):
                answer = self.bench.ask("GET", answer.header("Location"), headers={**license, "Accept": "text/html"})
            self.assertEqual(answer.status, OK, f"{path}: {answer}")
            self.assertIn("foo_bar_baz-1.0.0-py3-none-any.whl", answer.text())
        self.assertEqual(self.engine(None, "/pypi/simple/foo-bar-baz/").status, UNAUTHORIZED)

    def test_pypi_says_which_pythons(self):
        package = self.acme.package(self.product, "Acme_Tool", "pypi")
        release = self.acme.release(self.product, "1.0.0", package)
        metadata = {"requiresPython": ">=3.8,<4"}
        self.acme.artifact(release, "acme_tool-1.0.0-py3-none-any.whl", filetype="whl", metadata=metadata)
        license = basic("license", self.key(self.acme.license(self.policy)))
        page = self.engine(license, "/pypi/simple/acme-tool/")
        self.assertEqual(page.status, OK, page)
        self.assertIn('data-requires-python="&gt;=3.8,&lt;4"', page.text())

    def test_pypi_checksums(self):
        package = self.acme.package(self.product, "summed", "pypi")
        release = self.acme.release(self.product, "1.0.0", package)
        digest = "ab" * 32
        self.acme.artifact(release, "summed-1.0.0-py3-none-any.whl", checksum=digest)
        license = basic("license", self.key(self.acme.license(self.policy)))
        page = self.engine(license, "/pypi/simple/summed/", "text/html").text()
        self.assertIn(f"#sha256={digest}", page)

    def test_rubygems(self):
        spec = "\n".join([
            "--- !ruby/object:Gem::Specification",
            "name: tool",
            "version: !ruby/object:Gem::Version",
            "  version: 1.0.0",
            "platform: ruby",
            "authors:",
            "- Acme",
            "summary: A tool",
            "dependencies: []",
            "",
        ])
        self.packed("rubygems", "tool", "tool-1.0.0.gem", spec)
        license = basic("license", self.key(self.acme.license(self.policy)))
        for path in ("/rubygems/versions", "/rubygems/names", "/rubygems/info/tool"):
            answer = self.engine(license, path)
            self.assertEqual(answer.status, OK, f"{path}: {answer}")
        self.assertIn("1.0.0", answer.text())

    def test_raw(self):
        self.acme.artifact(self.acme.release(self.product, "1.0.0", tag="latest"), "app.bin")
        license = license_header(self.key(self.acme.license(self.policy)))
        for path in ("/raw/acme/1.0.0/app.bin", "/raw/acme/latest/app.bin"):
            self.assertIn(self.engine(None, path).status, (UNAUTHORIZED, ABSENT), path)
            self.assertEqual(self.engine(license, path).status, OK, path)

    def test_denials_name_their_reason(self):
        self.packed("npm", "tool", "tool-1.0.0.tgz", {})
        for attributes, status in [({"suspended": True}, FORBIDDEN), ({}, OK)]:
            license = self.acme.license(self.policy, **attributes)
            self.assertEqual(self.engine(bearer(self.key(license)), "/npm/tool").status, status, attributes)
        revoking = self.acme.policy(self.product, expiration_strategy="REVOKE_ACCESS")
        expired = self.acme.license(revoking, expiry=PAST)
        self.assertEqual(self.engine(bearer(self.key(expired)), "/npm/tool").status, FORBIDDEN)
        self.assertEqual(self.engine(bearer("nonsense"), "/npm/tool").status, UNAUTHORIZED)
