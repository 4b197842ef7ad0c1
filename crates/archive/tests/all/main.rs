//! The archive corpus: good archives, each refusal by name, and what holds for arbitrary bytes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixtures;
mod gem;
mod image_chart;
mod image_docker;
mod image_evil;
mod image_layout;
mod image_layout_refused;
mod image_writer;
mod manifest;
mod npm;
mod nupkg;
mod properties;
mod sdist;
mod tar_writer;
mod tarball;
mod wheel;
mod zip_writer;
mod zipfile;
