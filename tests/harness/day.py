"""The time of day of a server on its own, which can be set to and fro while it runs: libfaketime's. What measures time
since the start goes on as it is."""

import tempfile
from pathlib import Path


def preload() -> str:
    """The library that tells a program another time of day."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "libfaketime is not installed: run tests/install"
    return str(found[0])


class Day:
    """How far a server's day is off ours. A file says so, which is read anew all the time."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="keyway-day-")
        self.file = Path(self.folder.name) / "offset"
        self.seconds = 0
        self.set(0)

    def set(self, seconds: int) -> None:
        """Sets the day to so many seconds after ours."""
        self.seconds = seconds
        # In one step: the library must not find the file empty.
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self.file)

    def go_on(self, seconds: int) -> None:
        """Sets the day forward."""
        self.set(self.seconds + seconds)

    @property
    def environment(self) -> dict:
        """What a server is started with."""
        return {
            "LD_PRELOAD": preload(), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip

    def close(self) -> None:
        self.folder.cleanup()
