"""`keyway move`: an installation goes from the embedded store to PostgreSQL and an object store and back, through every
interruption, and customers notice nothing."""

import itertools
import os
import shutil
import subprocess
import tempfile
import threading
import unittest
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from harness import images, postgres, seaweed, wire
from harness.places import binary
from harness.publishing import product_token
from harness.registry import Registry
from harness.server import Server
from harness.vendor import Vendor
from harness.waiting import until
from harness.world import World

KINDS = ("products", "policies", "licenses", "users", "tokens", "packages", "releases", "artifacts", "entitlements")
PATHS = (
    "v1/engines/npm/@acme%2fwidget", "v1/engines/npm/@acme/widget/-/widget-1.0.0.tgz",
    "v1/engines/pypi/simple/acme-widget/", "v1/engines/raw/acme/3.0.0/part3.bin",
    "v1/engines/rubygems/info/acme-widget", "v2/acme/tool/manifests/1.0.0", "v2/acme/tool/tags/list",
    "v1/engines/npm/@nobody%2fhere",
)  # fmt: skip
NUMBERS = itertools.count(1)
# goes with the run
ROOM = tempfile.TemporaryDirectory(prefix="keyway-move-", ignore_cleanup_errors=True)


class Place:
    """Where an installation can be: in a directory, or in a database and a part of a bucket."""

    def __init__(self, data: Path | None = None, database: str = "", blobs: str = "") -> None:
        self.data, self.database, self.blobs = data, database, blobs

    def flags(self, end: str) -> list[str]:
        given = (("data", self.data), ("database", self.database), ("blobs", self.blobs))
        return [word for name, value in given if value for word in (f"--{end}-{name}", str(value))]


def directory() -> Path:
    return Path(tempfile.mkdtemp(dir=ROOM.name)) / "data"


def database() -> str:
    name = f"move_{os.getpid()}_{next(NUMBERS)}"
    postgres.psql(f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(postgres.server())._replace(path=f"/{name}"))


def remote() -> Place:
    return Place(directory(), database(), seaweed.shared().url(uuid.uuid4().hex[:12]))


def environment() -> dict:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEYWAY_")}
    return {**kept, **seaweed.shared().environment()}


def command(source: Place, target: Place, *flags: str) -> list[str]:
    return [str(binary()), "move", *source.flags("from"), *target.flags("to"), *flags]


def move(source: Place, target: Place, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(source, target, *flags), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        env=environment(),
    )  # fmt: skip


def files_in(root: Path) -> dict:
    """Every file's content, but those that a start of any command writes."""
    passing = (".lock", "-wal", "-shm")
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.endswith(passing))
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


class Shop:
    """Acme's shop, made once on the embedded store, and what it looked like there."""

    def __init__(self) -> None:
        self.original = directory()
        server = Server("--delivery", "stream", data=self.original)
        try:
            self.world = World(server.start()).publish_fixtures()
            release = self.world.new_release("3.0.0")
            for number in range(12):
                self.world.vendor.publish(release, f"part{number}.bin", os.urandom(700_000) + b"%d" % number)
            vendor = Registry(server, product_token(self.world), "product")
            image = vendor.push("acme/tool", "1.0.0", images.image())
            vendor.close()
            self.layers = [f"v2/acme/tool/blobs/{layer}" for layer in image.layers]
            name = "Zoë \U0001f980 \u202e'\";--\\x"
            metadata = {"näme": name, "nested": {"a": [1, 2.5, None, True]}}
            self.odd = self.world.new_license("ODD", name=name, metadata=metadata)[0]
            self.port, self.token = server.port, server.token
            self.seen = self.look(server)
            server.stop()
        finally:
            server.close()

    def vendor(self, server: Server) -> Vendor:
        return Vendor(server.url, self.token)

    def look(self, server: Server) -> dict:
        """What vendors and customers are answered."""
        vendor = self.vendor(server)
        seen = {kind: vendor.must("GET", f"/{kind}?limit=100") for kind in KINDS}
        seen["odd"] = vendor.must("GET", f"/licenses/{self.odd}")
        for who in ("pro", "basic", "suspended", "expired"):
            headers = wire.basic("license", self.world.keys[who])
            for path in (*PATHS, *self.layers):
                answer = wire.get(f"{server.url}/{path}", headers)
                if answer.status == 303:
                    answer = wire.get(answer.headers["Location"])
                seen[who, path] = (answer.status, answer.body if answer.status == 200 else None)
        assert [seen["pro", path][0] for path in (*self.layers, *PATHS)] == [200] * 8 + [404], "the shop has nothing to compare"
        assert seen["suspended", PATHS[0]][0] == 403
        return seen


_shop: list[Shop] = []


class Moved(unittest.TestCase):
    """Each test works on a copy of the shop."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls) -> None:
        if not _shop:
            _shop.append(Shop())
        cls.shop = _shop[0]

    def embedded(self) -> Place:
        place = Place(directory())
        shutil.copytree(self.shop.original, place.data)
        self.addCleanup(shutil.rmtree, place.data.parent, ignore_errors=True)
        return place

    def serve(self, place: Place) -> Server:
        """A server of the place, at the address that the shop always had."""
        flags = ["--blobs", place.blobs] if place.blobs else []
        variables = {"KEYWAY_DATABASE": place.database} if place.database else {}
        store = seaweed.shared().environment() if place.blobs else {}
        server = Server("--delivery", "stream", *flags, data=place.data, port=self.shop.port, environment={**variables, **store})
        server.token = self.shop.token
        self.addCleanup(server.close)
        return server

    def assert_serves_the_same(self, place: Place) -> None:
        server = self.serve(place).start()
        seen = self.shop.look(server)
        for what, expected in self.shop.seen.items():
            self.assertEqual(seen[what], expected, what)
        self.assertEqual(server.stop(), 0)

    def assert_done(self, done: subprocess.CompletedProcess) -> None:
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assert_refused(self, done: subprocess.CompletedProcess, *texts: str) -> None:
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertNotIn("panicked", done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)


class ThereAndBack(Moved):
    def test_to_postgresql_and_s3_and_back(self) -> None:
        here, there = self.embedded(), remote()
        before = files_in(here.data)
        done = move(here, there)
        self.assert_done(done)
        self.assertRegex(done.stdout, r"(?m)^licenses +6 +[0-9a-f]{64}$")
        self.assertRegex(done.stdout, r"(?m)^files +\d+ +\d+ bytes$")
        self.assertRegex(done.stderr, r"(?m)^licenses +6 rows$")
        self.assertNotIn(self.shop.world.keys["pro"], done.stdout + done.stderr)
        self.assertEqual(files_in(here.data), before, "the source stays as it was")
        for way in ((here, there), (there, here)):
            self.assert_done(move(*way, "--verify-only"))
        again = move(here, there)
        self.assert_done(again)
        self.assertIn("nothing to do", again.stdout)
        self.assert_serves_the_same(there)
        # servers have written to it since
        self.assert_refused(move(here, there), "was moved", "differ since")
        back = Place(directory())
        self.assert_done(move(there, back))
        self.assert_serves_the_same(back)

    def test_the_database_alone_and_the_files_alone(self) -> None:
        place = self.embedded()
        with_database = Place(place.data, database())
        done = move(place, with_database)
        self.assert_done(done)
        self.assertIn("files:    stays", done.stderr)
        self.assert_serves_the_same(with_database)
        with_both = Place(place.data, with_database.database, remote().blobs)
        done = move(with_database, with_both)
        self.assert_done(done)
        self.assertIn("database: stays", done.stderr)
        self.assertEqual(move(with_database, with_both, "--verify-only").returncode, 0)
        self.assert_serves_the_same(with_both)

    def test_settings_come_from_files_and_variables(self) -> None:
        here, there = self.embedded(), remote()
        file = here.data.parent / "target.toml"
        file.write_text(f'database = "{there.database}"\nblobs = "{there.blobs}"\n')
        variables = {"KEYWAY_FROM_DATA": str(here.data)}
        done = subprocess.run(
            [str(binary()), "move", "--to-config", str(file)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120, env={**environment(), **variables},
        )  # fmt: skip
        self.assert_done(done)
        self.assert_done(move(here, there, "--verify-only"))


class Interrupted(Moved):
    def kill_when(self, source: Place, target: Place, moment) -> bool:
        """Starts a move and kills it at a moment; whether it was still running then."""
        process = subprocess.Popen(
            command(source, target), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, env=environment(),
        )  # fmt: skip
        lines: list[str] = []
        reader = threading.Thread(target=lambda: lines.extend(iter(process.stderr.readline, "")), daemon=True)
        reader.start()
        until(lambda: process.poll() is not None or moment(lines), "the moment comes", seconds=60, every=0.001)
        was_running = process.poll() is None
        process.kill()
        process.wait(20)
        reader.join(20)
        process.stderr.close()
        return was_running

    def kill_at(self, source: Place, target: Place, *moments) -> None:
        """Kills a move at each of these moments of one attempt after the other, then lets it end."""
        kills = 0
        for moment in moments:
            was_running = self.kill_when(source, target, moment)
            kills += was_running
            if was_running:
                with self.assertRaises(AssertionError) as refused:
                    self.serve(target).start()
                self.assertIn("which is being moved here", str(refused.exception))
        self.assertGreater(kills, len(moments) / 2, "it was not interrupted")
        done = move(source, target)
        self.assert_done(done)
        self.assertIn("going on with the move", done.stderr)
        self.assert_done(move(source, target, "--verify-only"))
        self.assert_serves_the_same(target)

    def test_killed_anywhere_it_goes_on_and_ends_whole(self) -> None:
        def said(word):
            return lambda lines: any(line.startswith(word) for line in lines[2:])

        def stored(files, count):
            return lambda _: len(files()) >= count

        here, there, back = self.embedded(), remote(), Place(directory())
        prefix = there.blobs.split("?")[0].rsplit("/", 1)[1]
        in_bucket = lambda: seaweed.shared().objects(f"{prefix}/blobs")  # noqa: E731
        in_directory = lambda: list((back.data / "blobs" / "blobs").glob("*/*/*"))  # noqa: E731
        rows = said("accounts"), said("licenses"), said("tombstones")
        self.kill_at(here, there, *rows, stored(in_bucket, 1), stored(in_bucket, 5), said("comparing"))
        self.kill_at(there, back, *rows, stored(in_directory, 1), stored(in_directory, 5), said("comparing"))

    def test_what_was_written_to_the_source_meanwhile_is_moved_too(self) -> None:
        here, there = self.embedded(), remote()
        self.assertTrue(self.kill_when(here, there, lambda lines: any(line.startswith("files") for line in lines[2:])))
        server = self.serve(here).start()
        vendor = self.shop.vendor(server)
        vendor.update("licenses", self.shop.odd, name="Renamed")
        added = vendor.create("licenses", {"key": "ADDED-SINCE"}, policy=self.shop.world.policy)["id"]
        server.stop()
        self.assert_done(move(here, there))
        self.assert_done(move(here, there, "--verify-only"))
        server = self.serve(there).start()
        vendor = self.shop.vendor(server)
        self.assertEqual(vendor.must("GET", f"/licenses/{self.shop.odd}")["attributes"]["name"], "Renamed")
        self.assertEqual(vendor.must("GET", "/licenses/ADDED-SINCE")["id"], added)


class Refused(Moved):
    def test_a_source_that_is_served(self) -> None:
        here, there = self.embedded(), remote()
        server = self.serve(here).start()
        self.assert_refused(move(here, there), "another keyway server runs on the data directory", "stop the servers")
        server.stop()
        self.assert_done(move(here, there))
        server = self.serve(there).start()
        back = Place(directory())
        self.assert_refused(move(there, back), "is in use", "stop its servers")
        self.assertFalse((back.data / "keyway.db").exists())
        server.stop()

    def test_a_target_that_holds_something(self) -> None:
        here = self.embedded()
        other = Server(data=directory()).start()
        self.addCleanup(other.close)
        other.stop()
        before = files_in(other.data)
        taken = Place(other.data)
        self.assert_refused(move(here, taken), "is not empty", "overwrites nothing")
        self.assertEqual(files_in(other.data), before)
        there = remote()
        self.assert_done(move(here, there))
        # another installation, to where this one went
        self.assert_refused(move(taken, there), "another installation")
        beside = Place(directory(), database(), there.blobs)
        self.assert_refused(move(taken, beside), "holds files of another installation")

    def test_ends_that_are_the_same_or_absent(self) -> None:
        here = self.embedded()
        self.assert_refused(move(here, here), "source and target are the same")
        nowhere = Place(directory())
        self.assert_refused(move(nowhere, here), "no data directory", "--from-data")
        self.assert_refused(move(here, Place(directory(), "postgres://u:geheim@127.0.0.1:1/x")), "u:***@127.0.0.1:1/x")

    def test_a_dry_run_copies_nothing(self) -> None:
        here, there = self.embedded(), remote()
        done = move(here, there, "--dry-run")
        self.assert_done(done)
        self.assertRegex(done.stdout, r"(?m)^licenses +6 rows$")
        self.assertIn("nothing was copied", done.stdout)
        self.assertEqual(postgres.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", there.database), "0\n")
        back = Place(directory())
        self.assert_done(move(here, back, "--dry-run"))
        self.assertFalse(back.data.exists())

    def test_a_difference_is_found(self) -> None:
        here, there = self.embedded(), remote()
        self.assert_done(move(here, there))
        postgres.psql(f"UPDATE licenses SET uses = uses + 1 WHERE id = '{self.shop.odd}'", there.database)
        prefix = there.blobs.split("?")[0].rsplit("/", 1)[1]
        lost = seaweed.shared().objects(f"{prefix}/blobs")[0]
        seaweed.shared().remove(lost)
        done = move(here, there, "--verify-only")
        self.assert_refused(done, "licenses: 6 rows that are not the same", "missing at the target")
        self.assertIn("differ", done.stdout)


class Incomplete(Moved):
    def blobs(self, place: Place) -> list[Path]:
        return sorted(path for path in (place.data / "blobs" / "blobs").rglob("*") if path.stat().st_size > 700_000)

    def test_files_that_are_missing_or_damaged_are_listed(self) -> None:
        here, there = self.embedded(), remote()
        lost, short, bad = self.blobs(here)[:3]
        kept = {path: path.read_bytes() for path in (lost, short, bad)}
        lost.unlink()
        short.write_bytes(kept[short][:-1])
        bad.write_bytes(b"x" + kept[bad][1:])
        done = move(here, there)
        self.assert_refused(done, "is missing at the source", "is damaged: it has", "SHA-256", "3 files cannot be copied")
        for path in kept:
            self.assertIn(path.name, done.stderr)
        with self.assertRaises(AssertionError):
            self.serve(there).start()
        for path in (short, bad):
            path.write_bytes(kept[path])
        self.assert_refused(move(here, there), "1 files cannot be copied", "--skip-missing")
        self.assert_done(move(here, there, "--skip-missing"))
        self.assert_refused(move(here, there, "--verify-only"), "missing at the target")
        self.serve(there).start()

    def test_an_upload_that_was_not_taken_in_holds_the_move_up(self) -> None:
        here, there = self.embedded(), remote()
        self.assert_done(move(here, there))
        server = self.serve(there)
        server.flags = tuple(flag for flag in server.flags if flag not in ("--delivery", "stream"))
        server.start()
        vendor = self.shop.vendor(server)
        release = vendor.create("releases", {"version": "9.0.0", "channel": "stable"}, product=self.shop.world.product)["id"]
        artifact, url = vendor.start_upload(release, "late.bin")
        server.kill()
        self.assertEqual(vendor.put(url, b"late").status, 200)
        back = Place(directory())
        self.assert_refused(move(there, back), "late.bin", "has arrived at the source", "start its server")
        server.start()
        vendor.settled(artifact)
        server.stop()
        self.assert_done(move(there, back))
        server = self.serve(back).start()
        answer = wire.get(f"{server.url}/v1/engines/raw/acme/9.0.0/late.bin", wire.bearer(self.shop.token))
        self.assertIn(answer.status, (200, 303), answer)

    def test_an_upload_in_parts_is_told_of(self) -> None:
        here, there = self.embedded(), remote()
        server = self.serve(here).start()
        vendor = self.shop.vendor(server)
        release = vendor.create("releases", {"version": "9.0.0", "channel": "stable"}, product=self.shop.world.product)["id"]
        document = vendor.document("artifacts", {"filename": "huge.bin", "filesize": 12 << 20}, {"release": release})
        made = vendor.must("POST", "/artifacts", {"data": document}, {"Prefer": "multipart"})
        path = f"/artifacts/{made['id']}/actions/sign-parts"
        self.assertEqual(vendor.ask("POST", path).status, 200)
        server.stop()
        done = move(here, there)
        self.assert_done(done)
        self.assertIn("huge.bin", done.stderr)
        self.assertIn("begin again", done.stderr)
        server = self.serve(there).start()
        answer = self.shop.vendor(server).ask("POST", path)
        self.assertEqual((answer.status, answer.json()["errors"][0]["code"]), (422, "UPLOAD_GONE"))


if __name__ == "__main__":
    unittest.main()
