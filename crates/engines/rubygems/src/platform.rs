//! `Gem::Platform`: what a gem with compiled parts runs on.

use std::fmt;

/// A platform as RubyGems takes it apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Platform {
    /// `x86_64`; absent for `java`.
    pub cpu: Option<String>,
    /// `linux`, `java`, `darwin`.
    pub os: String,
    /// `musl`, `22`.
    pub version: Option<String>,
}

/// The platform of gems that run everywhere.
pub const RUBY: &str = "ruby";

impl Platform {
    /// Takes a platform's text apart as `Gem::Platform.new` does.
    pub fn parse(text: &str) -> Self {
        let mut parts: Vec<String> = text.split('-').map(str::to_owned).collect();
        while parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        if parts.len() > 2 && parts.last().is_some_and(|last| !ends_in_number(last)) {
            let extra = parts.pop().unwrap_or_default();
            if let Some(last) = parts.last_mut() {
                last.push('-');
                last.push_str(&extra);
            }
        }
        let mut parts = parts.into_iter();
        let cpu = parts.next().unwrap_or_default();
        let rest: Vec<String> = parts.collect();
        let mut cpu = Some(if is_old_intel(&cpu) { "x86".to_owned() } else { cpu });
        if let [os, version] = rest.as_slice()
            && is_number(version)
        {
            return Self { cpu, os: os.clone(), version: Some(version.clone()) };
        }
        let os = match rest.into_iter().next() {
            Some(os) => os,
            None => cpu.take().unwrap_or_default(),
        };
        let (os, version) = system(&os, &mut cpu);
        Self { cpu, os, version }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cpu) = &self.cpu {
            write!(f, "{cpu}-")?;
        }
        f.write_str(&self.os)?;
        match &self.version {
            Some(version) => write!(f, "-{version}"),
            None => Ok(()),
        }
    }
}

/// System and version of a platform's second part; old Windows names imply a processor.
fn system(os: &str, cpu: &mut Option<String>) -> (String, Option<String>) {
    let named = |name: &str, version: Option<&str>| (name.to_owned(), version.map(str::to_owned));
    let after = |name: &str| os.split_once(name).map(|(_, rest)| rest);
    let digits = |rest: &str| taken(rest, |c| c.is_ascii_digit());
    if let Some(rest) = after("aix") {
        return named("aix", digits(rest).as_deref());
    }
    if after("cygwin").is_some() {
        return named("cygwin", None);
    }
    if let Some(rest) = after("darwin") {
        return named("darwin", digits(rest).as_deref());
    }
    if os == "macruby" {
        return named("macruby", None);
    }
    if let Some(rest) = after("freebsd") {
        return named("freebsd", digits(rest).as_deref());
    }
    if os == "java" || os == "jruby" {
        return named("java", None);
    }
    for name in ["java", "dotnet"] {
        if let Some(rest) = os.strip_prefix(name) {
            return named(name, taken(rest, |c| c.is_ascii_digit() || c == '.').as_deref());
        }
    }
    if let Some(rest) = os.strip_prefix("dalvik").filter(|rest| rest.bytes().all(|b| b.is_ascii_digit())) {
        return named("dalvik", digits(rest).as_deref());
    }
    if let Some(rest) = after("linux") {
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        return named("linux", taken(rest, |c| c.is_ascii_alphanumeric() || c == '_').as_deref());
    }
    if after("mingw32").is_some() {
        return named("mingw32", None);
    }
    if let Some(rest) = after("mingw") {
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        return named("mingw", taken(rest, |c| c.is_ascii_alphanumeric() || c == '_').as_deref());
    }
    if let Some(number) = after("mswin").and_then(digits) {
        let name = format!("mswin{number}");
        let version = after(&name).and_then(|rest| rest.strip_prefix('_')).and_then(digits);
        if cpu.is_none() && number.ends_with("32") {
            *cpu = Some("x86".to_owned());
        }
        return (name, version);
    }
    if after("netbsdelf").is_some() {
        return named("netbsdelf", None);
    }
    for name in ["openbsd", "solaris"] {
        if let Some(rest) = after(name) {
            return named(name, dotted(rest).as_deref());
        }
    }
    named("unknown", None)
}

/// The leading characters that fit; `None` for none.
fn taken(text: &str, fits: impl Fn(char) -> bool) -> Option<String> {
    let found: String = text.chars().take_while(|c| fits(*c)).collect();
    (!found.is_empty()).then_some(found)
}

/// A leading `5.10`; a number without a dot is none.
fn dotted(text: &str) -> Option<String> {
    let major = taken(text, |c| c.is_ascii_digit())?;
    let minor = taken(text.strip_prefix(&major)?.strip_prefix('.')?, |c| c.is_ascii_digit())?;
    Some(format!("{major}.{minor}"))
}

fn is_old_intel(cpu: &str) -> bool {
    cpu.split('i').skip(1).any(|rest| {
        let mut rest = rest.chars();
        rest.next().is_some_and(|c| c.is_ascii_digit()) && rest.as_str().starts_with("86")
    })
}

/// `22` or `5.10`.
fn is_number(text: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((major, minor)) => is_digits(major) && is_digits(minor),
        None => is_digits(text),
    }
}

fn ends_in_number(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What RubyGems makes of each, as `[cpu, os, version]` and `to_s`.
    #[test]
    fn platforms_are_taken_apart_as_ruby_does() {
        for (text, cpu, os, version, shown) in [
            ("java", None, "java", None, "java"),
            ("jruby", None, "java", None, "java"),
            ("x86_64-linux", Some("x86_64"), "linux", None, "x86_64-linux"),
            ("x86_64-linux-musl", Some("x86_64"), "linux", Some("musl"), "x86_64-linux-musl"),
            ("aarch64-linux-gnu", Some("aarch64"), "linux", Some("gnu"), "aarch64-linux-gnu"),
            ("i686-linux", Some("x86"), "linux", None, "x86-linux"),
            ("arm64-darwin-22", Some("arm64"), "darwin", Some("22"), "arm64-darwin-22"),
            ("x86_64-darwin20", Some("x86_64"), "darwin", Some("20"), "x86_64-darwin-20"),
            ("x64-mingw32", Some("x64"), "mingw32", None, "x64-mingw32"),
            ("x64-mingw-ucrt", Some("x64"), "mingw", Some("ucrt"), "x64-mingw-ucrt"),
            ("mswin32", Some("x86"), "mswin32", None, "x86-mswin32"),
            ("x86-mswin32-60", Some("x86"), "mswin32", Some("60"), "x86-mswin32-60"),
            ("universal-java-11", Some("universal"), "java", Some("11"), "universal-java-11"),
            ("x86-solaris2.10", Some("x86"), "solaris", Some("2.10"), "x86-solaris-2.10"),
            ("wat", None, "unknown", None, "unknown"),
        ] {
            let platform = Platform::parse(text);
            assert_eq!(
                (platform.cpu.as_deref(), platform.os.as_str(), platform.version.as_deref()),
                (cpu, os, version),
                "{text}"
            );
            assert_eq!(platform.to_string(), shown, "{text}");
        }
    }
}
