//! The file name of a wheel.

use std::{fmt, str::FromStr};

use crate::{
    ArchiveError, Quoted, normalize_python_name,
    python_name::{is_project_name, is_version_text},
};

/// `{distribution}-{version}(-{build})?-{python}-{abi}-{platform}.whl`, taken apart (PEP 427).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WheelName {
    distribution: String,
    version: String,
    build: Option<String>,
    python: String,
    abi: String,
    platform: String,
}

impl WheelName {
    /// Parses a file name. The version is text here; whether it is one is not judged.
    pub fn parse(file_name: &str) -> Result<Self, ArchiveError> {
        let refuse = |problem| ArchiveError::FileName { name: Quoted::new(file_name), problem };
        let stem = file_name.strip_suffix(".whl").ok_or_else(|| refuse("does not end in .whl"))?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (distribution, version, build, tags) = match parts.as_slice() {
            [distribution, version, tags @ ..] if tags.len() == 3 => (distribution, version, None, tags),
            [distribution, version, build, tags @ ..] if tags.len() == 3 => {
                (distribution, version, Some(*build), tags)
            }
            _ => return Err(refuse("does not have five or six parts with '-' between them")),
        };
        if !is_project_name(distribution) {
            return Err(refuse("does not start with a project name"));
        }
        if !is_version_text(version) {
            return Err(refuse("has no version"));
        }
        if build.is_some_and(|build| !is_build(build)) {
            return Err(refuse("has a build number that does not start with a digit"));
        }
        let [python, abi, platform] = tags else { return Err(refuse("does not end in three tags")) };
        if ![python, abi, platform].into_iter().all(|tag| is_tag_set(tag)) {
            return Err(refuse("has a malformed tag"));
        }
        let own = |part: &&str| (*part).to_owned();
        Ok(WheelName {
            distribution: own(distribution),
            version: own(version),
            build: build.map(str::to_owned),
            python: own(python),
            abi: own(abi),
            platform: own(platform),
        })
    }

    /// The project's name as the file name spells it.
    pub fn distribution(&self) -> &str {
        &self.distribution
    }

    /// The project's name in normal form (PEP 503).
    pub fn normalized_name(&self) -> String {
        normalize_python_name(&self.distribution)
    }

    /// The version as the file name spells it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The build number, where there is one.
    pub fn build(&self) -> Option<&str> {
        self.build.as_deref()
    }

    /// The Python tags, such as `py3` or `cp312`.
    pub fn python_tags(&self) -> impl Iterator<Item = &str> {
        self.python.split('.')
    }

    /// The ABI tags, such as `none` or `abi3`.
    pub fn abi_tags(&self) -> impl Iterator<Item = &str> {
        self.abi.split('.')
    }

    /// The platform tags, such as `any` or `manylinux_2_17_x86_64`.
    pub fn platform_tags(&self) -> impl Iterator<Item = &str> {
        self.platform.split('.')
    }

    /// The directory that holds the wheel's metadata.
    pub fn dist_info(&self) -> String {
        format!("{}-{}.dist-info", self.distribution, self.version)
    }
}

impl fmt::Display for WheelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.distribution, self.version)?;
        if let Some(build) = &self.build {
            write!(f, "-{build}")?;
        }
        write!(f, "-{}-{}-{}.whl", self.python, self.abi, self.platform)
    }
}

impl FromStr for WheelName {
    type Err = ArchiveError;

    fn from_str(file_name: &str) -> Result<Self, ArchiveError> {
        Self::parse(file_name)
    }
}

fn is_build(build: &str) -> bool {
    build.starts_with(|first: char| first.is_ascii_digit())
        && build.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

/// Tags joined with dots, each of letters, digits and `_`.
fn is_tag_set(tags: &str) -> bool {
    tags.split('.')
        .all(|tag| !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let name = WheelName::parse("acme_widget-1.0.post1-py2.py3-none-any.whl").unwrap();
        assert_eq!(
            (name.distribution(), name.normalized_name().as_str(), name.version(), name.build()),
            ("acme_widget", "acme-widget", "1.0.post1", None)
        );
        assert_eq!(name.python_tags().collect::<Vec<_>>(), ["py2", "py3"]);
        assert_eq!(name.dist_info(), "acme_widget-1.0.post1.dist-info");
        let name = WheelName::parse(
            "Acme-1!2.0+local.1-3_x-cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        )
        .unwrap();
        assert_eq!((name.version(), name.build()), ("1!2.0+local.1", Some("3_x")));
        assert_eq!(name.abi_tags().collect::<Vec<_>>(), ["abi3"]);
        assert_eq!(name.platform_tags().count(), 2);
        assert_eq!(name.to_string().parse::<WheelName>().unwrap(), name);
    }

    #[test]
    fn other_names_are_refused() {
        for bad in [
            "acme-1.0-py3-none-any.zip",
            "acme-1.0-py3-none.whl",
            "acme-1.0-1-2-py3-none-any.whl",
            "acme-1.0-build-py3-none-any.whl",
            "-1.0-py3-none-any.whl",
            "acme--py3-none-any.whl",
            "_acme-1.0-py3-none-any.whl",
            "acme-1.0-py3-none-.whl",
            "acme-1.0-py3-no ne-any.whl",
            "../acme-1.0-py3-none-any.whl",
            "acme-1.0/..-py3-none-any.whl",
            ".whl",
        ] {
            assert!(matches!(WheelName::parse(bad), Err(ArchiveError::FileName { .. })), "{bad}");
        }
    }
}
