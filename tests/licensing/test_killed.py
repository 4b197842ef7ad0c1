"""A server that is killed (-9) while machines activate, ping and leave, and while it watches over them: what was acknowledged
is there, and whoever falls silent is declared dead once and not before the time."""

import collections
import itertools
import tempfile
import threading
import unittest
from pathlib import Path

from harness import postgres
from harness.day import Day
from harness.places import full
from harness.server import Server
from harness.vendor import Refused, Vendor
from harness.waiting import until
from harness.world import World

KILLS = 20 if full() else 4
PROGRAMS = 8
# How long a machine may be silent, and for how long its death is told of before it goes.
WINDOW, REST = 600, 60
WATCHED = {"heartbeatDuration": WINDOW, "requireHeartbeat": True}
# How long a claim on a job holds (crates/jobs), and a little.
LEASE = 61
DEAD = "machine.heartbeat.dead"


class Program:
    """Activates machines, pings and deactivates them without a pause, until the server is gone. It remembers what was
    acknowledged, and what it last asked for without an answer."""

    def __init__(self, url: str, token: str, license: str, name: str) -> None:
        self.vendor, self.license, self.name = Vendor(url, token), license, name
        self.numbers = itertools.count()
        self.heard: dict[str, str] = {}
        self.gone: set[str] = set()
        self.open: tuple[str, str] = ("", "")
        self.acknowledged = 0
        self.failure: BaseException | None = None

    def start(self) -> None:
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        try:
            while True:
                self.try_to_live()
        except OSError:
            return
        except BaseException as error:  # shown by whoever waits for it
            self.failure = error

    def try_to_live(self) -> None:
        """Others may be in the way, which is told and leaves nothing behind."""
        try:
            self.live()
        except Refused as refused:
            if refused.answer.status != 409:
                raise

    def live(self) -> None:
        """Two machines come, each pings, one goes."""
        for _ in range(2):
            fingerprint = f"{self.name} {next(self.numbers)}"
            self.open = ("activate", fingerprint)
            made = self.vendor.create("machines", {"fingerprint": fingerprint}, license=self.license)
            self.note(made)
        for id in list(self.heard)[-2:]:
            self.open = ("ping", id)
            self.note(self.vendor.act("machines", id, "ping"))
        self.open = ("deactivate", id)
        self.vendor.must("DELETE", f"/machines/{id}")
        self.gone.add(id)
        del self.heard[id]
        self.acknowledged += 1

    def note(self, machine: dict) -> None:
        self.heard[machine["id"]] = machine["attributes"]["lastHeartbeat"] or ""
        self.acknowledged += 1

    def judge(self, there: dict[str, dict]) -> set[str]:
        """Compares what it knows with the machines that there are; gives those that it knows of."""
        what, which = self.open
        for id, heard in self.heard.items():
            if (what, which) == ("deactivate", id) and id not in there:
                continue
            assert id in there, f"{self.name}: {id} was activated and is not there"
            found = there[id]["attributes"]["lastHeartbeat"] or ""
            assert found == heard or ((what, which) == ("ping", id) and found > heard), f"{id}: {heard} became {found}"
        assert not self.gone & set(there), f"{self.name}: what was deactivated is there"
        unheard = {id for id, one in there.items() if (what, which) == ("activate", one["attributes"]["fingerprint"])}
        # what has been found out is known from now on
        self.heard = {id: there[id]["attributes"]["lastHeartbeat"] or "" for id in {*self.heard, *unheard} if id in there}
        self.open = ("", "")
        return set(self.heard)


class Killed:
    """With a server whose day can be set forward."""

    def database(self) -> dict:
        """The settings of another database than the run's."""
        return {}

    def setUp(self) -> None:
        self.day = Day()
        self.addCleanup(self.day.close)
        self.server = Server(environment={**self.day.environment, **self.database()})
        self.addCleanup(self.server.close)
        self.world = World(self.server.start())
        self.vendor = self.world.vendor

    def kill(self, later: int = 0) -> None:
        """Kills the server and starts it again, some time later."""
        self.server.kill()
        self.day.go_on(later)
        self.server.start()

    def license(self, **terms: object) -> str:
        policy = self.world.new_policy("Watched", floating=True, **terms)
        return self.world.new_license("WATCHED", policy=policy)[0]

    def machine(self, license: str, fingerprint: str) -> str:
        return self.vendor.create("machines", {"fingerprint": fingerprint}, license=license)["id"]

    def machines(self, license: str) -> dict[str, dict]:
        """The machines of a licence by their ids, as its list and its count agree."""
        listed = {one["id"]: one for one in self.vendor.every(f"/licenses/{license}/machines")}
        shown = self.vendor.must("GET", f"/licenses/{license}")
        self.assertEqual(shown["relationships"]["machines"]["meta"]["count"], len(listed))
        return listed

    def told(self, event: str) -> collections.Counter:
        """How often an event was told of each record."""
        events = self.vendor.every(f"/event-logs?event={event}")
        return collections.Counter(one["relationships"]["resource"]["data"]["id"] for one in events)

    def test_what_was_acknowledged_is_there(self):
        license = self.license(heartbeatDuration=WINDOW)
        programs = [Program(self.server.url, self.vendor.token, license, f"program {n}") for n in range(PROGRAMS)]
        for _ in range(KILLS):
            before = sum(program.acknowledged for program in programs)
            for program in programs:
                program.start()
            until(lambda: sum(one.acknowledged for one in programs) > before + 100, "they are at work", 60)
            self.server.kill()
            for program in programs:
                program.thread.join(30)
                self.assertIsNone(program.failure)
            self.server.start()
            there = self.machines(license)
            known = [program.judge(there) for program in programs]
            self.assertEqual(set.union(*known), set(there), "machines that nobody asked for")
        # what is told of a change is written with it
        made, pinged = self.told("machine.created"), self.told("machine.heartbeat.ping")
        self.assertEqual({made[id] for id in there}, {1})
        self.assertLessEqual({id for id, one in there.items() if one["attributes"]["lastHeartbeat"]}, set(pinged))

    def dies(self, within: int) -> str:
        """A machine that is declared dead when the server looks so much later, and stays: a sign that it has looked."""
        terms = {"heartbeatDuration": within, "requireHeartbeat": True, "heartbeatCullStrategy": "KEEP_DEAD"}
        return self.machine(self.license(**terms), f"sign after {within}")

    def looked(self, sign: str) -> None:
        until(lambda: self.told(DEAD)[sign], "the server has looked", 60)

    def states(self, license: str) -> collections.Counter:
        return collections.Counter(one["attributes"]["heartbeatStatus"] for one in self.machines(license).values())

    def test_the_dead_are_declared_once_and_not_before_their_time(self):
        license = self.license(heartbeatCullStrategy="DEACTIVATE_DEAD", heartbeatResurrectionStrategy="NO_REVIVE", **WATCHED)
        keeping = self.license(heartbeatCullStrategy="KEEP_DEAD", heartbeatResurrectionStrategy="ALWAYS_REVIVE", **WATCHED)
        # more than are judged in one transaction
        silent = [self.machine(license, f"silent {n}") for n in range(120)]
        steady = [self.machine(license, f"steady {n}") for n in range(4)]
        kept = [self.machine(keeping, f"kept {n}") for n in range(4)]
        start = lambda pid: self.vendor.create("processes", {"pid": pid}, machine=steady[0])["id"]  # noqa: E731
        lost, running = start("lost"), start("running")
        told = lambda: collections.Counter({id: n for id, n in self.told(DEAD).items() if id not in signs})  # noqa: E731

        def ping() -> None:
            for id in steady:
                self.vendor.act("machines", id, "ping")
            self.vendor.act("processes", running, "ping")

        # Most of the window: nobody has died.
        signs = [self.dies(REST)]
        self.kill(WINDOW // 2)
        self.looked(signs[0])
        ping()
        signs.append(self.dies(REST))
        self.kill(WINDOW // 3)
        self.looked(signs[1])
        self.assertEqual(self.states(license), {"ALIVE": 124})
        self.assertFalse(told())

        # The window of the silent is over. The server dies while it says so.
        self.day.go_on(WINDOW // 4)
        until(told, "the first are declared dead", 60)
        self.kill(LEASE)
        dead = collections.Counter([*silent, *kept])
        until(lambda: len(told()) >= len(dead), "all who are silent are declared dead", 60)
        ping()

        # They go, and the server dies meanwhile.
        self.day.go_on(REST)
        until(lambda: len(self.vendor.every(f"/licenses/{license}/machines")) < 124, "the first of the dead go", 60)
        self.kill(LEASE)
        until(lambda: len(self.vendor.every(f"/licenses/{license}/machines")) <= 4, "the dead are gone", 60)
        self.assertEqual(self.states(license), {"ALIVE": 4})
        self.assertEqual(self.states(keeping), {"DEAD": 4})
        self.assertEqual(told(), dead)
        self.assertFalse(self.told("machine.deleted"))
        until(lambda: self.vendor.ask("GET", f"/processes/{lost}").status == 404, "the silent process is gone", 60)
        self.assertEqual(self.vendor.must("GET", f"/processes/{running}")["attributes"]["status"], "ALIVE")
        self.assertEqual(self.told("process.heartbeat.dead"), {lost: 1})

        # Who comes back to life may die again, once.
        revived = self.vendor.act("machines", kept[0], "ping")
        self.assertEqual(revived["attributes"]["heartbeatStatus"], "RESURRECTED")
        self.kill(WINDOW + 1)
        dead += collections.Counter([kept[0], *steady])
        until(lambda: len(told()) >= len(dead) and told()[kept[0]] > 1, "they are declared dead", 60)
        self.assertEqual(told(), dead)

    def test_whoever_is_told_of_a_death_has_time_to_look(self):
        """However often servers start and look."""
        license = self.license(heartbeatCullStrategy="DEACTIVATE_DEAD", **WATCHED)
        dead = [self.machine(license, f"{n}") for n in range(3)]
        sign = self.dies(WINDOW + REST // 2)
        self.day.go_on(WINDOW)
        until(lambda: self.told(DEAD).keys() >= set(dead), "they are declared dead", 60)
        self.server.stop()
        self.day.go_on(REST * 2 // 3)
        self.server.start()
        self.looked(sign)
        self.assertEqual(self.states(license), {"DEAD": 3})
        late = self.vendor.ask("POST", f"/machines/{dead[0]}/actions/ping")
        self.assertEqual((late.status, late.json()["errors"][0]["code"]), (422, "MACHINE_HEARTBEAT_DEAD"))
        self.day.go_on(REST)
        until(lambda: not self.vendor.every(f"/licenses/{license}/machines"), "they are gone", 60)


class OnTheRunsDatabase(Killed, unittest.TestCase):
    """The embedded one unless told."""


class OnPostgres(Killed, unittest.TestCase):
    def database(self) -> dict:
        place = Path(tempfile.mkdtemp(prefix="keyway-killed-"))
        self.addCleanup(place.rmdir)
        self.addCleanup(postgres.forget, place)
        return {"KEYWAY_DATABASE": postgres.database_of(place)}
