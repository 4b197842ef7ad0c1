"""What a vendor has, as somebody knows it who only asks the server: records, who belongs to whom, and what is refused."""

from dataclasses import dataclass, field
from datetime import datetime

# How far above a limit each strategy goes.
OVERAGE = {"NO_OVERAGE": 1.0, "ALLOW_1_25X_OVERAGE": 1.25, "ALLOW_1_5X_OVERAGE": 1.5, "ALLOW_2X_OVERAGE": 2.0}
LIMITS = ("maxMachines", "maxCores", "maxMemory", "maxProcesses", "maxUsers", "maxUses")
# What may be moved to: as narrow or narrower.
UNIQUENESS = ["UNIQUE_PER_ACCOUNT", "UNIQUE_PER_PRODUCT", "UNIQUE_PER_POLICY", "UNIQUE_PER_LICENSE", "UNIQUE_PER_MACHINE"]

# Status, code and pointer of an error.
Refusal = tuple[int, str, str]


def invalid(code: str, pointer: str) -> Refusal:
    return 422, code, pointer


@dataclass(eq=False)
class Record:
    id: str


@dataclass(eq=False)
class User(Record):
    email: str
    group: "Group | None" = None
    banned: bool = False


@dataclass(eq=False)
class Group(Record):
    # maxUsers, maxLicenses, maxMachines
    limits: dict
    owners: list[User] = field(default_factory=list)


@dataclass(eq=False)
class Entitlement(Record):
    code: str


@dataclass(eq=False)
class Policy(Record):
    terms: dict
    entitlements: list[Entitlement] = field(default_factory=list)

    def admits(self, count: int, limit: int | None) -> bool:
        """Whether so many are within the limit, or let through beyond it."""
        strategy = self.terms["overageStrategy"]
        return limit is None or strategy == "ALWAYS_ALLOW_OVERAGE" or count <= limit * OVERAGE[strategy]


@dataclass(eq=False)
class License(Record):
    key: str
    policy: Policy
    owner: User | None
    group: Group | None
    limits: dict
    users: list[User] = field(default_factory=list)
    entitlements: list[Entitlement] = field(default_factory=list)
    suspended: bool = False
    uses: int = 0
    expiry: datetime | None = None

    def limit(self, name: str) -> int | None:
        """The limit in force: its own, else its policy's."""
        own = self.limits.get(name)
        return self.policy.terms[name] if own is None else own

    @property
    def everyone(self) -> list[User]:
        return [*([self.owner] if self.owner else []), *self.users]

    @property
    def entitled(self) -> list[Entitlement]:
        return [*self.entitlements, *self.policy.entitlements]


@dataclass(eq=False)
class Machine(Record):
    fingerprint: str
    license: License
    owner: User | None
    group: Group | None
    cores: int | None
    memory: int | None
    pinged: bool = False

    @property
    def policy(self) -> Policy:
        return self.license.policy


@dataclass(eq=False)
class Component(Record):
    fingerprint: str
    machine: Machine


@dataclass(eq=False)
class Process(Record):
    pid: str
    machine: Machine


class Model:
    """Everything there is, oldest first."""

    def __init__(self) -> None:
        self.users: list[User] = []
        self.groups: list[Group] = []
        self.entitlements: list[Entitlement] = []
        self.policies: list[Policy] = []
        self.licenses: list[License] = []
        self.machines: list[Machine] = []
        self.components: list[Component] = []
        self.processes: list[Process] = []

    # Who belongs to whom.

    def machines_of(self, license: License) -> list[Machine]:
        return [one for one in self.machines if one.license is license]

    def components_of(self, machine: Machine) -> list[Component]:
        return [one for one in self.components if one.machine is machine]

    def processes_of(self, machine: Machine) -> list[Process]:
        return [one for one in self.processes if one.machine is machine]

    def members(self, group: Group, kind: str) -> list:
        return [one for one in getattr(self, kind) if one.group is group]

    # What goes with what is deleted.

    def drop_machine(self, machine: Machine) -> None:
        self.machines.remove(machine)
        self.components = [one for one in self.components if one.machine is not machine]
        self.processes = [one for one in self.processes if one.machine is not machine]

    def drop_license(self, license: License) -> None:
        for machine in self.machines_of(license):
            self.drop_machine(machine)
        self.licenses.remove(license)

    def drop_policy(self, policy: Policy) -> None:
        for license in [one for one in self.licenses if one.policy is policy]:
            self.drop_license(license)
        self.policies.remove(policy)

    def drop_user(self, user: User) -> None:
        for license in [one for one in self.licenses if one.owner is user]:
            self.drop_license(license)
        for machine in [one for one in self.machines if one.owner is user]:
            self.drop_machine(machine)
        for holder, name in [*((one, "users") for one in self.licenses), *((one, "owners") for one in self.groups)]:
            setattr(holder, name, [one for one in getattr(holder, name) if one is not user])
        self.users.remove(user)

    def drop_group(self, group: Group) -> None:
        for member in [*self.users, *self.licenses, *self.machines]:
            member.group = None if member.group is group else member.group
        self.groups.remove(group)

    def drop_entitlement(self, entitlement: Entitlement) -> None:
        for holder in [*self.policies, *self.licenses]:
            holder.entitlements = [one for one in holder.entitlements if one is not entitlement]
        self.entitlements.remove(entitlement)

    # What is refused.

    def no_room(self, group: Group | None, member: Record | None, kind: str) -> set[Refusal]:
        """Of a group that a member, perhaps a new one, gets into."""
        limit = group and group.limits[f"max{kind.title()}"]
        if group is None or limit is None or (member is not None and member.group is group):
            return set()
        full = len(self.members(group, kind)) + 1 > limit
        code = f"GROUP_{kind[:-1].upper()}_LIMIT_EXCEEDED"
        return {invalid(code, "/data/relationships/group")} if full else set()

    def too_many_users(self, license: License, count: int) -> set[Refusal]:
        within = license.policy.admits(count, license.limit("maxUsers"))
        return set() if within else {invalid("USER_LIMIT_EXCEEDED", "/data/relationships/users")}

    @staticmethod
    def near(strategy: str, license: License, other: License) -> bool:
        """Whether a fingerprint of one licence is unique beside those of another."""
        if strategy == "UNIQUE_PER_POLICY":
            return other.policy is license.policy
        return other is license or strategy in ("UNIQUE_PER_ACCOUNT", "UNIQUE_PER_PRODUCT")

    def shares(self, license: License) -> list[Machine]:
        """The machines that may not have the fingerprint of one of the licence."""
        strategy = license.policy.terms["machineUniquenessStrategy"]
        return [one for one in self.machines if self.near(strategy, license, one.license)]

    def is_known(self, license: License, machine: Machine | None, fingerprint: str) -> bool:
        """Whether a component of a machine of the licence, perhaps a new one, may not have a fingerprint."""
        strategy = license.policy.terms["componentUniquenessStrategy"]
        alone = strategy == "UNIQUE_PER_MACHINE"
        beside = lambda one: one.machine is machine or not alone and self.near(strategy, license, one.machine.license)  # noqa: E731
        return any(one.fingerprint == fingerprint and beside(one) for one in self.components)

    def leased(self, license: License, owner: User | None) -> list[Machine]:
        """The machines of a licence that are counted with those of an owner."""
        per_user = license.policy.terms["machineLeasingStrategy"] == "PER_USER"
        return [one for one in self.machines_of(license) if not per_user or one.owner is owner]

    def too_large(self, license: License, others: list[Machine], sizes: dict) -> set[Refusal]:
        """Of a machine that has, or grows to, such sizes beside others."""
        found = set()
        for name, code in (("cores", "CORE"), ("memory", "MEMORY")):
            if sizes.get(name) is None:
                continue
            total = sum(getattr(one, name) or 0 for one in others) + sizes[name]
            if not license.policy.admits(total, license.limit(f"max{name.title()}")):
                found.add(invalid(f"MACHINE_{code}_LIMIT_EXCEEDED", "/data"))
        return found

    def machine_limit(self, license: License) -> int | None:
        limit = license.limit("maxMachines")
        return 1 if limit is None and not license.policy.terms["floating"] else limit

    def not_activated(
        self, license: License, fingerprint: str, owner: User | None, group: Group | None, sizes: dict
    ) -> set[Refusal]:
        """All that stands in the way of a new machine."""
        found = set()
        if any(one.fingerprint == fingerprint for one in self.shares(license)):
            found.add(invalid("FINGERPRINT_TAKEN", "/data/attributes/fingerprint"))
        if owner and owner not in license.everyone:
            found.add(invalid("OWNER_INVALID", "/data/relationships/owner"))
        others = self.leased(license, owner)
        if others and not license.policy.admits(len(others) + 1, self.machine_limit(license)):
            found.add(invalid("MACHINE_LIMIT_EXCEEDED", "/data"))
        return found | self.too_large(license, others, sizes) | self.no_room(group, None, "machines")

    def running_with(self, machine: Machine) -> list[Process]:
        """The processes that are counted with those of a machine."""
        strategy = machine.policy.terms["processLeasingStrategy"]
        counted = {
            "PER_MACHINE": lambda one: one is machine,
            "PER_LICENSE": lambda one: one.license is machine.license,
            "PER_USER": lambda one: one.license is machine.license and one.owner is machine.owner,
        }[strategy]
        return [one for one in self.processes if counted(one.machine)]

    def not_started(self, machine: Machine, pid: str) -> set[Refusal]:
        """All that stands in the way of a new process."""
        found = set()
        if any(one.pid == pid for one in self.processes_of(machine)):
            found.add(invalid("PID_TAKEN", "/data/attributes/pid"))
        if not machine.policy.admits(len(self.running_with(machine)) + 1, machine.license.limit("maxProcesses")):
            found.add(invalid("MACHINE_PROCESS_LIMIT_EXCEEDED", "/data"))
        return found
