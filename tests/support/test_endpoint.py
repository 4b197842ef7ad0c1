"""The test-support endpoint, driven from outside as an acceptance suite drives it."""

import subprocess
import unittest
import uuid

from harness.bench import TOKEN, Bench, took
from harness.places import binary
from harness.waiting import until
from harness.wire import basic, license_header

FROZEN = "2024-01-15T00:00:00.000Z"
PORTAL = "https://portal.example.com"


class Benched(unittest.TestCase):
    """One server for all tests of a class; every test begins with nothing."""

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.close)

    def setUp(self):
        self.bench.reset()
        self.acme = self.bench.account()

    def status(self, *arguments, **more) -> int:
        return self.acme.ask(*arguments, **more).status


class Endpoint(Benched):
    def test_says_what_it_can_do(self):
        features = self.bench.must("GET", "")["features"]
        self.assertLessEqual({"accounts", "records", "mint", "clock", "effects", "storage"}, set(features))

    def test_insists_on_the_token(self):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
            for method, path in [("GET", ""), ("POST", "/reset"), ("GET", "/records?type=users")]:
                self.assertEqual(self.bench.ask(method, f"/v1/_test{path}", headers=headers).status, 401, path)

    def test_unknown_paths_and_methods(self):
        for method, path in [("GET", "/nothing"), ("GET", "/reset"), ("DELETE", ""), ("POST", "/records")]:
            self.assertEqual(self.bench.support(method, path).status, 404, path)
        self.assertEqual(self.bench.ask("GET", "/v1/_testing").status, 404)

    def test_bad_bodies(self):
        for body in (b"{", b"[]", {"insert": {}}, {"upsert": []}, {"insert": [{"type": "users", "id": "1"}]}):
            self.assertEqual(self.bench.support("POST", "/fixtures", body).status, 400, body)

    def test_all_or_nothing(self):
        def product(**attributes):
            made = {"type": "products", "id": str(uuid.uuid4()), "account_id": self.acme.id}
            return {**made, "attributes": attributes}

        refused = self.bench.support("POST", "/fixtures", {"insert": [product(), product(horn=1)]})
        self.assertEqual(refused.status, 422)
        self.assertIn("horn", refused.json()["error"])
        self.assertEqual(self.bench.records("products"), [])

    def test_is_quick(self):
        self.assertLess(took(self.bench.account, 10), 0.15)  # an account, a user, a token
        self.assertLess(took(self.bench.reset, 10), 0.05)


class Records(Benched):
    def test_reset_leaves_nothing_and_stale_credentials_with_it(self):
        self.assertEqual(self.status("GET", "/products"), 200)
        self.bench.reset()
        self.assertNotEqual(self.status("GET", "/products"), 200)
        for kind in ("accounts", "users", "tokens", "products", "filetypes"):
            self.assertEqual(self.bench.records(kind), [], kind)

    def test_what_is_inserted_is_in_the_api(self):
        product = self.acme.product(code="acme")
        license = self.acme.license(self.acme.policy(product), name="First")
        release = self.acme.release(product, "1.2.3", tag="latest")
        artifact = self.acme.artifact(release, "App.exe", platform="win32", arch="x86", filetype="exe")
        for path, found in [
            ("/products/acme", product),
            (f"/licenses/{license['attributes']['key']}", license),
            ("/releases/latest", release),
            (f"/artifacts/{artifact['id']}", artifact),
        ]:
            answer = self.acme.get(path)
            self.assertIn(answer.status, (200, 303), f"{path}: {answer}")
            self.assertEqual(answer.json()["data"]["id"], found["id"], path)
        for path, key in [("/platforms", "win32"), ("/arches", "x86"), ("/channels", "stable")]:
            keys = [item["attributes"]["key"] for item in self.acme.get(path).json()["data"]]
            self.assertEqual(keys, [key], path)

    def test_what_the_api_makes_is_in_the_records(self):
        product = {"type": "products", "attributes": {"name": "Made", "code": "made"}}
        made = self.acme.ask("POST", "/products", {"data": product})
        self.assertEqual(made.status, 201)
        (stored,) = self.bench.records("products", self.acme.id)
        self.assertEqual(stored["id"], made.json()["data"]["id"])
        self.assertEqual(stored["attributes"]["code"], "made")

    def test_states_that_the_api_refuses(self):
        product = self.acme.product()
        release = self.acme.release(product, "1.0.0")
        license = self.acme.license(self.acme.policy(product), expiry="2020-01-01T00:00:00Z", key="x")
        user = self.acme.make("users", email="gone@example.com", banned_at="2020-01-01T00:00:00Z")
        expired = self.acme.token_of("users", user, expiry="2020-01-01T00:00:00Z")
        for status in ("WAITING", "PROCESSING", "FAILED", "YANKED"):
            self.acme.artifact(release, f"{status}.bin", status=status)
            shown = self.acme.get(f"/artifacts/{status}.bin")
            self.assertEqual(shown.json()["data"]["attributes"]["status"], status)
        self.assertEqual(self.acme.get(f"/licenses/{license['id']}").json()["data"]["attributes"]["status"], "EXPIRED")
        self.assertEqual(self.status("GET", "/me", token=expired), 401)

    def test_updates_and_deletions_are_seen_at_once(self):
        product = self.acme.product(distribution_strategy="OPEN")
        path = f"/products/{product['id']}"
        self.assertEqual(self.status("GET", path), 200)
        self.acme.change(product, name="Renamed")
        self.assertEqual(self.acme.get(path).json()["data"]["attributes"]["name"], "Renamed")
        self.bench.delete(product)
        self.assertEqual(self.status("GET", path), 404)
        self.bench.delete({"type": "users", "id": self.acme.admin["id"]})
        self.assertEqual(self.status("GET", "/products"), 401)

    def test_oldest_first(self):
        made = [self.acme.product(name=str(number)) for number in range(5)]
        early = self.acme.product(name="early", created_at="2020-01-01T00:00:00Z")
        stored = self.bench.records("products")
        self.assertEqual([record["id"] for record in stored], [record["id"] for record in [early, *made]])
        self.assertEqual(stored[0]["attributes"]["created_at"], "2020-01-01T00:00:00.000Z")

    def test_logs_in_with_passwords_and_keys(self):
        self.acme.make("users", email="ann@example.com", password="correct horse")
        headers = basic("ann@example.com", "correct horse")
        self.assertEqual(self.status("POST", "/tokens", token=None, headers=headers), 201)
        license = self.acme.license(self.acme.policy(self.acme.product()))
        headers = license_header(license["attributes"]["key"])
        self.assertEqual(self.status("GET", "/me", token=None, headers=headers), 200)

    def test_permissions_replace_the_role_s(self):
        user = self.acme.make("users", role="developer", permissions=["product.read"])
        token = self.acme.token_of("users", user)
        self.assertEqual(self.status("GET", "/products", token=token), 200)
        self.assertEqual(self.status("GET", "/users", token=token), 403)

    def test_types_that_are_only_kept(self):
        plan = self.acme.make("plans", name="Std 1")
        self.assertEqual([record["id"] for record in self.bench.records("plans")], [plan["id"]])
        self.acme.change(self.acme.record, plan_id=plan["id"])

    def test_an_account_that_has_ended_is_not_served(self):
        for state, status in (("subscribed", 200), ("canceled", 403), ("canceling", 200)):
            self.acme.change(self.acme.record, subscription_state=state)
            self.assertEqual(self.status("GET", "/products"), status, state)


class Accounts(Benched):
    def test_each_request_is_for_the_account_of_its_path(self):
        other = self.bench.account(slug="other")
        ours, theirs = self.acme.product(name="Ours"), other.product(name="Theirs")
        for tenant, product, foreign in [(self.acme, ours, theirs), (other, theirs, ours)]:
            answer = tenant.get(f"/products/{product['id']}")
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.header("Keygen-Account"), tenant.id)
            self.assertEqual(tenant.get(f"/products/{foreign['id']}").status, 404)
        headers = {"Authorization": f"Bearer {other.token}"}
        self.assertEqual(self.bench.ask("GET", "/v1/accounts/other/products", headers=headers).status, 200)
        self.assertEqual(self.acme.ask("GET", "/products", token=other.token).status, 401)
        self.assertEqual(self.bench.ask("GET", f"/v1/accounts/{uuid.uuid4()}/products", headers=headers).status, 404)

    def test_without_an_account_in_the_path_it_is_the_oldest(self):
        product = self.acme.product()
        self.bench.account()
        headers = {"Authorization": f"Bearer {self.acme.token}"}
        self.assertEqual(self.bench.ask("GET", f"/v1/products/{product['id']}", headers=headers).status, 200)


class ManyAccounts(unittest.TestCase):
    def test_a_server_for_many_asks_which(self):
        bench = Bench("--mode", "multiplayer")
        self.addCleanup(bench.close)
        acme = bench.account()
        answer = bench.ask("GET", "/v1/products", headers={"Authorization": f"Bearer {acme.token}"})
        self.assertEqual(answer.status, 404, answer)
        self.assertEqual(answer.json()["errors"][0]["detail"], "account is required")
        self.assertEqual(acme.get("/products").status, 200)


class Time(Benched):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.bench.freeze, None)

    def test_a_frozen_day(self):
        license = self.acme.license(self.acme.policy(self.acme.product()), expiry="2024-06-01T00:00:00Z")
        token = self.acme.token_of("users", self.acme.admin, expiry=None)
        path = f"/licenses/{license['id']}"
        shown = self.acme.get(path, token=token)
        self.assertEqual(shown.json()["data"]["attributes"]["status"], "EXPIRED")
        self.bench.freeze(FROZEN)
        dates = set()
        for _ in range(3):
            shown = self.acme.get(path, token=token)
            dates.add(shown.header("Date"))
        self.assertEqual(shown.json()["data"]["attributes"]["status"], "ACTIVE")
        self.assertEqual(dates, {"Mon, 15 Jan 2024 00:00:00 GMT"})
        made = self.acme.ask("POST", "/products", {"data": {"type": "products", "attributes": {"name": "Now"}}})
        self.assertEqual(made.json()["data"]["attributes"]["created"], FROZEN)
        self.bench.freeze("2024-06-01T00:00:01Z")
        shown = self.acme.get(path, token=token)
        self.assertEqual(shown.json()["data"]["attributes"]["status"], "EXPIRED")
        self.bench.freeze(None)
        self.assertNotIn("2024", self.acme.get(path, token=token).header("Date"))

    def test_licences_expire_by_the_calendar(self):
        self.bench.freeze("2021-01-31T00:00:00.000Z")
        product = self.acme.product()
        for seconds, expiry in [(31_556_952, "2022-01-31"), (2_629_746, "2021-02-28"), (86_400, "2021-02-01")]:
            license = self.acme.license(self.acme.policy(product, duration=seconds))
            self.assertEqual(license["attributes"]["expiry"][:16], f"{expiry}T00:00", seconds)

    def test_reset_lets_time_run(self):
        self.bench.freeze(FROZEN)
        self.bench.reset()
        self.assertNotIn("2024", self.bench.ask("GET", "/v1/health").header("Date"))

    def test_jobs_become_due_with_the_day(self):
        release = self.acme.release(self.acme.product(), "1.0.0")
        attributes = {"filename": "late.bin"}
        relationships = {"release": {"data": {"type": "releases", "id": release["id"]}}}
        body = {"data": {"type": "artifacts", "attributes": attributes, "relationships": relationships}}
        made = self.acme.ask("POST", "/artifacts", body)
        self.assertEqual(made.status, 307, made)
        self.assertTrue(self.bench.must("GET", "/effects")["idle"], "the end of the wait is not due yet")
        self.bench.freeze("2098-01-01T00:00:00Z")
        token = self.acme.token_of("users", self.acme.admin, expiry=None)
        path = f"/artifacts/{made.json()['data']['id']}"
        status = lambda: self.acme.get(path, token=token).json()["data"]["attributes"]["status"]  # noqa: E731
        until(lambda: status() == "FAILED", "the wait for the upload ends")
        self.bench.idle()


class Secrets(Benched):
    def test_tokens_of_fixtures_and_of_the_api(self):
        token = self.acme.make("tokens", bearer_type="users", bearer_id=self.acme.admin["id"])
        self.assertEqual(self.bench.secret("tokens", token["id"]), token["secret"])
        self.assertEqual(self.status("GET", "/products", token=token["secret"]), 200)
        product = self.acme.product()
        made = self.acme.ask("POST", f"/products/{product['id']}/tokens").json()["data"]
        self.assertEqual(self.bench.secret("tokens", made["id"]), made["attributes"]["token"])
        again = self.acme.ask("PUT", f"/tokens/{made['id']}").json()["data"]["attributes"]["token"]
        self.assertNotEqual(again, made["attributes"]["token"])
        self.assertEqual(self.bench.secret("tokens", made["id"]), again)

    def test_one_time_passwords(self):
        jane = self.acme.make("users", email="jane@example.com", password="correct horse")
        factor = self.acme.make("second_factors", user_id=jane["id"], enabled=True)
        body = {"kind": "one-time-password", "type": "second_factors", "id": factor["id"]}
        otp = self.bench.must("POST", "/mint", body)["value"]
        login = basic("jane@example.com", "correct horse")
        said = []
        for meta in ({}, {"otp": otp}, {"otp": otp}):
            answer = self.acme.ask("POST", "/tokens", {"meta": meta}, headers=login, token=None)
            said.append(answer.json().get("errors", [{"code": answer.status}])[0]["code"])
        self.assertEqual(said, ["OTP_REQUIRED", 201, "OTP_INVALID"])

    def test_password_reset_tokens(self):
        jane = self.acme.make("users", email="jane@example.com", password="correct horse")
        said = []
        for more in ({"expired": True}, {}):
            body = {"kind": "password-reset-token", "type": "users", "id": jane["id"], **more}
            raw = self.bench.must("POST", "/mint", body)["value"]
            meta = {"passwordResetToken": raw, "newPassword": "battery staple"}
            path = f"/users/{jane['id']}/actions/reset-password"
            said.append(self.acme.ask("POST", path, {"meta": meta}, token=None).status)
        self.assertEqual(said, [401, 200])

    def test_cookies_of_sessions(self):
        bench = Bench("--portal-origin", PORTAL)
        self.addCleanup(bench.close)
        acme = bench.account()
        jane = acme.make("users", email="jane@example.com")
        token = acme.make("tokens", bearer_type="User", bearer_id=jane["id"])
        said = []
        for expiry, origin in ((None, PORTAL), (None, "https://elsewhere.example.com"), ("2020-01-01T00:00:00.000Z", PORTAL)):
            session = acme.make("sessions", token_id=token["id"], expiry=expiry)
            body = {"kind": "cookie", "type": "sessions", "id": session["id"]}
            headers = {"Cookie": bench.must("POST", "/mint", body)["value"], "Origin": origin}
            answer = acme.ask("GET", "/me", headers=headers, token=None)
            said.append(answer.json().get("errors", [{"code": answer.status}])[0]["code"])
        self.assertEqual(said, [200, "TOKEN_MISSING", "SESSION_EXPIRED"])

    def test_what_it_cannot_mint(self):
        for kind in ("cookie", "one-time-password", "fortune"):
            body = {"kind": kind, "type": "users", "id": self.acme.admin["id"]}
            self.assertEqual(self.bench.support("POST", "/mint", body).status, 422, kind)
        body = {"kind": "secret", "type": "tokens", "id": str(uuid.uuid4())}
        self.assertEqual(self.bench.support("POST", "/mint", body).status, 422)


class Downloads(Benched):
    def test_an_uploaded_artifact_counts_as_stored(self):
        product = self.acme.product()
        artifact = self.acme.artifact(self.acme.release(product, "1.0.0"), "App.exe", filesize=3)
        answer = self.acme.get(f"/artifacts/{artifact['id']}")
        self.assertEqual(answer.status, 303)
        self.assertEqual(self.bench.ask("GET", answer.header("Location")).status, 200)
        self.bench.storage("missing")
        self.addCleanup(self.bench.storage, "ok")
        self.assertEqual(self.bench.ask("GET", answer.header("Location")).status, 404)

    def test_without_a_status_it_is_older_than_statuses(self):
        release = self.acme.release(self.acme.product(), "1.0.0")
        old = self.acme.artifact(release, "old.exe", status=None)
        self.assertEqual(old["attributes"]["status"], "UPLOADED")
        self.assertEqual(self.acme.get(f"/artifacts/{old['id']}").status, 303)

    def test_raw_index_and_engine_pages_know_it(self):
        product = self.acme.product(distribution_strategy="OPEN", code="acme")
        package = self.acme.package(product, "acme-widget", "pypi")
        release = self.acme.release(product, "1.0.0", package)
        self.acme.artifact(release, "acme_widget-1.0.0-py3-none-any.whl", filetype="whl")
        page = self.bench.ask("GET", f"{self.acme.root}/engines/pypi/simple/acme-widget/")
        self.assertEqual(page.status, 200, page)


class Storage(Benched):
    def test_misbehaves_until_it_is_told_to_behave(self):
        release = self.acme.release(self.acme.product(), "1.0.0")
        relationships = {"release": {"data": {"type": "releases", "id": release["id"]}}}
        body = {"data": {"type": "artifacts", "attributes": {"filename": "a.bin"}, "relationships": relationships}}
        made = self.acme.ask("POST", "/artifacts", body)
        self.assertEqual(self.bench.ask("PUT", made.header("Location"), b"bytes").status // 100, 2)
        self.bench.idle()
        path = f"/artifacts/{made.json()['data']['id']}"
        for mode, status in [("ok", 200), ("missing", 404), ("timeout", 503), ("ok", 200)]:
            self.assertEqual(self.bench.storage(mode).status, 200)
            answer = self.acme.get(path)
            self.assertEqual(answer.status, 303, f"{mode}: {answer}")
            self.assertEqual(self.bench.ask("GET", answer.header("Location")).status, status, mode)
        self.bench.storage("missing")
        self.bench.reset()
        self.assertEqual(self.bench.storage("sideways").status, 400)


class Absence(unittest.TestCase):
    """Without the flag there is no endpoint, and without the feature no flag."""

    def test_without_the_flag_there_is_nothing(self):
        from harness.server import Server
        from harness.wire import Connection

        server = Server().start()
        self.addCleanup(server.close)
        connection = Connection(server.url)
        self.addCleanup(connection.close)
        unknown = connection.request("GET", "/v1/no-such-thing")
        for method, path in [("GET", ""), ("POST", "/reset"), ("POST", "/fixtures"), ("GET", "/records?type=users")]:
            answer = connection.request(method, f"/v1/_test{path}", headers={"Authorization": f"Bearer {server.token}"})
            self.assertEqual(answer.status, 404, path)
        self.assertEqual(unknown.status, 404)

    def test_the_flag_needs_the_endpoint(self):
        result = subprocess.run(
            [str(binary()), "serve", "--admin-token", "x"], capture_output=True, text=True, timeout=30
        )
        self.assertEqual(result.returncode, 2)
        self.assertIn("--test-support", result.stderr)


if __name__ == "__main__":
    unittest.main()
