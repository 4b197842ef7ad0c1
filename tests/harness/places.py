"""Where things are: the tree, the binary under test, the pinned clients."""

import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
FIXTURES = ROOT / "fixtures" / "packages"
sys.path.insert(0, str(ROOT / "fixtures"))


def binary() -> Path:
    """The `keyway` to test: `TESTS_BINARY`, or what `cargo build --profile quick -p keyway` made."""
    path = Path(os.environ.get("TESTS_BINARY") or ROOT / "target" / "quick" / "keyway")
    if not path.exists():
        raise SystemExit(f"{path} does not exist: run `cargo build --profile quick -p keyway`, or set TESTS_BINARY")
    return path


def binary_under_test() -> Path:
    """The `keyway` with the test-support endpoint, beside the other."""
    path = binary().with_name("keyway-under-test")
    if not path.exists():
        raise SystemExit(f"{path} does not exist: build with `--features test-support`, and copy the binary there")
    return path


def directory(name: str) -> Path:
    """The directory of a client of `clients.txt`, be it there or not."""
    for line in (TESTS / "clients.txt").read_text().splitlines():
        if line.split()[:1] == [name]:
            cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
            return cache / "keyway-tests" / f"{name}-{line.split()[3]}"
    raise SystemExit(f"tests/clients.txt has no {name}")


def client(name: str) -> Path:
    """The directory that `tests/install` put a client of `clients.txt` into."""
    if not has(name):
        raise SystemExit(f"{name} is not installed: run tests/install")
    return directory(name)


def built(program: str) -> Path:
    """A program of `updaters/rust`, which `tests/install --full` builds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = cache / "keyway-tests" / "updaters-rust" / "debug" / program
    if not path.exists():
        raise SystemExit(f"{path} does not exist: run tests/install --full")
    return path


def has(name: str) -> bool:
    """Whether a client is installed: one that is built with Go may be missing where Go cannot be had."""
    return (directory(name) / ".done").exists()


def full() -> bool:
    """Whether this is a run with `--full`."""
    return os.environ.get("TESTS_FULL") == "1"
