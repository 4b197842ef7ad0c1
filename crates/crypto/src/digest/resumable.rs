//! A digest that can be put aside and taken up again, by another process too: what an upload that comes in several
//! requests is hashed with. Not by the provider of the other digests: it does not give its state away
//! (`docs/decisions/0007`).

use std::fmt;

use keyway_base::{ContentAlgorithm, ContentDigest};
use sha2::Digest as _;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};

use super::{sha256, sha512};

/// How many bytes of a check follow a state: the digests themselves overflow on states that cannot be.
const CHECK: usize = 8;

/// A digest of what comes in pieces, perhaps over days.
#[derive(Clone)]
pub struct RunningDigest(State);

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

/// Bytes that are not the state of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the state of a running digest")]
pub struct StateError;

/// The digest of bytes that are at hand.
pub fn content_digest(algorithm: ContentAlgorithm, bytes: &[u8]) -> ContentDigest {
    match algorithm {
        ContentAlgorithm::Sha256 => ContentDigest::Sha256(*sha256(bytes).as_bytes()),
        ContentAlgorithm::Sha512 => ContentDigest::Sha512(*sha512(bytes).as_bytes()),
    }
}

impl RunningDigest {
    /// A digest that has seen nothing.
    pub fn new(algorithm: ContentAlgorithm) -> Self {
        Self(match algorithm {
            ContentAlgorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            ContentAlgorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        })
    }

    /// Which digest it is.
    pub const fn algorithm(&self) -> ContentAlgorithm {
        match &self.0 {
            State::Sha256(_) => ContentAlgorithm::Sha256,
            State::Sha512(_) => ContentAlgorithm::Sha512,
        }
    }

    /// Takes in some more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of everything.
    pub fn finish(self) -> ContentDigest {
        match self.0 {
            State::Sha256(state) => ContentDigest::Sha256(state.finalize().into()),
            State::Sha512(state) => ContentDigest::Sha512(state.finalize().into()),
        }
    }

    /// What it takes to go on later. It tells of the last bytes that were seen.
    pub fn state(&self) -> Vec<u8> {
        match &self.0 {
            State::Sha256(state) => checked(state.serialize().to_vec()),
            State::Sha512(state) => checked(state.serialize().to_vec()),
        }
    }

    /// Goes on from a state.
    ///
    /// # Errors
    /// [`StateError`] for bytes that are no state of this algorithm, or one that was changed.
    pub fn from_state(algorithm: ContentAlgorithm, bytes: &[u8]) -> Result<Self, StateError> {
        Ok(Self(match algorithm {
            ContentAlgorithm::Sha256 => State::Sha256(restored(bytes)?),
            ContentAlgorithm::Sha512 => State::Sha512(restored(bytes)?),
        }))
    }
}

fn checked(mut state: Vec<u8>) -> Vec<u8> {
    let check = sha256(&state);
    state.extend(check.as_bytes().iter().take(CHECK));
    state
}

fn restored<D: SerializableState>(bytes: &[u8]) -> Result<D, StateError> {
    let (state, check) = bytes.len().checked_sub(CHECK).map(|at| bytes.split_at(at)).ok_or(StateError)?;
    if !sha256(state).as_bytes().starts_with(check) {
        return Err(StateError);
    }
    let state: &SerializedState<D> = state.try_into().map_err(|_| StateError)?;
    D::deserialize(state).map_err(|_| StateError)
}

impl fmt::Debug for RunningDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunningDigest({:?})", self.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [ContentAlgorithm; 2] = [ContentAlgorithm::Sha256, ContentAlgorithm::Sha512];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_break_does_not_matter(
            content in prop::collection::vec(any::<u8>(), 0..700),
            breaks in prop::collection::vec(0..300_usize, 0..4),
        ) {
            for algorithm in BOTH {
                let mut running = RunningDigest::new(algorithm);
                let mut rest = content.as_slice();
                for at in &breaks {
                    let (piece, after) = rest.split_at((*at).min(rest.len()));
                    running.update(piece);
                    rest = after;
                    running = RunningDigest::from_state(algorithm, &running.state()).unwrap();
                }
                running.update(rest);
                prop_assert_eq!(running.finish(), content_digest(algorithm, &content));
            }
        }

        #[test]
        fn bytes_that_are_no_state_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for algorithm in BOTH {
                prop_assert_eq!(RunningDigest::from_state(algorithm, &bytes).err(), Some(StateError));
            }
        }

        #[test]
        fn a_state_that_was_changed_is_refused(at in any::<prop::sample::Index>(), by in 1..=255_u8) {
            for algorithm in BOTH {
                let mut running = RunningDigest::new(algorithm);
                running.update(&[7; 200]);
                let mut state = running.state();
                prop_assert!(RunningDigest::from_state(algorithm, &state).is_ok());
                let at = at.index(state.len());
                state[at] ^= by;
                prop_assert_eq!(RunningDigest::from_state(algorithm, &state).err(), Some(StateError));
            }
        }
    }
}
