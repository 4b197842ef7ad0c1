//! The house rules as tests (`tests/all`): which crate may depend on which, where SQL, time and files may be
//! touched, how long files and functions may be, and what tracked files may not say.
//!
//! The crate itself is empty on purpose: worlds and clients live beside the tests that use them.
