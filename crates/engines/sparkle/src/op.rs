//! The grammar: `/{package}/appcast.xml[?platform=&arch=&version=&channel=&constraint=]` and
//! `/{package}/{version}/{file}`.

use std::borrow::Cow;

use keyway_engine::{BadPath, BadPoll, Head, Poll, Query, ReleaseFile, Spelled, decode_segment};

/// The name that every feed has.
const FEED: &str = "appcast.xml";

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A package's feed.
    Feed(Box<Feed>),
    /// A file of one of its releases.
    File(ReleaseFile),
}

/// What an installation asks its feed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The package's key.
    pub package: String,
    /// What it runs and would take, and what for: or why that cannot be understood.
    pub asked: Result<Asked, BadFeed>,
}

/// A feed's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What it runs and would take.
    pub poll: Poll,
    /// Which systems it is for: all of them unless it says.
    pub system: Option<System>,
    /// Which arch it is for.
    pub arch: Option<&'static Spelled>,
}

/// A system that reads appcasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Where Sparkle runs.
    Mac,
    /// Where WinSparkle runs.
    Windows,
}

/// Parameters that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadFeed {
    /// Version, channel or constraint.
    Poll(BadPoll),
    /// There is no such platform or arch here.
    Target(String),
}

impl Op {
    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let segments = head.segments().map(decode_segment).collect::<Result<Vec<_>, _>>()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let op = match segments.as_slice() {
            [package, FEED] if !package.is_empty() => Self::Feed(Box::new(Feed::read(package, head))),
            file => Self::File(ReleaseFile::read(file)?),
        };
        if head.is_read() { Ok(op) } else { Err(BadPath::Method) }
    }

    /// The package that is asked about.
    pub fn package(&self) -> &str {
        match self {
            Self::Feed(feed) => &feed.package,
            Self::File(file) => &file.package,
        }
    }
}

impl Feed {
    fn read(package: &str, head: &Head<'_>) -> Self {
        Self { package: package.to_owned(), asked: Asked::read(Query(head.query)) }
    }
}

impl Asked {
    fn read(query: Query<'_>) -> Result<Self, BadFeed> {
        let given = |name| query.first(name).filter(|value| !value.is_empty());
        let unknown = |text: Cow<'_, str>| BadFeed::Target(text.into_owned());
        let system = |text: Cow<'_, str>| System::named(&text).ok_or_else(|| unknown(text));
        let arch = |text: Cow<'_, str>| Spelled::arch(&text).ok_or_else(|| unknown(text));
        Ok(Self {
            poll: Poll::read(given("version").as_deref(), query).map_err(BadFeed::Poll)?,
            system: given("platform").or_else(|| given("os")).map(system).transpose()?,
            arch: given("arch").map(arch).transpose()?,
        })
    }
}

impl System {
    /// Both, in the order of a feed: Sparkle passes over what is for Windows, and WinSparkle looks for it.
    pub const ALL: [Self; 2] = [Self::Mac, Self::Windows];

    fn named(name: &str) -> Option<Self> {
        let key = Spelled::platform(name)?.key;
        Self::ALL.into_iter().find(|system| system.key() == key)
    }

    /// Our name for it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mac => "darwin",
            Self::Windows => "windows",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};
    use proptest::prelude::*;

    use super::*;

    fn parse_as(method: &Method, path: &str, query: &str) -> Result<Op, BadPath> {
        Op::parse(&Head { method, path, query, headers: &HeaderMap::new() })
    }

    fn asked(query: &str) -> Result<Asked, BadFeed> {
        match parse_as(&Method::GET, "/app/appcast.xml", query) {
            Ok(Op::Feed(feed)) => feed.asked,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn feeds_and_files() {
        for path in ["/Acme%20App/appcast.xml", "/Acme%20App/1.0.0/App.zip"] {
            assert_eq!(parse_as(&Method::GET, path, "").unwrap().package(), "Acme App");
            assert_eq!(parse_as(&Method::POST, path, ""), Err(BadPath::Method));
        }
        let Op::File(file) = parse_as(&Method::HEAD, "/app/1.0.0%2B7/dir/A%2FB.zip", "").unwrap() else {
            panic!("a file");
        };
        assert_eq!((file.version.as_str(), file.filename.as_str()), ("1.0.0+7", "dir/A/B.zip"));
        for path in ["/", "/app", "/app/feed.xml", "//appcast.xml", "/app/1.0.0/"] {
            assert_eq!(parse_as(&Method::GET, path, ""), Err(BadPath::Unknown), "{path}");
        }
        assert!(matches!(parse_as(&Method::GET, "/app/1.0.0/%2e%2e/x", ""), Err(BadPath::Malformed(_))));
    }

    #[test]
    fn parameters_are_read_by_every_spelling() {
        let all = asked("version=1.2.0&channel=beta&platform=macOS&arch=arm64&constraint=1.2").unwrap();
        assert_eq!(all.poll.current.unwrap().verbatim(), "1.2.0");
        assert_eq!((all.system, all.arch.unwrap().key), (Some(System::Mac), "aarch64"));
        assert_eq!(asked("os=win32").unwrap().system, Some(System::Windows));
        let none = asked("version=&channel=&platform=&arch=&other=1").unwrap();
        assert_eq!(none, Asked { poll: Poll::default(), system: None, arch: None });
        assert_eq!(asked("platform=linux"), Err(BadFeed::Target("linux".to_owned())));
        assert_eq!(asked("arch=z80"), Err(BadFeed::Target("z80".to_owned())));
        assert!(matches!(asked("version=one"), Err(BadFeed::Poll(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn the_address_of_a_file_reads_back(path in "(/([a-zA-Z0-9._+-]{1,6}|%2[fF]|%25|\\PC{0,4})){0,6}/?") {
            if let Ok(Op::File(file)) = parse_as(&Method::GET, &path, "") {
                prop_assert_eq!(parse_as(&Method::GET, &file.path(), ""), Ok(Op::File(file)));
            }
        }
    }
}
