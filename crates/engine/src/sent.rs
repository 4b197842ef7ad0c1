//! Bodies: what an operation takes, decided from the head, and what came of it.

use crate::{Digests, Piece, ReadSeek};

/// The body that an operation takes.
pub enum Takes {
    /// A small document, handed over whole.
    Document {
        /// The most bytes it may have.
        limit: usize,
    },
    /// The body is a file.
    File {
        /// The most bytes it may have.
        limit: u64,
    },
    /// The body wraps a file, and is taken apart while it streams in.
    Wrapped {
        /// The most bytes that the file may have.
        limit: u64,
        /// Takes it apart.
        unwrap: Box<dyn Unwrap>,
    },
    /// The body is a piece of an upload that grows. Only for operations that need [`crate::Need::Publisher`]; the
    /// engine hears of it when it is told what came of it ([`crate::Engine::render`]).
    Piece(Piece),
}

impl std::fmt::Debug for Takes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Document { limit } => write!(f, "Document({limit})"),
            Self::File { limit } => write!(f, "File({limit})"),
            Self::Wrapped { limit, .. } => write!(f, "Wrapped({limit})"),
            Self::Piece(piece) => write!(f, "{piece:?}"),
        }
    }
}

/// Takes a body apart while it streams in: a file, and what is around it. Keeps no more in memory than what is
/// around the file, within a limit of its own.
pub trait Unwrap: Send {
    /// Takes the next bytes of the body; appends those of the file to `file`.
    ///
    /// # Errors
    /// [`BadBody`]: the body is not what it should be. Nothing more may be fed then.
    fn feed(&mut self, bytes: &[u8], file: &mut Vec<u8>) -> Result<(), BadBody>;
    /// Whether the body has a file, as far as is known.
    fn has_file(&self) -> bool;
    /// Ends; gives what was around the file.
    ///
    /// # Errors
    /// [`BadBody`]: the body is not complete.
    fn finish(self: Box<Self>) -> Result<Around, BadBody>;
}

/// What was around a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// A document, when the file was inside one.
    pub document: Vec<u8>,
    /// The fields of a form beside the file, in order.
    pub fields: Vec<Field>,
    /// The file's name, as sent.
    pub filename: Option<String>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Why a body cannot be read: a sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadBody(pub String);

/// A body that has arrived.
pub struct Sent<'a> {
    /// The document, or what was around the file.
    pub around: &'a Around,
    /// The file, when there was one.
    pub file: Option<SentFile<'a>>,
}

/// A file that has arrived: complete, hashed, not yet an artifact.
pub struct SentFile<'a> {
    /// The size in bytes.
    pub size: u64,
    /// What we computed while the bytes came in.
    pub digests: &'a Digests,
    /// The bytes, from the start.
    pub body: &'a mut dyn ReadSeek,
}

impl Around {
    /// A document without a file.
    pub fn document(document: impl Into<Vec<u8>>) -> Self {
        Self { document: document.into(), ..Self::default() }
    }
    /// The first value of a field of the form.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
    }
}
