"""A program with a licence, through `keygen-py`: it activates itself, checks out, runs offline, pings, and leaves."""

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
        policy = world.new_policy("Per device", strict=True, floating=True, maxMachines=1, requireFingerprintScope=True)
        self.license, self.key = world.new_license("SDK", policy=policy, entitlements=[world.pro])
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

    def machines(self) -> list[dict]:
        return shared().vendor.must("GET", f"/licenses/{self.license}/machines")

    def test_answers_are_believed_when_they_are_signed(self):
        self.unbound()
        self.assertEqual(self.does("validate"), {"license": self.license, "status": "ACTIVE"})
        # for which the SDK has no name in Python
        self.fails("Unknown error", "validate", public_key=STRANGER)
        shared().vendor.act("licenses", self.license, "suspend")
        self.fails("LICENSE_SUSPENDED", "validate")

    def test_a_licence_file(self):
        self.unbound()
        meta = {"encrypt": True, "ttl": 86_400, "include": ["entitlements"]}
        made = shared().vendor.must("POST", f"/licenses/{self.license}/actions/check-out", {"meta": meta})
        file = self.folder / "license.lic"
        file.write_text(made["attributes"]["certificate"])
        found = self.does("offline-license", str(file), url="http://127.0.0.1:9")
        self.assertEqual(found, {"license": self.license, "ttl": 86_400})
        self.fails("NotGenuine", "offline-license", str(file), public_key=STRANGER)
        self.fails("DecryptionError", "offline-license", str(file), key="another key")

    def unbound(self) -> None:
        """Takes a licence that is for no device in particular."""
        self.license, self.key = shared().new_license("SDK")

    def test_the_readme_s_example(self):
        file = str(self.folder / "machine.lic")
        self.assertEqual(self.does("activate"), {"license": self.license, "status": "ACTIVE"})
        self.assertEqual([machine["attributes"]["fingerprint"] for machine in self.machines()], ["device-1"])
        self.does("activate")
        self.assertEqual(len(self.machines()), 1, "it is activated once")
        self.assertEqual(self.does("check-out", file), {"ttl": 86_400})
        found = self.does("offline", file, url="http://127.0.0.1:9")
        self.assertEqual(found, {"license": self.license, "fingerprint": "device-1", "ttl": 86_400})
        self.assertIn("ALIVE", self.does("heartbeat")["heartbeat"].upper())
        self.does("deactivate")
        self.assertEqual(self.machines(), [])

    def test_files_are_for_one_device_and_one_vendor(self):
        file = str(self.folder / "machine.lic")
        self.does("activate")
        self.does("check-out", file)
        self.fails("DecryptionError", "offline", file, fingerprint="device-2")
        self.fails("NotGenuine", "offline", file, public_key=STRANGER)

    def test_no_more_devices_than_the_policy_allows(self):
        self.does("activate")
        self.fails("MACHINE_LIMIT_EXCEEDED", "activate", fingerprint="device-2")
        self.does("deactivate")
        self.does("activate", fingerprint="device-2")

    def test_a_suspended_licence_is_refused(self):
        self.does("activate")
        shared().vendor.act("licenses", self.license, "suspend")
        self.fails("LICENSE_SUSPENDED", "activate")
