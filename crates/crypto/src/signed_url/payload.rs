//! The bytes of a grant: a format number, then the fields in order. Texts are preceded by their length, what
//! may be absent by 0 or 1.

use keyway_base::{ArtifactId, RecordId, Timestamp};

use super::{Grant, Method};

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

/// A length in base 128, the lowest seven bits first: one byte for nearly every text.
fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or(0x7f);
        length >>= 7;
        bytes.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    bytes.extend(text.as_bytes());
}

fn put_optional<T>(bytes: &mut Vec<u8>, value: Option<T>, put: impl Fn(&mut Vec<u8>, T)) {
    bytes.push(value.is_some().into());
    if let Some(value) = value {
        put(bytes, value);
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    take(rest, N)?.try_into().ok()
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    let mut length = 0usize;
    for shift in (0..usize::BITS).step_by(7) {
        let [byte] = take_array(rest)?;
        length |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            let text = take(rest, length)?;
            return String::from_utf8(text.to_vec()).ok();
        }
    }
    None
}

fn take_id(rest: &mut &[u8]) -> Option<RecordId> {
    hex::encode(take_array::<16>(rest)?).parse().ok()
}

/// The outer `None` means unreadable, the inner one absent.
fn take_optional<T>(rest: &mut &[u8], read: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Option<T>> {
    match take_array(rest)? {
        [0] => Some(None),
        [1] => read(rest).map(Some),
        _ => None,
    }
}
