//! URLs that clients use at the object store, signed here with a key that is derived once a day.

use std::time::Duration;

use arc_swap::ArcSwapOption;
use keyway_base::Timestamp;
use keyway_crypto::sigv4::{Credentials, DayKey, Request};

use crate::S3Options;

/// How far a signature is back-dated, for stores whose clock is behind ours.
const SKEW: Duration = Duration::from_secs(60);
/// The longest that a URL may live.
const LONGEST: u64 = 7 * 24 * 60 * 60;

/// Makes presigned URLs.
pub(crate) struct Presigner {
    scheme: String,
    host: String,
    root: String,
    region: String,
    credentials: Credentials,
    key: ArcSwapOption<DayKey>,
}

impl Presigner {
    pub(crate) fn new(options: &S3Options) -> Self {
        let (scheme, host, root) = options.public_place();
        Self {
            scheme,
            host,
            root,
            region: options.region.clone(),
            credentials: options.credentials.clone(),
            key: ArcSwapOption::empty(),
        }
    }

    /// A URL that is good for one method on one object from now on, for `time`.
    pub(crate) fn url(
        &self,
        method: &str,
        object: &str,
        query: &[(&str, &str)],
        now: Timestamp,
        time: Duration,
    ) -> String {
        let at = now.minus(SKEW);
        let path = format!("{}{object}", self.root);
        let seconds = time.saturating_add(SKEW).as_secs().clamp(1, LONGEST);
        let request = Request { method, host: &self.host, path: &path, query, at, seconds };
        let signed = self.day_key(at).presign(&self.credentials, &request);
        format!("{}://{}{signed}", self.scheme, self.host)
    }

    fn day_key(&self, at: Timestamp) -> std::sync::Arc<DayKey> {
        if let Some(key) = self.key.load_full().filter(|key| key.is_for(at)) {
            return key;
        }
        let key = std::sync::Arc::new(DayKey::derive(&self.credentials.secret_access_key, &self.region, at));
        self.key.store(Some(std::sync::Arc::clone(&key)));
        key
    }
}

impl std::fmt::Debug for Presigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Presigner({}{})", self.host, self.root)
    }
}
