//! The heartbeat of machines and processes (`licensing.md` §10.2): when one is alive, what a ping does, and what
//! becomes of one that is dead. All of it follows from the record, its policy and the time.

use std::time::Duration;

use keyway_base::Timestamp;

use crate::resources::{
    HeartbeatCullStrategy, HeartbeatResurrectionStrategy as Revival, Machine, Policy, Process,
};

/// The interval of policies that name none, in seconds.
pub const INTERVAL: i64 = 600;

keyway_jsonapi::text_enum! {
    /// The state of a heartbeat.
    HeartbeatStatus {
        /// Never pinged, and need not have.
        NotStarted = "NOT_STARTED",
        /// Pinged in time.
        Alive = "ALIVE",
        /// Late.
        Dead = "DEAD",
        /// Was dead until the ping that is being answered.
        Resurrected = "RESURRECTED",
    }
}

/// What a heartbeat is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// When the machine or process was made.
    pub created: Timestamp,
    /// When it last pinged.
    pub last: Option<Timestamp>,
    /// Whether it must ping.
    pub required: bool,
    /// How long after a ping it counts as alive.
    pub interval: Duration,
}

/// What a ping does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ping {
    /// It goes on.
    Heard,
    /// It brings the dead back.
    Revives,
    /// It comes too late.
    TooLate,
}

/// What is to become of a machine or process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It lives.
    Lives,
    /// It is dead, and stays.
    Stays,
    /// It is dead, and may still be brought back up to this moment.
    Waits(Timestamp),
    /// It is dead, and is to be removed.
    Goes,
}

/// Seconds between pings under a policy.
pub fn interval(policy: &Policy) -> i64 {
    policy.heartbeat_duration.unwrap_or(INTERVAL)
}

fn duration(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

impl Heartbeat {
    /// A machine's.
    pub fn of_machine(machine: &Machine, policy: &Policy) -> Self {
        Self::under(policy, machine.created_at, machine.last_heartbeat_at)
    }
    /// A process's: it must ping, whatever the policy says of machines.
    pub fn of_process(process: &Process, policy: &Policy) -> Self {
        let heartbeat = Self::under(policy, process.created_at, process.last_heartbeat_at);
        Self { required: true, ..heartbeat }
    }
    /// That of a machine made and heard of then.
    pub fn under(policy: &Policy, created: Timestamp, last: Option<Timestamp>) -> Self {
        Self { created, last, required: policy.require_heartbeat, interval: duration(interval(policy)) }
    }

    /// How it stands.
    pub fn status(&self, now: Timestamp) -> HeartbeatStatus {
        match self.last {
            Some(last) if last.plus(self.interval) >= now => HeartbeatStatus::Alive,
            None if !self.required || self.created.plus(self.interval) >= now => HeartbeatStatus::NotStarted,
            _ => HeartbeatStatus::Dead,
        }
    }

    /// Until when it must be heard of again; none before the first ping.
    pub fn next(&self) -> Option<Timestamp> {
        self.last.map(|last| last.plus(self.interval))
    }

    /// What a ping does now.
    pub fn ping(&self, policy: &Policy, now: Timestamp) -> Ping {
        match (self.status(now), policy.heartbeat_resurrection_strategy) {
            (HeartbeatStatus::Dead, Revival::Always) => Ping::Revives,
            (HeartbeatStatus::Dead, _) if self.revivable_until(policy).is_some_and(|end| now <= end) => {
                Ping::Revives
            }
            (HeartbeatStatus::Dead, _) => Ping::TooLate,
            _ => Ping::Heard,
        }
    }

    /// What is to become of it now.
    pub fn fate(&self, policy: &Policy, now: Timestamp) -> Fate {
        if self.status(now) != HeartbeatStatus::Dead {
            return Fate::Lives;
        }
        let always = policy.heartbeat_resurrection_strategy == Revival::Always;
        if always || policy.heartbeat_cull_strategy == HeartbeatCullStrategy::Keep {
            return Fate::Stays;
        }
        match self.revivable_until(policy).filter(|end| now <= *end) {
            Some(end) => Fate::Waits(end),
            None => Fate::Goes,
        }
    }

    /// The end of the window in which a ping revives; none where there is no window, or no ping that it could be
    /// counted from.
    fn revivable_until(&self, policy: &Policy) -> Option<Timestamp> {
        let minutes = match policy.heartbeat_resurrection_strategy {
            Revival::Always | Revival::None => return None,
            Revival::One => 1,
            Revival::Two => 2,
            Revival::Five => 5,
            Revival::Ten => 10,
            Revival::Fifteen => 15,
        };
        Some(self.next()?.plus(Duration::from_secs(60 * minutes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    const START: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    fn at(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }
    fn policy(revival: Revival, cull: HeartbeatCullStrategy) -> Policy {
        Policy {
            heartbeat_duration: Some(60),
            heartbeat_resurrection_strategy: revival,
            heartbeat_cull_strategy: cull,
            ..fixture::policy(START)
        }
    }
    /// Made at the start, last heard of then.
    fn heartbeat(last: Option<u64>, required: bool) -> Heartbeat {
        Heartbeat { created: START, last: last.map(at), required, interval: Duration::from_secs(60) }
    }

    #[test]
    fn it_is_alive_up_to_the_very_end_of_its_interval() {
        use HeartbeatStatus::{Alive, Dead, NotStarted};
        for (last, required, now, expected) in [
            (None, false, 1_000_000, NotStarted),
            (None, true, 60, NotStarted),
            (None, true, 61, Dead),
            (Some(10), false, 70, Alive),
            (Some(10), true, 70, Alive),
            (Some(10), false, 71, Dead),
            (Some(10), true, 71, Dead),
        ] {
            let status = heartbeat(last, required).status(at(now));
            assert_eq!(status, expected, "{last:?} {required} {now}");
        }
    }

    #[test]
    fn without_a_word_of_the_policy_it_is_ten_minutes() {
        let policy =
            Policy { heartbeat_duration: None, ..policy(Revival::None, HeartbeatCullStrategy::Keep) };
        let heartbeat = Heartbeat::under(&policy, START, Some(START));
        assert_eq!(heartbeat.next(), Some(at(600)));
        assert_eq!(heartbeat.status(at(600)), HeartbeatStatus::Alive);
        assert_eq!(heartbeat.status(at(601)), HeartbeatStatus::Dead);
    }

    /// Dead since second 60.
    #[test]
    fn a_ping_revives_within_its_window() {
        let cull = HeartbeatCullStrategy::Deactivate;
        for (revival, last_second) in [
            (Revival::One, 120),
            (Revival::Two, 180),
            (Revival::Five, 360),
            (Revival::Ten, 660),
            (Revival::Fifteen, 960),
        ] {
            let (policy, heartbeat) = (policy(revival, cull), heartbeat(Some(0), false));
            assert_eq!(heartbeat.ping(&policy, at(60)), Ping::Heard, "{revival}");
            assert_eq!(heartbeat.ping(&policy, at(61)), Ping::Revives, "{revival}");
            assert_eq!(heartbeat.ping(&policy, at(last_second)), Ping::Revives, "{revival}");
            assert_eq!(heartbeat.ping(&policy, at(last_second + 1)), Ping::TooLate, "{revival}");
        }
        let never = policy(Revival::None, cull);
        assert_eq!(heartbeat(Some(0), false).ping(&never, at(61)), Ping::TooLate);
        let always = policy(Revival::Always, HeartbeatCullStrategy::Keep);
        assert_eq!(heartbeat(Some(0), false).ping(&always, at(1_000_000)), Ping::Revives);
        assert_eq!(heartbeat(None, true).ping(&always, at(61)), Ping::Revives, "however it died");
        let unheard = heartbeat(None, true);
        assert_eq!(unheard.ping(&policy(Revival::Fifteen, cull), at(61)), Ping::TooLate, "it never pinged");
    }

    #[test]
    fn the_dead_go_once_nothing_can_revive_them() {
        use HeartbeatCullStrategy::{Deactivate, Keep};
        for (revival, cull, last, now, expected) in [
            (Revival::None, Deactivate, Some(0), 60, Fate::Lives),
            (Revival::None, Deactivate, Some(0), 61, Fate::Goes),
            (Revival::None, Keep, Some(0), 61, Fate::Stays),
            (Revival::Two, Deactivate, Some(0), 61, Fate::Waits(at(180))),
            (Revival::Two, Deactivate, Some(0), 180, Fate::Waits(at(180))),
            (Revival::Two, Deactivate, Some(0), 181, Fate::Goes),
            (Revival::Two, Keep, Some(0), 181, Fate::Stays),
            (Revival::Two, Deactivate, None, 61, Fate::Goes),
            (Revival::Always, Keep, Some(0), 1_000_000, Fate::Stays),
        ] {
            let fate = heartbeat(last, true).fate(&policy(revival, cull), at(now));
            assert_eq!(fate, expected, "{revival} {cull} {last:?} {now}");
        }
    }
}
