"""What a walker does with policies, licences, users, groups and entitlements, and what has to come of it."""

import random
import uuid
from datetime import UTC, datetime, timedelta

from records import UNIQUENESS, Entitlement, Group, License, Policy, Refusal, User, invalid
from walker import MISSING, Walker, instant

PAST, FUTURE = "2020-01-01T00:00:00.000Z", "2090-01-01T00:00:00.000Z"
DAYS = 20
RELATION = "/data/relationships/"
LEASING = ["PER_LICENSE", "PER_LICENSE", "PER_USER"]


class Steps(Walker):
    """Policies, licences and those who use them."""

    # Policies.

    def limits(self, dice: random.Random, divisor: int = 1) -> dict:
        few = lambda *counts: dice.choice([None, *(count * divisor for count in counts)])  # noqa: E731
        return {
            "maxCores": few(4, 8), "maxMemory": few(16), "maxProcesses": few(1, 3), "maxUsers": few(1, 3),
            "maxUses": dice.choice([None, 0, 3]),
        }  # fmt: skip

    def make_policy(self, dice: random.Random) -> None:
        floating = self.rarely(dice, 0.7)
        fractions = ["ALLOW_1_25X_OVERAGE", "ALLOW_1_5X_OVERAGE"] if floating else []
        overage = dice.choice(["NO_OVERAGE"] * 3 + ["ALLOW_2X_OVERAGE", "ALWAYS_ALLOW_OVERAGE", *fractions])
        divisor = {"ALLOW_1_25X_OVERAGE": 4, "ALLOW_1_5X_OVERAGE": 2}.get(overage, 1)
        terms = {
            "floating": floating, "strict": self.rarely(dice, 0.5), "overageStrategy": overage,
            "maxMachines": dice.choice([None, 1, 2, 3]) if floating else 1, **self.limits(dice, divisor),
            "duration": dice.choice([None, None, DAYS * 86_400]), "requireCheckIn": self.rarely(dice, 0.3),
            "expirationStrategy": dice.choice(["RESTRICT_ACCESS", "REVOKE_ACCESS", "MAINTAIN_ACCESS", "ALLOW_ACCESS"]),
            "machineUniquenessStrategy": dice.choice(UNIQUENESS[:-1]), "machineLeasingStrategy": dice.choice(LEASING),
            "processLeasingStrategy": dice.choice(["PER_MACHINE", *LEASING]),
            "componentUniquenessStrategy": dice.choice([*UNIQUENESS, *UNIQUENESS[-1:] * 3]),
            "machineMatchingStrategy": dice.choice(["MATCH_ANY", "MATCH_TWO", "MATCH_MOST", "MATCH_ALL"]),
            "requireHeartbeat": self.rarely(dice, 0.2), "heartbeatBasis": dice.choice(["FROM_CREATION", "FROM_FIRST_PING"]),
            "requireFingerprintScope": self.rarely(dice, 0.2), "protected": self.rarely(dice, 0.1),
            "authenticationStrategy": "MIXED",
        }  # fmt: skip
        if terms["maxMachines"] and floating:
            terms["maxMachines"] *= divisor
        refused = self.spoil(dice, terms)
        check_in = {"checkInInterval": "day", "checkInIntervalCount": 1} if terms["requireCheckIn"] else {}
        made = self.write(refused, "policies", {"name": "Policy", **terms, **check_in}, {"product": self.product})
        if made:
            self.model.policies.append(Policy(made["id"], terms))

    def spoil(self, dice: random.Random, terms: dict) -> set[Refusal]:
        """Sometimes asks for what no policy may have."""
        if not self.rarely(dice, 0.1):
            return set()
        # fractions need limits that they divide
        terms["overageStrategy"] = "NO_OVERAGE"
        name, value, code = dice.choice([
            ("maxMachines", 0, "MAX_MACHINES_INVALID"), ("maxCores", -1, "MAX_CORES_INVALID"),
            ("maxUses", -1, "MAX_USES_INVALID"), ("duration", 86_399, "DURATION_INVALID"),
            ("heartbeatDuration", 59, "HEARTBEAT_DURATION_INVALID"),
            ("expirationStrategy", "NONE", "EXPIRATION_STRATEGY_NOT_ALLOWED"),
            ("overageStrategy", "ALLOW_3X_OVERAGE", "OVERAGE_STRATEGY_NOT_ALLOWED"),
        ])  # fmt: skip
        terms[name] = value
        return {invalid(code, f"/data/attributes/{name}")}

    def change_policy(self, dice: random.Random) -> None:
        policy = self.some(dice, self.model.policies)
        if policy is None:
            return
        divisor = {"ALLOW_1_25X_OVERAGE": 4, "ALLOW_1_5X_OVERAGE": 2}.get(policy.terms["overageStrategy"], 1)
        may = {**self.limits(dice, divisor), "strict": self.rarely(dice, 0.5)}
        if policy.terms["floating"]:
            may["maxMachines"] = dice.choice([None, divisor, 2 * divisor])
        may["machineLeasingStrategy"] = dice.choice(LEASING)
        may["requireFingerprintScope"] = self.rarely(dice, 0.3)
        changed = {name: may[name] for name in dice.sample(list(may), 2)}
        self.change(set(), "policies", policy.id, changed)
        policy.terms.update(changed)

    def drop_policy(self, dice: random.Random) -> None:
        policy = self.some(dice, self.model.policies)
        if policy and len(self.model.policies) > 1:
            self.expect(set(), "DELETE", f"/policies/{policy.id}")
            self.model.drop_policy(policy)

    # Licences.

    def make_license(self, dice: random.Random) -> None:
        policy = self.some(dice, self.model.policies)
        if policy is None:
            return self.make_policy(dice)
        owner = self.some(dice, self.model.users) if self.rarely(dice, 0.6) else None
        group = self.some(dice, self.model.groups) if self.rarely(dice, 0.2) else None
        key = f"{self.name}-{dice.randrange(60):05}"
        limits = {name: value for name, value in self.limits(dice).items() if self.rarely(dice, 0.15)}
        if self.rarely(dice, 0.15):
            limits["maxMachines"] = dice.randrange(1, 4)
        expiry = dice.choice([PAST, FUTURE]) if self.rarely(dice, 0.2) else None
        named = {"policy": policy, "owner": owner, "group": group}
        refused = self.model.no_room(group or (owner and owner.group), None, "licenses")
        if self.rarely(dice):
            name = dice.choice(["policy", "owner", "group"])
            named = {"policy": policy, name: self.nobody(dice)}
            refused = {invalid(f"{name.upper()}_NOT_FOUND", RELATION + name)}
        elif not refused and any(one.key == key for one in self.model.licenses):
            # what an index finds is told when nothing else is wrong
            refused = {invalid("KEY_TAKEN", "/data/attributes/key")}
        attributes = {"key": key, **limits, **({"expiry": expiry} if expiry else {})}
        made = self.write(refused, "licenses", attributes, named)
        if made:
            license = License(made["id"], key, policy, owner, group or (owner and owner.group), limits)
            license.expiry = instant(expiry)
            if policy.terms["duration"] and not expiry:
                license.expiry = instant(made["attributes"]["expiry"])
                left = license.expiry - datetime.now(UTC)
                self.equal("days left", timedelta(DAYS, -60) < left <= timedelta(DAYS), True)
            self.model.licenses.append(license)

    @staticmethod
    def nobody(dice: random.Random) -> str:
        """An id that nothing has."""
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))

    def change_license(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        if license is None:
            return
        changed = dict(dice.sample(sorted(self.limits(dice).items()), 1))
        if self.rarely(dice, 0.3):
            changed["maxMachines"] = dice.choice([None, 1, 2, 3])
        if self.rarely(dice, 0.3):
            changed["expiry"] = dice.choice([None, PAST, FUTURE])
        self.change(set(), "licenses", license.id, changed)
        if "expiry" in changed:
            license.expiry = instant(changed.pop("expiry"))
        license.limits.update(changed)

    def drop_license(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        if license:
            path = dice.choice([f"/licenses/{license.id}", f"/licenses/{license.key}", f"/licenses/{license.id}/actions/revoke"])
            self.expect(set(), "DELETE", path)
            self.model.drop_license(license)

    def suspend(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        if license:
            action = dice.choice(["suspend", "reinstate", "reinstate"])
            wanted = action == "suspend"
            refused = {(422, "", "/data/attributes/suspended")} if license.suspended == wanted else set()
            self.expect(refused, "POST", f"/licenses/{license.id}/actions/{action}")
            license.suspended = wanted

    def use(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        if license is None:
            return
        action, by = dice.choice([("increment", 1), ("increment", 2), ("decrement", 1), ("reset", 0)])
        limit, refused = license.limit("maxUses"), set()
        uses = {"increment": license.uses + by, "decrement": license.uses - by, "reset": 0}[action]
        if action == "increment" and limit is not None and uses > limit:
            refused = {invalid("USES_LIMIT_EXCEEDED", "/data/attributes/uses")}
        if uses < 0:
            refused = {invalid("USES_INVALID", "/data/attributes/uses")}
        meta = {"meta": {action: by}} if by else None
        self.expect(refused, "POST", f"/licenses/{license.id}/actions/{action}-usage", meta)
        license.uses = license.uses if refused else uses

    def renew(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        if license is None:
            return
        # without an expiry there is nothing to renew, and nothing is said of it
        refused = set() if license.policy.terms["duration"] and license.expiry else {(422, "", "")}
        made = self.expect(refused, "POST", f"/licenses/{license.id}/actions/renew")
        if made:
            license.expiry += timedelta(DAYS)
            self.equal("expiry", instant(made["attributes"]["expiry"]), license.expiry)

    def check_in(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        if license:
            refused = set() if license.policy.terms["requireCheckIn"] else {(422, "", "")}
            self.expect(refused, "POST", f"/licenses/{license.id}/actions/check-in")

    def change_owner(self, dice: random.Random) -> None:
        license = self.some(dice, self.model.licenses)
        if license is None:
            return
        owner = self.some(dice, self.model.users) if self.rarely(dice, 0.8) else None
        refused = set()
        if owner in license.users:
            refused = {invalid("OWNER_INVALID", RELATION + "owner")}
        elif owner:
            refused = self.model.too_many_users(license, len(license.users) + 1)
        self.relate(refused, f"/licenses/{license.id}/owner", "users", owner)
        license.owner = license.owner if refused else owner

    def change_group(self, dice: random.Random) -> None:
        kind = dice.choice(["users", "licenses", "machines"])
        member = self.some(dice, getattr(self.model, kind))
        group = self.some(dice, self.model.groups) if self.rarely(dice, 0.8) else None
        if member:
            refused = self.model.no_room(group, member, kind)
            self.relate(refused, f"/{kind}/{member.id}/group", "groups", group)
            member.group = member.group if refused else group

    def move(self, dice: random.Random) -> None:
        """A licence to another policy."""
        license, policy = self.some(dice, self.model.licenses), self.some(dice, self.model.policies)
        if license is None:
            return
        order = lambda one, of: UNIQUENESS.index(one.terms[f"{of}UniquenessStrategy"])  # noqa: E731
        broader = any(order(policy, of) < order(license.policy, of) for of in ("machine", "component"))
        refused = {invalid("POLICY_NOT_COMPATIBLE", RELATION + "policy")} if broader else set()
        self.relate(refused, f"/licenses/{license.id}/policy", "policies", policy)
        license.policy = license.policy if refused else policy

    # What is attached to what.

    def attach(self, dice: random.Random) -> None:
        dice.choice([self.attach_users, self.attach_entitlements, self.attach_owners])(dice)

    def some_of(self, dice: random.Random, records: list) -> list:
        return dice.sample(records, min(len(records), dice.choice([1, 1, 1, 2])))

    def link(self, refused: set[Refusal], method: str, path: str, kind: str, records: list) -> None:
        self.expect(refused, method, path, {"data": [{"type": kind, "id": one.id} for one in records]})

    def attach_users(self, dice: random.Random) -> None:
        license, users = self.some(dice, self.model.licenses), self.some_of(dice, self.model.users)
        if license is None or not users:
            return
        refused = self.model.too_many_users(license, len(license.everyone) + len(users))
        if license.owner in users:
            refused = {invalid("USER_CONFLICT", RELATION + "user")}
        if set(users) & set(license.users):
            refused.add(invalid("USER_TAKEN", RELATION + "user"))
        self.link(refused, "POST", f"/licenses/{license.id}/users", "users", users)
        license.users += [] if refused else users

    def detach(self, dice: random.Random) -> None:
        """A user of a licence, perhaps its owner or none of its users."""
        license = self.some(dice, self.model.licenses)
        user = self.some(dice, license.everyone if license and self.rarely(dice, 0.8) else self.model.users)
        if license is None or user is None:
            return
        refused = {(403, "", "/data/0")} if user is license.owner else set()
        if user not in license.everyone:
            refused = {(422, "", "/data/0")}
        self.link(refused, "DELETE", f"/licenses/{license.id}/users", "users", [user])
        if not refused:
            license.users.remove(user)
            for machine in self.model.machines_of(license):
                machine.owner = None if machine.owner is user else machine.owner

    def attach_entitlements(self, dice: random.Random) -> None:
        holder = self.some(dice, self.model.licenses + self.model.policies)
        entitlements = self.some_of(dice, self.model.entitlements)
        if holder is None or not entitlements:
            return
        kind = "licenses" if isinstance(holder, License) else "policies"
        refused = set()
        if set(entitlements) & set(holder.entitlements):
            refused.add(invalid("ENTITLEMENT_TAKEN", RELATION + "entitlement"))
        if kind == "licenses" and set(entitlements) & set(holder.policy.entitlements):
            refused.add(invalid("ENTITLEMENT_CONFLICT", RELATION + "entitlement"))
        self.link(refused, "POST", f"/{kind}/{holder.id}/entitlements", "entitlements", entitlements)
        holder.entitlements += [] if refused else entitlements

    def detach_entitlement(self, dice: random.Random) -> None:
        holder = self.some(dice, self.model.licenses + self.model.policies)
        if holder is None:
            return
        near = holder.entitled if isinstance(holder, License) else holder.entitlements
        entitlement = self.some(dice, near if self.rarely(dice, 0.9) else self.model.entitlements)
        if entitlement is None:
            return
        kind = "licenses" if isinstance(holder, License) else "policies"
        refused = set() if entitlement in holder.entitlements else {(422, "", "/data/0")}
        if refused and entitlement in near:
            refused = {(403, "", "/data/0")}
        self.link(refused, "DELETE", f"/{kind}/{holder.id}/entitlements", "entitlements", [entitlement])
        holder.entitlements = holder.entitlements if refused else [one for one in holder.entitlements if one is not entitlement]

    def attach_owners(self, dice: random.Random) -> None:
        group, user = self.some(dice, self.model.groups), self.some(dice, self.model.users)
        if group is None or user is None:
            return
        if user in group.owners and self.rarely(dice, 0.5):
            self.link(set(), "DELETE", f"/groups/{group.id}/owners", "users", [user])
            group.owners.remove(user)
            return
        refused = {invalid("USER_TAKEN", RELATION + "user")} if user in group.owners else set()
        self.link(refused, "POST", f"/groups/{group.id}/owners", "users", [user])
        group.owners += [] if refused else [user]

    # Users, groups, entitlements.

    def make_user(self, dice: random.Random) -> None:
        email = f"{self.name}-{dice.randrange(40)}@example.com".lower()
        group = self.some(dice, self.model.groups) if self.rarely(dice, 0.2) else None
        refused = self.model.no_room(group, None, "users")
        if not refused and any(one.email == email for one in self.model.users):
            refused = {invalid("EMAIL_TAKEN", "/data/attributes/email")}
        made = self.write(refused, "users", {"email": email}, {"group": group})
        if made:
            self.model.users.append(User(made["id"], email, group))

    def ban(self, dice: random.Random) -> None:
        user = self.some(dice, self.model.users)
        if user:
            user.banned = self.rarely(dice, 0.4)
            self.expect(set(), "POST", f"/users/{user.id}/actions/{'ban' if user.banned else 'unban'}")

    def make_group(self, dice: random.Random) -> None:
        limits = {name: dice.choice([None, 0, 1, 3, 3]) for name in ("maxUsers", "maxLicenses", "maxMachines")}
        made = self.write(set(), "groups", {"name": "Group", **limits})
        self.model.groups.append(Group(made["id"], limits))

    def change_limit_of_group(self, dice: random.Random) -> None:
        group = self.some(dice, self.model.groups)
        if group:
            changed = {dice.choice(list(group.limits)): dice.choice([None, 1, 2])}
            self.change(set(), "groups", group.id, changed)
            group.limits.update(changed)

    def make_entitlement(self, dice: random.Random) -> None:
        code = f"{self.name}-{dice.randrange(12)}"
        taken = any(one.code == code for one in self.model.entitlements)
        refused = {invalid("CODE_TAKEN", "/data/attributes/code")} if taken else set()
        made = self.write(refused, "entitlements", {"name": "Entitlement", "code": code})
        if made:
            self.model.entitlements.append(Entitlement(made["id"], code))

    def drop_other(self, dice: random.Random) -> None:
        """A user, a group or an entitlement."""
        kind, drop = dice.choice([
            ("users", self.model.drop_user), ("groups", self.model.drop_group), ("entitlements", self.model.drop_entitlement),
        ])  # fmt: skip
        record = self.some(dice, getattr(self.model, kind))
        if record:
            self.expect(set(), "DELETE", f"/{kind}/{record.id}")
            drop(record)
            self.expect({MISSING}, "GET", f"/{kind}/{record.id}")
