"""Sparkle and WinSparkle as far as they read a feed, made from their sources: which item each would offer."""

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import zip_longest
from xml.etree import ElementTree

SPARKLE = "{http://www.andymatuschak.org/xml-namespaces/sparkle}"


@dataclass(frozen=True)
class Item:
    """An item as both clients read it."""

    version: str
    short: str
    url: str
    length: int
    signature: str | None
    os: str | None
    channel: str | None
    system: str | None
    critical: bool
    phased: int | None
    deltas: dict[str, str]


def items(feed: bytes) -> list[Item]:
    """The items of a feed, which has to be RSS 2.0; every date has to be one that Sparkle reads."""
    rss = ElementTree.fromstring(feed)
    assert (rss.tag, rss.get("version")) == ("rss", "2.0"), rss
    return [read(item) for item in rss.findall("channel/item")]


def read(item: ElementTree.Element) -> Item:
    date = item.findtext("pubDate")
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}", date), date
    parsedate_to_datetime(date)
    enclosure = item.find("enclosure")
    phased = item.findtext(f"{SPARKLE}phasedRolloutInterval")
    return Item(
        version=item.findtext(f"{SPARKLE}version"),
        short=item.findtext(f"{SPARKLE}shortVersionString"),
        url=enclosure.get("url"),
        length=int(enclosure.get("length")),
        signature=enclosure.get(f"{SPARKLE}edSignature"),
        os=enclosure.get(f"{SPARKLE}os"),
        channel=item.findtext(f"{SPARKLE}channel"),
        system=item.findtext(f"{SPARKLE}minimumSystemVersion"),
        critical=item.find(f"{SPARKLE}criticalUpdate") is not None,
        phased=phased and int(phased),
        deltas={
            delta.get(f"{SPARKLE}deltaFrom"): delta.get("url")
            for delta in item.findall(f"{SPARKLE}deltas/enclosure")
        },
    )


def parts(version: str) -> list[str]:
    return re.findall(r"\d+|[A-Za-z]+|.", version)


def kind(part: str | None) -> str:
    return "none" if part is None else "number" if part.isdigit() else "text" if part.isalpha() else "separator"


def compare(one: str, other: str) -> int:
    """`SUStandardVersionComparator`: below 0, 0 or above 0."""
    for a, b in zip_longest(parts(one), parts(other)):
        kinds = (kind(a), kind(b))
        if kinds == ("number", "number") and int(a) != int(b):
            return int(a) - int(b)
        if kinds == ("text", "text") and a != b:
            return -1 if a < b else 1
        if kinds[0] != kinds[1]:
            order = ["text", "none", "separator", "number"]
            return order.index(kinds[0]) - order.index(kinds[1])
    return 0


def sparkle(feed: bytes, running: str, system: str = "26.1", channels: tuple = ()) -> Item | None:
    """What Sparkle offers to a program on a Mac."""
    best = None
    for item in items(feed):
        fits = item.os in (None, "macos") and (item.channel is None or item.channel in channels)
        fits = fits and (item.system is None or compare(item.system, system) <= 0)
        if fits and (best is None or compare(best.version, item.version) < 0):
            best = item
    return best if best and compare(running, best.version) < 0 else None


def winsparkle(feed: bytes, running: str, arch: str = "x64") -> Item | None:
    """What WinSparkle offers to a program on Windows."""
    found = items(feed)
    own = [item for item in found if item.os in ("windows", f"windows-{arch}")]
    first = next(iter(own or found), None)
    return first if first and compare(running, first.version) < 0 else None
