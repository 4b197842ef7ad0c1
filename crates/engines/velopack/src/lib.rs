//! The Velopack engine: the feed of a channel with full and delta packages, for apps that Velopack updates
//! (`updaters.md` §3).
//!
//! It deliberately knows neither who asks nor where bytes lie, and chooses no release by itself.

mod client_channel;
mod feed;
mod op;

use keyway_engine::{
    Access, BadPath, Challenge, Context, Denial, Descriptor, Engine, Head, Ingested, Need, Outcome, Plain,
    Reject, Reply, Site, Upload, View, base_name, plain_key,
};
use keyway_versions::Scheme;

pub use client_channel::ClientChannel;
pub use op::{Asked, Op, What};

/// The Velopack engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct VelopackEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "velopack",
    name: "Velopack",
    scheme: Scheme::Semver,
    challenge: Challenge::Basic,
    http2: true,
    normalise: plain_key,
    ingests: &[".nupkg"],
    body_limit: 0,
    newest_tag: None,
    redirects: true,
    registry: false,
    updates: true,
    setup: "curl --fail-with-body --user \"license:{key}\" \"{base}/PACKAGE/releases.win.json\"",
};

const USAGE: &str =
    "there are feeds at /{package}/releases.{channel}.json and files at /{package}/{file} here";

impl Engine for VelopackEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        Need::Package { key: &op.package }
    }

    fn is_poll(&self, op: &Op) -> bool {
        matches!(op.what, What::Feed(_))
    }

    fn reply(&self, op: &Op, _context: &Context<'_>, access: &Access<'_>) -> Reply {
        match (access, &op.what) {
            (Access::Package(view), What::Feed(asked)) => feed::reply(view, asked).into(),
            (Access::Package(view), What::File { name }) => file(view, name),
            _ => Plain::not_found("package", &op.package).into(),
        }
    }

    fn refuse(&self, _op: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        Plain::refused(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        Plain::bad_path(error, USAGE)
    }

    fn render(&self, op: &Op, _context: &Context<'_>, _outcome: &Outcome) -> Reply {
        Plain::not_found("package", &op.package).into()
    }

    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        keyway_nupkg::ingest(upload)
    }
}

/// The client asks for a file by the name that it keeps it under, which its version is part of.
fn file(view: &View<'_>, name: &str) -> Reply {
    match view.newest_file(|_, file| base_name(&file.filename) == name) {
        Ok(file) => Reply::File(file),
        Err(Some(denial)) => Plain::refused(&denial).into(),
        Err(None) => Plain::not_found("file", name).into(),
    }
}
