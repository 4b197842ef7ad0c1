"""schemathesis asks the server what its description says that can be asked, as everybody who may ask.

What is asked is the same in every run, but for the ids and secrets of the world that it is asked of; with `--full` it is
other questions each time, unless `TESTS_SEED` says which.
"""

import json
import os
import random
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness.places import client, full
from harness.server import Server
from harness.world import World

HERE = Path(__file__).parent
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# It ends the token that asks.
LEFT_OUT = ["putTokens"]
EXAMPLES = 40 if full() else 2
# What others may ask is a part of it.
FEWER = 40 if full() else 1
PHASES = "examples,coverage,fuzzing" if full() else "examples,fuzzing"
SEED = os.environ.get("TESTS_SEED") or str(random.randrange(10**9))
CHOICE = ("--seed", SEED) if full() else ("--generation-deterministic",)


class Schemathesis(unittest.TestCase):
    def setUp(self):
        # each its own, so that what one does to it does not decide what the next one hears
        self.server = Server().start()
        self.addCleanup(self.server.close)
        self.places = things(World(self.server))

    def as_one(self, name: str, authorization: str | None, examples: int = FEWER) -> None:
        """Runs schemathesis as one caller; what fails is what it prints."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        places = Path(folder.name) / "places.json"
        places.write_text(json.dumps(self.places))
        command = [
            client("schemathesis") / "bin" / "schemathesis", "run", f"{self.server.url}/v1/openapi.json",
            "--url", f"{self.server.url}/v1", "--checks", CHECKS, "--phases", PHASES, "--mode", "all",
            "--max-examples", str(examples), *CHOICE, "--no-color",
            "--generation-with-security-parameters", "false", "--no-shrink",
            "--suppress-health-check", "all", "--continue-on-failure", "--warnings", "off", "--max-redirects", "0",
            "--request-timeout", "60", "--workers", "1", "--header", "Keygen-Version: 1.8",
        ]  # fmt: skip
        for operation in LEFT_OUT:
            command += ["--exclude-operation-id", operation]
        if authorization:
            command += ["--header", f"Authorization: {authorization}"]
        environment = {
            **os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "OPENAPI_PLACES": str(places),
        }  # fmt: skip
        began = time.monotonic()
        ran = subprocess.run(
            command, cwd=folder.name, env=environment, capture_output=True, text=True, timeout=1800, check=False
        )
        print(f"  {name}: {time.monotonic() - began:.0f} s", flush=True)
        self.assertEqual(ran.returncode, 0, f"{' '.join(CHOICE)}\n{ran.stdout[-20000:]}{ran.stderr[-2000:]}")

    def test_admin(self):
        self.as_one("admin", f"Bearer {self.server.token}", EXAMPLES)

    def test_product(self):
        self.as_one("product", f"Bearer {self.places['token']}")

    def test_license(self):
        self.as_one("license", f"License {self.places['key']}")

    def test_nobody(self):
        self.as_one("nobody", None)


def things(world: World) -> dict:
    """A record of each kind, for paths to name, and credentials."""
    vendor = world.vendor
    create = vendor.create
    policy = world.new_policy("Described", floating=True)
    user = create("users", {"email": "described@example.com"})["id"]
    group = create("groups", {"name": "Described"})["id"]
    license = create("licenses", {"name": "Described"}, policy=policy, owner=user, group=group)
    package = world.new_package("described", "raw")
    release = world.new_release("1.0.0", package)
    artifact = vendor.publish(release, "described.txt", b"described")["id"]
    environment = create("environments", {"name": "Described", "code": "described"})["id"]
    hook = create("webhook-endpoints", {"url": "https://hooks.example.com/described"})["id"]
    token = vendor.must("POST", f"/products/{world.product}/tokens")
    machine = create("machines", {"fingerprint": "described"}, license=license["id"])["id"]
    vendor.entitle(license["id"], world.pro)
    spare = vendor.must("POST", f"/products/{world.other_product}/tokens")["id"]
    return {
        "token": token["attributes"]["token"],
        "key": license["attributes"]["key"],
        "ids": {
            "products": world.product, "policies": policy, "users": user, "groups": group, "licenses": license["id"],
            "packages": package, "releases": release, "artifacts": artifact, "environments": environment,
            "webhook-endpoints": hook, "machines": machine, "entitlements": world.pro, "tokens": spare,
        },
    }  # fmt: skip
