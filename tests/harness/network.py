"""A network of machines on this one: a namespace for each, with an address and a hosts file of its own.

They hang on one bridge, which is in a namespace too, so that nothing of the network of the machine we run on matters
or changes but one interface. We reach every machine from outside; between two of them packets can be lost
(`cut(…, "DROP")`) or refused (`cut(…, "REJECT")`), whatever else goes on. It takes root and iproute2 and iptables.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import wire

DOMAIN = "keyway.test"


@dataclass(frozen=True)
class Machine:
    """Where a process runs: its address, and the words that take a command there."""

    address: str = "127.0.0.1"
    enter: tuple[str, ...] = ()


class Network:
    """Machines by name. `hosts` gives further names to addresses, for the machines and for us."""

    def __init__(self, *names: str) -> None:
        self.prefix = f"kw{os.getpid() % 1_000_000}"
        self.outside = f"{self.prefix}x"
        number = os.getpid() % 10_000
        self.subnet = f"10.{200 + number // 250}.{number % 250}"
        self.machines: dict[str, Machine] = {}
        self.names: dict[str, str] = {}
        self.lan = f"{self.prefix}-lan"
        try:
            self.build(names)
        except BaseException:
            self.close()
            raise

    def build(self, names: tuple[str, ...]) -> None:
        self.ip("netns", "add", self.lan)
        self.ip("-n", self.lan, "link", "add", "bridge", "type", "bridge")
        self.ip("-n", self.lan, "link", "set", "bridge", "up")
        self.plug(self.outside, 1, None)
        for number, name in enumerate(names, 11):
            namespace = f"{self.prefix}-{name}"
            self.ip("netns", "add", namespace)
            self.ip("-n", namespace, "link", "set", "lo", "up")
            self.plug(f"{self.prefix}{name}"[:15], number, namespace)
            enter = ("ip", "netns", "exec", namespace)
            self.machines[name] = Machine(f"{self.subnet}.{number}", enter)

    def plug(self, interface: str, number: int, namespace: str | None) -> None:
        """Puts an interface into a namespace, or into ours, with its other end in the bridge."""
        end = f"v{number}"
        self.ip("-n", self.lan, "link", "add", end, "type", "veth", "peer", "name", interface)
        self.ip("-n", self.lan, "link", "set", end, "master", "bridge", "up")
        there = ("-n", namespace) if namespace else ()
        self.ip("-n", self.lan, "link", "set", interface, "netns", namespace or str(os.getpid()))
        self.ip(*there, "address", "add", f"{self.subnet}.{number}/24", "dev", interface)
        self.ip(*there, "link", "set", interface, "up")

    @staticmethod
    def ip(*words: str) -> None:
        tool = shutil.which("ip") or "/usr/sbin/ip"
        try:
            done = subprocess.run([tool, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            raise AssertionError("iproute2 is not installed: run tests/install") from None
        assert done.returncode == 0, (
            f"no network of namespaces can be made here ({' '.join(words)}: {done.stderr.strip()}): this suite needs "
            "root and a kernel with network namespaces, bridges and veth"
        )

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    def call(self, names: dict[str, str]) -> None:
        """Gives names to addresses everywhere, and for our own requests."""
        self.names.update(names)
        wire.NAMES.update(names)
        lines = "".join(f"{address} {name}\n" for name, address in self.names.items())
        for machine in self.machines:
            self.hosts(machine).write_text("127.0.0.1 localhost\n" + lines)

    def hosts(self, machine: str) -> Path:
        """The hosts file that processes of a machine see; those that run see it change."""
        folder = Path("/etc/netns") / f"{self.prefix}-{machine}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "hosts"

    def cut(self, machine: str, other: str, how: str) -> None:
        """No packet passes between two machines: `DROP` loses them in silence, `REJECT` says so at once."""
        there = self[other].address
        if how == "REJECT":
            self.iptables(machine, "-A", "OUTPUT", "-d", there, "-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset")
            self.iptables(machine, "-A", "INPUT", "-s", there, "-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset")
        else:
            self.iptables(machine, "-A", "OUTPUT", "-d", there, "-j", "DROP")
            self.iptables(machine, "-A", "INPUT", "-s", there, "-j", "DROP")

    def heal(self, machine: str) -> None:
        """Lets every packet of a machine through again."""
        self.iptables(machine, "-F")

    def iptables(self, machine: str, *words: str) -> None:
        tool = shutil.which("iptables") or "/usr/sbin/iptables"
        command = [*self[machine].enter, tool, "-w", *words]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()} (is iptables there? run tests/install)"

    def close(self) -> None:
        """Removes it all; what still runs there loses its network."""
        for name in self.names:
            wire.NAMES.pop(name, None)
        for machine in [*self.machines, "lan"]:
            namespace = f"{self.prefix}-{machine}"
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True)
            shutil.rmtree(Path("/etc/netns") / namespace, ignore_errors=True)
        subprocess.run(["ip", "link", "del", self.outside], capture_output=True)
