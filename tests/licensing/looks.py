"""How a walker looks at what there is: validations, lists by every filter, and all of it every so often."""

import random
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from callers import Callers
from records import LIMITS, License, Machine
from validity import fingerprints, heartbeat, is_expired, validity
from walker import MISSING, Mismatch

LISTED = ("policies", "licenses", "machines", "components", "processes")


class Looks(Callers):
    """Reading changes nothing."""

    WEIGHTS = {
        "make_policy": 4, "change_policy": 4, "drop_policy": 1, "make_license": 5, "change_license": 5, "drop_license": 2,
        "suspend": 4, "use": 5, "renew": 2, "check_in": 1, "change_owner": 4, "change_group": 5, "move": 4, "attach": 9,
        "detach": 3, "detach_entitlement": 3, "make_user": 6, "ban": 3, "make_group": 2, "change_limit_of_group": 2,
        "make_entitlement": 3, "drop_other": 2, "activate": 24, "change_machine": 5, "change_machine_owner": 3,
        "deactivate": 4, "ping": 5, "foreign": 3, "make_component": 4, "start": 9, "end": 3, "validate": 20, "list": 8,
        "look": 4, "nonsense": 4, "look_as_user": 6, "list_as_user": 5, "list_as_product": 4, "activate_as_user": 8,
        "act_as_user": 5, "activate_with_components": 5, "make_counter": 2, "use_counter": 5,
    }  # fmt: skip

    # Validating.

    def scope(self, dice: random.Random, license: License | None) -> dict:
        """Some of what can be asked for, mostly what fits."""
        machines = self.model.machines_of(license) if license and self.rarely(dice, 0.8) else self.model.machines
        scope = {}
        if self.rarely(dice, 0.1):
            scope["policy"] = dice.choice(self.model.policies).id if self.model.policies else self.nobody(dice)
        if self.rarely(dice, 0.3):
            user = self.some(dice, license.everyone if license and self.rarely(dice, 0.8) else self.model.users)
            scope["user"] = user and dice.choice([user.id, user.email])
        if self.rarely(dice, 0.2):
            near = license.entitled if license and self.rarely(dice, 0.7) else self.model.entitlements
            scope["entitlements"] = [one.code for one in self.some_of(dice, near)]
        if machines and self.rarely(dice, 0.2):
            scope["machine"] = dice.choice(machines).id
        if self.rarely(dice, 0.5):
            known = [one.fingerprint for one in dice.sample(machines, min(len(machines), 3))] + ["unknown"]
            if self.rarely(dice, 0.5):
                scope["fingerprint"] = known[0]
            else:
                scope["fingerprints"] = known[: dice.randrange(len(known) + 1)]
        return scope

    def validate(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        scope = self.scope(dice, license)
        if license and license.policy.terms["processLeasingStrategy"] == "PER_MACHINE" and license.limit("maxProcesses"):
            # of several that are named it looks at any one
            if len(fingerprints(scope) or []) + ("machine" in scope) > 1:
                scope = {name: value for name, value in scope.items() if name not in ("machine", "fingerprints")}
        by = dice.choice(["quick", "id", "key", "key"])
        if license is None:
            by = "key"
        if by == "quick":
            answer = self.ask("GET", f"/licenses/{license.id}/actions/validate")
        elif by == "id":
            answer = self.ask("POST", f"/licenses/{license.id}/actions/validate", {"meta": {"scope": scope}})
        else:
            key = license.key if license and not self.rarely(dice) else "NO SUCH KEY"
            license = license if license and key == license.key else None
            answer = self.ask("POST", "/licenses/actions/validate-key", {"meta": {"key": key, "scope": scope, "nonce": 7}})
        self.equal("status", answer.status, 200)
        document = answer.json()
        known = validity(self.model, license, None if by == "quick" else scope)
        self.heard[f"{'valid' if known[0] else 'invalid'} {known[1]}"] += 1
        self.equal("validity", (document["meta"]["valid"], document["meta"]["code"]), known)
        self.equal("validated", document["data"] and document["data"]["id"], license and license.id)

    # Lists.

    def list(self, dice: random.Random) -> None:
        """One list by one filter more than the product."""
        model, kind = self.model, dice.choice(["licenses", "machines", "processes", "components"])
        license, machine = self.some(dice, model.licenses), self.some(dice, model.machines)
        user, policy, group = (self.some(dice, one) for one in (model.users, model.policies, model.groups))
        of_machine = lambda one: one if kind == "machines" else one.machine  # noqa: E731
        may = {
            "policy": (policy, lambda one: one.policy is policy),
            "owner": (user, lambda one: (one if kind == "licenses" else of_machine(one)).owner is user),
            "user": (user, lambda one: self.uses(user, one) if kind == "licenses" else self.sees(user, of_machine(one))),
            "group": (group, lambda one: one.group is group),
            "license": (license, lambda one: of_machine(one).license is license),
            "machine": (machine, lambda one: one.machine is machine),
        }
        names = {
            "licenses": ["policy", "owner", "user", "group"], "machines": ["policy", "owner", "user", "group", "license"],
        }.get(kind, ["owner", "user", "license", "machine"])  # fmt: skip
        name = dice.choice(names)
        record, fits = may[name]
        if record is None:
            return
        query = urlencode({"product": self.product, name: record.id})
        shown = {one["id"] for one in self.vendor.every(f"/{kind}?{query}")}
        self.equal(f"{kind}?{query}", shown, {one.id for one in getattr(model, kind) if fits(one)})

    def look(self, dice: random.Random) -> None:
        """A record by one of its names."""
        license, machine = self.some(dice, self.model.licenses), self.some(dice, self.model.machines)
        if license:
            self.is_license(self.expect(set(), "GET", f"/licenses/{dice.choice([license.id, quote(license.key)])}"), license)
        if machine:
            same = [one for one in self.model.machines if one.fingerprint == machine.fingerprint]
            # of several with a fingerprint it is the oldest
            oldest = self.expect(set(), "GET", f"/machines/{quote(machine.fingerprint)}")
            self.is_machine(oldest, same[0])
        self.expect({MISSING}, "GET", f"/{dice.choice(LISTED)}/{self.nobody(dice)}")

    def nonsense(self, dice: random.Random) -> None:
        """What no body may be is refused with its place, whatever it is sent to."""
        license, machine = self.some(dice, self.model.licenses), self.some(dice, self.model.machines)
        if license is None or machine is None:
            return
        of_license = {"license": license.id}
        process = self.vendor.document("processes", {"pid": 1}, {"machine": machine.id})
        for_machine = lambda **given: {"data": self.vendor.document("machines", given, of_license)}  # noqa: E731
        path, document, status, pointer = dice.choice([
            ("/machines", for_machine(fingerprint=7), 400, "/data/attributes/fingerprint"),
            ("/machines", for_machine(fingerprint=""), 400, "/data/attributes/fingerprint"),
            ("/machines", for_machine(), 400, "/data/attributes/fingerprint"),
            ("/machines", for_machine(fingerprint="x", cores="4"), 400, "/data/attributes/cores"),
            ("/machines", for_machine(fingerprint="x", colour="red"), 400, "/data/attributes/colour"),
            ("/machines", for_machine(fingerprint="x", cores=0), 422, "/data/attributes/cores"),
            ("/machines", for_machine(fingerprint="x", metadata={"a": {"b": {"c": {}}}}), 400, "/data/attributes/metadata/a/b/c"),
            ("/processes", {"data": process}, 400, "/data/attributes/pid"),
            ("/licenses", {"data": {"type": "licenses"}}, 400, "/data/relationships"),
            ("/licenses", {"data": {"type": "users", "attributes": {}}}, 400, "/data/type"),
            (f"/licenses/{license.id}/users", {"data": []}, 400, "/data"),
            (f"/licenses/{license.id}/entitlements", {"data": [{"type": "entitlements", "id": 5}]}, 400, "/data/0/id"),
            (f"/licenses/{license.id}/actions/increment-usage", {"meta": {"increment": "1"}}, 400, "/meta/increment"),
            (f"/licenses/{license.id}/actions/validate", {"meta": {"scope": {"colour": 1}}}, 400, "/meta/scope/colour"),
            ("/licenses/actions/validate-key", {"meta": {"key": ""}}, 400, "/meta/key"),
            ("/licenses/actions/validate-key", {}, 400, "/meta"),
        ])  # fmt: skip
        answer = self.ask("POST", path, document)
        said = {(status, pointer) for status, _, pointer in self.refusals(answer)}
        # other things may be wrong with a machine that can be read
        if not ((status, pointer) in said if status == 422 else said == {(status, pointer)}):
            raise Mismatch(f"POST {path} {document}: expected {status} at {pointer}, got {answer}")

    # Everything.

    def is_license(self, shown: dict, license: License) -> None:
        attributes, related = shown["attributes"], shown["relationships"]
        machines = self.model.machines_of(license)
        sums = {name: sum(getattr(one, name) or 0 for one in machines) for name in ("cores", "memory")}
        banned = license.owner is not None and license.owner.banned
        soon = license.expiry and license.expiry < datetime.now(UTC) + timedelta(3)
        status = (
            "BANNED" if banned else "SUSPENDED" if license.suspended else
            "EXPIRED" if is_expired(license) else "EXPIRING" if soon else "ACTIVE"
        )  # fmt: skip
        known = {
            "key": license.key, "status": status, "suspended": license.suspended, "uses": license.uses,
            **{name: license.limit(name) for name in LIMITS},
        }  # fmt: skip
        self.equal(f"licence {license.id}", {name: attributes[name] for name in known}, known)
        self.equal("users", related["users"]["meta"], {"count": len(license.everyone)})
        self.equal("machines", related["machines"]["meta"], {"count": len(machines), "disk": 0, **sums})
        self.is_of(shown, policy=license.policy, owner=license.owner, group=license.group)

    def is_machine(self, shown: dict, machine: Machine) -> None:
        known = {
            "fingerprint": machine.fingerprint, "cores": machine.cores, "memory": machine.memory,
            "heartbeatStatus": heartbeat(machine), "maxProcesses": machine.license.limit("maxProcesses"),
            "requireHeartbeat": machine.policy.terms["requireHeartbeat"] or machine.pinged,
        }  # fmt: skip
        self.equal(f"machine {machine.id}", {name: shown["attributes"][name] for name in known}, known)
        self.is_of(shown, license=machine.license, owner=machine.owner, group=machine.group)

    def is_of(self, shown: dict, **related: object) -> None:
        for name, record in related.items():
            linked = shown["relationships"][name]["data"]
            self.equal(f"{name} of {shown['id']}", linked and linked["id"], record and record.id)

    def audit(self) -> None:
        """Every record, as lists show it, and who belongs to whom."""
        model = self.model
        for kind in LISTED:
            shown = self.vendor.every(f"/{kind}?product={self.product}")
            known = list(reversed(getattr(model, kind)))
            self.equal(kind, [one["id"] for one in shown], [one.id for one in known])
            check = {"licenses": self.is_license, "machines": self.is_machine}.get(kind)
            for one, record in zip(shown, known, strict=True) if check else ():
                check(one, record)
        for license in model.licenses:
            for kind, known in (("users", license.everyone), ("entitlements", license.entitled)):
                self.has(f"/licenses/{license.id}/{kind}", known)
        for policy in model.policies:
            self.has(f"/policies/{policy.id}/entitlements", policy.entitlements)
        for group in model.groups:
            for kind in ("users", "licenses", "machines"):
                self.has(f"/groups/{group.id}/{kind}", model.members(group, kind))
            self.has(f"/groups/{group.id}/owners", group.owners)
        self.counted()

    def has(self, path: str, known: list) -> None:
        shown = self.vendor.every(path)
        owners = path.endswith("/owners")
        ids = [one["relationships"]["user"]["data"]["id"] if owners else one["id"] for one in shown]
        self.equal(path, sorted(ids), sorted({one.id for one in known}))

    def leave(self) -> None:
        """Deletes the product, and with it everything but users, groups and entitlements; then those."""
        model = self.model
        self.expect(set(), "DELETE", f"/products/{self.product}")
        for kind in LISTED:
            for record in getattr(model, kind)[:5]:
                self.expect({MISSING}, "GET", f"/{kind}/{record.id}")
        for group in model.groups:
            self.has(f"/groups/{group.id}/licenses", [])
        for kind in ("groups", "entitlements", "users"):
            for record in getattr(model, kind):
                self.expect(set(), "DELETE", f"/{kind}/{record.id}")
