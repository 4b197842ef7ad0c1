"""A client that does what comes to its mind, and knows what should come of it: every answer is compared with a model.

A walk is a list of steps, each a name and the seed of what it chooses, so that it can be walked again, and without some of
its steps.
"""

import collections
import json
import random
import time
import uuid
from collections.abc import Callable
from datetime import datetime

from harness.vendor import JSON, Vendor
from harness.wire import Answer
from records import Model, Record, Refusal

Step = tuple[str, int]
# After how many steps everything is looked at.
AUDIT = 40
MISSING: Refusal = (404, "NOT_FOUND", "")


class Mismatch(AssertionError):
    """The server said something else than the model."""


class Walker:
    """Asks, and compares. What it can do are the methods whose names stand in `WEIGHTS`."""

    WEIGHTS: dict[str, int] = {}

    def __init__(self, vendor: Vendor, name: str) -> None:
        self.vendor, self.name, self.model = vendor, name, Model()
        self.asked: list[str] = []
        # what was answered how often: codes of refusals and of validations
        self.heard: collections.Counter = collections.Counter()
        self.taken = 0
        self.product = vendor.create("products", {"name": name})["id"]

    # Choosing.

    @classmethod
    def plan(cls, seed: int, length: int) -> list[Step]:
        dice = random.Random(seed)
        names = dice.choices(list(cls.WEIGHTS), list(cls.WEIGHTS.values()), k=length)
        return [(name, dice.getrandbits(32)) for name in names]

    def walk(self, steps: list[Step], deadline: float | None = None) -> None:
        """Takes the steps, as far as there is time; looks at everything every so often and at the end."""
        for number, (name, seed) in enumerate(steps, 1):
            if deadline and time.monotonic() > deadline:
                break
            getattr(self, name)(random.Random(seed))
            self.taken = number
            if number % AUDIT == 0:
                self.audit()
        self.audit()
        self.leave()

    def audit(self) -> None:
        raise NotImplementedError

    def leave(self) -> None:
        raise NotImplementedError

    @staticmethod
    def some(dice: random.Random, records: list) -> object | None:
        """One of them, more often one of the latest."""
        return dice.choice(dice.choice([records, records[-4:]])) if records else None

    @staticmethod
    def rarely(dice: random.Random, chance: float = 0.05) -> bool:
        return dice.random() < chance

    # Asking.

    def ask(self, method: str, path: str, document: object = None, headers: dict | None = None) -> Answer:
        """A request by the vendor, unless the headers say who else it is. Whatever the answer is, it is formed as it should
        be."""
        answer = self.vendor.ask(method, path, document, headers)
        body = "" if document is None else f" {json.dumps(document)}"
        self.asked.append(f"{method} {path}{body} {headers or ''} -> {answer.status} {answer.text()[:300]}")
        if answer.status >= 500:
            raise Mismatch(f"{answer}")
        if answer.body and not answer.header("content-type").startswith(JSON):
            raise Mismatch(f"content type {answer.header('content-type')}")
        if answer.status >= 400:
            self.is_refusal(answer)
        return answer

    @staticmethod
    def is_refusal(answer: Answer) -> None:
        document = answer.json()
        uuid.UUID(document["meta"]["id"])
        for error in document["errors"]:
            members = {"title", "detail", "code", "source", "links"}
            texts = [error.get("title"), error.get("detail")]
            if not (set(error) <= members and all(isinstance(text, str) and text for text in texts)):
                raise Mismatch(f"no error: {error}")
            if not set(error.get("source", {})) <= {"pointer", "parameter", "header"}:
                raise Mismatch(f"no source: {error}")

    @staticmethod
    def refusals(answer: Answer) -> set[Refusal]:
        if answer.status < 400:
            return set()
        errors = answer.json()["errors"] or [{}]
        return {(answer.status, one.get("code", ""), one.get("source", {}).get("pointer", "")) for one in errors}

    def expect(self, refusals: set[Refusal], method: str, path: str, document: object = None, **by: object) -> object:
        """What is given, unless it has to be refused, and then just so."""
        answer = self.ask(method, path, document, **by)
        said = self.refusals(answer)
        self.heard.update(f"{status} {code}" for status, code, _ in said)
        if said != refusals:
            raise Mismatch(f"{method} {path}: expected {sorted(refusals) or 'success'}, got {answer}")
        return answer.json()["data"] if not refusals and answer.body else None

    def write(self, refusals: set[Refusal], kind: str, attributes: dict, related: dict | None = None, **by: object):
        """A record that is to be made."""
        links = {name: one.id if isinstance(one, Record) else one for name, one in (related or {}).items()}
        return self.expect(refusals, "POST", f"/{kind}", {"data": Vendor.document(kind, attributes, links)}, **by)

    def change(self, refusals: set[Refusal], kind: str, id: str, attributes: dict, **by: object) -> dict | None:
        document = {"data": {"type": kind, "attributes": attributes}}
        return self.expect(refusals, "PATCH", f"/{kind}/{id}", document, **by)

    def relate(self, refusals: set[Refusal], path: str, kind: str, to: Record | None) -> dict | None:
        document = {"data": to and {"type": kind, "id": to.id}}
        return self.expect(refusals, "PUT", path, document)

    def equal(self, what: str, shown: object, known: object) -> None:
        if shown != known:
            raise Mismatch(f"{what}: the server shows {shown}, the model knows {known}")


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def shrunk(steps: list[Step], fails: Callable[[list[Step]], bool], seconds: float) -> list[Step]:
    """Fewer steps that fail as well, as far as can be found in that time."""
    deadline = time.monotonic() + seconds
    size = len(steps) // 2
    while size:
        begin = 0
        while begin < len(steps):
            if time.monotonic() > deadline:
                return steps
            fewer = steps[:begin] + steps[begin + size :]
            if fails(fewer):
                steps = fewer
            else:
                begin += size
        size //= 2
    return steps
