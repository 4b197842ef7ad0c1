"""What scenarios of the container registry begin with: the suite's world, its vendor, and customers with real clients."""

import unittest
from collections.abc import Callable

from . import world as worlds
from .images import Document, image
from .publishing import fresh, product_token
from .registry import Registry
from .world import World

# By product: a token of it. A push needs no other.
_tokens: dict[str, str] = {}


def vendor_token(world: World) -> str:
    if world.product not in _tokens:
        _tokens[world.product] = product_token(world)
    return _tokens[world.product]


class Depot(unittest.TestCase):
    """Everything that a test pushes has a name of its own."""

    def setUp(self) -> None:
        self.use(worlds.shared())

    def use(self, world: World) -> None:
        """Another world than the suite's."""
        self.world = world
        self.address = world.server.address
        self.vendor = self.registry(vendor_token(world), "product")

    def own_world(self, *flags: str) -> World:
        """A server of the test's own."""
        server = worlds.Server(*flags)
        self.addCleanup(server.close)
        self.use(World(server.start()))
        return self.world

    def registry(self, secret: str | None = None, user: str = "license") -> Registry:
        made = Registry(self.world.server, secret, user)
        self.addCleanup(made.close)
        return made

    def secret(self, who: str | None) -> str | None:
        """A licence key of the world by its name, or somebody's own."""
        known = {**self.world.keys, "wrong": "WRONG-KEY-0000", "vendor": vendor_token(self.world)}
        return None if who is None else known.get(who, who)

    def customer(self, who: str | None = "basic") -> Registry:
        return self.registry(self.secret(who))

    def client(self, kind: Callable, *more: object):
        """A real client; closed with the test."""
        made = kind(self.address, *more)
        self.addCleanup(made.close)
        return made

    def logged_in(self, kind: Callable, who: str = "basic"):
        """A real client, after its `login`."""
        made = self.client(kind)
        done = made.login(self.secret(who), "product" if who == "vendor" else "license")
        self.assertEqual(done.code, 0, done)
        return made

    def push(self, document: Document | None = None, tag: str = "1.0.0", needs: list | None = None) -> tuple[str, Document]:
        """A package of its own with one tag; `needs` are entitlements of its release."""
        name = fresh("acme/app-")
        document = self.vendor.push(name, tag, document or image())
        if needs:
            self.world.vendor.constrain(self.release(name, tag)["id"], *needs)
        return name, document

    def release(self, name: str, version: str) -> dict:
        """The release of a package, by its version."""
        found = [one for one in self.releases(name) if one["attributes"]["version"] == version]
        self.assertEqual(len(found), 1, f"{name} {version}: {found}")
        return found[0]

    def releases(self, name: str) -> list[dict]:
        return self.world.vendor.must("GET", f"/releases?package={name.replace('/', '%2F')}&limit=100")

    def works(self, run) -> str:
        """What a command printed that had to succeed."""
        self.assertEqual(run.code, 0, run)
        return run.output

    def fails(self, run, *texts: str) -> str:
        """What a command printed that had to fail and to say this."""
        self.assertNotEqual(run.code, 0, run)
        for text in texts:
            self.assertIn(text.lower(), run.output.lower(), run)
        return run.output

    def refused(self, answer, status: int, code: str, text: str = "") -> None:
        """An answer with OCI's error body."""
        self.assertEqual(answer.status, status, answer)
        error = answer.json()["errors"][0]
        self.assertEqual(error["code"], code, answer)
        self.assertIn(text.lower(), error["message"].lower(), answer)
