"""A proxy that writes down what a client asks, and a stand-in for a public index."""

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"}


@dataclass(frozen=True)
class Seen:
    """A request that came, and the status it got."""

    method: str
    path: str
    headers: dict
    status: int


class Listener:
    """A loopback HTTP server that answers with `answer(method, path, headers, body)` and keeps what it saw."""

    def __init__(self, answer: Callable[[str, str, dict, bytes], tuple[int, str, list, bytes]]) -> None:
        self.seen: list[Seen] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                given = {name.lower(): value for name, value in self.headers.items()}
                status, reason, headers, content = answer(self.command, self.path, given, body)
                listener.seen.append(Seen(self.command, self.path, given, status))
                self.send_response_only(status, reason)
                for name, value in headers:
                    if name.lower() not in HOP_BY_HOP | {"content-length"}:
                        self.send_header(name, value)
                length = next((value for name, value in headers if name.lower() == "content-length"), len(content))
                if status not in (204, 304):
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_HEAD = do_POST = do_PUT = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.httpd.handle_error = lambda *_: None  # clients may hang up as they like
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def asked(self, part: str) -> list[Seen]:
        """The requests whose path contains `part`."""
        return [seen for seen in self.seen if part in seen.path]

    def close(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()


def forward(url: str, method: str, path: str, headers: dict, body: bytes) -> tuple[int, str, list, bytes]:
    """What the server at `url` answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    kept = {name: value for name, value in headers.items() if name not in HOP_BY_HOP}
    connection.request(method, path, body or None, kept)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.reason, response.getheaders(), content


def relay(url: str | None = None) -> tuple[Listener, Callable[[str], None]]:
    """A proxy in front of `url`, which may also be named later."""
    target = {"url": url}
    return Listener(lambda *asked: forward(target["url"], *asked)), lambda url: target.update(url=url)
