//! Packages, releases, constraints, artifacts, and the look-up resources beside them (`distribution.md` §5–§8):
//! their hooks, their endpoints, and what an upload does once its bytes are here. Written and kept apart from
//! the mechanism around it, which only registers what this module lists.
