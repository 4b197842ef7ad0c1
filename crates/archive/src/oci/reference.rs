//! The names of images that have a tag.

use keyway_base::is_content_tag;

/// The tag of what annotations call an image: a tag alone, or a name with a tag (`registry:5000/acme/app:1.0`), with
/// or without a digest behind it.
pub fn tag_of(name: &str) -> Option<&str> {
    if is_content_tag(name) {
        return Some(name);
    }
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    let (_, last) = name.rsplit_once('/').unwrap_or(("", name));
    last.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| is_content_tag(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_names() {
        let hex = "0a".repeat(32);
        let table = [
            ("1.0.0", Some("1.0.0")),
            ("acme/app:1.0.0", Some("1.0.0")),
            ("localhost:5000/acme/app:v1", Some("v1")),
            ("localhost:5000/acme/app", None),
            ("docker.io/library/app", None),
            ("app:1@sha256:00", Some("1")),
            ("app@sha256:00", None),
            ("acme/app:", None),
            ("acme/app:-1", None),
            ("", None),
            ("a b", None),
            (&format!("a:{hex}"), Some(hex.as_str())),
        ];
        for (name, tag) in table {
            assert_eq!(tag_of(name), tag, "{name}");
        }
    }
}
