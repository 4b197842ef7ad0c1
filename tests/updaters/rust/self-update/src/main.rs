//! A command-line tool that replaces a program: `probe-self-update MANIFEST VERSION KEY TARGET PROGRAM`.

use self_update::backends::manifest::Update;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [manifest, version, key, target, program] = arguments.as_slice() else {
        panic!("usage: probe-self-update MANIFEST VERSION KEY TARGET PROGRAM")
    };
    let updater = Update::configure()
        .manifest_url(manifest)
        .bin_name("tool")
        .bin_install_path(program)
        .current_version(version)
        .target(target)
        .request_header("Authorization", format!("License {key}"))
        // Without this the crate keeps the header to itself.
        .allow_auth_host("127.0.0.1")
        .no_confirm(true)
        .show_output(false)
        .show_download_progress(false)
        .build()
        .expect("the updater is configured");
    match updater.update() {
        Ok(status) if status.is_updated() => println!("updated {}", status.version()),
        Ok(_) => println!("up to date"),
        Err(error) => println!("failed: {error}"),
    }
}
