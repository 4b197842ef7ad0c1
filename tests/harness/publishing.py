"""What a vendor's CI publishes with: a product's token, and a project to publish."""

import json
import uuid

from making.containers import File
from making.npm import index_js, package_json, tarball

from .javascript import Bearer, Client
from .world import World


def product_token(world: World, product: str | None = None) -> str:
    """A token of a product."""
    made = world.vendor.must("POST", f"/products/{product or world.product}/tokens")
    return made["attributes"]["token"]


def fresh(prefix: str) -> str:
    """A name that no other test has."""
    return f"{prefix}{uuid.uuid4().hex[:8]}"


def project(client: Client, name: str, version: str, **more: object) -> None:
    """Makes the sandbox's project a package to publish."""
    client.sandbox.write("package.json", package_json(name, version, **more).decode())
    client.sandbox.write("index.js", index_js(version).decode())
    client.sandbox.write("README.md", f"# {name}\n")


def publisher(kind: type[Client], world: World, token: str | None = None) -> Client:
    """A client that publishes to the world's npm registry."""
    return kind(world.registry("npm"), Bearer(token or product_token(world)))


def packed(name: str, version: str) -> bytes:
    """A tarball as `npm pack` makes it."""
    return tarball(package_json(name, version), [File("index.js", index_js(version))], f"# {name}\n")


def document(name: str, version: str, content: str, **more: object) -> bytes:
    """What `npm publish` puts; `content` is the tarball in base64."""
    manifest = {"name": name, "version": version}
    attachment = {"content_type": "application/octet-stream", "data": content}
    body = {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": version},
        "versions": {version: manifest},
        "access": None,
        "_attachments": {f"{name}-{version}.tgz": attachment},
        **more,
    }
    return json.dumps(body).encode()
