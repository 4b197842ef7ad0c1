"""Plain HTTP/1.1, nothing followed, nothing decoded: what a client without opinions sees."""

import base64
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

# By address: what servers of ours are trusted by that speak TLS.
TRUSTED: dict[str, ssl.SSLContext] = {}
# Addresses of hosts whose names only a test's network knows.
NAMES: dict[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """A response as it came."""

    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)

    def text(self) -> str:
        return self.body.decode(errors="replace")

    def header(self, name: str) -> str:
        return self.headers.get(name) or ""

    def __str__(self) -> str:
        return f"{self.status} {self.reason} {self.text()[:500]}"


class Connection:
    """A keep-alive connection to one base URL; it is opened anew when the server has closed it."""

    def __init__(self, base: str, source: str | None = None, timeout: float = 60) -> None:
        url = urlsplit(base)
        self.host, self.port, self.prefix = url.hostname, url.port, url.path.rstrip("/")
        self.source, self.timeout = source, timeout
        self.trusted = TRUSTED.get(self.host) if url.scheme == "https" else None
        self.connection: http.client.HTTPConnection | None = None

    def request(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> Answer:
        target = path if not path.startswith("http") else path_of(path)
        target = target if path.startswith("http") else self.prefix + target
        kept = self.connection is not None
        try:
            return self.once(method, target, body, headers or {})
        except (http.client.BadStatusLine, ConnectionError):
            self.close()
            if not kept:
                raise
            return self.once(method, target, body, headers or {})

    def once(self, method: str, target: str, body: bytes | None, headers: dict) -> Answer:
        if self.connection is None:
            bind = (self.source, 0) if self.source else None
            address = NAMES.get(self.host, self.host)
            options = {"timeout": self.timeout, "source_address": bind}
            self.connection = (
                http.client.HTTPSConnection(address, self.port, context=self.trusted, **options)
                if self.trusted
                else http.client.HTTPConnection(address, self.port, **options)
            )
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        named = {"Host": f"{self.host}:{self.port}"} if self.host in NAMES else {}
        self.connection.request(method, target, body=body, headers={**named, **headers})
        response = self.connection.getresponse()
        answer = Answer(response.status, response.reason, response.headers, response.read())
        if response.will_close:
            self.close()
        return answer

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def get(url: str, headers: dict | None = None, method: str = "GET", **options) -> Answer:
    """One request on a connection of its own."""
    connection = Connection(url, **options)
    try:
        return connection.request(method, url, headers=headers)
    finally:
        connection.close()


def fetch(url: str, headers: dict | None = None) -> Answer:
    """A file, from wherever it is: a redirect to the object store is followed, without the credential."""
    answer = get(url, headers)
    return get(answer.header("location")) if answer.status == 303 else answer


def basic(user: str, password: str) -> dict:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(secret: str) -> dict:
    return {"Authorization": f"Bearer {secret}"}


def license_header(key: str) -> dict:
    return {"Authorization": f"License {key}"}


def raw(port: int, request: bytes, timeout: float = 20) -> bytes:
    """Sends bytes as they are and reads until the server closes or has answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        sock.sendall(request)
        response = http.client.HTTPResponse(sock)
        try:
            response.begin()
        except (http.client.BadStatusLine, ConnectionError):
            return b""
        return f"{response.status} ".encode() + response.read()
