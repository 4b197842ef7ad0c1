//! The grammar of the registry's URLs (`spec/oci.md` §1.1). Names may contain slashes and every keyword, so a path is
//! read from its end.

use std::borrow::Cow;

use http::header::CONTENT_TYPE;
use keyway_base::{ContentAlgorithm, ContentDigest, ContentDigestError, RecordId};
use keyway_engine::{BadPath, Head, TokenWish, decode_segment};

use crate::invalid::Invalid;
use crate::list::Page;
use crate::name::Repository;
use crate::reference::{BadReference, Reference, Tag};
use crate::token;
use keyway_engine::Query;

/// The most tags that one manifest is pushed with.
const MOST_TAGS: usize = 100;

/// How many segments the path of a manifest has, with room for a name of some components.
const SEGMENTS: usize = 8;

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// `GET /v2/`: is this a registry, and do I have a good credential?
    Ping,
    /// `GET /token`.
    Token(Box<TokenWish>),
    /// `POST /token`: the wish is in the body.
    TokenForm,
    /// `GET /v2/_catalog`.
    Catalog(Page),
    /// A request about one repository.
    In(Repository, Task),
    /// A path of the grammar with something in it that breaks a rule.
    Invalid(Invalid),
}

/// What is to be done in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// `GET …/tags/list`.
    Tags(Page),
    /// `GET …/manifests/{reference}`.
    Manifest(Reference),
    /// `PUT …/manifests/{reference}`.
    PutManifest(Box<Sending>),
    /// `DELETE …/manifests/{reference}`.
    DeleteManifest(Reference),
    /// `GET …/blobs/{digest}`.
    Blob(ContentDigest),
    /// `DELETE …/blobs/{digest}`.
    DeleteBlob(ContentDigest),
    /// `POST …/blobs/uploads/`.
    Begin(Begin),
    /// `…/blobs/uploads/{id}`.
    Upload(RecordId, Step),
    /// `GET …/referrers/{digest}`.
    Referrers(Box<About>),
}

/// A manifest that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// What it is to be known by.
    pub reference: Reference,
    /// Further tags that are to name it.
    pub tags: Vec<Tag>,
    /// Its `Content-Type`.
    pub media_type: Option<String>,
}

/// How an upload begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// With nothing, to be hashed so.
    Empty(ContentAlgorithm),
    /// With the whole blob, which ends it too.
    Whole(ContentDigest),
    /// It is not needed when another repository has the blob.
    Mount {
        /// The blob.
        digest: ContentDigest,
        /// The repository, as the client spells it.
        from: Option<String>,
    },
}

/// A step of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// `GET`: how far is it?
    Status,
    /// `PATCH`: here is more.
    Append,
    /// `PUT`: here is the rest, and what the whole hashes to.
    Complete(ContentDigest),
    /// `DELETE`: forget it.
    Cancel,
}

/// What is asked for of a manifest's referrers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The manifest.
    pub subject: ContentDigest,
    /// Only artifacts of this type.
    pub artifact_type: Option<String>,
    /// Which part of the list.
    pub page: Page,
}

impl Op {
    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when the path is outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        // as many as most paths have: a list that has to grow is made anew
        let (mut decoded, mut segments) = (Vec::with_capacity(SEGMENTS), Vec::with_capacity(SEGMENTS));
        for segment in head.segments() {
            decoded.push(decode_segment(segment)?);
        }
        segments.extend(decoded.iter().map(AsRef::<str>::as_ref));
        let op = match segments.as_slice() {
            ["v2"] | ["v2", ""] => allowed(head, &[Method::Read]).map(|_| Self::Ping),
            ["token"] => Self::token(head),
            ["v2", "_catalog"] => Self::catalog(head),
            ["v2", path @ ..] => Self::in_repository(head, path)?,
            _ => return Err(BadPath::Unknown),
        };
        Ok(op.unwrap_or_else(Self::Invalid))
    }

    fn token(head: &Head<'_>) -> Result<Self, Invalid> {
        match allowed(head, &[Method::Read, Method::Post])? {
            Method::Post => Ok(Self::TokenForm),
            _ => Ok(Self::Token(Box::new(token::of_query(Query(head.query))))),
        }
    }

    fn catalog(head: &Head<'_>) -> Result<Self, Invalid> {
        allowed(head, &[Method::Read])?;
        Ok(Self::Catalog(Page::read(Query(head.query))?))
    }

    fn in_repository(head: &Head<'_>, path: &[&str]) -> Result<Result<Self, Invalid>, BadPath> {
        let (name, task) = match path {
            [name @ .., "tags", "list"] => (name, tags(head)),
            [name @ .., "manifests", reference] => (name, manifest(head, reference)),
            [name @ .., "referrers", digest] => (name, referrers(head, digest)),
            [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => (name, begin(head)),
            [name @ .., "blobs", "uploads", id] => (name, upload(head, id)),
            [name @ .., "blobs", digest] => (name, blob(head, digest)),
            _ => return Err(BadPath::Unknown),
        };
        // a slash that was encoded is no separator, so it is part of a component, which none may be
        let is_split = name.iter().all(|component| !component.contains('/'));
        let name = Repository::parse(name.join("/")).ok().filter(|_| is_split);
        Ok(name.ok_or(Invalid::Name).and_then(|name| Ok(Self::In(name, task?))))
    }

    /// Whether the operation changes something.
    pub(crate) fn is_write(&self) -> bool {
        match self {
            Self::In(_, task) => task.is_write(),
            _ => false,
        }
    }
}

impl Task {
    pub(crate) fn is_write(&self) -> bool {
        match self {
            Self::Tags(_) | Self::Manifest(_) | Self::Blob(_) | Self::Referrers(_) => false,
            Self::PutManifest(_)
            | Self::DeleteManifest(_)
            | Self::DeleteBlob(_)
            | Self::Begin(_)
            | Self::Upload(..) => true,
        }
    }
}

/// The methods of the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Read,
    Post,
    Put,
    Patch,
    Delete,
}

/// The method, when it is one of these.
fn allowed(head: &Head<'_>, methods: &[Method]) -> Result<Method, Invalid> {
    let method = match *head.method {
        http::Method::GET | http::Method::HEAD => Some(Method::Read),
        http::Method::POST => Some(Method::Post),
        http::Method::PUT => Some(Method::Put),
        http::Method::PATCH => Some(Method::Patch),
        http::Method::DELETE => Some(Method::Delete),
        _ => None,
    };
    let method = method.filter(|method| methods.contains(method));
    method.ok_or_else(|| Invalid::Method { allow: methods.iter().map(|method| method.names()).collect() })
}

impl Method {
    const fn names(self) -> &'static str {
        match self {
            Self::Read => "GET, HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

fn tags(head: &Head<'_>) -> Result<Task, Invalid> {
    allowed(head, &[Method::Read])?;
    Ok(Task::Tags(Page::read(Query(head.query))?))
}

fn manifest(head: &Head<'_>, reference: &str) -> Result<Task, Invalid> {
    let method = allowed(head, &[Method::Read, Method::Put, Method::Delete])?;
    let reference = Reference::parse(reference).map_err(|bad| match (bad, method) {
        (BadReference::Digest(rule), _) => Invalid::Digest(rule),
        (BadReference::Tag, Method::Put) => Invalid::Tag,
        // what cannot be there is not there
        (BadReference::Tag, _) => Invalid::UnknownTag,
    })?;
    match method {
        Method::Put => put_manifest(head, reference),
        Method::Delete => Ok(Task::DeleteManifest(reference)),
        _ => Ok(Task::Manifest(reference)),
    }
}

fn put_manifest(head: &Head<'_>, reference: Reference) -> Result<Task, Invalid> {
    let mut tags: Vec<Tag> = Vec::new();
    for text in Query(head.query).all("tag") {
        let tag = Tag::parse(&text).ok_or(Invalid::Tag)?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        if tags.len() > MOST_TAGS {
            return Err(Invalid::TooManyTags { most: MOST_TAGS });
        }
    }
    let media_type = head.header(CONTENT_TYPE.as_str()).map(str::to_owned);
    Ok(Task::PutManifest(Box::new(Sending { reference, tags, media_type })))
}

fn blob(head: &Head<'_>, digest: &str) -> Result<Task, Invalid> {
    let method = allowed(head, &[Method::Read, Method::Delete])?;
    let digest = digest.parse().map_err(Invalid::Digest)?;
    Ok(if method == Method::Delete { Task::DeleteBlob(digest) } else { Task::Blob(digest) })
}

fn begin(head: &Head<'_>) -> Result<Task, Invalid> {
    allowed(head, &[Method::Post])?;
    let query = Query(head.query);
    let digest = |name| query.first(name).map(|text| text.parse().map_err(Invalid::Digest)).transpose();
    let begin = match (digest("mount")?, digest("digest")?) {
        (Some(digest), _) => Begin::Mount { digest, from: query.first("from").map(Cow::into_owned) },
        (None, Some(digest)) => Begin::Whole(digest),
        (None, None) => Begin::Empty(match query.first("digest-algorithm") {
            Some(name) => name.parse().map_err(Invalid::Digest)?,
            None => ContentAlgorithm::Sha256,
        }),
    };
    Ok(Task::Begin(begin))
}

fn upload(head: &Head<'_>, id: &str) -> Result<Task, Invalid> {
    let method = allowed(head, &[Method::Read, Method::Patch, Method::Put, Method::Delete])?;
    let id = id.parse().map_err(|_| Invalid::Upload)?;
    let step = match method {
        Method::Patch => Step::Append,
        Method::Delete => Step::Cancel,
        Method::Put => {
            let digest = Query(head.query).first("digest").ok_or(Invalid::Digest(ContentDigestError::Hex))?;
            Step::Complete(digest.parse().map_err(Invalid::Digest)?)
        }
        _ => Step::Status,
    };
    Ok(Task::Upload(id, step))
}

fn referrers(head: &Head<'_>, digest: &str) -> Result<Task, Invalid> {
    allowed(head, &[Method::Read])?;
    let query = Query(head.query);
    Ok(Task::Referrers(Box::new(About {
        subject: digest.parse().map_err(Invalid::Digest)?,
        artifact_type: query.first("artifactType").filter(|kind| !kind.is_empty()).map(Cow::into_owned),
        page: Page::read(query)?,
    })))
}

#[cfg(test)]
mod tests;
