//! The commands that a customer pastes, one block per licence.

use super::samples::{DESKTOP, DESKTOP_KEY, STUDIO};
use super::world::{Gets, License, World};

/// A command and the client that runs it.
pub(super) struct Command {
    /// The program that must be installed, or the updater whose question curl asks.
    pub(super) client: &'static str,
    /// The line to paste; `DIR` stands for a directory of the customer's.
    pub(super) line: String,
}

/// The commands of one licence.
pub(super) fn of(base: &str, license: &License) -> Vec<Command> {
    match license.gets {
        Gets::Older => polls(base, license),
        Gets::Plain => packages(base, license),
        Gets::All | Gets::Nothing => {
            packages(base, license).into_iter().chain(polls(base, license)).collect()
        }
    }
}

/// What the updaters of apps that run 1.0.0 ask.
fn polls(base: &str, license: &License) -> Vec<Command> {
    let ask = |updater: &'static str, address: String| Command {
        client: updater,
        line: format!(
            "curl --fail-with-body --silent --show-error --header 'Authorization: License {}' '{base}/v1/engines/{address}'",
            license.key
        ),
    };
    vec![
        ask("tauri", format!("tauri/{DESKTOP}?platform=linux&arch=x86_64&version=1.0.0")),
        ask("electron", format!("electron/{STUDIO}/latest-linux.yml")),
    ]
}

/// The settings of apps with the real updaters in them.
fn settings(base: &str) -> String {
    format!(
        r#"
# in apps of your own, whose versions are below 2.0.0
Tauri, tauri.conf.json: "plugins": {{ "updater": {{ "dangerousInsecureTransportProtocol": true, "pubkey": "{DESKTOP_KEY}", "endpoints": ["{base}/v1/engines/tauri/{DESKTOP}?platform={{{{target}}}}&arch={{{{arch}}}}&version={{{{current_version}}}}"] }} }}
Tauri, Rust: app.updater_builder().header("Authorization", "License KEY")?.build()?.check().await?
Electron: autoUpdater.setFeedURL({{ provider: "generic", url: "{base}/v1/engines/electron/{STUDIO}/" }}); autoUpdater.addAuthHeader("License KEY")
"#
    )
}

/// The commands for packages that need the entitlement PRO.
fn packages(base: &str, license: &License) -> Vec<Command> {
    let key = &license.key;
    let host = base.split_once("://").map_or(base, |(_, host)| host);
    let npm = format!("{host}/v1/engines/npm/");
    vec![
        Command {
            client: "npm",
            line: format!(
                "npm install @acme/gadget --prefix DIR --no-audit --no-fund --@acme:registry=http://{npm} --//{npm}:_authToken={key}"
            ),
        },
        Command {
            client: "pip",
            line: format!(
                "pip install acme-gadget --target DIR --disable-pip-version-check --index-url http://license:{key}@{host}/v1/engines/pypi/simple/"
            ),
        },
        Command {
            client: "gem",
            line: format!(
                "gem install acme-widget --install-dir DIR --no-document --clear-sources --source http://license:{key}@{host}/v1/engines/rubygems/"
            ),
        },
        Command {
            client: "docker",
            line: format!(
                "docker --config DIR/docker login --username license --password {key} {host} && docker --config DIR/docker run --rm --pull always {host}/acme/app:1.0.0"
            ),
        },
        Command {
            client: "skopeo",
            line: format!(
                "skopeo copy --src-tls-verify=false --src-creds license:{key} docker://{host}/acme/app:1.0.0 dir:DIR/acme-app"
            ),
        },
        Command {
            client: "curl",
            line: format!(
                "curl --fail-with-body --silent --show-error --create-dirs --location --user license:{key} --output DIR/acme.tar.gz {base}/v1/engines/raw/acme/@acme-installer/1.1.0/acme-1.1.0-linux-x86_64.tar.gz"
            ),
        },
    ]
}

/// Everything as text.
pub(super) fn render(base: &str, world: &World) -> String {
    let mut text = String::from(
        "\nPaste these; the first licence works, the others are refused and say why, or get what was theirs.\n",
    );
    for license in &world.licenses {
        text.push_str(&format!("\n# licence '{}' ({}): {}\n", license.slug, license.about, license.key));
        for command in of(base, license) {
            text.push_str(&command.line.replace("DIR", "demo"));
            if command.client == "curl" {
                // curl writes the refusal's text where the file would have gone
                text.push_str(" || cat demo/acme.tar.gz");
            }
            text.push('\n');
        }
    }
    text.push_str(&settings(base));
    text
}
