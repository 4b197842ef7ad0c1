//! The bytes of a grant: a format number, then the fields in order.

use keyway_base::{ArtifactId, Timestamp};

use super::{Grant, Method};
use crate::fields::{put_optional, put_text, take_array, take_id, take_optional, take_text};

/// Raised when the layout changes, so that tokens of an older release are refused and not misread.
const FORMAT: u8 = 3;

pub(super) fn encode(grant: &Grant) -> Vec<u8> {
    let mut bytes = vec![FORMAT, matches!(grant.method, Method::Put).into()];
    bytes.extend(grant.expires.as_micros().to_be_bytes());
    bytes.extend(grant.account.as_bytes());
    put_text(&mut bytes, &grant.blob);
    put_text(&mut bytes, &grant.principal);
    put_optional(&mut bytes, grant.artifact, |bytes, id| bytes.extend(id.as_bytes()));
    put_optional(&mut bytes, grant.part, |bytes, part| bytes.extend(part.to_be_bytes()));
    put_optional(&mut bytes, grant.length_cap, |bytes, cap| bytes.extend(cap.to_be_bytes()));
    put_optional(&mut bytes, grant.filename.as_deref(), put_text);
    put_optional(&mut bytes, grant.content_type.as_deref(), put_text);
    bytes
}

/// Reads what [`encode`] wrote; `None` for anything else, trailing bytes included.
pub(super) fn decode(bytes: &[u8]) -> Option<Grant> {
    let mut rest = bytes;
    let [format, method] = take_array::<2>(&mut rest)?;
    let method = match (format, method) {
        (FORMAT, 0) => Method::Get,
        (FORMAT, 1) => Method::Put,
        _ => return None,
    };
    let grant = Grant {
        method,
        expires: Timestamp::from_micros(i64::from_be_bytes(take_array(&mut rest)?)),
        account: take_id(&mut rest)?.into(),
        blob: take_text(&mut rest)?,
        principal: take_text(&mut rest)?,
        artifact: take_optional(&mut rest, take_id)?.map(ArtifactId::from),
        part: take_optional(&mut rest, |rest| take_array(rest).map(u32::from_be_bytes))?,
        length_cap: take_optional(&mut rest, |rest| take_array(rest).map(u64::from_be_bytes))?,
        filename: take_optional(&mut rest, take_text)?,
        content_type: take_optional(&mut rest, take_text)?,
    };
    rest.is_empty().then_some(grant)
}
