//! The engines this binary runs. Adding one is its crate and its line here.

use keyway_engine::Engines;

/// Every engine, in the order in which they are shown.
pub(crate) const ENGINES: Engines = Engines::new(&[
    &keyway_engine_electron::ElectronEngine,
    &keyway_engine_msix::MsixEngine,
    &keyway_engine_npm::NpmEngine,
    &keyway_engine_oci::OciEngine,
    &keyway_engine_pypi::PypiEngine,
    &keyway_engine_raw::RawEngine,
    &keyway_engine_rubygems::RubygemsEngine,
    &keyway_engine_selfupdate::SelfUpdateEngine,
    &keyway_engine_sparkle::SparkleEngine,
    &keyway_engine_squirrel::SquirrelEngine,
    &keyway_engine_tauri::TauriEngine,
    &keyway_engine_velopack::VelopackEngine,
    &keyway_engine_zsync::ZsyncEngine,
]);
