"""The token service, asked as clients ask it."""

import base64
import json
import unittest
from urllib.parse import urlencode

from harness import wire
from harness.depot import Depot
from harness.registry import Registry, challenge, scope


class Ping(Depot):
    def test_it_always_challenges_who_has_no_valid_credential(self):
        for headers in ({}, wire.basic("license", "WRONG"), wire.bearer("WRONG"), {"Authorization": "Negotiate x"}):
            answer = wire.get(f"{self.world.server.url}/v2/", headers)
            self.refused(answer, 401, "UNAUTHORIZED")
            asked = challenge(answer)
            self.assertEqual(asked["realm"], f"{self.world.server.url}/token")
            self.assertTrue(asked["service"])
            self.assertEqual(answer.header("docker-distribution-api-version"), "registry/2.0")

    def test_valid_ones_pass(self):
        customer = self.customer()
        for headers in (customer.credential, wire.bearer(self.secret("basic")), customer.with_token()):
            self.assertEqual(wire.get(f"{self.world.server.url}/v2/", headers).status, 200)

    def test_challenges_carry_the_scope(self):
        name, _ = self.push()
        stranger = self.registry()
        for method, path, actions in (
            ("GET", "manifests/1.0.0", "pull"),
            ("POST", "blobs/uploads/", "pull,push"),
            ("PUT", "manifests/1.0.0", "pull,push"),
        ):
            asked = challenge(stranger.ask(method, f"{name}/{path}", b"" if method != "GET" else None))
            self.assertEqual(asked["scope"], f"repository:{name}:{actions}")


class Tokens(Depot):
    def setUp(self) -> None:
        super().setUp()
        self.name, self.document = self.push()
        self.scope = scope(self.name)

    def post(self, **form: str) -> wire.Answer:
        """The token service as containerd asks it."""
        asked = {"service": challenge(wire.get(f"{self.world.server.url}/v2/"))["service"], "client_id": "tests", **form}
        connection = wire.Connection(self.world.server.url)
        self.addCleanup(connection.close)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return connection.request("POST", "/token", urlencode(asked).encode(), kind)

    def reads(self, token: str) -> int:
        return self.registry().manifest(self.name, "1.0.0", headers=wire.bearer(token)).status

    def test_get_with_basic(self):
        answer = self.customer().token_answer(self.scope, account="license")
        told = answer.json()
        self.assertEqual(told["token"], told["access_token"])
        self.assertGreaterEqual(told["expires_in"], 60)
        self.assertTrue(told["issued_at"])
        self.assertNotIn("refresh_token", told)
        self.assertEqual(self.reads(told["token"]), 200)
        self.assertEqual(answer.header("cache-control"), "no-store")

    def test_post_with_a_password(self):
        told = self.post(grant_type="password", username="license", password=self.secret("basic"), scope=self.scope)
        self.assertEqual(told.status, 200, told)
        self.assertEqual(told.json()["scope"], self.scope)
        self.assertEqual(self.reads(told.json()["access_token"]), 200)

    def test_refresh_tokens(self):
        first = self.customer().token_answer(self.scope, offline_token="true").json()
        refresh = first["refresh_token"]
        again = self.post(grant_type="refresh_token", refresh_token=refresh, scope=self.scope)
        self.assertEqual(again.status, 200, again)
        self.assertEqual(self.reads(again.json()["access_token"]), 200)
        for wrong in (refresh[:-4] + "AAAA", "", self.secret("basic"), first["token"]):
            answer = self.post(grant_type="refresh_token", refresh_token=wrong, scope=self.scope)
            self.assertIn(answer.status, (400, 401), f"{wrong}: {answer}")
        self.assertEqual(self.reads(refresh), 401, "a refresh token reads nothing itself")

    def test_a_refresh_token_ends_with_its_licence(self):
        licence, key = self.world.new_license("REFRESH")
        told = self.registry(key).token_answer(self.scope, offline_token="true").json()
        self.world.vendor.must("DELETE", f"/licenses/{licence}")
        answer = self.post(grant_type="refresh_token", refresh_token=told["refresh_token"], scope=self.scope)
        self.assertEqual(answer.status, 401, answer)
        self.assertEqual(self.reads(told["token"]), 401)

    def test_wrong_credentials_get_none(self):
        for answer in (
            self.registry("WRONG").token_answer(self.scope),
            self.post(grant_type="password", username="license", password="WRONG", scope=self.scope),
        ):
            self.refused(answer, 401, "UNAUTHORIZED", "not known here")

    def test_nobody_gets_one_that_opens_nothing(self):
        token = self.registry().token(self.scope)
        self.assertEqual(self.reads(token), 401)

    def test_more_is_asked_than_given(self):
        """Fewer rights than asked for is no error; what is missing is refused where it is needed."""
        headers = self.customer().with_token(scope(self.name, "pull", "push", "delete"), scope("acme/other", "pull"))
        self.assertEqual(self.registry().manifest(self.name, "1.0.0", headers=headers).status, 200)
        answer = self.registry().ask("POST", f"{self.name}/blobs/uploads/", b"", headers)
        self.refused(answer, 403, "DENIED", "licence cannot publish")

    def test_a_refused_licence_gets_one_whose_use_is_refused(self):
        for who, text in (("suspended", "licence is suspended"), ("expired", "licence expired on 2020-01-01")):
            with self.subTest(who):
                answer = self.registry().manifest(self.name, "1.0.0", headers=self.customer(who).with_token(self.scope))
                self.refused(answer, 401, "UNAUTHORIZED", text)
                self.assertIn(text, challenge(answer)["error"])

    def test_odd_requests(self):
        for query in ("", "scope=", "scope=repository", "scope=repository::pull", "scope=%00", f"scope={'x' * 5000}",
                      "service=elsewhere", "scope=registry:catalog:*", "scope=repository(plugin):acme/app:pull"):  # fmt: skip
            with self.subTest(query[:40]):
                answer = wire.get(f"{self.world.server.url}/token?{query}", self.customer().credential)
                self.assertIn(answer.status, (200, 400, 401), answer)
        for body in ({"grant_type": "authorization_code"}, {"grant_type": "password"}, {}):
            self.assertIn(self.post(**body).status, (400, 401), body)


class Scopes(Depot):
    """A token opens what it was made for, and nothing beside it."""

    def setUp(self) -> None:
        super().setUp()
        self.name, self.document = self.push()
        self.beside = f"{self.name}2"
        self.vendor.push(self.beside, "1.0.0", self.document)

    def status(self, path: str, *scopes: str) -> int:
        return self.registry().ask("GET", path, headers=self.customer("pro").with_token(*scopes)).status

    def test_a_token_for_another_repository(self):
        right = scope(self.name)
        self.assertEqual(self.status(f"{self.name}/manifests/1.0.0", right), 200)
        for path in (
            f"{self.beside}/manifests/1.0.0",
            f"{self.beside}/tags/list",
            f"{self.beside}/blobs/{self.document.layers[0]}",
            f"{self.name}/more/manifests/1.0.0",
            f"{self.name.split('/')[0]}/manifests/1.0.0",
        ):
            with self.subTest(path):
                self.assertEqual(self.status(path, right), 401)

    def test_a_token_to_pull_pushes_nothing(self):
        for method, path in (("POST", "blobs/uploads/"), ("PUT", "manifests/2.0.0"), ("DELETE", "manifests/1.0.0")):
            with self.subTest(f"{method} {path}"):
                body = b"" if method != "DELETE" else None
                answer = self.registry().ask(method, f"{self.name}/{path}", body, self.vendor.with_token(scope(self.name)))
                self.refused(answer, 401, "UNAUTHORIZED", "get one with the scope")
        self.assertEqual(self.vendor.tags(self.name), ["1.0.0"])

    def test_scopes_that_look_like_another(self):
        for wanted in (
            f"repository:{self.name.upper()}:pull",
            f"repository:{self.name}/../{self.beside}:pull",
            f"repository:{self.name}%2f:pull",
            f"repository(plugin):{self.name}:pull",
            f"repository:{self.name}*:pull",
            "repository:*:*",
        ):
            with self.subTest(wanted):
                self.assertEqual(self.status(f"{self.beside}/manifests/1.0.0", wanted), 401)

    def test_several_in_one_token(self):
        both = (scope(self.name), scope(self.beside))
        for name in (self.name, self.beside):
            self.assertEqual(self.status(f"{name}/manifests/1.0.0", *both), 200)
        self.assertEqual(self.status(f"{self.beside}/manifests/1.0.0", " ".join(both)), 200)


class Forged(Depot):
    """Tokens that nobody here made."""

    def forged(self, token: str) -> list[str]:
        """What another registry took: unsigned, or signed with what comes along; and this one with a letter changed."""
        claims = {"iss": "keyway", "sub": "admin", "aud": "keyway", "exp": 4102444800, "nbf": 0, "iat": 0}
        claims["access"] = [{"type": "repository", "name": self.name, "actions": ["pull", "push", "*"]}]
        key = {"kty": "oct", "k": base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")}

        def part(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        heads = [
            {"alg": "none"},
            {"alg": "None", "typ": "JWT"},
            {"alg": "HS256", "jwk": key},
            {"alg": "EdDSA", "jku": "http://127.0.0.1:9/keys"},
            {"alg": "RS256", "x5c": ["AAAA"]},
            {"alg": "HS256", "kid": "../../../../dev/null"},
        ]
        made = [f"{part(head)}.{part(claims)}.{signature}" for head in heads for signature in ("", "AAAA")]
        for at in range(0, len(token), 9):
            made.append(token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :])
        return [*made, token[:-6], f"{token}.{token}", token.upper(), "", ".", "..", "a.b.c", "x" * 9000]

    def test_none_is_taken(self):
        self.name, _ = self.push()
        good = self.customer().token(scope(self.name))
        self.assertEqual(self.registry().manifest(self.name, "1.0.0", headers=wire.bearer(good)).status, 200)
        for token in self.forged(good):
            with self.subTest(token[:60]):
                answer = self.registry().manifest(self.name, "1.0.0", headers=wire.bearer(token))
                self.assertIn(answer.status, (401, 431) if len(token) > 8000 else (401,), answer)

    def test_a_token_of_another_server(self):
        self.name, document = self.push()
        good = self.customer().token(scope(self.name))
        elsewhere = self.own_world()
        self.vendor.push(self.name, "1.0.0", document)
        answer = Registry(elsewhere.server).manifest(self.name, "1.0.0", headers=wire.bearer(good))
        self.assertEqual(answer.status, 401, answer)


if __name__ == "__main__":
    unittest.main()
