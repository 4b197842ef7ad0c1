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
mod refusal;
mod target;

use keyway_engine::{
    Access, Act, BadPath, BadPoll, Challenge, Context, Denial, Descriptor, Engine, FileReply, Head, Ingested,
    KeyError, Need, Outcome, Plain, Poll, Poller, Reject, Reply, Sent, Site, Told, Update, Upload, Verdict,
    View,
};
use keyway_versions::{Scheme, parse};

pub use bundle::Bundle;
pub use minisign::{KeyId, PublicKey, Signature};
pub use op::{Asked, FilePath, Op, Unread};
pub use target::Target;

use answer::Signed;

/// The Tauri engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct TauriEngine;

/// The longest package key (`distribution.md` §5.1).
const MAX_KEY: usize = 255;
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
    normalise,
    ingests: &[SIGNATURE_ENDING, ".appimage", ".deb", ".rpm", ".exe", ".msi", ".zip", ".gz"],
    body_limit: 0,
    redirects: true,
    registry: false,
    newest_tag: None,
    setup: "\"endpoints\": [\"{base}/PACKAGE?platform={{target}}&arch={{arch}}&version={{current_version}}\
            &bundle_type={{bundle_type}}\"]",
};

/// A package's key, unchanged: any text that can be typed into an address.
fn normalise(key: &str) -> Result<String, KeyError> {
    if key.is_empty() || key.chars().count() > MAX_KEY || key.chars().any(char::is_control) {
        return Err(KeyError(format!(
            "a package key has 1 to {MAX_KEY} characters and no control characters"
        )));
    }
    Ok(key.to_owned())
}

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

    fn variant(&self, _op: &Op) -> Option<u32> {
        None
    }

    fn poller<'o>(&self, op: &'o Op) -> Option<&'o Poller> {
        match op {
            Op::Update { poller, .. } | Op::Latest { poller, .. } => Some(poller),
            Op::File(_) => None,
        }
    }

    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        let Access::Package(view) = access else { return absent(op).into() };
        match (op, view.denial) {
            (Op::File(path), _) => file(path, view).unwrap_or_else(Reply::from),
            (_, Some(denial)) => refusal::denied(denial).into(),
            (Op::Update { asked, .. }, None) => match asked {
                Ok(asked) => update(asked, context, view).into(),
                Err(Unread::Missing(parameter)) => refusal::missing(parameter).into(),
                Err(Unread::Bad(bad)) => misread(bad).into(),
            },
            (Op::Latest { poll, .. }, None) => match poll {
                Ok(poll) => latest(poll, context, view).into(),
                Err(bad) => misread(bad).into(),
            },
        }
    }

    fn refuse(&self, _op: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        refusal::denied(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        refusal::bad_path(error)
    }

    fn act(&self, _op: &Op, _context: &Context<'_>, _sent: &mut Sent<'_>) -> Result<Act, Plain> {
        Ok(Act::Read)
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
        Some(offer) => answer::dynamic(context, view.package, poll, offer),
        None => answer::nothing(),
    };
    Update { answer, told: decision.told(poll, target.platform_key()) }
}

/// The newest release for every target.
fn latest(poll: &Poll, context: &Context<'_>, view: &View<'_>) -> Update {
    let files = |release| Some(Signed::by_target(release)).filter(|files| !files.is_empty());
    let decision = view.upgrade(poll, None, files);
    let answer = match &decision.offer {
        Some(offer) => answer::every_target(context, view.package, poll, offer),
        None => answer::nothing(),
    };
    Update { answer, told: decision.told(poll, None) }
}

/// An updater survives its own nonsense: there is nothing new for it.
fn misread(bad: &BadPoll) -> Update {
    Update { answer: answer::nothing(), told: Told::misread(bad) }
}

/// A file of a release that the caller may have.
fn file(path: &FilePath, view: &View<'_>) -> Result<Reply, Plain> {
    let FilePath { version, filename, .. } = path;
    let position = parse(Scheme::Semver, version).ok().and_then(|version| view.package.position(&version));
    let Some(index) = position.filter(|index| view.visible.contains(*index)) else {
        return Err(match (position.map(|index| view.decide.verdict(index)), view.denial) {
            (Some(Verdict::Denied(denial)), _) => refusal::denied(&denial),
            (_, Some(denial)) => refusal::denied(denial),
            _ => refusal::not_found("release", version),
        });
    };
    let release = view.package.releases.get(index);
    let mut files = release.into_iter().flat_map(View::artifacts);
    let (artifact, _) = { files.find(|(_, artifact)| artifact.filename == *filename) }
        .ok_or_else(|| refusal::not_found("file", filename))?;
    Ok(Reply::File(FileReply { release: index, artifact, media_type: None, attachment: true }))
}

fn absent(op: &Op) -> Plain {
    refusal::not_found("package", op.package())
}
