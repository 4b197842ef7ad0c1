//! `bin`: commands that installing links. A value that leaves the package would link, and make executable, a
//! file of somebody else (CVE-2019-16776).

use keyway_engine::Reject;
use serde_json::{Map, Value};

use crate::name::PackageName;

/// The commands of a `package.json` as a map of names to paths; `None` when there are none.
///
/// # Errors
/// [`Reject`] for a shape that npm does not know, and for names or paths that leave their folder.
pub(crate) fn bin_map(
    json: &Map<String, Value>,
    name: &PackageName,
) -> Result<Option<Map<String, Value>>, Reject> {
    check_directory(json)?;
    let bin = match json.get("bin") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(path)) => Map::from_iter([(name.basename().to_owned(), path.as_str().into())]),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => {
            return Err(Reject(
                "package.json: `bin` is neither a path nor a map of commands to paths".to_owned(),
            ));
        }
    };
    for (command, path) in &bin {
        let path = path
            .as_str()
            .ok_or_else(|| Reject(format!("package.json: the `bin` of {command:?} is not a path")))?;
        if !is_command(command) {
            return Err(Reject(format!(
                "package.json: `bin` has a command name that is not allowed: {command:?}"
            )));
        }
        if !stays_inside(path) {
            return Err(Reject(format!("package.json: the `bin` path {path:?} leaves the package")));
        }
    }
    Ok((!bin.is_empty()).then_some(bin))
}

/// `directories.bin` is a folder of commands.
fn check_directory(json: &Map<String, Value>) -> Result<(), Reject> {
    let directory = json.get("directories").and_then(|directories| directories.get("bin"));
    match directory {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(path)) if stays_inside(path) => Ok(()),
        Some(other) => Err(Reject(format!("package.json: `directories.bin` leaves the package: {other}"))),
    }
}

/// npm links the last part of a command's name: no part may point elsewhere.
fn is_command(command: &str) -> bool {
    !command.chars().any(|c| c.is_control() || matches!(c, '\\' | ':'))
        && command.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether a relative path stays in its folder; npm reads backslashes as slashes.
fn stays_inside(path: &str) -> bool {
    let drive = path.chars().nth(1) == Some(':');
    if path.trim().is_empty()
        || path.starts_with(['/', '\\', '~'])
        || drive
        || path.chars().any(char::is_control)
    {
        return false;
    }
    let mut depth = 0_usize;
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return false,
            },
            _ => depth += 1,
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bins(json: &Value) -> Result<Option<Value>, Reject> {
        let name = PackageName::parse("@acme/widget").unwrap();
        bin_map(json.as_object().unwrap(), &name).map(|bin| bin.map(Value::Object))
    }

    #[test]
    fn a_single_path_is_named_after_the_package() {
        assert_eq!(bins(&json!({ "bin": "./cli.js" })), Ok(Some(json!({ "widget": "./cli.js" }))));
        let map = json!({ "a": "bin/a.js", "@acme/b": "bin/x/../b" });
        assert_eq!(bins(&json!({ "bin": map })), Ok(Some(map)));
        for none in [json!({}), json!({ "bin": {} }), json!({ "bin": null })] {
            assert_eq!(bins(&none), Ok(None), "{none}");
        }
    }

    #[test]
    fn paths_that_leave_the_package_are_refused() {
        for path in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "~/x",
            "..\\x",
            "\\x",
            "C:/x",
            "c:x",
            "",
            ".",
            "a/..",
            "x\u{0}",
        ] {
            assert!(bins(&json!({ "bin": { "a": path } })).is_err(), "{path:?}");
            assert!(bins(&json!({ "directories": { "bin": path } })).is_err(), "{path:?}");
        }
    }

    #[test]
    fn command_names_that_point_elsewhere_are_refused() {
        for command in ["../x", "a/../b", "", ".", "a\\b", "c:x", "/x", "x\n"] {
            assert!(bins(&json!({ "bin": { command: "cli.js" } })).is_err(), "{command:?}");
        }
        for bin in [json!(["a"]), json!(1), json!({ "a": 1 })] {
            assert!(bins(&json!({ "bin": bin })).is_err(), "{bin}");
        }
    }
}
