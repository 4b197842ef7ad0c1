//! The grammar: `/{product}[/@{package}]/{release}/{artifact…}` (`distribution.md` §9.1).

use keyway_engine::{BadPath, Head, decode_segment, encoded_segment};

/// A parsed request for a file. Every part is decoded and none is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The product's id or code.
    pub product: String,
    /// The package's id or key; `None` asks for a release without a package.
    pub package: Option<String>,
    /// A release's id, version or tag, `latest`, or a channel.
    pub release: String,
    /// An artifact's id or its file name, which may contain `/`.
    pub artifact: String,
}

impl Op {
    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let segments = head.segments().map(decode_segment).collect::<Result<Vec<_>, _>>()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let (product, package, release, artifact) = match segments.as_slice() {
            [product, package, rest @ ..] if package.starts_with('@') => match rest {
                [release, artifact @ ..] => (product, package.strip_prefix('@'), release, artifact),
                [] => return Err(BadPath::Unknown),
            },
            [product, release, artifact @ ..] => (product, None, release, artifact),
            _ => return Err(BadPath::Unknown),
        };
        let artifact = artifact.join("/");
        if [product, release, package.unwrap_or("-"), artifact.as_str()].iter().any(|part| part.is_empty()) {
            return Err(BadPath::Unknown);
        }
        if artifact.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(BadPath::Malformed("a file name has no empty, `.` or `..` parts".to_owned()));
        }
        if !head.is_read() {
            return Err(BadPath::Method);
        }
        Ok(Self {
            product: (*product).to_owned(),
            package: package.map(str::to_owned),
            release: (*release).to_owned(),
            artifact,
        })
    }

    /// The canonical path below the engine's root. Parsing it gives the operation back.
    pub fn path(&self) -> String {
        let package =
            self.package.as_deref().map(|key| format!("/@{}", encoded_segment(key))).unwrap_or_default();
        let artifact: Vec<_> = self.artifact.split('/').map(encoded_segment).collect();
        format!(
            "/{}{package}/{}/{}",
            encoded_segment(&self.product),
            encoded_segment(&self.release),
            artifact.join("/")
        )
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};
    use proptest::prelude::*;

    use super::*;

    fn parse_as(method: &Method, path: &str) -> Result<Op, BadPath> {
        Op::parse(&Head { method, path, query: "", headers: &HeaderMap::new() })
    }

    fn op(product: &str, package: Option<&str>, release: &str, artifact: &str) -> Op {
        let own = str::to_owned;
        Op {
            product: own(product),
            package: package.map(own),
            release: own(release),
            artifact: own(artifact),
        }
    }

    #[test]
    fn reads_every_form() {
        for (path, expected) in [
            ("/acme/1.0.0/setup.exe", op("acme", None, "1.0.0", "setup.exe")),
            ("/acme/latest/linux/amd64/acme.deb", op("acme", None, "latest", "linux/amd64/acme.deb")),
            ("/acme/1.0.0%2Bb/a%20b.zip", op("acme", None, "1.0.0+b", "a b.zip")),
            ("/acme/1.0.0+b/dir%2Ffile", op("acme", None, "1.0.0+b", "dir/file")),
            ("/acme/@desktop/beta/setup.exe", op("acme", Some("desktop"), "beta", "setup.exe")),
            ("/acme/%40desktop/beta/setup.exe", op("acme", Some("desktop"), "beta", "setup.exe")),
            ("/acme/@@acme%2Fwidget/1.0.0/w.tgz", op("acme", Some("@acme/widget"), "1.0.0", "w.tgz")),
            ("/acme/@%40acme%2fwidget/1.0.0/w.tgz", op("acme", Some("@acme/widget"), "1.0.0", "w.tgz")),
        ] {
            assert_eq!(parse_as(&Method::GET, path), Ok(expected.clone()), "{path}");
            assert_eq!(parse_as(&Method::HEAD, path), Ok(expected), "{path}");
        }
    }

    #[test]
    fn other_paths_are_unknown_or_malformed() {
        for path in [
            "/",
            "/acme",
            "/acme/1.0.0",
            "/acme/1.0.0/",
            "//1.0.0/x",
            "/acme//x",
            "/acme/@p/1.0.0",
            "/acme/@/1.0.0/x",
            "/acme/@p",
            "/acme/@p/1.0.0/",
        ] {
            assert_eq!(parse_as(&Method::GET, path), Err(BadPath::Unknown), "{path}");
        }
        for path in [
            "/acme/1/a//b",
            "/acme/1/../b",
            "/acme/1/a%2F..%2Fb",
            "/acme/1/a/",
            "/acme/1/%2Fa",
            "/acme/1/a%00",
            "/acme/1/%ff",
        ] {
            assert!(matches!(parse_as(&Method::GET, path), Err(BadPath::Malformed(_))), "{path}");
        }
        assert_eq!(parse_as(&Method::PUT, "/acme/1.0.0/x"), Err(BadPath::Method));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_accepted_round_trips(path in "(/(@|%40)?([a-zA-Z0-9._+-]{1,6}|%2[fF]|%25|\\PC{0,4})){0,6}/?") {
            if let Ok(op) = parse_as(&Method::GET, &path) {
                prop_assert_eq!(parse_as(&Method::GET, &op.path()), Ok(op));
            }
        }
    }
}
