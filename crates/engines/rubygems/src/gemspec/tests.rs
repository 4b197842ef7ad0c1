//! Gemspecs of old and new tools, and what is none.

use super::*;

fn spec(rest: &str) -> Result<Gemspec, GemspecError> {
    let head = "--- !ruby/object:Gem::Specification\nname: widget\nversion: !ruby/object:Gem::Version\n  version: 1.0.0\n";
    Gemspec::parse(format!("{head}{rest}").as_bytes())
}

fn refusal(rest: &str) -> String {
    spec(rest).unwrap_err().to_string()
}

#[test]
fn the_least_gemspec_has_defaults() {
    let spec = spec("").unwrap();
    assert_eq!((spec.full_name().as_str(), spec.platform.as_str()), ("widget-1.0.0", "ruby"));
    assert!(spec.required_ruby_version.is_any() && spec.required_rubygems_version.is_any());
    assert!(spec.dependencies.is_empty() && spec.authors.is_empty() && spec.date.is_none());
}

#[test]
fn what_older_and_newer_tools_write_is_read() {
    let spec = spec(
        "platform: !ruby/object:Gem::Platform\n  cpu: x86_64\n  os: linux\n  version: \nauthors:\n- A\nemail:\n- a@b\n\
         date: 2026-01-02 00:00:00.000000000 Z\ndescription: ''\nhomepage: \nlicenses: []\nmetadata:\n  k: v\n\
         dependencies:\n- !ruby/object:Gem::Dependency\n  name: rack\n  requirement: &id001 !ruby/object:Gem::Requirement\n\
        \x20   requirements:\n    - - \">=\"\n      - !ruby/object:Gem::Version\n        version: '2'\n\
        \x20 type: :runtime\n  prerelease: false\n  version_requirements: *id001\n\
         - !ruby/object:Gem::Dependency\n  name: rake\n  type: :development\n  version_requirements: *id001\n",
    )
    .unwrap();
    assert_eq!(
        (spec.platform.as_str(), spec.full_name().as_str()),
        ("x86_64-linux", "widget-1.0.0-x86_64-linux")
    );
    assert_eq!(spec.date, Some(jiff::civil::date(2026, 1, 2)));
    assert_eq!((spec.description.as_deref(), spec.homepage.as_deref()), (Some(""), None));
    assert_eq!((spec.email, spec.metadata), (vec!["a@b".to_owned()], vec![("k".to_owned(), "v".to_owned())]));
    let dependencies: Vec<_> = spec
        .dependencies
        .iter()
        .map(|of| (of.name.as_str(), of.requirement.compact(), of.is_development))
        .collect();
    assert_eq!(dependencies, [("rack", ">= 2".to_owned(), false), ("rake", ">= 2".to_owned(), true)]);
}

#[test]
fn what_is_no_gemspec_is_refused() {
    assert_eq!(
        Gemspec::parse(b"name: x").unwrap_err().to_string(),
        "the gemspec is not a Gem::Specification"
    );
    assert!(Gemspec::parse(b"--- [").unwrap_err().to_string().starts_with("invalid YAML"));
    assert_eq!(refusal("platform: \"a\\nb\"\n"), "the gemspec's platform is missing or not acceptable");
    assert_eq!(refusal("name: 'a b'\n"), "the gemspec's name is missing or not acceptable");
    assert_eq!(refusal("version: '1 2'\n"), "the gemspec's version is missing or not acceptable");
    assert!(refusal("dependencies:\n- name: 'x,y'\n").contains("dependencies"));
    assert!(refusal("required_ruby_version: [1]\n").contains("required_ruby_version"));
    let many = format!("dependencies:\n{}", "- name: x\n".repeat(1001));
    assert_eq!(refusal(&many), "the gemspec has too many dependencies");
    let authors = format!("authors:\n{}", "- x\n".repeat(201));
    assert_eq!(refusal(&authors), "the gemspec has too many authors");
}
