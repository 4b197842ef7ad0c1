//! Which tags of a container registry are versions.

use keyway_base::version_in_tag;

use crate::{Scheme, parse};

/// The version that a tag is, with all of its three numbers: `1.2.3` and `v1.2.3` are 1.2.3, `1.0.0_5` is 1.0.0+5.
pub fn of_content_tag(tag: &str) -> Option<String> {
    let text = version_in_tag(tag);
    // upstream's dialect fills short forms up, so the strict one is asked first
    parse(Scheme::Npm, &text).ok()?;
    let version = parse(Scheme::Semver, &text).ok()?;
    Some(version.verbatim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_three_numbers() {
        for (tag, version) in [
            ("1.2.3", Some("1.2.3")),
            ("v1.2.3", Some("1.2.3")),
            ("1.0.0-rc.1", Some("1.0.0-rc.1")),
            ("1.0.0_5", Some("1.0.0+5")),
            ("1.0.0-beta.2_build.7", Some("1.0.0-beta.2+build.7")),
            ("1.2", None),
            ("1", None),
            ("v1", None),
            ("vv1.2.3", None),
            ("V1.2.3", None),
            ("latest", None),
            ("stable", None),
            ("1.2.3.4", None),
            ("01.2.3", None),
            ("1.0.0_", None),
            ("1.0.0_5_6", None),
            ("99999999999999999999.0.0", None),
            ("2026-11-22", None),
        ] {
            assert_eq!(of_content_tag(tag).as_deref(), version, "{tag}");
        }
    }
}
