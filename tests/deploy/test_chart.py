"""The Helm chart as Helm renders it."""

import json
import subprocess
import unittest

from harness.places import ROOT, client, has

CHART = ROOT / "deploy" / "chart"


def helm(*arguments: object) -> subprocess.CompletedProcess:
    command = [client("helm") / "bin" / "helm", *arguments]
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def rendered(*values: str) -> list[dict]:
    """The objects, read by Ruby."""
    sets = [part for value in values for part in ("--set", value)]
    done = helm("template", "acme", CHART, *sets)
    assert done.returncode == 0, done.stderr
    read = "puts JSON.generate(YAML.load_stream(STDIN.read).compact)"
    ruby = ["ruby", "-ryaml", "-rjson", "-e", read]
    return json.loads(subprocess.run(ruby, input=done.stdout, capture_output=True, text=True, check=True).stdout)


BLOBS = "blobs=s3://keyway/files?endpoint=https://objects.example.net"


@unittest.skipUnless(has("helm"), "Helm could not be built")
class Chart(unittest.TestCase):
    def test_lint(self) -> None:
        done = helm("lint", "--strict", CHART, "--set", BLOBS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_without_a_store_it_says_so(self) -> None:
        done = helm("template", "acme", CHART)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("blobs must name the object store", done.stderr)

    def test_objects_refer_to_each_other(self) -> None:
        objects = rendered(BLOBS, "domain=example.com", "ingress.enabled=true", "settings.cache_mib=512")
        kinds = {one["kind"]: one for one in objects}
        self.assertEqual(
            set(kinds), {"Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "Ingress"}
        )
        pod = kinds["Deployment"]["spec"]["template"]
        for selector in (
            kinds["Deployment"]["spec"]["selector"]["matchLabels"],
            kinds["Service"]["spec"]["selector"],
            kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        ):
            self.assertLessEqual(selector.items(), pod["metadata"]["labels"].items())
        self.assertEqual(pod["spec"]["serviceAccountName"], kinds["ServiceAccount"]["metadata"]["name"])
        container = pod["spec"]["containers"][0]
        environment = {one["name"]: one for one in container["env"]}
        self.assertEqual(environment["KEYWAY_CACHE_MIB"]["value"], "512")
        self.assertEqual(environment["KEYWAY_DATABASE"]["valueFrom"]["secretKeyRef"]["name"], "keyway")
        self.assertEqual(len(environment), len(container["env"]), "a setting stands there twice")
        hosts = [rule["host"] for rule in kinds["Ingress"]["spec"]["rules"]]
        self.assertEqual(hosts, ["api.example.com", "*.pkg.example.com"])
        for rule in kinds["Ingress"]["spec"]["rules"]:
            service = rule["http"]["paths"][0]["backend"]["service"]
            self.assertEqual(service["name"], kinds["Service"]["metadata"]["name"])
            self.assertEqual(service["port"]["number"], kinds["Service"]["spec"]["ports"][0]["port"])

    def test_one_public_url_is_one_host(self) -> None:
        objects = rendered(BLOBS, "publicUrl=https://packages.example.com:8443", "ingress.enabled=true")
        ingress = next(one for one in objects if one["kind"] == "Ingress")
        self.assertEqual([rule["host"] for rule in ingress["spec"]["rules"]], ["packages.example.com"])

    def test_without_keys_the_pods_role_stands_in(self) -> None:
        for value, keys in (("s3Keys=true", True), ("s3Keys=false", False)):
            deployment = next(one for one in rendered(BLOBS, value) if one["kind"] == "Deployment")
            container = deployment["spec"]["template"]["spec"]["containers"][0]
            names = {one["name"] for one in container["env"]}
            self.assertEqual("KEYWAY_S3_SECRET_ACCESS_KEY" in names, keys, value)
