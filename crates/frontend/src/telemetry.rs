//! Metrics in the Prometheus form. Every handle is made before or at its first use and kept: a request adds to
//! a few atomic counters and takes no lock.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::StatusCode;
use keyway_catalog::Catalog;
use keyway_engine::Engines;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::firsts::Firsts;
use crate::updates::{CLIENTS, POLLS, Running, Updates};

/// Upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 12] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0];

/// How many clients of updates are remembered as counted.
const CLIENTS_AT_ONCE: usize = 2 * 1024 * 1024;

pub(crate) static METADATA: Metadata<'static> = Metadata::new("keyway", Level::INFO, None);

/// The metrics of one server.
pub struct Telemetry {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
    meters: Vec<Meter>,
    updates: Updates,
    /// Clients whose updates were counted.
    pub(crate) seen: Firsts,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// How long the webhook that waits longest has been due, in seconds.
    pub(crate) webhooks_due: Gauge,
    /// Documents that were at hand.
    pub(crate) documents_hit: Counter,
    /// Documents that had to be rendered.
    pub(crate) documents_rendered: Counter,
    /// Wrong credentials that were counted.
    pub(crate) wrong_credentials: Counter,
    /// Log lines that were dropped because the log could not keep up.
    pub(crate) dropped_lines: Counter,
    /// Requests that the log of requests lacks.
    pub(crate) unlogged_requests: Counter,
}

/// What a surface is measured by.
pub(crate) struct Meter {
    surface: &'static str,
    statuses: Box<[OnceLock<Counter>]>,
    seconds: Histogram,
    bytes: Counter,
}

/// The surfaces beside engines.
pub(crate) const API: &str = "api";
pub(crate) const BLOBS: &str = "blobs";
pub(crate) const OPERATIONS: &str = "operations";
pub(crate) const NOWHERE: &str = "nowhere";

impl Telemetry {
    /// Metrics for these engines.
    pub fn new(engines: Engines) -> Self {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("there are buckets");
        let recorder = Arc::new(builder.build_recorder());
        describe(&recorder);
        let surfaces = [API, BLOBS, OPERATIONS, NOWHERE].into_iter();
        let surfaces = surfaces.chain(engines.iter().map(|engine| engine.descriptor().key));
        let counter = |name, label: &[Label]| recorder.register_counter(&key(name, label), &METADATA);
        let document = |result| counter("keyway_documents_total", &[Label::new("result", result)]);
        Self {
            handle: recorder.handle(),
            updates: Updates::new(engines),
            seen: Firsts::holding(CLIENTS_AT_ONCE),
            meters: surfaces.map(|surface| Meter::new(&recorder, surface)).collect(),
            connections: recorder.register_gauge(&key("keyway_connections", &[]), &METADATA),
            webhooks_due: recorder.register_gauge(&key("keyway_webhooks_due_seconds", &[]), &METADATA),
            documents_hit: document("hit"),
            documents_rendered: document("rendered"),
            wrong_credentials: counter("keyway_wrong_credentials_total", &[]),
            dropped_lines: counter("keyway_log_lines_dropped_total", &[]),
            unlogged_requests: counter("keyway_request_logs_dropped_total", &[]),
            recorder,
        }
    }

    /// Makes this the recorder behind the `metrics` macros of the whole process; `false` when there is one.
    pub fn install(&self) -> bool {
        metrics::set_global_recorder(Arc::clone(&self.recorder)).is_ok()
    }

    /// Counts a request.
    pub(crate) fn count(&self, surface: &str, status: StatusCode, took: Duration, bytes: u64) {
        let Some(meter) = self.meters.iter().find(|meter| meter.surface == surface) else { return };
        meter.status(&self.recorder, status).increment(1);
        meter.seconds.record(took.as_secs_f64());
        meter.bytes.increment(bytes);
    }

    /// Counts a poll of an updater by what was decided.
    pub(crate) fn poll(&self, engine: &str, word: &'static str) {
        self.updates.count_poll(&self.recorder, engine, word);
    }

    /// Counts a client by what it runs.
    pub(crate) fn client(&self, running: &Running<'_>) {
        self.updates.count_client(&self.recorder, running);
    }

    /// The page for Prometheus.
    pub(crate) fn page(&self, catalog: &Catalog) -> String {
        let sizes = catalog.sizes();
        for (cache, bytes) in [
            ("principals", sizes.principals),
            ("packages", sizes.packages),
            ("seen", sizes.seen),
            ("documents", sizes.documents),
        ] {
            let key = key("keyway_cache_bytes", &[Label::new("cache", cache)]);
            let bytes = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
            self.recorder.register_gauge(&key, &METADATA).set(f64::from(bytes) * 1024.0);
        }
        self.handle.render()
    }

    /// Folds durations into their buckets; must be called every few seconds.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Meter {
    fn new(recorder: &PrometheusRecorder, surface: &'static str) -> Self {
        let labels = [Label::new("surface", surface)];
        Self {
            surface,
            statuses: (0..500).map(|_| OnceLock::new()).collect(),
            seconds: recorder.register_histogram(&key("keyway_request_seconds", &labels), &METADATA),
            bytes: recorder.register_counter(&key("keyway_response_bytes_total", &labels), &METADATA),
        }
    }

    fn status(&self, recorder: &PrometheusRecorder, status: StatusCode) -> &Counter {
        let index = usize::from(status.as_u16()).saturating_sub(100).min(self.statuses.len() - 1);
        let slot = self.statuses.get(index).expect("the index was cut to the length");
        slot.get_or_init(|| {
            let labels =
                [Label::new("surface", self.surface), Label::new("status", status.as_str().to_owned())];
            recorder.register_counter(&key("keyway_requests_total", &labels), &METADATA)
        })
    }
}

pub(crate) fn key(name: &'static str, labels: &[Label]) -> Key {
    Key::from_parts(name, labels.to_vec())
}

fn describe(recorder: &PrometheusRecorder) {
    let counters = [
        ("keyway_requests_total", "Requests answered, by surface and status."),
        ("keyway_response_bytes_total", "Bytes of response bodies, by surface."),
        ("keyway_documents_total", "Documents sent: kept from before, or rendered."),
        ("keyway_wrong_credentials_total", "Wrong credentials that were counted against an address."),
        (POLLS, "Polls of updaters, by engine and what was decided."),
        (CLIENTS, "Clients of updates, each once an hour, by what they run."),
        ("keyway_jobs_total", "Background jobs that were run, by kind and what became of them."),
        ("keyway_webhooks_total", "Webhooks that were sent, by the event's status afterwards."),
        ("keyway_reminders_total", "Events of licences that expire or have to check in, by event."),
        ("keyway_tokens_pruned_total", "Tokens removed long after they ended."),
        ("keyway_log_lines_dropped_total", "Access log lines dropped because the log fell behind."),
        ("keyway_request_logs_dropped_total", "Requests not logged because the database fell behind."),
    ];
    for (name, text) in counters {
        recorder.describe_counter(KeyName::from_const_str(name), None, text.into());
    }
    let seconds = "Time until the response's head, by surface.";
    recorder.describe_histogram("keyway_request_seconds".into(), Some(Unit::Seconds), seconds.into());
    let due = "How long the webhook that waits longest has been due.";
    recorder.describe_gauge("keyway_webhooks_due_seconds".into(), Some(Unit::Seconds), due.into());
    recorder.describe_gauge("keyway_connections".into(), None, "Open connections.".into());
    recorder.describe_gauge("keyway_cache_bytes".into(), Some(Unit::Bytes), "Bytes held, by cache.".into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::ENGINES;

    #[test]
    fn counts_by_surface_and_status() {
        let telemetry = Telemetry::new(ENGINES);
        for (surface, status) in [(API, 200), (API, 200), ("toy", 404), ("unheard of", 200)] {
            telemetry.count(surface, StatusCode::from_u16(status).unwrap(), Duration::from_micros(70), 10);
        }
        telemetry.upkeep();
        let page = telemetry.handle.render();
        for line in [
            "keyway_requests_total{surface=\"api\",status=\"200\"} 2",
            "keyway_requests_total{surface=\"toy\",status=\"404\"} 1",
            "keyway_response_bytes_total{surface=\"api\"} 20",
            "keyway_request_seconds_bucket{surface=\"api\",le=\"0.0001\"} 2",
            "keyway_request_seconds_bucket{surface=\"api\",le=\"0.00005\"} 0",
        ] {
            assert!(page.lines().any(|there| there == line), "{line}\n{page}");
        }
    }
}
