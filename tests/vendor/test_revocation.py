"""What is taken away is gone for the very next request, on every surface, and comes back as quickly."""

import threading
import time
import unittest

from harness import postgres, seaweed
from harness.curl import Curl
from harness.javascript import Bearer, Npm
from harness.server import Server
from harness.vendor import Vendor
from harness.waiting import until
from harness.wire import Connection, basic, bearer, license_header
from harness.world import PAST, World, shared

TRIALS = 100


class Suspension(unittest.TestCase):
    def setUp(self):
        self.world = shared()
        self.license, self.key = self.world.new_license("TOGGLE", entitlements=[self.world.pro])
        self.connection = Connection(self.world.server.url)
        self.addCleanup(self.connection.close)

    def status(self, path: str, headers: dict) -> int:
        return self.connection.request("GET", path, headers=headers).status

    def toggles(self, path: str, headers: dict, trials: int = TRIALS) -> None:
        self.assertEqual(self.status(path, headers), 200)
        for trial in range(trials):
            self.world.vendor.act("licenses", self.license, "suspend")
            self.assertEqual(self.status(path, headers), 403, f"trial {trial}: served after the suspension")
            self.world.vendor.act("licenses", self.license, "reinstate")
            self.assertEqual(self.status(path, headers), 200, f"trial {trial}: refused after the reinstatement")

    def test_packument(self):
        self.toggles("/v1/engines/npm/@acme%2fwidget", bearer(self.key))

    def test_tarball(self):
        self.toggles("/v1/engines/npm/@acme/widget/-/widget-2.0.0.tgz", bearer(self.key))

    def test_metadata_of_a_wheel(self):
        path = "/v1/engines/pypi/files/acme-widget/acme_widget-2.0.0-py3-none-any.whl.metadata"
        self.toggles(path, basic("license", self.key))

    def test_whoami_and_names(self):
        self.toggles("/v1/engines/npm/-/whoami", bearer(self.key))
        self.toggles("/v1/engines/npm/-/v1/search?text=acme", bearer(self.key))

    def test_wheel(self):
        path = "/v1/engines/pypi/files/acme-widget/acme_widget-2.0.0-py3-none-any.whl"
        self.toggles(path, basic("license", self.key))

    def test_raw_file(self):
        self.toggles("/v1/engines/raw/acme/1.1.0/acme-1.1.0-linux-x86_64.tar.gz", license_header(self.key))

    def test_curl(self):
        curl = Curl()
        self.addCleanup(curl.close)
        url = self.world.registry("raw") + "/acme/1.1.0/acme-1.1.0-linux-x86_64.tar.gz"
        for _ in range(5):
            self.assertEqual(curl.download(url, "-u", f"license:{self.key}")[0].code, 0)
            self.world.vendor.act("licenses", self.license, "suspend")
            refused, _ = curl.download(url, "-u", f"license:{self.key}")
            self.assertEqual(refused.code, 22, refused)
            self.world.vendor.act("licenses", self.license, "reinstate")

    def test_npm_view(self):
        customer = Npm(self.world.registry("npm"), Bearer(self.key))
        self.addCleanup(customer.close)
        for _ in range(3):
            seen = customer.run("view", "@acme/widget", "version")
            self.assertEqual((seen.code, seen.out.strip()), (0, "2.0.0"), seen)
            self.world.vendor.act("licenses", self.license, "suspend")
            refused = customer.run("view", "@acme/widget", "version")
            self.assertNotEqual(refused.code, 0, refused)
            self.assertIn("suspended", refused.output)
            self.world.vendor.act("licenses", self.license, "reinstate")

    def test_entitlement(self):
        path = "/v1/engines/npm/@acme/widget/-/widget-2.0.0.tgz"
        data = {"data": [{"type": "entitlements", "id": self.world.pro}]}
        for trial in range(TRIALS // 4):
            self.assertEqual(self.status(path, bearer(self.key)), 200, trial)
            self.world.vendor.must("DELETE", f"/licenses/{self.license}/entitlements", data)
            self.assertEqual(self.status(path, bearer(self.key)), 403, trial)
            self.world.vendor.must("POST", f"/licenses/{self.license}/entitlements", data)

    def test_expiry_and_renewal(self):
        id, key = self.world.new_license("EXPIRES", policy=self.world.revoking)
        path = "/v1/engines/npm/@acme%2fwidget"
        for trial in range(TRIALS // 4):
            self.assertEqual(self.status(path, bearer(key)), 200, trial)
            self.world.vendor.update("licenses", id, expiry=PAST)
            self.assertEqual(self.status(path, bearer(key)), 403, trial)
            self.world.vendor.update("licenses", id, expiry=None)

    def test_deletion_and_the_same_key_again(self):
        path = "/v1/engines/npm/@acme%2fwidget"
        for trial in range(10):
            self.assertEqual(self.status(path, bearer("REUSED-KEY-1")), 401, trial)
            made = self.world.vendor.create("licenses", {"key": "REUSED-KEY-1"}, policy=self.world.policy)
            self.assertEqual(self.status(path, bearer("REUSED-KEY-1")), 200, trial)
            self.world.vendor.must("DELETE", f"/licenses/{made['id']}")

    def test_policy_that_forbids_keys(self):
        policy = self.world.new_policy("Keys off")
        _, key = self.world.new_license("POLICY", policy=policy)
        path = "/v1/engines/npm/@acme%2fwidget"
        self.assertEqual(self.status(path, bearer(key)), 200)
        self.world.vendor.update("policies", policy, authenticationStrategy="TOKEN")
        self.assertEqual(self.status(path, bearer(key)), 403)
        self.world.vendor.update("policies", policy, authenticationStrategy="MIXED")
        self.assertEqual(self.status(path, bearer(key)), 200)

    def test_owner_banned(self):
        user = self.world.vendor.create("users", {"email": "owner@example.test"})["id"]
        made = self.world.vendor.create("licenses", {"key": "OWNED-KEY-1"}, policy=self.world.policy, owner=user)
        path = "/v1/engines/npm/@acme%2fwidget"
        self.assertEqual(self.status(path, bearer("OWNED-KEY-1")), 200, made["id"])
        self.world.vendor.act("users", user, "ban")
        self.assertEqual(self.status(path, bearer("OWNED-KEY-1")), 403)
        self.world.vendor.act("users", user, "unban")
        self.assertEqual(self.status(path, bearer("OWNED-KEY-1")), 200)


class Race(unittest.TestCase):
    """Readers that never pause: whatever they asked for after a suspension was answered is refused."""

    READERS = 4

    def test_suspension_against_readers(self):
        world = shared()
        id, key = world.new_license("RACE", entitlements=[world.pro])
        headers, path = bearer(key), "/v1/engines/npm/@acme%2fwidget"
        stop = threading.Event()
        seen: list[list[tuple[float, float, int]]] = [[] for _ in range(self.READERS)]

        def read(log: list) -> None:
            connection = Connection(world.server.url)
            while not stop.is_set():
                began = time.monotonic()
                status = connection.request("GET", path, headers=headers).status
                log.append((began, time.monotonic(), status))
            connection.close()

        readers = [threading.Thread(target=read, args=(log,)) for log in seen]
        for reader in readers:
            reader.start()
        spans = []  # from the answer to a suspension to the request for its end
        try:
            for _ in range(TRIALS):
                world.vendor.act("licenses", id, "suspend")
                began = time.monotonic()
                self.reads_more(seen)
                spans.append((began, time.monotonic()))
                world.vendor.act("licenses", id, "reinstate")
                self.reads_more(seen)
        finally:
            stop.set()
            for reader in readers:
                reader.join(30)
        reads = sorted(read for log in seen for read in log)
        inside = [read for read in reads if any(began <= read[0] and read[1] <= ended for began, ended in spans)]
        self.assertGreater(len(inside), TRIALS, "the test saw too little")
        self.assertEqual({status for _, _, status in inside}, {403})
        self.assertEqual({status for _, _, status in reads}, {200, 403})

    def reads_more(self, seen: list) -> None:
        """Waits until each reader has been answered twice more."""
        wanted = [len(log) + 2 for log in seen]
        until(lambda: all(len(log) >= count for log, count in zip(seen, wanted, strict=True)), "readers read", every=0)


class Publication(unittest.TestCase):
    def test_a_release_is_there_and_gone_at_once(self):
        world = shared()
        made = world.new_npm("1.0.0")
        release = made.releases[0]
        path = "/v1/engines/npm/" + made.name.replace("/", "%2f")
        connection = Connection(world.server.url)
        self.addCleanup(connection.close)
        for trial in range(TRIALS // 4):
            seen = connection.request("GET", path, headers=bearer(world.keys["basic"]))
            self.assertEqual(set(seen.json()["versions"]), {"1.0.0"}, trial)
            world.vendor.act("releases", release, "yank")
            seen = connection.request("GET", path, headers=bearer(world.keys["basic"]))
            self.assertIn(seen.status, (403, 404), trial)
            world.vendor.act("releases", release, "publish")


class Shell(unittest.TestCase):
    """Commands of the shell write beside the server, which follows within a second."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.world = World(cls.server.start())

    def test_a_token_revoked_in_the_shell(self):
        for _ in range(5):
            made = self.server.shell("token", "create")
            self.assertEqual(made.returncode, 0, made.stderr)
            token = next(word for word in made.stdout.split() if word.startswith("admin-"))
            vendor = Vendor(self.server.url, token)
            self.assertEqual(vendor.ask("GET", "/me").status, 200)
            mine = {item["id"] for item in vendor.must("GET", "/tokens?limit=100")}
            listed = self.server.shell("token", "list")
            self.assertEqual(listed.returncode, 0, listed.stderr)
            self.assertNotIn(token, listed.stdout)
            id = max(mine)  # ids are in the order of their making
            self.assertIn(id, listed.stdout)
            revoked = self.server.shell("token", "revoke", id)
            self.assertEqual(revoked.returncode, 0, revoked.stderr)
            began = time.monotonic()
            while vendor.ask("GET", "/me").status == 200:
                self.assertLess(time.monotonic() - began, 1.0, "still good a second after its revocation")
            self.assertEqual(vendor.ask("GET", "/me").status, 401)

    def test_account_name(self):
        changed = self.server.shell("account", "update", "--name", "Acme Limited")
        self.assertEqual(changed.returncode, 0, changed.stderr)
        shown = self.server.shell("account", "show")
        self.assertIn("Acme Limited", shown.stdout)

    @unittest.skipIf(postgres.wanted() and seaweed.wanted(), "nothing is kept in the directory")
    def test_a_second_server_is_kept_off_the_data_directory(self):
        second = Server(data=self.server.data)
        with self.assertRaises(AssertionError) as caught:
            second.start()
        second.close()
        self.assertRegex(str(caught.exception).lower(), "lock|already|another|in use")
        self.assertEqual(self.server.get("/v1/ping").status, 200)


class Restart(unittest.TestCase):
    def test_credentials_and_documents_outlive_it(self):
        server = Server()
        self.addCleanup(server.close)
        world = World(server.start())
        world.npm_fixtures()
        token = server.token
        before = server.get("/v1/engines/npm/@acme%2fwidget", bearer(world.keys["pro"]))
        for stop in (server.stop, server.kill):
            stop()
            server.start()
            self.assertEqual(server.token, token, "the token is printed at the first start only")
            after = server.get("/v1/engines/npm/@acme%2fwidget", bearer(world.keys["pro"]))
            self.assertEqual((after.status, after.body), (200, before.body))
            self.assertEqual(after.header("etag"), before.header("etag"))
            self.assertEqual(server.get("/v1/me", bearer(token)).status, 200)
            self.assertEqual(server.get("/v1/engines/npm/@acme%2fwidget", bearer(world.keys["suspended"])).status, 403)


class FirstDownload(unittest.TestCase):
    def test_an_engine_download_starts_the_licence(self):
        world = shared()
        policy = world.new_policy("From the first download", expirationBasis="FROM_FIRST_DOWNLOAD", duration=86_400)
        license, key = world.new_license("FIRST", policy=policy)
        connection = Connection(world.server.url)
        self.addCleanup(connection.close)

        def expiry():
            return world.vendor.must("GET", f"/licenses/{license}")["attributes"]["expiry"]

        tarball = "/v1/engines/npm/@acme/widget/-/widget-1.1.0.tgz"
        for method, path in [("GET", "/v1/engines/npm/@acme%2fwidget"), ("HEAD", tarball)]:
            self.assertEqual(connection.request(method, path, headers=bearer(key)).status, 200)
            self.assertIsNone(expiry(), "looking is not downloading")
        self.assertEqual(connection.request("GET", tarball, headers=bearer(key)).status, 200)
        started = expiry()
        self.assertIsNotNone(started)
        self.assertEqual(connection.request("GET", tarball, headers=bearer(key)).status, 200)
        self.assertEqual(expiry(), started, "only the first counts")
