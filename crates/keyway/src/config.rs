//! `keyway config`: every effective setting and where it came from.

use keyway_store::Location;

use crate::settings::{KNOWN, Layers, SECRETS};

/// Renders the settings as a table.
pub(crate) fn render(layers: &Layers) -> String {
    let width = KNOWN.iter().map(|known| known.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for known in KNOWN {
        let (value, source) = layers.get(known.name);
        let value = if value.is_empty() { "(not set)".to_owned() } else { shown(known.name, value) };
        text.push_str(&format!(
            "{:width$}  {value}\n{:width$}    {source}; {}\n",
            known.name, "", known.about
        ));
    }
    text
}

/// A value as it may be shown: without the database's password.
fn shown(name: &str, value: &str) -> String {
    if SECRETS.contains(&name) {
        return "(set, not shown)".to_owned();
    }
    if name != "database" {
        return value.to_owned();
    }
    Location::parse(value).map_or_else(|error| error.to_string(), |location| location.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_each_setting_with_its_source() {
        let mut layers = Layers::defaults(KNOWN);
        layers.flags("--", &[("listen", Some("127.0.0.1:9".into()))]);
        let text = render(&layers);
        assert!(text.contains("127.0.0.1:9\n") && text.contains("flag --listen"), "{text}");
        layers.flags("--", &[("database", Some("postgres://u:geheim@db/k".into()))]);
        let text = render(&layers);
        assert!(text.contains("postgres://u:***@db/k") && !text.contains("geheim"), "{text}");
        layers.flags("--", &[("s3_secret_access_key", Some("hush".into()))]);
        assert!(!render(&layers).contains("hush"));
        assert!(KNOWN.iter().all(|known| text.contains(known.name)));
    }
}
