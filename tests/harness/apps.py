"""An app with updates, and users of every kind: what the suites of updaters have in common."""

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from . import places
from .waiting import until
from .wire import Answer, get, license_header
from .world import World

from making.containers import File, zip_archive  # noqa: E402  (places.py puts fixtures/ on the path)

assert places.FIXTURES

RUNS = "1.0.0"
# What each licence is led to from 1.0.0; None for those who are refused.
LED_TO = {"pro": "1.2.0", "basic": "1.1.0", "lapsed": "1.1.0", "suspended": None, "expired": None, "wrong": None}
numbers = itertools.count(1)


class App:
    """A package with 1.0.0, 1.1.0, and 1.2.0, which needs the entitlement `pro` and came after the licence `lapsed`
    expired. `files` makes a release's files by name."""

    def __init__(self, world: World, engine: str, files: Callable[[str], dict[str, bytes]]) -> None:
        self.world, self.engine, self.files = world, engine, files
        self.key = f"app{next(numbers)}"
        self.package = world.new_package(self.key, engine)
        self.releases = {version: self.publish(version) for version in (RUNS, "1.1.0")}
        lapse = datetime.now(UTC) + timedelta(milliseconds=20)
        until(lambda: datetime.now(UTC) > lapse + timedelta(milliseconds=20), "the licence lapsed")
        policy = world.new_policy("Restricting", expirationStrategy="RESTRICT_ACCESS")
        expiry = lapse.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        lapsed = world.new_license("LAPSED", policy=policy, expiry=expiry, entitlements=[world.pro])[1]
        self.keys = {**world.keys, "lapsed": lapsed, "wrong": "WRONG-KEY-0000"}
        self.releases["1.2.0"] = self.publish("1.2.0", needs=[world.pro])

    @property
    def url(self) -> str:
        return f"{self.world.registry(self.engine)}/{self.key}"

    def publish(self, version: str, files: dict[str, bytes] | None = None, **release: object) -> str:
        """A release with its files, published once they are here."""
        made = self.world.new_release(version, self.package, status="DRAFT", **release)
        for name, content in (self.files(version) if files is None else files).items():
            self.world.vendor.publish(made, name, content)
        self.world.vendor.act("releases", made, "publish")
        return made

    def remove(self, release: str) -> None:
        self.world.vendor.must("DELETE", f"/releases/{release}")

    def ask(self, path: str, who: str = "pro", **headers: str) -> Answer:
        """What a path below the package answers; redirects are not followed."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return get(self.url + path, {**license_header(self.keys[who]), **given})

    def token(self, who: str) -> str:
        """The path of a download token of a licence, for clients that can send no header."""
        vendor = self.world.vendor
        license = vendor.must("GET", f"/licenses/{self.keys[who]}")["id"]
        return vendor.must_meta(f"/licenses/{license}/actions/generate-download-token", {"ttl": 3600})["path"]

    def tokened(self, who: str) -> str:
        """The package's address with a token in it."""
        return f"{self.world.registry(self.engine)}{self.token(who)}/{self.key}"

    def decision(self, path: str, who: str = "pro") -> str:
        return self.ask(path, who).header("x-update-decision")


def program(version: str) -> bytes:
    """An app's program: large enough to be loaded from an object store, where there is one."""
    return random.Random(version).randbytes(100_000)


def nupkg(name: str, version: str, content: bytes, **metadata: str) -> bytes:
    """A package as Velopack and Squirrel make them."""
    said = {"id": name, "version": version, "title": name, "authors": "Acme", "description": name, **metadata}
    lines = "".join(f"<{key}>{value}</{key}>" for key, value in said.items())
    spec = f'<?xml version="1.0" encoding="utf-8"?>\n<package><metadata>{lines}</metadata></package>\n'
    return zip_archive([File(f"{name}.nuspec", spec.encode()), File("lib/app/app", content)])
