//! RECORD: the list of a wheel's files (PEP 376, PEP 427).

use std::collections::HashMap;

use crate::{ArchiveError, EntryKind, Quoted, zipfile::Member};

/// Checks that `record` lists exactly the files among `members`, with a strong hash each and the right size where
/// it gives one. RECORD itself and its signatures have no hash, and signatures need not be listed.
///
/// Hashes are not computed here.
pub(super) fn check(record: &[u8], members: &[Member], dist_info: &str) -> Result<(), ArchiveError> {
    let mut files: HashMap<&str, u64> = members
        .iter()
        .filter(|member| member.kind == EntryKind::File)
        .map(|member| (member.path.as_str(), member.size))
        .collect();
    let text = std::str::from_utf8(record).map_err(|_| mismatch("RECORD", "is not UTF-8"))?;
    let own = |name: &str| format!("{dist_info}/{name}");
    let unhashed = [own("RECORD"), own("RECORD.jws"), own("RECORD.p7s")];
    for line in text.lines().filter(|line| !line.is_empty()) {
        let row = Row::parse(line).ok_or_else(|| mismatch(line, "is not a row of path, hash and size"))?;
        let size = files.remove(row.path.as_str()).ok_or_else(|| {
            mismatch(&row.path, "is listed, but is not a file in the wheel (or is listed twice)")
        })?;
        if !unhashed.contains(&row.path) {
            row.check(size).map_err(|problem| mismatch(&row.path, problem))?;
        }
    }
    match files.keys().find(|path| !unhashed.iter().any(|name| name == *path)) {
        None => Ok(()),
        Some(path) => Err(mismatch(path, "is not listed")),
    }
}

fn mismatch(path: &str, problem: &'static str) -> ArchiveError {
    ArchiveError::Record { path: Quoted::new(path), problem }
}

#[derive(Debug, PartialEq, Eq)]
struct Row {
    path: String,
    hash: String,
    size: String,
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = split_csv(line)?.into_iter();
        let row = Row { path: fields.next()?, hash: fields.next()?, size: fields.next()? };
        fields.next().is_none().then_some(row)
    }

    fn check(&self, size: u64) -> Result<(), &'static str> {
        const STRONG: [&str; 3] = ["sha256", "sha384", "sha512"];
        match self.hash.split_once('=') {
            Some((algorithm, digest)) if STRONG.contains(&algorithm) && !digest.is_empty() => {}
            _ => return Err("has no hash of SHA-256 or stronger"),
        }
        match self.size.as_str() {
            "" => Ok(()),
            text if text.parse() == Ok(size) => Ok(()),
            _ => Err("is listed with another size"),
        }
    }
}

/// Splits a line of comma-separated fields; a field may be in double quotes, with `""` for a quote inside.
fn split_csv(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => split_quoted(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at_checked(end)?;
                (field.to_owned(), after)
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return after.is_empty().then_some(fields),
        }
    }
}

/// The field up to its closing quote, and what follows it.
fn split_quoted(mut rest: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_as_csv() {
        assert_eq!(split_csv("a/b.py,sha256=x,12").unwrap(), ["a/b.py", "sha256=x", "12"]);
        assert_eq!(split_csv("\"a,\"\"b\"\".py\",,").unwrap(), ["a,\"b\".py", "", ""]);
        assert_eq!(split_csv("\"open"), None);
        assert_eq!(split_csv("\"a\"b,c"), None);
    }

    #[test]
    fn a_row_needs_a_strong_hash_and_the_right_size() {
        let row = |text: &str| Row::parse(text).unwrap().check(5);
        assert!(row("a,sha256=abc,5").is_ok() && row("a,sha512=abc,").is_ok());
        assert!(row("a,md5=abc,5").is_err() && row("a,,5").is_err() && row("a,sha256=,5").is_err());
        assert!(row("a,sha256=abc,6").is_err() && row("a,sha256=abc,x").is_err());
        assert_eq!(Row::parse("a,b"), None);
        assert_eq!(Row::parse("a,b,c,d"), None);
    }
}
