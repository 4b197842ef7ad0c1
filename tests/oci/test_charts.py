"""Helm charts: pushed, found by a range of versions, pulled and refused."""

import unittest

from harness.depot import Depot
from harness.go_clients import Helm
from harness.images import chart
from harness.places import has
from harness.publishing import fresh


@unittest.skipUnless(has("helm"), "helm could not be built")
class Charts(Depot):
    def pushed(self, *versions: str) -> str:
        """A chart of its own, as `helm push` publishes it; the package's key."""
        name, vendor = fresh("app-"), self.logged_in(Helm, "vendor")
        for version in versions:
            file = vendor.sandbox.project / f"{name}-{version}.tgz"
            file.write_bytes(chart(name, version))
            self.works(vendor.run("push", "--plain-http", file, f"oci://{vendor.reference('charts')}"))
        return f"charts/{name}"

    def pull(self, name: str, *flags: str, who: str = "basic"):
        helm = self.logged_in(Helm, who)
        return helm, helm.run("pull", "--plain-http", f"oci://{helm.reference(name)}", *flags)

    def test_push_and_pull(self):
        name = self.pushed("1.0.0")
        helm, done = self.pull(name, "--version", "1.0.0")
        self.works(done)
        short = name.split("/")[1]
        self.assertEqual((helm.sandbox.project / f"{short}-1.0.0.tgz").read_bytes(), chart(short, "1.0.0"))
        shown = helm.run("show", "chart", "--plain-http", f"oci://{helm.reference(name)}")
        self.assertIn("version: 1.0.0", self.works(shown))
        rendered = helm.run("template", "mine", "--plain-http", f"oci://{helm.reference(name)}", "--version", "1.0.0")
        self.assertIn(f"name: {short}", self.works(rendered))

    def test_build_metadata(self):
        name = self.pushed("1.0.0+build.7")
        self.assertEqual([one["attributes"]["version"] for one in self.releases(name)], ["1.0.0+build.7"])
        self.works(self.pull(name, "--version", "1.0.0+build.7")[1])

    def test_a_range_finds_what_the_licence_may_have(self):
        name = self.pushed("1.0.0", "1.1.0", "1.2.0", "2.0.0")
        self.world.vendor.constrain(self.release(name, "1.2.0")["id"], self.world.pro)
        for who, version in (("basic", "1.1.0"), ("pro", "1.2.0")):
            with self.subTest(who):
                helm, done = self.pull(name, "--version", "^1.0.0", who=who)
                self.works(done)
                self.assertEqual([file.name for file in helm.sandbox.project.glob("*.tgz")], [f"{name.split('/')[1]}-{version}.tgz"])

    def test_the_reason_of_a_refusal(self):
        name = self.pushed("1.0.0")
        self.world.vendor.constrain(self.release(name, "1.0.0")["id"], self.world.pro)
        self.fails(self.pull(name, "--version", "1.0.0")[1], "entitle")


if __name__ == "__main__":
    unittest.main()
