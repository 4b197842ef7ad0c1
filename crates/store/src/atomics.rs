//! The atomics that [`Freshness`](crate::Freshness) is made of, named once so that a model can replace them.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
