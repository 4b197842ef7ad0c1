//! The grammar. Below `/{package}`: `[update/][channel/{channel}/]{platform}[-{arch}][/{arch}][/{version}]` with
//! `/RELEASES`, `/releases.json`, the name of a package, or nothing behind it; and files at `/{version}/{file}`.

use keyway_engine::{BadPath, BadPoll, Head, Poll, Query, ReleaseFile, decode_segment};

use crate::address::Address;

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
    /// `RELEASES`, for Squirrel.Windows.
    Releases(Box<Asked>),
    /// A package out of it, by its name.
    Package {
        /// The address that its `RELEASES` was asked for at.
        address: Address,
        /// The package's name.
        name: String,
    },
    /// The newest release as JSON, for Squirrel.Mac.
    Latest(Box<Asked>),
    /// The same as a document that the client compares itself with.
    Static(Box<Asked>),
    /// The newest release for a platform whose clients do not ask so.
    Strange(Box<Asked>),
    /// A file of a release.
    File(ReleaseFile),
}

/// What a client says as it asks for a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which platform and arch it is.
    pub address: Address,
    /// The app's id, as Squirrel.Windows says it.
    pub id: Option<String>,
    /// The version that runs, as the client spells it.
    pub current: Option<String>,
    /// What it runs and would take.
    pub poll: Result<Poll, BadPoll>,
}

impl Op {
    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let segments = head.segments().map(decode_segment).collect::<Result<Vec<_>, _>>()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let Some((package, rest)) = segments.split_first() else { return Err(BadPath::Unknown) };
        let what = read(head, &segments, rest)?;
        if package.is_empty() {
            return Err(BadPath::Unknown);
        }
        if !head.is_read() {
            return Err(BadPath::Method);
        }
        Ok(Self { package: (*package).to_owned(), what })
    }
}

fn read(head: &Head<'_>, segments: &[&str], below: &[&str]) -> Result<What, BadPath> {
    let (address, rest) = Address::read(below);
    let is_mac = address.platform.is_some_and(|platform| platform.key == "darwin");
    let is_windows =
        address.platform.is_none_or(|platform| platform.key == "windows") && address.strange.is_none();
    let is_addressed = address.platform.is_some() || address.strange.is_some();
    let asked = |version: Option<&str>| Box::new(asked(head, address.clone(), version));
    match rest {
        [leaf] | [_, leaf] if is_windows && leaf.eq_ignore_ascii_case("RELEASES") => {
            Ok(What::Releases(asked(version_before(rest))))
        }
        [leaf] | [_, leaf] if is_windows && is_package(leaf) && (is_addressed || rest.len() == 1) => {
            Ok(What::Package { name: (*leaf).to_owned(), address })
        }
        ["releases.json"] | [_, "releases.json"] if is_mac => Ok(What::Static(asked(version_before(rest)))),
        [version] if is_mac && !version.is_empty() => Ok(What::Latest(asked(Some(version)))),
        [] if is_mac => Ok(What::Latest(asked(None))),
        [version] if is_addressed && !version.is_empty() => Ok(What::Strange(asked(Some(version)))),
        _ if is_addressed => Err(BadPath::Unknown),
        _ => ReleaseFile::read(segments).map(What::File),
    }
}

/// The version in an address that has one before its last segment.
fn version_before<'s>(rest: &[&'s str]) -> Option<&'s str> {
    match rest {
        [version, _] => Some(version),
        _ => None,
    }
}

fn is_package(leaf: &str) -> bool {
    leaf.to_ascii_lowercase().ends_with(".nupkg") && !leaf.contains('/')
}

fn asked(head: &Head<'_>, address: Address, version: Option<&str>) -> Asked {
    let query = Query(head.query);
    let given = |name| query.first(name).filter(|value| !value.is_empty()).map(std::borrow::Cow::into_owned);
    let current = given("localVersion").or_else(|| given("version")).or_else(|| version.map(str::to_owned));
    let mut poll = Poll::read(current.as_deref(), query);
    if let (Ok(read), Some(channel)) = (&mut poll, &address.channel) {
        match channel.parse() {
            Ok(channel) => read.channel = Some(channel),
            Err(_) => poll = Err(BadPoll::Channel(channel.clone())),
        }
    }
    Asked { address, id: given("id"), current, poll }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn parse_as(method: &Method, path: &str, query: &str) -> Result<What, BadPath> {
        let op = Op::parse(&Head { method, path, query, headers: &HeaderMap::new() })?;
        assert_eq!(op.package, "app");
        Ok(op.what)
    }

    fn word(path: &str) -> &'static str {
        match parse_as(&Method::GET, path, "") {
            Ok(What::Releases(_)) => "releases",
            Ok(What::Package { .. }) => "package",
            Ok(What::Latest(_)) => "latest",
            Ok(What::Static(_)) => "static",
            Ok(What::Strange(_)) => "strange",
            Ok(What::File(_)) => "file",
            Err(BadPath::Unknown) => "unknown",
            Err(error) => panic!("{path}: {error}"),
        }
    }

    #[test]
    fn each_address_has_one_meaning() {
        for (path, expected) in [
            ("/app/RELEASES", "releases"),
            ("/app/releases", "releases"),
            ("/app/win32/RELEASES", "releases"),
            ("/app/win32/x64/Releases", "releases"),
            ("/app/update/win32/1.0.0/RELEASES", "releases"),
            ("/app/win32-x64/1.0.0/RELEASES", "releases"),
            ("/app/App-1.0.0-full.nupkg", "package"),
            ("/app/win32/App-1.0.0-full.nupkg", "package"),
            ("/app/win32/x64/App-1.0.0-full.NUPKG", "package"),
            ("/app/win32-x64/1.0.0/App-1.1.0-delta.nupkg", "package"),
            ("/app/darwin/1.0.0", "latest"),
            ("/app/darwin/arm64/1.0.0", "latest"),
            ("/app/update/darwin-arm64/one", "latest"),
            ("/app/darwin", "latest"),
            ("/app/darwin/releases.json", "static"),
            ("/app/darwin/arm64/releases.json", "static"),
            ("/app/update/win32/1.0.0", "strange"),
            ("/app/update/beos/1.0.0", "strange"),
            ("/app/linux/1.0.0", "strange"),
            ("/app/1.0.0/App-mac.zip", "file"),
            ("/app/1.0.0/App-1.0.0-full.nupkg", "file"),
            ("/app/1.0.0/dir/App-mac.zip", "file"),
            ("/app", "unknown"),
            ("/app/", "unknown"),
            ("/app/win32", "unknown"),
            ("/app/darwin/", "unknown"),
            ("/app/darwin/RELEASES/x", "unknown"),
            ("/app/win32/x64/1.0.0/x/RELEASES", "unknown"),
        ] {
            assert_eq!(word(path), expected, "{path}");
        }
        assert_eq!(parse_as(&Method::PUT, "/app/RELEASES", ""), Err(BadPath::Method));
    }

    fn asked_at(path: &str, query: &str) -> Asked {
        match parse_as(&Method::GET, path, query).unwrap() {
            What::Releases(asked) | What::Latest(asked) | What::Static(asked) => *asked,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_runs_is_in_the_query_or_in_the_address() {
        let current = |path, query| asked_at(path, query).current;
        let one = Some("1.0.0".to_owned());
        assert_eq!(current("/app/RELEASES", "id=App&localVersion=1.0.0&arch=amd64"), one);
        assert_eq!(current("/app/win32-x64/1.0.0/RELEASES", ""), one);
        assert_eq!(current("/app/win32-x64/0.9.0/RELEASES", "localVersion=1.0.0"), one);
        assert_eq!(current("/app/darwin/1.0.0", ""), one);
        assert_eq!(current("/app/darwin/releases.json", "version=1.0.0"), one);
        assert_eq!(current("/app/RELEASES", "localVersion="), None);
        assert_eq!(asked_at("/app/RELEASES", "id=App").id.as_deref(), Some("App"));
    }

    #[test]
    fn a_channel_may_be_in_the_address() {
        let asked = asked_at("/app/update/channel/beta/darwin/1.0.0", "channel=alpha");
        assert_eq!(asked.poll.unwrap().channel, Some(keyway_versions::Channel::Beta));
        let asked = asked_at("/app/update/channel/nightly/darwin/1.0.0", "");
        assert_eq!(asked.poll, Err(BadPoll::Channel("nightly".to_owned())));
        assert_eq!(asked_at("/app/darwin/one", "").poll, Err(BadPoll::Version("one".to_owned())));
    }
}
