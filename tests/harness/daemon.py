"""Programs that serve customers on their own machine, such as dockerd: started with all their files below a directory,
stopped by the process that was started."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from .waiting import until


class Daemon:
    """One process. `kind` names its directory."""

    kind = ""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=f"keyway-{self.kind}-"))
        self.socket = self.root / "socket"
        self.log_path = self.root / "log.txt"
        self.process: subprocess.Popen | None = None

    def command(self) -> list[object]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> "Daemon":
        """Starts and returns once it answers."""
        with self.log_path.open("ab") as log:
            words = list(map(str, self.command()))
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.root)
        until(self.up, f"{self.kind} starts", seconds=60, every=0.1)
        return self

    def up(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.kind} ended with {self.process.returncode}:\n{self.log()}")
        return self.socket.exists() and self.answers()

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")[-4000:]

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
        self.unmount()
        shutil.rmtree(self.root, ignore_errors=True)

    def unmount(self) -> None:
        """What it left mounted below its directory, the innermost first."""
        mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in sorted((place for place in mounted if place.startswith(f"{self.root}/")), reverse=True):
            subprocess.run(["umount", place], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)


_shared: dict[type[Daemon], Daemon] = {}


def shared(kind: type[Daemon], started: Callable[[Daemon], object] = Daemon.start) -> Daemon:
    """The run's one, started at first use."""
    if kind not in _shared:
        daemon = kind()
        try:
            started(daemon)
        except BaseException:
            daemon.close()
            raise
        _shared[kind] = daemon
    return _shared[kind]


def close_shared() -> None:
    while _shared:
        _shared.popitem()[1].close()
