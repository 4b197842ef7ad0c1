"""Uploads, downloads, lists and file names as `distribution.md` has them in §7 and §14."""

import json
import threading
import unittest
import uuid

from harness.shop import Shop
from harness.wire import Connection, bearer, license_header

OK, SEE_OTHER, REDIRECT, REFUSED, FORBIDDEN, ABSENT, INVALID = 200, 303, 307, 400, 403, 404, 422


class Transfers(Shop):
    def setUp(self):
        super().setUp()
        self.admin = bearer(self.acme.token)

    def body(self, release: dict, **attributes: object) -> dict:
        relationships = {"release": {"data": {"type": "releases", "id": release["id"]}}}
        return {"data": {"type": "artifacts", "attributes": attributes, "relationships": relationships}}

    def post(self, release: dict, headers: dict | None = None, query: str = "", **attributes: object):
        return self.acme.ask("POST", f"/artifacts{query}", self.body(release, **attributes), headers=headers)

    def event_names(self) -> list[str]:
        return [record["attributes"]["event"] for record in self.bench.records("event_logs")]


class Uploads(Transfers):
    def test_the_answer_names_the_place(self):
        release = self.acme.release(self.product, "1.0.0")
        for number, (headers, query, status) in enumerate([
            ({}, "", REDIRECT),
            ({"Prefer": "no-redirect"}, "", OK),
            ({"Prefer": "respond-async, no-redirect"}, "", OK),
            ({}, "?prefer=no-redirect", OK),
            ({}, "?prefer[]=no-redirect", REDIRECT),
        ]):
            made = self.post(release, headers, query, filename=f"{number}.bin")
            with self.subTest(headers=headers, query=query):
                self.assertEqual(made.status, status, made)
                self.assertEqual(made.header("Location"), made.json()["data"]["links"]["redirect"])

    def test_releases_in_any_status_take_files(self):
        for number, status in enumerate(("DRAFT", "PUBLISHED", "YANKED"), 1):
            release = self.acme.release(self.product, f"{number}.0.0", status=status)
            self.assertEqual(self.post(release, filename="a.bin").status, REDIRECT, status)

    def test_from_waiting_to_uploaded(self):
        release = self.acme.release(self.product, "1.0.0")
        made = self.post(release, filename="a.bin")
        path = f"/artifacts/{made.json()['data']['id']}"
        status = lambda: self.acme.get(f"{path}?prefer=no-download").json()["data"]["attributes"]["status"]  # noqa: E731
        self.assertEqual(status(), "WAITING")
        stored = self.bench.ask("PUT", made.header("Location"), b"one")
        self.assertEqual(stored.status // 100, 2, stored)
        self.bench.idle()
        self.assertEqual(status(), "UPLOADED")
        self.assertEqual(self.bench.ask("PUT", made.header("Location"), b"one").status // 100, 2, "the same again")
        self.assertEqual(self.bench.ask("PUT", made.header("Location"), b"two").status, 409)  # docs/compatibility.md
        self.assertEqual(self.event_names()[:1], ["artifact.created"])
        self.assertIn("artifact.uploaded", self.event_names())

    def test_deleted_while_waiting(self):
        release = self.acme.release(self.product, "1.0.0")
        made = self.post(release, filename="a.bin")
        path = f"/artifacts/{made.json()['data']['id']}"
        self.assertEqual(self.acme.ask("DELETE", path).status, 204)
        self.bench.idle()
        self.assertEqual(self.acme.get(path).status, ABSENT)
        self.assertIn(self.bench.ask("PUT", made.header("Location"), b"late").status, (403, 404, 409, 410))
        self.assertEqual(self.bench.records("artifacts"), [])
        self.assertEqual(self.post(release, filename="a.bin").status, REDIRECT, "the name is free again")

    def test_by_a_file_name_the_highest_version_goes(self):
        made = {
            version: self.acme.artifact(self.acme.release(self.product, version), "a.bin")["id"]
            for version in ("1.10.0", "1.9.0")
        }
        self.assertEqual(self.acme.ask("DELETE", "/artifacts/a.bin").status, 204)
        self.bench.idle()
        self.assertEqual([record["id"] for record in self.bench.records("artifacts")], [made["1.9.0"]])

    def test_who_may_not(self):
        release = self.acme.release(self.product, "1.0.0")
        license = license_header(self.key(self.acme.license(self.policy)))
        for headers, status in [(license, FORBIDDEN), ({}, 401)]:
            answer = self.acme.ask("POST", "/artifacts", self.body(release, filename="a"), token=None, headers=headers)
            self.assertEqual(answer.status, status, answer)

    def test_names_that_lead_elsewhere(self):
        release = self.acme.release(self.product, "1.0.0")
        for name in ("../up", "a/../../up", "/root", "a\u0000b", "a\nb", ".."):
            answer = self.post(release, filename=name)
            self.assertIn(answer.status, (REFUSED, INVALID), f"{name!r}: {answer}")
        named = str(uuid.uuid4())
        other = self.acme.artifact(release, "other.bin")
        self.assertIn(self.post(release, filename=named).status, (REDIRECT, INVALID))
        taken = self.post(release, filename=other["id"])
        found = self.acme.get(f"/artifacts/{other['id']}?prefer=no-download").json()["data"]["id"]
        self.assertEqual(found, other["id"], f"an id is an id, whatever is named like it: {taken}")


class Downloads(Transfers):
    def test_each_preference(self):
        _, artifact = self.stock()
        path = f"/artifacts/{artifact['id']}"
        for headers, query, status, events in [
            ({}, "", SEE_OTHER, 2),
            ({"Prefer": "no-redirect"}, "", OK, 2),
            ({"Prefer": "no-download"}, "", OK, 0),
            ({"Prefer": "wait=5, no-download"}, "", OK, 0),
            ({}, "?prefer=no-redirect,respond-async", OK, 2),
            ({}, "?prefer=no-download", OK, 0),
            ({}, "?prefer[]=no-download", SEE_OTHER, 2),
            ({"Accept": "text/html"}, "", SEE_OTHER, 2),
        ]:
            before = len(self.event_names())
            answer = self.acme.get(path + query, headers=headers)
            with self.subTest(headers=headers, query=query):
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(len(self.event_names()) - before, events)
                linked = answer.json()["data"]["links"].get("redirect")
                self.assertEqual(linked or "", answer.header("Location"))
                self.assertEqual(bool(linked), events > 0)
                self.assertEqual(answer.header("Content-Type"), "application/vnd.api+json; charset=utf-8")
                self.assertIn("no-store", answer.header("Cache-Control"))

    def test_what_cannot_be_downloaded(self):
        license = license_header(self.key(self.acme.license(self.policy)))
        drafts, yanked = (self.stock(version=f"{n}.0.0", status=s)[1] for n, s in [(1, "DRAFT"), (2, "YANKED")])
        waiting = self.acme.artifact(self.acme.release(self.product, "3.0.0"), "a", status="WAITING")
        for artifact, team in [(drafts, SEE_OTHER), (yanked, OK), (waiting, OK)]:
            path = f"/artifacts/{artifact['id']}"
            product = bearer(self.acme.token_of("products", self.product))
            for headers in (self.admin, product):
                shown = self.says(headers, path, team)
                self.assertEqual("redirect" in shown.json()["data"]["links"], team == SEE_OTHER)
            self.says(license, path, ABSENT)
            self.says(None, path, ABSENT)

    def test_lifetimes(self):
        _, artifact = self.stock()
        license = license_header(self.key(self.acme.license(self.policy)))
        path = f"/artifacts/{artifact['id']}?ttl="
        for ttl, status in [
            ("1", SEE_OTHER),
            ("604800", SEE_OTHER),
            ("604801", REFUSED),
            ("0", REFUSED),
            ("-1", REFUSED),
            ("abc", REFUSED),
        ]:
            answer = self.says(self.admin, path + ttl, status, ttl=ttl)
            if status == REFUSED:
                self.assertEqual(answer.json()["errors"][0]["source"], {"parameter": "ttl"})
            self.says(license, path + ttl, SEE_OTHER, ttl=ttl)

    def test_below_a_release_and_a_product(self):
        release, artifact = self.stock()
        other, _ = self.stock(version="2.0.0")
        name = "app-1.0.0.bin"
        for place in (f"/releases/{release['id']}", "/releases/1.0.0", "/products/acme", f"/products/{self.product['id']}"):
            for file in (artifact["id"], name):
                answer = self.says(self.admin, f"{place}/artifacts/{file}", SEE_OTHER)
                self.assertEqual(answer.json()["data"]["id"], artifact["id"])
        self.says(self.admin, f"/releases/{other['id']}/artifacts/{name}", ABSENT)
        self.says(self.admin, f"/releases/{other['id']}/artifacts/{artifact['id']}", ABSENT)
        self.acme.change(self.product, distribution_strategy="OPEN")
        self.says(None, f"/releases/{release['id']}/artifacts/{name}", SEE_OTHER)
        for kind in ("releases", "packages", "artifacts", "platforms", "arches", "channels", "engines"):
            self.says(None, f"/products/acme/{kind}", 401)
            self.says(self.admin, f"/products/acme/{kind}", OK)

    def test_updaters_of_two_products_with_one_file_name(self):
        second = self.acme.product(name="Second", code="second", distribution_strategy="OPEN")
        self.acme.change(self.product, distribution_strategy="OPEN")
        made = {}
        for product in (self.product, second):
            for version in ("1.0.0", "1.1.0", "1.2.0-beta.1"):
                release = self.acme.release(product, version)
                made[product["id"], version] = self.acme.artifact(release, "stable.yml")["id"]
        for product, code in ((self.product, "acme"), (second, "second")):
            for channel, version in (("stable", "1.1.0"), ("beta", "1.2.0-beta.1"), ("rc", "1.1.0")):
                for name in (product["id"], code):
                    path = f"/artifacts/stable.yml?product={name}&channel={channel}"
                    found = self.says(None, path, SEE_OTHER).json()["data"]["id"]
                    self.assertEqual(found, made[product["id"], version], path)

    def test_heads(self):
        release, artifact = self.stock()
        self.acme.artifact(release, "b", platform="linux", arch="x64")
        for path in (
            "/releases",
            f"/releases/{release['id']}",
            f"/releases/{release['id']}/artifacts",
            f"/releases/{release['id']}/package",
            f"/releases/{release['id']}/product",
            f"/releases/{release['id']}/entitlements",
            f"/releases/{release['id']}/constraints",
            "/artifacts",
            "/packages",
            "/engines",
            "/platforms",
            "/arches",
            "/channels",
            "/products/acme/releases",
        ):
            shown, head = self.acme.get(path), self.acme.ask("HEAD", path)
            self.assertEqual((head.status, head.body), (shown.status, b""), path)
            self.assertEqual(head.header("Content-Type"), shown.header("Content-Type"), path)


class First(Transfers):
    """What 1.0 says of a release's one file."""

    def first(self, path: str):
        return self.acme.get(path, headers={"Keygen-Version": "1.0"})

    def test_a_file_that_the_storage_does_not_know(self):
        release = self.acme.release(self.product, "1.0.0")
        self.acme.release(self.product, "0.9.0")
        self.acme.artifact(release, "app.bin", filetype="bin", platform="linux")
        file = f"/releases/{release['id']}/artifact"
        query = f"product={self.product['id']}&platform=linux&filetype=bin&version=0.9.0"
        upgrade = f"/releases/actions/upgrade?{query}"
        self.addCleanup(self.bench.storage, "ok")
        for mode, statuses in [("ok", (303, 303)), ("missing", (404, 204)), ("timeout", (303, 303))]:
            self.bench.storage(mode)
            self.assertEqual((self.first(file).status, self.first(upgrade).status), statuses, mode)
        self.bench.storage("missing")
        detail = self.first(file).json()["errors"][0]["detail"]
        self.assertEqual(detail, "artifact is unavailable (ensure it has been fully uploaded)")

    def test_a_version_that_is_none(self):
        query = f"product={self.product['id']}&platform=linux&filetype=bin&version=new"
        answer = self.first(f"/releases/actions/upgrade?{query}")
        error = answer.json()["errors"][0]
        self.assertEqual((answer.status, error["code"]), (400, "UPGRADE_VERSION_INVALID"))
        self.assertEqual(error["source"], {"parameter": "version"})


class Lists(Transfers):
    def test_artifact_filters(self):
        beta = self.acme.release(self.product, "2.0.0-beta.1")
        package = self.acme.package(self.product, "tool", "raw")
        packed = self.acme.release(self.product, "1.0.0", package, tag="latest")
        plain = self.acme.release(self.product, "1.0.0")
        other = self.acme.product(name="Other", code="other")
        made = {
            "beta": self.acme.artifact(beta, "beta", platform="linux")["id"],
            "packed": self.acme.artifact(packed, "packed", filetype="bin")["id"],
            "plain": self.acme.artifact(plain, "plain", arch="x64", status="WAITING")["id"],
            "other": self.acme.artifact(self.acme.release(other, "7.0.0"), "other")["id"],
        }
        everything = set(made)
        for query, names in [
            ("status=WAITING", {"plain"}),
            ("status=waiting", {"plain"}),
            ("channel=stable", {"packed", "plain", "other"}),
            ("channel=beta", everything),
            ("channel=", everything),
            (f"product={self.product['id']}", {"beta", "packed", "plain"}),
            ("product=other", {"other"}),
            ("product=nothing", set()),
            (f"release={beta['id']}", {"beta"}),
            ("release=1.0.0", {"packed", "plain"}),
            ("release=latest", {"packed"}),
            ("package=tool", {"packed"}),
            (f"package={package['id']}", {"packed"}),
            ("package=", {"beta", "plain", "other"}),
            ("engine=raw", {"packed"}),
            ("engine=", {"beta", "plain", "other"}),
            ("filetype=bin", {"packed"}),
            ("filetype=.BIN", {"packed"}),
            ("filetype=", {"beta", "plain", "other"}),
            ("platform=linux", {"beta"}),
            ("platform=Linux", set()),
            ("platform=", {"packed", "plain", "other"}),
            ("arch=x64", {"plain"}),
            ("arch=X64", set()),
            ("arch=", {"beta", "packed", "other"}),
            ("platform=linux&arch=x64", set()),
            ("unknown=1", everything),
        ]:
            found = self.ids(self.admin, f"/artifacts?{query}")
            with self.subTest(query=query):
                self.assertEqual(found, {made[name] for name in names})
        below = self.ids(self.admin, f"/releases/{beta['id']}/artifacts?platform=linux")
        self.assertEqual(below, {made["beta"]})
        self.assertEqual(self.ids(self.admin, f"/releases/{beta['id']}/artifacts?platform=win32"), set())

    def test_release_filters(self):
        package = self.acme.package(self.product, "tool", "npm")
        both, one = (self.acme.release(self.product, version) for version in ("1.0.0", "2.0.0"))
        free = self.acme.release(self.product, "3.0.0")
        packed = self.acme.release(self.product, "1.0.0", package, status="DRAFT")
        pro, team = self.entitlement("PRO"), self.entitlement("TEAM")
        self.constrain(both, pro, team)
        self.constrain(one, pro)
        names = {"both": both["id"], "one": one["id"], "free": free["id"], "packed": packed["id"]}
        for query, found in [
            ("status=draft", {"packed"}),
            ("status=DRAFT", {"packed"}),
            ("status=nonsense", set()),
            (f"package={package['id']}", {"packed"}),
            ("package=tool", {"packed"}),
            ("package=", {"both", "one", "free"}),
            ("engine=npm", {"packed"}),
            ("engine=", {"both", "one", "free"}),
            ("yanked=true", set()),
            ("yanked=1", set()),
            ("yanked=0", {"both", "one", "free", "packed"}),
            ("entitlements[]=PRO", {"one", "free", "packed"}),
            ("entitlements[]=PRO&entitlements[]=TEAM", {"both", "one", "free", "packed"}),
            ("constraints[]=TEAM", {"free", "packed"}),
            ("product=acme", set()),
            (f"product={self.product['id']}", {"both", "one", "free", "packed"}),
        ]:
            with self.subTest(query=query):
                self.assertEqual(self.ids(self.admin, f"/releases?{query}"), {names[name] for name in found})


class Races(Transfers):
    def at_once(self, *bodies: tuple[str, dict]) -> list:
        """The answers to requests that are sent at the same time, each on its own connection."""
        start, answers = threading.Barrier(len(bodies)), [None] * len(bodies)

        def send(index: int, path: str, body: dict) -> None:
            connection = Connection(self.bench.server.url)
            start.wait()
            headers = {**self.admin, "Content-Type": "application/json"}
            answers[index] = connection.request("POST", self.acme.root + path, json.dumps(body).encode(), headers)
            connection.close()

        threads = [threading.Thread(target=send, args=(i, *body)) for i, body in enumerate(bodies)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def test_one_release_and_one_file(self):
        relationships = {"product": {"data": {"type": "products", "id": self.product["id"]}}}
        attributes = {"version": "1.0.0", "channel": "stable"}
        body = {"data": {"type": "releases", "attributes": attributes, "relationships": relationships}}
        answers = self.at_once(*[("/releases", body)] * 8)
        statuses = sorted(answer.status for answer in answers)
        self.assertEqual(statuses[0], 201)
        self.assertLessEqual(set(statuses[1:]), {409, INVALID}, statuses)
        (release,) = self.bench.records("releases")
        answers = self.at_once(*[("/artifacts", self.body(release, filename="a", platform="linux"))] * 8)
        statuses = sorted(answer.status for answer in answers)
        self.assertEqual(statuses[0], REDIRECT)
        self.assertLessEqual(set(statuses[1:]), {409, INVALID}, statuses)
        self.assertEqual(len(self.bench.records("artifacts")), 1)
        files = [("/artifacts", self.body(release, filename=str(n), platform="new", arch="new")) for n in range(8)]
        self.assertEqual({answer.status for answer in self.at_once(*files)}, {REDIRECT})
        for kind in ("platforms", "arches"):
            keys = [record["attributes"]["key"] for record in self.bench.records(kind)]
            self.assertEqual(len(keys), len(set(keys)), "one record for each key")


if __name__ == "__main__":
    unittest.main()
