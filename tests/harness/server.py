"""A Keyway server: started on a free loopback port with a data directory, stopped, killed, started again."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from . import postgres, seaweed, wire
from .network import Machine
from .places import binary
from .ports import free_ports
from .waiting import until

LISTENING = re.compile(r"listening on (https?://\S+)")
TOKEN = re.compile(r"admin token: (admin-\S+)")


class Server:
    """One server process with its data directory. The admin token outlives restarts, as in life."""

    def __init__(
        self,
        *flags: str,
        data: Path | None = None,
        environment: dict | None = None,
        machine: Machine | None = None,
        port: int | None = None,
        program: Path | None = None,
        scheme: str = "http",
    ) -> None:
        """`machine` is where it runs, when not on this one, and `program` what, when not the binary under test."""
        self.program = program or binary()
        self.machine = machine or Machine()
        self.port = port or free_ports(1)[0]
        self.address = f"{self.machine.address}:{self.port}"
        self.url = f"{scheme}://{self.address}"
        self.flags = flags
        # suites ask faster than any client; the one on limits turns them on
        self.environment = {"KEYWAY_RATE_LIMITS": "off", **(environment or {})}
        self.own_data = data is None
        self.data = data or Path(tempfile.mkdtemp(prefix="keyway-data-"))
        if seaweed.wanted() and "--blobs" not in flags:
            # a part of the bucket that belongs to this data directory, as its own files would
            store = seaweed.shared()
            self.environment = {"KEYWAY_BLOBS": store.url(self.data.name), **store.environment(), **self.environment}
        self.log_path = Path(tempfile.mkstemp(prefix="keyway-log-", suffix=".txt")[1])
        self.process: subprocess.Popen | None = None
        self.printed = ""
        self.token = ""

    def start(self, command: str = "serve") -> "Server":
        """Starts and returns once the server says that it listens."""
        self.printed = ""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(command, "--listen", self.address, *self.flags),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=self.environ(),
            )  # fmt: skip
        threading.Thread(target=self.read_stdout, args=(self.process.stdout,), daemon=True).start()
        until(lambda: LISTENING.search(self.printed) or self.process.poll() is not None, "the server starts")
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.printed}{self.log()}")
        token = TOKEN.search(self.printed)
        self.token = token.group(1) if token else self.token
        return self

    def read_stdout(self, stdout) -> None:
        for line in stdout:
            self.printed += line.decode(errors="replace")

    def command(self, name: str, *arguments: str) -> list[str]:
        return [*self.machine.enter, str(self.program), name, "--data", str(self.data), *arguments]

    def environ(self) -> dict:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KEYWAY_")}
        database = {"KEYWAY_DATABASE": postgres.database_of(self.data)} if postgres.wanted() else {}
        return {**kept, **database, **self.environment}

    def shell(self, *arguments: str) -> subprocess.CompletedProcess:
        """A shell command (`token list` …) on this server's data directory."""
        return subprocess.run(
            self.command(*arguments),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, env=self.environ(),
        )  # fmt: skip

    def stop(self, seconds: float = 40) -> int:
        """Asks it to stop and returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(20)

    def close(self) -> None:
        """Stops whatever runs and removes what it left."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self.own_data:
            shutil.rmtree(self.data, ignore_errors=True)
            postgres.forget(self.data)
        self.log_path.unlink(missing_ok=True)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def registry(self, engine: str) -> str:
        """The engine's root on the listen address, without a trailing slash."""
        return f"{self.url}/v1/engines/{engine}"

    def listens(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection((self.machine.address, self.port), timeout=2).close()
            return True
        return False

    def get(self, path: str, headers: dict | None = None, method: str = "GET") -> wire.Answer:
        return wire.get(self.url + path, headers, method)

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def two_on_postgres() -> Iterator[list[Server]]:
    """Two servers with one PostgreSQL database, whatever the run is on. The first has the admin token."""
    place = Path(tempfile.mkdtemp(prefix="keyway-database-"))
    with contextlib.ExitStack() as opened:
        opened.callback(place.rmdir)
        environment = {"KEYWAY_DATABASE": postgres.database_of(place)}
        opened.callback(postgres.forget, place)
        servers = [Server(environment=environment) for _ in range(2)]
        for server in servers:
            opened.callback(server.close)
            server.start()
        yield servers
