//! The engine of release manifests, as the `self_update` crate reads them: for command-line tools that replace
//! themselves (`updaters.md` §3).
//!
//! It deliberately knows neither who asks nor where bytes lie, and chooses no release by itself.

mod manifest;
mod op;
mod target;

use keyway_engine::{
    Access, BadPath, Challenge, Context, Denial, Descriptor, Engine, Head, Need, Outcome, Plain, Reply, Site,
    plain_key,
};
use keyway_versions::Scheme;

pub use op::{Asked, Op, What};

/// The engine of release manifests.
#[derive(Debug, Clone, Copy, Default)]
pub struct SelfUpdateEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "self-update",
    name: "self_update",
    scheme: Scheme::Semver,
    challenge: Challenge::Basic,
    http2: true,
    normalise: plain_key,
    ingests: &[],
    body_limit: 0,
    newest_tag: None,
    redirects: true,
    registry: false,
    updates: true,
    setup: "curl --fail-with-body --user \"license:{key}\" \"{base}/PACKAGE/manifest.json\"",
};

const USAGE: &str =
    "there are manifests at /{package}/manifest.json and files at /{package}/{version}/{file} here";

impl Engine for SelfUpdateEngine {
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
        matches!(op.what, What::Manifest(_))
    }

    fn reply(&self, op: &Op, _context: &Context<'_>, access: &Access<'_>) -> Reply {
        let Access::Package(view) = access else { return Plain::not_found("package", &op.package).into() };
        match &op.what {
            What::Manifest(asked) => manifest::reply(view, asked).into(),
            What::File(file) => match file.find(view) {
                Ok(found) => Reply::File(found),
                Err(Some(denial)) => Plain::refused(&denial).into(),
                Err(None) => Plain::not_found("file", &file.filename).into(),
            },
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
}
