//! The Python package index engine: simple pages in JSON and HTML, files and their metadata sidecars, for
//! pip, uv, poetry, pdm and pipenv (`npm-pypi.md` §2, decisions in its §0).
//!
//! It deliberately knows neither who asks nor where bytes lie: it answers from a [`View`] alone. For a name
//! that is ours it never answers 404, whatever the reason: installers would take a stranger's package
//! instead.

mod facts;
mod format;
mod html;
mod ingest;
mod name;
mod op;
mod page;
mod refusal;
mod shelf;
mod upload;

use bytes::Bytes;
use keyway_engine::{
    Access, Act, BadPath, Caching, Challenge, Context, Denial, Descriptor, Document, Engine, FileReply, Head,
    Ingested, KeyError, Need, Outcome, Plain, Reject, Reply, Sent, Site, Takes, Transfer, Upload, View,
};
use keyway_versions::Scheme;

pub use format::Format;
pub use name::{FileName, ProjectName};
pub use op::Op;

/// The Python package index engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct PypiEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "pypi",
    name: "PyPI",
    scheme: Scheme::Pep440,
    challenge: Challenge::Basic,
    http2: false,
    normalise,
    // Everything that looks like a distribution, so that what no index offers is refused instead of ignored.
    ingests: &[
        ".whl", ".tar.gz", ".zip", ".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg", ".tar", ".tgz",
        ".tar.bz2", ".tar.xz", ".tar.z",
    ],
    body_limit: 0,
    redirects: true,
    registry: false,
    updates: false,
    newest_tag: None,
    setup: "pip config set global.index-url \"https://license:{key}@{host}/simple/\"",
};

/// A project's name in the form of PEP 503.
fn normalise(key: &str) -> Result<String, KeyError> {
    ProjectName::parse(key).map(|name| name.as_str().to_owned())
}

impl Engine for PypiEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        match op {
            Op::NotAcceptable => Need::Nothing,
            Op::Upload => Need::Publisher,
            Op::Index { .. } => Need::Names,
            Op::Project { project, .. } | Op::File { project, .. } | Op::Sidecar { project, .. } => {
                Need::Package { key: project.as_str() }
            }
        }
    }

    fn variant(&self, op: &Op) -> Option<u32> {
        match op {
            Op::Project { format: Format::Json, .. } => Some(0),
            Op::Project { format: Format::VersionedHtml, .. } => Some(1),
            Op::Project { format: Format::Html, .. } => Some(2),
            _ => None,
        }
    }

    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        match (op, access) {
            (Op::NotAcceptable, _) => refusal::not_acceptable().into(),
            (Op::Index { format }, Access::Names(names)) => page::index(names, context, *format),
            (Op::Project { format, .. }, Access::Package(view)) => page::project(view, context, *format),
            (Op::File { file, .. }, Access::Package(view)) => file_reply(view, file),
            (Op::Sidecar { file, .. }, Access::Package(view)) => sidecar(view, file),
            (Op::Project { project, .. }, Access::Absent) => stranger(project, context),
            (op, _) => refusal::not_found(&absent(op)).into(),
        }
    }

    fn refuse(&self, _op: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        refusal::denied(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        refusal::bad_path(error)
    }

    fn takes(&self, op: &Op, head: &Head<'_>) -> Result<Takes, Plain> {
        match op {
            Op::Upload => upload::takes(head),
            _ => Ok(Takes::Document { limit: DESCRIPTOR.body_limit }),
        }
    }

    fn act(&self, op: &Op, context: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain> {
        match op {
            Op::Upload => upload::act(context, sent),
            _ => Ok(Act::Read),
        }
    }

    fn render(&self, op: &Op, _context: &Context<'_>, outcome: &Outcome) -> Reply {
        upload::told(outcome).unwrap_or_else(|| refusal::not_found(&absent(op))).into()
    }

    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        ingest::ingest(upload)
    }
}

fn file_reply(view: &View<'_>, file: &FileName) -> Reply {
    match shelf::reach(view, file) {
        Ok((release, artifact, _)) => Reply::File(FileReply {
            release,
            artifact,
            media_type: Some("application/octet-stream"),
            attachment: false,
        }),
        Err(plain) => plain.into(),
    }
}

/// A file's metadata, byte for byte: its digest is on the project's page.
fn sidecar(view: &View<'_>, file: &FileName) -> Reply {
    let artifact = match shelf::reach(view, file) {
        Ok((_, _, artifact)) => artifact,
        Err(plain) => return plain.into(),
    };
    match artifact.manifest(facts::METADATA) {
        Some(manifest) => Reply::Document(Document {
            media_type: "text/plain; charset=utf-8",
            body: Bytes::from_owner(manifest.bytes.clone()),
            caching: Caching::Immutable,
            transfer: Transfer::Negotiated,
            vary: "Authorization, Accept-Encoding",
        }),
        None => {
            refusal::not_found(&format!("{file} has no metadata that is known before it is built")).into()
        }
    }
}

/// A name that is not ours, asked for with a good credential.
fn stranger(project: &ProjectName, context: &Context<'_>) -> Reply {
    let passed_on = context.upstream.and_then(|upstream| refusal::pass_on(upstream, project.as_str()));
    passed_on
        .unwrap_or_else(|| refusal::not_found(&format!("there is no package {project} on this index")))
        .into()
}

fn absent(op: &Op) -> String {
    match op {
        Op::Project { project, .. } | Op::File { project, .. } | Op::Sidecar { project, .. } => {
            format!("there is no package {project} on this index")
        }
        Op::Index { .. } | Op::Upload | Op::NotAcceptable => BadPath::Unknown.to_string(),
    }
}
