"""A PostgreSQL server that the suites of one run share, with a database for each data directory.

`TESTS_DATABASE=postgres` runs every suite on it. `TESTS_POSTGRES` may name a server whose role can make databases; otherwise one is
started with `tests/postgres`, which ends when we do.
"""

import atexit
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from .places import TESTS

_urls: dict[str, str] = {}


def wanted() -> bool:
    """Whether this run is on PostgreSQL."""
    name = os.environ.get("TESTS_DATABASE") or "sqlite"
    assert name in ("sqlite", "postgres"), f"TESTS_DATABASE is {name}: it may be sqlite or postgres"
    return name == "postgres"


def server() -> str:
    """The URL of the server, which is started when it is first asked for."""
    if "" not in _urls:
        _urls[""] = os.environ.get("TESTS_POSTGRES") or _start()
    return _urls[""]


def _start() -> str:
    process = subprocess.Popen([str(TESTS / "postgres")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    assert url, "PostgreSQL could not be started: see above, and tests/install"
    atexit.register(_stop, process)
    return url


def _stop(process: subprocess.Popen) -> None:
    process.stdin.close()
    process.wait(30)


def psql(statement: str, url: str | None = None, seconds: float = 60) -> str:
    """What a statement prints."""
    command = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", url or server(), "-c", statement]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"{statement}: {done.stderr}"
    return done.stdout


def database_of(data: Path) -> str:
    """The URL of the database that belongs to a data directory; made when it is first asked for."""
    key = str(data)
    if key not in _urls:
        name = f"suite_{os.getpid()}_{len(_urls)}"
        psql(f"CREATE DATABASE {name}")
        _urls[key] = urlunsplit(urlsplit(server())._replace(path=f"/{name}"))
    return _urls[key]


def forget(data: Path) -> None:
    """Drops the database of a data directory."""
    url = _urls.pop(str(data), None)
    if url:
        psql(f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")
