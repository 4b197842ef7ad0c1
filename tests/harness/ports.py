"""Loopback ports that nobody listens on."""

import contextlib
import socket


def free_ports(count: int) -> list[int]:
    """So many distinct ones."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(contextlib.closing(socket.socket())) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
