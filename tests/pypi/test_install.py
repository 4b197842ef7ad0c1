"""Customers install with a licence key as the password: pip and uv."""

import hashlib
import re
import unittest

from harness.places import FIXTURES, full
from harness.python import Client, Pip, Pip23, Uv
from harness.relay import relay
from harness.wire import basic, get
from harness.world import shared

CLIENTS: list[type[Client]] = [Pip, Uv, *([Pip23] if full() else [])]


def page(name: str, who: str = "pro") -> dict:
    headers = {**basic("license", shared().keys[who]), "Accept": "application/vnd.pypi.simple.v1+json"}
    return get(shared().registry("pypi") + f"/simple/{name}/", headers).json()


class Install(unittest.TestCase):
    def each(self, who: str = "pro", clients=None, user: str = "license"):
        """A fresh customer with each client."""
        for client in clients or CLIENTS:
            with self.subTest(client.name):
                customer = client(shared().registry("pypi"), shared().keys[who], user)
                try:
                    yield customer
                finally:
                    customer.close()

    def took(self, run, customer: Client, version: str) -> None:
        self.assertEqual(run.code, 0, run)
        self.assertEqual(customer.widget(), version, run)
        self.assertNotIn(customer.index.split(":")[2].split("@")[0], run.output, "the key is on the screen")

    def test_newest_stable_version(self):
        for customer in self.each():
            self.took(customer.install("acme-widget"), customer, "2.0.0")

    def test_any_user_name_goes_with_the_key(self):
        for customer in self.each(user="__token__"):
            self.took(customer.install("acme-widget"), customer, "2.0.0")

    def test_key_alone_as_the_user_name(self):
        for client in CLIENTS:
            with self.subTest(client.name):
                customer = client(shared().registry("pypi"), None)
                self.addCleanup(customer.close)
                key = shared().keys["pro"]
                customer.index = customer.simple.replace("://", f"://{key}@")
                run = customer.install("acme-widget==1.1.0")
                self.assertEqual((run.code, run.code or customer.widget()), (0, "1.1.0"), run)

    def test_every_spelling_of_the_name(self):
        for spelling in ("Acme.Widget", "acme_widget", "ACME--widget"):
            for customer in self.each():
                self.took(customer.install(f"{spelling}==1.0.0"), customer, "1.0.0")

    def test_without_the_entitlement_the_newest_that_is_covered(self):
        for customer in self.each("basic"):
            self.took(customer.install("acme-widget"), customer, "1.1.0")

    def test_dependency_between_two_licensed_packages(self):
        for customer in self.each():
            run = customer.install("acme-gadget")
            self.assertEqual(run.code, 0, run)
            said = customer.python("import acme_gadget; print(acme_gadget.describe())")
            self.assertEqual(said, "1.0.0 with widget 2.0.0")

    def test_prerelease_only_when_asked_for(self):
        for customer in self.each():
            self.took(customer.install("acme-widget==2.0.0b1"), customer, "2.0.0b1")
        for customer in self.each("basic", [Pip]):
            self.took(customer.install("--pre", "acme-widget"), customer, "2.0.0b1")
        for customer in self.each("basic", [Uv]):
            self.took(customer.install("--prerelease=allow", "acme-widget"), customer, "2.0.0b1")

    def test_post_release_follows_its_release(self):
        for customer in self.each():
            self.took(customer.install("acme-widget<1.1"), customer, "1.0.post1")

    def test_sdist_is_built_without_network(self):
        for customer in self.each(clients=[Pip, *([Pip23] if full() else [])]):
            self.took(customer.install("--no-binary", "acme-widget", "acme-widget==1.1.0"), customer, "1.1.0")
        for customer in self.each(clients=[Uv]):
            self.took(customer.install("--no-binary", "acme-widget", "acme-widget==1.1.0"), customer, "1.1.0")


class Hashes(unittest.TestCase):
    FILE = "acme_widget-1.1.0-py3-none-any.whl"

    def require(self, client, digest: str):
        customer = client(shared().registry("pypi"), shared().keys["pro"])
        self.addCleanup(customer.close)
        customer.sandbox.write("requirements.txt", f"acme-widget==1.1.0 --hash=sha256:{digest}\n")
        return customer, customer.install("--require-hashes", "-r", "requirements.txt")

    def test_the_right_hash_installs(self):
        digest = hashlib.sha256((FIXTURES / "pypi" / self.FILE).read_bytes()).hexdigest()
        for client in CLIENTS:
            with self.subTest(client.name):
                customer, run = self.require(client, digest)
                self.assertEqual(run.code, 0, run)
                self.assertEqual(customer.widget(), "1.1.0")

    def test_a_wrong_hash_does_not(self):
        for client in CLIENTS:
            with self.subTest(client.name):
                _, run = self.require(client, "0" * 64)
                self.assertNotEqual(run.code, 0, run)
                self.assertRegex(run.output.lower(), "hash")


class Yanked(unittest.TestCase):
    REASON = "loses data on Tuesdays"

    def setUp(self):
        self.world = shared()
        made = self.world.new_python("1.0.0", "1.1.0")
        self.name, self.newer = made.name, made.releases[1]
        self.world.vendor.update("releases", self.newer, metadata={"yankedReason": self.REASON})
        self.world.vendor.act("releases", self.newer, "yank")

    def test_is_passed_over_unless_pinned_and_then_says_why(self):
        for client in CLIENTS:
            with self.subTest(client.name):
                customer = client(self.world.registry("pypi"), self.world.keys["pro"])
                self.addCleanup(customer.close)
                run = customer.install("--upgrade", self.name)
                self.assertEqual(run.code, 0, run)
                self.assertIn(f"{self.name.replace('-', '_')}-1.0.0", " ".join(self.seen(customer)), run)
                pinned = customer.install("--upgrade", f"{self.name}==1.1.0")
                self.assertEqual(pinned.code, 0, pinned)
                self.assertIn(self.REASON, pinned.output, pinned)

    def seen(self, customer: Client) -> list[str]:
        return sorted(path.name for path in customer.target.iterdir())

    def test_flag_in_the_page(self):
        yanked = {file["filename"]: file["yanked"] for file in page(self.name)["files"]}
        module = self.name.replace("-", "_")
        self.assertEqual(
            yanked, {f"{module}-1.0.0-py3-none-any.whl": False, f"{module}-1.1.0-py3-none-any.whl": self.REASON}
        )


class Sidecars(unittest.TestCase):
    """uv resolves from the metadata beside each wheel, and fetches one wheel, once."""

    def setUp(self):
        self.relay, _ = relay(shared().server.url)
        self.addCleanup(self.relay.close)
        self.registry = self.relay.url + "/v1/engines/pypi"

    def customer(self, key: str | None) -> Uv:
        customer = Uv(self.registry, key)
        self.addCleanup(customer.close)
        return customer

    def test_resolution_fetches_metadata_only(self):
        run = self.customer(shared().keys["pro"]).compile("acme-gadget")
        self.assertEqual(run.code, 0, run)
        self.assertIn("acme-widget==2.0.0", run.out)
        self.assertTrue(self.relay.asked(".metadata"), [seen.path for seen in self.relay.seen])
        self.assertEqual([seen for seen in self.relay.asked(".whl") if not seen.path.endswith(".metadata")], [])
        self.assertEqual([seen for seen in self.relay.seen if seen.status >= 400], [])

    def test_installation_fetches_each_wheel_once(self):
        customer = self.customer(shared().keys["pro"])
        run = customer.install("acme-gadget")
        self.assertEqual(run.code, 0, run)
        wheels = [seen.path for seen in self.relay.asked(".whl") if not seen.path.endswith(".metadata")]
        self.assertEqual(len(wheels), 2, wheels)
        self.assertTrue(self.relay.asked(".whl.metadata"))
        self.assertNotIn("HEAD", {seen.method for seen in self.relay.seen})

    def test_netrc(self):
        customer = self.customer(None)
        host = "127.0.0.1"
        netrc = customer.sandbox.write("~/.netrc", f"machine {host} login license password {shared().keys['pro']}\n")
        netrc.chmod(0o600)
        run = customer.install("acme-widget")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(customer.widget(), "2.0.0")
        self.assertIn(401, {seen.status for seen in self.relay.seen}, "uv asks without a credential first")

    def test_metadata_is_that_of_the_wheel(self):
        headers = basic("license", shared().keys["pro"])
        file = next(
            file for file in page("acme-widget")["files"] if file["filename"].endswith("2.0.0-py3-none-any.whl")
        )
        sidecar = get(file["url"] + ".metadata", headers)
        self.assertEqual(sidecar.status, 200)
        self.assertEqual(hashlib.sha256(sidecar.body).hexdigest(), file["core-metadata"]["sha256"])
        self.assertIn("Version: 2.0.0", sidecar.text())
        self.assertEqual(file["requires-python"], ">=3.8")


class LockedUrls(unittest.TestCase):
    def test_file_urls_are_stable_and_hold_no_secret(self):
        for file in page("acme-widget")["files"]:
            self.assertTrue(file["url"].startswith(shared().registry("pypi") + "/files/acme-widget/"), file["url"])
            self.assertIsNone(re.search(r"[?@]", file["url"]))
            self.assertEqual(file["size"], (FIXTURES / "pypi" / file["filename"]).stat().st_size)
            self.assertIn("upload-time", file)
