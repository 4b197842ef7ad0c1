"""Whether a licence is valid, and why not: the specification's list of conditions, the first of which that holds gives the
answer."""

import math
from datetime import UTC, datetime

from records import License, Machine, Model, User

Answer = tuple[bool, str]


def is_expired(license: License) -> bool:
    return license.expiry is not None and license.expiry < datetime.now(UTC)


def names(user: User, text: str | None) -> bool:
    return text in (user.id, user.email)


def heartbeat(machine: Machine) -> str:
    # nobody is silent for as long as a walk takes
    return "ALIVE" if machine.pinged else "NOT_STARTED"


def validity(model: Model, license: License | None, scope: dict | None) -> Answer:
    """`scope` is none for the quick form, which looks at no scope."""
    if license is None:
        return False, "NOT_FOUND"
    terms = license.policy.terms
    if license.owner and license.owner.banned:
        return False, "BANNED"
    if license.suspended:
        return False, "SUSPENDED"
    if terms["expirationStrategy"] == "REVOKE_ACCESS" and is_expired(license):
        return False, "EXPIRED"
    machines = model.machines_of(license)
    if scope is not None:
        code = scoped(license, machines, scope)
        if code:
            return False, code
    users = exceeds(license, len(license.everyone), license.limit("maxUsers"), "TOO_MANY_USERS")
    if users:
        return users
    if terms["strict"]:
        found = strict(model, license, machines, scope or {})
        if found:
            return found
    if is_expired(license):
        return terms["expirationStrategy"] in ("ALLOW_ACCESS", "MAINTAIN_ACCESS"), "EXPIRED"
    return True, "VALID"


def exceeds(license: License, count: int, limit: int | None, code: str) -> Answer | None:
    if limit is None or count <= limit:
        return None
    return license.policy.admits(count, limit), code


def scoped(license: License, machines: list[Machine], scope: dict) -> str | None:
    """The code of the first scope that does not fit."""
    terms = license.policy.terms
    if "policy" in scope and scope["policy"] != license.policy.id:
        return "POLICY_SCOPE_MISMATCH"
    if "user" in scope:
        user = scope["user"]
        fits = license.owner is None if user is None else any(names(one, user) for one in license.everyone)
        if not fits:
            return "USER_SCOPE_MISMATCH"
    if "entitlements" in scope:
        if not scope["entitlements"]:
            return "ENTITLEMENTS_SCOPE_EMPTY"
        if set(scope["entitlements"]) - {one.code for one in license.entitled}:
            return "ENTITLEMENTS_MISSING"
    none = "NO_MACHINES" if terms["floating"] else "NO_MACHINE"
    if "machine" in scope:
        code = of_machine(terms, machines, scope, none)
        if code:
            return code
    wanted = fingerprints(scope)
    if wanted is None:
        return "FINGERPRINT_SCOPE_REQUIRED" if terms["requireFingerprintScope"] else None
    if not wanted:
        return "FINGERPRINT_SCOPE_EMPTY"
    return of_fingerprints(terms, machines, scope, wanted) if machines else none


def fingerprints(scope: dict) -> list[str] | None:
    if "fingerprint" in scope:
        return [scope["fingerprint"]]
    return list(dict.fromkeys(scope["fingerprints"])) if "fingerprints" in scope else None


def anothers(machine: Machine, scope: dict) -> bool:
    return "user" in scope and machine.owner is not None and not names(machine.owner, scope["user"])


def of_machine(terms: dict, machines: list[Machine], scope: dict, none: str) -> str | None:
    if not machines:
        return none
    found = [one for one in machines if one.id == scope["machine"]]
    if not found:
        return "MACHINE_SCOPE_MISMATCH"
    if anothers(found[0], scope):
        return "USER_SCOPE_MISMATCH"
    waits = terms["requireHeartbeat"] and heartbeat(found[0]) == "NOT_STARTED"
    return "HEARTBEAT_NOT_STARTED" if waits else None


def of_fingerprints(terms: dict, machines: list[Machine], scope: dict, wanted: list[str]) -> str | None:
    found = [one for one in machines if one.fingerprint in wanted]
    total = len(wanted)
    enough = {"MATCH_ANY": 1, "MATCH_TWO": 2, "MATCH_MOST": math.ceil(total / 2), "MATCH_ALL": total}
    if len(found) < (1 if total == 1 else enough[terms["machineMatchingStrategy"]]):
        return "FINGERPRINT_SCOPE_MISMATCH"
    if any(anothers(one, scope) for one in found):
        return "USER_SCOPE_MISMATCH"
    waits = terms["requireHeartbeat"] and any(heartbeat(one) == "NOT_STARTED" for one in found)
    return "HEARTBEAT_NOT_STARTED" if waits else None


def strict(model: Model, license: License, machines: list[Machine], scope: dict) -> Answer | None:
    """What a strict policy counts again."""
    terms = license.policy.terms
    if not machines:
        return False, "NO_MACHINES" if terms["floating"] else "NO_MACHINE"

    def leased(machine: Machine) -> bool:
        user = scope.get("user")
        return names(machine.owner, user) if user and machine.owner else not user and not machine.owner

    counted = [one for one in machines if terms["machineLeasingStrategy"] == "PER_LICENSE" or leased(one)]
    cores, memory = (sum(getattr(one, name) or 0 for one in counted) for name in ("cores", "memory"))
    limit = model.machine_limit(license) if len(machines) > 1 else None
    return (
        exceeds(license, len(counted), limit, "TOO_MANY_MACHINES")
        or exceeds(license, cores, license.limit("maxCores"), "TOO_MANY_CORES")
        or exceeds(license, memory, license.limit("maxMemory"), "TOO_MUCH_MEMORY")
        or processes(model, license, machines, scope, leased)
    )


def processes(model: Model, license: License, machines: list[Machine], scope: dict, leased) -> Answer | None:
    strategy = license.policy.terms["processLeasingStrategy"]
    if strategy == "PER_MACHINE":
        named = fingerprints(scope) or []
        # of several that are named any may be looked at: the walker names one where there is such a limit
        machines = [one for one in machines if one.fingerprint in named or one.id == scope.get("machine")][:1]
    elif strategy == "PER_USER":
        machines = [one for one in machines if leased(one)]
    count = sum(len(model.processes_of(one)) for one in machines)
    return exceeds(license, count, license.limit("maxProcesses"), "TOO_MANY_PROCESSES")
