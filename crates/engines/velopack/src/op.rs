//! The grammar: `/{package}/releases.{channel}.json` and `/{package}/{file}`.

use keyway_engine::{BadPath, BadPoll, Head, Poll, Query, decode_segment};
use keyway_versions::Channel;

use crate::client_channel::ClientChannel;

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The package's key.
    pub package: String,
    /// What of it is asked for.
    pub what: What,
}

/// What of a package is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The feed of a channel.
    Feed(Box<Asked>),
    /// A file by its name.
    File {
        /// The name without folders.
        name: String,
    },
}

/// What a client says as it asks for a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Velopack's channel.
    pub channel: ClientChannel,
    /// What the client runs and would take.
    pub poll: Result<Poll, BadPoll>,
}

impl Op {
    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let segments = head.segments().map(decode_segment).collect::<Result<Vec<_>, _>>()?;
        let [package, name] = segments.as_slice() else { return Err(BadPath::Unknown) };
        if package.is_empty() || matches!(name.as_ref(), "" | "." | "..") || name.contains('/') {
            return Err(BadPath::Unknown);
        }
        if !head.is_read() {
            return Err(BadPath::Method);
        }
        let what = match feed_channel(name) {
            Some(channel) => What::Feed(Box::new(asked(head, channel))),
            None => What::File { name: name.to_string() },
        };
        Ok(Self { package: package.to_string(), what })
    }
}

/// The channel in the name of a feed.
fn feed_channel(name: &str) -> Option<&str> {
    let channel = name.strip_prefix("releases.")?.strip_suffix(".json")?;
    (!channel.is_empty()).then_some(channel)
}

fn asked(head: &Head<'_>, channel: &str) -> Asked {
    let query = Query(head.query);
    let channel = ClientChannel::read(channel, query);
    let poll = Poll::read(query.first("localVersion").as_deref(), query);
    let poll = poll.map(|poll| match channel.level {
        Some(level) => with_channel(poll, level),
        None => poll,
    });
    Asked { channel, poll }
}

/// The channel in the feed's name is what the app follows, whatever the query says beside it.
fn with_channel(poll: Poll, channel: Channel) -> Poll {
    Poll { channel: Some(channel), ..poll }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn parse(method: &Method, path: &str, query: &str) -> Result<Op, BadPath> {
        Op::parse(&Head { method, path, query, headers: &HeaderMap::new() })
    }

    #[test]
    fn a_feed_says_what_runs() {
        let query = "localVersion=1.2.0-beta.1+7&id=Acme.App&stagingId=abc";
        let op = parse(&Method::GET, "/My%20App/releases.win-x64-beta.json", query).unwrap();
        assert_eq!(op.package, "My App");
        let What::Feed(asked) = op.what else { panic!("no feed") };
        let Asked { channel, poll } = *asked;
        assert_eq!(channel.name, "win-x64-beta");
        let poll = poll.unwrap();
        assert_eq!(poll.current.unwrap().verbatim(), "1.2.0-beta.1+7");
        assert_eq!(poll.channel, Some(Channel::Beta));
    }

    #[test]
    fn a_version_that_makes_no_sense_is_told_not_refused() {
        let op = parse(&Method::GET, "/app/releases.win.json", "localVersion=nonsense").unwrap();
        let What::Feed(asked) = op.what else { panic!("no feed") };
        assert_eq!(asked.poll, Err(BadPoll::Version("nonsense".to_owned())));
    }

    #[test]
    fn everything_else_is_a_file() {
        for name in
            ["App-1.0.0-full.nupkg", "App-win-Setup.exe", "releases.json", "releases..json", "RELEASES"]
        {
            let op = parse(&Method::HEAD, &format!("/app/{name}"), "").unwrap();
            assert_eq!(op.what, What::File { name: name.to_owned() });
        }
        for path in ["/", "/app", "/app/", "//a", "/app/..", "/app/a/b", "/app/a%2Fb"] {
            assert_eq!(parse(&Method::GET, path, ""), Err(BadPath::Unknown), "{path}");
        }
        assert_eq!(parse(&Method::POST, "/app/releases.win.json", ""), Err(BadPath::Method));
    }
}
