//! Typed identifiers. Every id is a UUID; the type says of what.
//!
//! [`RecordId`] is the id of a record whose kind is known only at run time (the JSON:API interpreter,
//! the store). Typed ids convert into it freely; the way back is explicit.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use uuid::Uuid;

/// A text that is not a UUID where an id was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct IdError;

/// Reads a UUID in the API's lenient form: any case, dashes optional (`licensing.md` §1.1). Braced and
/// URN spellings are refused.
fn parse_uuid(text: &str) -> Result<Uuid, IdError> {
    if !matches!(text.len(), 32 | 36) {
        return Err(IdError);
    }
    Uuid::try_parse(text).map_err(|_| IdError)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is already known to identify this kind of thing.
            pub const fn new(uuid: Uuid) -> Self { Self(uuid) }
            /// Makes a fresh, time-ordered id (UUIDv7) for a record created at `now`. Those that a process makes
            /// for one moment sort in the order of their making, so lists stay in order under a frozen clock.
            pub fn generate(now: crate::Timestamp) -> Self { Self(uuid_v7(now)) }
            /// The 16 bytes of the id.
            pub const fn as_bytes(&self) -> &[u8; 16] { self.0.as_bytes() }
            /// The UUID itself.
            pub const fn uuid(self) -> Uuid { self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.as_hyphenated().fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0.as_hyphenated()) }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> { parse_uuid(text).map(Self) }
        }
    )+};
}

ids! {
    /// A tenant.
    AccountId,
    /// An environment inside an account.
    EnvironmentId,
    /// A product.
    ProductId,
    /// A policy.
    PolicyId,
    /// A licence.
    LicenseId,
    /// A user.
    UserId,
    /// A group.
    GroupId,
    /// A machine on which a licence is in use.
    MachineId,
    /// An API token.
    TokenId,
    /// An entitlement.
    EntitlementId,
    /// A package.
    PackageId,
    /// A release.
    ReleaseId,
    /// An artifact.
    ArtifactId,
    /// A release's entitlement constraint.
    ConstraintId,
    /// One HTTP request.
    RequestId,
    /// A record of any kind.
    RecordId,
}

impl AccountId {
    /// No account's id: whose work is the server's own.
    pub const NOBODY: Self = Self(Uuid::nil());
}

macro_rules! record_ids {
    ($($name:ident),+ $(,)?) => {$(
        impl From<$name> for RecordId { fn from(id: $name) -> Self { Self(id.0) } }
        impl From<RecordId> for $name { fn from(id: RecordId) -> Self { Self(id.0) } }
    )+};
}

record_ids!(
    AccountId,
    EnvironmentId,
    ProductId,
    PolicyId,
    LicenseId,
    UserId,
    GroupId,
    MachineId,
    TokenId,
    EntitlementId,
    PackageId,
    ReleaseId,
    ArtifactId,
    ConstraintId,
);

/// How many ids this process has made; what two ids of one moment are told apart by.
static MADE: AtomicU32 = AtomicU32::new(0);

/// A version 7 UUID for the given moment: after the time come 26 bits of a counter, and the rest is random and
/// from the operating system.
fn uuid_v7(now: crate::Timestamp) -> Uuid {
    let micros = now.as_micros().max(0).unsigned_abs();
    let mut rest = [0; 10];
    let random = Uuid::new_v4();
    for (byte, random) in rest.iter_mut().skip(4).zip(random.as_bytes()) {
        *byte = *random;
    }
    let [high, low, upper, lower] = MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    // twelve bits beside the version, six beside the variant, eight more
    rest[0] = ((high & 0b11) << 2) | (low >> 6);
    rest[1] = (low << 2) | (upper >> 6);
    rest[2] = upper & 0b11_1111;
    rest[3] = lower;
    uuid::Builder::from_unix_timestamp_millis(micros / 1_000, &rest).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn reads_any_case_and_missing_dashes_but_no_other_spelling() {
        let id: LicenseId = "0190163D-8694-739B-AEA5-966C26F8AD91".parse().unwrap();
        assert_eq!(id, "0190163d8694739baea5966c26f8ad91".parse().unwrap());
        assert_eq!(id.to_string(), "0190163d-8694-739b-aea5-966c26f8ad91");
        for bad in [
            "",
            "x",
            "{0190163d-8694-739b-aea5-966c26f8ad91}",
            "urn:uuid:0190163d-8694-739b-aea5-966c26f8ad91",
        ] {
            assert_eq!(bad.parse::<LicenseId>(), Err(IdError), "{bad}");
        }
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let early = RecordId::generate(Timestamp::from_micros(1_700_000_000_000_000));
        let late = RecordId::generate(Timestamp::from_micros(1_700_000_000_002_000));
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn ids_of_one_moment_sort_as_they_were_made_and_are_all_different() {
        let moment = Timestamp::from_micros(1_700_000_000_000_000);
        let ids: Vec<_> = (0..100_000).map(|_| RecordId::generate(moment)).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
        let (version, variant) = (ids[0].uuid().get_version_num(), ids[0].uuid().get_variant());
        assert_eq!((version, variant), (7, uuid::Variant::RFC4122));
        assert!(ids[0].to_string().starts_with("018bcfe5-6800-7"), "{}", ids[0]);
    }
}
