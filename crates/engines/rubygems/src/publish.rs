//! `gem push` and `gem yank`: what they ask for, and what they print (`gem` prints the body, whatever the status).

use http::StatusCode;
use keyway_engine::{Act, Edit, Existing, Files, Outcome, Plain, Publication, Sent, SentFile};
use percent_encoding::percent_decode_str;

use crate::facts::manifests;
use crate::name::GemName;
use crate::platform::RUBY;
use crate::{ingest, op::Op};

/// The largest gem that a push may bring, in bytes.
pub(crate) const LARGEST: u64 = 1024 * 1024 * 1024;
/// The longest form that a yank may bring, in bytes.
pub(crate) const LONGEST_FORM: usize = 16 * 1024;

/// The gem of a push.
///
/// # Errors
/// The answer to a file that is no gem.
pub(crate) fn push(file: &mut SentFile<'_>) -> Result<Act, Plain> {
    let spec = ingest::read(&mut *file.body).map_err(|reject| invalid(&reject.0))?;
    Ok(Act::Publish(Box::new(Publication {
        package: spec.name.as_str().to_owned(),
        version: spec.version.clone(),
        filename: format!("{}.gem", spec.full_name()),
        filetype: Some("gem"),
        media_type: "application/octet-stream",
        platform: Some(spec.platform.clone()).filter(|platform| platform != RUBY),
        description: spec.summary.clone(),
        notice: None,
        tags: Vec::new(),
        files: Files::SeveralOfSpelling,
        manifests: manifests(&spec),
    })))
}

/// The version of a yank.
///
/// # Errors
/// The answer to a form that names none, or one platform of it.
pub(crate) fn yank(sent: &Sent<'_>) -> Result<Act, Plain> {
    let form = std::str::from_utf8(&sent.around.document).map_err(|_| invalid("the form is not UTF-8"))?;
    let name = field(form, "gem_name").and_then(|name| GemName::parse(&name).ok());
    let (Some(name), Some(version)) = (name, field(form, "version")) else {
        return Err(invalid("the form needs gem_name and version"));
    };
    if field(form, "platform").is_some_and(|platform| !platform.is_empty() && platform != RUBY) {
        return Err(invalid("a version is yanked on all platforms at once: leave the platform out"));
    }
    Ok(Act::Change { package: name.as_str().to_owned(), edits: vec![Edit::Withdraw { version }] })
}

/// A field of a form, decoded.
fn field(form: &str, name: &str) -> Option<String> {
    let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    percent_decode_str(&value.replace('+', " ")).decode_utf8().ok().map(|value| value.into_owned())
}

/// What `gem` prints about an effect.
pub(crate) fn tell(op: &Op, outcome: &Outcome) -> Plain {
    match outcome {
        Outcome::Published { package, version, .. } => {
            Plain::said(StatusCode::OK, &format!("Successfully registered gem: {package} ({version})"))
        }
        Outcome::Exists { package, version, by, .. } => {
            let taken = match by {
                Existing::Same => "is published already, with these very bytes",
                Existing::Other => "is published already: repushing of gem versions is not allowed",
                Existing::Gone => "was withdrawn: its version is not given out again",
            };
            Plain::said(StatusCode::CONFLICT, &format!("{package} ({version}) {taken}"))
        }
        Outcome::Changed if *op == Op::Yank => Plain::said(StatusCode::OK, "Successfully yanked"),
        Outcome::Changed | Outcome::LoggedIn { .. } | Outcome::Content(_) => {
            Plain::said(StatusCode::OK, "Done")
        }
        Outcome::Absent(what) => Plain::said(StatusCode::NOT_FOUND, what),
        Outcome::Invalid(why) => invalid(why),
        Outcome::TooLarge { limit } => {
            Plain::said(StatusCode::PAYLOAD_TOO_LARGE, &format!("what was sent has more than {limit} bytes"))
        }
    }
}

/// The answer to a body that makes no sense.
pub(crate) fn invalid(why: &str) -> Plain {
    Plain::said(StatusCode::UNPROCESSABLE_ENTITY, why)
}

#[cfg(test)]
mod tests {
    use keyway_engine::Around;

    use super::*;

    fn yanked(form: &str) -> Result<(String, Vec<Edit>), String> {
        match yank(&Sent { around: &Around::document(form), file: None }) {
            Ok(Act::Change { package, edits }) => Ok((package, edits)),
            Ok(other) => panic!("not a change: {other:?}"),
            Err(plain) => Err(plain.reason.unwrap_or_default()),
        }
    }

    #[test]
    fn a_yank_names_gem_and_version() {
        let edits = |version: &str| vec![Edit::Withdraw { version: version.to_owned() }];
        for form in [
            "gem_name=acme.widget&version=1.0.0.beta1",
            "version=1%2e0%2e0.beta1&platform=ruby&gem_name=acme.widget",
        ] {
            assert_eq!(yanked(form), Ok(("acme.widget".to_owned(), edits("1.0.0.beta1"))), "{form}");
        }
        for form in ["", "gem_name=a", "version=1", "gem_name=a%20b&version=1", "gem_name=%ff&version=1"] {
            assert_eq!(yanked(form), Err("the form needs gem_name and version".to_owned()), "{form}");
        }
        assert!(yanked("gem_name=a&version=1&platform=java").unwrap_err().contains("all platforms"));
    }

    #[test]
    fn what_became_of_it_is_told_in_a_line() {
        let exists = |by| Outcome::Exists {
            package: "widget".to_owned(),
            version: "1.0".to_owned(),
            filename: "widget-1.0.gem".to_owned(),
            by,
        };
        let published = Outcome::Published {
            package: "widget".to_owned(),
            version: "1.0".to_owned(),
            filename: "widget-1.0.gem".to_owned(),
        };
        for (op, outcome, status, part) in [
            (Op::Push, published, 200, "Successfully registered gem: widget (1.0)"),
            (
                Op::Push,
                exists(Existing::Same),
                409,
                "widget (1.0) is published already, with these very bytes",
            ),
            (Op::Push, exists(Existing::Other), 409, "repushing of gem versions is not allowed"),
            (Op::Push, exists(Existing::Gone), 409, "not given out again"),
            (Op::Push, Outcome::Invalid("no".to_owned()), 422, "no"),
            (Op::Push, Outcome::TooLarge { limit: 5 }, 413, "more than 5 bytes"),
            (Op::Yank, Outcome::Changed, 200, "Successfully yanked"),
            (Op::Yank, Outcome::Absent("gone".to_owned()), 404, "gone"),
        ] {
            let plain = tell(&op, &outcome);
            let body = String::from_utf8(plain.body.to_vec()).unwrap();
            assert!(
                plain.status.as_u16() == status && body.contains(part),
                "{outcome:?}: {} {body}",
                plain.status
            );
        }
    }
}
