//! What can be wrong with an archive, in words that a vendor can act on.

use std::{fmt, io};

use crate::oci::{ImageProblem, ManifestProblem};

/// Why an archive, or a document out of one, was refused.
///
/// Everything but [`ArchiveError::Source`] is the archive's own fault and may be shown to whoever uploaded it:
/// names from inside the archive are quoted, escaped and cut.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The reader underneath failed; says nothing about the archive.
    #[error("the archive could not be read: {0}")]
    Source(#[source] io::Error),
    /// The bytes end too early.
    #[error("the archive is cut short: the {what} is incomplete")]
    Truncated {
        /// What was being read.
        what: &'static str,
    },
    /// The gzip container is broken, or its checksum is wrong.
    #[error("not a valid gzip file: {problem}")]
    Gzip {
        /// What the decoder met.
        problem: String,
    },
    /// The zstd container is broken, or asks for too much.
    #[error("not a valid zstd file: {problem}")]
    Zstd {
        /// What the decoder met.
        problem: String,
    },
    /// A compression that is not read here.
    #[error(
        "the archive is compressed with {0}, which is not read here: upload it as plain tar, gzip or zstd"
    )]
    Compression(&'static str),
    /// Bytes follow where the format says that it has ended.
    #[error("unexpected data follows the end of the {after}")]
    TrailingData {
        /// What had ended.
        after: &'static str,
    },
    /// The upload itself is too large.
    #[error("the archive is larger than {limit} bytes")]
    Compressed {
        /// The limit in bytes.
        limit: u64,
    },
    /// The contents are too large.
    #[error("the archive decompresses to more than {limit} bytes")]
    Decompressed {
        /// The limit in bytes.
        limit: u64,
    },
    /// The contents are too large for the size of the upload: an archive bomb.
    #[error("the archive decompresses to more than {ratio} times its size")]
    Ratio {
        /// The limit, as in "200 to 1".
        ratio: u64,
    },
    /// There are too many entries.
    #[error("the archive has more than {limit} entries")]
    Entries {
        /// The limit.
        limit: u64,
    },
    /// All names together are too long.
    #[error("the names in the archive take more than {limit} bytes")]
    Names {
        /// The limit in bytes.
        limit: u64,
    },
    /// One entry is not acceptable.
    #[error("entry {name} {problem}")]
    Entry {
        /// The entry's name.
        name: Quoted,
        /// What is wrong with it.
        problem: EntryProblem,
    },
    /// The tar structure is not acceptable.
    #[error("not an acceptable tar archive: {problem}")]
    Tar {
        /// What is wrong.
        problem: &'static str,
    },
    /// The zip structure is not acceptable.
    #[error("not an acceptable zip archive: {problem}")]
    Zip {
        /// What is wrong.
        problem: &'static str,
    },
    /// A member that the format requires is not there.
    #[error("{name} is missing")]
    Missing {
        /// The member's path.
        name: Quoted,
    },
    /// Everything has to lie in one top directory.
    #[error("the archive has more than one top directory: {first} and {second}")]
    TopDirectories {
        /// The first one.
        first: Quoted,
        /// Another one.
        second: Quoted,
    },
    /// The top directory does not have the name that the file name calls for.
    #[error("the top directory is {found}, but the file name calls for {expected}")]
    TopDirectory {
        /// The name in the archive.
        found: Quoted,
        /// The name it should have.
        expected: Quoted,
    },
    /// The file's own name does not follow its format.
    #[error("file name {name} {problem}")]
    FileName {
        /// The file name.
        name: Quoted,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A wheel's RECORD does not match its members.
    #[error("RECORD does not match the wheel: {path} {problem}")]
    Record {
        /// The path in question.
        path: Quoted,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A core metadata document cannot be read.
    #[error("metadata line {line}: {problem}")]
    MetadataLine {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A core metadata field is absent, empty or repeated.
    #[error("metadata field {field} {problem}")]
    MetadataField {
        /// The field's name.
        field: Quoted,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A JSON document is malformed, too deep, or says something twice.
    #[error("invalid JSON: {problem}")]
    Json {
        /// What the parser met, with line and column.
        problem: String,
    },
    /// A NuGet package's own description is not usable.
    #[error("the .nuspec {problem}")]
    Nuspec {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A manifest or an index of OCI or Docker is not acceptable.
    #[error("the manifest {0}")]
    Manifest(#[from] ManifestProblem),
    /// An archive of images is not acceptable as one.
    #[error(transparent)]
    Image(Box<ImageProblem>),
    /// A YAML document is malformed, too large or too deep.
    #[error("invalid YAML: {problem}")]
    Yaml {
        /// What the parser met.
        problem: String,
    },
}

/// What is wrong with one entry; reads on from "entry 'x' …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryProblem {
    /// A symbolic link.
    #[error("is a symbolic link")]
    SymbolicLink,
    /// A hard link.
    #[error("is a hard link")]
    HardLink,
    /// A link to what the archive does not have, or to another link.
    #[error("is a link to nothing in the archive")]
    LinkToNothing,
    /// A link that leaves the archive.
    #[error("is a link to a place outside the archive")]
    LinkOutside,
    /// A link with bytes of its own.
    #[error("is a link with content")]
    LinkContent,
    /// A character or block device.
    #[error("is a device")]
    Device,
    /// A FIFO.
    #[error("is a named pipe")]
    Fifo,
    /// A sparse file.
    #[error("is a sparse file")]
    Sparse,
    /// Neither a file nor a directory.
    #[error("is neither a regular file nor a directory")]
    UnknownType,
    /// The name starts at the root.
    #[error("has an absolute path")]
    Absolute,
    /// The name climbs out of its directory.
    #[error("has '..' in its path")]
    ParentDirectory,
    /// The name has an empty or `.` segment.
    #[error("has an empty or '.' segment in its path")]
    EmptySegment,
    /// The name has a backslash.
    #[error("has a backslash in its path")]
    Backslash,
    /// The name has a Windows drive letter.
    #[error("has a drive letter in its path")]
    DriveLetter,
    /// The name has a NUL or another control character.
    #[error("has a control character in its path")]
    ControlCharacter,
    /// The name is not UTF-8, or is not marked as such.
    #[error("has a name that is not UTF-8")]
    NotUtf8,
    /// The name is too long.
    #[error("has a name longer than {limit} bytes")]
    NameTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// One segment of the name is too long.
    #[error("has a part longer than 255 bytes in its path")]
    SegmentTooLong,
    /// Another entry has the same name and other bytes.
    #[error("is in the archive twice, with different content")]
    Differs,
    /// Another entry has the same name, if upper and lower case are not told apart.
    #[error("has the same name as another entry (letter case aside)")]
    SameName,
    /// One entry is a file, another one lies below it.
    #[error("is both a file and a directory")]
    FileAndDirectory,
    /// A directory with bytes in it.
    #[error("is a directory with content")]
    DirectoryContent,
    /// Header and extended header give two sizes.
    #[error("has two different sizes")]
    TwoSizes,
    /// More than one extended header names the entry.
    #[error("has its name given twice")]
    TwoNames,
    /// The entry is to be a regular file.
    #[error("is not a regular file")]
    NotAFile,
    /// The entry lies beside the top directory.
    #[error("lies outside the top directory")]
    OutsideTop,
    /// A member that is read into memory is too large.
    #[error("is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Only stored and deflated members are taken.
    #[error("uses a compression other than stored or deflated")]
    Compression,
    /// An encrypted member.
    #[error("is encrypted")]
    Encrypted,
    /// General purpose bits that change how a member is read.
    #[error("sets zip flags that are not allowed")]
    Flags,
    /// An extra field that is malformed or would rename or resize the member.
    #[error("has an extra field that is not allowed")]
    ExtraField,
    /// A member comment.
    #[error("has a comment")]
    Comment,
    /// Local header and central directory differ.
    #[error("differs between its local header and the central directory")]
    HeadersDiffer,
    /// Members overlap, or there are bytes between them.
    #[error("overlaps another entry or follows a gap")]
    Layout,
    /// The decompressed bytes are not as many as declared.
    #[error("does not have the size it declares")]
    WrongSize,
    /// The decompressed bytes do not have the declared checksum.
    #[error("does not match its checksum")]
    Checksum,
    /// The deflate stream is broken.
    #[error("has damaged compressed data")]
    Damaged,
}

impl ArchiveError {
    /// True where the reader underneath failed, so that trying again may help; false where the archive is bad.
    pub fn is_source_failure(&self) -> bool {
        matches!(self, ArchiveError::Source(_))
    }

    pub(crate) fn entry(name: impl AsRef<[u8]>, problem: EntryProblem) -> Self {
        ArchiveError::Entry { name: Quoted::new(name), problem }
    }
}

/// An `ArchiveError` that passed through a `Read` comes out as itself; any other I/O error is the source's.
impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        error.downcast::<ArchiveError>().unwrap_or_else(ArchiveError::Source)
    }
}

impl From<ImageProblem> for ArchiveError {
    fn from(problem: ImageProblem) -> Self {
        ArchiveError::Image(Box::new(problem))
    }
}

impl From<ArchiveError> for io::Error {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Source(inner) => inner,
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }
}

/// A name out of an archive, made safe to show: control characters escaped, at most 100 characters, in quotes.
#[derive(Clone, PartialEq, Eq)]
pub struct Quoted(String);

impl Quoted {
    const LONGEST: usize = 100;

    /// Quotes `name`, which need not be UTF-8.
    pub fn new(name: impl AsRef<[u8]>) -> Self {
        let text = String::from_utf8_lossy(name.as_ref());
        let mut shown: String = text.chars().take(Self::LONGEST).flat_map(char::escape_debug).collect();
        if text.chars().nth(Self::LONGEST).is_some() {
            shown.push('…');
        }
        Quoted(shown)
    }

    /// The escaped and cut name, without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

impl fmt::Debug for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_escaped_and_cut() {
        assert_eq!(Quoted::new("a\n\u{202e}b").to_string(), "'a\\n\\u{202e}b'");
        assert_eq!(Quoted::new("x".repeat(500)).as_str().chars().count(), 101);
        assert_eq!(Quoted::new([0xff, b'a']).as_str(), "\u{fffd}a");
    }

    #[test]
    fn an_error_survives_the_way_through_a_reader() {
        let io: io::Error = ArchiveError::Ratio { ratio: 200 }.into();
        assert!(matches!(ArchiveError::from(io), ArchiveError::Ratio { ratio: 200 }));
        let disk = ArchiveError::from(io::Error::other("disk"));
        assert!(disk.is_source_failure());
        assert!(ArchiveError::from(io::Error::from(disk)).is_source_failure());
    }

    #[test]
    fn the_text_reads_as_a_sentence() {
        let error = ArchiveError::entry("package/x", EntryProblem::SymbolicLink);
        assert_eq!(error.to_string(), "entry 'package/x' is a symbolic link");
    }
}
