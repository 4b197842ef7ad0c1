"""gem and bundle as a customer runs them, installing into a directory of their own."""

import os

from .python import with_credentials
from .sandbox import Run, Sandbox

# The system's own settings would add the public registry as a source.
NO_SOURCES = "---\n:sources: []\n"


class Client:
    """A sandbox with one gem source, and a directory for gems."""

    def __init__(self, registry: str, key: str | None, user: str = "license") -> None:
        self.plain = f"{registry}/"
        self.source = with_credentials(self.plain, user, key) if key else self.plain
        self.sandbox = Sandbox()
        self.gems = self.sandbox.root / "gems"
        self.sandbox.write("~/.gemrc", NO_SOURCES)
        self.environment = {"GEM_HOME": str(self.gems), "GEM_PATH": str(self.gems)}

    def run(self, *command: object, environment: dict | None = None) -> Run:
        return self.sandbox.run(*command, environment={**self.environment, **(environment or {})})

    def ruby(self, script: str) -> str:
        """What a script prints that sees only the gems that were installed."""
        done = self.run("ruby", "-e", script)
        assert done.code == 0, str(done)
        return done.out.strip()

    def installed(self) -> list[str]:
        return sorted(os.listdir(self.gems / "gems")) if (self.gems / "gems").is_dir() else []

    def close(self) -> None:
        self.sandbox.close()


class Gem(Client):
    """`gem`, with `--clear-sources --source`."""

    def gem(self, command: str, *arguments: object) -> Run:
        return self.run("gem", command, "--clear-sources", "--source", self.source, *arguments)

    def install(self, *arguments: object) -> Run:
        return self.run(
            "gem", "install", "--no-document", "--clear-sources", "--source", self.source, *arguments
        )  # fmt: skip


class Bundle(Client):
    """`bundle`, with a Gemfile; credentials come from `bundle config` unless told otherwise."""

    def __init__(self, registry: str, key: str | None, user: str = "license", in_source: bool = False) -> None:
        super().__init__(registry, key, user)
        self.in_gemfile = self.source if in_source else self.plain
        self.environment["BUNDLE_PATH"] = str(self.gems)
        self.environment["BUNDLE_RETRY"] = "0"
        if key and not in_source:
            host = registry.split("://")[1].split("/")[0].split(":")[0]
            done = self.run("bundle", "config", "set", "--global", host, f"{user}:{key}")
            assert done.code == 0, str(done)

    def gemfile(self, *lines: str) -> None:
        text = [f'source "{self.in_gemfile}"', *lines]
        self.sandbox.write("Gemfile", "\n".join(text) + "\n")

    def bundle(self, *arguments: object) -> Run:
        return self.run("bundle", *arguments)

    def installed(self) -> list[str]:
        found = self.gems.glob("ruby/*/gems/*")
        return sorted(path.name for path in found)

    def index_copies(self) -> list:
        """Bundler's copies of `versions`."""
        return sorted((self.sandbox.home / ".bundle" / "cache" / "compact_index").glob("*/versions"))
