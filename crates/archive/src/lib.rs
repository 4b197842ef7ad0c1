//! Bounded readers for what vendors upload: npm tarballs, wheels, sdists, gems, NuGet and MSIX packages, archives of
//! images and charts, and the plain tar, gzip, zstd, zip, JSON and YAML under them. Nothing is ever unpacked: a reader
//! scans the whole archive,
//! refuses what two installers could read differently, and hands back one or two small members; of images, it says
//! what they consist of, and passes their blobs on.
//!
//! This crate is synchronous, reads only from the `Read` it is given, and deliberately knows nothing of
//! packages, releases or version orders, and of digests only where an archive names its parts by them. Whether a
//! manifest agrees with a release is the engine's question.

pub mod appx;
mod entry_path;
mod error;
pub mod gem;
mod gunzip;
mod json;
mod limits;
pub mod metadata;
mod metered;
pub mod npm_tarball;
pub mod nupkg;
pub mod oci;
mod python_name;
pub mod sdist;
pub mod sniff;
pub mod tarball;
mod unzstd;
pub mod wheel;
pub mod yaml;
pub mod zipfile;

pub use entry_path::{EntryKind, EntryPath};
pub use error::{ArchiveError, EntryProblem, Quoted};
pub use gem::Gem;
pub use gunzip::{Gunzip, gunzip};
pub use json::parse_object_strict;
pub use limits::Limits;
pub use metadata::CoreMetadata;
pub use npm_tarball::NpmTarball;
pub use nupkg::Nuspec;
pub use python_name::normalize_python_name;
pub use sdist::{Sdist, SdistName};
pub use sniff::{Kind, sniff};
pub use wheel::{Wheel, WheelName};
pub use yaml::{Yaml, YamlLimits};
