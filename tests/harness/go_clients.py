"""crane, oras and helm, which `tests/install` builds from their modules where Go can be had."""

from .places import client
from .sandbox import Run, Sandbox


class GoClient:
    """A client that `tests/install` builds from its module, where that can be done."""

    name = ""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sandbox = Sandbox()

    def run(self, *arguments: object, typed: str | None = None) -> Run:
        return self.sandbox.run(client(self.name) / "bin" / self.name, *arguments, typed=typed)

    def reference(self, name: str) -> str:
        return f"{self.address}/{name}"

    def close(self) -> None:
        self.sandbox.close()


class Crane(GoClient):
    name = "crane"

    def login(self, secret: str, user: str = "license") -> Run:
        return self.run("auth", "login", "--username", user, "--password-stdin", self.address, typed=secret)


class Oras(GoClient):
    name = "oras"

    def login(self, secret: str, user: str = "license") -> Run:
        return self.run("login", "--plain-http", "--username", user, "--password-stdin", self.address, typed=secret)


class Helm(GoClient):
    name = "helm"

    def login(self, secret: str, user: str = "license") -> Run:
        words = ["registry", "login", "--plain-http", "--username", user, "--password-stdin", self.address]
        return self.run(*words, typed=secret)
