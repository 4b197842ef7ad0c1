"""A vendor at the JSON:API: creates records, uploads files, and waits until they are through."""

import json
import threading
from urllib.parse import quote, urlencode

from .waiting import until
from .wire import Answer, Connection, bearer

JSON = "application/vnd.api+json"


class Refused(Exception):
    """The API said no."""

    def __init__(self, what: str, answer: Answer) -> None:
        super().__init__(f"{what}: {answer}")
        self.answer = answer


class Vendor:
    """Talks to `/v1`, or to an account below it, with a token. One connection per thread."""

    def __init__(self, url: str, token: str, account: str | None = None) -> None:
        self.url, self.token = url, token
        self.root = f"{url}/v1/accounts/{account}" if account else f"{url}/v1"
        self.local = threading.local()

    def ask(self, method: str, path: str, document: object = None, headers: dict | None = None) -> Answer:
        """One request; the answer whatever it is."""
        if not hasattr(self.local, "connection"):
            self.local.connection = Connection(self.root)
        body = None if document is None else json.dumps(document).encode()
        given = {**bearer(self.token), "Accept": JSON, **({"Content-Type": JSON} if body else {}), **(headers or {})}
        return self.local.connection.request(method, path, body, given)

    def must(self, method: str, path: str, document: object = None, headers: dict | None = None) -> dict | None:
        """One request that has to succeed; the `data` of the answer."""
        answer = self.ask(method, path, document, headers)
        if answer.status >= 300:
            raise Refused(f"{method} {path}", answer)
        return answer.json().get("data") if answer.body else None

    def must_meta(self, path: str, meta: dict) -> dict:
        """One POST of a `meta` that has to succeed; the `meta` of the answer."""
        answer = self.ask("POST", path, {"meta": meta})
        if answer.status >= 300:
            raise Refused(f"POST {path}", answer)
        return answer.json()["meta"]

    def create(self, kind: str, attributes: dict, **related: str | None) -> dict:
        """Creates a record; `related` are ids by relationship name, such as `product=ID`."""
        return self.must("POST", f"/{kind}", {"data": self.document(kind, attributes, related)})

    @staticmethod
    def document(kind: str, attributes: dict, related: dict) -> dict:
        links = {name: {"data": {"type": plural(name), "id": id}} for name, id in related.items() if id}
        return {"type": kind, "attributes": attributes, **({"relationships": links} if links else {})}

    def update(self, kind: str, id: str, **attributes: object) -> dict:
        return self.must("PATCH", f"/{kind}/{id}", {"data": {"type": kind, "attributes": attributes}})

    def act(self, kind: str, id: str, action: str) -> dict | None:
        return self.must("POST", f"/{kind}/{id}/actions/{action}")

    def every(self, path: str) -> list[dict]:
        """All records of a list, newest first, page by page."""
        found, more = [], True
        while more:
            query = {"page[cursor]": found[-1]["id"] if found else "", "page[size]": 100}
            page = self.must("GET", f"{path}{'&' if '?' in path else '?'}{urlencode(query)}")
            found += page
            more = len(page) == 100
        return found

    def entitle(self, license: str, *entitlements: str) -> None:
        data = [{"type": "entitlements", "id": id} for id in entitlements]
        self.must("POST", f"/licenses/{license}/entitlements", {"data": data})

    def constrain(self, release: str, *entitlements: str) -> None:
        links = [{"entitlement": {"data": {"type": "entitlements", "id": id}}} for id in entitlements]
        data = [{"type": "constraints", "relationships": link} for link in links]
        self.must("POST", f"/releases/{release}/constraints", {"data": data})

    def start_upload(self, release: str, filename: str, **attributes: object) -> tuple[str, str]:
        """Declares an artifact; returns its id and the URL to PUT it to."""
        document = self.document("artifacts", {"filename": filename, **attributes}, {"release": release})
        made = self.must("POST", "/artifacts", {"data": document}, {"Prefer": "no-redirect"})
        return made["id"], made["links"]["redirect"]

    def put(self, url: str, content: bytes) -> Answer:
        """PUT to an upload URL: at the object store, or at the address that we reach the server by, whatever its
        public name."""
        connection = Connection(url if "X-Amz-Signature=" in url else self.url)
        try:
            return connection.request("PUT", url, content)
        finally:
            connection.close()

    def artifact(self, id: str) -> dict:
        return self.must("GET", f"/artifacts/{quote(id)}?prefer=no-download")

    def settled(self, id: str, seconds: float = 30) -> dict:
        """The artifact once it is neither waiting nor being processed."""

        def check() -> dict | None:
            artifact = self.artifact(id)
            return artifact if artifact["attributes"]["status"] not in ("WAITING", "PROCESSING") else None

        return until(check, f"artifact {id} is through", seconds)

    def remove_artifact(self, id: str) -> None:
        """Deletes an artifact and waits until its name is free again."""
        self.must("DELETE", f"/artifacts/{id}")
        until(lambda: self.ask("GET", f"/artifacts/{id}").status == 404, f"artifact {id} is gone")

    def upload(self, release: str, filename: str, content: bytes, **attributes: object) -> dict:
        """Declares, uploads, waits; returns the artifact, whether it was taken (UPLOADED) or not (FAILED)."""
        id, url = self.start_upload(release, filename, **attributes)
        answer = self.put(url, content)
        if answer.status >= 500:
            raise Refused(f"PUT of {filename}", answer)
        return self.settled(id)

    def publish(self, release: str, filename: str, content: bytes, **attributes: object) -> dict:
        """Uploads a file that has to be taken."""
        artifact = self.upload(release, filename, content, **attributes)
        if artifact["attributes"]["status"] != "UPLOADED":
            raise AssertionError(f"{filename}: {artifact['attributes']}")
        return artifact


def plural(relationship: str) -> str:
    """The resource type that a relationship of this name leads to."""
    return {"policy": "policies", "owner": "users", "bearer": "users"}.get(relationship, relationship + "s")
