"""pip and uv as a customer runs them, installing into a directory of their own."""

import sys
from urllib.parse import quote, urlsplit, urlunsplit

from .places import client
from .sandbox import Run, Sandbox


def with_credentials(url: str, user: str, password: str | None = None) -> str:
    """The URL with percent-encoded userinfo."""
    parts = urlsplit(url)
    userinfo = quote(user, safe="") + ("" if password is None else ":" + quote(password, safe=""))
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc}"))


class Client:
    """An installer in a sandbox of its own, with one index."""

    name = ""

    def __init__(self, registry: str, key: str | None, user: str = "license") -> None:
        self.simple = f"{registry}/simple/"
        self.index = with_credentials(self.simple, user, key) if key else self.simple
        self.sandbox = Sandbox()
        self.target = self.sandbox.root / "site"

    def install(self, *arguments: str) -> Run:
        raise NotImplementedError

    def python(self, script: str) -> str:
        """What a script prints that sees only what was installed."""
        done = self.sandbox.run(sys.executable, "-c", script, environment={"PYTHONPATH": str(self.target)})
        assert done.code == 0, str(done)
        return done.out.strip()

    def widget(self) -> str:
        return self.python("import acme_widget; print(acme_widget.__version__)")

    def close(self) -> None:
        self.sandbox.close()


class Pip(Client):
    name = "pip"
    program = "pip"

    def run(self, *arguments: object) -> Run:
        settings = {"PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_RETRIES": "0"}
        return self.sandbox.run(client(self.program) / "bin" / "python", "-m", "pip", *arguments, environment=settings)

    def install(self, *arguments: str) -> Run:
        return self.run("install", "--index-url", self.index, "--target", self.target, *arguments)


class Pip23(Pip):
    name = "pip 23"
    program = "pip23"


class Uv(Client):
    name = "uv"

    def run(self, *arguments: object) -> Run:
        settings = {"UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(self.sandbox.root / "uv"), "UV_PYTHON_DOWNLOADS": "never"}
        return self.sandbox.run(client("uv") / "bin" / "uv", *arguments, environment=settings)

    def install(self, *arguments: str) -> Run:
        return self.run(
            "pip", "install", "--python", sys.executable, "--target", self.target, "--default-index", self.index,
            *arguments,
        )  # fmt: skip

    def compile(self, *requirements: str) -> Run:
        """Resolves without installing."""
        self.sandbox.write("requirements.in", "\n".join(requirements) + "\n")
        return self.run("pip", "compile", "--python", sys.executable, "--default-index", self.index, "requirements.in")
