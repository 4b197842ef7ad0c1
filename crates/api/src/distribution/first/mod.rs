//! Version 1.0, where a release was one file (`distribution.md` §11): what documents show of it, how bodies
//! describe it, and the routes that only that version has. The rest is `crate::version`.

pub(super) mod file;
pub(super) mod list;
pub(super) mod route;
pub(super) mod upgrade;
