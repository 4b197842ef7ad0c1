//! Strict body schemas (`licensing.md` §1.2): what may be sent, and the first thing that is wrong.
//!
//! Four passes, each in order over the whole document: unknown keys, keys reserved to other roles, texts that
//! cannot be made into what they should be, and then presence, type, emptiness and choice, children before
//! parents. Only the first failure is reported.

use std::borrow::Cow;

use keyway_base::{RecordId, Timestamp};
use serde_json::{Map, Value};

use crate::{ApiError, camel_key, hundredths, metadata};

/// What a member of a body may be.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its key, folded.
    pub name: Cow<'static, str>,
    /// Its form.
    pub form: Form,
    /// Whether the caller's role may send it.
    pub permitted: bool,
    /// Whether it must be there.
    pub required: bool,
    /// Whether null is a value of its own.
    pub nullable: bool,
    /// Whether the empty string is a value.
    pub blank: bool,
}

/// The form of a member.
#[derive(Debug, Clone)]
pub enum Form {
    /// An object with these members and no others.
    Object(Vec<Node>),
    /// An array of so many items of one form.
    List {
        /// Each item; its name is not used.
        item: Box<Node>,
        /// The fewest.
        min: usize,
        /// The most.
        max: usize,
    },
    /// A string.
    Text,
    /// A UUID.
    Uuid,
    /// A whole number.
    Integer,
    /// A number with two decimals at most.
    Hundredths,
    /// true or false.
    Boolean,
    /// A moment, as ISO 8601 or Unix time.
    Time,
    /// A free object of bounded depth.
    Metadata,
    /// An array of strings.
    Texts,
    /// Anything: it is only given back.
    Any,
    /// A string out of a list (`is invalid`).
    Choice(Vec<Cow<'static, str>>),
}

impl Node {
    /// An optional member.
    pub fn new(name: impl Into<Cow<'static, str>>, form: Form) -> Self {
        Self { name: name.into(), form, permitted: true, required: false, nullable: false, blank: false }
    }
    /// An optional object.
    pub fn object(name: impl Into<Cow<'static, str>>, members: Vec<Self>) -> Self {
        Self::new(name, Form::Object(members))
    }
    /// The `type` member of a resource: the JSON:API type, plural or singular.
    pub fn kind(kinds: &[&str]) -> Self {
        let spellings = kinds.iter().flat_map(|kind| spellings(kind)).map(Cow::Owned).collect();
        Self::new("type", Form::Choice(spellings)).required()
    }
    /// `{"type","id"}` of one of these types.
    pub fn identifier(name: impl Into<Cow<'static, str>>, kinds: &[&str]) -> Self {
        Self::object(name, vec![Self::kind(kinds), Self::new("id", Form::Uuid).required()])
    }
    /// It must be there.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }
    /// Null is a value.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
    /// The empty string is a value.
    #[must_use]
    pub fn blank(mut self) -> Self {
        self.blank = true;
        self
    }
    /// Whether the caller may send it.
    #[must_use]
    pub fn permitted(mut self, permitted: bool) -> Self {
        self.permitted = permitted;
        self
    }
}

/// The plural and singular of a type, with dashes, with underscores and in camel case.
fn spellings(kind: &str) -> Vec<String> {
    let singular = match (kind.strip_suffix("ies"), kind) {
        (Some(stem), _) => format!("{stem}y"),
        (None, "arches" | "processes") => kind.trim_end_matches("es").to_owned(),
        (None, kind) => kind.strip_suffix('s').unwrap_or(kind).to_owned(),
    };
    let mut all = vec![kind.to_owned(), singular];
    if kind.contains('-') {
        let snake = all.iter().map(|text| text.replace('-', "_"));
        let snake: Vec<String> = snake.collect();
        all.extend(snake.iter().map(|text| camel_key(text)));
        all.extend(snake);
    }
    all
}

/// Checks a body against the members that it may have.
///
/// # Errors
/// 400 with the pointer and wording of §1.2.
pub fn check(members: &[Node], body: &Map<String, Value>) -> Result<(), ApiError> {
    unknown(members, body, &At::Root)?;
    reserved(members, body, &At::Root)?;
    coerce(members, body, &At::Root)?;
    present(members, body, &At::Root)
}

/// Where in a body something is: written out only when something is wrong there.
#[derive(Clone, Copy)]
enum At<'a> {
    Root,
    /// A member, by its folded key.
    Member(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    /// The pointer, its keys in camel case.
    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Member(above, key) => format!("{}/{}", above.pointer(), camel_key(key)),
            Self::Item(above, index) => format!("{}/{index}", above.pointer()),
        }
    }
}

/// What is wrong somewhere.
fn wrong(at: &At<'_>, detail: impl Into<String>) -> ApiError {
    ApiError::schema(at.pointer(), detail)
}

fn unknown(members: &[Node], body: &Map<String, Value>, above: &At<'_>) -> Result<(), ApiError> {
    for (key, value) in body {
        let at = At::Member(above, key);
        let node = members.iter().find(|node| node.name == key.as_str());
        let node = node.ok_or_else(|| wrong(&at, "unpermitted parameter"))?;
        descend(node, value, &at, &mut |nodes, map, at| unknown(nodes, map, at))?;
    }
    Ok(())
}

fn reserved(members: &[Node], body: &Map<String, Value>, above: &At<'_>) -> Result<(), ApiError> {
    for node in members {
        let Some(value) = body.get(node.name.as_ref()) else { continue };
        let at = At::Member(above, &node.name);
        if !node.permitted {
            return Err(wrong(&at, "unpermitted parameter"));
        }
        descend(node, value, &at, &mut |nodes, map, at| reserved(nodes, map, at))?;
    }
    Ok(())
}

fn coerce(members: &[Node], body: &Map<String, Value>, above: &At<'_>) -> Result<(), ApiError> {
    for node in members {
        let Some(value) = body.get(node.name.as_ref()) else { continue };
        let at = At::Member(above, &node.name);
        if matches!(node.form, Form::Time) && uncoercible(value) {
            return Err(wrong(&at, "failed to coerce string to time"));
        }
        descend(node, value, &at, &mut |nodes, map, at| coerce(nodes, map, at))?;
    }
    Ok(())
}

fn uncoercible(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty()) && to_time(value).is_none()
}

type Pass<'a> = dyn FnMut(&[Node], &Map<String, Value>, &At<'_>) -> Result<(), ApiError> + 'a;

/// Applies a pass to the objects directly below a value.
fn descend(node: &Node, value: &Value, at: &At<'_>, pass: &mut Pass<'_>) -> Result<(), ApiError> {
    match (&node.form, value) {
        (Form::Object(nodes), Value::Object(map)) => pass(nodes, map, at),
        (Form::List { item, .. }, Value::Array(items)) => {
            for (index, value) in items.iter().enumerate() {
                descend(item, value, &At::Item(at, index), pass)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn present(members: &[Node], body: &Map<String, Value>, above: &At<'_>) -> Result<(), ApiError> {
    for node in members {
        let at = At::Member(above, &node.name);
        match body.get(node.name.as_ref()) {
            Some(value) => value_of(node, value, &at)?,
            None if node.required => return Err(wrong(&at, "is missing")),
            None => {}
        }
    }
    Ok(())
}

fn value_of(node: &Node, value: &Value, at: &At<'_>) -> Result<(), ApiError> {
    if value.is_null() {
        let refused = node.required && !node.nullable;
        return if refused { Err(wrong(at, "cannot be null")) } else { Ok(()) };
    }
    let mismatch = |expected: &str| {
        let received = type_name(value);
        Err(wrong(at, format!("type mismatch (received {received} expected {expected})")))
    };
    match (&node.form, value) {
        (Form::Any, _) => Ok(()),
        (Form::Object(nodes), Value::Object(map)) => present(nodes, map, at),
        (Form::Object(_), _) => mismatch("object"),
        (Form::List { item, min, max }, Value::Array(items)) => items_of(item, items, (*min, *max), at),
        (Form::List { .. }, _) => mismatch("array"),
        (Form::Text, Value::String(text)) => not_blank(node, text, at),
        (Form::Text, _) => mismatch("string"),
        (Form::Choice(choices), Value::String(text)) => {
            not_blank(node, text, at)?;
            let known = choices.iter().any(|choice| choice == text);
            if known { Ok(()) } else { Err(wrong(at, "is invalid")) }
        }
        (Form::Choice(_), _) => mismatch("string"),
        (Form::Uuid, Value::String(text)) if text.parse::<RecordId>().is_ok() => Ok(()),
        (Form::Uuid, _) => mismatch("UUID string"),
        (Form::Integer, Value::Number(number)) if !number.is_f64() || is_huge(number) => {
            let fits = number.as_i64().is_some();
            if fits { Ok(()) } else { Err(wrong(at, "integer is too large")) }
        }
        (Form::Integer, _) => mismatch("integer"),
        (Form::Hundredths, Value::Number(number)) => match hundredths::read(number) {
            Some(_) => Ok(()),
            None => Err(wrong(at, "must be a number with two decimals at most")),
        },
        (Form::Hundredths, _) => mismatch("number"),
        (Form::Boolean, Value::Bool(_)) => Ok(()),
        (Form::Boolean, _) => mismatch("boolean"),
        (Form::Time, Value::String(text)) => not_blank(node, text, at),
        (Form::Time, Value::Number(_)) if to_time(value).is_some() => Ok(()),
        (Form::Time, _) => mismatch("time"),
        (Form::Metadata, Value::Object(map)) => metadata::check_depth(map, &at.pointer()),
        (Form::Metadata, _) => mismatch("object"),
        (Form::Texts, Value::Array(items)) => texts(items, at),
        (Form::Texts, _) => mismatch("array"),
    }
}

/// Whether a number is beyond what an integer can be: JSON's digits without end are read as a float.
fn is_huge(number: &serde_json::Number) -> bool {
    number.as_f64().is_some_and(|number| number.abs() >= 9.2e18)
}

fn not_blank(node: &Node, text: &str, at: &At<'_>) -> Result<(), ApiError> {
    let refused = text.trim().is_empty() && !node.blank;
    if refused { Err(wrong(at, "cannot be blank")) } else { Ok(()) }
}

fn items_of(item: &Node, items: &[Value], (min, max): (usize, usize), at: &At<'_>) -> Result<(), ApiError> {
    let item = item.clone().required();
    for (index, value) in items.iter().enumerate().take(max) {
        value_of(&item, value, &At::Item(at, index))?;
    }
    if items.len() < min || items.len() > max {
        let detail = format!("length must be between {min} and {max} (inclusive)");
        return Err(wrong(at, detail));
    }
    Ok(())
}

fn texts(items: &[Value], at: &At<'_>) -> Result<(), ApiError> {
    for (index, value) in items.iter().enumerate() {
        if !value.is_string() {
            let detail = format!("type mismatch (received {} expected string)", type_name(value));
            return Err(wrong(&At::Item(at, index), detail));
        }
    }
    Ok(())
}

/// The JSON type of a value, in the words of the schema.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Reads a moment from a body: ISO 8601, a Unix timestamp, or its digits.
pub fn to_time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => match number.as_i64() {
            Some(seconds) => Timestamp::from_seconds(seconds),
            None => number
                .as_f64()
                .and_then(|seconds| (seconds * 1e6).to_string().parse::<f64>().ok())
                .and_then(|micros| {
                    let bounded = micros.abs() < 2.5e17;
                    #[expect(clippy::cast_possible_truncation, reason = "bounded on the line above")]
                    bounded.then(|| Timestamp::from_micros(micros as i64))
                }),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
