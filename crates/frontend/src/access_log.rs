//! The access log: a record per request handed to a task that writes it, so that requests never wait for the
//! log. Credentials never get here; neither do query strings, the tokens of signed URLs, nor keys and addresses
//! that stand in API paths.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::Method;
use keyway_base::{RecordId, RequestId};
use tokio::sync::mpsc;

use crate::AccessLog;

/// Where records stand in the log.
const TARGET: &str = "keyway::access";

/// How many records may wait to be written.
const WAITING: usize = 8192;

/// What is remembered of a request.
#[derive(Debug)]
pub(crate) struct AccessRecord {
    pub(crate) id: RequestId,
    pub(crate) client: IpAddr,
    pub(crate) surface: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

/// Where records go.
#[derive(Debug)]
pub(crate) struct Records {
    policy: AccessLog,
    seen: AtomicU32,
    sender: mpsc::Sender<AccessRecord>,
}

/// Writes records until all senders are gone.
pub(crate) struct Writer(mpsc::Receiver<AccessRecord>);

/// A place for records and the task that writes them.
pub(crate) fn access_log(policy: AccessLog) -> (Records, Writer) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Records { policy, seen: AtomicU32::new(0), sender }, Writer(receiver))
}

impl Records {
    /// Whether a request with this status is to be recorded. Failures of the server always are.
    pub(crate) fn wants(&self, status: u16) -> bool {
        let one_in = match self.policy {
            _ if status >= 500 => return true,
            AccessLog::Off => return false,
            AccessLog::OneIn(NonZeroU32::MIN) => return true,
            AccessLog::OneIn(one_in) => one_in,
        };
        self.seen.fetch_add(1, Ordering::Relaxed) % one_in == 0
    }

    /// Hands a record over; `false` when it was dropped.
    pub(crate) fn push(&self, record: AccessRecord) -> bool {
        self.sender.try_send(record).is_ok()
    }
}

/// Whether the log's level lets records through.
pub(crate) fn is_written() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::INFO)
}

impl Writer {
    pub(crate) async fn run(mut self) {
        while let Some(record) = self.0.recv().await {
            write(&record);
        }
    }
}

fn write(record: &AccessRecord) {
    let AccessRecord { id, client, surface, method, path, status, bytes, took } = record;
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(
        target: TARGET,
        request = %id, %client, surface, %method, path, status, bytes, micros,
        "request"
    );
}

/// A path as it may be written down. In API paths every second segment names a record, and a licence's key or a
/// user's e-mail address can stand there: only ids and the words of actions are kept.
pub(crate) fn masked(path: &str) -> String {
    if path.starts_with("/-/blobs/") {
        return "/-/blobs/*".to_owned();
    }
    let Some(below) = path.strip_prefix("/v1/") else { return path.to_owned() };
    let mut out = String::with_capacity(path.len());
    out.push_str("/v1");
    let mut before = "";
    for (position, segment) in below.split('/').enumerate() {
        let names_a_record = position % 2 == 1 && segment != "actions" && before != "actions";
        let is_harmless = segment.is_empty() || segment.parse::<RecordId>().is_ok() || before == "accounts";
        out.push('/');
        out.push_str(if names_a_record && !is_harmless { "*" } else { segment });
        before = segment;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_keep_no_secret() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        for (path, expected) in [
            ("/v1/licenses".to_owned(), "/v1/licenses".to_owned()),
            ("/v1/licenses/ABCD-KEY".to_owned(), "/v1/licenses/*".to_owned()),
            (
                "/v1/licenses/ABCD-KEY/actions/validate".to_owned(),
                "/v1/licenses/*/actions/validate".to_owned(),
            ),
            ("/v1/licenses/actions/validate-key".to_owned(), "/v1/licenses/actions/validate-key".to_owned()),
            (format!("/v1/licenses/{id}/users"), format!("/v1/licenses/{id}/users")),
            (
                "/v1/accounts/acme/users/a@b.c/licenses".to_owned(),
                "/v1/accounts/acme/users/*/licenses".to_owned(),
            ),
            ("/v1/me/".to_owned(), "/v1/me/".to_owned()),
            ("/-/blobs/7.abc.def".to_owned(), "/-/blobs/*".to_owned()),
            ("/@acme/widget".to_owned(), "/@acme/widget".to_owned()),
        ] {
            assert_eq!(masked(&path), expected);
        }
    }

    #[test]
    fn samples_as_told_and_keeps_failures() {
        let (records, _writer) = access_log(AccessLog::OneIn(NonZeroU32::new(4).unwrap()));
        assert_eq!((0..100).filter(|_| records.wants(200)).count(), 25);
        assert_eq!((0..100).filter(|_| records.wants(500)).count(), 100);
        let (records, _writer) = access_log(AccessLog::Off);
        assert!(!records.wants(404) && records.wants(503));
    }
}
