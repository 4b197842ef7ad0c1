//! Figures of updates: polls by what was decided, and clients by what they run. Whatever versions clients claim and
//! however many packages there are, the number of series is bounded.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{OnceLock, PoisonError, RwLock};

use keyway_engine::{Engines, Told};
use metrics::{Counter, Label, Recorder};
use metrics_exporter_prometheus::PrometheusRecorder;

use crate::telemetry::{METADATA, key};

/// The polls of updaters.
pub(crate) const POLLS: &str = "keyway_update_polls_total";
/// The clients that polls came from.
pub(crate) const CLIENTS: &str = "keyway_update_clients_total";
/// What stands for everything that has no series of its own.
pub(crate) const OTHER: &str = "other";
/// The most series of clients. Those that come later are counted together.
const SERIES: usize = 4096;

/// What a client runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Running<'a> {
    /// The account's short name.
    pub(crate) account: &'a str,
    /// The package's key.
    pub(crate) package: &'a str,
    /// A version that is one of the package's releases, or [`OTHER`].
    pub(crate) version: &'a str,
    /// The channel that it is updated from.
    pub(crate) channel: &'static str,
    /// Its platform in our spelling, or [`OTHER`].
    pub(crate) platform: &'static str,
}

impl Running<'_> {
    /// Those for whom there is no series any more.
    const REST: Running<'static> =
        Running { account: OTHER, package: OTHER, version: OTHER, channel: OTHER, platform: OTHER };

    fn labels(&self) -> [Label; 5] {
        [
            Label::new("account", self.account.to_owned()),
            Label::new("package", self.package.to_owned()),
            Label::new("version", self.version.to_owned()),
            Label::new("channel", self.channel),
            Label::new("platform", self.platform),
        ]
    }
}

/// The counters.
pub(crate) struct Updates {
    polls: Vec<Polls>,
    /// By the hash of their labels: to count a client once more takes no allocation.
    clients: RwLock<HashMap<u64, Counter>>,
    hasher: RandomState,
}

/// The polls of one engine, by decision.
struct Polls {
    engine: &'static str,
    decisions: [OnceLock<Counter>; Told::WORDS.len()],
}

impl Updates {
    /// Counters for these engines.
    pub(crate) fn new(engines: Engines) -> Self {
        let polls = |engine| Polls { engine, decisions: [const { OnceLock::new() }; Told::WORDS.len()] };
        Self {
            polls: engines.iter().map(|engine| polls(engine.descriptor().key)).collect(),
            clients: RwLock::default(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a poll.
    pub(crate) fn count_poll(&self, recorder: &PrometheusRecorder, engine: &str, word: &'static str) {
        let Some(polls) = self.polls.iter().find(|polls| polls.engine == engine) else { return };
        let index = Told::WORDS.iter().position(|known| *known == word);
        let Some(counter) = index.and_then(|index| polls.decisions.get(index)) else { return };
        let labels = || [Label::new("engine", polls.engine), Label::new("decision", word)];
        counter.get_or_init(|| recorder.register_counter(&key(POLLS, &labels()), &METADATA)).increment(1);
    }

    /// Counts a client.
    pub(crate) fn count_client(&self, recorder: &PrometheusRecorder, running: &Running<'_>) {
        let print = self.hasher.hash_one(running);
        let known = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = known.get(&print) {
            return counter.increment(1);
        }
        let is_full = known.len() >= SERIES;
        drop(known);
        if is_full && *running != Running::REST {
            return self.count_client(recorder, &Running::REST);
        }
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        let series = || recorder.register_counter(&key(CLIENTS, &running.labels()), &METADATA);
        clients.entry(print).or_insert_with(series).increment(1);
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::toy::ENGINES;

    fn running(version: &str) -> Running<'_> {
        Running { account: "acme", package: "app", version, channel: "stable", platform: "linux" }
    }

    #[test]
    fn polls_are_counted_by_engine_and_decision() {
        let (updates, recorder) = (Updates::new(ENGINES), PrometheusBuilder::new().build_recorder());
        for (engine, word) in
            [("toy", "offer"), ("toy", "offer"), ("plain", "rollout"), ("toy", "nonsense"), ("none", "offer")]
        {
            updates.count_poll(&recorder, engine, word);
        }
        let page = recorder.handle().render();
        for line in [
            "keyway_update_polls_total{engine=\"toy\",decision=\"offer\"} 2",
            "keyway_update_polls_total{engine=\"plain\",decision=\"rollout\"} 1",
        ] {
            assert!(page.lines().any(|there| there == line), "{line}\n{page}");
        }
        assert!(!page.contains("nonsense"), "{page}");
    }

    #[test]
    fn clients_are_counted_by_what_they_run_up_to_a_number_of_series() {
        let (updates, recorder) = (Updates::new(ENGINES), PrometheusBuilder::new().build_recorder());
        for number in 0..SERIES + 10 {
            updates.count_client(&recorder, &running(&number.to_string()));
        }
        updates.count_client(&recorder, &running("7"));
        let page = recorder.handle().render();
        let clients: Vec<&str> = page.lines().filter(|line| line.starts_with(CLIENTS)).collect();
        assert_eq!(clients.len(), SERIES + 1);
        let of = |version: &str, package: &str| {
            let [account, channel, platform] =
                if version == OTHER { [OTHER; 3] } else { ["acme", "stable", "linux"] };
            format!(
                "{CLIENTS}{{account=\"{account}\",package=\"{package}\",version=\"{version}\",channel=\"{channel}\",platform=\"{platform}\"}}"
            )
        };
        assert!(clients.contains(&format!("{} 2", of("7", "app")).as_str()));
        assert!(clients.contains(&format!("{} 10", of(OTHER, OTHER)).as_str()));
    }
}
