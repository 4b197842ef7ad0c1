"""npm, pnpm, yarn 1 and yarn 4 as a customer sets them up: two lines with the licence key, and the age gate of our scope."""

import base64
import json
from pathlib import Path

from .places import client
from .sandbox import Run, Sandbox

# A registry that nobody listens on: whatever is asked of it would fail.
NOWHERE = "http://127.0.0.1:9/"


class Bearer:
    """The licence key as a token."""

    def __init__(self, key: str) -> None:
        self.key = key

    def npmrc(self, place: str) -> str:
        return f"{place}:_authToken={self.key}\n"

    def yarnrc(self) -> str:
        return f'npmAuthToken: "{self.key}"'


class Basic(Bearer):
    """The licence key as the password of any user."""

    def __init__(self, key: str, user: str = "license") -> None:
        super().__init__(key)
        self.user = user

    def npmrc(self, place: str) -> str:
        return f"{place}:_auth={base64.b64encode(f'{self.user}:{self.key}'.encode()).decode()}\n"

    def yarnrc(self) -> str:
        return f'npmAuthIdent: "{self.user}:{self.key}"'


class UserAndPassword(Basic):
    """The older pair of settings, the password in base64."""

    def npmrc(self, place: str) -> str:
        password = base64.b64encode(self.key.encode()).decode()
        return f"{place}:username={self.user}\n{place}:_password={password}\n"


class Nobody(Bearer):
    """No credential."""

    def __init__(self) -> None:
        super().__init__("")

    def npmrc(self, place: str) -> str:
        return ""

    def yarnrc(self) -> str:
        return ""


class Client:
    """A package manager in a sandbox of its own."""

    name = ""
    lockfile = ""
    # What it keeps between runs, beside node_modules.
    caches: tuple[str, ...] = ()

    def __init__(self, registry: str, auth: Bearer, default: bool = False) -> None:
        """`default`: the registry serves unscoped names too, not only `@acme`."""
        self.registry = registry.rstrip("/") + "/"
        self.sandbox = Sandbox()
        self.set_up(auth, default)

    def set_up(self, auth: Bearer, default: bool) -> None:
        place = self.registry[self.registry.index("//") :]
        self.sandbox.write("package.json", json.dumps({"name": "customer", "version": "1.0.0", "private": True}))
        self.sandbox.write(
            "~/.npmrc",
            f"registry={self.registry if default else NOWHERE}\n@acme:registry={self.registry}\n"
            f"{auth.npmrc(place)}update-notifier=false\nfund=false\naudit=false\n"
            f"fetch-retries=0\n{'always-auth=true' if default else ''}\n",
        )
        # Settings of the machine that the tests run on stay out.
        self.sandbox.environment["NPM_CONFIG_GLOBALCONFIG"] = str(self.sandbox.write("~/none", ""))

    def run(self, *arguments: str) -> Run:
        raise NotImplementedError

    def add(self, *specs: str) -> Run:
        raise NotImplementedError

    def frozen(self) -> Run:
        """Installs what the lock file says, from nothing."""
        self.sandbox.forget("node_modules", *self.caches)
        return self.install_frozen()

    def install_frozen(self) -> Run:
        raise NotImplementedError

    def lock(self) -> str:
        return (self.sandbox.project / self.lockfile).read_text()

    def installed(self, name: str) -> str | None:
        """The version in node_modules, by its own package.json."""
        file = self.sandbox.project / "node_modules" / name / "package.json"
        return json.loads(file.read_text())["version"] if file.exists() else None

    def node(self, script: str) -> str:
        """What a script in the project prints."""
        done = self.sandbox.run("node", "-e", script)
        assert done.code == 0, str(done)
        return done.out.strip()

    def close(self) -> None:
        self.sandbox.close()


class Npm(Client):
    name = "npm"
    lockfile = "package-lock.json"
    caches = ("~/.npm",)
    program: tuple[object, ...] = ("npm",)

    def run(self, *arguments: str) -> Run:
        return self.sandbox.run(*self.program, *arguments)

    def add(self, *specs: str) -> Run:
        return self.run("install", *specs)

    def install_frozen(self) -> Run:
        return self.run("ci")


class Npm10(Npm):
    name = "npm 10"

    @property
    def program(self) -> tuple[object, ...]:
        return (bin_of("npm10", "npm"),)


class Pnpm(Client):
    name = "pnpm"
    lockfile = "pnpm-lock.yaml"
    caches = ("~/.local", "~/.cache")
    program = "pnpm"

    def set_up(self, auth: Bearer, default: bool) -> None:
        super().set_up(auth, default)
        self.sandbox.write("pnpm-workspace.yaml", 'minimumReleaseAgeExclude:\n  - "@acme/*"\n  - "acme-*"\n')

    def run(self, *arguments: str) -> Run:
        return self.sandbox.run(bin_of(self.program, "pnpm"), *arguments)

    def add(self, *specs: str) -> Run:
        return self.run("add", *specs)

    def install_frozen(self) -> Run:
        return self.run("install", "--frozen-lockfile")


class Pnpm9(Pnpm):
    name = "pnpm 9"
    program = "pnpm9"

    def set_up(self, auth: Bearer, default: bool) -> None:
        Client.set_up(self, auth, default)  # it knows no age gate, and no workspace file without packages


class Yarn1(Client):
    name = "yarn 1"
    lockfile = "yarn.lock"
    caches = ("~/.cache",)

    def run(self, *arguments: str) -> Run:
        return self.sandbox.run(bin_of("yarn1", "yarn"), "--non-interactive", "--no-progress", *arguments)

    def add(self, *specs: str) -> Run:
        return self.run("add", *specs)

    def install_frozen(self) -> Run:
        return self.run("install", "--frozen-lockfile")


class Yarn4(Client):
    name = "yarn 4"
    lockfile = "yarn.lock"
    caches = ("~/.yarn", ".yarn")

    def set_up(self, auth: Bearer, default: bool) -> None:
        self.sandbox.write("package.json", json.dumps({"name": "customer", "version": "1.0.0", "private": True}))
        self.sandbox.write("yarn.lock", "")
        everywhere = f"npmAlwaysAuth: true\n{auth.yarnrc()}\n" if default else ""
        self.sandbox.write(
            ".yarnrc.yml",
            f'npmRegistryServer: "{self.registry if default else NOWHERE}"\n{everywhere}'
            f'npmScopes:\n  acme:\n    npmRegistryServer: "{self.registry}"\n'
            + (f"    npmAlwaysAuth: true\n    {auth.yarnrc()}\n" if auth.yarnrc() else "")
            + 'npmPreapprovedPackages: ["@acme/*", "acme-*"]\nunsafeHttpWhitelist: ["127.0.0.1"]\n'
            "nodeLinker: node-modules\nenableTelemetry: false\nenableGlobalCache: false\nhttpRetry: 0\n",
        )

    def run(self, *arguments: str) -> Run:
        return self.sandbox.run(bin_of("yarn4", "yarn"), *arguments)

    def add(self, *specs: str) -> Run:
        return self.run("add", *specs)

    def install_frozen(self) -> Run:
        return self.run("install", "--immutable")


def bin_of(client_name: str, command: str) -> Path:
    return client(client_name) / "node_modules" / ".bin" / command
