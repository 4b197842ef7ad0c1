//! What is counted: users, machines and what is in them.

use super::*;
use crate::resources::{MachineLeasingStrategy, OverageStrategy, ProcessLeasingStrategy};

#[test]
fn users_count_even_when_the_policy_is_not_strict() {
    let spoil = |strategy| {
        move |w: &mut World| {
            w.owner = Some(person(1, "a@b.c"));
            w.licensees = vec![person(2, "b@b.c")];
            w.policy.max_users = Some(1);
            w.policy.overage_strategy = strategy;
        }
    };
    assert_eq!(check(spoil(OverageStrategy::None), none()), (false, Code::TooManyUsers));
    assert_eq!(check(spoil(OverageStrategy::Double), none()), (true, Code::TooManyUsers));
}

fn strict(world: &mut World) {
    world.policy.strict = true;
    world.policy.floating = true;
    world.machines = vec![machine(7, "a"), machine(8, "b")];
}

#[test]
fn strict_policies_count_machines_and_what_is_in_them() {
    assert_eq!(check(|w| w.policy.strict = true, none()), (false, Code::NoMachine));
    assert_eq!(
        check(|w| (w.policy.strict, w.policy.floating) = (true, true), none()),
        (false, Code::NoMachines)
    );
    let two_locked = |overage| {
        move |w: &mut World| {
            strict(w);
            w.policy.floating = false;
            w.policy.overage_strategy = overage;
        }
    };
    assert_eq!(check(two_locked(OverageStrategy::None), none()), (false, Code::TooManyMachines));
    assert_eq!(check(two_locked(OverageStrategy::Double), none()), (true, Code::TooManyMachines));
    type Limit = fn(&mut License);
    let limits: [(Limit, Code); 5] = [
        (|l| l.max_machines = Some(1), Code::TooManyMachines),
        (|l| l.max_cores = Some(7), Code::TooManyCores),
        (|l| l.max_memory = Some(15), Code::TooMuchMemory),
        (|l| l.max_disk = Some(31), Code::TooMuchDisk),
        (|l| l.max_processes = Some(1), Code::TooManyProcesses),
    ];
    for (limit, code) in limits {
        let spoil = |w: &mut World| {
            strict(w);
            w.policy.process_leasing_strategy = ProcessLeasingStrategy::PerLicense;
            limit(&mut w.license);
        };
        assert_eq!(check(spoil, none()), (false, code));
    }
    let exact = |w: &mut World| {
        strict(w);
        w.license.max_cores = Some(8);
    };
    assert_eq!(check(exact, none()), (true, Code::Valid));
}

#[test]
fn a_tolerated_overage_hides_the_expiry() {
    let spoil = |w: &mut World| {
        strict(w);
        past(w);
        w.policy.max_machines = Some(1);
        w.policy.overage_strategy = OverageStrategy::Always;
    };
    assert_eq!(check(spoil, none()), (true, Code::TooManyMachines));
}

#[test]
fn per_user_leasing_counts_the_scoped_users_machines_or_nobodys() {
    let spoil = |w: &mut World| {
        strict(w);
        w.owner = Some(person(1, "a@b.c"));
        w.policy.machine_leasing_strategy = MachineLeasingStrategy::PerUser;
        w.policy.max_machines = Some(1);
        w.machines.iter_mut().for_each(|machine| machine.owner = Some(person(1, "a@b.c")));
    };
    assert_eq!(check(spoil, none()), (true, Code::Valid));
    let scope = ValidationScope { user: Some(Some("a@b.c".into())), ..none() };
    assert_eq!(check(spoil, scope), (false, Code::TooManyMachines));
}

#[test]
fn per_user_leasing_counts_processes_on_the_users_machines() {
    let spoil = |w: &mut World| {
        strict(w);
        w.owner = Some(person(1, "a@b.c"));
        w.policy.process_leasing_strategy = ProcessLeasingStrategy::PerUser;
        w.policy.max_processes = Some(1);
        w.machines.iter_mut().for_each(|machine| machine.owner = Some(person(1, "a@b.c")));
    };
    assert_eq!(check(spoil, none()), (true, Code::Valid), "nobody's machines run none");
    let scope = ValidationScope { user: Some(Some(id(1).to_string())), ..none() };
    assert_eq!(check(spoil, scope), (false, Code::TooManyProcesses));
}

#[test]
fn per_machine_processes_need_to_know_the_machine() {
    let spoil = |w: &mut World| {
        strict(w);
        w.policy.max_processes = Some(1);
        w.machines[0].processes = 2;
    };
    assert_eq!(check(spoil, none()), (true, Code::Valid));
    assert_eq!(check(spoil, print("a")), (false, Code::TooManyProcesses));
    assert_eq!(check(spoil, print("b")), (true, Code::Valid));
}
