"""A server under test, and its test-support endpoint as an outsider's harness speaks it."""

import json
import time
import uuid

from .server import Server
from .waiting import until
from .wire import Answer, Connection

TOKEN = "the-suite-s-own-token"


class Bench:
    """A server that was built with the feature and started with the flag; empty at first."""

    def __init__(self, *flags: str, **options: object) -> None:
        self.server = Server("--test-support", "--admin-token", TOKEN, *flags, **options).start()
        self.connection = Connection(self.server.url)

    def close(self) -> None:
        self.connection.close()
        self.server.close()

    def ask(self, method: str, path: str, body: object = None, headers: dict | None = None) -> Answer:
        """Any request, as it is."""
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        typed = {} if body is None else {"Content-Type": "application/json"}
        return self.connection.request(method, path, body=sent, headers={**typed, **(headers or {})})

    def support(self, method: str, path: str, body: object = None) -> Answer:
        return self.ask(method, f"/v1/_test{path}", body, {"Authorization": f"Bearer {TOKEN}"})

    def must(self, method: str, path: str, body: object = None) -> dict:
        answer = self.support(method, path, body)
        assert 200 <= answer.status < 300, f"{method} {path}: {answer}"
        return answer.json() if answer.body else {}

    def reset(self) -> None:
        self.must("POST", "/reset")

    def insert(self, *records: dict) -> list[dict]:
        return self.must("POST", "/fixtures", {"insert": list(records)})["data"]

    def update(self, *records: dict) -> list[dict]:
        return self.must("POST", "/fixtures", {"update": list(records)})["data"]

    def delete(self, *records: dict) -> None:
        self.must("POST", "/fixtures", {"delete": [{"type": r["type"], "id": r["id"]} for r in records]})

    def records(self, kind: str, account: str | None = None) -> list[dict]:
        suffix = f"&account_id={account}" if account else ""
        return self.must("GET", f"/records?type={kind}{suffix}")["data"]

    def freeze(self, now: str | None) -> None:
        self.must("POST", "/clock", {"now": now})

    def secret(self, kind: str, record: str) -> str:
        return self.must("POST", "/mint", {"kind": "secret", "type": kind, "id": record})["value"]

    def storage(self, mode: str) -> Answer:
        return self.support("POST", "/storage", {"mode": mode})

    def idle(self) -> None:
        until(lambda: self.must("GET", "/effects")["idle"], "the background work is done")

    def account(self, **attributes: object) -> "Tenant":
        return Tenant(self, **attributes)


class Tenant:
    """An account with its first admin, and what is made in it."""

    def __init__(self, bench: Bench, **attributes: object) -> None:
        self.bench = bench
        self.id = str(uuid.uuid4())
        slug = attributes.pop("slug", f"account-{self.id[:8]}")
        self.record = self.make("accounts", id=self.id, name=slug.title(), slug=slug, **attributes)
        self.root = f"/v1/accounts/{self.id}"
        self.admin = self.make("users", email=f"admin@{slug}.example", role="admin")
        self.token = self.token_of("users", self.admin)

    def make(self, kind: str, id: str | None = None, **attributes: object) -> dict:
        record = {"type": kind, "id": id or str(uuid.uuid4()), "account_id": self.id, "attributes": attributes}
        return self.bench.insert(record)[0]

    def change(self, record: dict, **attributes: object) -> dict:
        changed = {"type": record["type"], "id": record["id"], "account_id": self.id, "attributes": attributes}
        return self.bench.update(changed)[0]

    def token_of(self, kind: str, bearer: dict, **attributes: object) -> str:
        made = self.make("tokens", bearer_type=kind, bearer_id=bearer["id"], **attributes)
        return made["secret"]

    def ask(
        self, method: str, path: str, body: object = None, token: str | None = "", headers: dict | None = None
    ) -> Answer:
        """A request below the account, as its admin unless told; `None` is nobody."""
        token = self.token if token == "" else token
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        return self.bench.ask(method, self.root + path, body, {**sent, **(headers or {})})

    def get(self, path: str, **more: object) -> Answer:
        return self.ask("GET", path, **more)

    # What most scenarios begin with.

    def product(self, **attributes: object) -> dict:
        return self.make("products", **{"name": "Acme", "distribution_strategy": "LICENSED", **attributes})

    def policy(self, product: dict, **attributes: object) -> dict:
        defaults = {"name": "Policy", "authentication_strategy": "MIXED", "product_id": product["id"]}
        return self.make("policies", **{**defaults, **attributes})

    def license(self, policy: dict, **attributes: object) -> dict:
        return self.make("licenses", policy_id=policy["id"], **attributes)

    def package(self, product: dict, key: str, engine: str | None, **attributes: object) -> dict:
        return self.make("packages", product_id=product["id"], key=key, name=key, engine=engine, **attributes)

    def release(self, product: dict, version: str, package: dict | None = None, **attributes: object) -> dict:
        place = {"product_id": product["id"], "package_id": package and package["id"]}
        return self.make("releases", **{"version": version, "status": "PUBLISHED", **place, **attributes})

    def artifact(self, release: dict, filename: str, **attributes: object) -> dict:
        defaults = {"filename": filename, "status": "UPLOADED", "release_id": release["id"], "filesize": 1}
        return self.make("artifacts", **{**defaults, **attributes})


def took(work, times: int) -> float:
    """The mean seconds that a piece of work takes."""
    began = time.monotonic()
    for _ in range(times):
        work()
    return (time.monotonic() - began) / times
