//! Secrets in the clear, which nothing but a server under test keeps: raw tokens, by record.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyway_base::RecordId;
use serde_json::Value as Json;

use crate::SupportError;

/// What is known in the clear.
#[derive(Default)]
pub(crate) struct Secrets {
    raw: Mutex<HashMap<RecordId, String>>,
    /// Digests of passwords already met: suites give every user the same one, and a digest is slow to make.
    digests: Mutex<HashMap<String, String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Secrets {
    /// The raw value of a record's secret, if it was seen.
    pub(crate) fn get(&self, id: RecordId) -> Option<String> {
        lock(&self.raw).get(&id).cloned()
    }
    /// Keeps the raw value of a record's secret.
    pub(crate) fn keep(&self, id: RecordId, raw: String) {
        lock(&self.raw).insert(id, raw);
    }
    /// Forgets every record's.
    pub(crate) fn forget(&self) {
        lock(&self.raw).clear();
    }

    /// Learns the tokens and hashed licence keys that an answer of the API shows; that is the only time they are seen.
    pub(crate) fn learn(&self, answer: &[u8]) {
        let Ok(Json::Object(document)) = serde_json::from_slice(answer) else { return };
        let Some(data) = document.get("data") else { return };
        let objects = data.as_array().map_or(std::slice::from_ref(data), Vec::as_slice);
        for object in objects {
            let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str);
            let shown = match text("/type") {
                Some("tokens") => text("/attributes/token"),
                Some("licenses") if object.pointer("/attributes/encrypted") == Some(&Json::Bool(true)) => {
                    text("/attributes/key")
                }
                _ => None,
            };
            let (Some(id), Some(raw)) = (text("/id"), shown) else { continue };
            if let Ok(id) = id.parse() {
                self.keep(id, raw.to_owned());
            }
        }
    }

    /// The digest of a password.
    pub(crate) async fn password_digest(&self, password: &str) -> Result<String, SupportError> {
        if let Some(digest) = lock(&self.digests).get(password) {
            return Ok(digest.clone());
        }
        let given = password.to_owned();
        let made = tokio::task::spawn_blocking(move || keyway_crypto::password::hash(&given)).await;
        let digest = made.map_err(|error| SupportError::Broken(error.to_string()))??;
        lock(&self.digests).insert(password.to_owned(), digest.clone());
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_learned_from_answers_that_show_them() {
        let secrets = Secrets::default();
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        let other = "0190163d-8694-739b-aea5-966c26f8ad92";
        let hashed = "0190163d-8694-739b-aea5-966c26f8ad93";
        secrets.learn(
            format!(
                r#"{{"data":[{{"type":"tokens","id":"{id}","attributes":{{"token":"user-1v3"}}}},
                {{"type":"tokens","id":"{other}","attributes":{{"kind":"user-token"}}}},
                {{"type":"licenses","id":"{hashed}","attributes":{{"encrypted":true,"key":"a-b-c-dv1"}}}}]}}"#
            )
            .as_bytes(),
        );
        assert_eq!(secrets.get(hashed.parse().unwrap()).as_deref(), Some("a-b-c-dv1"));
        assert_eq!(secrets.get(id.parse().unwrap()).as_deref(), Some("user-1v3"));
        assert_eq!(secrets.get(other.parse().unwrap()), None);
        secrets.learn(b"not JSON");
        secrets.forget();
        assert_eq!(secrets.get(id.parse().unwrap()), None);
    }
}
