//! Sessions of a portal (`licensing.md` §2): what the cookie of a browser holds that logged in.
//!
//! A session is self-contained and sealed with the keys of signed URLs. It names its token by the digest that the token
//! is known by, so it ends with the token and with the token's secret, and there is nothing to store.

use std::time::Duration;

use keyway_base::{AccountId, EnvironmentId, Secret, Timestamp};

use crate::fields::{put_optional, take_array, take_id, take_optional};
use crate::seal::{seal, unseal};
use crate::signed_url::{GrantError, UrlKeys};
use crate::token::CredentialDigest;

/// What the text of a session begins with.
const PREFIX: &str = "kws_";
/// Raised when the layout changes, so that sessions of an older release are refused and not misread.
const FORMAT: u8 = 1;

/// How long a session holds when nothing else says so.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long one holds at most, however much it is used.
const LONGEST: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How long one holds at least after it was used.
const SLIDE: Duration = Duration::from_secs(60 * 60);
/// By how much a session must be prolonged for that to be worth a new cookie.
const STEP: Duration = Duration::from_secs(60);

/// A session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The account that it is good in.
    pub account: AccountId,
    /// The environment that it is good in.
    pub environment: Option<EnvironmentId>,
    /// The token that it stands for.
    pub token: CredentialDigest,
    /// When it began.
    pub began: Timestamp,
    /// The last moment at which it holds.
    pub expires: Timestamp,
}

impl Session {
    /// A session that begins now, for a token. It ends with `end`, or after a week, and after two in any case.
    pub fn begin(
        account: AccountId,
        environment: Option<EnvironmentId>,
        token: CredentialDigest,
        end: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let expires = end.unwrap_or(now.plus(WEEK)).min(now.plus(LONGEST));
        Self { account, environment, token, began: now, expires }
    }
    /// Whether it is over.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires < now
    }
    /// The session after it was used now, where that prolongs it: never past `end`, the end of its token.
    pub fn used(&self, end: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let latest = self.began.plus(LONGEST);
        let latest = end.map_or(latest, |end| end.min(latest));
        let expires = now.plus(SLIDE).min(latest);
        (expires >= self.expires.plus(STEP)).then_some(Self { expires, ..*self })
    }
}

/// Writes a session.
pub fn write(keys: &UrlKeys, session: &Session) -> Secret<String> {
    Secret::new(seal(keys, PREFIX, &encode(session)))
}

/// Reads a session back, whether it is over or not. Nothing of it is looked at before its seal.
///
/// # Errors
/// [`GrantError`]: malformed, an unknown key, a seal that does not match.
pub fn read(keys: &UrlKeys, text: &str) -> Result<Session, GrantError> {
    decode(&unseal(keys, PREFIX, text)?).ok_or(GrantError::Malformed)
}

/// Reads what is under the seal, for the fuzzer, which has none.
#[cfg(fuzzing)]
pub fn read_payload(bytes: &[u8]) -> Option<Session> {
    decode(bytes)
}

fn encode(session: &Session) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    bytes.extend(session.account.as_bytes());
    put_optional(&mut bytes, session.environment, |bytes, id| bytes.extend(id.as_bytes()));
    bytes.extend(session.token.as_bytes());
    bytes.extend(session.began.as_micros().to_be_bytes());
    bytes.extend(session.expires.as_micros().to_be_bytes());
    bytes
}

/// Reads what [`encode`] wrote; `None` for anything else.
fn decode(bytes: &[u8]) -> Option<Session> {
    let mut rest = bytes;
    let [FORMAT] = take_array::<1>(&mut rest)? else { return None };
    let session = Session {
        account: take_id(&mut rest)?.into(),
        environment: take_optional(&mut rest, take_id)?.map(EnvironmentId::from),
        token: take_array(&mut rest).map(CredentialDigest::from_bytes)?,
        began: take_time(&mut rest)?,
        expires: take_time(&mut rest)?,
    };
    rest.is_empty().then_some(session)
}

fn take_time(rest: &mut &[u8]) -> Option<Timestamp> {
    take_array(rest).map(i64::from_be_bytes).map(Timestamp::from_micros)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::registry_token::{self, Kind};
    use crate::signed_url::{self, KeyId};

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn keys() -> UrlKeys {
        UrlKeys::new(KeyId(7), &Secret::new(vec![7; 32]))
    }

    fn session(end: Option<Timestamp>) -> Session {
        let account = "0190163d-0000-739b-aea5-966c26f8ad91".parse().unwrap();
        let environment = Some("0190163d-0001-739b-aea5-966c26f8ad91".parse().unwrap());
        Session::begin(account, environment, CredentialDigest::from_bytes([3; 32]), end, NOW)
    }

    #[test]
    fn what_was_written_reads_back_and_nothing_else_does() {
        let text = write(&keys(), &session(None)).into_inner();
        assert_eq!(read(&keys(), &text), Ok(session(None)));
        let others = UrlKeys::new(KeyId(7), &Secret::new(vec![8; 32]));
        assert_eq!(read(&others, &text), Err(GrantError::BadSignature));
        assert_eq!(registry_token::read(&keys(), Kind::Access, &text, NOW), Err(GrantError::Malformed));
        assert_eq!(signed_url::verify(&keys(), &text, NOW), Err(GrantError::Malformed));
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] ^= 1;
            let Ok(tampered) = String::from_utf8(bytes) else { continue };
            assert!(read(&keys(), &tampered).is_err(), "{tampered}");
        }
    }

    #[test]
    fn a_session_ends_with_its_token_or_after_a_week_and_never_after_two() {
        let ends = |end: Option<Duration>| session(end.map(|end| NOW.plus(end))).expires.since(NOW);
        assert_eq!(ends(None), WEEK);
        assert_eq!(ends(Some(HOUR)), HOUR);
        assert_eq!(ends(Some(HOUR * 24 * 14)), LONGEST);
        assert_eq!(ends(Some(HOUR * 24 * 365)), LONGEST);
        assert!(!session(None).has_ended(NOW.plus(WEEK)));
        assert!(session(None).has_ended(NOW.plus(WEEK).plus(Duration::from_micros(1))));
    }

    #[test]
    fn use_prolongs_it_by_an_hour_until_two_weeks_are_over() {
        let begun = session(None);
        let used = |at: Duration, end: Option<Duration>| {
            begun.used(end.map(|end| NOW.plus(end)), NOW.plus(at)).map(|used| used.expires.since(NOW))
        };
        assert_eq!(used(HOUR, None), None, "it holds longer than an hour anyway");
        assert_eq!(used(WEEK - HOUR, None), None);
        assert_eq!(used(WEEK - HOUR / 2, None), Some(WEEK + HOUR / 2));
        assert_eq!(used(WEEK - HOUR / 2, Some(WEEK + HOUR / 4)), Some(WEEK + HOUR / 4));
        assert_eq!(used(WEEK - HOUR / 2, Some(WEEK)), None, "its token ends");
        let long = Session { expires: NOW.plus(LONGEST), ..begun };
        assert_eq!(long.used(None, NOW.plus(LONGEST - HOUR / 2)), None);
        let kept = begun.used(None, NOW.plus(WEEK)).unwrap();
        assert_eq!((kept.began, kept.token), (begun.began, begun.token));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_a_session_that_is_written_so_or_none(
            bytes in prop::collection::vec(any::<u8>(), 0..90)
        ) {
            for bytes in [bytes.clone(), [&[FORMAT][..], &bytes].concat()] {
                if let Some(session) = decode(&bytes) {
                    prop_assert_eq!(encode(&session), bytes);
                }
            }
        }
    }
}
