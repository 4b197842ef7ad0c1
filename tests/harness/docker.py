"""docker as a customer or a vendor runs it: a command line with a configuration of its own, and the run's one daemon."""

import subprocess

from . import daemon
from .sandbox import Run, Sandbox


class Dockerd(daemon.Daemon):
    """A daemon without networks, with its own images; it takes any registry on loopback without TLS."""

    kind = "dockerd"

    def command(self) -> list[object]:
        return [
            "dockerd", "--data-root", self.root / "data", "--exec-root", self.root / "exec",
            "--host", f"unix://{self.socket}", "--pidfile", self.root / "pid", "--bridge=none", "--iptables=false",
            "--ip6tables=false", "--storage-driver=vfs", "--insecure-registry", "127.0.0.0/8",
        ]  # fmt: skip

    def answers(self) -> bool:
        asked = ["docker", "--host", f"unix://{self.socket}", "version"]
        return subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 0


class Docker:
    """`docker` with nobody logged in, for one registry. Names are repositories with a tag or a digest."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.daemon = daemon.shared(Dockerd)
        self.sandbox = Sandbox()
        self.config = self.sandbox.home / ".docker" / "config.json"

    def run(self, *arguments: object, typed: str | None = None, seconds: float = 180) -> Run:
        return self.sandbox.run("docker", "--host", f"unix://{self.daemon.socket}", *arguments, typed=typed, seconds=seconds)

    def login(self, secret: str, user: str = "license") -> Run:
        return self.run("login", "--username", user, "--password-stdin", self.address, typed=secret)

    def reference(self, name: str) -> str:
        return f"{self.address}/{name}"

    def pull(self, name: str, *flags: str) -> Run:
        return self.run("pull", *flags, self.reference(name))

    def push(self, name: str, *flags: str) -> Run:
        return self.run("push", *flags, self.reference(name))

    def start(self, name: str, *command: str) -> Run:
        """`docker run`, without a network."""
        return self.run("run", "--rm", "--network", "none", self.reference(name), *command)

    def forget(self, *names: str) -> None:
        """Removes images, so that the next pull is one."""
        self.run("rmi", "--force", *map(self.reference, names))

    def close(self) -> None:
        self.sandbox.close()
