"""containerd as a node of a cluster runs it, driven by `ctr`."""

import subprocess

from . import daemon
from .sandbox import Run, Sandbox

CONFIG = """version = 2
root = "{root}/data"
state = "{root}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{socket}"
[ttrpc]
address = "{root}/ttrpc"
"""


class Containerd(daemon.Daemon):
    """A daemon with its own content, and without the plugin for Kubernetes."""

    kind = "containerd"

    def command(self) -> list[object]:
        config = self.root / "config.toml"
        config.write_text(CONFIG.format(root=self.root, socket=self.socket))
        return ["containerd", "--config", config]

    def answers(self) -> bool:
        asked = ["ctr", "--address", str(self.socket), "version"]
        return subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 0


class Ctr:
    """`ctr` with the credential that it sends, or none."""

    def __init__(self, address: str, secret: str | None = None, user: str = "license") -> None:
        self.address = address
        self.daemon = daemon.shared(Containerd)
        self.sandbox = Sandbox()
        self.credential = ["--user", f"{user}:{secret}"] if secret else []

    def run(self, *arguments: object) -> Run:
        return self.sandbox.run("ctr", "--address", self.daemon.socket, *arguments)

    def reference(self, name: str) -> str:
        return f"{self.address}/{name}"

    def pull(self, name: str, *flags: str) -> Run:
        words = ["images", "pull", "--plain-http", "--snapshotter", "native", *flags, *self.credential]
        return self.run(*words, self.reference(name))

    def push(self, name: str, local: str | None = None) -> Run:
        words = ["images", "push", "--plain-http", "--platform", "linux/amd64", *self.credential, self.reference(name)]
        return self.run(*words, *([self.reference(local)] if local else []))

    def start(self, name: str) -> Run:
        """Runs a container of an image to its end."""
        # names of temporary folders may end in what names of containers may not
        container = "run-" + "".join(filter(str.isalnum, self.sandbox.root.name))
        return self.run("run", "--rm", "--snapshotter", "native", self.reference(name), container)

    def close(self) -> None:
        self.sandbox.close()
