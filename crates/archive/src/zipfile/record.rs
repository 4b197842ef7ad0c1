//! The records of a central directory as they stand there, for all who read one: what of them is allowed is for each to say.

use super::fields::Fields;

/// How long an end record is, without its comment.
pub(crate) const END_LENGTH: u64 = 22;
/// What an end record begins with.
pub(crate) const END_MARK: [u8; 4] = *b"PK\x05\x06";
/// How long the head of an entry is: what it has beside name, extra fields and comment.
pub(crate) const ENTRY_LENGTH: u64 = 46;
const ENTRY_MARK: [u8; 4] = *b"PK\x01\x02";

/// An end record, without its comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndRecord {
    /// The disk that it is on, and the one that the directory begins on.
    pub(crate) disks: (u16, u16),
    /// How many entries are on this disk.
    pub(crate) entries_here: u16,
    pub(crate) entries: u16,
    pub(crate) directory_size: u32,
    pub(crate) directory_at: u32,
    /// The length of the comment.
    pub(crate) comment: u16,
}

impl EndRecord {
    /// Reads one; `None` when these are not the bytes of one.
    pub(crate) fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        if fields.array()? != END_MARK {
            return None;
        }
        let disks = (fields.u16()?, fields.u16()?);
        let (entries_here, entries) = (fields.u16()?, fields.u16()?);
        let (directory_size, directory_at, comment) = (fields.u32()?, fields.u32()?, fields.u16()?);
        Some(Self { disks, entries_here, entries, directory_size, directory_at, comment })
    }
}

/// The head of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryHead {
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    pub(crate) compressed: u32,
    pub(crate) size: u32,
    /// The length of the name, which follows first.
    pub(crate) name: u16,
    /// The length of the extra fields, which follow then.
    pub(crate) extra: u16,
    /// The length of the comment, which follows last.
    pub(crate) comment: u16,
    pub(crate) disk: u16,
    pub(crate) attributes: u32,
    pub(crate) header_at: u32,
}

impl EntryHead {
    /// Reads one; `None` when these are not the bytes of one.
    pub(crate) fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        if fields.array()? != ENTRY_MARK {
            return None;
        }
        // Versions made by and needed.
        fields.take(4)?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        // Time and date.
        fields.take(4)?;
        let (crc, compressed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let (disk, _internal, attributes, header_at) =
            (fields.u16()?, fields.u16()?, fields.u32()?, fields.u32()?);
        Some(Self { flags, method, crc, compressed, size, name, extra, comment, disk, attributes, header_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_field_by_field_and_nothing_else_is_one() {
        let end = b"PK\x05\x06\x01\0\x02\0\x03\0\x04\0\x05\0\0\0\x06\0\0\0\x07\0";
        let expected = EndRecord {
            disks: (1, 2),
            entries_here: 3,
            entries: 4,
            directory_size: 5,
            directory_at: 6,
            comment: 7,
        };
        assert_eq!(end.len() as u64, END_LENGTH);
        assert_eq!(EndRecord::parse(&mut Fields::new(end)), Some(expected));
        let mut entry = b"PK\x01\x02".to_vec();
        entry.extend(1..=42_u8);
        assert_eq!(entry.len() as u64, ENTRY_LENGTH);
        let two = |low: u8| u16::from_le_bytes([low, low + 1]);
        let four = |low: u8| u32::from_le_bytes([low, low + 1, low + 2, low + 3]);
        let expected = EntryHead {
            flags: two(5),
            method: two(7),
            crc: four(13),
            compressed: four(17),
            size: four(21),
            name: two(25),
            extra: two(27),
            comment: two(29),
            disk: two(31),
            attributes: four(35),
            header_at: four(39),
        };
        assert_eq!(EntryHead::parse(&mut Fields::new(&entry)), Some(expected));
        assert_eq!(EntryHead::parse(&mut Fields::new(end)), None);
        assert_eq!(EndRecord::parse(&mut Fields::new(&entry)), None);
        for short in [&end[..21], &end[..3]] {
            assert_eq!(EndRecord::parse(&mut Fields::new(short)), None);
        }
        assert_eq!(EntryHead::parse(&mut Fields::new(&entry[..45])), None);
    }
}
