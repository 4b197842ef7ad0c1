"""Orders and upgrades of generated versions, against a reading of the specification (§6.2 to §6.5) of its own."""

import random
import re
import unittest
from typing import NamedTuple
from urllib.parse import urlencode

from harness.shop import Shop

SEED, ROUNDS, VERSIONS = 6, 4, 14
REACH = {
    "stable": {"stable"},
    "rc": {"stable", "rc"},
    "beta": {"stable", "rc", "beta"},
    "alpha": {"stable", "rc", "beta", "alpha"},
    "dev": {"dev"},
}
CONSTRAINTS = ["1", "1.0", "1.0.0", "2", ">=1.1", "1-beta", "1+a", "1-beta.1", "1.1-rc", "2.0+a.1", "~> 1.0.0-alpha"]
TAILS = ["", ".1", ".2", ".10", "1", "2", ".x.1", ".x", ".1.2", "-3", ".01"]
BUILDS = ["1", "2", "a", "b", "a.1", "a.2", "10", "build-7"]


class Sorted(NamedTuple):
    """The sort columns of a version."""

    major: int
    minor: int
    patch: int
    pre_word: str | None
    pre_num: int | None
    build_word: str | None
    build_num: int | None


def columns(text: str | None) -> tuple[str | None, int | None]:
    """Word and number: the last token is the number when it is all digits; two separators end the scan."""
    tokens = re.split(r"[^A-Za-z0-9_]", re.split(r"[^A-Za-z0-9_]{2}", text or "")[0])
    tokens = [token for token in tokens if token]
    number = int(tokens.pop()) if tokens and tokens[-1].isdigit() else None
    return ".".join(tokens) or None, number


def read(version: str) -> Sorted:
    core, _, build = version.partition("+")
    numbers, _, pre = core.partition("-")
    return Sorted(*map(int, numbers.split(".")), *columns(pre), *columns(build))


def channel(version: str) -> str:
    pre = re.search(r"-([a-z]+)", version.partition("+")[0])
    return pre.group(1) if pre else "stable"


def rank(version: str) -> tuple:
    """Greater is later: no pre-release comes last, every other absence comes first."""
    v = read(version)
    present = lambda value: (value is not None, value)  # noqa: E731
    stable = (True, "") if v.pre_word is None else (False, v.pre_word)
    return (v[:3], stable, *(present(value) for value in (v.pre_num, v.build_word, v.build_num)))


def more(left: object, right: object) -> bool:
    """Whether a number or word is there and greater, or appears."""
    return left is not None and (right is None or left > right)


def supersedes(candidate: Sorted, current: Sorted) -> bool:
    if candidate[:3] != current[:3]:
        return candidate[:3] > current[:3]
    if current.pre_word is None:
        return False
    if candidate.pre_word != current.pre_word:
        return candidate.pre_word is None or candidate.pre_word > current.pre_word
    if candidate.pre_num != current.pre_num or current.pre_num is None:
        return more(candidate.pre_num, current.pre_num)
    if candidate.build_word is None or candidate.build_word != current.build_word:
        return more(candidate.build_word, current.build_word)
    return more(candidate.build_num, current.build_num)


def admits(constraint: str, candidate: Sorted) -> bool:
    core, _, build = constraint.lstrip("~>=< ").partition("+")
    numbers, _, pre = core.partition("-")
    numbers = [int(number) for number in numbers.split(".")]
    *same, least = numbers if len(numbers) > 1 else [*numbers, 0]
    if candidate[: len(same)] != tuple(same) or candidate[len(same)] < least:
        return False
    for text, found in [(pre, candidate[3:5]), (build, candidate[5:7])]:
        word, number = columns(text)
        if text and (found[0] != word or number not in (None, found[1])):
            return False
    return True


class Generated(Shop):
    """Worlds of versions that nobody would have thought of."""

    def version(self) -> str:
        pick = self.random
        pre = f"-{pick.choice(['rc', 'beta', 'alpha', 'dev'])}{pick.choice(TAILS)}" if pick.random() < 0.6 else ""
        build = f"+{pick.choice(BUILDS)}" if pick.random() < 0.4 else ""
        return f"{pick.randint(1, 2)}.{pick.randint(0, 1)}.{pick.randint(0, 1)}{pre}{build}"

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)

    def world(self) -> dict[str, dict]:
        versions = sorted({self.version() for _ in range(VERSIONS)})
        self.random.shuffle(versions)
        product = self.acme.product()
        return {version: self.acme.release(product, version, channel=channel(version)) for version in versions}

    def test_upgrades(self):
        for _ in range(ROUNDS):
            releases = self.world()
            for version, release in releases.items():
                for wanted, constraint in [
                    (None, None),
                    (self.random.choice(list(REACH)), None),
                    (None, self.random.choice(CONSTRAINTS)),
                    (self.random.choice(list(REACH)), self.random.choice(CONSTRAINTS)),
                ]:
                    self.check_upgrade(releases, version, release, wanted, constraint)

    def check_upgrade(self, releases, version, release, wanted, constraint):
        offered = [
            other
            for other in releases
            if channel(other) in REACH[wanted or channel(version)]
            and supersedes(read(other), read(version))
            and (constraint is None or admits(constraint, read(other)))
        ]
        given = {"channel": wanted, "constraint": constraint}
        query = urlencode({name: value for name, value in given.items() if value})
        answer = self.acme.get(f"/releases/{release['id']}/upgrade?{query}")
        with self.subTest(version=version, query=query, releases=sorted(releases)):
            self.assertEqual(answer.status, 200 if offered else 404, answer)
            if offered:
                self.assertEqual(rank(answer.json()["meta"]["next"]), max(map(rank, offered)))

    def test_the_highest_version_has_the_file(self):
        for _ in range(ROUNDS):
            releases = self.world()
            files = {self.acme.artifact(release, "feed.yml")["id"]: version for version, release in releases.items()}
            left = dict(releases)
            while left:
                found = self.acme.get("/artifacts/feed.yml?prefer=no-download").json()["data"]["id"]
                version = files[found]
                self.assertEqual(rank(version), max(map(rank, left)), sorted(left))
                self.bench.delete(left.pop(version))

    def test_the_specification_s_own_order(self):
        order = (
            "1.0.0+21AF26D3 1.0.0+20130313144700 1.0.0 1.0.0-rc.1 1.0.0-beta.11 1.0.0-beta.2 "
            "1.0.0-beta+exp.sha.5114f85 1.0.0-beta+exp.sha.6 1.0.0-beta 1.0.0-alpha.beta 1.0.0-alpha.1 "
            "1.0.0-alpha+001 1.0.0-alpha"
        ).split()
        product = self.acme.product()
        shuffled = self.random.sample(order, len(order))
        releases = {version: self.acme.release(product, version, channel=channel(version)) for version in shuffled}
        files = {self.acme.artifact(release, "feed.yml")["id"]: version for version, release in releases.items()}
        for version in order:
            found = self.acme.get("/artifacts/feed.yml?prefer=no-download").json()["data"]["id"]
            self.assertEqual(files[found], version)
            self.bench.delete(releases[version])


if __name__ == "__main__":
    unittest.main()
