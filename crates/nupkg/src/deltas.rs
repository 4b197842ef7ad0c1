//! The deltas that lead from what a client runs to what it is offered.

use keyway_engine::{Release, Status, View};
use keyway_versions::EcosystemVersion;

use crate::{Kind, Package};

/// More deltas than this are not worth applying; clients load the full package then.
const MOST_DELTAS: usize = 10;

/// The deltas that lead from the version `current` to the full package `to` of the release at `offer`, oldest first.
///
/// A delta is made against the release before. So they lead there only if each release in between that was packed for
/// the same target has one that the caller may have; otherwise none is returned, and the client loads the full
/// package at once, instead of after deltas that cannot be applied. Of a client that does not say what it runs, only
/// the delta of the offer itself is returned.
pub fn deltas<'a>(
    view: &View<'a>,
    offer: usize,
    to: &Package<'_>,
    current: Option<&EcosystemVersion>,
) -> Vec<Package<'a>> {
    let beside = |release: &'a Release, kind: Kind| {
        Package::all(release).find(|package| package.kind == kind && package.is_beside(to))
    };
    let mut found = Vec::new();
    for (index, release) in view.package.releases.iter().enumerate().skip(offer) {
        let is_between = match current {
            Some(current) => release.version > *current,
            None => index == offer,
        };
        if !is_between {
            break;
        }
        if release.status == Status::Draft || beside(release, Kind::Full).is_none() {
            continue;
        }
        let delta = beside(release, Kind::Delta).filter(|_| view.visible.contains(index));
        match delta {
            Some(delta) if found.len() < MOST_DELTAS => found.push(delta),
            _ => return Vec::new(),
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use keyway_engine::testing::{Shelf, Standing, artifact, denial, release};
    use keyway_engine::{Reason, Release};
    use keyway_versions::{Scheme, parse};

    use super::*;

    fn packed(version: &str, kinds: &[&str]) -> (Release, Standing) {
        let mut release = release(Scheme::Semver, version);
        release.artifacts =
            kinds.iter().map(|kind| artifact(&format!("a-{version}-{kind}.nupkg"), 1)).collect();
        (release, Standing::Visible)
    }

    fn names(releases: Vec<(Release, Standing)>, current: Option<&str>) -> Vec<String> {
        let shelf = Shelf::new("a", releases);
        let to = Package::all(&shelf.package.releases[0]).find(|package| package.kind == Kind::Full).unwrap();
        let current = current.map(|version| parse(Scheme::Semver, version).unwrap());
        let found = deltas(&shelf.view(), 0, &to, current.as_ref());
        found.iter().map(|package| package.facts.version.clone().into_owned()).collect()
    }

    const BOTH: &[&str] = &["full", "delta"];

    #[test]
    fn every_step_from_what_runs_is_there_oldest_first() {
        let shelf = || vec![packed("1.3.0", BOTH), packed("1.2.0", BOTH), packed("1.1.0", BOTH)];
        assert_eq!(names(shelf(), Some("1.0.0")), ["1.1.0", "1.2.0", "1.3.0"]);
        assert_eq!(names(shelf(), Some("1.1.0")), ["1.2.0", "1.3.0"]);
        assert_eq!(names(shelf(), Some("1.3.0")), [""; 0]);
        assert_eq!(names(shelf(), None), ["1.3.0"]);
    }

    #[test]
    fn a_step_that_is_missing_leaves_none() {
        let without =
            |second: (Release, Standing)| vec![packed("1.2.0", BOTH), second, packed("1.0.0", BOTH)];
        assert_eq!(names(without(packed("1.1.0", &["full"])), Some("1.0.0")), [""; 0]);
        let (hidden, _) = packed("1.1.0", BOTH);
        let refused = Standing::Withheld(denial(Reason::NotEntitled, "No."));
        assert_eq!(names(without((hidden, refused)), Some("1.0.0")), [""; 0]);
        let (mut yanked, _) = packed("1.1.0", BOTH);
        yanked.status = Status::Yanked;
        assert_eq!(names(without((yanked, Standing::Withdrawn)), Some("1.0.0")), [""; 0]);
        assert_eq!(names(vec![packed("1.2.0", &["full"])], Some("1.0.0")), [""; 0]);
    }

    #[test]
    fn releases_for_other_targets_and_drafts_are_no_steps() {
        let (mut draft, _) = packed("1.1.5", &["full"]);
        draft.status = Status::Draft;
        let shelf = vec![
            packed("1.2.0", &["full", "delta", "linux-full", "linux-delta"]),
            (draft, Standing::Hidden),
            packed("1.1.0", &["linux-full"]),
            packed("1.0.5", &[]),
        ];
        assert_eq!(names(shelf, Some("1.0.0")), ["1.2.0"]);
    }

    #[test]
    fn a_long_way_is_left_to_the_full_package() {
        let many = |count: u32| (1..=count).map(|minor| packed(&format!("1.{minor}.0"), BOTH)).collect();
        assert_eq!(names(many(10), Some("1.0.0")).len(), 10);
        assert_eq!(names(many(11), Some("1.0.0")).len(), 0);
    }
}
