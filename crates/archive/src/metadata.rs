//! Python core metadata (`METADATA`, `PKG-INFO`): headers as in mail, then the description.

use crate::{ArchiveError, Quoted};

/// The largest document that is parsed, in bytes.
const DOCUMENT_LIMIT: usize = 2 * 1024 * 1024;
/// The most fields a document may have.
const FIELD_LIMIT: usize = 20_000;

/// Fields that may be given once only (core metadata specification 2.4); all others may be repeated.
const SINGLE: [&str; 16] = [
    "Metadata-Version",
    "Name",
    "Version",
    "Summary",
    "Description",
    "Description-Content-Type",
    "Keywords",
    "Home-page",
    "Download-URL",
    "Author",
    "Author-email",
    "Maintainer",
    "Maintainer-email",
    "License",
    "License-Expression",
    "Requires-Python",
];

/// One parsed metadata document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreMetadata {
    fields: Vec<(String, String)>,
    body: String,
}

impl CoreMetadata {
    /// Parses a document of at most 2 MiB: UTF-8, lines ending in LF or CRLF, continuation lines starting with a
    /// blank, an empty line before the description.
    ///
    /// # Errors
    /// Where a line is none of these, `Metadata-Version`, `Name` or `Version` is missing or empty, or a field that
    /// may be given once is given twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let (head, body) = split_document(bytes)?;
        let mut metadata = CoreMetadata { fields: Vec::new(), body };
        for (at, line) in head.into_iter().enumerate() {
            metadata
                .add_line(line)
                .map_err(|problem| ArchiveError::MetadataLine { line: at + 1, problem })?;
        }
        metadata.check_fields()?;
        Ok(metadata)
    }

    /// `Metadata-Version`, verbatim.
    pub fn metadata_version(&self) -> &str {
        self.get("Metadata-Version").unwrap_or_default()
    }

    /// `Name`, verbatim.
    pub fn name(&self) -> &str {
        self.get("Name").unwrap_or_default()
    }

    /// `Version`, verbatim.
    pub fn version(&self) -> &str {
        self.get("Version").unwrap_or_default()
    }

    /// `Requires-Python`, verbatim.
    pub fn requires_python(&self) -> Option<&str> {
        self.get("Requires-Python")
    }

    /// Every `Requires-Dist`, verbatim and in order.
    pub fn requires_dist(&self) -> impl Iterator<Item = &str> {
        self.all("Requires-Dist")
    }

    /// `Summary`.
    pub fn summary(&self) -> Option<&str> {
        self.get("Summary")
    }

    /// Every `Dynamic`: fields that building a wheel may change.
    pub fn dynamic(&self) -> impl Iterator<Item = &str> {
        self.all("Dynamic")
    }

    /// The description: what follows the headers, or else the field of that name.
    pub fn description(&self) -> Option<&str> {
        Some(self.body.as_str()).filter(|body| !body.is_empty()).or_else(|| self.get("Description"))
    }

    /// True where an sdist's `Requires-Dist` can be relied on (PEP 643): metadata version 2.2 or later, and not
    /// declared dynamic.
    pub fn dependencies_are_static(&self) -> bool {
        let version = self.metadata_version().split_once('.');
        let numbers = version.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        numbers.is_some_and(|numbers: (u32, u32)| numbers >= (2, 2))
            && !self.dynamic().any(|field| field.trim().eq_ignore_ascii_case("Requires-Dist"))
    }

    /// The first value of `field`, letter case aside.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, value)| value.as_str())
    }

    /// Every value of `field` in order, letter case aside.
    pub fn all(&self, field: &str) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(field))
            .map(|(_, value)| value.as_str())
    }

    /// Every field in order, as written.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn add_line(&mut self, line: &str) -> Result<(), &'static str> {
        // Some readers take a lone CR for the end of a line.
        if line.contains(['\r', '\0']) {
            return Err("it has a carriage return or NUL in it");
        }
        if line.starts_with([' ', '\t']) {
            let (_, value) = self.fields.last_mut().ok_or("a continuation line comes before any field")?;
            value.push('\n');
            value.push_str(line);
            return Ok(());
        }
        let (name, value) = line.split_once(':').ok_or("it is not of the form 'Field: value'")?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err("the field's name is not valid");
        }
        if self.fields.len() == FIELD_LIMIT {
            return Err("there are too many fields");
        }
        self.fields.push((name.to_owned(), value.trim().to_owned()));
        Ok(())
    }

    fn check_fields(&self) -> Result<(), ArchiveError> {
        let refuse =
            |field: &str, problem| Err(ArchiveError::MetadataField { field: Quoted::new(field), problem });
        for field in SINGLE {
            if self.all(field).nth(1).is_some() {
                return refuse(field, "is given twice");
            }
        }
        for field in ["Metadata-Version", "Name", "Version"] {
            match self.get(field) {
                None => return refuse(field, "is missing"),
                Some("") => return refuse(field, "is empty"),
                Some(value) if value.contains('\n') => return refuse(field, "goes over several lines"),
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// The header lines without their ends, and the body.
fn split_document(bytes: &[u8]) -> Result<(Vec<&str>, String), ArchiveError> {
    let whole = |problem| ArchiveError::MetadataLine { line: 1, problem };
    if bytes.len() > DOCUMENT_LIMIT {
        return Err(whole("the document is too large"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| whole("the document is not UTF-8"))?;
    let mut rest = text;
    let mut lines = Vec::new();
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    Ok((lines, rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Metadata-Version: 2.2\nName: Acme.Widget\nVersion: 1.0.post1\nSummary: does: things\n\
        requires-python: >=3.8\nRequires-Dist: a>=1\nRequires-Dist: b; extra == 'x'\nLicense: first\n        second\n\
        Dynamic: License\n\n# Title\r\nbody\n";

    fn problem(text: &str) -> String {
        CoreMetadata::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn fields_continuations_and_body_are_read() {
        let metadata = CoreMetadata::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(
            (metadata.name(), metadata.version(), metadata.metadata_version()),
            ("Acme.Widget", "1.0.post1", "2.2")
        );
        assert_eq!(metadata.requires_python(), Some(">=3.8"));
        assert_eq!(metadata.summary(), Some("does: things"));
        assert_eq!(metadata.requires_dist().collect::<Vec<_>>(), ["a>=1", "b; extra == 'x'"]);
        assert_eq!(metadata.get("License"), Some("first\n        second"));
        assert_eq!(metadata.description(), Some("# Title\r\nbody\n"));
        assert_eq!(metadata.fields().count(), 9);
    }

    #[test]
    fn crlf_reads_like_lf() {
        let crlf = CoreMetadata::parse(GOOD.replace('\n', "\r\n").as_bytes()).unwrap();
        assert_eq!(crlf.requires_dist().count(), 2);
        assert_eq!(crlf.get("License"), Some("first\n        second"));
    }

    #[test]
    fn dependencies_are_static_from_2_2_on() {
        let with = |version: &str, more: &str| {
            let text = format!("Metadata-Version: {version}\nName: a\nVersion: 1\n{more}");
            CoreMetadata::parse(text.as_bytes()).unwrap().dependencies_are_static()
        };
        assert!(with("2.2", "") && with("2.10", "Dynamic: License\n") && with("3.0", ""));
        assert!(!with("2.1", "") && !with("1.2", "") && !with("x", ""));
        assert!(!with("2.4", "Dynamic: requires-dist\n"));
    }

    #[test]
    fn bad_documents_are_refused_with_the_line_or_field() {
        let table = [
            ("Name a\n", "metadata line 1: it is not of the form 'Field: value'"),
            (" x\n", "metadata line 1: a continuation line comes before any field"),
            ("Name: a\nBad Name: x\n", "metadata line 2: the field's name is not valid"),
            ("Name: a\rVersion: 9\n", "metadata line 1: it has a carriage return or NUL in it"),
            ("Metadata-Version: 2.1\nName: a\n", "metadata field 'Version' is missing"),
            ("Metadata-Version: 2.1\nName:\nVersion: 1\n", "metadata field 'Name' is empty"),
            (
                "Metadata-Version: 2.1\nName: a\nVersion: 1\nversion: 2\n",
                "metadata field 'Version' is given twice",
            ),
            (
                "Metadata-Version: 2.1\nName: a\n b\nVersion: 1\n",
                "metadata field 'Name' goes over several lines",
            ),
            ("", "metadata field 'Metadata-Version' is missing"),
        ];
        for (text, expected) in table {
            assert_eq!(problem(text), expected);
        }
        assert!(CoreMetadata::parse(b"Name: \xff\n").unwrap_err().to_string().contains("not UTF-8"));
        assert!(problem(&"x".repeat(DOCUMENT_LIMIT + 1)).contains("too large"));
        assert!(problem(&"A: b\n".repeat(FIELD_LIMIT + 1)).contains("too many fields"));
    }
}
