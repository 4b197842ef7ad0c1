//! Searching the names that a caller may see.

use keyway_engine::{NameList, PackageName};
use serde_json::{Value, json};

use crate::name;
use crate::op::Search;

/// The search document. Names are all that is looked up, so versions and scores are not in it.
pub(crate) fn document(names: &NameList, search: &Search, account: &str) -> Value {
    let words: Vec<String> = search.text.split_whitespace().filter_map(word).collect();
    let found: Vec<&PackageName> = names
        .0
        .iter()
        .filter(|name| {
            let key = name.normalised.to_lowercase();
            words.iter().all(|word| key.contains(word.as_str()))
        })
        .collect();
    let shown = found.iter().skip(search.from).take(search.size);
    let objects: Vec<Value> = shown.map(|name| json!({ "package": package(&name.key, account) })).collect();
    json!({ "objects": objects, "total": found.len() })
}

/// What a name has to contain for a word; qualifiers other than `scope:` narrow by what we do not look at.
fn word(text: &str) -> Option<String> {
    match text.split_once(':') {
        Some(("scope", scope)) => Some(format!("@{}/", scope.trim_start_matches('@'))),
        Some(_) => None,
        None => Some(text.to_owned()),
    }
}

fn package(key: &str, account: &str) -> Value {
    let scope = name::PackageName::parse(key).ok().and_then(|name| name.scope().map(str::to_owned));
    json!({
        "name": key,
        "scope": scope.as_deref().unwrap_or("unscoped"),
        "version": "latest",
        "keywords": [],
        "links": {},
        "publisher": { "username": account },
        "maintainers": [{ "username": account }],
    })
}
