//! The RubyGems engine: compact index, spec indexes, gemspecs and gems, for `gem` and `bundle`
//! (`distribution.md` §9.5).
//!
//! It deliberately knows neither who asks nor where bytes lie: it answers from a [`View`] alone. Everything about
//! a gem is read once, when it is taken in; indexes are put together from what was kept then.

mod compact;
mod dump;
mod facts;
mod gemspec;
mod ingest;
mod marshal;
mod name;
mod op;
mod platform;
mod publish;
mod refusal;
mod requirement;
mod shelf;
mod specs;

use http::StatusCode;
use keyway_engine::{
    Access, Act, BadPath, Challenge, Context, Denial, Descriptor, Engine, FileReply, Head, Ingested,
    KeyError, Need, Outcome, Package, Plain, Reject, Reply, Sent, Site, Takes, Upload, View,
};
use keyway_versions::Scheme;

pub use gemspec::{Dependency, Gemspec, GemspecError};
pub use name::{FullName, GemName};
pub use op::Op;
pub use platform::{Platform, RUBY};
pub use requirement::{Part, Requirement};
pub use specs::Which;

/// The RubyGems engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RubygemsEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "rubygems",
    name: "RubyGems",
    scheme: Scheme::Gem,
    challenge: Challenge::Basic,
    http2: false,
    normalise,
    ingests: &[".gem"],
    body_limit: publish::LONGEST_FORM,
    redirects: true,
    registry: false,
    updates: false,
    newest_tag: None,
    setup: "bundle config set --global {host} \"license:{key}\"",
};

fn normalise(key: &str) -> Result<String, KeyError> {
    GemName::parse(key).map(|name| name.as_str().to_owned())
}

impl Engine for RubygemsEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        match op {
            Op::Root | Op::NotAcceptable => Need::Nothing,
            Op::Names => Need::Names,
            Op::Versions | Op::Specs(_) => Need::Packages,
            Op::Push | Op::Yank => Need::Publisher,
            Op::Info { name } => Need::Package { key: name.as_str() },
            Op::Quick { full } | Op::Gem { full } => Need::OneOf { keys: full.names() },
        }
    }

    fn holds(&self, op: &Op, package: &Package) -> bool {
        match op {
            Op::Quick { full } | Op::Gem { full } => shelf::find(package, full).is_some(),
            _ => true,
        }
    }

    fn variant(&self, op: &Op) -> Option<u32> {
        match op {
            Op::Versions => Some(0),
            Op::Names => Some(1),
            Op::Info { .. } => Some(2),
            Op::Specs(Which::Released) => Some(3),
            Op::Specs(Which::Latest) => Some(4),
            Op::Specs(Which::Prereleases) => Some(5),
            Op::Root | Op::NotAcceptable | Op::Quick { .. } | Op::Gem { .. } | Op::Push | Op::Yank => None,
        }
    }

    fn reply(&self, op: &Op, _: &Context<'_>, access: &Access<'_>) -> Reply {
        match (op, access) {
            (Op::Root, _) => Plain::status(StatusCode::OK).into(),
            (Op::NotAcceptable, _) => refusal::not_acceptable().into(),
            (Op::Names, Access::Names(names)) => compact::names(names),
            (Op::Versions, Access::Packages(views)) => compact::versions(views),
            (Op::Specs(which), Access::Packages(views)) => specs::index(views, *which),
            (Op::Info { .. }, Access::Package(view)) => compact::info(view),
            (Op::Quick { full }, Access::Package(view)) => match shelf::reach(view, full) {
                Ok(reached) => specs::quick(&reached),
                Err(refusal) => refusal.into(),
            },
            (Op::Gem { full }, Access::Package(view)) => gem(view, full),
            (Op::Info { name }, _) => {
                refusal::not_found(&format!("there is no gem {} here", name.as_str())).into()
            }
            (Op::Quick { full } | Op::Gem { full }, _) => {
                refusal::not_found(&format!("there is no gem {} here", full.as_str())).into()
            }
            _ => refusal::not_found("there is nothing here").into(),
        }
    }

    fn refuse(&self, _: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        refusal::denied(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        refusal::bad_path(error)
    }

    fn takes(&self, op: &Op, _: &Head<'_>) -> Result<Takes, Plain> {
        Ok(match op {
            Op::Push => Takes::File { limit: publish::LARGEST },
            _ => Takes::Document { limit: publish::LONGEST_FORM },
        })
    }

    fn act(&self, op: &Op, _: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain> {
        match (op, &mut sent.file) {
            (Op::Push, Some(file)) => publish::push(file),
            (Op::Push, None) => Err(publish::invalid("the body is no gem: it is empty")),
            (Op::Yank, _) => publish::yank(sent),
            _ => Ok(Act::Read),
        }
    }

    fn render(&self, op: &Op, _: &Context<'_>, outcome: &Outcome) -> Reply {
        publish::tell(op, outcome).into()
    }

    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        ingest::ingest(upload)
    }
}

fn gem(view: &View<'_>, full: &FullName) -> Reply {
    match shelf::reach(view, full) {
        Ok(reached) => Reply::File(FileReply {
            release: reached.release,
            artifact: reached.position,
            media_type: Some("application/octet-stream"),
            attachment: true,
        }),
        Err(refusal) => refusal.into(),
    }
}
