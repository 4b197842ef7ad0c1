"""What a walker does with machines, their components and their processes, as the vendor and by licence keys."""

import random

from harness.wire import license_header
from records import Component, Group, License, Machine, Process, Refusal, User, invalid
from steps import RELATION, Steps
from validity import is_expired
from walker import MISSING


class Devices(Steps):
    """Machines and what runs on them."""

    def sizes(self, dice: random.Random) -> dict:
        return {name: dice.choice([1, 2, 4, 8]) for name in ("cores", "memory") if self.rarely(dice, 0.4)}

    def speaker(self, dice: random.Random, license: License) -> tuple[dict, set[Refusal]]:
        """Who asks for something of a licence, by headers: the vendor, or the licence by its key, unless that is refused."""
        return ({}, set()) if self.rarely(dice, 0.6) else (license_header(license.key), self.barred(license))

    @staticmethod
    def barred(license: License) -> set[Refusal]:
        """Why the licence's key opens nothing."""
        revoked = license.policy.terms["expirationStrategy"] == "REVOKE_ACCESS"
        code = (
            "LICENSE_BANNED" if license.owner and license.owner.banned else
            "LICENSE_SUSPENDED" if license.suspended else
            "LICENSE_EXPIRED" if revoked and is_expired(license) else None
        )  # fmt: skip
        return {(403, code, "")} if code else set()

    def activate(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        if license is None:
            return self.make_license(dice)
        fingerprint = f"{self.name}:{dice.randrange(24)}"
        near = license.everyone if self.rarely(dice, 0.8) else self.model.users
        owner = self.some(dice, near) if self.rarely(dice, 0.4) else None
        key, refused = self.speaker(dice, license)
        group = self.some(dice, self.model.groups) if self.rarely(dice, 0.1) and not key else None
        sizes = self.sizes(dice)
        joined = group or license.group or (owner and owner.group)
        refused = refused or self.model.not_activated(license, fingerprint, owner, joined, sizes)
        related = {"license": license, "owner": owner, "group": group}
        made = self.write(refused, "machines", {"fingerprint": fingerprint, **sizes}, related, headers=key)
        if made:
            self.activated(made, fingerprint, license, owner, joined, sizes)

    def activated(
        self, made: dict, fingerprint: str, license: License, owner: User | None, group: Group | None, sizes: dict
    ) -> Machine:
        machine = Machine(made["id"], fingerprint, license, owner, group, sizes.get("cores"), sizes.get("memory"))
        machine.pinged = license.policy.terms["heartbeatBasis"] == "FROM_CREATION"
        self.model.machines.append(machine)
        return machine

    def change_machine(self, dice: random.Random) -> None:
        machine = self.some(dice, self.model.machines)
        if machine is None:
            return
        sizes = self.sizes(dice) or {"cores": None}
        changed = {name: size for name, size in sizes.items() if size != getattr(machine, name)}
        others = [one for one in self.model.leased(machine.license, machine.owner) if one is not machine]
        refused = self.model.too_large(machine.license, others, changed)
        self.change(refused, "machines", machine.id, sizes)
        for name, size in ({} if refused else sizes).items():
            setattr(machine, name, size)

    def change_machine_owner(self, dice: random.Random) -> None:
        machine = self.some(dice, self.model.machines)
        if machine is None:
            return
        near = machine.license.everyone if self.rarely(dice, 0.7) else self.model.users
        owner = self.some(dice, near) if self.rarely(dice, 0.8) else None
        strange = owner and owner not in machine.license.everyone
        refused = {invalid("OWNER_INVALID", RELATION + "owner")} if strange else set()
        self.relate(refused, f"/machines/{machine.id}/owner", "users", owner)
        machine.owner = machine.owner if refused else owner

    def deactivate(self, dice: random.Random) -> None:
        machine = self.some(dice, self.model.machines)
        if machine:
            key, refused = self.speaker(dice, machine.license)
            self.expect(refused, "DELETE", f"/machines/{machine.id}", headers=key)
            if not refused:
                self.model.drop_machine(machine)

    def ping(self, dice: random.Random) -> None:
        machine = self.some(dice, self.model.machines)
        if machine:
            key, refused = self.speaker(dice, machine.license)
            action = "ping" if key or self.rarely(dice, 0.8) else "reset"
            self.expect(refused, "POST", f"/machines/{machine.id}/actions/{action}", headers=key)
            machine.pinged = machine.pinged if refused else action == "ping"

    def foreign(self, dice: random.Random) -> None:
        """A licence looks for another's machine."""
        machine, license = self.some(dice, self.model.machines), self.some(dice, self.model.licenses)
        if machine and license is not machine.license:
            path = f"/machines/{machine.id}"
            method, path = dice.choice([("GET", path), ("DELETE", path), ("POST", f"{path}/actions/ping")])
            self.expect(self.barred(license) or {MISSING}, method, path, headers=license_header(license.key))

    def part(self, dice: random.Random) -> str:
        return f"{self.name} part {dice.randrange(9)}"

    def activate_with_components(self, dice: random.Random) -> None:
        """They are made with the machine, or neither is."""
        license = self.some(dice, self.model.licenses)
        if license is None:
            return
        fingerprint, parts = f"{self.name}:{dice.randrange(24)}", [self.part(dice) for _ in range(dice.choice([1, 2, 3]))]
        refused = self.model.not_activated(license, fingerprint, None, license.group, {})
        for nth, part in enumerate(parts):
            pointer = f"{RELATION}components/data/{nth}/attributes/fingerprint"
            if self.model.is_known(license, None, part):
                refused.add(invalid("COMPONENTS_FINGERPRINT_TAKEN", pointer))
            if parts.count(part) > 1:
                refused.add(invalid("COMPONENTS_FINGERPRINT_CONFLICT", pointer))
        data = self.vendor.document("machines", {"fingerprint": fingerprint}, {"license": license.id})
        given = [{"type": "components", "attributes": {"fingerprint": part, "name": "Part"}} for part in parts]
        data["relationships"]["components"] = {"data": given}
        made = self.expect(refused, "POST", "/machines", {"data": data})
        if made:
            machine = self.activated(made, fingerprint, license, None, license.group, {})
            listed = self.expect(set(), "GET", f"/machines/{machine.id}/components")
            self.equal("components", sorted(one["attributes"]["fingerprint"] for one in listed), sorted(parts))
            ids = {one["attributes"]["fingerprint"]: one["id"] for one in listed}
            self.model.components += [Component(ids[part], part, machine) for part in sorted(parts, key=lambda one: ids[one])]

    def make_component(self, dice: random.Random) -> None:
        machine = self.some(dice, self.model.machines)
        if machine is None:
            return
        fingerprint = self.part(dice)
        taken = self.model.is_known(machine.license, machine, fingerprint)
        refused = {invalid("FINGERPRINT_TAKEN", "/data/attributes/fingerprint")} if taken else set()
        made = self.write(refused, "components", {"fingerprint": fingerprint, "name": "Part"}, {"machine": machine})
        if made:
            self.model.components.append(Component(made["id"], fingerprint, machine))

    def start(self, dice: random.Random) -> None:
        machine = self.some(dice, self.model.machines)
        if machine is None:
            return
        pid = str(dice.randrange(8))
        key, refused = self.speaker(dice, machine.license)
        refused = refused or self.model.not_started(machine, pid)
        made = self.write(refused, "processes", {"pid": pid}, {"machine": machine}, headers=key)
        if made:
            self.model.processes.append(Process(made["id"], pid, machine))

    def end(self, dice: random.Random) -> None:
        kind = dice.choice(["processes", "processes", "components"])
        part = self.some(dice, getattr(self.model, kind))
        if part:
            self.expect(set(), "DELETE", f"/{kind}/{part.id}")
            getattr(self.model, kind).remove(part)
