//! Fields of payloads that are signed: one after the other, texts preceded by their length, what may be absent by 0
//! or 1. Reading gives `None` for what was not written so.

use keyway_base::RecordId;

/// A length in base 128, the lowest seven bits first: one byte for nearly every text.
pub(crate) fn put_text(bytes: &mut Vec<u8>, text: &str) {
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

pub(crate) fn put_optional<T>(bytes: &mut Vec<u8>, value: Option<T>, put: impl Fn(&mut Vec<u8>, T)) {
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

pub(crate) fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    take(rest, N)?.try_into().ok()
}

pub(crate) fn take_text(rest: &mut &[u8]) -> Option<String> {
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

pub(crate) fn take_id(rest: &mut &[u8]) -> Option<RecordId> {
    hex::encode(take_array::<16>(rest)?).parse().ok()
}

/// The outer `None` means unreadable, the inner one absent.
pub(crate) fn take_optional<T>(
    rest: &mut &[u8],
    read: impl Fn(&mut &[u8]) -> Option<T>,
) -> Option<Option<T>> {
    match take_array(rest)? {
        [0] => Some(None),
        [1] => read(rest).map(Some),
        _ => None,
    }
}
