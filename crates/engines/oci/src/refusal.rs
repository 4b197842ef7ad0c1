//! Errors as the clients of registries show them (`spec/oci.md` §0, §1.1, §2.6): a JSON body, and where a caller is
//! refused a challenge with the reason in it, for containerd shows nothing else.

use std::borrow::Cow;

use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use keyway_engine::{Actions, BadPath, Denial, Plain, Reason, Scope, Site};
use serde::Serialize;
use serde_json::Value;

use crate::list;
use crate::name::Repository;
use crate::op::{Begin, Op, Task};
use crate::place::repository;
use crate::token::scope_text;

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// An empty answer that says which API this is, as Docker's own registry does: old clients look for that.
pub(crate) fn versioned(status: StatusCode) -> Plain {
    Plain::status(status).with(API_VERSION, HeaderValue::from_static("registry/2.0"))
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: [Told<'a>; 1],
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Value>,
}

/// An error.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Plain {
    errors(status, Told { code, message, detail: None })
}

/// An error with details for programs.
pub(crate) fn detailed(status: StatusCode, code: &str, message: &str, detail: Value) -> Plain {
    errors(status, Told { code, message, detail: Some(detail) })
}

fn errors(status: StatusCode, told: Told<'_>) -> Plain {
    versioned(status)
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .body("application/json", list::json(&Errors { errors: [told] }))
}

/// A request outside the grammar.
pub(crate) fn bad_path(bad: &BadPath) -> Plain {
    match bad {
        BadPath::Unknown => error(StatusCode::NOT_FOUND, "UNSUPPORTED", &bad.to_string()),
        BadPath::Method => error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", &bad.to_string()),
        BadPath::Malformed(text) => error(StatusCode::BAD_REQUEST, "NAME_INVALID", text),
    }
}

/// A refusal by the house's access rules. What a licence may not have is refused with 401 and the reason in the
/// challenge: docker, containerd, podman and crane all show that, and nothing else.
pub(crate) fn denied(op: &Op, site: Site<'_>, scope: Option<&Scope>, denial: &Denial) -> Plain {
    let told = |status, code| error(status, code, &denial.message);
    match denial.reason {
        Reason::Unavailable => told(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE").for_denial(denial),
        Reason::TooManyFailures if may_be_told_to_wait(op) => {
            told(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS").for_denial(denial)
        }
        _ if matches!(op, Op::Token(_) | Op::TokenForm) => {
            told(StatusCode::UNAUTHORIZED, "UNAUTHORIZED").for_denial(denial)
        }
        Reason::CredentialMissing | Reason::CredentialInvalid | Reason::TooManyFailures => {
            unauthorized(op, site, scope, denial)
        }
        _ if op.is_write() => told(StatusCode::FORBIDDEN, "DENIED"),
        _ => unauthorized(op, site, scope, denial),
    }
}

/// Docker gives a whole pull up when a blob is answered with 429.
fn may_be_told_to_wait(op: &Op) -> bool {
    let is_of_manifests =
        |task: &Task| matches!(task, Task::Manifest(_) | Task::PutManifest(_) | Task::DeleteManifest(_));
    match op {
        Op::Token(_) | Op::TokenForm => true,
        Op::In(_, task) => is_of_manifests(task),
        _ => false,
    }
}

fn unauthorized(op: &Op, site: Site<'_>, scope: Option<&Scope>, denial: &Denial) -> Plain {
    let service = site.origin.split_once("://").map_or(site.origin, |(_, host)| host);
    let (origin, service) = (quotable(site.origin), quotable(service));
    let mut challenge = ["Bearer realm=\"", &origin, "/token\",service=\"", &service, "\""].concat();
    if let Some(scope) = scope {
        let repository = repository(site, &scope.repository).into_owned();
        let mut spelled = scope_text(&Scope { repository, actions: scope.actions });
        if let Op::In(_, Task::Begin(Begin::Mount { from: Some(from), .. })) = op
            && Repository::parse(from).is_ok()
        {
            let from = Scope { repository: from.clone(), actions: Actions::PULL };
            spelled.push(' ');
            spelled.push_str(&scope_text(&from));
        }
        challenge.extend([",scope=\"", &quotable(&spelled), "\""]);
    }
    // who has sent nothing is not told off, but asked
    if denial.reason != Reason::CredentialMissing {
        challenge.extend([",error=\"", &quotable(&denial.message), "\""]);
    }
    error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", &denial.message)
        .with(WWW_AUTHENTICATE, header(&challenge))
}

/// A text that containerd and Docker show beside an answer (`spec/oci.md` §1.1).
pub(crate) fn warning(text: &str) -> HeaderValue {
    header(&format!("299 - \"{}\"", quotable(text)))
}

/// A text that can stand between quotes without an escape, which some clients do not read.
fn quotable(text: &str) -> Cow<'_, str> {
    if text.contains(['"', '\\']) { text.replace('"', "'").replace('\\', "/").into() } else { text.into() }
}

/// A header of a text: printable ASCII; other characters become `?`.
pub(crate) fn header(text: &str) -> HeaderValue {
    let ascii: Cow<'_, str> = if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        text.into()
    } else {
        text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect()
    };
    HeaderValue::from_str(&ascii).expect("printable ASCII is always a header value")
}

#[cfg(test)]
mod tests;
