"""The files that Keyway is deployed with: they name settings that there are, and what reads them takes them."""

import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.places import ROOT, binary

DEPLOY = ROOT / "deploy"


def run(*command: object) -> subprocess.CompletedProcess:
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def settings() -> set[str]:
    """The environment variables that `keyway serve` knows."""
    with tempfile.TemporaryDirectory() as data:
        printed = run(binary(), "config", "--data", data)
    assert printed.returncode == 0, printed.stderr
    return {f"KEYWAY_{name.upper()}" for name in re.findall(r"^([a-z0-9_]+) ", printed.stdout, re.MULTILINE)}


def yaml(path: Path) -> dict:
    """A YAML file, read by Ruby: the clients of the tests bring one."""
    read = "puts JSON.generate(YAML.load(File.read(ARGV[0]), aliases: true))"
    done = run("ruby", "-ryaml", "-rjson", "-e", read, path)
    assert done.returncode == 0, f"{path}: {done.stderr}"
    return json.loads(done.stdout)


class Settings(unittest.TestCase):
    def test_every_setting_that_a_file_names_is_one(self) -> None:
        known = settings()
        self.assertIn("KEYWAY_DATABASE", known)
        for path in (path for path in DEPLOY.rglob("*") if path.is_file()):
            # what the chart puts together of the values is not a name
            named = set(re.findall(r"KEYWAY_[A-Z0-9_]+", path.read_text()))
            self.assertEqual(named - known, set(), path)


class Compose(unittest.TestCase):
    def test_what_its_services_need_is_in_it(self) -> None:
        file = yaml(DEPLOY / "compose.yaml")
        services = file["services"]
        self.assertEqual({"node1", "node2", "balancer", "database", "objects", "bucket"}, set(services))
        for name, service in services.items():
            self.assertLessEqual(set(service.get("depends_on", [])), set(services), name)
            for network in service["networks"]:
                self.assertIn(network, file["networks"])
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                there = (DEPLOY / source).is_file() if source.startswith("./") else source in file["volumes"]
                self.assertTrue(there, f"{name}: {volume}")
        trusted = services["node1"]["environment"]["KEYWAY_TRUSTED_PROXIES"]
        self.assertEqual(file["networks"]["inside"]["ipam"]["config"], [{"subnet": trusted}])

    def test_its_balancer_and_the_clusters_are_read_by_haproxy(self) -> None:
        compose = (DEPLOY / "compose-haproxy.cfg").read_text()
        # outside of compose nobody answers to these names
        compose = re.sub(r"(server node\d) node\d:", r"\1 127.0.0.1:", compose)
        cluster = (DEPLOY / "cluster" / "haproxy.cfg").read_text()
        cluster = cluster.replace("@PORT@", "7788").replace("@SERVERS@", "  server node1 127.0.0.1:7789 check")
        for text in (compose, cluster):
            with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
                file.write(text)
                file.flush()
                done = run("haproxy", "-c", "-f", file.name)
            self.assertEqual(done.returncode, 0, done.stderr)


class Unit(unittest.TestCase):
    def test_systemd_takes_it_and_it_is_locked_down(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            unit = Path(directory) / "keyway.service"
            # the program has to be there
            text = (DEPLOY / "keyway.service").read_text().replace("/usr/local/bin/keyway", str(binary().resolve()))
            unit.write_text(text)
            verified = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
            self.assertEqual((verified.returncode, verified.stderr), (0, ""))
            # of 100, where 100 is a unit that nothing is kept from
            locked = run("systemd-analyze", "security", "--offline=true", "--threshold=25", unit)
            self.assertEqual(locked.returncode, 0, locked.stdout[-500:] + locked.stderr)
