//! The bytes of a token: a format number, then the fields in order. Its kind is its prefix.

use keyway_base::{EnvironmentId, LicenseId, RecordId, Timestamp};

use super::{Grant, IssuedFor, Kind, RegistryToken};
use crate::fields::{put_optional, put_text, take_array, take_id, take_optional, take_text};
use crate::token::CredentialDigest;

/// Raised when the layout changes, so that tokens of an older release are refused and not misread.
const FORMAT: u8 = 1;

const PULL: u8 = 1;
const PUSH: u8 = 2;
const DELETE: u8 = 4;

pub(super) fn encode(token: &RegistryToken) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    bytes.extend(token.expires.as_micros().to_be_bytes());
    bytes.extend(token.account.as_bytes());
    put_optional(&mut bytes, token.environment, |bytes, id| bytes.extend(id.as_bytes()));
    match &token.bearer {
        IssuedFor::Anonymous => bytes.push(0),
        IssuedFor::Token(digest) => {
            bytes.push(1);
            bytes.extend(digest.as_bytes());
        }
        IssuedFor::Key(license, digest) => {
            bytes.push(2);
            bytes.extend(license.as_bytes());
            bytes.extend(digest.as_bytes());
        }
    }
    for grant in &token.grants {
        let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        bytes.push(bit(grant.pull, PULL) | bit(grant.push, PUSH) | bit(grant.delete, DELETE));
        put_text(&mut bytes, &grant.repository);
    }
    bytes
}

/// Reads what [`encode`] wrote; `None` for anything else.
pub(super) fn decode(bytes: &[u8], kind: Kind) -> Option<RegistryToken> {
    let mut rest = bytes;
    let [FORMAT] = take_array::<1>(&mut rest)? else { return None };
    Some(RegistryToken {
        kind,
        expires: Timestamp::from_micros(i64::from_be_bytes(take_array(&mut rest)?)),
        account: take_id(&mut rest)?.into(),
        environment: take_optional(&mut rest, take_id)?.map(EnvironmentId::from),
        bearer: take_bearer(&mut rest)?,
        grants: take_grants(rest)?,
    })
}

fn take_bearer(rest: &mut &[u8]) -> Option<IssuedFor> {
    match take_array(rest)? {
        [0] => Some(IssuedFor::Anonymous),
        [1] => Some(IssuedFor::Token(take_digest(rest)?)),
        [2] => {
            let license: RecordId = take_id(rest)?;
            Some(IssuedFor::Key(LicenseId::from(license), take_digest(rest)?))
        }
        _ => None,
    }
}

fn take_digest(rest: &mut &[u8]) -> Option<CredentialDigest> {
    take_array(rest).map(CredentialDigest::from_bytes)
}

/// Grants, to the end.
fn take_grants(mut rest: &[u8]) -> Option<Vec<Grant>> {
    let mut grants = Vec::new();
    while !rest.is_empty() {
        let [bits] = take_array(&mut rest)?;
        if bits & !(PULL | PUSH | DELETE) != 0 {
            return None;
        }
        let repository = take_text(&mut rest)?;
        let (pull, push, delete) = (bits & PULL != 0, bits & PUSH != 0, bits & DELETE != 0);
        grants.push(Grant { repository, pull, push, delete });
    }
    Some(grants)
}
