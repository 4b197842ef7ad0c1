"""What a suite of an updater begins with: a program of its own, releases of it, and licences that may have some of them."""

from .wire import Answer, get, license_header
from .world import shared

EXPIRY = "2025-06-30T00:00:00.000Z"
BEFORE_EXPIRY = "2025-01-01T00:00:00.000Z"


class Program:
    """A package of an engine. The licence `expired` may have what was released before it expired, `suspended` nothing,
    `other` is for another product."""

    def __init__(self, engine: str) -> None:
        self.world = shared()
        self.engine = engine
        self.name = f"acme-app{next(self.world.numbers)}"
        self.package = self.world.new_package(self.name, engine)
        lasting = self.world.new_policy("Lasting", expirationStrategy="RESTRICT_ACCESS")
        self.keys = {
            "good": self.world.new_license("GOOD", policy=lasting)[1],
            "expired": self.world.new_license("EXPIRED", policy=lasting, expiry=EXPIRY)[1],
            "suspended": self.world.new_license("SUSPENDED", policy=lasting, suspended=True)[1],
            "other": self.world.keys["other"],
        }

    @property
    def root(self) -> str:
        """The program's root under its engine, without a trailing slash."""
        return f"{self.world.registry(self.engine)}/{self.name}"

    def release(self, version: str, files: dict[str, bytes], attributes: dict | None = None, **release: object) -> str:
        """A published release with these files; `attributes` are of each."""
        made = self.world.new_release(version, self.package, **release)
        for name, content in files.items():
            self.world.vendor.publish(made, name, content, **(attributes or {}))
        return made

    def old_release(self, version: str, files: dict[str, bytes], attributes: dict | None = None) -> str:
        """A release from before the licence `expired` did."""
        return self.release(version, files, attributes, backdated=BEFORE_EXPIRY)

    def token(self, who: str = "good") -> str:
        """The segments of an address by which a licence is known where no header can be sent."""
        key, api = license_header(self.keys[who]), self.world.server.url
        license = get(f"{api}/v1/me", key).json()["data"]["id"]
        made = get(f"{api}/v1/licenses/{license}/actions/generate-download-token", key, "POST")
        assert made.status == 201, made
        return made.json()["meta"]["path"]

    def get(self, path: str, who: str | None = "good", method: str = "GET", **headers: str) -> Answer:
        """A request below the program's root, or to an absolute address."""
        url = path if path.startswith("http") else f"{self.root}/{path}"
        given = license_header(self.keys[who]) if who else {}
        return get(url, {**given, **{name.replace("_", "-"): value for name, value in headers.items()}}, method)
