"""What schemathesis is told: names of records that there are, so that what it asks for is found.

Runs in its own environment, away from the harness.
"""

import json
import os
from pathlib import Path

import schemathesis

IDS = json.loads(Path(os.environ["OPENAPI_PLACES"]).read_text())["ids"]
# What a name in a path stands for, where the path does not say.
SINGULAR = {kind.removesuffix("ies") + "y" if kind.endswith("ies") else kind.removesuffix("s"): kind for kind in IDS}


def is_meant(value: object) -> bool:
    """Whether a made-up name is replaced: of four, three are."""
    return sum(str(value).encode()) % 4 != 0


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Names what there is, in most questions. What is there is never deleted: others ask for it too."""
    operation = context.operation
    if not path_parameters or operation.method.upper() == "DELETE" or operation.path.endswith(("/revoke", "/ban")):
        return path_parameters
    words = operation.path.strip("/").split("/")
    named = {}
    for name, value in path_parameters.items():
        at = words.index("{" + name + "}")
        kind = SINGULAR.get(name) or words[at - 1]
        named[name] = IDS[kind] if kind in IDS and is_meant(value) else value
    return named


@schemathesis.hook
def map_headers(context, headers):
    """Drops most headers that are refused at once, so that something else is looked at."""
    dropped = ("Keygen-Environment", "Keygen-Accept-Signature", "Keygen-Version")
    kept = {name: value for name, value in (headers or {}).items() if name not in dropped}
    return kept if all(is_meant(value) for value in (headers or {}).values()) else headers


@schemathesis.hook
def map_body(context, body):
    """Relates what is made to what there is."""
    return related(body)


def related(value: object) -> object:
    if isinstance(value, list):
        return [related(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("type")
    kind = SINGULAR.get(kind, kind) if isinstance(kind, str) else None
    if kind in IDS and set(value) == {"type", "id"} and is_meant(value["id"]):
        return {**value, "id": IDS[kind]}
    return {name: related(member) for name, member in value.items()}
