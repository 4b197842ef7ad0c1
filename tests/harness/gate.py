"""A way to a server that can be closed in the middle of what passes, for tests that do something just then."""

import contextlib
import socket
import threading


class Gate:
    """Listens on loopback and passes on what comes to a port there. Once `shut_after` bytes of one connection have gone in
    one direction it holds back the rest, of any connection, until it is opened. When the server ends a connection, the
    client sees its end."""

    def __init__(self, port: int, shut_after: int, towards_client: bool) -> None:
        self.to, self.shut_after, self.towards_client = port, shut_after, towards_client
        self.open, self.reached = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self.to))
        except OSError:
            near.close()
            return
        for source, target, counted in ((near, far, not self.towards_client), (far, near, self.towards_client)):
            threading.Thread(target=self.carry, args=(source, target, counted), daemon=True).start()

    def carry(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while content := source.recv(16384):
                target.sendall(content)
                passed += len(content)
                if counted and passed >= self.shut_after and not self.open.is_set():
                    self.reached.set()
                    self.open.wait(120)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.open.set()
        self.listener.close()
