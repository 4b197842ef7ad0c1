"""A vendor's own server that webhooks are sent to, over TLS on loopback."""

import http.server
import json
import ssl
import tempfile
import threading
from email.message import Message
from typing import NamedTuple

from .certificates import self_signed


class Received(NamedTuple):
    """One webhook as it came."""

    method: str
    path: str
    headers: Message
    body: bytes

    def event(self) -> dict:
        return json.loads(self.body)["data"]

    def token(self) -> str:
        return self.event()["meta"]["idempotencyToken"]


class Receiver:
    """Takes webhooks, and answers by path: `answers["/busy"] = (503, b"later")`; 200 where nothing is said. While `gate` is
    closed, nothing is answered."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="keyway-receiver-")
        self.certificate = self_signed(self.folder.name, "IP:127.0.0.1")
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.received: list[Received] = []
        self.connections = 0
        self.gate = threading.Event()
        self.gate.set()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.cert, self.certificate.key)
        self.server = self.listen(context)
        self.port = self.server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def listen(self, context: ssl.SSLContext) -> http.server.ThreadingHTTPServer:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.received.append(Received("POST", self.path, self.headers, body))
                receiver.gate.wait(60)
                status, said = receiver.answers.get(self.path, (200, b"thanks"))
                self.send_response(status)
                for name, value in receiver.headers.get(self.path, {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                pass

        class Tls(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def finish_request(self, request, address) -> None:
                receiver.connections += 1
                super().finish_request(context.wrap_socket(request, server_side=True), address)

            def handle_error(self, *_: object) -> None:
                pass  # clients that hang up are part of the tests

        return Tls(("127.0.0.1", 0), Handler)

    def at(self, path: str) -> list[Received]:
        return [one for one in list(self.received) if one.path == path]

    def trusted(self) -> dict[str, str]:
        """The environment of a process that trusts the certificate."""
        return {"SSL_CERT_FILE": self.certificate.cert}

    def close(self) -> None:
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()
