//! The grammar: `/{package}/latest-{arch}.AppImage[.zsync][?channel=&constraint=]`, `/{package}/{version}/{file}[.zsync]`
//! and `/{package}/{file}[.zsync]`.

use keyway_engine::{BadPath, BadPoll, Head, Poll, Query, ReleaseFile, Spelled, decode_segment};

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The package's key.
    pub package: String,
    /// Which file is meant.
    pub wanted: Wanted,
    /// The file itself or its control file.
    pub part: Part,
}

/// How a file is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The image for an arch of the release that the caller is led to.
    Latest(Box<Latest>),
    /// A file of a release.
    Release(ReleaseFile),
    /// A file of the newest release that has one of this name and that the caller is led to.
    Named(String),
}

/// What an installation asks for under a stable name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// The arch.
    pub arch: &'static Spelled,
    /// What it would take, or why that cannot be understood. What it runs is known by its blocks.
    pub poll: Result<Poll, BadPoll>,
}

/// The file itself or its control file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The bytes.
    File,
    /// What they consist of.
    Control,
}

impl Op {
    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let segments = head.segments().map(decode_segment).collect::<Result<Vec<_>, _>>()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let (name, folders) = segments.split_last().ok_or(BadPath::Unknown)?;
        let (name, part) = match name.strip_suffix(".zsync") {
            Some(name) => (name, Part::Control),
            None => (*name, Part::File),
        };
        let (package, wanted) = match folders {
            [package] if !package.is_empty() && !name.is_empty() => (*package, Wanted::named(name, head)),
            [package, ..] => {
                let segments = [folders, &[name]].concat();
                (*package, Wanted::Release(ReleaseFile::read(&segments)?))
            }
            [] => return Err(BadPath::Unknown),
        };
        if !head.is_read() {
            return Err(BadPath::Method);
        }
        Ok(Self { package: package.to_owned(), wanted, part })
    }
}

impl Wanted {
    fn named(name: &str, head: &Head<'_>) -> Self {
        match arch_of_latest(name) {
            Some(arch) => Self::Latest(Box::new(Latest { arch, poll: Poll::read(None, Query(head.query)) })),
            None => Self::Named(name.to_owned()),
        }
    }
}

/// The arch in `latest-{arch}.AppImage`.
fn arch_of_latest(name: &str) -> Option<&'static Spelled> {
    Spelled::arch(name.strip_prefix("latest-")?.strip_suffix(".AppImage")?)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};
    use proptest::prelude::*;

    use super::*;

    fn parse_as(method: &Method, path: &str, query: &str) -> Result<Op, BadPath> {
        Op::parse(&Head { method, path, query, headers: &HeaderMap::new() })
    }

    fn parse(path: &str) -> Op {
        parse_as(&Method::GET, path, "").unwrap()
    }

    #[test]
    fn stable_names_say_the_arch() {
        for (path, key, part) in [
            ("/app/latest-x86_64.AppImage", "x86_64", Part::File),
            ("/app/latest-amd64.AppImage.zsync", "x86_64", Part::Control),
            ("/app/latest-arm64.AppImage.zsync", "aarch64", Part::Control),
        ] {
            let op = parse(path);
            let Wanted::Latest(latest) = op.wanted else { panic!("{path}") };
            assert_eq!((latest.arch.key, op.part), (key, part), "{path}");
        }
        let op = parse_as(&Method::GET, "/app/latest-arm64.AppImage.zsync", "channel=beta").unwrap();
        let Wanted::Latest(latest) = op.wanted else { panic!("a stable name") };
        assert_eq!(latest.poll.unwrap().channel, Some(keyway_versions::Channel::Beta));
    }

    #[test]
    fn other_files_are_of_a_release_or_of_the_newest_with_the_name() {
        let op = parse("/Acme%20App/1.0.0/App%2B-x86_64.AppImage.zsync");
        let Wanted::Release(file) = &op.wanted else { panic!("a file of a release") };
        assert_eq!((op.package.as_str(), op.part), ("Acme App", Part::Control));
        assert_eq!((file.version.as_str(), file.filename.as_str()), ("1.0.0", "App+-x86_64.AppImage"));
        for name in ["App.AppImage", "latest-z80.AppImage"] {
            let named = Wanted::Named(name.to_owned());
            assert_eq!(parse(&format!("/app/{name}")).wanted, named);
        }
        for path in ["/", "/app", "/app/", "/app/.zsync", "//App.AppImage", "/app//x", "/app/1.0.0/"] {
            assert_eq!(parse_as(&Method::GET, path, ""), Err(BadPath::Unknown), "{path}");
        }
        assert_eq!(parse_as(&Method::PUT, "/app/App.AppImage", ""), Err(BadPath::Method));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_path_panics(path in "(/([a-zA-Z0-9._+-]{1,6}|latest-|%2[fF]|\\.zsync|\\.AppImage|\\PC{0,4})){0,6}/?") {
            if let Ok(op) = parse_as(&Method::GET, &path, "") {
                prop_assert!(!op.package.is_empty());
            }
        }
    }
}
