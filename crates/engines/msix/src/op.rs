//! The grammar: `/{package}/{name}.appinstaller[?arch=&channel=&constraint=]` and `/{package}/{version}/{file}`.

use keyway_engine::{
    BadPath, BadPoll, Head, Poll, Query, ReleaseFile, Spelled, decode_segment, encoded, encoded_segment,
};

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// An App Installer file.
    Feed(Box<Feed>),
    /// A file of a release.
    File(ReleaseFile),
}

/// What an App Installer file is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The package's key.
    pub package: String,
    /// What Windows shows before it has read the file, without `.appinstaller`.
    pub name: String,
    /// What the installation would take, and for which arch: or why that cannot be understood.
    pub asked: Result<Asked, BadFeed>,
    /// The parameters that were understood, as the file names them in its own address: never a credential.
    pub parameters: String,
}

/// A feed's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What it would take. Windows does not say what it runs.
    pub poll: Poll,
    /// Which arch it is for.
    pub arch: Option<&'static Spelled>,
}

/// Parameters that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadFeed {
    /// Channel or constraint.
    Poll(BadPoll),
    /// There is no such arch.
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
            [package, file] => {
                let name = file.strip_suffix(".appinstaller").filter(|name| !name.is_empty());
                let name = name.filter(|_| !package.is_empty()).ok_or(BadPath::Unknown)?;
                Self::Feed(Box::new(Feed::read(package, name, head)))
            }
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
    fn read(package: &str, name: &str, head: &Head<'_>) -> Self {
        let query = Query(head.query);
        let kept = ["arch", "channel", "constraint"].into_iter().filter_map(|key| {
            let value = query.first(key).filter(|value| !value.is_empty())?;
            Some(format!("{key}={}", encoded(&value)))
        });
        let parameters: Vec<String> = kept.collect();
        Self {
            package: package.to_owned(),
            name: name.to_owned(),
            asked: Asked::read(query),
            parameters: parameters.join("&"),
        }
    }

    /// The address under which Windows asks for it again.
    pub fn url(&self, base: &str) -> String {
        let (package, name) = (encoded_segment(&self.package), encoded_segment(&self.name));
        let mark = if self.parameters.is_empty() { "" } else { "?" };
        format!("{base}/{package}/{name}.appinstaller{mark}{}", self.parameters)
    }
}

impl Asked {
    fn read(query: Query<'_>) -> Result<Self, BadFeed> {
        let arch = query.first("arch").filter(|value| !value.is_empty());
        let arch = arch.map(|text| Spelled::arch(&text).ok_or_else(|| BadFeed::Target(text.into_owned())));
        Ok(Self { poll: Poll::read(None, query).map_err(BadFeed::Poll)?, arch: arch.transpose()? })
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

    fn feed(query: &str) -> Feed {
        match parse_as(&Method::GET, "/Acme%20App/App%2B.appinstaller", query) {
            Ok(Op::Feed(feed)) => *feed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_app_installer_file_knows_its_own_address() {
        let base = "https://msix.example/k/token";
        let plain = feed("auth=license:SECRET&noise=1");
        assert_eq!(plain.url(base), "https://msix.example/k/token/Acme%20App/App%2B.appinstaller");
        let asked = feed("channel=beta&auth=license:SECRET&arch=arm64&constraint=%7E%3E+1");
        let query = "arch=arm64&channel=beta&constraint=~%3E%201";
        assert!(asked.url(base).ends_with(&format!("?{query}")), "{}", asked.url(base));
        assert_eq!(feed(query).url(base), asked.url(base));
    }

    #[test]
    fn parameters_files_and_the_rest() {
        assert_eq!(feed("arch=x64").asked.unwrap().arch.unwrap().key, "x86_64");
        assert_eq!(feed("arch=z80").asked, Err(BadFeed::Target("z80".to_owned())));
        assert!(matches!(feed("channel=x").asked, Err(BadFeed::Poll(_))));
        let op = parse_as(&Method::HEAD, "/app/1.0.0/App.msix", "").unwrap();
        assert!(matches!(&op, Op::File(file) if file.filename == "App.msix"));
        assert_eq!(op.package(), "app");
        for path in ["/", "/app", "/app/.appinstaller", "//App.appinstaller", "/app/App.msix", "/app/1.0.0/"]
        {
            assert_eq!(parse_as(&Method::GET, path, ""), Err(BadPath::Unknown), "{path}");
        }
        assert_eq!(parse_as(&Method::PUT, "/app/App.appinstaller", ""), Err(BadPath::Method));
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
