"""Requests that arrive at once: each on a connection of its own, sent up to its last byte ahead of time."""

import contextlib
import http.client
import json
import socket

from .vendor import JSON
from .wire import Answer, Connection

TIMEOUT = 60


class Volley:
    """What is to be asked; `fire` completes all of it within milliseconds."""

    def __init__(self) -> None:
        self.loaded: list[tuple[socket.socket, str, bytes]] = []

    def load(self, url: str, method: str, path: str, headers: dict, document: object = None) -> None:
        """One request more, to the server of a URL."""
        server = Connection(url)
        body = b"" if document is None else json.dumps(document).encode()
        sent = {
            "Host": f"{server.host}:{server.port}", "Accept": JSON, "Content-Length": str(len(body)),
            "Connection": "close", **({"Content-Type": JSON} if body else {}), **headers,
        }  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        request = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
        sock = socket.create_connection((server.host, server.port), timeout=TIMEOUT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(request[:-1])
        self.loaded.append((sock, method, request[-1:]))

    def fire(self) -> list[Answer]:
        """The answers, in the order in which the requests were loaded."""
        with contextlib.ExitStack() as opened:
            for sock, _, _ in self.loaded:
                opened.enter_context(sock)
            for sock, _, last in self.loaded:
                sock.sendall(last)
            return [self.read(sock, method) for sock, method, _ in self.loaded]

    @staticmethod
    def read(sock: socket.socket, method: str) -> Answer:
        response = http.client.HTTPResponse(sock, method=method)
        response.begin()
        return Answer(response.status, response.reason, response.headers, response.read())
