//! Python source distributions (`.tar.gz`, PEP 625): one top directory `{name}-{version}` with `PKG-INFO` in it.

use std::{fmt, io::Read, str::FromStr};

use crate::{
    ArchiveError, EntryKind, EntryProblem, Limits, Quoted, gunzip, normalize_python_name,
    python_name::{is_project_name, is_version_text},
    tarball::{self, TopDirectory},
};

/// The file name of an sdist, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SdistName {
    name: String,
    version: String,
}

impl SdistName {
    /// Parses `{name}-{version}.tar.gz`. The version is text here; whether it is one is not judged.
    pub fn parse(file_name: &str) -> Result<Self, ArchiveError> {
        let refuse = |problem| ArchiveError::FileName { name: Quoted::new(file_name), problem };
        let stem = file_name.strip_suffix(".tar.gz").ok_or_else(|| refuse("does not end in .tar.gz"))?;
        let (name, version) =
            stem.rsplit_once('-').ok_or_else(|| refuse("is not of the form {name}-{version}.tar.gz"))?;
        if !is_project_name(name) {
            return Err(refuse("does not start with a project name"));
        }
        if !is_version_text(version)
            || !version.starts_with(|first: char| first.is_ascii_digit() || first == 'v')
        {
            return Err(refuse("has no version"));
        }
        Ok(SdistName { name: name.to_owned(), version: version.to_owned() })
    }

    /// The project's name as the file name spells it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The project's name in normal form (PEP 503).
    pub fn normalized_name(&self) -> String {
        normalize_python_name(&self.name)
    }

    /// The version as the file name spells it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The top directory that the archive has to have.
    pub fn top_dir(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

impl fmt::Display for SdistName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}.tar.gz", self.name, self.version)
    }
}

impl FromStr for SdistName {
    type Err = ArchiveError;

    fn from_str(file_name: &str) -> Result<Self, ArchiveError> {
        Self::parse(file_name)
    }
}

/// What an sdist holds, as far as an index cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sdist {
    /// `PKG-INFO`, byte for byte; at most 2 MiB unless the limits say otherwise.
    pub pkg_info: Vec<u8>,
    /// Files and directories.
    pub entries: u64,
    /// The sizes of all files together, in bytes.
    pub unpacked_size: u64,
}

/// Reads an sdist within [`Limits::sdist`].
///
/// # Errors
/// As [`read_within`].
pub fn read(source: &mut dyn Read, name: &SdistName) -> Result<Sdist, ArchiveError> {
    read_within(source, name, &Limits::sdist())
}

/// Reads the sdist of that file name to its end.
///
/// # Errors
/// Where it is not one gzip member with a well-formed tar in it, has an entry that is unsafe to extract, has
/// another top directory than the file name calls for, has no regular `PKG-INFO`, or passes a limit.
pub fn read_within(source: &mut dyn Read, name: &SdistName, limits: &Limits) -> Result<Sdist, ArchiveError> {
    let mut top = TopDirectory::default();
    let mut pkg_info = None;
    let summary = tarball::walk(&mut gunzip(source, limits), limits, |entry, content| {
        top.admit(entry)?;
        match (entry.path.below_top(), entry.kind) {
            (Some("PKG-INFO"), EntryKind::File) => {
                pkg_info = Some(content.read_to_vec(entry, limits.member)?)
            }
            (Some("PKG-INFO"), EntryKind::Directory) => {
                return Err(ArchiveError::entry(entry.path.as_str(), EntryProblem::NotAFile));
            }
            _ => {}
        }
        Ok(())
    })?;
    let expected = name.top_dir();
    if let Some(found) = top.into_name().filter(|found| *found != expected) {
        return Err(ArchiveError::TopDirectory {
            found: Quoted::new(found),
            expected: Quoted::new(expected),
        });
    }
    let pkg_info = pkg_info.ok_or(ArchiveError::Missing { name: Quoted::new("PKG-INFO") })?;
    Ok(Sdist { pkg_info, entries: summary.entries, unpacked_size: summary.unpacked_size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_taken_apart() {
        let name = SdistName::parse("acme_widget-2.0.0b1.tar.gz").unwrap();
        assert_eq!(
            (name.name(), name.normalized_name().as_str(), name.version(), name.top_dir().as_str()),
            ("acme_widget", "acme-widget", "2.0.0b1", "acme_widget-2.0.0b1")
        );
        assert_eq!(SdistName::parse("Acme-Widget-1.0.tar.gz").unwrap().name(), "Acme-Widget");
        assert_eq!(name.to_string().parse::<SdistName>().unwrap(), name);
    }

    #[test]
    fn other_file_names_are_refused() {
        for bad in [
            "acme-1.0.zip",
            "acme.tar.gz",
            "-1.0.tar.gz",
            "acme-.tar.gz",
            "acme-widget.tar.gz",
            "../acme-1.0.tar.gz",
            "acme-1.0/x.tar.gz",
            "acme-1 0.tar.gz",
            "",
        ] {
            assert!(matches!(SdistName::parse(bad), Err(ArchiveError::FileName { .. })), "{bad}");
        }
    }
}
