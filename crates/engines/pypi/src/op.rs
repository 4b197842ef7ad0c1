//! The grammar of the index's URLs (`npm-pypi.md` §2.1, §2.2).

use http::Method;
use keyway_engine::{BadPath, Head, decode_segment};

use crate::format::Format;
use crate::name::{FileName, ProjectName};

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// `GET /simple/`.
    Index {
        /// How to write it.
        format: Format,
    },
    /// `GET /simple/{project}/`.
    Project {
        /// The project.
        project: ProjectName,
        /// How to write it.
        format: Format,
    },
    /// `GET /files/{project}/{file}`.
    File {
        /// The project.
        project: ProjectName,
        /// The file.
        file: FileName,
    },
    /// `GET /files/{project}/{file}.metadata` (PEP 658).
    Sidecar {
        /// The project.
        project: ProjectName,
        /// The file that the metadata is of.
        file: FileName,
    },
    /// `POST /legacy/`, `POST /`: an upload.
    Upload,
    /// A page in a form that the index does not have (PEP 691: 406).
    NotAcceptable,
}

impl Op {
    /// Parses a request head. Slashes too many or too few are forgiven: pipenv asks for `/simple//name/`, and
    /// a redirect for them could be cached.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let segments = head.segments().map(decode_segment).collect::<Result<Vec<_>, _>>()?;
        let segments: Vec<&str> =
            segments.iter().map(AsRef::as_ref).filter(|text: &&str| !text.is_empty()).collect();
        if !head.is_read() {
            return Self::writing(head, &segments);
        }
        let page = |make: &dyn Fn(Format) -> Self| Format::of(head).map_or(Self::NotAcceptable, make);
        match segments.as_slice() {
            ["simple"] => Ok(page(&|format| Self::Index { format })),
            ["simple", project] => {
                let project = project_name(project)?;
                Ok(page(&|format| Self::Project { project: project.clone(), format }))
            }
            ["files", project, file] => {
                let project = project_name(project)?;
                match file.strip_suffix(".metadata") {
                    Some(file) => Ok(Self::Sidecar { project, file: file_name(file)? }),
                    None => Ok(Self::File { project, file: file_name(file)? }),
                }
            }
            _ => Err(BadPath::Unknown),
        }
    }

    /// Uploads go where the ecosystem's own index takes them, or to the root.
    fn writing(head: &Head<'_>, path: &[&str]) -> Result<Self, BadPath> {
        match path {
            [] | ["legacy"] if *head.method == Method::POST => Ok(Self::Upload),
            _ => Err(BadPath::Method),
        }
    }

    /// The method that the operation is asked for with.
    pub const fn method(&self) -> Method {
        if matches!(self, Self::Upload) { Method::POST } else { Method::GET }
    }

    /// The operation's canonical path below the engine's root. Parsing it (with a fitting `Accept`) gives the
    /// operation back.
    pub fn path(&self) -> String {
        match self {
            Self::Index { .. } | Self::NotAcceptable => "/simple/".to_owned(),
            Self::Upload => "/legacy/".to_owned(),
            Self::Project { project, .. } => format!("/simple/{project}/"),
            Self::File { project, file } => file_path(project.as_str(), &file.to_string()),
            Self::Sidecar { project, file } => format!("/files/{project}/{file}.metadata"),
        }
    }
}

/// A file's path: names of files have nothing in them that a path has to encode.
pub(crate) fn file_path(project: &str, file: &str) -> String {
    format!("/files/{project}/{file}")
}

fn project_name(text: &str) -> Result<ProjectName, BadPath> {
    ProjectName::parse(text).map_err(|error| BadPath::Malformed(error.0))
}

fn file_name(text: &str) -> Result<FileName, BadPath> {
    FileName::parse(text).and_then(Result::ok).ok_or(BadPath::Unknown)
}

#[cfg(test)]
mod tests;
