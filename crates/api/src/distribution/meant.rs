//! Which artifact a path segment means: an id, an id with the file's name (the vanity form), or a file name,
//! which means the file of the highest release version, then the newest (`distribution.md` §7).

use keyway_base::RecordId;
use keyway_domain::resources::Artifact;
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::{Page, Sort};

use crate::refusal::Outcome;
use crate::work::Work;

/// The artifact of a scope that a name means.
pub(super) async fn find(work: &mut Work, name: &str, scope: Scope) -> Outcome<Option<Record>> {
    if let Some((id, filename)) = split(name)
        && let Some(found) = work.find(Artifact::RESOURCE, &scope.clone().and(Scope::id("id", id))).await?
    {
        let own = found.get("filename").as_text();
        return Ok(filename.is_none_or(|filename| own == Some(filename)).then_some(found));
    }
    let named = scope.and(Scope::text("filename", name));
    let highest = Page { sort: Sort::ArtifactVersion, limit: Some(1), ..Page::default() };
    Ok(work.list(Artifact::RESOURCE, &named, &highest).await?.into_iter().next())
}

/// An id, and the file name behind it if there is one. A file name may look the same: ids go first.
fn split(name: &str) -> Option<(RecordId, Option<&str>)> {
    match name.split_once('/') {
        None => Some((name.parse().ok()?, None)),
        Some((id, filename)) => Some((id.parse().ok()?, Some(filename))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_may_carry_the_file_s_name() {
        let id: RecordId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        for (name, expected) in [
            ("0190163d-8694-739b-aea5-966c26f8ad91", Some((id, None))),
            ("0190163D8694739BAEA5966C26F8AD91", Some((id, None))),
            ("0190163d-8694-739b-aea5-966c26f8ad91/App.exe", Some((id, Some("App.exe")))),
            ("0190163d-8694-739b-aea5-966c26f8ad91/a/b.exe", Some((id, Some("a/b.exe")))),
            ("App.exe", None),
            ("a/b.exe", None),
        ] {
            assert_eq!(split(name), expected, "{name}");
        }
    }
}
