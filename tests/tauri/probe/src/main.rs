//! Asks for an update as an app does, with Tauri's own updater and without a window: one check, and the download that
//! it leads to, verified. What came of it is printed as one line of JSON.
//!
//! The first argument is the updater's configuration, as in `tauri.conf.json`; the second the version that "runs";
//! what follows are the headers that the app sets, as `name: value`. `PROBE_TARGET` is what an app gives as its target.

use serde_json::{Value, json};
use tauri_plugin_updater::{Error, UpdaterExt};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let configuration = arguments.next().expect("the updater's configuration");
    let version = arguments.next().expect("the version that runs");
    let mut context = tauri::test::mock_context(tauri::test::noop_assets());
    context.package_info_mut().version = version.parse().expect("a version");
    let configuration = serde_json::from_str(&configuration).expect("JSON");
    context.config_mut().plugins.0.insert("updater".to_owned(), configuration);
    let app = tauri::test::mock_builder()
        .plugin(tauri_plugin_updater::Builder::new().build())
        .build(context)
        .expect("an app");
    let said = asked(&app, arguments).await;
    println!("{}", said.unwrap_or_else(|error| json!({ "error": error.to_string() })));
}

async fn asked(
    app: &tauri::App<tauri::test::MockRuntime>,
    headers: impl Iterator<Item = String>,
) -> Result<Value, Error> {
    let mut builder = app.updater_builder();
    for header in headers {
        let (name, value) = header.split_once(": ").expect("name: value");
        builder = builder.header(name, value)?;
    }
    if let Ok(target) = std::env::var("PROBE_TARGET") {
        builder = builder.target(target);
    }
    let Some(update) = builder.build()?.check().await? else {
        return Ok(json!({ "update": null }));
    };
    let mut said = json!({ "update": update.version, "url": update.download_url, "notes": update.body, "raw": update.raw_json });
    match update.download(|_, _| {}, || {}).await {
        Ok(bytes) => said["downloaded"] = json!(bytes.len()),
        Err(error) => said["download_error"] = json!(error.to_string()),
    }
    Ok(said)
}
