"""Many at once: what is limited is given out exactly as often as there is of it, and whoever gets none is told why. On one
server, and on two that share a database."""

import collections
import contextlib
import itertools
import json
import threading
import time
import unittest

from harness.server import Server, two_on_postgres
from harness.vendor import JSON, Vendor
from harness.volley import Volley
from harness.waiting import until
from harness.wire import Answer, Connection, bearer, license_header
from harness.world import World

Refusal = tuple[int, str, str]
FULL: Refusal = (422, "MACHINE_LIMIT_EXCEEDED", "/data")


def refusal(answer: Answer) -> Refusal:
    """Status, code and pointer of an error that stands alone."""
    (error,) = answer.json()["errors"]
    return answer.status, error.get("code", ""), error.get("source", {}).get("pointer", "")


class Shops:
    """The races, at the servers in `urls`: requests go to each in turn."""

    world: World
    urls: list[str]

    def setUp(self) -> None:
        self.vendor = self.world.vendor
        self.admin = bearer(self.vendor.token)

    def license(self, **terms: object) -> tuple[str, dict]:
        """A licence under a policy of its own: its id, and its key as a credential."""
        policy = self.world.new_policy("Raced", floating=True, **terms)
        license, key = self.world.new_license("RACED", policy=policy)
        return license, license_header(key)

    @staticmethod
    def machine(license: str, fingerprint: str, **attributes: object) -> dict:
        document = Vendor.document("machines", {"fingerprint": fingerprint, **attributes}, {"license": license})
        return {"data": document}

    def race(self, *requests: tuple) -> list[Answer]:
        """What each of several requests gets: method, path, credential and document."""
        volley, urls = Volley(), itertools.cycle(self.urls)
        for method, path, headers, *document in requests:
            volley.load(next(urls), method, f"/v1{path}", headers, *document)
        return volley.fire()

    def given(self, answers: list[Answer], count: int, otherwise: Refusal, status: int = 201) -> list[str]:
        """That so many of the answers give something, and all others refuse alike; the ids of what was given."""
        found = collections.Counter(answer.status if answer.status < 300 else refusal(answer) for answer in answers)
        self.assertEqual(found, collections.Counter({status: count, otherwise: len(answers) - count}))
        return [answer.json()["data"]["id"] for answer in answers if answer.status == status]

    def shown(self, path: str) -> list[dict]:
        """What every server shows at a path, which has to be the same."""
        shown = [Vendor(url, self.vendor.token).must("GET", path) for url in self.urls]
        self.assertTrue(all(one == shown[0] for one in shown), shown)
        return shown[0]

    def machines(self, license: str) -> set[str]:
        """The machines of a licence, as its list and its count agree."""
        listed = {machine["id"] for machine in self.shown(f"/licenses/{license}/machines?limit=100")}
        counted = self.shown(f"/licenses/{license}")["relationships"]["machines"]["meta"]["count"]
        self.assertEqual(counted, len(listed))
        return listed

    def test_two_hundred_activate_on_five_seats(self):
        license, key = self.license(maxMachines=5)
        post = lambda n: ("POST", "/machines", key, self.machine(license, f"seat {n}"))  # noqa: E731
        answers = self.race(*map(post, range(200)))
        self.assertEqual(self.machines(license), set(self.given(answers, 5, FULL)))
        refused = next(answer for answer in answers if answer.status == 422).json()["errors"][0]["detail"]
        self.assertEqual(refused, "machine count has exceeded maximum allowed for license (5)")

    def test_seats_change_hands(self):
        """Five are deactivated while fifty want their seats."""
        license, key = self.license(maxMachines=5)
        seated = [self.vendor.must("POST", "/machines", self.machine(license, f"old {n}"))["id"] for n in range(5)]
        wanted = [("POST", "/machines", key, self.machine(license, f"new {n}")) for n in range(50)]
        freed = [("DELETE", f"/machines/{id}", key) for id in seated]
        order = [*wanted[:10], *freed, *wanted[10:]]
        answers = dict(zip(map(str, order), self.race(*order), strict=True))
        self.assertEqual([answers[str(one)].status for one in freed], [204] * 5)
        new = [answers[str(one)] for one in wanted]
        made = sum(answer.status == 201 for answer in new)
        self.assertLessEqual(made, 5)
        self.assertEqual(self.machines(license), set(self.given(new, made, FULL)))

    def test_one_fingerprint_is_activated_once(self):
        license, key = self.license()
        answers = self.race(*[("POST", "/machines", key, self.machine(license, "the same"))] * 40)
        taken = (422, "FINGERPRINT_TAKEN", "/data/attributes/fingerprint")
        self.assertEqual(self.machines(license), set(self.given(answers, 1, taken)))

    def test_cores_are_summed_up(self):
        license, key = self.license(maxCores=16)
        post = lambda n: ("POST", "/machines", key, self.machine(license, f"{n}", cores=3))  # noqa: E731
        answers = self.race(*map(post, range(40)))
        self.given(answers, 5, (422, "MACHINE_CORE_LIMIT_EXCEEDED", "/data"))
        self.assertEqual(self.shown(f"/licenses/{license}")["relationships"]["machines"]["meta"]["cores"], 15)

    def test_processes_of_a_licence_on_several_machines(self):
        license, key = self.license(maxProcesses=5, processLeasingStrategy="PER_LICENSE")
        on = [self.vendor.must("POST", "/machines", self.machine(license, f"{n}"))["id"] for n in range(4)]
        start = lambda n: Vendor.document("processes", {"pid": f"{n}"}, {"machine": on[n % 4]})  # noqa: E731
        answers = self.race(*[("POST", "/processes", key, {"data": start(n)}) for n in range(40)])
        made = self.given(answers, 5, (422, "MACHINE_PROCESS_LIMIT_EXCEEDED", "/data"))
        self.assertEqual({one["id"] for one in self.shown(f"/processes?license={license}&limit=100")}, set(made))

    def test_uses_are_counted(self):
        license, key = self.license(maxUses=25)
        answers = self.race(*[("POST", f"/licenses/{license}/actions/increment-usage", key)] * 60)
        self.given(answers, 25, (422, "USES_LIMIT_EXCEEDED", "/data/attributes/uses"), 200)
        counts = [answer.json()["data"]["attributes"]["uses"] for answer in answers if answer.status == 200]
        self.assertEqual(sorted(counts), list(range(1, 26)))
        self.assertEqual(self.shown(f"/licenses/{license}")["attributes"]["uses"], 25)

    def test_pooled_keys_are_given_once(self):
        """To those who pop one and to licences that are made of one."""
        policy = self.world.new_policy("Pool", usePool=True)
        keys = {f"pooled-{policy}-{n}" for n in range(12)}
        for key in keys:
            self.vendor.create("keys", {"key": key}, policy=policy)
        license = {"data": Vendor.document("licenses", {}, {"policy": policy})}
        answers = self.race(*[
            ("DELETE", f"/policies/{policy}/pool", self.admin),
            ("POST", "/licenses", self.admin, license),
        ] * 10)  # fmt: skip
        given = [one.json()["data"]["attributes"]["key"] for one in answers if one.status < 300]
        self.assertEqual((len(given), set(given)), (12, keys))
        for kind, answer in zip(itertools.cycle(("popped", "made")), answers):
            if answer.status >= 300:
                code = {"popped": "", "made": "POLICY_POOL_EMPTY"}[kind]
                self.assertEqual((refusal(answer)[0], refusal(answer)[1]), (422, code), f"{kind}: {answer}")
        self.assertEqual(self.shown(f"/policies/{policy}/pool"), [])

    def test_every_check_in_counts(self):
        license, key = self.license(requireCheckIn=True, checkInInterval="day", checkInIntervalCount=1)
        answers = self.race(*[("POST", f"/licenses/{license}/actions/check-in", key)] * 20)
        self.assertEqual({answer.status for answer in answers}, {200})
        told = [answer.json()["data"]["attributes"]["lastCheckIn"] for answer in answers]
        self.assertEqual(self.shown(f"/licenses/{license}")["attributes"]["lastCheckIn"], max(told))
        path = f"/event-logs?event=license.checked-in&resource[type]=license&resource[id]={license}&limit=100"
        self.assertEqual(len(self.shown(path)), 20)

    def test_no_machine_outlives_its_licence(self):
        """A licence is deleted while it is activated."""
        license, _ = self.license()
        wanted = [("POST", "/machines", self.admin, self.machine(license, f"{n}")) for n in range(40)]
        order = [*wanted[:20], ("DELETE", f"/licenses/{license}", self.admin), *wanted[20:]]
        answers = self.race(*order)
        self.assertEqual(answers.pop(20).status, 204)
        made = sum(answer.status == 201 for answer in answers)
        self.given(answers, made, (422, "LICENSE_NOT_FOUND", "/data/relationships/license"))
        left = lambda: self.vendor.must("GET", f"/machines?license={license}&limit=100")  # noqa: E731
        until(lambda: not left(), "the machines of the licence are gone")

    def test_nothing_is_valid_once_a_suspension_is_acknowledged(self):
        license, key = self.license()
        secret = key["Authorization"].removeprefix("License ")
        watches = [Validations(url, secret) for url in self.urls for _ in range(2)]
        try:
            for _ in range(10):
                self.vendor.act("licenses", license, "suspend")
                ended = time.monotonic()
                for watch in watches:
                    until(lambda watch=watch: watch.after(ended, 3), "validations after the suspension")
                    self.assertEqual(set(watch.after(ended, 3)), {"SUSPENDED"}, "asked for after the suspension")
                self.vendor.act("licenses", license, "reinstate")
                begun = time.monotonic()
                for watch in watches:
                    until(lambda watch=watch: watch.after(begun, 3), "validations after the reinstatement")
                    self.assertEqual(set(watch.after(begun, 3)), {"VALID"})
        finally:
            for watch in watches:
                watch.stop()


class Validations:
    """A program that validates its licence by key without a pause, and notes what it asked when and was told."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.meta = url, {"meta": {"key": key}}
        self.told: list[tuple[float, str]] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        body = json.dumps(self.meta).encode()
        with contextlib.closing(Connection(self.url)) as connection:
            while not self.over.is_set():
                asked = time.monotonic()
                answer = connection.request("POST", "/v1/licenses/actions/validate-key", body, {"Content-Type": JSON})
                self.told.append((asked, answer.json()["meta"]["code"]))

    def after(self, moment: float, count: int) -> list[str]:
        """What it was told of what it asked after a moment, once that is so much."""
        told = [code for asked, code in self.told if asked > moment]
        return told if len(told) >= count else []

    def stop(self) -> None:
        self.over.set()
        self.thread.join(30)


class OneServer(Shops, unittest.TestCase):
    """With the database that the run is on, the embedded one unless told."""

    @classmethod
    def setUpClass(cls):
        server = Server()
        cls.addClassCleanup(server.close)
        cls.world, cls.urls = World(server.start()), [server.url]


class TwoServers(Shops, unittest.TestCase):
    """On one PostgreSQL database."""

    @classmethod
    def setUpClass(cls):
        servers = cls.enterClassContext(two_on_postgres())
        cls.world, cls.urls = World(servers[0]), [server.url for server in servers]
