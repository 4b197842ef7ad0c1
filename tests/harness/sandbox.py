"""A customer's machine: a fresh HOME, no settings of the one that the tests run on, and a project directory."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """What a command did."""

    command: list[str]
    code: int
    out: str
    err: str

    @property
    def output(self) -> str:
        return self.out + self.err

    def __str__(self) -> str:
        return f"{' '.join(self.command)}\n-> exit {self.code}\n{self.output[-3000:]}"


class Sandbox:
    """Removed when it is closed. Nothing of the surrounding environment gets in but PATH."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="keyway-customer-"))
        self.home = self.root / "home"
        self.project = self.root / "project"
        self.home.mkdir()
        self.project.mkdir()
        self.environment = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.root),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
        }

    def run(
        self, *command: object, environment: dict | None = None, seconds: float = 180, typed: str | None = None
    ) -> Run:
        """Runs a command in the project directory; `typed` is all that it can read."""
        words = [str(word) for word in command]
        done = subprocess.run(
            words, cwd=self.project, env={**self.environment, **(environment or {})}, input=typed or "",
            capture_output=True, text=True, errors="replace", timeout=seconds,
        )  # fmt: skip
        return Run(words, done.returncode, done.stdout, done.stderr)

    def write(self, path: str, text: str) -> Path:
        """Writes a file below the project; `~/` is below HOME."""
        file = self.home / path[2:] if path.startswith("~/") else self.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def forget(self, *paths: str) -> None:
        """Removes files and directories of the project (`~/` of HOME)."""
        for path in paths:
            file = self.home / path[2:] if path.startswith("~/") else self.project / path
            shutil.rmtree(file, ignore_errors=True) if file.is_dir() else file.unlink(missing_ok=True)

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
