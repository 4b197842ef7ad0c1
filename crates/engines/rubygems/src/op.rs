//! The grammar of the registry's URLs (`distribution.md` §9.5).

use http::Method;
use keyway_engine::{Accept, BadPath, Head, decode_segment};

use crate::name::{FullName, GemName};
use crate::specs::Which;

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// `GET /`: is anybody there?
    Root,
    /// `GET /names`.
    Names,
    /// `GET /versions`.
    Versions,
    /// `GET /info/{gem}`.
    Info {
        /// The gem.
        name: GemName,
    },
    /// `GET /specs.4.8.gz` and its siblings.
    Specs(Which),
    /// `GET /quick/Marshal.4.8/{full name}.gemspec.rz`.
    Quick {
        /// The gem.
        full: FullName,
    },
    /// `GET /gems/{full name}.gem`.
    Gem {
        /// The gem.
        full: FullName,
    },
    /// `POST /api/v1/gems`: `gem push`.
    Push,
    /// `DELETE /api/v1/gems/yank`: `gem yank`.
    Yank,
    /// A text for a client that does not take texts.
    NotAcceptable,
}

/// The text about `gem signin`.
const SIGN_IN: &str = "there is nothing to sign in to: put the token of a product or an environment into the \
     environment variable GEM_HOST_API_KEY";

const SPECS: [(&str, Which); 3] = [
    ("specs.4.8.gz", Which::Released),
    ("latest_specs.4.8.gz", Which::Latest),
    ("prerelease_specs.4.8.gz", Which::Prereleases),
];

impl Op {
    /// Parses a request head. Slashes too many are forgiven: clients glue paths to whatever source they were given.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let segments = head.segments().map(decode_segment).collect::<Result<Vec<_>, _>>()?;
        let segments: Vec<&str> =
            segments.iter().map(AsRef::as_ref).filter(|text: &&str| !text.is_empty()).collect();
        match (segments.as_slice(), head.method) {
            (["api", "v1", "gems"], &Method::POST) => return Ok(Self::Push),
            (["api", "v1", "gems", "yank"], &Method::DELETE) => return Ok(Self::Yank),
            (["api", "v1", "api_key"], _) => return Err(BadPath::Malformed(SIGN_IN.to_owned())),
            _ if !head.is_read() => return Err(BadPath::Method),
            _ => {}
        }
        let full = |file: &str, ending: &str| {
            file.strip_suffix(ending).and_then(FullName::parse).ok_or(BadPath::Unknown)
        };
        match segments.as_slice() {
            [] => Ok(Self::Root),
            ["names"] => Ok(text(head, Self::Names)),
            ["versions"] => Ok(text(head, Self::Versions)),
            ["info", name] => {
                let name = GemName::parse(name).map_err(|_| BadPath::Unknown)?;
                Ok(text(head, Self::Info { name }))
            }
            ["quick", "Marshal.4.8", file] => Ok(Self::Quick { full: full(file, ".gemspec.rz")? }),
            ["gems", file] => Ok(Self::Gem { full: full(file, ".gem")? }),
            [file] => {
                let known = SPECS.iter().find(|(name, _)| name == file);
                known.map(|(_, which)| Self::Specs(*which)).ok_or(BadPath::Unknown)
            }
            _ => Err(BadPath::Unknown),
        }
    }

    /// The operation's canonical path below the engine's root. Parsing it (with a fitting `Accept`) gives the
    /// operation back.
    pub fn path(&self) -> String {
        match self {
            Self::Root | Self::NotAcceptable => "/".to_owned(),
            Self::Names => "/names".to_owned(),
            Self::Versions => "/versions".to_owned(),
            Self::Info { name } => format!("/info/{}", name.as_str()),
            Self::Specs(which) => {
                let known = SPECS.iter().find(|(_, of)| of == which);
                format!("/{}", known.map_or("", |(name, _)| name))
            }
            Self::Quick { full } => format!("/quick/Marshal.4.8/{}.gemspec.rz", full.as_str()),
            Self::Gem { full } => format!("/gems/{}.gem", full.as_str()),
            Self::Push => "/api/v1/gems".to_owned(),
            Self::Yank => "/api/v1/gems/yank".to_owned(),
        }
    }
}

fn text(head: &Head<'_>, op: Op) -> Op {
    if Accept::of(head).weigh("text/plain").is_some() { op } else { Op::NotAcceptable }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::ACCEPT;

    use super::*;

    fn parse(method: &Method, path: &str, accept: &str) -> Result<Op, BadPath> {
        let headers: HeaderMap = [(ACCEPT, accept.parse().unwrap())].into_iter().collect();
        Op::parse(&Head { method, path, query: "", headers: &headers })
    }

    #[test]
    fn every_path_is_read_and_written() {
        let (gem, full) =
            (GemName::parse("acme.widget").unwrap(), FullName::parse("acme.widget-1.0-java").unwrap());
        for (path, op) in [
            ("/", Op::Root),
            ("/names", Op::Names),
            ("/versions", Op::Versions),
            ("/info/acme.widget", Op::Info { name: gem }),
            ("/specs.4.8.gz", Op::Specs(Which::Released)),
            ("/latest_specs.4.8.gz", Op::Specs(Which::Latest)),
            ("/prerelease_specs.4.8.gz", Op::Specs(Which::Prereleases)),
            ("/quick/Marshal.4.8/acme.widget-1.0-java.gemspec.rz", Op::Quick { full: full.clone() }),
            ("/gems/acme.widget-1.0-java.gem", Op::Gem { full }),
        ] {
            assert_eq!(parse(&Method::GET, path, "*/*"), Ok(op.clone()), "{path}");
            assert_eq!(parse(&Method::HEAD, path, "*/*"), Ok(op.clone()), "{path}");
            assert_eq!(op.path(), path);
        }
        assert_eq!(
            parse(&Method::GET, "//gems//acme%2ewidget-1.0.gem", "*/*").unwrap().path(),
            "/gems/acme.widget-1.0.gem"
        );
    }

    #[test]
    fn everything_else_is_outside_the_grammar() {
        for path in [
            "/specs.4.8",
            "/info",
            "/info/",
            "/info/a%2fb",
            "/info/1",
            "/gems/widget.gem",
            "/gems/widget-1.0.tgz",
            "/gems/../x-1.0.gem",
            "/quick/widget-1.0.gemspec.rz",
            "/quick/Marshal.4.9/widget-1.0.gemspec.rz",
            "/api/v1/dependencies",
            "/versions/x",
        ] {
            assert_eq!(parse(&Method::GET, path, "*/*"), Err(BadPath::Unknown), "{path}");
        }
        for (method, path) in
            [(Method::POST, "/versions"), (Method::DELETE, "/api/v1/gems"), (Method::PUT, "/gems/x-1.gem")]
        {
            assert_eq!(parse(&method, path, "*/*"), Err(BadPath::Method), "{method} {path}");
        }
        assert_eq!(parse(&Method::GET, "/api/v1/gems", "*/*"), Err(BadPath::Unknown));
        let sign_in = parse(&Method::POST, "/api/v1/api_key", "*/*");
        assert!(matches!(sign_in, Err(BadPath::Malformed(text)) if text.contains("GEM_HOST_API_KEY")));
    }

    #[test]
    fn publishing_has_methods_of_its_own() {
        assert_eq!(parse(&Method::POST, "/api/v1/gems", "*/*"), Ok(Op::Push));
        assert_eq!(parse(&Method::DELETE, "/api/v1/gems/yank", "application/json"), Ok(Op::Yank));
        assert_eq!(
            (Op::Push.path().as_str(), Op::Yank.path().as_str()),
            ("/api/v1/gems", "/api/v1/gems/yank")
        );
    }

    #[test]
    fn texts_are_for_those_who_take_texts() {
        for (path, accept, refused) in [
            ("/versions", "text/plain", false),
            ("/versions", "text/*;q=0.1", false),
            ("/names", "application/json", true),
            ("/info/widget", "application/octet-stream", true),
            ("/specs.4.8.gz", "application/json", false),
            ("/gems/widget-1.0.gem", "text/html", false),
        ] {
            let op = parse(&Method::GET, path, accept).unwrap();
            assert_eq!(op == Op::NotAcceptable, refused, "{path} {accept}");
        }
    }
}
