//! Signed URLs of the embedded store: `<public base>/-/blobs/<token>` (DESIGN §8, §9).

use std::sync::Arc;

use arc_swap::ArcSwap;
use keyway_base::Timestamp;
use keyway_crypto::signed_url::{self, Grant, GrantError, UrlKeys};

/// Makes and reads signed URLs. The keys rotate: [`Urls::rotate`] swaps them in without stopping anyone.
#[derive(Debug)]
pub struct Urls {
    base: String,
    keys: ArcSwap<UrlKeys>,
}

impl Urls {
    /// The path under which the front end answers signed URLs.
    pub const PREFIX: &'static str = "/-/blobs/";

    /// URLs below a public base such as `https://blobs.example.com` (a trailing slash is dropped).
    pub fn new(base: &str, keys: UrlKeys) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), keys: ArcSwap::from_pointee(keys) }
    }

    /// Signs with other keys from now on.
    pub fn rotate(&self, keys: UrlKeys) {
        self.keys.store(Arc::new(keys));
    }

    /// The keys that sign now, for what else is signed with them.
    pub fn keys(&self) -> Arc<UrlKeys> {
        self.keys.load_full()
    }

    /// The URL that carries this grant.
    pub fn url(&self, grant: &Grant) -> String {
        self.url_below(&self.base, grant)
    }

    /// The URL that carries this grant below another base, for callers on the listen address.
    pub fn url_below(&self, base: &str, grant: &Grant) -> String {
        format!("{base}{}{}", Self::PREFIX, signed_url::sign(&self.keys.load(), grant))
    }

    /// Reads the token of a URL back.
    ///
    /// # Errors
    /// [`GrantError`] when it is not one of ours or no longer good at `now`.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Grant, GrantError> {
        signed_url::verify(&self.keys.load(), token, now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keyway_base::Secret;
    use keyway_crypto::signed_url::{KeyId, Method};

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    #[test]
    fn a_url_reads_back_until_its_key_is_gone() {
        let urls = Urls::new("https://blobs.example.com/", UrlKeys::new(KeyId(1), &Secret::new(vec![1; 32])));
        let grant = Grant {
            method: Method::Get,
            account: "0190163d-0000-739b-aea5-966c26f8ad91".parse().unwrap(),
            blob: "a/b".to_owned(),
            artifact: None,
            part: None,
            principal: String::new(),
            length_cap: None,
            expires: NOW.plus(Duration::from_secs(60)),
            filename: None,
            content_type: None,
        };
        let url = urls.url(&grant);
        let token = url.strip_prefix("https://blobs.example.com/-/blobs/").unwrap();
        assert_eq!(urls.read(token, NOW), Ok(grant));
        urls.rotate(UrlKeys::new(KeyId(2), &Secret::new(vec![2; 32])));
        assert_eq!(urls.read(token, NOW), Err(GrantError::UnknownKey));
    }
}
