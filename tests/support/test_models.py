"""What packages, releases and artifacts may be: every refusal with its status, code, pointer and words."""

import unittest
import uuid

from harness.shop import Shop
from harness.wire import bearer

CREATED, OK, REFUSED, INVALID, ABSENT = 201, 200, 400, 422, 404
FUTURE = "2090-01-01T00:00:00.000Z"
ATTRIBUTE, RELATION = "/data/attributes/", "/data/relationships/"
STANDARD = {"account", "environment"}


def one(kind: str, id: str) -> dict:
    return {"data": {"type": kind, "id": id}}


def deep(levels: int) -> object:
    return {"a": deep(levels - 1)} if levels else 1


class Models(Shop):
    """Writes as the admin, and what comes of them."""

    def write(self, method: str, path: str, kind: str, attributes: object = None, relationships: object = None):
        data = {"type": kind}
        data |= {} if attributes is None else {"attributes": attributes}
        data |= {} if relationships is None else {"relationships": relationships}
        return self.acme.ask(method, path, {"data": data})

    def refused(self, answer, status: int, code: str | None, pointer: str, detail: str | None = None) -> None:
        self.assertEqual(answer.status, status, answer)
        error = answer.json()["errors"][0]
        self.assertEqual((error.get("code"), error["source"]["pointer"]), (code, pointer), answer)
        title = {REFUSED: "Bad request", INVALID: "Unprocessable resource"}[status]
        self.assertEqual(error["title"], title)
        self.assertTrue(answer.json()["meta"]["id"])
        if detail:
            self.assertEqual(error["detail"], detail)

    def shows(self, answer, attributes: set, relationships: set) -> dict:
        self.assertIn(answer.status, (OK, CREATED, 307), answer)
        data = answer.json()["data"]
        self.assertEqual(set(data["attributes"]), attributes | {"metadata", "created", "updated"})
        self.assertEqual(set(data["relationships"]), relationships | STANDARD)
        return data


class Packages(Models):
    def post(self, product: dict | None = None, **attributes: object):
        relationships = {"product": one("products", (product or self.product)["id"])}
        return self.write("POST", "/packages", "packages", {"name": "Tool", "key": "tool", **attributes}, relationships)

    def test_document(self):
        made = self.post(engine="raw", metadata={"some_key": {"inner key": 1}})
        data = self.shows(made, {"name", "key", "engine"}, {"product"})
        self.assertEqual(made.status, CREATED)
        self.assertEqual(data["attributes"]["metadata"], {"someKey": {"innerKey": 1}})
        self.assertEqual(data["relationships"]["product"]["data"], {"type": "products", "id": self.product["id"]})
        for name in ("tool", data["id"]):
            self.assertEqual(self.acme.get(f"/packages/{name}").json()["data"]["id"], data["id"])

    def test_refusals(self):
        self.assertEqual(self.post().status, CREATED)
        other = self.acme.product(name="Other")
        for product, attributes, status, code, pointer, detail in [
            (None, {}, INVALID, "KEY_TAKEN", "key", None),
            (other, {}, INVALID, "KEY_TAKEN", "key", None),
            (None, {"key": str(uuid.uuid4())}, INVALID, "KEY_CONFLICT", "key", None),
            (None, {"key": "action"}, INVALID, "KEY_NOT_ALLOWED", "key", None),
            (None, {"key": "actions"}, INVALID, "KEY_NOT_ALLOWED", "key", None),
            (None, {"key": "k" * 256}, INVALID, "KEY_TOO_LONG", "key", None),
            (None, {"name": "n" * 256, "key": "long"}, INVALID, "NAME_TOO_LONG", "name", None),
            (None, {"key": ""}, REFUSED, None, "key", "cannot be blank"),
            (None, {"name": "", "key": "x"}, REFUSED, None, "name", "cannot be blank"),
            (None, {"name": None, "key": "x"}, REFUSED, None, "name", "cannot be null"),
            (None, {"key": 5}, REFUSED, None, "key", "type mismatch (received integer expected string)"),
            (None, {"key": "x", "engine": "cobol"}, REFUSED, None, "engine", "is invalid"),
            (None, {"key": "x", "metadata": deep(4)}, REFUSED, None, "metadata/a/a/a", "maximum depth of 2 exceeded"),
            (None, {"key": "x", "metadata": []}, REFUSED, None, "metadata", None),
            (None, {"key": "x", "metadata": {str(n): 1 for n in range(65)}}, INVALID, "METADATA_TOO_LONG", "metadata", None),
            (None, {"key": "x", "metadata": {"a": "b" * 16_384}}, INVALID, "METADATA_TOO_LONG", "metadata", None),
            (None, {"key": "x", "id": "y"}, REFUSED, None, "id", "unpermitted parameter"),
        ]:
            with self.subTest(attributes=str(attributes)[:60]):
                self.refused(self.post(product, **attributes), status, code, ATTRIBUTE + pointer, detail)
        missing = self.write("POST", "/packages", "packages", {"name": "x"}, {"product": one("products", self.product["id"])})
        self.refused(missing, REFUSED, None, ATTRIBUTE + "key", "is missing")
        nowhere = self.post({"id": str(uuid.uuid4())}, key="x")
        self.refused(nowhere, INVALID, "PRODUCT_NOT_FOUND", RELATION + "product")
        homeless = self.write("POST", "/packages", "packages", {"name": "x", "key": "x"})
        self.assertEqual((homeless.status, homeless.json()["errors"][0]["detail"]), (REFUSED, "is missing"))
        wrong = self.write("POST", "/packages", "releases", {"name": "x", "key": "x"})
        self.refused(wrong, REFUSED, None, "/data/type", "is invalid")

    def test_the_engine_may_change(self):
        made = self.post().json()["data"]
        for engine in ("pypi", "raw", None, "npm"):
            changed = self.write("PATCH", f"/packages/{made['id']}", "packages", {"engine": engine})
            self.assertEqual(changed.status, OK, changed)
            self.assertEqual(changed.json()["data"]["attributes"]["engine"], engine)
        moved = self.write("PATCH", f"/packages/{made['id']}", "packages", {}, {"product": one("products", self.product["id"])})
        self.assertEqual(moved.status, REFUSED, moved)

    def test_python_keys_keep_their_case(self):
        made = self.post(key="Foo._-Bar", engine="pypi").json()["data"]
        self.assertEqual(made["attributes"]["key"], "Foo-Bar")


class Releases(Models):
    def post(self, product: dict | None = None, package: dict | None = None, more: dict | None = None, **attributes: object):
        relationships = {"product": one("products", (product or self.product)["id"]), **(more or {})}
        if package:
            relationships["package"] = one("packages", package["id"])
        attributes = {"version": "1.0.0", "channel": "stable", **attributes}
        return self.write("POST", "/releases", "releases", attributes, relationships)

    def constraints(self, *entitlements: str) -> dict:
        item = lambda id: {"type": "constraints", "relationships": {"entitlement": one("entitlements", id)}}  # noqa: E731
        return {"constraints": {"data": [item(id) for id in entitlements]}}

    def test_document(self):
        made = self.post(version="1.2.3-rc.4+five", channel="rc", tag="next", description="Notes", name="N")
        attributes = {"name", "description", "channel", "status", "tag", "version", "semver", "backdated", "yanked"}
        links = {"product", "package", "entitlements", "constraints", "artifacts", "upgrade"}
        data = self.shows(made, attributes, links)
        self.assertEqual(
            data["attributes"]["semver"],
            {"major": 1, "minor": 2, "patch": 3, "prerelease": "rc.4", "build": "five"},
        )
        self.assertEqual((data["attributes"]["status"], data["attributes"]["yanked"]), ("DRAFT", None))
        self.assertIsNone(data["relationships"]["package"]["data"])
        self.assertEqual(data["links"]["self"], f"{self.acme.root}/releases/{data['id']}")
        for link in ("entitlements", "constraints", "artifacts", "upgrade"):
            related = data["relationships"][link]
            self.assertEqual(related, {"links": {"related": f"{data['links']['self']}/{link}"}})

    def test_refusals(self):
        self.assertEqual(self.post(tag="latest").status, CREATED)
        for attributes, status, code, pointer, detail in [
            ({}, INVALID, "VERSION_TAKEN", "version", "version already exists"),
            ({"version": "v1"}, INVALID, "VERSION_INVALID", "version", None),
            ({"version": "1.2.3.4"}, INVALID, "VERSION_INVALID", "version", None),
            ({"version": "1.2-rc.1", "channel": "rc"}, INVALID, "VERSION_INVALID", "version", None),
            (
                {"version": "2.0.0-rc.1"},
                INVALID,
                "VERSION_CHANNEL_INVALID",
                None,
                "version does not match stable channel (expected x.y.z got 2.0.0-rc.1)",
            ),
            (
                {"version": "2.0.0", "channel": "beta"},
                INVALID,
                "VERSION_CHANNEL_INVALID",
                None,
                "version does not match prerelease channel (expected x.y.z-beta.n got 2.0.0)",
            ),
            ({"version": "2", "channel": "nightly"}, REFUSED, None, "channel", "is invalid"),
            ({"version": ""}, REFUSED, None, "version", "cannot be blank"),
            ({"version": None}, REFUSED, None, "version", "cannot be null"),
            ({"version": "2", "status": "YANKED"}, REFUSED, None, "status", "is invalid"),
            ({"version": "2", "tag": "latest"}, INVALID, "TAG_TAKEN", "tag", None),
            ({"version": "2", "tag": "action"}, INVALID, "TAG_NOT_ALLOWED", "tag", None),
            ({"version": "2", "tag": "actions"}, INVALID, "TAG_NOT_ALLOWED", "tag", None),
            ({"version": "2", "tag": "t" * 256}, INVALID, "TAG_TOO_LONG", "tag", None),
            ({"version": "2", "name": "n" * 256}, INVALID, "NAME_TOO_LONG", "name", None),
            ({"version": "2", "description": "d" * 16_385}, INVALID, "DESCRIPTION_TOO_LONG", "description", None),
            ({"version": "2", "backdated": FUTURE}, INVALID, "BACKDATED_INVALID", "backdated", "must be in the past"),
            ({"version": "2", "backdated": "soon"}, REFUSED, None, "backdated", "failed to coerce string to time"),
            ({"version": "2", "yanked": FUTURE}, REFUSED, None, "yanked", "unpermitted parameter"),
        ]:
            with self.subTest(**{name: str(value)[:60] for name, value in attributes.items()}):
                answer = self.post(**attributes)
                if pointer is None:
                    error = answer.json()["errors"][0]
                    self.assertEqual((answer.status, error["code"], error["detail"]), (status, code, detail))
                else:
                    self.refused(answer, status, code, ATTRIBUTE + pointer, detail)

    def test_relations(self):
        other = self.acme.product(name="Other")
        package = self.acme.package(other, "theirs", None)
        self.refused(self.post(package=package), INVALID, "PACKAGE_NOT_ALLOWED", RELATION + "package")
        nowhere = str(uuid.uuid4())
        self.refused(self.post(product={"id": nowhere}), INVALID, "PRODUCT_NOT_FOUND", RELATION + "product")
        self.refused(self.post(package={"id": nowhere}), INVALID, "PACKAGE_NOT_FOUND", RELATION + "package")
        self.assertEqual(self.post(more={"package": {"data": None}}, version="5.0.0").status, CREATED)

    def test_nested_constraints(self):
        codes = [self.entitlement(f"E{number}")["id"] for number in range(21)]
        nested = lambda index: f"{RELATION}constraints/data/{index}/relationships/entitlement"  # noqa: E731
        made = self.post(more=self.constraints(*codes[:20]))
        self.assertEqual(made.status, CREATED, made)
        listed = self.ids(bearer(self.acme.token), f"/releases/{made.json()['data']['id']}/entitlements?limit=100")
        self.assertEqual(listed, set(codes[:20]))
        for wanted, code, pointer in [
            ([codes[0], codes[0]], "CONSTRAINTS_ENTITLEMENT_CONFLICT", nested(1)),
            ([codes[0], str(uuid.uuid4())], "CONSTRAINTS_ENTITLEMENT_NOT_FOUND", nested(1)),
        ]:
            refused = self.post(version="2.0.0", more=self.constraints(*wanted))
            self.refused(refused, INVALID, code, pointer)
        many = self.post(version="2.0.0", more=self.constraints(*codes))
        self.assertEqual((many.status, many.json()["errors"][0]["detail"]), (INVALID, "too many records"))
        self.assertEqual(len(self.bench.records("releases")), 1, "what is refused leaves nothing")

    def test_versions_and_tags_are_of_a_product_and_package(self):
        other = self.acme.product(name="Other")
        one_package, two = (self.acme.package(self.product, key, None) for key in ("one", "two"))
        for product, package in [(self.product, None), (other, None), (self.product, one_package), (self.product, two)]:
            self.assertEqual(self.post(product, package, tag="latest").status, CREATED)
            again = self.post(product, package)
            self.refused(again, INVALID, "VERSION_TAKEN", ATTRIBUTE + "version")

    def test_a_version_that_is_only_written_differently(self):
        self.assertEqual(self.post().status, CREATED)
        self.assertIn(self.post(version="1.0").status, (409, INVALID))

    def test_what_cannot_change(self):
        release = self.post().json()["data"]
        path = f"/releases/{release['id']}"
        for name, value in [("version", "2.0.0"), ("channel", "rc"), ("status", "PUBLISHED")]:
            changed = self.write("PATCH", path, "releases", {name: value})
            self.refused(changed, REFUSED, None, ATTRIBUTE + name, "unpermitted parameter")
        moved = self.write("PATCH", path, "releases", None, {"product": one("products", self.product["id"])})
        self.assertEqual((moved.status, moved.json()["errors"][0]["detail"]), (REFUSED, "unpermitted parameter"))
        attributes = {"name": "N", "description": "D", "tag": "t", "metadata": {"k": 1}, "backdated": "2020-01-01T00:00:00Z"}
        changed = self.write("PATCH", path, "releases", attributes).json()["data"]["attributes"]
        attributes["backdated"] = "2020-01-01T00:00:00.000Z"
        self.assertEqual({name: changed[name] for name in attributes}, attributes)
        self.assertEqual(self.write("PATCH", path, "releases", {"tag": None, "backdated": None}).status, OK)

    def test_the_package_of_a_release(self):
        release = self.post().json()["data"]
        path = f"/releases/{release['id']}/package"
        package = self.acme.package(self.product, "tool", None)
        self.assertIsNone(self.acme.get(path).json()["data"])
        self.assertEqual(self.acme.ask("PUT", path, one("packages", package["id"])).status, OK)
        self.assertEqual(self.acme.get(path).json()["data"]["id"], package["id"])
        self.assertEqual(self.acme.ask("PUT", path, one("packages", str(uuid.uuid4()))).status, INVALID)
        self.assertEqual(self.acme.ask("PUT", path, {"data": None}).status, OK)
        self.assertIsNone(self.acme.get(path).json()["data"])

    def test_attaching_and_detaching_constraints(self):
        release = self.post().json()["data"]
        path = f"/releases/{release['id']}/constraints"
        pro = self.entitlement("PRO")["id"]
        attach = lambda *ids: self.acme.ask("POST", path, self.constraints(*ids)["constraints"])  # noqa: E731
        first = attach(pro)
        self.assertEqual((first.status, len(first.json()["data"])), (OK, 1), first)
        for entitlement, code in [(pro, "ENTITLEMENT_TAKEN"), (str(uuid.uuid4()), "ENTITLEMENT_NOT_FOUND")]:
            answer = attach(entitlement)
            self.refused(answer, INVALID, code, RELATION + "entitlement")
        stray = str(uuid.uuid4())
        known = first.json()["data"][0]["id"]
        body = {"data": [{"type": "constraints", "id": id} for id in (known, stray)]}
        gone = self.acme.ask("DELETE", path, body)
        error = gone.json()["errors"][0]
        self.assertEqual((gone.status, error["source"]["pointer"]), (INVALID, "/data/1"))
        self.assertEqual(error["detail"], f"cannot detach constraint '{stray}' (constraint is not attached)")
        self.assertEqual(self.ids(bearer(self.acme.token), path), {known}, "all or nothing")


class Artifacts(Models):
    def setUp(self):
        super().setUp()
        self.release = self.acme.release(self.product, "1.0.0", status="DRAFT")

    def post(self, release: str | None = None, **attributes: object):
        relationships = {"release": one("releases", release or self.release["id"])}
        return self.write("POST", "/artifacts", "artifacts", attributes, relationships)

    def test_document(self):
        made = self.post(filename="dir/a b.tar.gz", filetype=".TAR.GZ", platform=" Linux ", arch="X64", filesize=3)
        attributes = {"filename", "filetype", "filesize", "platform", "arch", "signature", "checksum", "status"}
        self.assertEqual(made.status, 307)
        extra = set(made.json()["data"]["attributes"]) - attributes - {"metadata", "created", "updated"}
        self.assertLessEqual(extra, {"failure"}, "docs/compatibility.md")
        data = made.json()["data"]
        self.assertEqual(set(data["relationships"]), {"release"} | STANDARD)
        shown = {name: data["attributes"][name] for name in ("filetype", "platform", "arch", "status", "filesize")}
        expected = {"filetype": "tar.gz", "platform": "linux", "arch": "x64", "status": "WAITING", "filesize": 3}
        self.assertEqual(shown, expected)
        path = f"{self.acme.root}/artifacts/{data['id']}"
        self.assertEqual((data["links"]["self"], data["links"]["related"]), (path, f"{path}/dir%2Fa%20b.tar.gz"))

    def test_refusals(self):
        self.assertEqual(self.post(filename="a.bin").status, 307)
        for attributes, status, code, pointer, detail in [
            ({"filename": "a.bin"}, INVALID, "FILENAME_TAKEN", "filename", "already exists"),
            ({"filename": "f" * 256}, INVALID, "FILENAME_TOO_LONG", "filename", None),
            ({"filename": "a.exe", "filetype": "dmg"}, INVALID, "FILENAME_EXTENSION_INVALID", "filename", None),
            ({"filename": "a.tar.gz", "filetype": "tar"}, INVALID, "FILENAME_EXTENSION_INVALID", "filename", None),
            ({"filename": ""}, REFUSED, None, "filename", "cannot be blank"),
            ({"filename": None}, REFUSED, None, "filename", "cannot be null"),
            ({}, REFUSED, None, "filename", "is missing"),
            ({"filename": "x", "filesize": -1}, INVALID, "FILESIZE_INVALID", "filesize", None),
            ({"filename": "x", "filesize": 5 * 1024**3 + 1}, INVALID, "FILESIZE_INVALID", "filesize", None),
            ({"filename": "x", "filesize": 2**63}, REFUSED, None, "filesize", "integer is too large"),
            ({"filename": "x", "filesize": "1"}, REFUSED, None, "filesize", "type mismatch (received string expected integer)"),
            ({"filename": "x", "checksum": "c" * 4097}, INVALID, "CHECKSUM_TOO_LONG", "checksum", None),
            ({"filename": "x", "signature": "s" * 4097}, INVALID, "SIGNATURE_TOO_LONG", "signature", None),
            ({"filename": "x", "platform": "p" * 256}, INVALID, "PLATFORM_TOO_LONG", "platform", None),
            ({"filename": "x", "arch": "a" * 256}, INVALID, "ARCH_TOO_LONG", "arch", None),
            ({"filename": "x", "status": "UPLOADED"}, REFUSED, None, "status", "unpermitted parameter"),
        ]:
            with self.subTest(**{name: str(value)[:60] for name, value in attributes.items()}):
                self.refused(self.post(**attributes), status, code, ATTRIBUTE + pointer, detail)
        self.refused(self.post(str(uuid.uuid4()), filename="x"), INVALID, "RELEASE_NOT_FOUND", RELATION + "release")

    def test_names_and_file_types_that_fit(self):
        for number, (filename, filetype, stored) in enumerate([
            ("App.AppImage", ".appimage", "appimage"),
            ("App.AppImage", "AppImage", "appimage"),
            ("a.tar.gz", "tar.gz", "tar.gz"),
            ("a.tar.gz", "gz", "gz"),
            ("Makefile", "exe", "exe"),
            ("plain", "", None),
            ("plain", "  ", None),
            ("plain", None, None),
            ("A.BIN", "bin", "bin"),
        ]):
            release = self.acme.release(self.product, f"2.{number}.0")
            made = self.post(release["id"], filename=filename, filetype=filetype)
            with self.subTest(filename=filename, filetype=filetype):
                self.assertEqual(made.status, 307, made)
                self.assertEqual(made.json()["data"]["attributes"]["filetype"], stored)
        self.assertEqual(self.post(filename="case.bin").status, 307)
        self.assertEqual(self.post(filename="CASE.bin").status, 307, "names are compared exactly")
        blank = self.post(filename="blank", platform="", arch=" ").json()["data"]["attributes"]
        self.assertEqual((blank["platform"], blank["arch"]), (None, None))

    def test_what_can_change(self):
        artifact = self.post(filename="a.bin", filesize=1).json()["data"]
        path = f"/artifacts/{artifact['id']}"
        for name in ("filename", "filetype", "platform", "arch", "status"):
            changed = self.write("PATCH", path, "artifacts", {name: "x"})
            self.refused(changed, REFUSED, None, ATTRIBUTE + name, "unpermitted parameter")
        attributes = {"filesize": 5, "signature": "s", "checksum": "c", "metadata": {"k": "v"}}
        changed = self.write("PATCH", path, "artifacts", attributes)
        self.assertEqual(changed.status, OK, changed)
        shown = changed.json()["data"]["attributes"]
        self.assertEqual({name: shown[name] for name in attributes}, attributes)


class Credentials(Models):
    """What a product's token may name when it writes."""

    def test_of_another_product(self):
        other = self.acme.product(name="Other")
        token = self.acme.token_of("products", other)
        release = self.acme.release(self.product, "1.0.0")
        for path, kind, attributes, relationships in [
            ("/packages", "packages", {"name": "x", "key": "x"}, {"product": one("products", self.product["id"])}),
            ("/releases", "releases", {"version": "9.0.0", "channel": "stable"}, {"product": one("products", self.product["id"])}),
            ("/artifacts", "artifacts", {"filename": "x"}, {"release": one("releases", release["id"])}),
            ("/artifacts", "artifacts", {"filename": "x"}, {"release": one("releases", str(uuid.uuid4()))}),
        ]:
            body = {"data": {"type": kind, "attributes": attributes, "relationships": relationships}}
            answer = self.acme.ask("POST", path, body, token=token)
            self.assertEqual(answer.status, 403, f"{path}: {answer}")


if __name__ == "__main__":
    unittest.main()
