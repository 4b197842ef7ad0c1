//! The npm registry engine: packuments, tarballs and the small endpoints around them, for npm, pnpm, yarn,
//! bun and deno (`npm-pypi.md` §1, decisions in its §0).
//!
//! It deliberately knows neither who asks nor where bytes lie: it answers from a [`View`] alone.

mod commands;
mod envelope;
mod fragment;
mod ingest;
mod keys;
mod login;
mod manifest;
mod name;
mod offer;
mod op;
mod packument;
mod publish;
mod refusal;
mod search;

use envelope::Envelope;
use http::StatusCode;
use keyway_engine::{
    Access, Act, BadPath, Challenge, Context, Denial, Descriptor, Edit, Engine, Head, Ingested, KeyError,
    Need, Outcome, Plain, Reject, Reply, Sent, Site, Takes, Upload, View,
};
use keyway_versions::Scheme;
use serde_json::{Value, json};

pub use name::PackageName;
pub use op::{Form, Op, Search};

/// The npm engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct NpmEngine;

/// The largest tarball that can be published, in bytes.
const TARBALL_LIMIT: u64 = 512 << 20;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "npm",
    name: "npm",
    scheme: Scheme::Npm,
    challenge: Challenge::License,
    http2: true,
    normalise,
    ingests: &[".tgz"],
    // A bulk advisory request lists every dependency of the customer's project.
    body_limit: 10 * 1024 * 1024,
    redirects: true,
    registry: false,
    updates: false,
    newest_tag: Some("latest"),
    setup: "npm config set \"registry={base}/\" \"//{host}/:_authToken={key}\"",
};

/// A new package's name, unchanged: npm's rules leave one spelling only.
fn normalise(key: &str) -> Result<String, KeyError> {
    PackageName::for_new_package(key).map(|name| name.as_str().to_owned())
}

impl Engine for NpmEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        match op {
            Op::Ping | Op::Keys | Op::Advisories | Op::Audit | Op::LogIn { .. } => Need::Nothing,
            Op::WhoAmI => Need::Caller,
            Op::Put { .. }
            | Op::Revise { .. }
            | Op::Unpublish { .. }
            | Op::UnpublishVersion { .. }
            | Op::PutTag { .. }
            | Op::DeleteTag { .. } => Need::Publisher,
            Op::Search(_) => Need::Names,
            Op::DistTags { name }
            | Op::Packument { name, .. }
            | Op::Manifest { name, .. }
            | Op::Tarball { name, .. } => Need::Package { key: name.as_str() },
        }
    }

    fn variant(&self, op: &Op) -> Option<u32> {
        match op {
            Op::Packument { form: Form::Full, .. } => Some(0),
            Op::Packument { form: Form::Abbreviated, .. } => Some(1),
            Op::DistTags { .. } => Some(2),
            _ => None,
        }
    }

    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        match (op, access) {
            (Op::Ping | Op::Advisories, _) => json_reply(&json!({})),
            (Op::Keys, _) => json_reply(&keys::document(context.signer)),
            (Op::Audit, _) => json_reply(&empty_audit()),
            (Op::WhoAmI, Access::Granted) => json_reply(&json!({ "username": context.caller })),
            (Op::Search(search), Access::Names(names)) => {
                json_reply(&search::document(names, search, context.account))
            }
            (_, Access::Package(view)) => package_reply(op, context, view),
            (op, _) => refusal::not_found(&absent(op)).into(),
        }
    }

    fn refuse(&self, _op: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        refusal::denied(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        refusal::bad_path(error)
    }

    fn takes(&self, op: &Op, _head: &Head<'_>) -> Result<Takes, Plain> {
        Ok(match op {
            Op::Put { .. } => Takes::Wrapped { limit: TARBALL_LIMIT, unwrap: Box::new(Envelope::new()) },
            Op::Revise { .. } => Takes::Document { limit: envelope::MAX_DOCUMENT },
            _ => Takes::Document { limit: DESCRIPTOR.body_limit },
        })
    }

    fn act(&self, op: &Op, context: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain> {
        let change = |name: &PackageName, edit| {
            Ok(Act::Change { package: name.as_str().to_owned(), edits: vec![edit] })
        };
        match op {
            Op::LogIn { user } => login::act(user, &sent.around.document),
            Op::Put { name } => publish::act(name, context, sent),
            Op::Revise { name } => publish::act_on_revision(name, sent),
            Op::Unpublish { name } => change(name, Edit::WithdrawAll),
            Op::UnpublishVersion { name, version } => {
                change(name, Edit::Withdraw { version: version.clone() })
            }
            Op::PutTag { name, tag } => {
                publish::check_tag(tag)?;
                let version = serde_json::from_slice::<String>(&sent.around.document).map_err(|_| {
                    refusal::error(
                        StatusCode::BAD_REQUEST,
                        "BAD_REQUEST",
                        "the body is not a version as JSON text",
                    )
                })?;
                change(name, Edit::Tag { tag: tag.clone(), version })
            }
            Op::DeleteTag { name, tag } => change(name, Edit::Untag { tag: tag.clone() }),
            _ => Ok(Act::Read),
        }
    }

    fn render(&self, op: &Op, _context: &Context<'_>, outcome: &Outcome) -> Reply {
        match (op, outcome) {
            (Op::LogIn { user }, Outcome::LoggedIn { token }) => login::welcome(user, token).into(),
            (op, outcome) => refusal::told(outcome).unwrap_or_else(|| refusal::not_found(&absent(op))).into(),
        }
    }

    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        ingest::ingest(upload)
    }
}

fn package_reply(op: &Op, context: &Context<'_>, view: &View<'_>) -> Reply {
    match op {
        Op::Packument { form, .. } => packument::packument(view, context, *form),
        Op::Manifest { selector, .. } => packument::manifest(view, context, selector),
        Op::Tarball { version, .. } => packument::file(view, version),
        Op::DistTags { .. } => packument::tags(view),
        other => refusal::not_found(&absent(other)).into(),
    }
}

/// What to say about an operation whose subject does not exist here.
fn absent(op: &Op) -> String {
    match op {
        Op::DistTags { name }
        | Op::Packument { name, .. }
        | Op::Manifest { name, .. }
        | Op::Tarball { name, .. } => {
            format!("there is no package {name} on this registry")
        }
        _ => BadPath::Unknown.to_string(),
    }
}

fn json_reply(value: &Value) -> Reply {
    Plain::status(StatusCode::OK).body("application/json", value.to_string()).into()
}

/// An audit report without findings, in the form that npm 6, yarn 1 and pnpm read.
fn empty_audit() -> Value {
    json!({
        "actions": [],
        "advisories": {},
        "muted": [],
        "metadata": {
            "vulnerabilities": { "info": 0, "low": 0, "moderate": 0, "high": 0, "critical": 0 },
            "dependencies": 0,
            "devDependencies": 0,
            "optionalDependencies": 0,
            "totalDependencies": 0,
        },
    })
}
