//! Attributes of a resource: name, shape, who may write it, the column behind it.

use serde_json::Value as Json;

use crate::document::to_json;
use crate::{Roles, Value, hundredths};

/// The JSON shape of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// A number with two decimals at most, kept as whole hundredths.
    Hundredths,
    /// true or false.
    Boolean,
    /// A moment: ISO 8601, a Unix timestamp, or its digits.
    Time,
    /// An object of two container levels at most (`licensing.md` §1.5).
    Metadata,
    /// An array of strings.
    Texts,
    /// Anything: what it may be depends on another attribute.
    Any,
}

/// An attribute of a resource, built with `const` functions.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its name in folded form (`max_machines`); rendered in camel case.
    pub name: &'static str,
    /// Its JSON shape.
    pub shape: Shape,
    /// The column behind it; `None` for attributes that a hook computes or consumes.
    pub column: Option<&'static str>,
    /// Roles that may send it on creation.
    pub create: Roles,
    /// Roles that may send it on update.
    pub update: Roles,
    /// Whether creation without it is refused.
    pub required: bool,
    /// Whether null is a value of its own.
    pub nullable: bool,
    /// Whether an empty string is accepted.
    pub blank: bool,
    /// The longest text, in characters (`TOO_LONG`).
    pub max: Option<usize>,
    /// The range of a number (`INVALID`), of hundredths where it is kept so.
    pub range: Option<(i64, i64)>,
    /// The texts allowed (`NOT_ALLOWED`, a 422).
    pub one_of: Option<&'static [&'static str]>,
    /// The texts allowed by the schema (`is invalid`, a 400).
    pub schema_one_of: Option<&'static [&'static str]>,
    /// Whether it is rendered.
    pub shown: bool,
    /// Whether a change can change who may see or do what (it touches the record's slots).
    pub access: bool,
    /// Whether its values are told to nobody but by the record itself: logs say only that it changed.
    pub secret: bool,
}

impl Attribute {
    /// An attribute of a shape, backed by the column of its name, read-only until said otherwise.
    pub const fn new(name: &'static str, shape: Shape) -> Self {
        Self {
            name,
            shape,
            column: Some(name),
            create: Roles::NONE,
            update: Roles::NONE,
            required: false,
            nullable: false,
            blank: false,
            max: None,
            range: None,
            one_of: None,
            schema_one_of: None,
            shown: true,
            access: false,
            secret: false,
        }
    }
    /// A string of at most `max` characters.
    pub const fn text(name: &'static str, max: usize) -> Self {
        let mut attribute = Self::new(name, Shape::Text);
        attribute.max = Some(max);
        attribute
    }
    /// A string out of a list, checked as a validation (422 `NOT_ALLOWED`).
    pub const fn one_of(name: &'static str, texts: &'static [&'static str]) -> Self {
        let mut attribute = Self::new(name, Shape::Text);
        attribute.one_of = Some(texts);
        attribute
    }
    /// A whole number within a range (422 `INVALID` outside).
    pub const fn integer(name: &'static str, min: i64, max: i64) -> Self {
        let mut attribute = Self::new(name, Shape::Integer);
        attribute.range = Some((min, max));
        attribute
    }
    /// A share in percent, from 0 to 100 with two decimals at most (422 `INVALID` outside).
    pub const fn percentage(name: &'static str) -> Self {
        let mut attribute = Self::new(name, Shape::Hundredths);
        attribute.range = Some((0, 100 * hundredths::ONE));
        attribute
    }
    /// true or false.
    pub const fn boolean(name: &'static str) -> Self {
        Self::new(name, Shape::Boolean)
    }
    /// A moment.
    pub const fn time(name: &'static str) -> Self {
        Self::new(name, Shape::Time)
    }
    /// The free-form object.
    pub const fn metadata() -> Self {
        Self::new("metadata", Shape::Metadata)
    }
    /// Both may send it.
    pub const fn write(mut self, create: Roles, update: Roles) -> Self {
        self.create = create;
        self.update = update;
        self
    }
    /// Creation needs it.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
    /// Null is a value.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
    /// The empty string is a value.
    pub const fn blank(mut self) -> Self {
        self.blank = true;
        self
    }
    /// Logs do not say what it is.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
    /// Another column is behind it.
    pub const fn column(mut self, column: &'static str) -> Self {
        self.column = Some(column);
        self
    }
    /// A hook computes it (rendering) or consumes it (writing); no column is behind it.
    pub const fn computed(mut self) -> Self {
        self.column = None;
        self
    }
    /// It is never rendered.
    pub const fn hidden(mut self) -> Self {
        self.shown = false;
        self
    }
    /// The schema refuses other texts (400 `is invalid`).
    pub const fn schema(mut self, texts: &'static [&'static str]) -> Self {
        self.schema_one_of = Some(texts);
        self
    }
    /// A change can change access.
    pub const fn affects_access(mut self) -> Self {
        self.access = true;
        self
    }
    /// The value of its column as it is shown.
    pub fn json(&self, value: &Value) -> Json {
        match (self.shape, value) {
            (Shape::Hundredths, Value::Int(value)) => hundredths::to_json(*value),
            (_, value) => to_json(value),
        }
    }
}
