"""A vendor who writes without a pause, and remembers what was acknowledged."""

import threading
import time

from .cluster import Cluster
from .server import Server
from .vendor import Vendor


class Writer:
    """A vendor who creates licences through a node as fast as it goes, and keeps what was acknowledged."""

    def __init__(self, cluster: Cluster, node: Server) -> None:
        self.vendor, self.policy = cluster.vendor(node), cluster.world.policy
        self.acknowledged: list[str] = []
        self.answers: list[tuple[int, float, str]] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            key = f"WRITTEN-{id(self)}-{number}"
            document = {"data": Vendor.document("licenses", {"key": key}, {"policy": self.policy})}
            began = time.monotonic()
            answer = self.vendor.ask("POST", "/licenses", document)
            self.answers.append((answer.status, time.monotonic() - began, answer.header("retry-after")))
            if answer.status == 201:
                self.acknowledged.append(key)
            elif answer.status == 503:
                self.over.wait(0.05)

    def stop(self) -> None:
        self.over.set()
        self.thread.join(60)


def nothing_is_lost(cluster: Cluster, writers: list[Writer]) -> None:
    """Every licence that was acknowledged is there, through any node."""
    for number, key in enumerate(key for writer in writers for key in writer.acknowledged):
        vendor = cluster.vendor(cluster.nodes[number % len(cluster.nodes)])
        answer = vendor.ask("GET", f"/licenses/{key}")
        assert answer.status == 200, f"{key} was acknowledged: {answer}"
