//! What an attempt to tell an endpoint means for the event: the table of `licensing.md` §12.2.

use keyway_domain::resources::WebhookStatus;

use super::carrier::Answer;
use super::trouble::Trouble;

/// The word for a body that is too long to be kept.
const TOO_LARGE: &str = "RES_BODY_TOO_LARGE";

/// What becomes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) status: WebhookStatus,
    pub(super) code: Option<i64>,
    pub(super) body: Option<String>,
    /// Whether the endpoint wants to hear of nothing any more.
    pub(super) unsubscribes: bool,
}

impl Verdict {
    /// There is nobody to tell.
    pub(super) const GONE: Self =
        Self { status: WebhookStatus::Failed, code: None, body: None, unsubscribes: false };

    /// Of an attempt.
    pub(super) fn of(attempt: Result<Answer, Trouble>) -> Self {
        let answer = match attempt {
            Ok(answer) => answer,
            Err(trouble) => {
                let status =
                    if trouble.is_passing() { WebhookStatus::Failing } else { WebhookStatus::Failed };
                return Self { status, body: Some(trouble.to_string()), ..Self::GONE };
            }
        };
        let unsubscribes = matches!(answer.status, 410 | 530);
        let status = match answer.status {
            200..=299 => WebhookStatus::Delivered,
            _ if unsubscribes => WebhookStatus::Failed,
            _ => WebhookStatus::Failing,
        };
        let body = answer.body.unwrap_or_else(|| TOO_LARGE.to_owned());
        Self { status, code: Some(answer.status.into()), body: Some(body), unsubscribes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_the_table_says() {
        use WebhookStatus::{Delivered, Failed, Failing};
        for (status, expected, unsubscribes) in [
            (200, Delivered, false),
            (204, Delivered, false),
            (299, Delivered, false),
            (301, Failing, false),
            (302, Failing, false),
            (400, Failing, false),
            (404, Failing, false),
            (410, Failed, true),
            (500, Failing, false),
            (503, Failing, false),
            (530, Failed, true),
        ] {
            let verdict = Verdict::of(Ok(Answer { status, body: Some("said".to_owned()) }));
            assert_eq!((verdict.status, verdict.unsubscribes), (expected, unsubscribes), "{status}");
            assert_eq!((verdict.code, verdict.body.as_deref()), (Some(status.into()), Some("said")));
        }
        let large = Verdict::of(Ok(Answer { status: 200, body: None }));
        assert_eq!((large.status, large.body.as_deref()), (Delivered, Some("RES_BODY_TOO_LARGE")));
        for (trouble, status, word) in [
            (Trouble::Tls, Failing, "SSL_ERROR"),
            (Trouble::Slow, Failing, "REQ_TIMEOUT"),
            (Trouble::Refused, Failed, "CONN_REFUSED"),
            (Trouble::NoName, Failed, "DNS_ERROR"),
            (Trouble::NotAllowed, Failed, "ADDRESS_NOT_ALLOWED"),
        ] {
            let verdict = Verdict::of(Err(trouble));
            assert_eq!((verdict.status, verdict.code, verdict.body.as_deref()), (status, None, Some(word)));
        }
    }
}
