//! An app of Velopack's on Linux: `probe-velopack URL CHANNEL VERSION KEY FOLDER`.
//!
//! Says what the check found and what became of the download. The folder has a place for packages; nothing is
//! installed.

use std::path::Path;

use velopack::locator::VelopackLocatorConfig;
use velopack::sources::HttpSource;
use velopack::{HttpHeader, HttpOptions, UpdateCheck, UpdateManager};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, channel, version, key, folder] = arguments.as_slice() else {
        panic!("usage: probe-velopack URL CHANNEL VERSION KEY FOLDER")
    };
    let authorization = HttpHeader { Name: "Authorization".into(), Value: format!("License {key}") };
    let options = HttpOptions { Headers: vec![authorization], TimeoutMilliseconds: 20_000 };
    let source = HttpSource::new_with_options(url, options);
    let manager = UpdateManager::new(source, None, Some(installed(Path::new(folder), channel, version)))
        .expect("the app looks installed");
    match manager.check_for_updates() {
        Ok(UpdateCheck::UpdateAvailable(update)) => {
            let target = &update.TargetFullRelease;
            println!("update {} {} deltas={}", target.Version, target.FileName, update.DeltasToTarget.len());
            match manager.download_updates(&update, None) {
                Ok(()) => println!("downloaded"),
                Err(error) => println!("download failed: {error}"),
            }
        }
        Ok(UpdateCheck::NoUpdateAvailable) => println!("no update"),
        Ok(UpdateCheck::RemoteIsEmpty) => println!("remote is empty"),
        Err(error) => println!("check failed: {error}"),
    }
}

/// Files as an installed app has them.
fn installed(folder: &Path, channel: &str, version: &str) -> VelopackLocatorConfig {
    let (packages, current) = (folder.join("packages"), folder.join("current"));
    for made in [&packages, &current] {
        std::fs::create_dir_all(made).expect("the folder is ours");
    }
    let metadata = format!(
        "<id>App</id><title>App</title><version>{version}</version><channel>{channel}</channel>\
         <mainExe>app</mainExe><os>linux</os>"
    );
    let manifest = current.join("sq.version");
    let package = format!("<?xml version=\"1.0\"?><package><metadata>{metadata}</metadata></package>");
    std::fs::write(&manifest, package).expect("the folder is ours");
    for program in ["UpdateNix", "App.AppImage"] {
        std::fs::write(folder.join(program), "x").expect("the folder is ours");
    }
    VelopackLocatorConfig {
        RootAppDir: folder.join("App.AppImage"),
        UpdateExePath: folder.join("UpdateNix"),
        PackagesDir: packages,
        ManifestPath: manifest,
        CurrentBinaryDir: current,
        IsPortable: true,
    }
}
