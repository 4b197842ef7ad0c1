"""curl, as a customer's script runs it."""

from pathlib import Path

from .sandbox import Run, Sandbox


class Curl:
    """curl in a sandbox of its own; `-q` keeps settings of the machine out."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()

    def run(self, *arguments: object) -> Run:
        return self.sandbox.run("curl", "-q", "-sS", *arguments)

    def download(self, url: str, *arguments: object, name: str = "file") -> tuple[Run, bytes]:
        """Downloads with `--fail`, following redirects; returns the bytes that came."""
        path = self.path(name)
        done = self.run("--fail", "-L", "-o", path, *arguments, url)
        return done, path.read_bytes() if path.exists() else b""

    def path(self, name: str) -> Path:
        return self.sandbox.project / name

    def close(self) -> None:
        self.sandbox.close()
