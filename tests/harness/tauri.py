"""Tauri's own tools: its CLI signs as a vendor does, minisign verifies, and its updater runs without a window."""

import base64
import json
import os
from pathlib import Path

from .places import TESTS, client
from .sandbox import Run, Sandbox

# What the bundler overwrites in a binary so that the updater knows what the app was installed from.
STAMP = b"__TAURI_BUNDLE_TYPE_VAR_UNK"


class Signer:
    """A vendor's key, and `tauri signer sign`."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.command = client("tauri-cli") / "node_modules" / ".bin" / "tauri"
        self.must("generate", "--ci", "-w", "key", "-p", "")
        # As it stands in `tauri.conf.json`.
        self.public_key = (self.sandbox.project / "key.pub").read_text().strip()

    def must(self, *arguments: str) -> Run:
        run = self.sandbox.run(self.command, "signer", *arguments)
        if run.code != 0:
            raise AssertionError(run)
        return run

    def sign(self, name: str, content: bytes, version: str | None) -> bytes:
        """The content of the `.sig` file that the CLI writes."""
        file = self.sandbox.project / name
        file.write_bytes(content)
        more = ["--app-version", version] if version else []
        self.must("sign", "-f", "key", "-p", "", *more, name)
        return (self.sandbox.project / f"{name}.sig").read_bytes()

    def verifies(self, content: bytes, signature: str) -> bool:
        """Whether minisign finds that a signature, as it stands in an answer, is of these bytes."""
        project = self.sandbox.project
        (project / "file").write_bytes(content)
        (project / "file.minisig").write_bytes(base64.b64decode(signature, validate=True))
        (project / "public").write_bytes(base64.b64decode(self.public_key))
        return self.sandbox.run("minisign", "-V", "-m", "file", "-x", "file.minisig", "-p", "public").code == 0

    def close(self) -> None:
        self.sandbox.close()


class App:
    """An app with Tauri's updater in it (`tests/tauri/probe`)."""

    def __init__(self, endpoints: list[str], public_key: str, bundle: str | None = None, **config: object) -> None:
        """`bundle` is how its bundler stamps it (`APP`, `DEB`, `RPM`, `NSS`, `MSI`)."""
        self.sandbox = Sandbox()
        self.config = {
            "pubkey": public_key, "endpoints": endpoints, "dangerousInsecureTransportProtocol": True, **config,
        }  # fmt: skip
        program = built().read_bytes()
        if bundle:
            if STAMP not in program:
                raise AssertionError("the updater's binary has no place for its bundle's type")
            program = program.replace(STAMP, STAMP.replace(b"UNK", bundle.encode()))
        self.program = self.sandbox.project / "app"
        self.program.write_bytes(program)
        self.program.chmod(0o755)

    def update(self, version: str, key: str | None, target: str | None = None) -> dict:
        """What the app hears when it runs a version: `update`, `url`, `downloaded`, `download_error` or `error`."""
        headers = [f"Authorization: License {key}"] if key else []
        environment = {"PROBE_TARGET": target} if target else {}
        run = self.sandbox.run(self.program, json.dumps(self.config), version, *headers, environment=environment)
        if run.code != 0:
            raise AssertionError(run)
        return json.loads(run.out.splitlines()[-1])

    def close(self) -> None:
        self.sandbox.close()


def built() -> Path:
    """The updater that `tests/install --full` builds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keyway-tests" / "tauri-probe"
    program = cache / "debug" / "tauri-probe"
    if not program.exists():
        raise SystemExit(f"{program} does not exist: run tests/install --full (its source is {TESTS / 'tauri' / 'probe'})")
    return program
