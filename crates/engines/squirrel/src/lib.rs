//! The Squirrel engine: `RELEASES` for Squirrel.Windows, JSON for Squirrel.Mac, under the addresses that Electron's
//! update servers have made common (`updaters.md` §3).
//!
//! It deliberately knows neither who asks nor where bytes lie, and chooses no release by itself.

mod address;
mod mac;
mod op;
mod windows;

use keyway_engine::{
    Access, BadPath, Challenge, Context, Denial, Descriptor, Engine, Head, Ingested, KeyError, Need, Outcome,
    Plain, Reject, Reply, Site, Update, Upload, View, plain_key,
};
use keyway_versions::Scheme;

pub use address::Address;
pub use op::{Asked, Op, What};

/// The Squirrel engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SquirrelEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "squirrel",
    name: "Squirrel",
    scheme: Scheme::Semver,
    challenge: Challenge::Basic,
    http2: true,
    normalise,
    ingests: &[".nupkg"],
    body_limit: 0,
    newest_tag: None,
    redirects: true,
    registry: false,
    updates: true,
    setup: "curl --fail-with-body --user \"license:{key}\" \"{base}/PACKAGE/win32/RELEASES\"",
};

/// A package's key in any case: Squirrel.Windows asks once more in lower case where something fails.
fn normalise(key: &str) -> Result<String, KeyError> {
    plain_key(key).map(|key| key.to_lowercase())
}

const USAGE: &str = "there are /{package}/win32/{arch}/RELEASES, /{package}/darwin/{arch}/{version} and \
                     /{package}/{version}/{file} here";

impl Engine for SquirrelEngine {
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
        !matches!(op.what, What::Package { .. } | What::File(_))
    }

    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        let Access::Package(view) = access else { return Plain::not_found("package", &op.package).into() };
        let poll =
            |answer: fn(&View<'_>, &Asked, &str) -> Update, asked| answered(view, answer, asked, context);
        match &op.what {
            What::Releases(asked) => poll(windows::releases, asked),
            What::Latest(asked) => poll(mac::latest, asked),
            What::Static(asked) => poll(mac::releases, asked),
            What::Strange(asked) => poll(mac::strange, asked),
            What::Package { address, name } => found(windows::file(view, address, name), name),
            What::File(file) => found(file.find(view), &file.filename),
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

/// Answers a poll, unless nothing of the package is for the caller.
fn answered(
    view: &View<'_>,
    answer: fn(&View<'_>, &Asked, &str) -> Update,
    asked: &Asked,
    context: &Context<'_>,
) -> Reply {
    match view.denial.filter(|_| view.visible.is_empty()) {
        Some(denial) => Update::refused(denial).into(),
        None => answer(view, asked, context.base).into(),
    }
}

fn found(file: Result<keyway_engine::FileReply, Option<Denial>>, name: &str) -> Reply {
    match file {
        Ok(file) => Reply::File(file),
        Err(Some(denial)) => Plain::refused(&denial).into(),
        Err(None) => Plain::not_found("file", name).into(),
    }
}
