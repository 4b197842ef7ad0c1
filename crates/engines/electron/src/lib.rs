//! The Electron engine: the feeds that electron-updater reads, and the files and block maps that they name
//! (`updaters.md` §2).
//!
//! One address per channel and platform answers each caller with the newest release that it may have. A feed that
//! the vendor uploaded is handed out as it is, of the release that was decided on; else one is written from what is
//! known of the files. It deliberately knows neither who asks nor where bytes lie.

mod embedded;
mod feed;
mod file;
mod ingest;
mod op;
mod platform;
mod uploaded;
mod versioned;
mod yaml;

use keyway_engine::{
    Access, BadPath, Beside, Challenge, Context, Denial, Descriptor, Engine, Head, Ingested, KeyError, Need,
    Outcome, Plain, Reject, Reply, Site, Upload, View, plain_key,
};
use keyway_versions::Scheme;

pub use op::{Channel, Feed, Home, Op};
pub use platform::Target;
pub use yaml::quoted;

/// The Electron engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct ElectronEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "electron",
    name: "Electron",
    scheme: Scheme::Semver,
    challenge: Challenge::Basic,
    http2: true,
    normalise,
    ingests: ingest::ENDINGS,
    body_limit: 0,
    // Older updaters take the licence key along to the object store, which refuses the request for it.
    redirects: false,
    registry: false,
    updates: true,
    newest_tag: None,
    setup: "autoUpdater.setFeedURL({ provider: \"generic\", url: \"{base}/PACKAGE/\" }); autoUpdater.addAuthHeader(\"License {key}\")",
};

/// A package's key, unchanged: any but the one that stands for products.
fn normalise(key: &str) -> Result<String, KeyError> {
    if key == op::PRODUCTS {
        return Err(KeyError(format!("a package of this engine cannot be called {key}")));
    }
    plain_key(key)
}

const USAGE: &str = "feeds are at /{package}/{channel}.yml, their files beside them";

impl Engine for ElectronEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        match op.home() {
            Home::Package(key) => Need::Package { key },
            Home::Product { product, package } => Need::Product { product, package: package.as_deref() },
        }
    }

    fn is_poll(&self, op: &Op) -> bool {
        matches!(op, Op::Feed(_))
    }

    fn reply(&self, op: &Op, _context: &Context<'_>, access: &Access<'_>) -> Reply {
        match access {
            Access::Package(view) => answer(op, view),
            _ => absent(op.home()).into(),
        }
    }

    fn refuse(&self, _op: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        Plain::refused(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        Plain::bad_path(error, USAGE)
    }

    fn render(&self, op: &Op, _context: &Context<'_>, _outcome: &Outcome) -> Reply {
        absent(op.home()).into()
    }

    /// What electron-updater's provider for the JSON:API asks for: feeds, and block maps, which are readable when their
    /// release is not any more.
    fn beside_artifacts(&self, filename: &str, product: &str) -> Option<Beside> {
        let is_feed = op::stem(filename).map(Target::split).is_some_and(|(channel, target)| {
            target.is_some() && matches!(Channel::of(channel), Channel::Ours(_))
        });
        let is_wanted = is_feed || filename.to_lowercase().ends_with(".blockmap");
        is_wanted.then(|| Beside { path: op::below_product(product, filename), is_feed })
    }

    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        ingest::ingest(upload)
    }
}

fn answer(op: &Op, view: &View<'_>) -> Reply {
    match op {
        Op::Feed(feed) => feed::answer(feed, view),
        Op::File { below, name, .. } => file::answer(below.as_ref(), name, view),
    }
}

/// No such package or product.
fn absent(home: &Home) -> Plain {
    match home {
        Home::Package(key) => Plain::not_found("package", key),
        Home::Product { product, package: None } => Plain::not_found("product", product),
        Home::Product { package: Some(package), .. } => Plain::not_found("package", package),
    }
}
