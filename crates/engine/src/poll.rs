//! What an updater asks for: the version that runs, a channel, a constraint, and who is asking.

use std::borrow::Cow;

use keyway_versions::semver::Constraint;
use keyway_versions::{Channel, EcosystemVersion, Scheme, parse};

use crate::{Head, Query};

/// What a client runs and would take (`distribution.md` §6.5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Poll {
    /// The version that it runs; none for feeds that are read without saying so. It need not be one of ours.
    pub current: Option<EcosystemVersion>,
    /// The channel asked for; none means that of the version that runs.
    pub channel: Option<Channel>,
    /// Which versions it would take.
    pub constraint: Option<Constraint>,
}

/// A poll that cannot be understood. The client is told that there is nothing new; a developer is told this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPoll {
    /// The version that runs is none.
    #[error("the version {0} cannot be read")]
    Version(String),
    /// There is no such channel.
    #[error("there is no channel {0}")]
    Channel(String),
    /// It is for a platform or an arch that nobody has heard of.
    #[error("there is no target {0}")]
    Target(String),
    /// The constraint is none.
    #[error("the constraint {0} cannot be read")]
    Constraint(String),
}

impl BadPoll {
    /// A word for it, as in `X-Update-Decision`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Version(_) => "bad-version",
            Self::Channel(_) => "bad-channel",
            Self::Target(_) => "unknown-target",
            Self::Constraint(_) => "bad-constraint",
        }
    }
}

impl Poll {
    /// Reads `channel` and `constraint` of a query, beside the version that runs. Empty values count as not given,
    /// and a leading `v` is no part of a version. A space in the version is a plus sign that the client put into its
    /// query as it stands (Velopack does).
    ///
    /// # Errors
    /// [`BadPoll`] says which of them makes no sense.
    pub fn read(current: Option<&str>, query: Query<'_>) -> Result<Self, BadPoll> {
        let given = |name| query.first(name).filter(|value| !value.is_empty());
        let version = |text: &str| {
            let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
            parse(Scheme::Semver, &bare.replace(' ', "+")).map_err(|_| BadPoll::Version(text.to_owned()))
        };
        let channel = |text: Cow<'_, str>| text.parse().map_err(|_| BadPoll::Channel(text.into_owned()));
        let constraint =
            |text: Cow<'_, str>| text.parse().map_err(|_| BadPoll::Constraint(text.into_owned()));
        Ok(Self {
            current: current.filter(|text| !text.is_empty()).map(version).transpose()?,
            channel: given("channel").map(channel).transpose()?,
            constraint: given("constraint").map(constraint).transpose()?,
        })
    }
}

/// Which installation is asking, so that a rollout is the same to it each time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Poller {
    /// The machine's fingerprint, or the id that the updater made for its installation; of clients that send
    /// neither, the licence is known.
    pub installation: Option<String>,
}

impl Poller {
    /// Reads whichever a client sends: the machine's fingerprint (`fingerprint`, `X-Machine-Fingerprint`),
    /// electron-updater's `x-user-staging-id`, Velopack's `stagingId`.
    pub fn read(head: &Head<'_>) -> Self {
        let query = Query(head.query);
        Self::sent(|name| query.first(name), |name| head.header(name).map(Cow::Borrowed))
    }

    /// The same, from a request's parameters and headers by their names.
    pub fn sent<'s>(
        parameter: impl Fn(&'static str) -> Option<Cow<'s, str>>,
        header: impl Fn(&'static str) -> Option<Cow<'s, str>>,
    ) -> Self {
        let sent = [
            parameter("fingerprint"),
            header("x-machine-fingerprint"),
            header("x-user-staging-id"),
            parameter("stagingId"),
        ];
        let first = sent.into_iter().flatten().find(|id| !id.is_empty());
        Self { installation: first.map(Cow::into_owned) }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn poll(current: &str, query: &str) -> Result<Poll, BadPoll> {
        Poll::read(Some(current), Query(query))
    }

    #[test]
    fn a_poll_says_what_runs_and_what_it_would_take() {
        let read = poll("v1.2.0-beta.1+2", "channel=beta&constraint=1.2&arch=x").unwrap();
        assert_eq!(read.current.unwrap().verbatim(), "1.2.0-beta.1+2");
        assert_eq!(read.channel, Some(Channel::Beta));
        assert!(read.constraint.is_some());
        assert_eq!(poll("", "channel=&constraint="), Ok(Poll::default()));
        assert_eq!(poll("1.0.0 b.2", "").unwrap().current.unwrap().verbatim(), "1.0.0+b.2");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (current, query, word) in [
            ("one", "", "bad-version"),
            ("1.2.3.4", "", "bad-version"),
            ("1.0.0", "channel=nightly", "bad-channel"),
            ("1.0.0", "constraint=%7E%3E", "bad-constraint"),
        ] {
            assert_eq!(poll(current, query).unwrap_err().word(), word, "{current} {query}");
        }
    }

    #[test]
    fn an_installation_is_known_by_what_its_updater_sends() {
        let read = |query, header: Option<(&'static str, &'static str)>| {
            let mut headers = HeaderMap::new();
            if let Some((name, value)) = header {
                headers.insert(name, value.parse().unwrap());
            }
            let head = Head { method: &Method::GET, path: "/", query, headers: &headers };
            Poller::read(&head).installation
        };
        let staging = Some(("x-user-staging-id", "uuid"));
        assert_eq!(read("", None), None);
        assert_eq!(read("", staging).as_deref(), Some("uuid"));
        assert_eq!(read("stagingId=v", None).as_deref(), Some("v"));
        assert_eq!(read("fingerprint=m&stagingId=v", staging).as_deref(), Some("m"));
        assert_eq!(read("fingerprint=", staging).as_deref(), Some("uuid"));
    }
}
