"""A walker's steps by others than the vendor: users with their tokens, and licences with tokens of so many activations. Who may
do what changes with every step before."""

import random
from dataclasses import dataclass

from devices import Devices
from harness.wire import bearer
from records import License, Machine, Record, Refusal, User, invalid
from walker import MISSING, Mismatch

DENIED: Refusal = (403, "", "")


@dataclass(eq=False)
class Counter(Record):
    """A licence's token that activates and deactivates a number of times."""

    secret: str
    license: License
    most: int
    activations: int = 0
    deactivations: int = 0


class Callers(Devices):
    """What users and tokens do."""

    def __init__(self, *of: object) -> None:
        super().__init__(*of)
        self.secrets: dict[User, str] = {}
        self.counters: list[Counter] = []
        self.of_product: dict = {}

    def secret(self, user: User) -> str:
        if user not in self.secrets:
            made = self.vendor.must("POST", f"/users/{user.id}/tokens")
            self.secrets[user] = made["attributes"]["token"]
        return self.secrets[user]

    # What a user may see and do.

    @staticmethod
    def uses(user: User, license: License) -> bool:
        return user in license.everyone

    def sees(self, user: User, machine: Machine) -> bool:
        return machine.owner is user or self.uses(user, machine.license)

    def mates(self, user: User) -> list[User]:
        together = [one.everyone for one in self.model.licenses if user in one.everyone]
        return [one for one in self.model.users if one is user or any(one in all for all in together)]

    @staticmethod
    def is_protected(license: License) -> bool:
        return license.policy.terms["protected"]

    @staticmethod
    def banned(user: User) -> set[Refusal]:
        return {(403, "USER_BANNED", "")} if user.banned else set()

    def look_as_user(self, dice: random.Random) -> None:
        user = self.some(dice, self.model.users)
        if user is None:
            return
        by = {"headers": bearer(self.secret(user))}
        gone = self.banned(user)
        license, machine = self.some(dice, self.model.licenses), self.some(dice, self.model.machines)
        other, group = self.some(dice, self.model.users), self.some(dice, self.model.groups)
        if license:
            hidden = set() if self.uses(user, license) else {MISSING}
            self.expect(gone or hidden, "GET", f"/licenses/{license.id}", **by)
            self.expect(gone or hidden, "GET", f"/licenses/{license.id}/machines", **by)
        if machine:
            hidden = set() if self.sees(user, machine) else {MISSING}
            self.expect(gone or hidden, "GET", f"/machines/{machine.id}", **by)
        self.expect(gone or (set() if other in self.mates(user) else {MISSING}), "GET", f"/users/{other.id}", **by)
        if group:
            inside = user.group is group or user in group.owners
            self.expect(gone or (set() if inside else {DENIED}), "GET", f"/groups/{group.id}", **by)
            kind = dice.choice(["users", "licenses", "machines"])
            listed = self.expect(gone or (set() if user in group.owners else {DENIED}), "GET", f"/groups/{group.id}/{kind}", **by)
            if listed is not None:
                self.same(kind, listed, self.model.members(group, kind))

    def list_as_user(self, dice: random.Random) -> None:
        user = self.some(dice, self.model.users)
        if user is None:
            return
        by, gone = {"headers": bearer(self.secret(user))}, self.banned(user)
        for kind, known in [
            ("licenses", [one for one in self.model.licenses if self.uses(user, one)]),
            ("machines", [one for one in self.model.machines if self.sees(user, one)]),
            ("processes", [one for one in self.model.processes if self.sees(user, one.machine)]),
            ("users", self.mates(user)),
        ]:
            listed = self.expect(gone, "GET", f"/{kind}?limit=100", **by)
            if listed is not None:
                self.same(kind, listed, known)

    def list_as_product(self, dice: random.Random) -> None:
        """Products see their own, whatever else there is."""
        if not self.of_product:
            made = self.vendor.must("POST", f"/products/{self.product}/tokens")
            self.of_product = bearer(made["attributes"]["token"])
        kind = dice.choice(["policies", "licenses", "machines", "components", "processes"])
        known = getattr(self.model, kind)
        if len(known) <= 100:
            self.same(kind, self.expect(set(), "GET", f"/{kind}?limit=100", headers=self.of_product), known)

    def same(self, kind: str, listed: list[dict], known: list) -> None:
        self.equal(kind, sorted(one["id"] for one in listed), sorted(one.id for one in known))

    def activate_as_user(self, dice: random.Random) -> None:
        user, license = self.some(dice, self.model.users), self.some(dice, self.model.licenses)
        if user is None or license is None:
            return
        owner = dice.choice([user, user, None, self.some(dice, license.everyone)])
        fingerprint = f"{self.name}:{dice.randrange(24)}"
        owns = license.owner is user or (owner is user and self.uses(user, license))
        joined = license.group or (owner and owner.group)
        refused = self.banned(user)
        if not refused and (not owns or self.is_protected(license)):
            refused = {DENIED}
        refused = refused or self.model.not_activated(license, fingerprint, owner, joined, {})
        related = {"license": license, "owner": owner}
        by = {"headers": bearer(self.secret(user))}
        made = self.write(refused, "machines", {"fingerprint": fingerprint}, related, **by)
        if made:
            self.activated(made, fingerprint, license, owner, joined, {})

    def act_as_user(self, dice: random.Random) -> None:
        user, machine = self.some(dice, self.model.users), self.some(dice, self.model.machines)
        if user is None or machine is None:
            return
        may = (machine.owner is user or machine.license.owner is user) and not self.is_protected(machine.license)
        refused = self.banned(user)
        if not refused and not may:
            refused = {DENIED} if self.sees(user, machine) else {MISSING}
        by = {"headers": bearer(self.secret(user))}
        if self.rarely(dice, 0.5):
            self.expect(refused, "DELETE", f"/machines/{machine.id}", **by)
            if not refused:
                self.model.drop_machine(machine)
        else:
            self.expect(refused, "POST", f"/machines/{machine.id}/actions/ping", **by)
            machine.pinged = machine.pinged or not refused

    # Tokens that activate so many times.

    def make_counter(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        if license:
            most = dice.randrange(3)
            limits = {"maxActivations": most, "maxDeactivations": most}
            document = {"data": {"type": "tokens", "attributes": limits}}
            made = self.expect(set(), "POST", f"/licenses/{license.id}/tokens", document)
            self.counters.append(Counter(made["id"], made["attributes"]["token"], license, most))

    def use_counter(self, dice: random.Random) -> None:
        """Tokens work though their licence is suspended or expired, and only while it is there."""
        counter = self.some(dice, self.counters)
        if counter is None:
            return
        license, by = counter.license, {"headers": bearer(counter.secret)}
        gone = {(401, "TOKEN_INVALID", "")} if license not in self.model.licenses else set()
        if license.owner and license.owner.banned and not gone:
            gone = {(403, "USER_BANNED", "")}
        machine = self.some(dice, self.model.machines_of(license))
        if machine and self.rarely(dice, 0.4):
            over = {invalid("DEACTIVATIONS_LIMIT_EXCEEDED", "/data/attributes/deactivations")}
            refused = gone or (over if counter.deactivations >= counter.most else set())
            self.expect(refused, "DELETE", f"/machines/{machine.id}", **by)
            if not refused:
                counter.deactivations += 1
                self.model.drop_machine(machine)
            return
        fingerprint = f"{self.name}:{dice.randrange(24)}"
        # of a licence that is gone nobody knows whether it could be activated
        refused = gone or self.model.not_activated(license, fingerprint, None, license.group, {})
        if not gone and counter.activations >= counter.most:
            refused = refused | {invalid("ACTIVATIONS_LIMIT_EXCEEDED", "/data/attributes/activations")}
        made = self.write(refused, "machines", {"fingerprint": fingerprint}, {"license": license}, **by)
        if made:
            counter.activations += 1
            self.activated(made, fingerprint, license, None, license.group, {})

    def counted(self) -> None:
        """What tokens show of their use."""
        for one in self.counters:
            known = set() if one.license in self.model.licenses else {MISSING}
            shown = self.expect(known, "GET", f"/tokens/{one.id}")
            if shown:
                attributes = shown["attributes"]
                counts = (attributes["activations"], attributes["deactivations"])
                if counts != (one.activations, one.deactivations):
                    raise Mismatch(f"token {one.id}: {counts}, not {(one.activations, one.deactivations)}")
