//! The `constraint` of an upgrade request (`distribution.md` §6.5 step 3).

use std::str::FromStr;

use super::{LabelColumns, Version, is_label, split_label, split_labels};

/// Which versions an upgrade may lead to: `[op]M[.m[.p]][-pre][+build]`. The operator is read and ignored,
/// as upstream does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    major: u64,
    minor: Option<u64>,
    patch: Option<u64>,
    prerelease: Option<LabelColumns>,
    build: Option<LabelColumns>,
}

/// A constraint that cannot be read (400 `CONSTRAINT_INVALID`); the message is upstream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid constraint format")]
pub struct ConstraintError;

/// The operators that may stand before the numbers. Longer ones first, since they are stripped as prefixes.
const OPERATORS: [&str; 10] = ["~>", ">=", "<=", "!=", "==", "=", ">", "<", "~", "^"];

impl Constraint {
    /// Whether `version` satisfies the constraint: `M` is the same major, `M.m` the same major and at least
    /// that minor, `M.m.p` the same minor too and at least that patch; a label asks for the same words, and
    /// for the same number if it has one.
    #[must_use]
    pub fn matches(&self, version: &Version) -> bool {
        self.matches_core(version)
            && label_matches(self.prerelease.as_ref(), version.pre_columns())
            && label_matches(self.build.as_ref(), version.build_columns())
    }

    fn matches_core(&self, version: &Version) -> bool {
        if version.major() != self.major {
            return false;
        }
        match (self.minor, self.patch) {
            (None, _) => true,
            (Some(minor), None) => version.minor() >= minor,
            (Some(minor), Some(patch)) => version.minor() == minor && version.patch() >= patch,
        }
    }
}

fn label_matches(wanted: Option<&LabelColumns>, label: &LabelColumns) -> bool {
    wanted.is_none_or(|wanted| wanted.word == label.word && (wanted.num.is_none() || wanted.num == label.num))
}

impl FromStr for Constraint {
    type Err = ConstraintError;

    fn from_str(text: &str) -> Result<Self, ConstraintError> {
        let bare =
            OPERATORS.iter().find_map(|op| text.strip_prefix(op)).unwrap_or(text).trim_start_matches(' ');
        let (core, labels) = bare.split_at(bare.find(['-', '+']).unwrap_or(bare.len()));
        let mut numbers = core.split('.').map(read_number);
        let major = numbers.next().unwrap_or(Err(ConstraintError))?;
        let minor = numbers.next().transpose()?;
        let patch = numbers.next().transpose()?;
        if numbers.next().is_some() {
            return Err(ConstraintError);
        }
        let (prerelease, build) = split_labels(labels);
        let (prerelease, build) =
            (prerelease.map(read_label).transpose()?, build.map(read_label).transpose()?);
        Ok(Self { major, minor, patch, prerelease, build })
    }
}

fn read_number(digits: &str) -> Result<u64, ConstraintError> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = digits.parse::<i64>().ok().filter(|_| all_digits);
    number.map(i64::unsigned_abs).ok_or(ConstraintError)
}

fn read_label(label: &str) -> Result<LabelColumns, ConstraintError> {
    if !is_label(label) {
        return Err(ConstraintError);
    }
    split_label(label).map_err(|_| ConstraintError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(constraint: &str, version: &str) -> bool {
        constraint.parse::<Constraint>().unwrap().matches(&version.parse().unwrap())
    }

    #[test]
    fn numbers_pin_what_stands_left_of_the_last_one() {
        for (constraint, inside, outside) in [
            ("1", ["1.0.0", "1.9.9"], ["0.9.0", "2.0.0"]),
            ("1.2", ["1.2.0", "1.9.0"], ["1.1.9", "2.2.0"]),
            ("1.0", ["1.0.0", "1.1.0"], ["0.1.0", "2.0.0"]),
            ("1.2.3", ["1.2.3", "1.2.9"], ["1.2.2", "1.3.0"]),
        ] {
            for version in inside {
                assert!(matches(constraint, version), "{constraint} should take {version}");
            }
            for version in outside {
                assert!(!matches(constraint, version), "{constraint} should not take {version}");
            }
        }
    }

    #[test]
    fn the_operator_is_ignored() {
        for constraint in [">=1.0", "~>1.0", "<1.0", "= 1.0", "^1.0", "1.0"] {
            assert_eq!(constraint.parse::<Constraint>(), "1.0".parse(), "{constraint}");
        }
    }

    #[test]
    fn labels_must_agree() {
        assert!(matches("1-beta", "1.4.0-beta.7"));
        assert!(!matches("1-beta", "1.4.0-rc.1"));
        assert!(!matches("1-beta", "1.4.0"));
        assert!(!matches("1-beta.2", "1.4.0-beta.7"));
        assert!(matches("1+p1", "1.4.0+p1"));
        assert!(!matches("1+p1", "1.4.0+p2"));
        assert!(matches("1", "1.4.0-rc.1+p2"), "no label, no demand");
    }

    #[test]
    fn refuses_what_is_no_constraint() {
        for bad in
            ["", "A", ">=", "1.", "1.2.3.4", "v1", "1-", "1+", "1-b_c", "1 ", "1..2", "99999999999999999999"]
        {
            assert_eq!(bad.parse::<Constraint>(), Err(ConstraintError), "{bad}");
        }
        assert_eq!(ConstraintError.to_string(), "invalid constraint format");
    }
}
