"""Runs one suite: `python3 -m harness.suite NAME [TEST …]`, from `tests/`.

Prints a line per test and, last, `N passed, N failed, N skipped`; the exit code says whether any failed.
"""

import signal
import sys
import time
import unittest
from pathlib import Path

from . import cluster, daemon, seaweed
from .places import binary
from .world import close_shared

sys.dont_write_bytecode = True


class Report(unittest.TestResult):
    """A line per test, with what went wrong right below it."""

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.began = time.monotonic()

    def say(self, verdict: str, test: unittest.TestCase, more: str = "") -> None:
        took = time.monotonic() - getattr(self, "began", time.monotonic())
        print(f"{verdict:7} {test.id()} ({took:.1f} s){more}", flush=True)

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.passed = getattr(self, "passed", 0) + 1
        self.say("ok", test)

    def addFailure(self, test: unittest.TestCase, err: tuple) -> None:
        super().addFailure(test, err)
        self.say("FAILED", test, "\n" + self.failures[-1][1])

    def addError(self, test: unittest.TestCase, err: tuple) -> None:
        super().addError(test, err)
        self.say("FAILED", test, "\n" + self.errors[-1][1])

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: tuple | None) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            said = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.say("FAILED", subtest, "\n" + said[-1][1])

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self.say("skipped", test, f": {reason}")


def main() -> int:
    name, *wanted = sys.argv[1:]
    # So that what was started is stopped when we are told to.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    binary()  # says what to do if there is none
    folder = Path(__file__).resolve().parents[1] / name
    sys.path.insert(0, str(folder))
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{part}*" for part in wanted] or None
    tests = loader.discover(str(folder), "test_*.py", str(folder))
    report = Report()
    try:
        tests.run(report)
    finally:
        daemon.close_shared()
        cluster.close_shared()
        close_shared()
        seaweed.close_shared()
    failed = len(report.failures) + len(report.errors)
    passed = getattr(report, "passed", 0)
    print(f"{passed} passed, {failed} failed, {len(report.skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
