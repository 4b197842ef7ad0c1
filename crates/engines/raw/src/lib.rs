//! The raw engine: plain files of releases under readable addresses, for installers, browsers, curl and
//! scripts (`distribution.md` §9.1, DESIGN §9).
//!
//! It serves the bytes itself instead of sending the client elsewhere, so that a credential in the query does
//! not travel. It deliberately knows neither who asks nor where bytes lie, and looks into no file.

mod choice;
mod path;
mod refusal;

use keyway_engine::{
    Access, BadPath, Challenge, Context, Denial, Descriptor, Engine, FileReply, Head, Need, Outcome, Plain,
    Reply, Site, View, plain_key,
};
use keyway_versions::Scheme;

pub use path::Op;

/// The raw engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "raw",
    name: "Raw",
    scheme: Scheme::Semver,
    challenge: Challenge::Basic,
    http2: true,
    normalise: plain_key,
    ingests: &[],
    body_limit: 0,
    redirects: true,
    registry: false,
    updates: false,
    newest_tag: None,
    setup: "curl --fail-with-body -LO --user \"license:{key}\" \"{base}/PRODUCT/latest/FILE\"",
};

impl Engine for RawEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        Need::Product { product: &op.product, package: op.package.as_deref() }
    }

    fn reply(&self, op: &Op, _context: &Context<'_>, access: &Access<'_>) -> Reply {
        match access {
            Access::Package(view) => file(op, view).unwrap_or_else(Reply::from),
            _ => absent(op).into(),
        }
    }

    fn refuse(&self, _op: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        refusal::denied(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        refusal::bad_path(error)
    }

    fn render(&self, op: &Op, _context: &Context<'_>, _outcome: &Outcome) -> Reply {
        absent(op).into()
    }
}

fn file(op: &Op, view: &View<'_>) -> Result<Reply, Plain> {
    let index = choice::release(view, &op.release)?;
    let release =
        view.package.releases.get(index).ok_or_else(|| refusal::not_found("release", &op.release))?;
    let (artifact, _) = choice::artifact(release, &op.artifact)
        .ok_or_else(|| refusal::not_found("artifact", &op.artifact))?;
    Ok(Reply::File(FileReply { release: index, artifact, media_type: None, attachment: true }))
}

fn absent(op: &Op) -> Plain {
    match &op.package {
        Some(package) => refusal::not_found("package", package),
        None => refusal::not_found("product", &op.product),
    }
}
