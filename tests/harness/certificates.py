"""Certificates for tests, made by OpenSSL."""

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """A certificate that vouches for itself, and its key, as files."""

    cert: str
    key: str


def self_signed(folder: str, *names: str) -> Certificate:
    """A certificate for these names, such as `IP:127.0.0.1` and `DNS:acme.test`."""
    made = Certificate(str(Path(folder) / "cert.pem"), str(Path(folder) / "key.pem"))
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=" + ",".join(names),
         "-keyout", made.key, "-out", made.cert],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return made
