//! The Tauri engine: what Tauri's updater, of both generations, asks and is told (`updaters.md` §1,
//! `distribution.md` §9.2).
//!
//! It leads an installation to the newest release that its licence may have and that has a signed file for its target,
//! and checks signatures when they are uploaded. It deliberately knows neither who asks nor where bytes lie.

mod answer;
mod bundle;
mod ingest;
mod minisign;
mod op;
mod target;

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{
    Access, BadPath, BadPoll, Challenge, Context, Denial, Descriptor, Engine, Head, Ingested, Need, Outcome,
    Plain, Poll, Reject, Reply, Site, Told, Update, Upload, View, plain_key,
};
use keyway_versions::Scheme;
use serde_json::json;

pub use bundle::Bundle;
pub use minisign::{KeyId, PublicKey, Signature};
pub use op::{Asked, Op, Unread};
pub use target::Target;

use answer::Signed;

/// The Tauri engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct TauriEngine;

/// What the name of a signature's file has beyond that of the file which was signed.
const SIGNATURE_ENDING: &str = ".sig";
/// What is kept of a signature: itself, as the updater wants it.
const MINISIGN: &str = "minisign";
/// What is kept of a file: the digest that signatures are of.
const BLAKE2B: &str = "blake2b";

static DESCRIPTOR: Descriptor = Descriptor {
    key: "tauri",
    name: "Tauri",
    scheme: Scheme::Semver,
    challenge: Challenge::Basic,
    http2: true,
    normalise: plain_key,
    ingests: &[SIGNATURE_ENDING, ".appimage", ".deb", ".rpm", ".exe", ".msi", ".zip", ".gz"],
    body_limit: 0,
    redirects: true,
    registry: false,
    updates: true,
    newest_tag: None,
    setup: "\"endpoints\": [\"{base}/PACKAGE?platform={{target}}&arch={{arch}}&version={{current_version}}\
            &bundle_type={{bundle_type}}\"]",
};

const USAGE: &str = "updates are at /{package}?platform=…&arch=…&version=…, /{package}/{target}/{arch}/{version} and \
                     /{package}/latest.json, their files at /{package}/{version}/{file}";

impl Engine for TauriEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        Need::Package { key: op.package() }
    }

    fn is_poll(&self, op: &Op) -> bool {
        !matches!(op, Op::File(_))
    }

    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        let Access::Package(view) = access else { return absent(op).into() };
        match (op, view.denial) {
            (Op::File(file), _) => match file.find(view) {
                Ok(file) => Reply::File(file),
                Err(Some(denial)) => Plain::refused(&denial).into(),
                Err(None) => Plain::not_found("file", &file.filename).into(),
            },
            (_, Some(denial)) => Update::refused(denial).into(),
            (Op::Update { asked, .. }, None) => match asked {
                Ok(asked) => update(asked, context, view).into(),
                Err(Unread::Missing(parameter)) => missing(parameter).into(),
                Err(Unread::Bad(bad)) => misread(bad).into(),
            },
            (Op::Latest { poll, .. }, None) => match poll {
                Ok(poll) => latest(poll, context, view).into(),
                Err(bad) => misread(bad).into(),
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
        absent(op).into()
    }

    fn companion(&self, filename: &str) -> Option<String> {
        Some(match filename.strip_suffix(SIGNATURE_ENDING) {
            Some(signed) => signed.to_owned(),
            None => format!("{filename}{SIGNATURE_ENDING}"),
        })
    }

    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        ingest::ingest(upload)
    }
}

/// What an installation is told.
fn update(asked: &Asked, context: &Context<'_>, view: &View<'_>) -> Update {
    let Asked { target, poll } = asked;
    let Some(among) = target.among(&view.package.targets) else {
        return misread(&BadPoll::Target(format!("{}-{}", target.platform, target.arch)));
    };
    let decision = view.upgrade(poll, Some(&among), |release| Signed::for_target(release, target));
    let answer = match &decision.offer {
        Some(offer) => answer::dynamic(context, view, poll, offer),
        None => answer::nothing(),
    };
    Update { answer, told: decision.told(poll, target.platform_key()) }
}

/// The newest release for every target.
fn latest(poll: &Poll, context: &Context<'_>, view: &View<'_>) -> Update {
    let files = |release| Some(Signed::by_target(release)).filter(|files| !files.is_empty());
    let decision = view.upgrade(poll, None, files);
    let answer = match &decision.offer {
        Some(offer) => answer::every_target(context, view, poll, offer),
        None => answer::nothing(),
    };
    Update { answer, told: decision.told(poll, None) }
}

/// An updater survives its own nonsense: there is nothing new for it.
fn misread(bad: &BadPoll) -> Update {
    Update { answer: answer::nothing(), told: Told::misread(bad) }
}

/// A parameter that is not there, as upstream says it (`distribution.md` §4.1).
fn missing(parameter: &str) -> Plain {
    let error =
        json!({ "title": "Bad request", "detail": "is missing", "source": { "parameter": parameter } });
    Plain::status(StatusCode::BAD_REQUEST)
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .body("application/vnd.api+json; charset=utf-8", json!({ "errors": [error] }).to_string())
}

fn absent(op: &Op) -> Plain {
    Plain::not_found("package", op.package())
}
