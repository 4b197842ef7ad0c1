//! What an operation answers, before it is written out.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::ApiFile;

/// An answer of success.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: StatusCode,
    /// The document; none for 204.
    pub(crate) document: Option<Value>,
    /// Headers of this answer alone.
    pub(crate) headers: HeaderMap,
    /// The file to serve instead of a document.
    pub(crate) file: Option<ApiFile>,
}

impl Reply {
    /// A document.
    pub(crate) fn document(status: StatusCode, document: Value) -> Self {
        Self { status, document: Some(document), headers: HeaderMap::new(), file: None }
    }
    /// 200 with a resource object, list or null as `data`.
    pub(crate) fn data(data: Value) -> Self {
        Self::document(StatusCode::OK, json!({ "data": data }))
    }
    /// A file.
    pub(crate) fn file(file: ApiFile) -> Self {
        Self { status: StatusCode::OK, document: None, headers: HeaderMap::new(), file: Some(file) }
    }
    /// 204.
    pub(crate) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, document: None, headers: HeaderMap::new(), file: None }
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
        if let Some(Value::Object(document)) = &mut self.document {
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
