//! Packages of NuGet (`.nupkg`), as Velopack and Squirrel make them: a zip archive with one `.nuspec` at its root.

use std::io::{Read, Seek, SeekFrom};

use roxmltree::{Document, Node, ParsingOptions};

use crate::{ArchiveError, EntryKind, Limits, zipfile::ZipFile};

/// What a package says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nuspec {
    /// `<id>`.
    pub id: String,
    /// `<version>`.
    pub version: String,
    /// `<channel>`, in Velopack's.
    pub channel: Option<String>,
    /// `<os>`, in Velopack's.
    pub os: Option<String>,
    /// `<rid>`, the runtime that it was packed for (`win-x64`), in Velopack's.
    pub rid: Option<String>,
    /// `<machineArchitecture>`, in Velopack's.
    pub arch: Option<String>,
}

/// Reads the `.nuspec` out of a package within [`Limits::nupkg`].
///
/// # Errors
/// Where it is not a zip archive with one reading, has no `.nuspec` or several at its root, has one that is not
/// well-formed or lacks id or version, or passes a limit.
pub fn read<R: Read + Seek + ?Sized>(source: &mut R) -> Result<Nuspec, ArchiveError> {
    read_within(source, &Limits::nupkg())
}

/// Reads the `.nuspec` out of a package.
///
/// # Errors
/// As [`read`].
pub fn read_within<R: Read + Seek + ?Sized>(source: &mut R, limits: &Limits) -> Result<Nuspec, ArchiveError> {
    let mut zip = ZipFile::open(source, limits)?;
    let is_spec = |path: &str| !path.contains('/') && path.to_ascii_lowercase().ends_with(".nuspec");
    let files = zip.members().iter().filter(|member| member.kind == EntryKind::File);
    let mut found = files.map(|member| member.path.as_str()).filter(|path| is_spec(path));
    let path = match (found.next(), found.next()) {
        (Some(path), None) => path.to_owned(),
        (None, _) => return Err(problem("is missing")),
        (Some(_), Some(_)) => return Err(problem("is there more than once")),
    };
    parse(&zip.read(&path, limits.member)?)
}

/// The longest tail of a zip archive that its end record can lie in: the record and its comment.
const TAIL: u64 = 22 + 0xFFFF;

/// Whether a file begins and ends as zip archives do. It may still be one that [`read`] refuses.
///
/// # Errors
/// Where the source cannot be read.
pub fn looks_whole<R: Read + Seek + ?Sized>(source: &mut R) -> Result<bool, ArchiveError> {
    let length = source.seek(SeekFrom::End(0))?;
    let mut head = Vec::new();
    source.seek(SeekFrom::Start(0))?;
    source.take(4).read_to_end(&mut head)?;
    let mut tail = Vec::new();
    source.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    source.take(TAIL).read_to_end(&mut tail)?;
    Ok(head == b"PK\x03\x04" && tail.windows(4).any(|mark| mark == b"PK\x05\x06"))
}

/// More elements than any `.nuspec` has.
const MOST_NODES: u32 = 100_000;

fn parse(bytes: &[u8]) -> Result<Nuspec, ArchiveError> {
    let text = std::str::from_utf8(bytes).map_err(|_| problem("is not UTF-8"))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(text, options).map_err(|_| problem("is not well-formed XML"))?;
    let metadata = child(document.root_element(), "metadata").ok_or(problem("has no metadata"))?;
    let said = |name: &str| {
        let text = child(metadata, name)?.text()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    Ok(Nuspec {
        id: said("id").ok_or(problem("has no id"))?,
        version: said("version").ok_or(problem("has no version"))?,
        channel: said("channel"),
        os: said("os"),
        rid: said("rid"),
        arch: said("machineArchitecture"),
    })
}

/// The first element of a name, whatever its namespace: NuGet has had several.
fn child<'a>(of: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    of.children().find(|node| node.tag_name().name().eq_ignore_ascii_case(name))
}

fn problem(problem: &'static str) -> ArchiveError {
    ArchiveError::Nuspec { problem }
}
