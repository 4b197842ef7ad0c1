//! Extra fields: which may be there, and the zip64 sizes in them.

use super::fields::Fields;
use crate::EntryProblem;

const ZIP64: u16 = 0x0001;
/// Info-ZIP's Unicode path and comment, which would give a member a second name.
const RENAMING: [u16; 2] = [0x7075, 0x6375];
const IN_EXTRA: u32 = u32::MAX;

/// Sizes of a member as its header's 32-bit fields and its extra fields say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) compressed: u64,
    pub(super) size: u64,
}

/// Resolves the two size fields of a header. A zip64 field has to hold exactly those that are deferred to it.
pub(super) fn sizes(compressed: u32, size: u32, extra: &[u8]) -> Result<Sizes, EntryProblem> {
    let zip64 = zip64_field(extra)?;
    let plain = Sizes { compressed: compressed.into(), size: size.into() };
    match (size == IN_EXTRA, compressed == IN_EXTRA, zip64) {
        (false, false, None) => Ok(plain),
        (true, true, Some(field)) => {
            let mut field = Fields::new(field);
            let (size, compressed) = (field.u64(), field.u64());
            match (size, compressed, field.is_empty()) {
                (Some(size), Some(compressed), true) => Ok(Sizes { compressed, size }),
                _ => Err(EntryProblem::ExtraField),
            }
        }
        _ => Err(EntryProblem::ExtraField),
    }
}

fn zip64_field(extra: &[u8]) -> Result<Option<&[u8]>, EntryProblem> {
    let mut fields = Fields::new(extra);
    let mut found = None;
    let mut seen = Vec::new();
    while !fields.is_empty() {
        let (Some(id), Some(length)) = (fields.u16(), fields.u16()) else {
            return Err(EntryProblem::ExtraField);
        };
        let content = fields.take(length.into()).ok_or(EntryProblem::ExtraField)?;
        if RENAMING.contains(&id) || seen.contains(&id) || seen.len() > 32 {
            return Err(EntryProblem::ExtraField);
        }
        seen.push(id);
        if id == ZIP64 {
            found = Some(content);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zip64(content: &[u8]) -> Vec<u8> {
        [&[1, 0, content.len() as u8, 0], content].concat()
    }

    #[test]
    fn zip64_has_to_hold_what_is_deferred_to_it() {
        let both = zip64(&[5, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(sizes(u32::MAX, u32::MAX, &both), Ok(Sizes { compressed: 4, size: 5 }));
        assert_eq!(sizes(4, 5, b""), Ok(Sizes { compressed: 4, size: 5 }));
        for (compressed, size, extra) in [
            (4, 5, both.clone()),
            (u32::MAX, 5, both.clone()),
            (u32::MAX, u32::MAX, Vec::new()),
            (u32::MAX, u32::MAX, zip64(&[1; 8])),
            (u32::MAX, u32::MAX, zip64(&[1; 24])),
            (u32::MAX, u32::MAX, [both.clone(), both].concat()),
        ] {
            assert_eq!(sizes(compressed, size, &extra), Err(EntryProblem::ExtraField));
        }
    }

    #[test]
    fn malformed_and_renaming_fields_are_refused() {
        assert!(sizes(1, 1, b"UT\x05\x00abcde").is_ok());
        for extra in [&b"\0\0\0"[..], b"UT\x09\x00ab", b"up\x01\x00x", b"uc\x01\x00x", b"UT\0\0UT\0\0"] {
            assert_eq!(sizes(1, 1, extra), Err(EntryProblem::ExtraField), "{extra:?}");
        }
    }
}
