//! Extended headers: pax records and GNU long names.

use super::header::{Header, OCTAL_MOST};
use super::{Dialect, Entry};
use crate::{ArchiveError, EntryKind, EntryPath, EntryProblem, Limits};

/// What the headers before an entry say of it.
#[derive(Debug, Default)]
pub(super) struct Extension {
    pax: Option<Pax>,
    long_name: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Pax {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extension {
    pub(super) fn is_empty(&self) -> bool {
        self.pax.is_none() && self.long_name.is_none()
    }

    /// Takes the content of a pax header.
    pub(super) fn pax(&mut self, content: &[u8]) -> Result<(), ArchiveError> {
        let mut pax = Pax::default();
        for (key, value) in records(content)? {
            pax.set(key, value)?;
        }
        match self.pax.replace(pax) {
            None => Ok(()),
            Some(_) => Err(ArchiveError::Tar { problem: "an entry has two pax headers" }),
        }
    }

    /// Takes the content of a GNU long name.
    pub(super) fn long_name(&mut self, content: &[u8]) -> Result<(), ArchiveError> {
        let name = content.strip_suffix(b"\0").unwrap_or(content).to_vec();
        match self.long_name.replace(name) {
            None => Ok(()),
            Some(first) => Err(ArchiveError::entry(first, EntryProblem::TwoNames)),
        }
    }

    /// The entry that `header` and this extension describe together; none for the directory `./`.
    pub(super) fn resolve(
        self,
        header: &Header<'_>,
        kind: EntryKind,
        dialect: Dialect,
        limits: &Limits,
    ) -> Result<Option<Entry>, ArchiveError> {
        let pax = self.pax.unwrap_or_default();
        let own = header.name()?;
        let raw = match (pax.path, self.long_name) {
            (Some(path), None) | (None, Some(path)) => path,
            (None, None) => own,
            (Some(path), Some(_)) => return Err(ArchiveError::entry(path, EntryProblem::TwoNames)),
        };
        let Some(size) = agreed_size(header.size(), pax.size) else {
            return Err(ArchiveError::entry(raw, EntryProblem::TwoSizes));
        };
        if kind == EntryKind::File && raw.ends_with(b"/") {
            return Err(ArchiveError::entry(raw, EntryProblem::NotAFile));
        }
        let name = match dialect {
            Dialect::Package => raw.as_slice(),
            Dialect::Image => raw.strip_prefix(b"./").unwrap_or(&raw),
        };
        if dialect == Dialect::Image && kind == EntryKind::Directory && matches!(name, b"" | b".") {
            return Ok(None);
        }
        let path = EntryPath::parse(name, limits.name_len)?;
        Ok(Some(Entry { target: header.target(&path, kind)?, path, kind, size }))
    }
}

/// The size that both headers give. A size that octal digits cannot hold stands in the pax header alone.
fn agreed_size(header: u64, pax: Option<u64>) -> Option<u64> {
    match pax {
        None => Some(header),
        Some(size) if size == header => Some(size),
        Some(size) if header == 0 && size > OCTAL_MOST && i64::try_from(size).is_ok() => Some(size),
        Some(_) => None,
    }
}

impl Pax {
    /// Keys that change how an entry is read are understood or refused; all others (times, owners) are passed over.
    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), ArchiveError> {
        let fresh = match key {
            "path" => self.path.replace(value.to_vec()).is_none(),
            "size" => self.size.replace(decimal(value)?).is_none(),
            _ => return refuse_key(key),
        };
        match fresh {
            true => Ok(()),
            false => Err(ArchiveError::Tar { problem: "a pax header says something twice" }),
        }
    }
}

/// Checks a global pax header: a comment (as `git archive` writes) or times, nothing that names or sizes entries.
pub(super) fn check_global(content: &[u8]) -> Result<(), ArchiveError> {
    for (key, _) in records(content)? {
        match key {
            "path" | "size" => {
                return Err(ArchiveError::Tar { problem: "a global pax header names or sizes entries" });
            }
            _ => refuse_key(key)?,
        }
    }
    Ok(())
}

fn refuse_key(key: &str) -> Result<(), ArchiveError> {
    let problem = match key {
        "linkpath" => "a pax header makes a link",
        "hdrcharset" => "a pax header changes the character set",
        "SCHILY.realsize" => "a pax header makes a sparse file",
        _ if key.starts_with("GNU.sparse.") => "a pax header makes a sparse file",
        _ => return Ok(()),
    };
    Err(ArchiveError::Tar { problem })
}

/// The records `<length> <key>=<value>\n`. A newline inside a value is refused: readers that go by lines would
/// see other records than readers that go by lengths.
fn records(content: &[u8]) -> Result<Vec<(&str, &[u8])>, ArchiveError> {
    let mut rest = content;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (record, after) =
            split_record(rest).ok_or(ArchiveError::Tar { problem: "a pax header is malformed" })?;
        records.push(record);
        rest = after;
    }
    Ok(records)
}

type Split<'c> = ((&'c str, &'c [u8]), &'c [u8]);

fn split_record(content: &[u8]) -> Option<Split<'_>> {
    let digits = content.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(content.get(..digits)?).ok()?.parse().ok()?;
    let (record, after) = content.split_at_checked(length)?;
    let body = record.get(digits + 1..)?.strip_suffix(b"\n")?;
    if body.contains(&b'\n') || body.contains(&0) {
        return None;
    }
    let equals = body.iter().position(|byte| *byte == b'=')?;
    let key = std::str::from_utf8(body.get(..equals)?).ok().filter(|key| !key.is_empty())?;
    Some(((key, body.get(equals + 1..)?), after))
}

fn decimal(value: &[u8]) -> Result<u64, ArchiveError> {
    std::str::from_utf8(value)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or(ArchiveError::Tar { problem: "a pax header's size is not a number" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_split_by_their_lengths() {
        let content = b"18 path=some/name\n22 mtime=1700000000.5\n";
        let table = records(content).unwrap();
        assert_eq!(table, [("path", &b"some/name"[..]), ("mtime", &b"1700000000.5"[..])]);
        assert!(records(b"").unwrap().is_empty());
    }

    #[test]
    fn two_sizes_agree_or_the_header_has_no_room_for_it() {
        assert_eq!(agreed_size(5, None), Some(5));
        assert_eq!(agreed_size(5, Some(5)), Some(5));
        assert_eq!(agreed_size(0, Some(OCTAL_MOST + 1)), Some(OCTAL_MOST + 1));
        for (header, pax) in [(5, 6), (0, 5), (5, 0), (0, OCTAL_MOST), (1, OCTAL_MOST + 1), (0, u64::MAX)] {
            assert_eq!(agreed_size(header, Some(pax)), None, "{header} {pax}");
        }
    }

    #[test]
    fn malformed_records_are_refused() {
        let table: [&[u8]; 9] = [
            b"path=x\n",
            b"99 path=x\n",
            b"8 path=x\n",
            b"10 path=x\n\n",
            b"0 \n",
            b"9 path=x ",
            b"28 comment=x\n15 path=evil/x\n",
            b"6 =xx\n",
            b"-5 a=\n",
        ];
        for content in table {
            assert!(records(content).is_err(), "{}", String::from_utf8_lossy(content));
        }
    }

    #[test]
    fn keys_that_make_links_or_holes_are_refused() {
        for key in ["linkpath", "hdrcharset", "GNU.sparse.major", "SCHILY.realsize"] {
            assert!(Pax::default().set(key, b"x").is_err(), "{key}");
        }
        assert!(Pax::default().set("uname", b"x").is_ok());
    }
}
