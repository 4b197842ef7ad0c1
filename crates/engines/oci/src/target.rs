//! Where a parsed request came from: its canonical method and target, which read back as itself.

use http::Method;
use keyway_engine::TokenAsker;

use crate::list::Page;
use crate::op::{About, Begin, Op, Sending, Step, Task};
use crate::token;
use keyway_engine::encoded;

impl Op {
    /// The operation's canonical method and target below the engine's root. Parsing them (with the `Content-Type`
    /// of a manifest) gives the operation back; `None` for what is invalid.
    pub fn target(&self) -> Option<(Method, String)> {
        Some(match self {
            Self::Ping => (Method::GET, "/v2/".to_owned()),
            Self::Token(wish) if wish.asker == TokenAsker::Head => {
                let scopes = wish.scopes.iter().map(|scope| ("scope", token::scope_text(scope)));
                let refresh = wish.refresh.then(|| ("offline_token", "true".to_owned()));
                (Method::GET, with_query("/token", scopes.chain(refresh)))
            }
            Self::TokenForm => (Method::POST, "/token".to_owned()),
            Self::Catalog(page) => (Method::GET, with_query("/v2/_catalog", parameters(page))),
            Self::In(name, task) => {
                let (method, below) = task.target();
                (method, format!("/v2/{name}/{below}"))
            }
            Self::Token(_) | Self::Invalid(_) => return None,
        })
    }
}

impl Task {
    fn target(&self) -> (Method, String) {
        match self {
            Self::Tags(page) => (Method::GET, with_query("tags/list", parameters(page))),
            Self::Manifest(reference) => (Method::GET, format!("manifests/{reference}")),
            Self::PutManifest(sending) => (Method::PUT, sending.target()),
            Self::DeleteManifest(reference) => (Method::DELETE, format!("manifests/{reference}")),
            Self::Blob(digest) => (Method::GET, format!("blobs/{digest}")),
            Self::DeleteBlob(digest) => (Method::DELETE, format!("blobs/{digest}")),
            Self::Begin(begin) => (Method::POST, with_query("blobs/uploads/", begin.parameters())),
            Self::Upload(id, step) => step.target(&format!("blobs/uploads/{id}")),
            Self::Referrers(about) => (Method::GET, about.target()),
        }
    }
}

impl Sending {
    fn target(&self) -> String {
        let tags = self.tags.iter().map(|tag| ("tag", tag.to_string()));
        with_query(&format!("manifests/{}", self.reference), tags)
    }
}

impl Begin {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Empty(algorithm) => vec![("digest-algorithm", algorithm.as_str().to_owned())],
            Self::Whole(digest) => vec![("digest", digest.to_string())],
            Self::Mount { digest, from } => {
                let from = from.iter().map(|from| ("from", from.clone()));
                [("mount", digest.to_string())].into_iter().chain(from).collect()
            }
        }
    }
}

impl Step {
    fn target(self, path: &str) -> (Method, String) {
        match self {
            Self::Status => (Method::GET, path.to_owned()),
            Self::Append => (Method::PATCH, path.to_owned()),
            Self::Complete(digest) => (Method::PUT, with_query(path, [("digest", digest.to_string())])),
            Self::Cancel => (Method::DELETE, path.to_owned()),
        }
    }
}

impl About {
    fn target(&self) -> String {
        let kind = self.artifact_type.iter().map(|kind| ("artifactType", kind.clone()));
        with_query(&format!("referrers/{}", self.subject), kind.chain(parameters(&self.page)))
    }
}

pub(crate) fn parameters(page: &Page) -> impl Iterator<Item = (&'static str, String)> + use<> {
    let n = page.n.map(|n| ("n", n.to_string()));
    n.into_iter().chain(page.last.clone().map(|last| ("last", last)))
}

pub(crate) fn with_query(path: &str, parameters: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let pairs = parameters.into_iter().map(|(name, value)| format!("{name}={}", encoded(&value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
