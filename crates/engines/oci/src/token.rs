//! Tokens: what clients ask for, and how they are told (`spec/oci.md` §2.1).

use std::collections::BTreeMap;

use http::StatusCode;
use http::header::CACHE_CONTROL;
use keyway_base::Secret;
use keyway_engine::{Act, Actions, Minted, Plain, Scope, TokenAsker, TokenWish};
use serde_json::json;

use crate::list;
use crate::name::Repository;
use crate::refusal::{error, header, versioned};
use keyway_engine::Query;

/// The longest form that asks for a token.
pub(crate) const LONGEST_FORM: usize = 64 * 1024;

/// The wish of a `GET`.
pub(crate) fn of_query(query: Query<'_>) -> TokenWish {
    let refresh = query.first("offline_token").is_some_and(|value| value == "true")
        || query.first("access_type").is_some_and(|value| value == "offline");
    TokenWish { scopes: scopes(query), refresh, asker: TokenAsker::Head }
}

/// The wish of a `POST`.
pub(crate) fn of_form(form: &[u8]) -> Result<Act, Plain> {
    let refused = |message: &str| Err(error(StatusCode::BAD_REQUEST, "UNSUPPORTED", message));
    let Ok(form) = std::str::from_utf8(form) else { return refused("the form is not UTF-8") };
    let form = Query(form);
    let field = |name| form.first(name).filter(|value| !value.is_empty()).map(|value| value.into_owned());
    let asker = match field("grant_type").as_deref() {
        Some("password") => field("password").map(|password| TokenAsker::Password {
            user: field("username").unwrap_or_default(),
            password: Secret::new(password),
        }),
        Some("refresh_token") => field("refresh_token").map(|token| TokenAsker::Refresh(Secret::new(token))),
        _ => return refused("the grant_type of a request for a token is password or refresh_token"),
    };
    let Some(asker) = asker else { return refused("the form has a grant_type, but no credential for it") };
    Ok(Act::Token(TokenWish { asker, ..of_query(form) }))
}

/// The repositories of every `scope`. What is no repository of the grammar is left out: fewer rights than were asked
/// for are no error, and the token is not good for what is left out.
fn scopes(query: Query<'_>) -> Vec<Scope> {
    let mut wanted: BTreeMap<String, Actions> = BTreeMap::new();
    for list in query.all("scope") {
        for Scope { repository, actions } in list.split(' ').filter_map(scope) {
            if wanted.len() >= TokenWish::MOST_SCOPES && !wanted.contains_key(&repository) {
                continue;
            }
            let known = wanted.entry(repository).or_default();
            *known = known.or(actions);
        }
    }
    wanted.into_iter().map(|(repository, actions)| Scope { repository, actions }).collect()
}

/// `repository:{name}:{actions}`. A name may contain a colon (a host's port), so it is read from both ends.
fn scope(text: &str) -> Option<Scope> {
    let (name, list) = text.strip_prefix("repository:")?.rsplit_once(':')?;
    let name = Repository::parse(name).ok()?;
    let mut actions = Actions::default();
    for action in list.split(',') {
        match action {
            "pull" => actions.pull = true,
            "push" => actions.push = true,
            "delete" => actions.delete = true,
            "*" => actions = Actions::ALL,
            _ => {}
        }
    }
    (!actions.is_none()).then(|| Scope { repository: name.as_str().to_owned(), actions })
}

/// A scope as challenges and tokens have it.
pub(crate) fn scope_text(scope: &Scope) -> String {
    let Actions { pull, push, delete } = scope.actions;
    let mut text = ["repository:", &scope.repository, ":"].concat();
    let known = [(pull, "pull"), (push, "push"), (delete, "delete")];
    for (position, (_, name)) in known.into_iter().filter(|(is_in, _)| *is_in).enumerate() {
        text.push_str(if position == 0 { "" } else { "," });
        text.push_str(name);
    }
    text
}

/// Hands a token out. Clients read it under one name or the other.
pub(crate) fn handed_out(minted: &Minted) -> Plain {
    let scopes: Vec<_> = minted.scopes.iter().map(scope_text).collect();
    let mut body = json!({
        "token": minted.token.expose(),
        "access_token": minted.token.expose(),
        "expires_in": minted.expires_in,
        "issued_at": minted.issued.to_string(),
        "scope": scopes.join(" "),
    });
    if let Some(refresh) = &minted.refresh {
        body["refresh_token"] = json!(refresh.expose());
    }
    versioned(StatusCode::OK)
        .with(CACHE_CONTROL, header("no-store"))
        .body("application/json", list::json(&body))
}

#[cfg(test)]
mod tests;
