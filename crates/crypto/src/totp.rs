//! One-time passwords that follow the clock (RFC 6238): SHA-1, six digits, steps of 30 seconds, as every
//! authenticator app makes them.

use std::fmt;

use aws_lc_rs::hmac;
use keyway_base::{Secret, Timestamp, constant_time_eq};

use crate::CryptoError;
use crate::random::random_bytes;

/// How long a password is shown, in seconds.
const STEP: i64 = 30;
/// How many seconds a password may come too late.
const DRIFT: i64 = 10;
/// The digits of base32 (RFC 4648 §6).
const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A stretch of 30 seconds, counted from 1970. A password holds for one, and is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(i64);

impl Step {
    /// A step that was kept.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }
    /// The step of a moment.
    pub const fn at(moment: Timestamp) -> Self {
        Self(moment.as_seconds().div_euclid(STEP))
    }
    /// Its number.
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// What an authenticator app and the server share.
pub struct TotpSecret(Secret<Vec<u8>>);

impl TotpSecret {
    /// Makes a new one, as long as the digest is (RFC 4226 §4).
    pub fn generate() -> Self {
        Self(Secret::new(random_bytes::<20>().to_vec()))
    }
    /// Reads one in base32, with or without its padding.
    ///
    /// # Errors
    /// [`CryptoError::TotpSecret`] when it is none.
    pub fn parse(text: &str) -> Result<Self, CryptoError> {
        let bytes = from_base32(text.trim_end_matches('=')).filter(|bytes| !bytes.is_empty());
        bytes.map(|bytes| Self(Secret::new(bytes))).ok_or(CryptoError::TotpSecret)
    }
    /// The secret in base32, without padding.
    pub fn text(&self) -> Secret<String> {
        Secret::new(to_base32(self.0.expose()))
    }
    /// The password of a step.
    pub fn code(&self, step: Step) -> String {
        format!("{:06}", self.truncated(step) % 1_000_000)
    }
    /// The step that a password is of: the current one, or the one that ended within the drift, unless it is not
    /// later than the last one that was used.
    pub fn verify(&self, code: &str, now: Timestamp, used: Option<Step>) -> Option<Step> {
        let late = Step((now.as_seconds() - DRIFT).div_euclid(STEP));
        let fresh = |step: &Step| used.is_none_or(|used| *step > used);
        let is_right = |step: &Step| constant_time_eq(self.code(*step).as_bytes(), code.as_bytes());
        [Step::at(now), late].into_iter().filter(fresh).find(is_right)
    }

    /// RFC 4226 §5.3: four bytes of the digest, from where its last half byte says, without the sign.
    fn truncated(&self, step: Step) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.expose());
        let tag = hmac::sign(&key, &step.0.to_be_bytes());
        let digest = tag.as_ref();
        let offset = usize::from(digest.last().copied().unwrap_or(0) & 0x0f);
        let four = digest.get(offset..offset + 4).and_then(|four| four.try_into().ok());
        u32::from_be_bytes(four.expect("a SHA-1 digest has 20 bytes")) & 0x7fff_ffff
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret")
    }
}

fn to_base32(bytes: &[u8]) -> String {
    let groups = bytes.chunks(5).flat_map(|group| {
        let bits =
            group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte)) << (8 * (5 - group.len()));
        let digits = (group.len() * 8).div_ceil(5);
        (0..digits).map(move |at| DIGITS.get((bits >> (35 - 5 * at) & 31) as usize).copied().unwrap_or(b'A'))
    });
    groups.map(char::from).collect()
}

/// The bytes that base32 digits say; the bits that fill the last digit must be zero.
fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0_u32, Vec::new());
    for digit in text.bytes() {
        let value = DIGITS.iter().position(|known| *known == digit.to_ascii_uppercase())?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
            bits &= (1 << held) - 1;
        }
    }
    (held < 5 && bits == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6238, appendix B.
    fn secret() -> TotpSecret {
        TotpSecret(Secret::new(b"12345678901234567890".to_vec()))
    }
    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    /// The vectors have eight digits; six of them are what is left of the number divided by a million.
    #[test]
    fn the_vectors_of_rfc_6238() {
        for (seconds, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let step = Step::at(at(seconds));
            assert_eq!(format!("{:08}", secret().truncated(step) % 100_000_000), eight, "{seconds}");
            assert_eq!(secret().code(step), eight[2..], "{seconds}");
        }
    }

    #[test]
    fn a_password_holds_for_its_step_and_ten_seconds() {
        let secret = secret();
        let code = secret.code(Step::new(100));
        for (seconds, holds) in
            [(2999, false), (3000, true), (3029, true), (3030, true), (3039, true), (3040, false)]
        {
            let found = secret.verify(&code, at(seconds), None);
            assert_eq!(found, holds.then_some(Step::new(100)), "{seconds}");
        }
        for wrong in ["", "12345", "1234567", "abcdef", &format!("{code} ")] {
            assert_eq!(secret.verify(wrong, at(3000), None), None, "{wrong}");
        }
    }

    #[test]
    fn a_step_is_used_once_and_no_earlier_one_after_it() {
        let secret = secret();
        let (early, late) = (secret.code(Step::new(100)), secret.code(Step::new(101)));
        assert_eq!(secret.verify(&early, at(3031), Some(Step::new(100))), None);
        assert_eq!(secret.verify(&early, at(3031), Some(Step::new(99))), Some(Step::new(100)));
        assert_eq!(secret.verify(&late, at(3031), Some(Step::new(100))), Some(Step::new(101)));
        assert_eq!(secret.verify(&early, at(3031), Some(Step::new(101))), None, "what came before is over");
    }

    /// RFC 4648 §10, without the padding.
    #[test]
    fn base32_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(to_base32(bytes.as_bytes()), text);
            assert_eq!(TotpSecret::parse(text).unwrap().0.expose(), bytes.as_bytes());
            assert_eq!(
                TotpSecret::parse(&format!("{}==", text.to_lowercase())).unwrap().0.expose(),
                bytes.as_bytes()
            );
        }
        for wrong in ["", "=", "M", "MZX", "MZ", "0189", "MZXW6YTB!"] {
            assert_eq!(TotpSecret::parse(wrong).err(), Some(CryptoError::TotpSecret), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_long_distinct_and_unprintable() {
        let secret = TotpSecret::generate();
        assert_eq!(secret.text().expose().len(), 32);
        assert_ne!(secret.text(), TotpSecret::generate().text());
        assert_eq!(format!("{secret:?}"), "TotpSecret");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes in prop::collection::vec(any::<u8>(), 1..64)) {
            let secret = TotpSecret::parse(&to_base32(&bytes)).unwrap();
            prop_assert_eq!(secret.0.expose(), &bytes);
        }
        #[test]
        fn whatever_is_read_is_written_alike(text in "[A-Z2-7a-z=0189]{0,40}") {
            if let Ok(secret) = TotpSecret::parse(&text) {
                let plain = text.trim_end_matches('=').to_uppercase();
                prop_assert_eq!(secret.text().into_inner(), plain);
            }
        }
    }
}
