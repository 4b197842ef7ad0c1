//! The grammar: `/{package}/{channel}[-mac|-linux[-arch]].yml` for feeds, `/{package}[/{version}]/{file}` for what
//! they name, and the same below `/-/products/{product}` for releases that are in no package.

use keyway_engine::{
    BadPath, BadPoll, Head, Poll, Query, ReleaseFile, Spelled, decode_segment, encoded_segment,
};
use keyway_versions::Scheme;

use crate::Target;

/// The first segment of addresses below a product.
pub(crate) const PRODUCTS: &str = "-";

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// An updater's poll.
    Feed(Box<Feed>),
    /// A file that a feed names.
    File {
        /// Where its release is.
        home: Home,
        /// The file below a version, if the first part of the address is one.
        below: Option<ReleaseFile>,
        /// The parts of the address below its home, decoded, with `/` between them; none is empty.
        name: String,
    },
}

/// Where releases are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// In a package of this engine, by its key.
    Package(String),
    /// In a product: those of one of its packages, or those in none.
    Product {
        /// The product's id or code.
        product: String,
        /// The package's id or key.
        package: Option<String>,
    },
}

/// An updater's poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Where releases are looked for.
    pub home: Home,
    /// The name of the file that is asked for (`latest-mac.yml`).
    pub name: String,
    /// The channel that it is of.
    pub channel: Channel,
    /// For what it is; none if the name speaks of an arch that there is not.
    pub target: Option<Target>,
    /// The arch that the app put behind the feed's address: the client itself does not say it for Windows and macOS.
    pub arch: Option<&'static Spelled>,
    /// What else the client says. It does not say which version runs.
    pub poll: Result<Poll, BadPoll>,
}

/// The channel of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// One that releases are in; `latest` is the stable one.
    Ours(keyway_versions::Channel),
    /// A name of the vendor's own: only a file of this name can answer it.
    Named(String),
}

impl Channel {
    /// Reads a feed's name without ending and target.
    pub(crate) fn of(name: &str) -> Self {
        match (name, name.parse()) {
            ("latest", _) => Self::Ours(keyway_versions::Channel::Stable),
            (_, Ok(channel)) => Self::Ours(channel),
            (_, Err(_)) => Self::Named(name.to_owned()),
        }
    }
}

impl Op {
    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let segments = head.segments().map(decode_segment).collect::<Result<Vec<_>, _>>()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let (home, below) = match segments.as_slice() {
            [PRODUCTS, "products", product, below @ ..] => {
                let package = Query(head.query).first("package").filter(|package| !package.is_empty());
                let package = package.map(std::borrow::Cow::into_owned);
                (Home::Product { product: (*product).to_owned(), package }, below)
            }
            [PRODUCTS, ..] => return Err(BadPath::Unknown),
            [package, below @ ..] => (Home::Package((*package).to_owned()), below),
            [] => return Err(BadPath::Unknown),
        };
        let name = below.join("/");
        let parts: Vec<&str> = name.split('/').collect();
        if parts.contains(&"") || home.name().is_empty() {
            return Err(BadPath::Unknown);
        }
        if parts.iter().any(|part| matches!(*part, "." | "..")) {
            return Err(BadPath::Malformed("a file name has no `.` or `..` parts".to_owned()));
        }
        if !head.is_read() {
            return Err(BadPath::Method);
        }
        match parts.as_slice() {
            [name] if stem(name).is_some() => Ok(Self::Feed(Box::new(Feed::of(home, name, head)))),
            _ => Ok(Self::file(home, &parts)),
        }
    }

    fn file(home: Home, parts: &[&str]) -> Self {
        let below = match parts {
            [version, rest @ ..] if !rest.is_empty() => {
                let is_version = keyway_versions::parse(Scheme::Semver, version).is_ok();
                is_version.then(|| ReleaseFile {
                    package: home.name().to_owned(),
                    version: (*version).to_owned(),
                    filename: rest.join("/"),
                })
            }
            _ => None,
        };
        Self::File { home, below, name: parts.join("/") }
    }

    /// Where releases are looked for.
    pub fn home(&self) -> &Home {
        match self {
            Self::Feed(feed) => &feed.home,
            Self::File { home, .. } => home,
        }
    }

    /// The canonical path below the engine's root. Parsing it gives the same operation back.
    pub fn path(&self) -> String {
        let name = match self {
            Self::Feed(feed) => &feed.name,
            Self::File { name, .. } => name,
        };
        match self.home() {
            Home::Package(key) => format!("/{}/{}", encoded(key), address(name)),
            Home::Product { product, .. } => below_product(product, name),
        }
    }
}

/// The path below the engine's root of what a product's releases have.
pub(crate) fn below_product(product: &str, name: &str) -> String {
    format!("/{PRODUCTS}/products/{}/{}", encoded(product), address(name))
}

impl Home {
    /// The package's key, or the product's id or code.
    fn name(&self) -> &str {
        match self {
            Self::Package(name) | Self::Product { product: name, .. } => name,
        }
    }
}

impl Feed {
    fn of(home: Home, name: &str, head: &Head<'_>) -> Self {
        let (channel, target) = Target::split(stem(name).unwrap_or(name));
        let channel = Channel::of(channel);
        let poll = Poll::read(None, Query(head.query)).map(|poll| match channel {
            Channel::Ours(ours) => Poll { channel: Some(ours), ..poll },
            Channel::Named(_) => poll,
        });
        let arch = Query(head.query).first("arch").and_then(|arch| Spelled::arch(&arch));
        Self { home, name: name.to_owned(), channel, target, arch, poll }
    }
}

/// What a feed's name says: all before its ending.
pub(crate) fn stem(name: &str) -> Option<&str> {
    name.strip_suffix(".yml").filter(|stem| !stem.is_empty())
}

/// A name as a segment of an address. A `+` stays: updaters look for versions in addresses as they are.
fn encoded(name: &str) -> String {
    encoded_segment(name).replace("%2B", "+")
}

/// A name as the end of an address: what is between its slashes is encoded.
pub(crate) fn address(name: &str) -> String {
    let parts: Vec<String> = name.split('/').map(encoded).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests;
