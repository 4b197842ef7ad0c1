"""A program with a licence, through `keygen-py`: it validates itself, and reads a licence file offline."""

import base64
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.places import client
from harness.world import shared

APP = Path(__file__).parent / "app.py"
# The public key of somebody else.
STRANGER = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


class Sdk(unittest.TestCase):
    def setUp(self):
        world = shared()
        self.license, self.key = world.new_license("SDK")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.account = world.vendor.ask("GET", "/me").header("Keygen-Account")
        keys = world.vendor.must("GET", f"/accounts/{self.account}")["meta"]["keys"]
        self.public_key = base64.b64decode(keys["ed25519"]).decode()

    def run_app(self, *command: str, fingerprint: str = "device-1", **settings: str) -> subprocess.CompletedProcess:
        given = {
            "url": shared().server.url,
            "account": self.account,
            "product": shared().product,
            "key": self.key,
            "public_key": self.public_key,
            "fingerprint": fingerprint,
            **settings,
        }
        path = self.folder / "settings.json"
        path.write_text(json.dumps(given))
        python = client("keygen-py") / "bin" / "python"
        words = [str(python), str(APP), str(path), *command]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    def does(self, *command: str, **settings: str) -> dict:
        run = self.run_app(*command, **settings)
        self.assertEqual(run.returncode, 0, f"{command}: {run.stdout} {run.stderr}")
        return json.loads(run.stdout)

    def fails(self, what: str, *command: str, **settings: str) -> None:
        run = self.run_app(*command, **settings)
        self.assertNotEqual(run.returncode, 0, f"{command}: {run.stdout}")
        self.assertIn(what, run.stderr)

    def test_answers_are_believed_when_they_are_signed(self):
        self.assertEqual(self.does("validate"), {"license": self.license, "status": "ACTIVE"})
        # for which the SDK has no name in Python
        self.fails("Unknown error", "validate", public_key=STRANGER)
        shared().vendor.act("licenses", self.license, "suspend")
        self.fails("LICENSE_SUSPENDED", "validate")

    def test_a_licence_file(self):
        meta = {"encrypt": True, "ttl": 86_400, "include": ["entitlements"]}
        made = shared().vendor.must("POST", f"/licenses/{self.license}/actions/check-out", {"meta": meta})
        file = self.folder / "license.lic"
        file.write_text(made["attributes"]["certificate"])
        found = self.does("offline-license", str(file), url="http://127.0.0.1:9")
        self.assertEqual(found, {"license": self.license, "ttl": 86_400})
        self.fails("NotGenuine", "offline-license", str(file), public_key=STRANGER)
        self.fails("DecryptionError", "offline-license", str(file), key="another key")
