//! Invariant I3 and the tidy rules, on the text of the tree.

use crate::tree::{before_tests, files, root, rust};

/// Files that may be longer than [`MAX_LINES`], each with the reason.
const LONG_FILES: &[(&str, &str)] = &[];

const MAX_LINES: usize = 600;
const MAX_FUNCTION: usize = 100;

fn assert_none(rule: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_opens_by_saying_what_it_is() {
    let silent = rust().into_iter().filter(|(path, text)| {
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!"));
        !path.contains("/fuzz/") && !first.is_some_and(|line| line.starts_with("//!"))
    });
    let silent: Vec<String> = silent.map(|(path, _)| path).collect();
    assert_none("modules without `//!`", &silent);
}

#[test]
fn files_stay_readable_in_one_sitting() {
    let long = rust()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(path, lines)| *lines > MAX_LINES && !LONG_FILES.iter().any(|(known, _)| path == known));
    let long: Vec<String> = long.map(|(path, lines)| format!("{lines} {path}")).collect();
    assert_none("files past the limit: find the seam, or list them with a reason", &long);
}

#[test]
fn functions_stay_readable_at_a_glance() {
    let mut long = Vec::new();
    for (path, text) in rust() {
        let mut open: Option<(usize, usize, String)> = None;
        for (number, line) in before_tests(&text).lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let word = line.trim_start();
            let starts = [
                "fn ",
                "pub fn ",
                "async fn ",
                "pub async fn ",
                "pub(crate) fn ",
                "pub(super) fn ",
                "pub(crate) async fn ",
            ];
            if open.is_none() && starts.iter().any(|start| word.starts_with(start)) && !word.ends_with(';') {
                open = Some((number, indent, word.to_owned()));
            } else if let Some((start, level, name)) = &open
                && indent == *level
                && word.starts_with('}')
            {
                if number - start > MAX_FUNCTION {
                    long.push(format!("{path}:{} {} lines: {name}", start + 1, number - start));
                }
                open = None;
            }
        }
    }
    assert_none("functions past the limit", &long);
}

#[test]
fn names_say_what_is_in_them() {
    let vague = ["utils", "util", "helpers", "helper", "common", "misc", "manager", "service"];
    let wrong = files().into_iter().filter(|path| {
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or("");
        path.starts_with("crates/") && vague.contains(&stem)
    });
    assert_none("vague file names", &wrong.collect::<Vec<_>>());
}

#[test]
fn only_the_blob_crate_opens_files_for_bytes() {
    let doors = ["tokio::fs", "std::fs::File", "fs::OpenOptions", "fs::write(", "fs::read("];
    let wrong = rust().into_iter().filter(|(path, text)| {
        let allowed = path.starts_with("crates/blob/")
            || path.starts_with("crates/keyway/")
            || path.starts_with("crates/testkit/")
            || path.contains("/tests/")
            // the lock that keeps a second server off a data directory
            || path == "crates/store/src/data_dir.rs"
            // certificate and key are read once, at start
            || path == "crates/frontend/src/tls.rs"
            // reads the file that `blob` opened for it
            || path == "crates/jobs/src/examine.rs"
            || path.contains("/fuzz/");
        !allowed && doors.iter().any(|door| before_tests(text).contains(door))
    });
    assert_none("files opened outside `blob`", &wrong.map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn only_the_store_holds_sql() {
    let phrases = ["SELECT ", "INSERT INTO", "DELETE FROM", " SET ", "UPDATE "];
    let wrong = rust().into_iter().filter(|(path, text)| {
        let text = before_tests(text);
        let quoted = phrases.iter().any(|phrase| text.contains(&format!("\"{phrase}")));
        !path.starts_with("crates/store/")
            && !path.starts_with("crates/testkit/")
            && !path.contains("/tests/")
            && quoted
    });
    assert_none("SQL outside `store`", &wrong.map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_unfinished_or_switched_off() {
    // In pieces, so that this file is none of those that it finds.
    let marks = [
        concat!("to", "do!("),
        concat!("un", "implemented!("),
        concat!("#[", "ignore"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
    ];
    let wrong = rust().into_iter().filter(|(_, text)| marks.iter().any(|mark| text.contains(mark)));
    assert_none("unfinished", &wrong.map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn the_tree_names_no_machine_and_no_registry_host() {
    let places = ["work", "root", "farm"].map(|folder| format!("/{folder}/"));
    let hosts = ["npmjs", "pythonhosted", "pypi", "golang", "debian", "crates"];
    let mut wrong = Vec::new();
    for path in files() {
        if path == "Cargo.lock" {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let host = hosts
                .iter()
                .any(|host| line.contains(&format!("{host}.org")) || line.contains(&format!("{host}.io")));
            let place = places.iter().any(|place| {
                line.match_indices(place.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || "_.-".contains(c))
                })
            });
            if host || place {
                wrong.push(format!("{path}:{}", number + 1));
            }
        }
    }
    assert_none("paths of a machine or hosts of a registry", &wrong);
}

#[test]
fn the_documents_that_the_readme_points_at_exist() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md exists");
    let mut missing = Vec::new();
    for link in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let path = link.split('#').next().unwrap_or("");
        if !path.is_empty() && !path.contains("://") && !root().join(path).exists() {
            missing.push(path.to_owned());
        }
    }
    assert_none("README links that lead nowhere", &missing);
}
