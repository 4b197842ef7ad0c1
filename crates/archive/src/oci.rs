//! OCI: manifests and indexes read strictly.

mod descriptor;
pub mod manifest;
pub mod media_type;
mod object;
mod problem;

pub use descriptor::Descriptor;
pub use manifest::{ManifestKind, ParsedManifest};
pub use problem::{ManifestProblem, Place};
