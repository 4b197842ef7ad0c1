//! The grammar: `/{package}/manifest.json` and `/{package}/{version}/{file}`.

use keyway_engine::{BadPath, BadPoll, Head, Poll, Query, ReleaseFile, decode_segment};

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
    /// The manifest.
    Manifest(Box<Asked>),
    /// A file of a release.
    File(ReleaseFile),
}

/// What a client says as it asks for a manifest; all of it is the app's own addition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The target triple that assets are picked by, so that releases without one for it are left out.
    pub target: Option<String>,
    /// What the client would take. It compares what it runs by itself.
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
        let (package, what) = match segments.as_slice() {
            [package, "manifest.json"] if !package.is_empty() => {
                (package, What::Manifest(Box::new(asked(head))))
            }
            [package, ..] => (package, What::File(ReleaseFile::read(&segments)?)),
            [] => return Err(BadPath::Unknown),
        };
        if !head.is_read() {
            return Err(BadPath::Method);
        }
        Ok(Self { package: (*package).to_owned(), what })
    }
}

fn asked(head: &Head<'_>) -> Asked {
    let query = Query(head.query);
    let target = query.first("target").filter(|target| !target.is_empty());
    Asked { target: target.map(std::borrow::Cow::into_owned), poll: Poll::read(None, query) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn parse(method: &Method, path: &str, query: &str) -> Result<Op, BadPath> {
        Op::parse(&Head { method, path, query, headers: &HeaderMap::new() })
    }

    #[test]
    fn a_manifest_may_be_for_a_channel_and_a_target() {
        let op = parse(&Method::GET, "/my%20tool/manifest.json", "channel=beta&target=x86_64-apple-darwin")
            .unwrap();
        assert_eq!(op.package, "my tool");
        let What::Manifest(asked) = op.what else { panic!("no manifest") };
        assert_eq!(asked.target.as_deref(), Some("x86_64-apple-darwin"));
        assert_eq!(asked.poll.unwrap().channel, Some(keyway_versions::Channel::Beta));
    }

    #[test]
    fn a_file_is_below_its_version() {
        let op = parse(&Method::HEAD, "/tool/1.0.0+7/dir/tool.tar.gz", "").unwrap();
        let file = |version: &str, filename: &str| ReleaseFile {
            package: "tool".to_owned(),
            version: version.to_owned(),
            filename: filename.to_owned(),
        };
        assert_eq!(op.what, What::File(file("1.0.0+7", "dir/tool.tar.gz")));
        let op = parse(&Method::GET, "/tool/1.0.0/manifest.json", "").unwrap();
        assert_eq!(op.what, What::File(file("1.0.0", "manifest.json")));
        for path in ["/", "/tool", "/tool/", "//manifest.json", "/tool/1.0.0", "/tool/1.0.0/"] {
            assert_eq!(parse(&Method::GET, path, ""), Err(BadPath::Unknown), "{path}");
        }
        assert_eq!(parse(&Method::POST, "/tool/manifest.json", ""), Err(BadPath::Method));
    }
}
