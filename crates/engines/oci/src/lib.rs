//! The OCI engine: a container registry as the distribution specification 1.1 has it, with the additions of its next
//! edition (`oci.md`, decisions in its §0).
//!
//! It deliberately knows neither who asks nor where bytes lie: it answers from a [`View`] alone. What lies in the
//! registry are manifests and blobs by digest; this crate says which of them a request means, and in which words
//! clients are told yes or no.

mod invalid;
mod list;
mod name;
mod op;
mod place;
mod push;
mod read;
mod reference;
mod referrers;
mod refusal;
mod target;
mod token;
mod told;

use http::header::WARNING;
use http::{HeaderName, HeaderValue, StatusCode};
use keyway_engine::{
    Access, Act, Actions, BadPath, Challenge, ContentEdit, ContentOutcome, Context, Denial, Descriptor,
    Engine, Head, Ingested, KeyError, MountFrom, Need, Outcome, Plain, Reject, Reply, Scope, Sent, Site,
    Takes, Upload, View,
};
use keyway_versions::Scheme;

pub use invalid::Invalid;
pub use list::Page;
pub use name::Repository;
pub use op::{About, Begin, Op, Sending, Step, Task};
pub use reference::{Reference, Tag};

use place::Place;
use read::Unseen;

/// The OCI engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct OciEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "oci",
    name: "OCI",
    scheme: Scheme::Semver,
    challenge: Challenge::Bearer,
    http2: true,
    normalise,
    ingests: &[".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"],
    body_limit: push::LARGEST_MANIFEST,
    redirects: true,
    registry: true,
    updates: false,
    newest_tag: None,
    setup: "echo '{key}' | docker login {host} --username license --password-stdin",
};

/// A repository's name, unchanged: it has one spelling only.
fn normalise(key: &str) -> Result<String, KeyError> {
    Repository::parse(key).map(|name| name.to_string())
}

impl Engine for OciEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        match op {
            Op::TokenForm | Op::Invalid(_) => Need::Nothing,
            Op::Ping => Need::Caller,
            Op::Token(wish) => Need::Token(wish),
            Op::Catalog(_) => Need::Names,
            Op::In(name, Task::Upload(upload, Step::Status)) => {
                Need::Upload { package: name.as_str(), upload: *upload }
            }
            Op::In(_, task) if task.is_write() => Need::Publisher,
            Op::In(name, _) => Need::Package { key: name.as_str() },
        }
    }

    fn variant(&self, op: &Op) -> Option<u32> {
        match op {
            Op::Catalog(page) if page.is_whole() => Some(0),
            Op::In(_, Task::Tags(page)) if page.is_whole() => Some(1),
            _ => None,
        }
    }

    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        match (op, access) {
            (Op::Ping, _) => refusal::versioned(StatusCode::OK).body("application/json", "{}").into(),
            (Op::Invalid(invalid), _) => invalid.plain().into(),
            (Op::Catalog(page), Access::Names(names)) => list::catalog(context.site, names, page),
            (Op::In(repository, task), access) => {
                let place = Place { site: context.site, repository };
                read(&place, task, access).unwrap_or_else(|unseen| match &unseen {
                    Unseen::Denied(denial) => self.refuse(op, context.site, denial).into(),
                    unseen => told::absent(&place, task, unseen).into(),
                })
            }
            _ => refusal::bad_path(&BadPath::Unknown).into(),
        }
    }

    fn scope(&self, op: &Op) -> Option<Scope> {
        let Op::In(name, task) = op else { return None };
        let actions = match task {
            Task::DeleteManifest(_) | Task::DeleteBlob(_) => Actions { delete: true, ..Actions::default() },
            task if task.is_write() => Actions { pull: true, push: true, delete: false },
            _ => Actions { pull: true, ..Actions::default() },
        };
        Some(Scope { repository: name.as_str().to_owned(), actions })
    }

    fn warning(&self, op: &Op, text: &str) -> Option<(HeaderName, HeaderValue)> {
        // once per image is enough
        matches!(op, Op::In(_, Task::Manifest(_))).then(|| (WARNING, refusal::warning(text)))
    }

    fn refuse(&self, op: &Op, site: Site<'_>, denial: &Denial) -> Plain {
        refusal::denied(op, site, self.scope(op).as_ref(), denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        refusal::bad_path(error)
    }

    fn takes(&self, op: &Op, head: &Head<'_>) -> Result<Takes, Plain> {
        let nothing = Takes::Document { limit: push::LARGEST_MANIFEST };
        let (name, task) = match op {
            Op::TokenForm => return Ok(Takes::Document { limit: token::LONGEST_FORM }),
            Op::Invalid(invalid) => return Err(invalid.plain()),
            Op::In(name, task) => (name, task),
            _ => return Ok(nothing),
        };
        match task {
            Task::PutManifest(_) => push::takes_manifest(head),
            Task::Begin(Begin::Empty(algorithm)) => Ok(push::first_piece(name, *algorithm, None)),
            Task::Begin(Begin::Whole(digest)) => {
                Ok(push::first_piece(name, digest.algorithm(), Some(*digest)))
            }
            Task::Upload(id, Step::Append) => push::piece(name, *id, None, head),
            Task::Upload(id, Step::Complete(digest)) => push::piece(name, *id, Some(*digest), head),
            _ => Ok(nothing),
        }
    }

    fn act(&self, op: &Op, context: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain> {
        let document = &sent.around.document;
        let (name, task) = match op {
            Op::TokenForm => return token::of_form(document),
            Op::In(name, task) => (name, task),
            _ => return Ok(Act::Read),
        };
        let edit = match task {
            Task::PutManifest(sending) => ContentEdit::Manifest(Box::new(push::manifest(sending, document)?)),
            Task::DeleteManifest(Reference::Tag(tag)) => ContentEdit::Untag { tag: tag.to_string() },
            Task::DeleteManifest(Reference::Digest(digest)) => {
                ContentEdit::DeleteManifest { digest: *digest }
            }
            Task::DeleteBlob(digest) => ContentEdit::DeleteBlob { digest: *digest },
            Task::Upload(upload, Step::Cancel) => ContentEdit::Cancel { upload: *upload },
            Task::Begin(Begin::Mount { digest, from }) => ContentEdit::Mount {
                digest: *digest,
                from: mount_from(context.site, from.as_deref()),
                algorithm: digest.algorithm(),
            },
            _ => return Ok(Act::Read),
        };
        Ok(Act::Content { package: name.as_str().to_owned(), edit })
    }

    fn render(&self, op: &Op, context: &Context<'_>, outcome: &Outcome) -> Reply {
        let plain = match (op, outcome) {
            (Op::Token(_) | Op::TokenForm, Outcome::Content(ContentOutcome::Token(minted))) => {
                token::handed_out(minted)
            }
            (Op::In(repository, task), outcome) => {
                told::told(&Place { site: context.site, repository }, task, outcome)
            }
            (Op::TokenForm, Outcome::Invalid(message)) => {
                refusal::error(StatusCode::BAD_REQUEST, "UNSUPPORTED", message)
            }
            _ => refusal::bad_path(&BadPath::Unknown),
        };
        plain.into()
    }

    fn ingest(&self, _: &mut Upload<'_>) -> Result<Ingested, Reject> {
        Ok(Ingested::default())
    }
}

/// The repository that a mount's spelling means. Another account's is none that can be read here.
fn mount_from(site: Site<'_>, spelled: Option<&str>) -> MountFrom {
    let Some(spelled) = spelled else { return MountFrom::Any };
    let name = place::local(site, spelled).and_then(|name| Repository::parse(name).ok());
    name.map_or(MountFrom::Nowhere, |name| MountFrom::Named(name.to_string()))
}

/// Answers a task that reads from what there is for this caller.
fn read(place: &Place<'_>, task: &Task, access: &Access<'_>) -> Result<Reply, Unseen> {
    let view: Option<&View<'_>> = match access {
        Access::Package(view) => Some(view),
        _ => None,
    };
    match (task, view) {
        // a list of referrers is never absent: it is empty
        (Task::Referrers(about), view) => match view.map(read::repository) {
            Some(Err(Unseen::Denied(denial))) => Err(Unseen::Denied(denial)),
            _ => Ok(referrers::index(place, view, about).into()),
        },
        (Task::Manifest(reference), Some(view)) => read::manifest(view, reference),
        (Task::Blob(digest), Some(view)) => read::blob(view, digest),
        (Task::Tags(page), Some(view)) => {
            read::repository(view)?;
            Ok(list::tags(place, view, page))
        }
        _ => Err(Unseen::NoRepository),
    }
}
