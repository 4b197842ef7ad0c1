//! What the clients of an ecosystem ask for when they publish: by the same rules, and with the same rows, as
//! through the API.

pub(in crate::distribution) mod edit;
pub(in crate::distribution) mod named;
mod publish;

use std::sync::Arc;

use keyway_blob::{BlobError, Staged};
use keyway_catalog::Asking;
use keyway_engine::{Denial, Edit, Outcome as Told, Publication, Reason};
use keyway_jsonapi::{ApiError, ErrorObject, Source};
use keyway_store::retrying;

use self::publish::Bytes;
use crate::Api;
use crate::call::Call;
use crate::refusal::{Outcome, Refusal};

/// Something that a publisher asks for.
#[derive(Debug)]
pub struct Push {
    /// Who asks.
    pub asking: Asking,
    /// What for.
    pub wish: Wish,
}

/// What a publisher asks for.
#[derive(Debug)]
pub enum Wish {
    /// A file is to be an artifact of a published release.
    Publish(Box<Publication>, Staged),
    /// What is published is to change: everything of this, or nothing.
    Change {
        /// The package's normalised key.
        package: String,
        /// What is asked for.
        edits: Vec<Edit>,
    },
}

impl Api {
    /// Does what a publisher asks for, in one transaction; must run in a task of its own.
    ///
    /// # Errors
    /// [`Denial`] when the caller may not, or the service cannot do it now.
    pub async fn push(self: &Arc<Self>, push: Push) -> Result<Told, Denial> {
        let Push { asking, wish } = push;
        let (call, engine) = (Call::of_engine(self, &asking), asking.engine);
        let done = match wish {
            Wish::Publish(publication, staged) => self.publish(&call, engine, &publication, staged).await,
            Wish::Change { package, edits } => retrying(|| edit::run(&call, engine, &package, &edits)).await,
        };
        done.or_else(|refusal| worded(&refusal.told()))
    }

    async fn publish(
        &self,
        call: &Arc<Call>,
        engine: &'static str,
        publication: &Publication,
        staged: Staged,
    ) -> Outcome<Told> {
        let account = call.account.id;
        let bytes = Bytes { key: staged.key(), size: staged.size(), digests: *staged.digests() };
        // Should we die, or refuse, before a row refers to the blob, this job finds that nothing does.
        self.promise_deletion(account, &bytes.key, call.now).await?;
        self.parts().blobs.commit(staged).await.map_err(|error| match error {
            BlobError::Full { .. } => Refusal::Told(ApiError::insufficient_storage()),
            error => Refusal::Broken(error.to_string()),
        })?;
        let publish = || retrying(|| publish::run(call, engine, publication, &bytes));
        match publish().await {
            // Somebody was faster: by now it can be seen what with.
            Err(Refusal::Told(error)) if is_taken(&error) => {
                publish().await.map_err(|refusal| foreign(refusal, &publication.package))
            }
            done => done,
        }
    }
}

/// What is still taken although the caller cannot see it belongs to somebody else.
pub(super) fn foreign(refusal: Refusal, package: &str) -> Refusal {
    match refusal {
        Refusal::Told(error) if is_taken(&error) => {
            let detail = format!("{package} belongs to another product or environment than this token");
            Refusal::Told(ApiError::forbidden_detail(detail))
        }
        other => other,
    }
}

/// Whether a unique index refused.
pub(super) fn is_taken(error: &ApiError) -> bool {
    error.status.as_u16() == 409 || error.code().is_some_and(|code| code.ends_with("TAKEN"))
}

/// A refusal of the API for somebody who does not speak JSON:API.
pub(super) fn worded(error: &ApiError) -> Result<Told, Denial> {
    match error.status.as_u16() {
        401 | 403 => Err(denial(error)),
        404 => Ok(Told::Absent(sentence(error))),
        400..500 => Ok(Told::Invalid(sentence(error))),
        _ => Err(denial(error)),
    }
}

/// The same, where nothing but a refusal will do.
pub(super) fn denial(error: &ApiError) -> Denial {
    let (reason, message) = match error.status.as_u16() {
        401 => (Reason::CredentialMissing, sentence(error)),
        400..500 => (Reason::PermissionMissing, sentence(error)),
        507 => (Reason::Unavailable, "the server has no room left".to_owned()),
        _ => {
            let later = "the service cannot answer right now: try again in a moment";
            (Reason::Unavailable, later.to_owned())
        }
    };
    Denial { reason, message }
}

/// Everything that is wrong, in one line.
fn sentence(error: &ApiError) -> String {
    let line = |object: &ErrorObject| match &object.source {
        Some(Source::Pointer(pointer)) => match pointer.rsplit('/').next() {
            Some(member) if !object.detail.starts_with(member) => format!("{member} {}", object.detail),
            _ => object.detail.clone(),
        },
        _ => object.detail.clone(),
    };
    error.errors.iter().map(line).collect::<Vec<_>>().join("; ")
}
