"""Loopback ports that nobody listens on."""

import contextlib
import random
import socket
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST = 10_000
# Those that this process has given away already.
_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """So many distinct ones, none of which the system gives to outgoing connections: between now and the moment
    when a server listens, other tests open thousands of them.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(FIRST, _end())
        if port not in _given and _is_free(port):
            _given.add(port)
            found.append(port)
    return found


def _end() -> int:
    """Where the ports of outgoing connections begin."""
    begin = int(RANGE.read_text().split()[0]) if RANGE.exists() else 32_768
    return begin if begin > 2 * FIRST else 65_536


def _is_free(port: int) -> bool:
    with contextlib.closing(socket.socket()) as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
