//! A loaded value with an identity, so that what is derived from it can be cached by it.

use std::ops::Deref;

use crate::cache::Weigh;

/// Tells loaded values apart. Equal identities mean equal values, for the life of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(pub(crate) u128);

/// An immutable value of the catalogue. It derefs to the value itself.
#[derive(Debug)]
pub struct Known<T> {
    value: T,
    identity: Identity,
    weight: usize,
}

impl<T> Known<T> {
    pub(crate) const fn new(value: T, identity: Identity, weight: usize) -> Self {
        Self { value, identity, weight }
    }
    /// What caches derived from this value use as their key.
    pub const fn identity(&self) -> Identity {
        self.identity
    }
}

impl<T> Deref for Known<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Weigh for std::sync::Arc<Known<T>> {
    fn weigh(&self) -> usize {
        size_of::<Known<T>>() + self.weight
    }
}

impl<T: Weigh> Weigh for Option<T> {
    fn weigh(&self) -> usize {
        self.as_ref().map_or(0, Weigh::weigh)
    }
    fn is_absence(&self) -> bool {
        self.is_none()
    }
}
