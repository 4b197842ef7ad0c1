//! What an operation answers, before it is written out.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::ApiFile;

/// An answer of success.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: StatusCode,
    /// What it carries.
    pub(crate) content: Content,
    /// Headers of this answer alone.
    pub(crate) headers: HeaderMap,
}

/// What an answer carries.
#[derive(Debug)]
pub(crate) enum Content {
    /// Nothing: 204.
    Nothing,
    /// A document, to be rendered in the version that is spoken.
    Document(Value),
    /// Bytes as they are.
    Bytes(Bytes),
    /// A file of the blob store.
    File(ApiFile),
}

impl Reply {
    fn of(status: StatusCode, content: Content) -> Self {
        Self { status, content, headers: HeaderMap::new() }
    }
    /// A document.
    pub(crate) fn document(status: StatusCode, document: Value) -> Self {
        Self::of(status, Content::Document(document))
    }
    /// 200 with a resource object, list or null as `data`.
    pub(crate) fn data(data: Value) -> Self {
        Self::document(StatusCode::OK, json!({ "data": data }))
    }
    /// A file.
    pub(crate) fn file(file: ApiFile) -> Self {
        Self::of(StatusCode::OK, Content::File(file))
    }
    /// The same with such bytes.
    #[must_use]
    pub(crate) fn bytes(mut self, bytes: Bytes) -> Self {
        self.content = Content::Bytes(bytes);
        self
    }
    /// Bytes to be saved under a name, which is a token of ours.
    pub(crate) fn attachment(name: &str, bytes: impl Into<Bytes>) -> Self {
        Self::of(StatusCode::OK, Content::Bytes(bytes.into()))
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""))
    }
    /// 204.
    pub(crate) fn nothing() -> Self {
        Self::of(StatusCode::NO_CONTENT, Content::Nothing)
    }
    /// The document, if it is one.
    pub(crate) const fn shown(&mut self) -> Option<&mut Value> {
        match &mut self.content {
            Content::Document(document) => Some(document),
            Content::Nothing | Content::Bytes(_) | Content::File(_) => None,
        }
    }
    /// Another status.
    #[must_use]
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
    /// Adds a top-level member to the document.
    #[must_use]
    pub(crate) fn with(mut self, member: &str, value: Value) -> Self {
        if let Some(Value::Object(document)) = self.shown() {
            document.insert(member.to_owned(), value);
        }
        self
    }
    /// Adds a header; a text that no header can hold is left out.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}
