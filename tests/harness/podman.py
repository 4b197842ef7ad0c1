"""podman, skopeo and buildah: no daemon, one storage for the three."""

import json
import subprocess

from .sandbox import Run, Sandbox

STORAGE = '[storage]\ndriver = "vfs"\ngraphroot = "{root}/storage"\nrunroot = "{root}/run"\n'
ANY = {"default": [{"type": "insecureAcceptAnything"}]}


class Containers:
    """A machine with the three, for one registry that has no TLS."""

    def __init__(self, address: str, secret: str | None = None, user: str = "license") -> None:
        self.address, self.secret, self.user = address, secret, user
        self.sandbox = Sandbox()
        (self.sandbox.root / "runtime").mkdir(mode=0o700)
        self.sandbox.write("~/.config/containers/policy.json", json.dumps(ANY))
        storage = self.sandbox.write("~/storage.conf", STORAGE.format(root=self.sandbox.root))
        self.sandbox.environment |= {
            "CONTAINERS_STORAGE_CONF": str(storage),
            "REGISTRY_AUTH_FILE": str(self.sandbox.write("~/auth.json", "{}")),
            "XDG_RUNTIME_DIR": str(self.sandbox.root / "runtime"),
            "BUILDAH_ISOLATION": "chroot",
        }

    def credential(self, flag: str) -> list[str]:
        return [flag, f"{self.user}:{self.secret}"] if self.secret else []

    def reference(self, name: str) -> str:
        return f"{self.address}/{name}"

    def remote(self, name: str) -> str:
        return f"docker://{self.reference(name)}"

    # podman

    def podman(self, *arguments: object, typed: str | None = None) -> Run:
        return self.sandbox.run("podman", "--cgroup-manager=cgroupfs", "--events-backend=none", *arguments, typed=typed)

    def pull(self, name: str, *flags: str) -> Run:
        words = ["pull", "--tls-verify=false", *flags, *self.credential("--creds")]
        return self.podman(*words, self.reference(name))

    def login(self, secret: str, user: str = "license") -> Run:
        words = ["login", "--tls-verify=false", "--username", user, "--password-stdin", self.address]
        return self.podman(*words, typed=secret)

    # skopeo

    def skopeo(self, *arguments: object) -> Run:
        return self.sandbox.run("skopeo", *arguments)

    def fetch(self, name: str, to: str, *flags: str) -> Run:
        """Copies an image from the registry; `to` is `oci:…`, `docker-archive:…` or the like."""
        words = ["copy", "--src-tls-verify=false", *flags, *self.credential("--src-creds")]
        return self.skopeo(*words, self.remote(name), to)

    def send(self, source: str, name: str, *flags: str) -> Run:
        """Copies an image into the registry."""
        words = ["copy", "--dest-tls-verify=false", *flags, *self.credential("--dest-creds")]
        return self.skopeo(*words, source, self.remote(name))

    def inspect(self, name: str, *flags: str) -> Run:
        words = ["inspect", "--tls-verify=false", *flags, *self.credential("--creds")]
        return self.skopeo(*words, self.remote(name))

    def delete(self, name: str) -> Run:
        return self.skopeo("delete", "--tls-verify=false", *self.credential("--creds"), self.remote(name))

    def list_tags(self, repository: str) -> Run:
        words = ["list-tags", "--tls-verify=false", *self.credential("--creds")]
        return self.skopeo(*words, self.remote(repository))

    # buildah

    def buildah(self, *arguments: object) -> Run:
        done = self.sandbox.run("buildah", *arguments)
        assert done.code == 0, str(done)
        return done

    def build(self, name: str, files: dict[str, bytes], command: list[str]) -> None:
        """Makes an image from nothing."""
        container = self.buildah("from", "scratch").out.strip()
        for path, content in files.items():
            file = self.sandbox.project / path.replace("/", "-")
            file.write_bytes(content)
            self.buildah("copy", "--chmod", "755", container, file, f"/{path}")
        self.buildah("config", "--arch", "amd64", "--cmd", json.dumps(command), container)
        self.buildah("commit", container, name)

    def buildah_push(self, local: str, name: str) -> Run:
        return self.sandbox.run("buildah", "push", "--tls-verify=false", *self.credential("--creds"), local, self.remote(name))

    def close(self) -> None:
        subprocess.run(
            ["podman", "--cgroup-manager=cgroupfs", "system", "reset", "--force"],
            env=self.sandbox.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        )  # fmt: skip
        self.sandbox.close()
