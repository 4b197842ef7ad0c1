"""Releases, artifacts and lists through the API: states set up through the endpoint, then asked over HTTP."""

import uuid

from harness.shop import Shop
from harness.wire import bearer, license_header

PAST, FUTURE = "2020-01-01T00:00:00.000Z", "2090-01-01T00:00:00.000Z"
OK, UNAUTHORIZED, FORBIDDEN, ABSENT, SEE_OTHER = 200, 401, 403, 404, 303


class Artifacts(Shop):
    def test_downloads_by_role_while_not_downloadable(self):
        license = license_header(self.key(self.acme.license(self.policy)))
        for number, status in enumerate(("WAITING", "PROCESSING", "FAILED", "YANKED"), 1):
            release = self.acme.release(self.product, f"{number}.0.0")
            path = f"/artifacts/{self.acme.artifact(release, 'app.bin', status=status)['id']}"
            self.says(license, path, ABSENT)
            shown = self.says(bearer(self.acme.token), path, OK)
            self.assertNotIn("redirect", shown.json()["data"]["links"])

    def test_preferences_and_lifetimes(self):
        _, artifact = self.stock()
        path = f"/artifacts/{artifact['id']}"
        admin = bearer(self.acme.token)
        for headers, query, status, linked in [
            ({}, "", SEE_OTHER, True),
            ({"Prefer": "no-redirect"}, "", OK, True),
            ({"Prefer": "no-download"}, "", OK, False),
            ({}, "?prefer=no-redirect", OK, True),
            ({}, "?prefer=no-download", OK, False),
            ({}, "?prefer[]=no-download", SEE_OTHER, True),
        ]:
            answer = self.says({**admin, **headers}, path + query, status)
            self.assertEqual("redirect" in answer.json()["data"]["links"], linked, query)
        license = license_header(self.key(self.acme.license(self.policy)))
        for ttl, status in [("60", SEE_OTHER), ("604800", SEE_OTHER), ("604801", 400), ("0", 400), ("-1", 400), ("abc", 400)]:
            self.says(admin, f"{path}?ttl={ttl}", status)
            self.says(license, f"{path}?ttl={ttl}", SEE_OTHER)

    def test_names_resolve_to_the_highest_version(self):
        for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-beta.1"):
            self.acme.artifact(self.acme.release(self.product, version), "latest.yml")
        releases = {record["id"]: record["attributes"]["version"] for record in self.bench.records("releases")}
        license = license_header(self.key(self.acme.license(self.policy)))

        def version(query: str) -> str:
            answer = self.says(license, f"/artifacts/latest.yml?prefer=no-download{query}", OK)
            return releases[answer.json()["data"]["relationships"]["release"]["data"]["id"]]

        self.assertEqual(version(""), "2.0.0-beta.1")
        self.assertEqual(version("&channel=stable"), "1.10.0")
        self.assertEqual(version("&release=1.9.0"), "1.9.0")

    def test_file_names(self):
        release = self.acme.release(self.product, "1.0.0")
        for name, path in [
            ("dir/app.bin", "dir/app.bin"),
            ("dir/other.bin", "dir%2Fother.bin"),
            ("a b.bin", "a%20b.bin"),
            ("a+b.bin", "a%2Bb.bin"),
            ("a#b.bin", "a%23b.bin"),
            ("ünï.bin", "%C3%BCn%C3%AF.bin"),
        ]:
            artifact = self.acme.artifact(release, name)
            answer = self.says(bearer(self.acme.token), f"/artifacts/{path}", SEE_OTHER)
            self.assertEqual(answer.json()["data"]["id"], artifact["id"], name)

    def test_filters(self):
        release = self.acme.release(self.product, "1.0.0")
        made = {
            name: self.acme.artifact(release, name, **keys)["id"]
            for name, keys in {
                "a.exe": {"platform": "win32", "arch": "x64", "filetype": "exe"},
                "b.dmg": {"platform": "darwin", "arch": "arm64", "filetype": "dmg"},
                "c": {"status": "WAITING"},
            }.items()
        }
        for query, names in [
            ("platform=win32", {"a.exe"}),
            ("arch=arm64", {"b.dmg"}),
            ("filetype=.EXE", {"a.exe"}),
            ("filetype=", {"c"}),
            ("status=uploaded", {"a.exe", "b.dmg"}),
            ("product=acme", {"a.exe", "b.dmg", "c"}),
            ("release=1.0.0", {"a.exe", "b.dmg", "c"}),
            ("channel=beta&platform=win32", {"a.exe"}),
            ("channel=dev", set()),
        ]:
            found = self.ids(bearer(self.acme.token), f"/artifacts?{query}")
            self.assertEqual(found, {made[name] for name in names}, query)

    def test_upload(self):
        release = self.acme.release(self.product, "1.0.0", status="DRAFT")

        def body(**attributes: object) -> dict:
            relationships = {"release": {"data": {"type": "releases", "id": release["id"]}}}
            return {"data": {"type": "artifacts", "attributes": attributes, "relationships": relationships}}

        admin = bearer(self.acme.token)
        posted = self.says(admin, "/artifacts", 307, method="POST", body=body(filename="app.bin"))
        document = posted.json()["data"]
        self.assertEqual(document["attributes"]["status"], "WAITING")
        self.assertEqual(document["links"]["redirect"], posted.header("Location"))
        self.assertEqual(self.bench.ask("PUT", posted.header("Location"), b"bytes").status // 100, 2)
        self.bench.idle()
        path = f"/artifacts/{document['id']}"
        file = self.says(admin, path, SEE_OTHER)
        self.assertEqual(self.bench.ask("GET", file.header("Location")).body, b"bytes")
        for attributes, status, code in [
            ({"filename": "app.bin"}, 422, "FILENAME_TAKEN"),
            ({"filename": "app.exe", "filetype": "dmg"}, 422, "FILENAME_EXTENSION_INVALID"),
            ({}, 400, None),
            ({"filename": "x", "filesize": -1}, 422, None),
            ({"filename": "x", "status": "UPLOADED"}, 400, None),
        ]:
            self.says(admin, "/artifacts", status, code, method="POST", body=body(**attributes))
        self.says(admin, "/artifacts", 422, "FILENAME_TAKEN", method="POST", body=body(filename="app.bin"))
        no_redirect = {**admin, "Prefer": "no-redirect"}
        self.says(no_redirect, "/artifacts", OK, method="POST", body=body(filename="b.bin"))
        license = license_header(self.key(self.acme.license(self.policy)))
        self.says(license, "/artifacts", FORBIDDEN, method="POST", body=body(filename="c.bin"))
        self.says(None, "/artifacts", UNAUTHORIZED, method="POST", body=body(filename="c.bin"))
        self.says(admin, path, 204, method="DELETE")

    def test_heads_and_ranges(self):
        _, artifact = self.stock()
        license = license_header(self.key(self.acme.license(self.policy)))
        for path in ("/releases", "/artifacts", "/packages", f"/products/{self.product['id']}"):
            self.assertEqual(self.acme.ask("HEAD", path).status, OK, path)
        self.says(license, f"/artifacts/{artifact['id']}/app-1.0.0.bin", SEE_OTHER)
        self.says(license, f"/artifacts/{artifact['id']}/anything", ABSENT)  # docs/compatibility.md


class Releases(Shop):
    def post(self, version: str, channel: str = "stable", package: dict | None = None, **attributes: object):
        relationships = {"product": {"data": {"type": "products", "id": self.product["id"]}}}
        if package:
            relationships["package"] = {"data": {"type": "packages", "id": package["id"]}}
        attributes = {"version": version, "channel": channel, **attributes}
        body = {"data": {"type": "releases", "attributes": attributes, "relationships": relationships}}
        return self.acme.ask("POST", "/releases", body)

    def test_versions(self):
        for number, (version, channel, expected) in enumerate([
            ("1", "stable", "1.0.0"),
            ("1.2", "stable", "1.2.0"),
            ("01.2.3", "stable", "1.2.3"),
            ("1.0.0-rc", "rc", "1.0.0-rc"),
            ("1.0.0-alpha.1.2", "alpha", "1.0.0-alpha.1.2"),
            ("2.0.0+build", "stable", "2.0.0+build"),
            ("1.2.3.4", "stable", "VERSION_INVALID"),
            ("v1.0.0", "stable", "VERSION_INVALID"),
            ("1.0.0-pre.1", "beta", "VERSION_CHANNEL_INVALID"),
            ("1.0.0-beta.1", "stable", "VERSION_CHANNEL_INVALID"),
            ("1.0.0", "beta", "VERSION_CHANNEL_INVALID"),
            ("1.0.0", "nightly", None),
            ("99999999999999999999.0.0", "stable", None),
        ]):
            answer = self.post(version, channel)
            with self.subTest(version=version, channel=channel):
                if expected is None:
                    self.assertEqual(answer.status, 400, answer)
                elif expected[0].isdigit():
                    self.assertEqual(answer.status, 201, answer)
                    self.assertEqual(answer.json()["data"]["attributes"]["version"], expected)
                    self.assertEqual(answer.json()["data"]["attributes"]["status"], "DRAFT")
                else:
                    self.assertEqual((answer.status, answer.json()["errors"][0]["code"]), (422, expected), number)
        self.assertEqual(self.post("1.2.3").json()["errors"][0]["code"], "VERSION_TAKEN")
        self.assertEqual(self.post("1.2").status, 409)

    def test_tags(self):
        first = self.post("1.0.0", tag="latest")
        self.assertEqual(first.status, 201)
        self.assertEqual(self.post("1.1.0", tag="latest").json()["errors"][0]["code"], "TAG_TAKEN")
        self.assertEqual(self.post("1.2.0", tag="actions").json()["errors"][0]["code"], "TAG_NOT_ALLOWED")
        self.assertEqual(self.post("1.3.0", backdated=FUTURE).json()["errors"][0]["code"], "BACKDATED_INVALID")
        package = self.acme.package(self.product, "other", None)
        self.assertEqual(self.post("1.0.0", package=package, tag="latest").status, 201)

    def test_publish_yank_and_delete(self):
        release = self.post("1.0.0").json()["data"]["id"]
        for action, status in [("publish", "PUBLISHED"), ("yank", "YANKED"), ("yank", "YANKED"), ("publish", "PUBLISHED")]:
            answer = self.acme.ask("POST", f"/releases/{release}/actions/{action}")
            self.assertEqual((answer.status, answer.json()["data"]["attributes"]["status"]), (OK, status))
        self.assertIsNotNone(answer.json()["data"]["attributes"]["yanked"], "the time of the yank is kept")
        for attribute in ("version", "channel", "status"):
            body = {"data": {"type": "releases", "attributes": {attribute: "1.0.1"}}}
            self.assertEqual(self.acme.ask("PATCH", f"/releases/{release}", body).status, 400, attribute)
        self.assertEqual(self.acme.ask("DELETE", f"/releases/{release}").status, 204)
        self.assertEqual(self.acme.get(f"/releases/{release}").status, ABSENT)

    def test_channels(self):
        made = {}
        for version in ("1.0.0", "1.1.0-rc.1", "1.1.0-beta.1", "1.1.0-alpha.1", "1.1.0-dev.1"):
            release = self.acme.release(self.product, version)
            made[release["attributes"]["channel"]] = release["id"]
        for channel, included in [
            ("stable", ["stable"]),
            ("rc", ["stable", "rc"]),
            ("beta", ["stable", "rc", "beta"]),
            ("alpha", ["stable", "rc", "beta", "alpha"]),
            ("dev", ["dev"]),
            ("unknown", []),
        ]:
            found = self.ids(bearer(self.acme.token), f"/releases?channel={channel}")
            self.assertEqual(found, {made[name] for name in included}, channel)

    def test_filters(self):
        package = self.acme.package(self.product, "tool", "raw")
        plain = self.acme.release(self.product, "1.0.0")["id"]
        packed = self.acme.release(self.product, "1.0.0", package)["id"]
        yanked = self.acme.release(self.product, "2.0.0", status="YANKED", yanked_at=PAST)["id"]
        constrained = self.acme.release(self.product, "3.0.0")
        self.constrain(constrained, self.entitlement("PRO"))
        constrained = constrained["id"]
        for query, found in [
            ("package=tool", {packed}),
            ("package=", {plain, yanked, constrained}),
            ("engine=raw", {packed}),
            ("status=yanked", {yanked}),
            ("yanked=true", {yanked}),
            ("yanked=false", {plain, packed, constrained}),
            ("entitlements[]=PRO", {plain, packed, yanked, constrained}),
            ("entitlements[]=OTHER", {plain, packed, yanked}),
            (f"product={self.product['id']}", {plain, packed, yanked, constrained}),
            (f"product={uuid.uuid4()}", set()),
        ]:
            self.assertEqual(self.ids(bearer(self.acme.token), f"/releases?{query}"), found, query)

    def test_upgrades(self):
        for version in ("1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.1.0-beta.1", "2.1.0-beta.2", "3.0.0-dev.1"):
            self.acme.release(self.product, version)
        self.acme.release(self.product, "9.0.0", status="DRAFT")
        license = license_header(self.key(self.acme.license(self.policy)))
        for current, query, expected in [
            ("1.0.0", "", "2.0.0"),
            ("1.0.0", "?constraint=1", "1.1.0"),
            ("1.0.0", "?constraint=1.0.0", "1.0.1"),
            ("1.0.0", "?constraint=1.0", "1.1.0"),
            ("1.0.0", "?channel=beta", "2.1.0-beta.2"),
            ("2.1.0-beta.1", "", "2.1.0-beta.2"),
            ("2.0.0", "", None),
            ("3.0.0-dev.1", "", None),
        ]:
            answer = self.acme.ask("GET", f"/releases/{current}/upgrade{query}", token=None, headers=license)
            with self.subTest(current=current, query=query):
                if expected is None:
                    self.assertEqual(answer.status, ABSENT, answer)
                else:
                    self.assertEqual(answer.status, OK, answer)
                    self.assertEqual(answer.json()["meta"], {"current": current, "next": expected})
        self.says(license, "/releases/1.0.0/upgrade?constraint=A", 400, "CONSTRAINT_INVALID")

    def test_shared_versions_resolve_to_the_oldest(self):
        other = self.acme.product(name="Other")
        first = self.acme.release(other, "1.0.0", created_at=PAST)
        second = self.acme.release(self.product, "1.0.0")
        admin = bearer(self.acme.token)
        self.assertEqual(self.says(admin, "/releases/1.0.0", OK).json()["data"]["id"], first["id"])
        path = f"/releases/1.0.0?product={self.product['id']}"
        self.assertEqual(self.says(admin, path, OK).json()["data"]["id"], second["id"])

    def test_constraints(self):
        release = self.acme.release(self.product, "1.0.0")
        pro = self.entitlement("PRO")
        item = {"type": "constraints", "relationships": {"entitlement": {"data": {"type": "entitlements", "id": pro["id"]}}}}
        path = f"/releases/{release['id']}/constraints"
        attached = self.acme.ask("POST", path, {"data": [item]})
        self.assertEqual(attached.status, OK, attached)
        constraint = attached.json()["data"][0]["id"]
        again = self.acme.ask("POST", path, {"data": [item]})
        self.assertEqual((again.status, again.json()["errors"][0]["code"]), (422, "ENTITLEMENT_TAKEN"))
        gone = {"data": [{"type": "constraints", "id": constraint}]}
        self.assertEqual(self.acme.ask("DELETE", path, gone).status, 204)
        self.assertEqual(self.acme.ask("DELETE", path, gone).status, 422)


class Lists(Shop):
    def test_pages(self):
        made = [self.acme.release(self.product, f"{number}.0.0")["id"] for number in range(1, 13)]
        data = lambda path: [record["id"] for record in self.acme.get(path).json()["data"]]  # noqa: E731
        self.assertEqual(data("/releases"), made[:1:-1])
        self.assertEqual(data("/releases?order=asc&limit=3"), made[:3])
        self.assertEqual(data("/releases?page[number]=2&page[size]=5"), made[6:1:-1])
        self.assertEqual(data("/releases?page[cursor]=&page[size]=2"), made[:9:-1])
        self.assertEqual(data(f"/releases?page[cursor]={made[10]}&page[size]=2"), [made[9], made[8]])
        self.assertEqual(data(f"/releases?page[cursor]={uuid.uuid4()}&page[size]=2"), [])
        links = self.acme.get("/releases?page[number]=1&page[size]=5").json()["links"]
        self.assertEqual(links["meta"], {"pages": 3, "count": 12})
        for bad in ("limit=0", "limit=101", "order=up", "page[number]=101&page[size]=1", "page[cursor]=foo&page[size]=1"):
            self.assertEqual(self.acme.get(f"/releases?{bad}").status, 400, bad)

    def test_negotiation_and_unknown_paths(self):
        for accept, status in [
            ("application/vnd.api+json", OK),
            ("application/json", OK),
            ("application/octet-stream", OK),
            ("*/*", OK),
            ("*", OK),
            ("text/html", 400),
        ]:
            answer = self.acme.get("/releases", headers={"Accept": accept})
            self.assertEqual(answer.status, status, accept)
        self.assertEqual(self.acme.get("/nothing").json()["errors"][0]["code"], "NOT_FOUND")
        self.assertEqual(self.acme.get("/releases", headers={"Keygen-Version": "9.9"}).status, 400)
        missing = self.acme.get("/releases/nope").json()["errors"][0]
        self.assertEqual(missing["detail"], "The requested release 'nope' was not found")

    def test_lookups_need_what_uses_them(self):
        self.acme.make("platforms", key="linux")
        self.assertEqual(self.acme.get("/platforms").json()["data"], [], "no release has an artifact for it")
        self.acme.artifact(self.acme.release(self.product, "1.0.0"), "a", platform="linux")
        (platform,) = self.acme.get("/platforms").json()["data"]
        self.assertEqual(platform["attributes"]["key"], "linux")

    def test_packages(self):
        def post(key: str, engine: str | None = None):
            relationships = {"product": {"data": {"type": "products", "id": self.product["id"]}}}
            attributes = {"name": key, "key": key, "engine": engine}
            body = {"data": {"type": "packages", "attributes": attributes, "relationships": relationships}}
            return self.acme.ask("POST", "/packages", body)

        self.assertEqual(post("tool", "npm").status, 201)
        for key, code in [("tool", "KEY_TAKEN"), ("actions", "KEY_NOT_ALLOWED"), (str(uuid.uuid4()), None)]:
            answer = post(key, "npm")
            self.assertEqual(answer.status, 422, key)
            self.assertEqual(answer.json()["errors"][0]["code"], code or answer.json()["errors"][0]["code"])
        self.assertEqual(post("x", "cobol").status, 400)
        self.assertEqual(self.acme.get("/packages/tool").status, OK)
        (engine,) = self.acme.get("/engines").json()["data"]
        self.assertEqual(engine["attributes"]["key"], "npm")
        self.acme.change(self.product, distribution_strategy="CLOSED")
        license = license_header(self.key(self.acme.license(self.policy)))
        self.says(license, "/packages/tool", ABSENT)
        self.assertEqual(self.ids(license, "/packages"), set())
