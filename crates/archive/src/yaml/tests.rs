//! Documents as Ruby writes them, bombs, limits.

use super::*;

fn parse(text: &str) -> Result<Yaml, ArchiveError> {
    Yaml::parse(text.as_bytes(), &YamlLimits::default())
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn a_document_as_ruby_writes_it_is_read() {
    let yaml = parse(
        "--- !ruby/object:Gem::Specification\nname: widget\nversion: !ruby/object:Gem::Version\n  version: '1.0'\n\
         autorequire: \nauthors:\n- A\n- \"B \\u00e9\"\ndescription: |-\n  Two\n    lines\nquoted: ''\n",
    )
    .unwrap();
    let root = yaml.root();
    assert_eq!(root.tag(), Some("ruby/object:Gem::Specification"));
    assert_eq!(root.get("name").unwrap().text(), Some("widget"));
    let version = root.get("version").unwrap();
    assert_eq!(
        (version.tag(), version.get("version").unwrap().text()),
        (Some("ruby/object:Gem::Version"), Some("1.0"))
    );
    assert!(root.get("autorequire").unwrap().is_null());
    assert_eq!(root.get("quoted").unwrap().text(), Some(""));
    let authors: Vec<_> =
        root.get("authors").unwrap().items().unwrap().map(|item| item.text().unwrap()).collect();
    assert_eq!(authors, ["A", "B é"]);
    assert_eq!(root.get("description").unwrap().text(), Some("Two\n  lines"));
    assert!(root.get("absent").is_none() && root.items().is_none());
}

#[test]
fn an_alias_is_the_node_it_names() {
    let yaml = parse("a: &one\n  x: 1\nb: *one\n").unwrap();
    assert_eq!(yaml.root().get("b").unwrap().get("x").unwrap().text(), Some("1"));
    assert!(refusal("a: *nothing\n").contains("invalid YAML"));
    assert_eq!(refusal("&a [*a]\n"), "invalid YAML: an alias names nothing");
}

/// Nine levels of nine aliases each stand for hundreds of millions of items.
#[test]
fn a_bomb_of_aliases_stays_small() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..=9 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let yaml = parse(&text).unwrap();
    assert!(yaml.nodes.len() < 100);
    assert_eq!(yaml.root().get("a9").unwrap().items().unwrap().len(), 9);
}

#[test]
fn limits_hold() {
    assert_eq!(refusal(&"[".repeat(100)), "invalid YAML: it is nested deeper than 32 levels");
    let limits = YamlLimits { nodes: 10, ..YamlLimits::default() };
    let many = Yaml::parse("- x\n".repeat(11).as_bytes(), &limits).unwrap_err();
    assert_eq!(many.to_string(), "invalid YAML: it has more than 10 nodes");
    let aliases = format!("- &a x\n{}", "- *a\n".repeat(40));
    assert!(Yaml::parse(aliases.as_bytes(), &limits).unwrap_err().to_string().contains("more than 10 nodes"));
    let limits = YamlLimits { bytes: 3, ..YamlLimits::default() };
    assert!(Yaml::parse(b"abcd", &limits).unwrap_err().to_string().contains("longer than 3 bytes"));
}

#[test]
fn what_is_no_single_document_is_refused() {
    assert_eq!(refusal(""), "invalid YAML: it is empty");
    assert_eq!(refusal("--- a\n--- b\n"), "invalid YAML: it has more than one document");
    assert!(refusal("a: [").starts_with("invalid YAML"));
    let error = Yaml::parse(b"\xff\xfe", &YamlLimits::default()).unwrap_err();
    assert_eq!(error.to_string(), "invalid YAML: it is not UTF-8");
}
