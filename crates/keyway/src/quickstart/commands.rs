//! The commands that a customer pastes, one block per licence.

use super::world::{License, World};

/// A command and the client that runs it.
pub(super) struct Command {
    /// The program that must be installed.
    pub(super) client: &'static str,
    /// The line to paste; `DIR` stands for a directory of the customer's.
    pub(super) line: String,
}

/// The commands of one licence. The packages asked for need the entitlement PRO.
pub(super) fn of(base: &str, license: &License) -> Vec<Command> {
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
    let mut text =
        String::from("\nPaste these; the first licence works, the others are refused and say why.\n");
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
    text
}
