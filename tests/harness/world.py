"""Acme, a vendor with everything that a suite needs: products, policies, licences and the fixture packages.

Suites share one world and only read from what it sets up; what a test changes, it makes for itself.
"""

import itertools
import re
import uuid
from typing import NamedTuple

from . import places
from .places import FIXTURES
from .server import Server
from .vendor import Vendor

from making import npm as make_npm  # noqa: E402  (places.py puts fixtures/ on the path)
from making import pypi as make_pypi  # noqa: E402
from making import rubygems as make_gems  # noqa: E402

assert places.FIXTURES

PAST = "2020-01-01T00:00:00.000Z"
CHANNELS = [
    ("beta", re.compile(r"[-.]beta|\db\d")),
    ("alpha", re.compile(r"-alpha|\da\d")),
    ("rc", re.compile(r"-rc|\drc\d")),
]


def channel_of(version: str) -> str:
    """The channel under which a vendor would publish a version."""
    if re.search(r"-next|dev", version):
        return "dev"
    return next((channel for channel, mark in CHANNELS if mark.search(version)), "stable")


class Made(NamedTuple):
    """A package made for one test: its name, its id, and the ids of its releases."""

    name: str
    package: str
    releases: list[str]


class World:
    """A started server with Acme on it."""

    def __init__(self, server: Server, vendor: Vendor | None = None) -> None:
        """`vendor` is whose account it is, where the server has several."""
        self.server = server
        self.vendor = vendor or Vendor(server.url, server.token)
        self.numbers = itertools.count(1)
        create = self.vendor.create
        self.product = create("products", {"name": "Acme", "code": "acme"})["id"]
        self.policy = self.new_policy("Standard")
        self.revoking = self.new_policy("Revoking", expirationStrategy="REVOKE_ACCESS")
        self.pro = create("entitlements", {"name": "Pro", "code": "pro"})["id"]
        self.other_product = create("products", {"name": "Other", "code": "other"})["id"]
        self.other_policy = self.new_policy("Other", product=self.other_product)
        self.keys = {
            "pro": self.new_license("PRO", entitlements=[self.pro])[1],
            "basic": self.new_license("BASIC")[1],
            "suspended": self.new_license("SUSPENDED", suspended=True, entitlements=[self.pro])[1],
            "expired": self.new_license("EXPIRED", policy=self.revoking, expiry=PAST, entitlements=[self.pro])[1],
            "other": self.new_license("OTHER", policy=self.other_policy)[1],
        }

    def new_policy(self, name: str, product: str | None = None, **attributes: object) -> str:
        attributes = {"name": name, "authenticationStrategy": "MIXED", **attributes}
        return self.vendor.create("policies", attributes, product=product or self.product)["id"]

    def new_license(
        self, label: str = "TEST", policy: str | None = None, entitlements: list | None = None, **attributes: object
    ) -> tuple[str, str]:
        """A licence of its own; returns id and key."""
        key = f"{label}-{uuid.uuid4().hex[:16].upper()}"
        made = self.vendor.create("licenses", {"key": key, **attributes}, policy=policy or self.policy)
        if entitlements:
            self.vendor.entitle(made["id"], *entitlements)
        return made["id"], key

    def new_package(self, key: str, engine: str | None, product: str | None = None) -> str:
        attributes = {"name": key, "key": key, "engine": engine}
        return self.vendor.create("packages", attributes, product=product or self.product)["id"]

    def new_release(
        self,
        version: str,
        package: str | None = None,
        product: str | None = None,
        needs: list | None = None,
        **attributes,
    ) -> str:
        """A release, published at once unless `status` says otherwise; `needs` are entitlements."""
        given = {"version": version, "channel": channel_of(version), "status": "DRAFT", **attributes}
        publish = attributes.get("status") is None
        made = self.vendor.create("releases", given, product=product or self.product, package=package)["id"]
        if needs:
            self.vendor.constrain(made, *needs)
        if publish:
            self.vendor.act("releases", made, "publish")
        return made

    def publish_npm(
        self, name: str, version: str, package: str, content: bytes | None = None, **release: object
    ) -> str:
        """A release of an npm package with its tarball; returns the release."""
        manifest = make_npm.package_json(name, version)
        files = [make_npm.File("index.js", make_npm.index_js(version))]
        content = content or make_npm.tarball(manifest, files, f"# {name}\n")
        made = self.new_release(version, package, **release)
        self.vendor.publish(made, f"{name.replace('@', '').replace('/', '-')}-{version}.tgz", content)
        return made

    def new_npm(self, *versions: str, **release: object) -> Made:
        """An npm package of its own with these versions."""
        name = f"@acme/part{next(self.numbers)}"
        package = self.new_package(name, "npm")
        return Made(name, package, [self.publish_npm(name, version, package, **release) for version in versions])

    def publish_wheel(
        self, name: str, version: str, package: str, requires: list | None = None, **release: object
    ) -> str:
        """A release of a Python package with its wheel; returns the release."""
        made = self.new_release(version, package, **release)
        self.vendor.publish(made, wheel_name(name, version), wheel(name, version, requires))
        return made

    def new_python(self, *versions: str, **release: object) -> Made:
        """A Python package of its own with these versions as wheels."""
        name = f"acme-part{next(self.numbers)}"
        package = self.new_package(name, "pypi")
        return Made(name, package, [self.publish_wheel(name, version, package, **release) for version in versions])

    def publish_gem(
        self,
        name: str,
        version: str,
        package: str,
        content: bytes | None = None,
        platform: str = "ruby",
        release: dict | None = None,
        **spec: object,
    ) -> str:
        """A release with one gem; returns the release."""
        made = self.new_release(version, package, **(release or {}))
        content = content or make_gems.gem(name, version, platform, **spec)
        self.vendor.publish(made, make_gems.file_name(name, version, platform), content)
        return made

    def new_gem(self, *versions: str, **release: object) -> Made:
        """A gem of its own with these versions."""
        name = f"acme-part{next(self.numbers)}"
        package = self.new_package(name, "rubygems")
        return Made(name, package, [self.publish_gem(name, version, package, release=release) for version in versions])

    def publish_fixtures(self) -> "World":
        """The packages of `fixtures/`: version 2.0.0 of the widgets needs the entitlement `pro`."""
        self.npm_fixtures()
        self.python_fixtures()
        self.raw_fixtures()
        self.gem_fixtures()
        return self

    def npm_fixtures(self) -> None:
        self.npm_widget = self.new_package("@acme/widget", "npm")
        for version in make_npm.WIDGET_VERSIONS:
            content = (FIXTURES / "npm" / f"acme-widget-{version}.tgz").read_bytes()
            needs = [self.pro] if version == "2.0.0" else None
            self.publish_npm("@acme/widget", version, self.npm_widget, content, needs=needs)
        for name, file in (("@acme/gadget", "acme-gadget-1.0.0.tgz"), ("acme-tool", "acme-tool-1.0.0.tgz")):
            content = (FIXTURES / "npm" / file).read_bytes()
            self.publish_npm(name, "1.0.0", self.new_package(name, "npm"), content)

    def python_fixtures(self) -> None:
        self.python_widget = self.new_package("acme-widget", "pypi")
        for version in make_pypi.WIDGET_VERSIONS:
            release = self.new_release(version, self.python_widget, needs=[self.pro] if version == "2.0.0" else None)
            for file in (f"acme_widget-{version}-py3-none-any.whl", f"acme_widget-{version}.tar.gz"):
                self.vendor.publish(release, file, (FIXTURES / "pypi" / file).read_bytes())
        release = self.new_release("1.0.0", self.new_package("acme-gadget", "pypi"))
        file = "acme_gadget-1.0.0-py3-none-any.whl"
        self.vendor.publish(release, file, (FIXTURES / "pypi" / file).read_bytes())

    def raw_fixtures(self) -> None:
        files = sorted((FIXTURES / "raw" / "acme-installer").iterdir())
        for version in ("1.0.0", "1.1.0"):
            release = self.new_release(version, tag="newest" if version == "1.1.0" else None)
            for file in (file for file in files if file.name.startswith(f"acme-{version}-")):
                self.vendor.publish(release, file.name, file.read_bytes())

    def gem_fixtures(self) -> None:
        self.gem_widget = self.new_package("acme-widget", "rubygems")
        for version in make_gems.WIDGET_VERSIONS:
            needs = [self.pro] if version == "2.0.0" else None
            content = (FIXTURES / "rubygems" / f"acme-widget-{version}.gem").read_bytes()
            self.publish_gem("acme-widget", version, self.gem_widget, content, release={"needs": needs})
        base = self.new_package("acme.base", "rubygems")
        for version in ("1.0.0", "1.0.2"):
            content = (FIXTURES / "rubygems" / f"acme.base-{version}.gem").read_bytes()
            self.publish_gem("acme.base", version, base, content)
        release = self.new_release("1.0.0", self.new_package("acme-native", "rubygems"))
        for platform in make_gems.PLATFORMS:
            file = make_gems.file_name("acme-native", "1.0.0", platform)
            self.vendor.publish(release, file, (FIXTURES / "rubygems" / file).read_bytes())

    def registry(self, engine: str) -> str:
        return self.server.registry(engine)


def wheel_name(name: str, version: str) -> str:
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def wheel(name: str, version: str, requires: list | None = None) -> bytes:
    return make_pypi.wheel(name, version, make_pypi.widget_module(version), requires)


_shared: list[World] = []


def shared() -> World:
    """The suite's world with the fixtures in it, made at first use and stopped with the suite."""
    if not _shared:
        server = Server()
        try:
            _shared.append(World(server.start()).publish_fixtures())
        except BaseException:
            server.close()
            raise
    return _shared[0]


def close_shared() -> None:
    while _shared:
        _shared.pop().server.close()
