"""Waiting for a condition, never for an amount of time."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(check: Callable[[], Found], what: str, seconds: float = 20, every: float = 0.02) -> Found:
    """Polls until `check` returns something true, and returns it; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} seconds")
        time.sleep(every)
