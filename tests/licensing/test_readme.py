"""The README's section on licensing an application: what it says to paste is pasted."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from harness.places import ROOT, client
from harness.world import shared


class Readme(unittest.TestCase):
    def test_license_an_application(self):
        section = (ROOT / "README.md").read_text().split("## License an application")[1]
        script = "set -euo pipefail\n" + re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1]
        for example, own in {
            "http://127.0.0.1:7788": shared().server.url,
            "admin-…": shared().server.token,
            "tests/licensing/app.py": str(ROOT / "tests/licensing/app.py"),
        }.items():
            self.assertIn(example, script)
            script = script.replace(example, own)
        environment = {**os.environ, "PATH": f"{client('keygen-py') / 'bin'}:{os.environ['PATH']}"}
        with tempfile.TemporaryDirectory() as folder:
            words = ["bash", "-c", script]
            run = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, 0, run.stderr)
        activated, checked_out, offline, heartbeat, deactivated = map(json.loads, run.stdout.splitlines())
        self.assertEqual(activated["status"], "ACTIVE")
        self.assertEqual((checked_out["ttl"], offline["ttl"]), (86_400, 86_400))
        self.assertEqual(offline["license"], activated["license"])
        self.assertIn("ALIVE", heartbeat["heartbeat"].upper())
        self.assertEqual(deactivated, {"deactivated": offline["fingerprint"]})
        machines = shared().vendor.must("GET", f"/licenses/{activated['license']}/machines")
        self.assertEqual(machines, [])
