"""What a process needs of memory while something goes on, as the kernel counts it."""

import threading
from pathlib import Path


class Memory:
    """Watches a process; `with Memory(pid) as memory: …`, then `memory.grown` in MiB.

    Anonymous memory is the process's own; pages of files belong to the kernel's cache."""

    def __init__(self, pid: int) -> None:
        self.status = Path(f"/proc/{pid}/status")
        self.before = self.now()
        self.most = self.before
        self.over = threading.Event()

    def now(self) -> float:
        lines = dict(line.split(":", 1) for line in self.status.read_text().splitlines())
        return int(lines["RssAnon"].split()[0]) / 1024

    def watch(self) -> None:
        while not self.over.wait(0.02):
            self.most = max(self.most, self.now())

    def __enter__(self) -> "Memory":
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.watcher.join()

    @property
    def grown(self) -> float:
        return self.most - self.before
