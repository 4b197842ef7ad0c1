"""An object store that misbehaves on demand: a relay before the real one, which knows all that is true.

It is stricter than the real one, too: a request with a signed query and an `Authorization`, and one for several
ranges, are refused and noted in `violations`. It makes faults, and proves nothing else.
"""

import contextlib
import http.client
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from .relay import HOP_BY_HOP
from .seaweed import BUCKET, Seaweed

BLOCK = 64 * 1024


@dataclass
class Fault:
    """What goes wrong with requests of a method whose URL has a text in it, so many times."""

    kind: str
    method: str
    part: str
    times: int
    seconds: float = 0


class FaultyStore:
    """The relay. `fail` asks for a fault; a fault that has happened often enough is over."""

    def __init__(self, store: Seaweed) -> None:
        self.store, self.faults, self.happened, self.violations = store, [], [], []
        self.lock = threading.Lock()
        faulty = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                faulty.handle(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.httpd.handle_error = lambda *_: None
        self.endpoint = f"http://localhost:{self.httpd.server_port}"
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, prefix: str) -> str:
        return f"s3://{BUCKET}/{prefix}?endpoint={self.endpoint}"

    def fail(self, kind: str, method: str = "", part: str = "", times: int = 1_000_000, seconds: float = 0) -> None:
        """`slowdown`, `skew`, `gone`: an error of the store. `reset`: no answer. `drop`: the connection ends in the
        middle of the body. `truncate`: a shorter body, whole by its length. `slow`: the answer takes a while. `etag`:
        another tag. `lost`: done, but the answer does not arrive."""
        with self.lock:
            self.faults.append(Fault(kind, method, part, times, seconds))

    def recover(self) -> None:
        with self.lock:
            self.faults.clear()

    def count(self, kind: str) -> int:
        return self.happened.count(kind)

    def close(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()

    def fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.method in ("", method) and fault.part in path:
                    fault.times -= 1
                    self.happened.append(fault.kind)
                    return fault
        return None

    def violation(self, request: BaseHTTPRequestHandler) -> str | None:
        signed = "X-Amz-Signature" in parse_qs(urlsplit(request.path).query)
        if signed and request.headers.get("Authorization"):
            return "Only one auth mechanism allowed"
        return "several ranges" if "," in (request.headers.get("Range") or "") else None

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        wrong = self.violation(request)
        fault = self.fault(request.command, request.path)
        kind = fault.kind if fault else ""
        if wrong:
            self.violations.append(f"{request.command} {request.path}: {wrong}")
        if kind == "reset":
            return self.cut(request)
        if wrong or kind in ("slowdown", "skew", "gone"):
            self.swallow(request, length)
            return self.refuse(request, *{
                "slowdown": (503, "SlowDown"), "skew": (403, "RequestTimeTooSkewed"), "gone": (404, "NoSuchKey"),
            }.get(kind, (400, "InvalidArgument")))  # fmt: skip
        if kind == "slow":
            time.sleep(fault.seconds)  # this is the fault, nothing waits for it
        self.relay(request, length, kind)

    def swallow(self, request: BaseHTTPRequestHandler, length: int) -> None:
        while length > 0 and (block := request.rfile.read(min(BLOCK, length))):
            length -= len(block)

    def refuse(self, request: BaseHTTPRequestHandler, status: int, code: str) -> None:
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>a test asked for it</Message></Error>"
        body = b"" if request.command == "HEAD" else text.encode()
        request.send_response_only(status)
        request.send_header("Content-Type", "application/xml")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def cut(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        with contextlib.suppress(OSError):
            request.connection.shutdown(socket.SHUT_RDWR)

    def relay(self, request: BaseHTTPRequestHandler, length: int, kind: str) -> None:
        there = http.client.HTTPConnection("127.0.0.1", self.store.port, timeout=120)
        there.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            if name.lower() not in HOP_BY_HOP | {"expect"}:
                there.putheader(name, value)
        there.endheaders()
        while length > 0 and (block := request.rfile.read(min(BLOCK, length))):
            there.send(block)
            length -= len(block)
        answer = there.getresponse()
        if kind == "lost":
            answer.read()
            return self.cut(request)
        size = int(answer.headers.get("Content-Length") or 0)
        told = size // 2 if kind == "truncate" else size
        request.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                request.send_header(name, '"0123456789abcdef0123456789abcdef"' if kind == "etag" and name.lower() == "etag" else value)
        body = b"" if "Content-Length" in answer.headers else answer.read()
        request.send_header("Content-Length", str(told or len(body)))
        request.end_headers()
        request.wfile.write(body)
        left = 0 if request.command == "HEAD" else size // 2 if kind in ("drop", "truncate") else size
        while left > 0 and (block := answer.read(min(BLOCK, left))):
            request.wfile.write(block)
            left -= len(block)
        there.close()
        if kind in ("drop", "truncate"):
            self.cut(request)
