"""Reading files that were checked out, with Node and OpenSSL."""

import json
import subprocess
from pathlib import Path

from harness.world import shared

OPEN = Path(__file__).parent / "open_file.mjs"
SIGNATURES = ["ed25519", "rsa-pss-sha256", "rsa-sha256", "ecdsa-p256"]


def keys() -> str:
    """The account's public keys, as anybody can look them up who may read the account."""
    account = shared().vendor.ask("GET", "/me").header("Keygen-Account")
    return json.dumps(shared().vendor.must("GET", f"/accounts/{account}")["meta"]["keys"])


def opened(file: str, secret: str = "", prefix: str = "license") -> dict | None:
    """What a file holds and by which algorithm; nothing if the client does not believe it."""
    command = ["node", str(OPEN), prefix, keys(), secret]
    run = subprocess.run(command, input=file, capture_output=True, text=True, check=False)
    return json.loads(run.stdout) if run.returncode == 0 else None
