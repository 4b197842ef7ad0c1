"""Uploads in parts, as a vendor's script does them."""

from concurrent.futures import ThreadPoolExecutor

from .vendor import Vendor
from .wire import Answer

MIB = 1 << 20


class PartsUpload:
    """One artifact whose file comes in parts."""

    def __init__(self, vendor: Vendor, release: str, filename: str, size: int, part_size: int, **more: object) -> None:
        self.vendor, self.size = vendor, size
        document = vendor.document("artifacts", {"filename": filename, "filesize": size, **more}, {"release": release})
        self.answer = vendor.ask("POST", "/artifacts", {"data": document}, {"Prefer": f"multipart; part-size={part_size}"})
        assert self.answer.status == 201, self.answer
        made = self.answer.json()
        self.id, self.facts, self.links = made["data"]["id"], made["meta"]["upload"], made["links"]

    def sign(self, first: int = 1, count: int = 1000) -> list[dict]:
        return self.vendor.must_meta(f"/artifacts/{self.id}/actions/sign-parts", {"from": first, "count": count})["parts"]

    def put(self, part: dict, content: bytes) -> Answer:
        return self.vendor.put(part["url"], content)

    def send(self, content: bytes, numbers: list[int] | None = None) -> dict[int, str]:
        """Sends parts, some at once; their tags by number."""
        wanted = [part for part in self.sign() if numbers is None or part["number"] in numbers]

        def one(part: dict) -> tuple[int, str]:
            answer = self.put(part, content[part["offset"] : part["offset"] + part["size"]])
            assert answer.status == 200, answer
            return part["number"], answer.headers["ETag"]

        with ThreadPoolExecutor(3) as pool:
            return dict(pool.map(one, wanted))

    def complete(self, tags: dict[int, str] | None = None) -> Answer:
        parts = [{"number": number, "etag": tag} for number, tag in (tags or {}).items()]
        document = {"meta": {"parts": parts}} if tags is not None else None
        return self.vendor.ask("POST", f"/artifacts/{self.id}/actions/complete-upload", document)
