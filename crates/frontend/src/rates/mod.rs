//! Rate limits (`licensing.md` §1.8, DESIGN §9): what clients' credentials may ask of the JSON:API per window.
//!
//! Counted by account, address and credential, in the memory of one node. Vendors' tokens are not limited, and
//! neither are engine reads and requests for a part of a file; there only refusals count, so that a client that
//! keeps asking for what it may not have is stopped. Guessing credentials is limited elsewhere.

mod table;
mod window;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::RANGE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use keyway_access::{Credential, CredentialScheme};
use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_crypto::token::TokenKind;
use keyway_jsonapi::parse_body;
use percent_encoding::percent_decode_str;

use crate::exchange::Exchange;
use crate::network::network;
use table::Table;

pub(crate) use table::Standing;
pub use window::{RateLimits, RateLimitsError, Window};

/// Passwords tried for one e-mail address.
const LOG_INS: [Window; 1] = [Window::of(60, 5)];
/// Passwords changed or reset, and second factors made, changed or removed, for one user.
const NEW_PASSWORDS: [Window; 1] = [Window::of(600, 5)];

/// Mails asked for to one address.
const MAILS: [Window; 1] = [Window::of(60 * 60, 5)];

/// Where who forgot them asks for the accounts of an address.
const RECOVERY: &str = "/recover";

/// Accounts founded from one address.
const FOUNDED: [Window; 1] = [Window::of(60 * 60, 20)];

/// The counters of this node.
#[derive(Debug)]
pub(crate) struct Rates {
    limits: RateLimits,
    table: Table,
    hasher: RandomState,
    /// Whether anybody was ever refused: until then, what is not limited costs one read.
    refused: AtomicBool,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    Requests,
    Refusals,
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) account: AccountId,
    pub(crate) address: IpAddr,
    pub(crate) credential: Option<&'a Credential>,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    /// It is not limited.
    Free,
    /// It is one of those that are admitted.
    Within(Standing),
    /// It is one too many.
    Exceeded(Standing),
}

impl Rates {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self { limits, table: Table::new(), hasher: RandomState::new(), refused: AtomicBool::new(false) }
    }

    /// Forgets everything.
    #[cfg(feature = "test-support")]
    pub(crate) fn forget(&self) {
        self.table.forget();
        self.refused.store(false, Ordering::Relaxed);
    }

    /// Counts a request to the JSON:API.
    pub(crate) fn request(&self, exchange: &Exchange, from: Source<'_>, now: Timestamp) -> Verdict {
        if self.limits.windows().is_empty() {
            return Verdict::Free;
        }
        if let Some(standing) = self.password(exchange, from, now).filter(Standing::is_over) {
            return Verdict::Exceeded(standing);
        }
        if is_partial(exchange) {
            return self.refusals(from, now).map_or(Verdict::Free, Verdict::Exceeded);
        }
        if !is_client(from.credential) {
            return Verdict::Free;
        }
        match self.table.count(self.key(Counted::Requests, from), self.limits.windows(), now) {
            Some(standing) if standing.is_over() => Verdict::Exceeded(standing),
            standing => standing.map_or(Verdict::Free, Verdict::Within),
        }
    }

    /// Counts a mail that is asked for, by its address, and says how that stands if it is one too many.
    pub(crate) fn mail(
        &self,
        exchange: &Exchange,
        account: Option<AccountId>,
        body: &[u8],
        now: Timestamp,
    ) -> Option<Standing> {
        if *exchange.method() != Method::POST || self.limits.windows().is_empty() {
            return None;
        }
        let path = exchange.path().trim_end_matches('/');
        let what = ["/passwords", RECOVERY].into_iter().find(|what| path.ends_with(what))?;
        let body = parse_body(body).ok()?;
        let email = body.get("meta")?.get("email")?.as_str()?.trim().to_lowercase();
        self.table.count(self.hasher.hash_one((account, what, email)), &MAILS, now).filter(Standing::is_over)
    }

    /// Counts a request outside any account, and says how the address stands if it is one too many.
    pub(crate) fn outside(&self, exchange: &Exchange, now: Timestamp) -> Option<Standing> {
        if *exchange.method() != Method::POST || self.limits.windows().is_empty() {
            return None;
        }
        let path = exchange.path().trim_end_matches('/');
        let (what, windows): (_, &[Window]) = match path.strip_prefix("/v1")? {
            "/accounts" => ("founding", &FOUNDED),
            RECOVERY => (RECOVERY, self.limits.windows()),
            _ => return None,
        };
        let key = self.hasher.hash_one((what, network(exchange.client)));
        self.table.count(key, windows, now).filter(Standing::is_over)
    }

    /// How a source stands whose reads are not limited, when it was refused too often.
    pub(crate) fn refusals(&self, from: Source<'_>, now: Timestamp) -> Option<Standing> {
        if !self.refused.load(Ordering::Relaxed) || !is_client(from.credential) {
            return None;
        }
        let standing = self.table.look(self.key(Counted::Refusals, from), self.limits.windows(), now);
        standing.filter(Standing::is_full)
    }

    /// Counts a refusal (403) of a read that is not limited.
    pub(crate) fn refuse(&self, from: Source<'_>, now: Timestamp) {
        if !self.limits.windows().is_empty() && is_client(from.credential) {
            self.refused.store(true, Ordering::Relaxed);
            self.table.count(self.key(Counted::Refusals, from), self.limits.windows(), now);
        }
    }

    /// Counts what tries or changes a password or a second factor, by e-mail address or user, whoever sends it.
    fn password(&self, exchange: &Exchange, from: Source<'_>, now: Timestamp) -> Option<Standing> {
        let path = exchange.path().trim_end_matches('/');
        let key = |what: &str, who: &str| self.hasher.hash_one((from.account, what, who));
        if let Some((user, _)) = path.split_once("/second-factors")
            && matches!(*exchange.method(), Method::POST | Method::PATCH | Method::PUT | Method::DELETE)
        {
            let user = one_spelling(user.rsplit('/').next()?);
            return self.table.count(key("second factor", &user), &NEW_PASSWORDS, now);
        }
        if *exchange.method() != Method::POST {
            return None;
        }
        if path.ends_with("/tokens") {
            let (email, _) = from.credential?.password()?;
            return self.table.count(key("log in", &email.to_lowercase()), &LOG_INS, now);
        }
        let changed = ["/actions/update-password", "/actions/reset-password"];
        let user = changed.iter().find_map(|action| path.strip_suffix(action))?.rsplit('/').next()?;
        self.table.count(key("password", &one_spelling(user)), &NEW_PASSWORDS, now)
    }

    fn key(&self, what: Counted, from: Source<'_>) -> u64 {
        let credential = from.credential.map(|credential| {
            (credential.user.as_ref().map(|user| user.expose()), credential.secret.expose())
        });
        self.hasher.hash_one((what, from.account, network(from.address), credential))
    }
}

/// One spelling of a user's id or address for all that mean the same, or whoever guesses would count anew with each.
fn one_spelling(segment: &str) -> String {
    let decoded = percent_decode_str(segment).decode_utf8_lossy().trim().to_lowercase();
    decoded.parse::<RecordId>().map_or(decoded, |id| id.to_string())
}

/// Whether a credential is a client's: none, a licence's or a user's. Vendors' tokens say what they are.
fn is_client(credential: Option<&Credential>) -> bool {
    let Some(credential) = credential else { return true };
    let token = match credential.scheme {
        CredentialScheme::License | CredentialScheme::BasicLicense | CredentialScheme::QueryLicense => {
            return true;
        }
        CredentialScheme::BasicUser | CredentialScheme::BasicUserOnly => credential.user.as_ref(),
        _ => None,
    };
    let kind = TokenKind::of_text(token.unwrap_or(&credential.secret).expose());
    matches!(kind, None | Some(TokenKind::User | TokenKind::Activation | TokenKind::Download))
}

/// Whether a request is for a part of a file.
pub(crate) fn is_partial(exchange: &Exchange) -> bool {
    *exchange.method() == Method::GET && exchange.headers().contains_key(RANGE)
}

impl Verdict {
    /// Tells the client how it stands.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if let Self::Within(standing) | Self::Exceeded(standing) = self {
            standing.write(headers);
        }
    }
}

impl Standing {
    /// Whether no more are admitted.
    fn is_full(&self) -> bool {
        self.remaining() == 0
    }

    /// Writes the `X-RateLimit-*` headers.
    fn write(&self, headers: &mut HeaderMap) {
        if let Ok(window) = HeaderValue::from_str(&self.window.to_string()) {
            headers.insert(HeaderName::from_static("x-ratelimit-window"), window);
        }
        for (name, value) in [
            ("x-ratelimit-count", i64::from(self.count)),
            ("x-ratelimit-limit", i64::from(self.window.limit)),
            ("x-ratelimit-remaining", i64::from(self.remaining())),
            ("x-ratelimit-reset", self.reset),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use keyway_base::Secret;

    use super::*;

    fn credential(scheme: CredentialScheme, secret: &str, user: Option<&str>) -> Credential {
        let user = user.map(|user| Secret::new(user.to_owned()));
        Credential { scheme, secret: Secret::new(secret.to_owned()), user }
    }

    #[test]
    fn vendors_say_what_they_are() {
        use CredentialScheme::{BasicToken, BasicUser, Bearer, License, Password, QueryToken};
        let token = |prefix: &str, length: usize| format!("{prefix}-{}v3", "0a".repeat(length / 2));
        assert!(is_client(None));
        for (scheme, prefix, length, expected) in [
            (Bearer, "admin", 64, false),
            (Bearer, "dev", 64, false),
            (Bearer, "prod", 64, false),
            (BasicToken, "env", 64, false),
            (QueryToken, "spprt", 64, false),
            (Bearer, "user", 64, true),
            (Bearer, "activ", 32, true),
            (Bearer, "admin", 62, true),
            (License, "admin", 64, true),
            (Password, "admin", 64, false),
        ] {
            let credential = credential(scheme, &token(prefix, length), None);
            assert_eq!(is_client(Some(&credential)), expected, "{scheme:?} {prefix}");
        }
        let by_name = credential(BasicUser, "x", Some(&token("prod", 64)));
        assert!(!is_client(Some(&by_name)), "the user name is the token");
    }

    fn from(credential: &Credential) -> Source<'_> {
        let account = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        Source { account, address: "192.0.2.1".parse().unwrap(), credential: Some(credential) }
    }

    #[test]
    fn only_refusals_count_where_reads_are_free() {
        let now = Timestamp::from_seconds(1_795_000_200).unwrap();
        let rates = Rates::new("30s:2".parse().unwrap());
        let key = credential(CredentialScheme::License, "KEY", None);
        let other = credential(CredentialScheme::License, "OTHER", None);
        rates.refuse(from(&key), now);
        assert_eq!(rates.refusals(from(&key), now), None);
        rates.refuse(from(&key), now);
        assert_eq!(rates.refusals(from(&key), now).unwrap().wait(now), 30);
        assert_eq!(rates.refusals(from(&other), now), None);
        let later = Timestamp::from_seconds(1_795_000_230).unwrap();
        assert_eq!(rates.refusals(from(&key), later), None);
        let off = Rates::new(RateLimits::OFF);
        off.refuse(from(&key), now);
        assert_eq!(off.refusals(from(&key), now), None);
    }

    #[test]
    fn headers_tell_how_the_source_stands() {
        let mut headers = HeaderMap::new();
        let standing = Standing { window: Window::of(300, 500), count: 501, reset: 1_795_000_500 };
        standing.write(&mut headers);
        for (name, value) in [
            ("x-ratelimit-window", "5m"),
            ("x-ratelimit-count", "501"),
            ("x-ratelimit-limit", "500"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795000500"),
        ] {
            assert_eq!(headers.get(name).unwrap(), value, "{name}");
        }
    }
}
