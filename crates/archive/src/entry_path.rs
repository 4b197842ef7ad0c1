//! Paths of entries: which ones are acceptable, and which collide.

use std::collections::HashMap;

use crate::tarball::Dialect;
use crate::{ArchiveError, EntryProblem, Limits, Quoted};

/// What an entry is; everything else is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link: only archives of images may have them.
    SymbolicLink,
    /// A hard link: only archives of images may have them.
    HardLink,
}

/// A checked relative path with `/` between segments: no `..`, no `.`, no empty segment, no backslash, no drive
/// letter, no control characters, no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryPath(String);

impl EntryPath {
    /// Parses the raw name of an entry (a directory's may end in one slash), at most `name_len` bytes long.
    pub fn parse(raw: &[u8], name_len: usize) -> Result<Self, ArchiveError> {
        let refuse = |problem| ArchiveError::entry(raw, problem);
        if raw.len() > name_len {
            return Err(refuse(EntryProblem::NameTooLong { limit: name_len }));
        }
        let text = std::str::from_utf8(raw).map_err(|_| refuse(EntryProblem::NotUtf8))?;
        if text.starts_with('/') {
            return Err(refuse(EntryProblem::Absolute));
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        match text.split('/').find_map(segment_problem) {
            Some(problem) => Err(refuse(problem)),
            None => Ok(EntryPath(text.to_owned())),
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory that everything lies in.
    pub(crate) fn root(&self) -> Directory<'_> {
        Directory("")
    }

    /// The directory that it lies in.
    pub(crate) fn parent(&self) -> Directory<'_> {
        Directory(self.0.rsplit_once('/').map_or("", |(parent, _)| parent))
    }

    /// How many segments it has; at least one.
    pub fn depth(&self) -> usize {
        self.0.split('/').count()
    }

    /// The first segment.
    pub fn top(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(top, _)| top)
    }

    /// What follows the first segment, where anything does.
    pub fn below_top(&self) -> Option<&str> {
        self.0.split_once('/').map(|(_, rest)| rest)
    }

    /// The last segment.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(self.0.as_str(), |(_, name)| name)
    }
}

/// Where a link starts from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directory<'p>(&'p str);

impl Directory<'_> {
    /// The path that a link's text leads to; `None` where that is no path inside the archive.
    pub(crate) fn join(self, text: &str) -> Option<EntryPath> {
        let mut segments: Vec<&str> = self.0.split('/').filter(|segment| !segment.is_empty()).collect();
        for segment in text.split('/') {
            match segment {
                "." => {}
                ".." => drop(segments.pop()?),
                other if segment_problem(other).is_none() => segments.push(other),
                _ => return None,
            }
        }
        (!segments.is_empty()).then(|| EntryPath(segments.join("/")))
    }
}

fn segment_problem(segment: &str) -> Option<EntryProblem> {
    match segment {
        ".." => return Some(EntryProblem::ParentDirectory),
        "" | "." => return Some(EntryProblem::EmptySegment),
        _ => {}
    }
    if segment.contains('\\') {
        return Some(EntryProblem::Backslash);
    }
    if segment.chars().any(char::is_control) {
        return Some(EntryProblem::ControlCharacter);
    }
    matches!(segment.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
        .then_some(EntryProblem::DriveLetter)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    File,
    Directory,
    Link,
    /// A directory that only the path of something below it speaks of.
    Implied,
}

/// The names taken so far, letter case aside.
#[derive(Debug)]
pub(crate) struct Names {
    taken: HashMap<String, Claim>,
    bytes: u64,
    entries: u64,
    limits: Limits,
    dialect: Dialect,
}

impl Names {
    pub(crate) fn new(limits: &Limits, dialect: Dialect) -> Self {
        Names { taken: HashMap::new(), bytes: 0, entries: 0, limits: *limits, dialect }
    }

    /// Takes `path` for one more entry; refuses a second one of that name, a file below a file, and too many.
    pub(crate) fn claim(&mut self, path: &EntryPath, kind: EntryKind) -> Result<(), ArchiveError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(ArchiveError::Entries { limit: self.limits.entries });
        }
        let folded = path.as_str().to_lowercase();
        self.imply_parents(path, &folded)?;
        let claim = match kind {
            EntryKind::File => Claim::File,
            EntryKind::Directory => Claim::Directory,
            EntryKind::SymbolicLink | EntryKind::HardLink => Claim::Link,
        };
        match (self.taken.get(&folded), claim) {
            (None, _) => self.take(folded, claim),
            (Some(taken), _) if *taken == claim && self.dialect == Dialect::Image => Ok(()),
            (Some(Claim::Implied), Claim::Directory) => {
                self.taken.insert(folded, claim);
                Ok(())
            }
            (Some(Claim::Implied), _) => Err(clash(path, EntryProblem::FileAndDirectory)),
            (Some(_), _) => Err(clash(path, EntryProblem::SameName)),
        }
    }

    fn imply_parents(&mut self, path: &EntryPath, folded: &str) -> Result<(), ArchiveError> {
        let mut rest = folded;
        while let Some((parent, _)) = rest.rsplit_once('/') {
            match self.taken.get(parent) {
                Some(Claim::File | Claim::Link) => return Err(clash(path, EntryProblem::FileAndDirectory)),
                // Whoever took this directory has taken all above it.
                Some(_) => return Ok(()),
                None => self.take(parent.to_owned(), Claim::Implied)?,
            }
            rest = parent;
        }
        Ok(())
    }

    fn take(&mut self, folded: String, claim: Claim) -> Result<(), ArchiveError> {
        self.bytes = self.bytes.saturating_add(folded.len() as u64);
        if self.bytes > self.limits.names {
            return Err(ArchiveError::Names { limit: self.limits.names });
        }
        self.taken.insert(folded, claim);
        Ok(())
    }
}

fn clash(path: &EntryPath, problem: EntryProblem) -> ArchiveError {
    ArchiveError::Entry { name: Quoted::new(path.as_str()), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(result: Result<impl std::fmt::Debug, ArchiveError>) -> EntryProblem {
        match result {
            Err(ArchiveError::Entry { problem, .. }) => problem,
            other => panic!("expected a refused entry, got {other:?}"),
        }
    }

    #[test]
    fn ordinary_paths_are_taken_apart() {
        let path = EntryPath::parse(b"package/lib/index.js", 100).unwrap();
        assert_eq!(
            (path.top(), path.below_top(), path.file_name(), path.depth()),
            ("package", Some("lib/index.js"), "index.js", 3)
        );
        assert_eq!(EntryPath::parse("päckage/".as_bytes(), 100).unwrap().as_str(), "päckage");
    }

    #[test]
    fn each_bad_path_is_refused_for_its_reason() {
        let table: [(&[u8], EntryProblem); 14] = [
            (b"/etc/passwd", EntryProblem::Absolute),
            (b"//host/share", EntryProblem::Absolute),
            (b"a/../b", EntryProblem::ParentDirectory),
            (b"..", EntryProblem::ParentDirectory),
            (b"./a", EntryProblem::EmptySegment),
            (b"a//b", EntryProblem::EmptySegment),
            (b"", EntryProblem::EmptySegment),
            (b"a/b//", EntryProblem::EmptySegment),
            (b"a\\b", EntryProblem::Backslash),
            (b"C:/x", EntryProblem::DriveLetter),
            (b"package/c:x", EntryProblem::DriveLetter),
            (b"a\0b", EntryProblem::ControlCharacter),
            (b"a\xff", EntryProblem::NotUtf8),
            (b"aaaaaaaaaaaaaaaaaaaaa", EntryProblem::NameTooLong { limit: 20 }),
        ];
        for (raw, expected) in table {
            assert_eq!(problem(EntryPath::parse(raw, 20)), expected, "{:?}", Quoted::new(raw));
        }
    }

    fn claim_all(entries: &[(&str, EntryKind)]) -> Result<(), ArchiveError> {
        let mut names = Names::new(&Limits::default(), Dialect::Package);
        for (path, kind) in entries {
            names.claim(&EntryPath::parse(path.as_bytes(), 100)?, *kind)?;
        }
        Ok(())
    }

    #[test]
    fn names_collide_letter_case_aside() {
        use EntryKind::{Directory, File};
        assert!(claim_all(&[("a/b", File), ("a", Directory), ("a/c", File), ("A/d", File)]).is_ok());
        assert_eq!(problem(claim_all(&[("a/b", File), ("A/B", File)])), EntryProblem::SameName);
        assert_eq!(problem(claim_all(&[("a/Ä", File), ("a/ä", File)])), EntryProblem::SameName);
        assert_eq!(problem(claim_all(&[("a", Directory), ("a", Directory)])), EntryProblem::SameName);
        assert_eq!(problem(claim_all(&[("a", File), ("a/b", File)])), EntryProblem::FileAndDirectory);
        assert_eq!(problem(claim_all(&[("a/b", File), ("a", File)])), EntryProblem::FileAndDirectory);
    }

    #[test]
    fn entries_and_names_are_capped() {
        let mut names = Names::new(&Limits { entries: 1, ..Limits::default() }, Dialect::Package);
        let path = |text: &str| EntryPath::parse(text.as_bytes(), 4096).unwrap();
        assert!(names.claim(&path("a"), EntryKind::File).is_ok());
        assert!(matches!(names.claim(&path("b"), EntryKind::File), Err(ArchiveError::Entries { limit: 1 })));
        let mut names = Names::new(&Limits { names: 1000, ..Limits::default() }, Dialect::Package);
        let deep = path(&"d/".repeat(100));
        assert!(matches!(names.claim(&deep, EntryKind::File), Err(ArchiveError::Names { limit: 1000 })));
    }
}
