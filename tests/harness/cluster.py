"""Three nodes, a PostgreSQL server and an object store, each on a machine of its own in a network of namespaces."""

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator

from . import postgres
from .network import DOMAIN, Machine, Network
from .places import TESTS
from .seaweed import Seaweed
from .server import Server
from .vendor import Vendor
from .wire import Connection
from .world import World

NODES = ("node1", "node2", "node3")
PORT = 7788
STORE = "objects.store.test"
PREFIX = "cluster"


class Database:
    """A PostgreSQL server on a machine; it can be killed and started again."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        command = [*machine.enter, TESTS / "postgres", machine.address]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.runs = True
        assert self.url, "PostgreSQL could not be started: see above, and tests/install"

    def order(self, word: str) -> None:
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "done", f"PostgreSQL did not {word}"

    def crash(self) -> None:
        self.order("crash")
        self.runs = False

    def start(self) -> None:
        """Starts it unless it runs."""
        if not self.runs:
            self.order("start")
            self.runs = True

    def ask(self, statement: str) -> list[list[str]]:
        """The rows of a query."""
        rows = postgres.psql(statement, self.url).splitlines()
        return [row.split("|") for row in rows]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)


class Cluster:
    """The nodes with what they stand on. `flags` go to every node."""

    def __init__(self, *flags: str) -> None:
        self.opened = contextlib.ExitStack()
        try:
            self.start(flags)
        except BaseException:
            self.close()
            raise

    def start(self, flags: tuple[str, ...]) -> None:
        self.network = Network("database", "store", *NODES, "client", "janitor")
        self.opened.callback(self.network.close)
        self.database = Database(self.network["database"])
        self.opened.callback(self.database.close)
        self.store = Seaweed(self.network["store"], STORE)
        self.opened.callback(self.store.close)
        self.network.call({STORE: self.network["store"].address})
        self.store.start()
        self.flags = ("--blobs", self.store.url(PREFIX), "--domain", DOMAIN, *flags)
        self.environment = {"KEYWAY_DATABASE": self.database.url, **self.store.environment()}
        self.nodes = [self.node(name) for name in NODES]
        for node in self.nodes:
            node.start()
        self.world = World(self.nodes[0])
        self.lead(self.nodes[0])

    def node(self, name: str, *flags: str, environment: dict | None = None) -> Server:
        """A node on a machine, not yet started."""
        given = {**self.environment, **(environment or {})}
        node = Server(*self.flags, *flags, environment=given, machine=self.network[name], port=PORT)
        self.opened.callback(node.close)
        return node

    def replace(self, number: int, *flags: str, environment: dict | None = None) -> Server:
        """Stops a node and starts one with other flags in its place."""
        self.nodes[number].close()
        node = self.node(NODES[number], *flags, environment=environment)
        node.token, self.nodes[number] = self.world.vendor.token, node
        return node.start()

    def lead(self, node: Server) -> None:
        """Lets the hosts of the API and of the engines lead to a node."""
        names = [f"api.{DOMAIN}", *(f"{engine}.pkg.{DOMAIN}" for engine in ("npm", "pypi", "raw", "rubygems", "oci"))]
        self.network.call(dict.fromkeys(names, node.machine.address))

    def vendor(self, node: Server) -> Vendor:
        """The vendor, who talks to one node."""
        return Vendor(node.url, self.world.vendor.token)

    def others(self, node: Server) -> list[Server]:
        return [other for other in self.nodes if other is not node]

    def name(self, node: Server) -> str:
        return NODES[self.nodes.index(node)]

    def cut(self, node: Server, other: str, how: str) -> None:
        self.network.cut(self.name(node), other, how)

    def heal(self, node: Server) -> None:
        self.network.heal(self.name(node))

    def close(self) -> None:
        self.opened.close()


class Watch:
    """A customer who asks one node for one thing without a pause, and notes what was answered when."""

    def __init__(self, node: Server, path: str, headers: dict, pause: float = 0.0) -> None:
        self.node, self.path, self.headers, self.pause = node, path, headers, pause
        self.seen: list[tuple[float, float, int]] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        connection = Connection(self.node.url, timeout=30)
        while not self.over.is_set():
            began = time.monotonic()
            try:
                status = connection.request("GET", self.path, headers=self.headers).status
            except OSError:
                status = 0
                connection.close()
            self.seen.append((began, time.monotonic(), status))
            if self.pause or not status:
                self.over.wait(self.pause or 0.02)
        connection.close()

    def latest(self) -> int | None:
        return self.seen[-1][2] if self.seen else None

    def stop(self) -> list[tuple[float, float, int]]:
        """Every answer: when it was asked for, when it came, and its status."""
        self.over.set()
        self.thread.join(40)
        return self.seen


@contextlib.contextmanager
def watching(*watches: Watch) -> Iterator[tuple[Watch, ...]]:
    """Stops them at the end."""
    try:
        yield watches
    finally:
        for watch in watches:
            watch.over.set()
        for watch in watches:
            watch.stop()


def figures(values: list[float]) -> str:
    """The middle, the 99th part and the greatest of some times, in milliseconds."""
    ordered = sorted(values)
    at = lambda part: 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]
    return f"p50 {at(0.5):.0f} ms, p99 {at(0.99):.0f} ms, max {1000 * ordered[-1]:.0f} ms ({len(ordered)} measured)"


def say(text: str) -> None:
    """A figure for the log, where `docs/scale-out.md` gets its own from."""
    print(f"  {text}", flush=True)


_shared: list[Cluster] = []


def shared() -> Cluster:
    """The suite's cluster, started at first use."""
    if not _shared:
        _shared.append(Cluster())
    return _shared[0]


def close_shared() -> None:
    while _shared:
        _shared.pop().close()
