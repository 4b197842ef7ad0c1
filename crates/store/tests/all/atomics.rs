//! Atomics whose every interleaving the model tries.

pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
