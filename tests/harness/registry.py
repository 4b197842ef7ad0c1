"""A registry over plain HTTP: what its clients send, request by request, and nothing that they hide."""

import re
from urllib.parse import quote, urlencode

from . import wire
from .images import Document, digest_of
from .server import Server
from .vendor import Vendor
from .wire import Answer, Connection

MANIFESTS = ", ".join(
    f"application/vnd.{name}+json"
    for name in (
        "oci.image.manifest.v1",
        "oci.image.index.v1",
        "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
    )
)
PARAMETER = re.compile(r'(\w+)="([^"]*)"')


def challenge(answer: Answer) -> dict[str, str]:
    """The parameters of a Bearer challenge."""
    said = answer.header("www-authenticate")
    assert said.startswith("Bearer "), f"{answer.status} {said!r} {answer}"
    return dict(PARAMETER.findall(said))


def scope(repository: str, *actions: str) -> str:
    return f"repository:{repository}:{','.join(actions or ('pull',))}"


class Registry:
    """A server's registry as somebody asks it: with Basic on every request, unless told otherwise."""

    def __init__(self, server: Server | Vendor, secret: str | None = None, user: str = "license") -> None:
        self.server = server
        self.credential = wire.basic(user, secret) if secret else {}
        self.connection = Connection(server.url)

    def close(self) -> None:
        self.connection.close()

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> Answer:
        """A request at `/v2/` and below, or at a location that the server named."""
        place = path if path.startswith(("/", "http")) else f"/v2/{path}"
        return self.connection.request(method, place, body, {**self.credential, **(headers or {})})

    def get(self, path: str, headers: dict | None = None) -> Answer:
        """Follows a redirect to the object store, without the credential, as clients do."""
        answer = self.ask("GET", path, headers=headers)
        return wire.get(answer.header("location"), headers) if answer.status in (303, 307) else answer

    # Tokens.

    def token_answer(self, *scopes: str, credential: dict | None = None, **query: str) -> Answer:
        """What the token service says, asked as docker asks it."""
        asked = challenge(wire.get(f"{self.server.url}/v2/"))
        pairs = [("service", asked["service"]), *(("scope", one) for one in scopes), *query.items()]
        return wire.get(f"{asked['realm']}?{urlencode(pairs)}", self.credential if credential is None else credential)

    def token(self, *scopes: str, **query: str) -> str:
        answer = self.token_answer(*scopes, **query)
        assert answer.status == 200, answer
        return answer.json()["token"]

    def with_token(self, *scopes: str) -> dict:
        """The headers of somebody who asked for these scopes."""
        return wire.bearer(self.token(*scopes))

    # Reading.

    def manifest(self, repository: str, reference: str, method: str = "GET", headers: dict | None = None) -> Answer:
        return self.ask(method, f"{repository}/manifests/{reference}", headers={"Accept": MANIFESTS, **(headers or {})})

    def blob(self, repository: str, digest: str, headers: dict | None = None) -> Answer:
        return self.get(f"{repository}/blobs/{digest}", headers)

    def tags(self, repository: str, **query: object) -> list[str]:
        answer = self.ask("GET", f"{repository}/tags/list?{urlencode(query)}")
        assert answer.status == 200, answer
        return answer.json()["tags"]

    def referrers(self, repository: str, digest: str) -> list[dict]:
        answer = self.ask("GET", f"{repository}/referrers/{digest}")
        assert answer.status == 200, answer
        return answer.json()["manifests"]

    # Writing.

    def begin(self, repository: str, headers: dict | None = None) -> str:
        """Starts an upload; where to send it."""
        answer = self.ask("POST", f"{repository}/blobs/uploads/", b"", headers)
        assert answer.status == 202, answer
        return answer.header("location")

    def finish(self, location: str, digest: str, content: bytes = b"", headers: dict | None = None) -> Answer:
        joined = f"{location}{'&' if '?' in location else '?'}digest={quote(digest)}"
        return self.ask("PUT", joined, content, {"Content-Type": "application/octet-stream", **(headers or {})})

    def push_blob(self, repository: str, content: bytes) -> str:
        digest = digest_of(content)
        answer = self.finish(self.begin(repository), digest, content)
        assert answer.status == 201, answer
        return digest

    def put_manifest(self, repository: str, reference: str, document: Document) -> Answer:
        path = f"{repository}/manifests/{reference}"
        return self.ask("PUT", path, document.body, {"Content-Type": document.media_type})

    def push(self, repository: str, reference: str | None, document: Document) -> Document:
        """Pushes a document with all that is below it; without a tag, by its digest."""
        for child in document.children:
            self.push(repository, None, child)
        for content in document.blobs.values():
            self.push_blob(repository, content)
        answer = self.put_manifest(repository, reference or document.digest, document)
        assert answer.status == 201, answer
        return document
