//! The parts of documents and bodies that differences are about.

use serde_json::{Map, Value};

/// Does something to every resource object of a type: in `data`, alone or listed, and in `included`.
pub(super) fn each(document: &mut Value, kind: &str, change: impl Fn(&mut Map<String, Value>)) {
    let Some(members) = document.as_object_mut() else { return };
    for name in ["data", "included"] {
        let objects = match members.get_mut(name) {
            Some(Value::Array(objects)) => objects.as_mut_slice(),
            Some(object) => std::slice::from_mut(object),
            None => continue,
        };
        let of_kind = |object: &&mut Map<String, Value>| {
            kind.is_empty() || object.get("type").is_some_and(|of| of == kind)
        };
        objects.iter_mut().filter_map(Value::as_object_mut).filter(of_kind).for_each(&change);
    }
}

/// Does something to every error object.
pub(super) fn each_error(document: &mut Value, change: impl Fn(&mut Map<String, Value>)) {
    let errors = document.get_mut("errors").and_then(Value::as_array_mut);
    errors.into_iter().flatten().filter_map(Value::as_object_mut).for_each(change);
}

/// A member that is an object.
pub(super) fn object<'v>(
    members: &'v mut Map<String, Value>,
    name: &str,
) -> Option<&'v mut Map<String, Value>> {
    members.get_mut(name)?.as_object_mut()
}

/// The attributes of the body.
pub(super) fn attributes(body: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    object(object(body, "data")?, "attributes")
}

/// Gives a member another name, where it is there and nothing else has that name.
pub(super) fn rename(members: &mut Map<String, Value>, from: &str, to: &str) {
    if !members.contains_key(to)
        && let Some(value) = members.remove(from)
    {
        members.insert(to.to_owned(), value);
    }
}

/// Says an error of an attribute or relation by another name: in its pointer, and where its code begins so.
pub(super) fn rename_error(error: &mut Map<String, Value>, pointer: (&str, &str), code: (&str, &str)) {
    let Some(Value::String(at)) = error.get_mut("source").and_then(|source| source.get_mut("pointer")) else {
        return;
    };
    let Some(rest) = at.strip_prefix(pointer.0).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    else {
        return;
    };
    *at = format!("{}{rest}", pointer.1);
    if let Some(Value::String(text)) = error.get_mut("code")
        && let Some(rest) = text.strip_prefix(code.0)
    {
        *text = format!("{}{rest}", code.1);
    }
}
