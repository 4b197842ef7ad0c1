"""Acme's desktop app, as a vendor of Tauri apps publishes it: signed bundles of every platform."""

import itertools
from urllib.parse import urlencode

from harness.tauri import Signer
from harness.wire import Answer, fetch, get, license_header
from harness.world import World, shared

UPDATER = {"User-Agent": "tauri-plugin-updater/2.14.1", "Accept": "application/json"}
DECISION = "x-update-decision"
_numbers = itertools.count(1)
_signers: list[Signer] = []


def signer() -> Signer:
    """The vendor's key; making one takes a second."""
    if not _signers:
        _signers.append(Signer())
    return _signers[0]


class Desktop:
    """A package of its own, whose key is registered."""

    def __init__(self, key: str | None = None, name: str | None = None) -> None:
        self.world: World = shared()
        self.name = name or f"desktop{next(_numbers)}"
        self.package = self.world.new_package(self.name, "tauri")
        self.signer = signer()
        self.register(key or self.signer.public_key)

    def register(self, key: str) -> None:
        self.world.vendor.update("packages", self.package, metadata={"tauriPublicKey": key})

    def release(self, version: str, **attributes: object) -> str:
        return self.world.new_release(version, self.package, **attributes)

    def upload(self, release: str, name: str, content: bytes, target: str = "", **attributes: object) -> dict:
        """Uploads a file; `target` as in `linux-x86_64`."""
        platform, _, arch = target.partition("-")
        said = {"platform": platform, "arch": arch} if target else {}
        return self.world.vendor.upload(release, name, content, **said, **attributes)

    def bundle(self, release: str, version: str, name: str = "Acme.AppImage", target: str = "linux-x86_64") -> bytes:
        """Uploads a bundle and its signature; both have to be taken."""
        content = f"{name} {version} for {target}".encode() * 9
        signature = self.signer.sign(name, content, version)
        for file in (self.upload(release, name, content, target), self.upload(release, f"{name}.sig", signature)):
            if file["attributes"]["status"] != "UPLOADED":
                raise AssertionError(file["attributes"])
        return content

    def publish(self, version: str, *names: str, target: str = "linux-x86_64", **attributes: object) -> bytes:
        """A release with these bundles; the content of the last."""
        release, content = self.release(version, **attributes), b""
        for name in names or ("Acme.AppImage",):
            content = self.bundle(release, version, name, target)
        return content

    def endpoint(self, current: str = "1.0.0", target: str = "linux/x86_64", **query: str) -> str:
        platform, arch = target.split("/")
        given = urlencode({"platform": platform, "arch": arch, "version": current, **query})
        return f"{self.root()}?{given}"

    def root(self) -> str:
        return f"{self.world.registry('tauri')}/{self.name}"

    def ask(self, who: str | None = "pro", url: str | None = None, method: str = "GET", **where: str) -> Answer:
        """As the updater asks; `who` names a licence of the world, or is a key."""
        auth = license_header(self.world.keys.get(who, who)) if who else {}
        return get(url or self.endpoint(**where), {**UPDATER, **auth}, method)

    def download(self, url: str, who: str = "pro") -> bytes:
        answer = fetch(url, {**UPDATER, "Accept": "application/octet-stream", **license_header(self.world.keys.get(who, who))})
        if answer.status != 200:
            raise AssertionError(answer)
        return answer.body

    def lapsed(self) -> str:
        """The key of a licence that ends now and keeps what came before."""
        policy = self.world.new_policy("Lapsing", expirationStrategy="RESTRICT_ACCESS")
        made, key = self.world.new_license("LAPSED", policy=policy)
        now = self.world.vendor.must("GET", f"/licenses/{made}")["attributes"]["created"]
        self.world.vendor.update("licenses", made, expiry=now)
        return key
