"""The OCI project's own conformance program against a server: `python3 -m harness.conformance EDITION …`, from `tests/`.

`stable` is the published edition, `dev` the next one. Everything that an edition asks for has to pass: what the program
skips because the registry does not do it counts as failed, and only what the edition itself leaves out as skipped.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from . import postgres, seaweed
from .places import ROOT, client, has
from .publishing import product_token
from .server import Server
from .world import World

LINE = re.compile(r"^( *)OCI Conformance Test(?:/(.*))?: (Pass|Skip|Disabled|FAIL|Error)$")


class Result(NamedTuple):
    """A test of the program: its path, what became of it, and why."""

    name: str
    status: str
    why: str


def results(printed: str) -> list[Result]:
    """The tests that have none below them."""
    found: list[tuple[int, Result]] = []
    for line in printed.splitlines():
        told = LINE.match(line)
        if told:
            depth = len(told[1])
            if found and found[-1][0] < depth:
                found.pop()
            found.append((depth, Result(told[2] or "all", told[3], "")))
        elif found:
            depth, last = found[-1]
            found[-1] = (depth, last._replace(why=f"{last.why}\n    {line.strip()}"))
    return [result for _, result in found]


def run(edition: str, server: Server) -> subprocess.CompletedProcess:
    world = World(server)
    environment = {
        "PATH": os.environ["PATH"],
        "OCI_REGISTRY": server.address,
        "OCI_TLS": "disabled",
        "OCI_VERSION": edition,
        "OCI_USERNAME": "product",
        "OCI_PASSWORD": product_token(world),
        "OCI_RESULTS_DIR": str(report(edition)),
    }
    program = client("conformance") / "bin" / "conformance"
    return subprocess.run(
        [str(program)], env=environment, cwd=server.data.parent, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, errors="replace", timeout=600,
    )  # fmt: skip


def report(edition: str) -> Path:
    """Where the program's own report goes."""
    place = "-".join([edition, *(["postgres"] if postgres.wanted() else []), *(["s3"] if seaweed.wanted() else [])])
    return ROOT / "target" / "tests" / "conformance" / place


def judge(edition: str) -> bool:
    """Runs an edition, prints what did not pass and the counts; whether nothing failed."""
    with Server() as server:
        done = run(edition, server)
    tests = results(done.stdout)
    passed = sum(test.status == "Pass" for test in tests)
    skipped = [test for test in tests if test.status == "Disabled"]
    failed = [test for test in tests if test.status not in ("Pass", "Disabled")]
    for test in skipped:
        print(f"left out of {edition}: {test.name}")
    for test in failed:
        print(f"FAILED {edition}: {test.name}: {test.status}{test.why}")
    ended = done.returncode == 0 and bool(passed)
    if not ended:
        print(f"the program ended with {done.returncode}\n{done.stderr[-3000:]}")
    print(f"report of {edition}: {report(edition) / 'report.html'}")
    print(f"{passed} passed, {len(failed) + (not ended and not failed)} failed, {len(skipped)} skipped", flush=True)
    return ended and not failed


def main() -> int:
    if not has("conformance"):
        print("skipped: the conformance program could not be built: Go, or its module proxy, cannot be had")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    try:
        return 0 if all([judge(edition) for edition in sys.argv[1:] or ["stable"]]) else 1
    finally:
        seaweed.close_shared()


if __name__ == "__main__":
    sys.exit(main())
