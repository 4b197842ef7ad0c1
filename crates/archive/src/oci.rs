//! OCI: manifests and indexes read strictly, and archives of images without unpacking them.

mod descriptor;
pub mod image_archive;
pub mod manifest;
pub mod media_type;
mod object;
mod problem;
pub mod reference;

pub use descriptor::Descriptor;
pub use image_archive::{ImageProblem, Plan, Report, Sink};
pub use manifest::{ManifestKind, ParsedManifest};
pub use problem::{ManifestProblem, Place};
