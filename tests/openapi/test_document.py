"""The description of the API: it is valid, and what is served is what is in the tree."""

import json
import subprocess
import unittest

from harness.places import ROOT, client
from harness.wire import get
from harness.world import shared

SNAPSHOT = ROOT / "docs" / "openapi.json"


class Document(unittest.TestCase):
    def test_a_validator_takes_it(self):
        program = client("openapi-spec-validator") / "bin" / "python"
        command = [program, "-m", "openapi_spec_validator", SNAPSHOT]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(ran.returncode, 0, ran.stdout[-2000:] + ran.stderr[-2000:])

    def test_it_is_served_and_sent_once(self):
        url = f"{shared().server.url}/v1/openapi.json"
        answer = get(url)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json(), json.loads(SNAPSHOT.read_text()))
        again = get(url, {"If-None-Match": answer.header("ETag")})
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual([one.header("Cache-Control") for one in (answer, again)], ["no-cache"] * 2)
