//! Finding content in a view: what is there, what this caller may have of it, and why not.

use keyway_base::ContentDigest;
use keyway_engine::{Denial, Reply, Verdict, View};

use crate::reference::Reference;

/// Why content is not handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// The caller may be told why.
    Denied(Denial),
    /// For this caller there is no such repository.
    NoRepository,
    /// There is no such thing, or none that the caller may know of.
    Absent,
}

/// The manifest that a reference names.
pub(crate) fn manifest(view: &View<'_>, reference: &Reference) -> Result<Reply, Unseen> {
    let content = &view.package.content;
    let digest = match reference {
        Reference::Digest(digest) => digest,
        Reference::Tag(tag) => {
            let tag = content.tag(tag.as_str()).ok_or_else(|| unseen(view, &[]))?;
            match tag.release {
                Some(release) if !view.shows_tag(tag) => return Err(unseen(view, &[release])),
                _ => &tag.digest,
            }
        }
    };
    match content.manifest(digest) {
        Some((position, manifest)) if view.shows(&manifest.owners) => Ok(Reply::Manifest(position)),
        Some((_, manifest)) => Err(unseen(view, &manifest.owners)),
        None => Err(unseen(view, &[])),
    }
}

/// The blob of a digest.
pub(crate) fn blob(view: &View<'_>, digest: &ContentDigest) -> Result<Reply, Unseen> {
    match view.package.content.blob(digest) {
        Some((position, blob)) if view.shows(&blob.owners) => Ok(Reply::Blob(position)),
        Some((_, blob)) => Err(unseen(view, &blob.owners)),
        None if view.whole => Ok(Reply::Unlisted(*digest)),
        None => Err(unseen(view, &[])),
    }
}

/// Whether the caller may know that there is such a repository, and else why not.
pub(crate) fn repository(view: &View<'_>) -> Result<(), Unseen> {
    if view.whole || !view.visible.is_empty() { Ok(()) } else { Err(unseen(view, &[])) }
}

/// Why something that these releases reach is not shown: for the reason of one of them, or of all there is.
fn unseen(view: &View<'_>, owners: &[u32]) -> Unseen {
    let told = owners.iter().filter_map(|owner| usize::try_from(*owner).ok()).find_map(|owner| {
        match view.decide.verdict(owner) {
            Verdict::Denied(denial) => Some(denial),
            Verdict::Allowed | Verdict::Hidden => None,
        }
    });
    match told.or_else(|| view.denial.cloned()) {
        Some(denial) => Unseen::Denied(denial),
        None if view.whole || !view.visible.is_empty() => Unseen::Absent,
        None => Unseen::NoRepository,
    }
}
