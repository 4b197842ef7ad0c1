"""Large bodies, made and read block by block."""

import hashlib
import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

from .parts import MIB

BLOCK = 1 * MIB


def blocks(seed: int, size: int) -> Iterator[bytes]:
    """Bytes that differ from block to block and from file to file, without the whole in memory."""
    pattern = hashlib.shake_128(str(seed).encode()).digest(BLOCK)
    for number in range(size // BLOCK):
        yield number.to_bytes(8, "big") + pattern[8:]


def digest(seed: int, size: int) -> str:
    sha = hashlib.sha256()
    for block in blocks(seed, size):
        sha.update(block)
    return sha.hexdigest()


def send(method: str, url: str, content: Iterator[bytes], headers: dict) -> http.client.HTTPResponse:
    """A body as it is made: in chunks, unless `headers` say how long it is. The answer, read."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=600)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, target, body=content, headers=headers, encode_chunked="Content-Length" not in headers)
    answer = connection.getresponse()
    answer.said = answer.read()
    connection.close()
    return answer


def fetch(url: str, headers: dict | None = None) -> str:
    """The digest of what a URL leads to."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=600)
    connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""), headers=headers or {})
    answer, sha = connection.getresponse(), hashlib.sha256()
    if answer.status in (303, 307):
        connection.close()
        return fetch(answer.headers["Location"])
    assert answer.status == 200, answer.status
    while block := answer.read(BLOCK):
        sha.update(block)
    connection.close()
    return sha.hexdigest()
