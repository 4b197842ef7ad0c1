"""Electron apps: builds as electron-builder makes them, customers with the real electron-updater, and the real
KeygenPublisher. KeygenProvider and KeygenPublisher speak to port 443 only, so the server listens there, on a loopback
address of its own."""

import json
import os
import random
import ssl
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import wire
from .network import Machine
from .places import TESTS, client
from .sandbox import Sandbox
from .server import Server
from .world import World

DRIVERS = TESTS / "electron"
BLOCK = 40_000


class Drivers:
    """Where the drivers of Electron's packages run: plain Node.js."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory(prefix="keyway-node-")
        self.cert: str | None = None

    def close(self) -> None:
        self.directory.cleanup()

    def node(self, packages: str, driver: str, asked: object) -> subprocess.CompletedProcess:
        """Runs a driver with the packages of a client."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.directory.name,
            "NODE_PATH": str(client(packages) / "node_modules"),
            **({"NODE_EXTRA_CA_CERTS": self.cert} if self.cert else {}),
        }
        return subprocess.run(
            ["node", str(DRIVERS / driver), json.dumps(asked)],
            env=environment, capture_output=True, text=True, timeout=180,
        )  # fmt: skip


class Secured(Drivers):
    """A world behind TLS on port 443."""

    def __init__(self, *flags: str, environment: dict | None = None) -> None:
        super().__init__()
        self.address = f"127.{os.getpid() % 250 + 2}.{random.randrange(1, 250)}.{random.randrange(2, 250)}"
        self.cert, key = (str(Path(self.directory.name) / name) for name in ("cert.pem", "key.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={self.address}", "-addext", "basicConstraints=critical,CA:FALSE",
             "-addext", f"subjectAltName=IP:{self.address}", "-keyout", key, "-out", self.cert],
            check=True, capture_output=True,
        )  # fmt: skip
        wire.TRUSTED[self.address] = ssl.create_default_context(cafile=self.cert)
        self.server = Server(
            "--tls-cert", self.cert, "--tls-key", key, *flags,
            machine=Machine(self.address), port=443, scheme="https", environment=environment,
        )  # fmt: skip
        self.world = World(self.server.start())

    def close(self) -> None:
        self.server.close()
        wire.TRUSTED.pop(self.address, None)
        super().close()


@dataclass(frozen=True)
class Build:
    """A file of a version, with what goes beside it."""

    version: str
    file: Path
    sha512: str
    size: int
    block_map_size: int | None

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def files(self) -> list[Path]:
        """What is uploaded: the file, and its block map unless that is inside."""
        beside = self.file.with_name(f"{self.name}.blockmap")
        return [self.file, *([beside] if beside.exists() else [])]

    def feed(self, **more: object) -> str:
        """The channel's file as electron-builder writes it (JSON is YAML)."""
        entry = {"url": self.name, "sha512": self.sha512, "size": self.size}
        if self.block_map_size is not None:
            entry["blockMapSize"] = self.block_map_size
        document = {
            "version": self.version,
            "files": [entry],
            "path": self.name,
            "sha512": self.sha512,
            "releaseDate": "2026-01-01T00:00:00.000Z",
            **more,
        }
        return json.dumps(document)


class Line:
    """One file through the versions of an app: each version changes a few of its blocks."""

    def __init__(self, drivers: Drivers, pattern: str, blocks: int = 50) -> None:
        """`pattern` is the file's name with `{}` for the version."""
        self.drivers, self.pattern = drivers, pattern
        self.blocks = [os.urandom(BLOCK) for _ in range(blocks)]
        self.directory = Path(tempfile.mkdtemp(dir=drivers.directory.name))

    def build(self, version: str, *changed: int) -> Build:
        for index in changed:
            self.blocks[index] = os.urandom(BLOCK)
        file = self.directory / version / self.pattern.format(version)
        file.parent.mkdir()
        file.write_bytes(b"".join(self.blocks))
        inside = file.suffix == ".AppImage"
        made = self.drivers.node("app-builder-lib", "maps.cjs", [{"file": str(file), "inside": inside}])
        assert made.returncode == 0, made.stderr
        (info,) = json.loads(made.stdout)
        size = file.stat().st_size
        return Build(version, file, info["sha512"], size, info.get("blockMapSize") if inside else None)


@dataclass(frozen=True)
class Updated:
    """What an updater did."""

    said: dict
    content: bytes | None

    @property
    def version(self) -> str | None:
        return self.said.get("version")

    @property
    def requests(self) -> list[dict]:
        return self.said["requests"]

    @property
    def error(self) -> str:
        error = self.said.get("error")
        return f"{error['code']}: {error['message']}" if error else ""

    def fetched(self, name: str) -> int:
        """How many bytes were downloaded of what has this in its address."""
        return sum(request.get("bytes", 0) for request in self.requests if name in request["url"])

    def __str__(self) -> str:
        return json.dumps(self.said, indent=1)[:6000]


class App:
    """An installed app with the real electron-updater in it."""

    def __init__(self, drivers: Drivers, updater: str, installed: Build | str, license: str | None, feed: dict) -> None:
        self.drivers, self.updater, self.license, self.feed = drivers, updater, license, feed
        self.installed = installed
        self.sandbox = Sandbox()

    @property
    def version(self) -> str:
        return self.installed if isinstance(self.installed, str) else self.installed.version

    def update(self, **more: object) -> Updated:
        """Looks for an update, and downloads it if there is one."""
        old = None if isinstance(self.installed, str) else str(self.installed.file)
        asked = {
            "updater": self.updater, "version": self.version, "feed": self.feed, "license": self.license,
            "home": str(self.sandbox.home), "old": old, **more,
        }  # fmt: skip
        done = self.drivers.node("electron-updater", "updater.cjs", asked)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        return Updated(said, Path(said["file"]).read_bytes() if said.get("file") else None)

    def close(self) -> None:
        self.sandbox.close()
