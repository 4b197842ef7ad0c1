//! What an endpoint takes and gives, where its operation alone does not say: the part of an action's declaration that
//! the API's description is made from. The schema of a body is the one that the action checks.

use keyway_jsonapi::Resource;
use keyway_jsonapi::schema::Node;
use serde_json::Value;

/// What an action takes and gives. An action without one takes nothing; `DELETE` gives nothing, and others the record
/// that the path names.
#[derive(Clone, Copy)]
pub(crate) struct Contract {
    /// The members of its body; none where a body is not looked at.
    pub(crate) takes: Option<fn() -> Vec<Node>>,
    /// What it asks the query and the headers for.
    pub(crate) asks: &'static [Asked],
    /// Its answers of success; none where they are as for those without a contract.
    pub(crate) gives: &'static [Given],
    /// The codes of its refusals that belong to no attribute.
    pub(crate) codes: &'static [&'static str],
}

/// A parameter of the query, or a header.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// Its name.
    pub(crate) name: &'static str,
    /// `query` or `header`.
    pub(crate) place: &'static str,
    /// What it may be.
    pub(crate) form: fn() -> Value,
    /// What it does.
    pub(crate) text: &'static str,
}

impl Asked {
    /// A parameter of the query.
    pub(crate) const fn query(name: &'static str, form: fn() -> Value, text: &'static str) -> Self {
        Self { name, place: "query", form, text }
    }
    /// A header.
    pub(crate) const fn header(name: &'static str, form: fn() -> Value, text: &'static str) -> Self {
        Self { name, place: "header", form, text }
    }
}

/// An answer of success.
#[derive(Clone, Copy)]
pub(crate) struct Given {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) data: Data,
    /// The schema of the document's `meta`, where it has one.
    pub(crate) meta: Option<fn() -> Value>,
    /// Whether the answer names another address, in `Location`.
    pub(crate) located: bool,
}

/// The body of an answer.
#[derive(Clone, Copy)]
pub(crate) enum Data {
    /// None.
    Empty,
    /// A document without `data`.
    Absent,
    /// One record.
    One(&'static Resource),
    /// One record, or null.
    Maybe(&'static Resource),
    /// One record of any of these.
    Either(&'static [&'static Resource]),
    /// A list.
    Many(&'static Resource),
    /// A list of records of any of these.
    Mixed(fn() -> Vec<&'static Resource>),
    /// A resource object that no record is behind, of this schema.
    Made(fn() -> Value),
    /// Something that is no document, of this media type.
    Raw(&'static str),
}

impl Given {
    /// An answer.
    pub(crate) const fn new(status: u16, data: Data) -> Self {
        Self { status, data, meta: None, located: false }
    }
    /// With `meta` in its document.
    pub(crate) const fn meta(mut self, schema: fn() -> Value) -> Self {
        self.meta = Some(schema);
        self
    }
    /// With the address of what is meant.
    pub(crate) const fn located(mut self) -> Self {
        self.located = true;
        self
    }
}

impl Contract {
    /// Takes nothing, and gives what those without a contract give.
    pub(crate) const USUAL: Self = Self { takes: None, asks: &[], gives: &[], codes: &[] };

    /// Takes such a body.
    pub(crate) const fn taking(schema: fn() -> Vec<Node>) -> Self {
        Self::USUAL.takes(schema)
    }
    /// Gives such answers.
    pub(crate) const fn giving(answers: &'static [Given]) -> Self {
        Self::USUAL.gives(answers)
    }
    /// Takes such a body.
    pub(crate) const fn takes(mut self, schema: fn() -> Vec<Node>) -> Self {
        self.takes = Some(schema);
        self
    }
    /// Gives such answers.
    pub(crate) const fn gives(mut self, answers: &'static [Given]) -> Self {
        self.gives = answers;
        self
    }
    /// Asks for such parameters.
    pub(crate) const fn asks(mut self, parameters: &'static [Asked]) -> Self {
        self.asks = parameters;
        self
    }
    /// Refuses with such codes.
    pub(crate) const fn codes(mut self, codes: &'static [&'static str]) -> Self {
        self.codes = codes;
        self
    }
}
