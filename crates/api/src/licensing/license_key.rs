//! Keys of licences without a scheme (`licensing.md` §8.3): given ones are kept as they are, others made up.

use keyway_base::RecordId;
use keyway_domain::resources::License;
use keyway_jsonapi::{Declared, Failure, Invalid, Value};

use crate::draft::Draft;
use crate::refusal::Outcome;
use crate::work::Work;

/// The bounds of a key: characters from below, bytes from above.
const MIN: usize = 6;
const MAX: usize = 16 * 1024;

/// Makes a key, or checks the one that was given.
pub(crate) async fn prepare(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let Some(key) = draft.text("key").map(str::to_owned) else {
        draft.record.set("key", Value::Text(keyway_crypto::license_key::generate()));
        return Ok(());
    };
    if let Some(failure) = failure(&key) {
        draft.fail(failure);
    }
    let id = key.parse::<RecordId>();
    if let Ok(id) = id
        && work.get(License::RESOURCE, id).await?.is_some()
    {
        let detail = "must not conflict with another license's identifier (UUID)";
        draft.fail(Invalid::attribute("key", Failure::Kind("CONFLICT"), detail));
    }
    Ok(())
}

fn failure(key: &str) -> Option<Invalid> {
    let fail = |kind, detail: String| Some(Invalid::attribute("key", Failure::Kind(kind), detail));
    if key.chars().count() < MIN {
        return fail("TOO_SHORT", format!("is too short (minimum is {MIN} characters)"));
    }
    if key.len() > MAX {
        return fail("TOO_LONG", format!("is too long (maximum is {MAX} bytes)"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        let code = |key: &str| failure(key).map(|failure| failure.code().into_owned());
        assert_eq!(code("abcde"), Some("KEY_TOO_SHORT".to_owned()));
        assert_eq!(code("abcdef"), None);
        assert_eq!(code(&"a".repeat(MAX)), None);
        assert_eq!(code(&"a".repeat(MAX + 1)), Some("KEY_TOO_LONG".to_owned()));
    }
}
