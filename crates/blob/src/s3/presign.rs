//! URLs that clients use at the object store, signed here with a key that is derived once a day.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use keyway_base::Timestamp;
use keyway_crypto::sigv4::{Credentials, DayKey, Request};

use super::lent::Lent;
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
    lent: Arc<Lent>,
    key: ArcSwapOption<Signing>,
}

/// The key of a day, and whose it is.
struct Signing {
    access_key_id: String,
    key: DayKey,
}

impl Presigner {
    pub(crate) fn new(options: &S3Options, lent: Arc<Lent>) -> Self {
        let (scheme, host, root) = options.public_place();
        Self { scheme, host, root, region: options.region.clone(), lent, key: ArcSwapOption::empty() }
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
        let credentials = self.lent.current();
        let signed = self.signing(&credentials, at).key.presign(&credentials, &request);
        format!("{}://{}{signed}", self.scheme, self.host)
    }

    fn signing(&self, credentials: &Credentials, at: Timestamp) -> Arc<Signing> {
        let fits = |key: &Arc<Signing>| key.key.is_for(at) && key.access_key_id == credentials.access_key_id;
        if let Some(key) = self.key.load_full().filter(fits) {
            return key;
        }
        let key = DayKey::derive(&credentials.secret_access_key, &self.region, at);
        let signing = Arc::new(Signing { access_key_id: credentials.access_key_id.clone(), key });
        self.key.store(Some(Arc::clone(&signing)));
        signing
    }
}

impl std::fmt::Debug for Presigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Presigner({}{})", self.host, self.root)
    }
}
