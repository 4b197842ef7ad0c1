"""A way to a server that can be made slow: a relay that holds back what passes, in either direction."""

import contextlib
import queue
import socket
import threading
import time


class Detour:
    """Listens at an address of ours and passes on what comes to another; `delay` may change at any time."""

    def __init__(self, address: str, to: tuple[str, int]) -> None:
        self.to, self.delay = to, 0.0
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.to)
                for source, target in ((near, far), (far, near)):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    held: queue.Queue = queue.Queue()
                    threading.Thread(target=self.take, args=(source, held), daemon=True).start()
                    threading.Thread(target=self.give, args=(held, target), daemon=True).start()

    def take(self, source: socket.socket, held: queue.Queue) -> None:
        """Notes when each piece is to go on; nothing is the end."""
        content = b"more"
        while content:
            try:
                content = source.recv(65536)
            except OSError:
                content = b""
            held.put((time.monotonic() + self.delay, content))

    def give(self, held: queue.Queue, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, content = held.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not content:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(content)

    def close(self) -> None:
        self.listener.close()
