//! Gemspecs and spec indexes as Ruby loads them.

use std::io::Write as _;

use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};

use crate::gemspec::{Dependency, Gemspec};
use crate::marshal::Marshal;
use crate::platform::{Platform, RUBY};
use crate::requirement::Requirement;

/// A row of a spec index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Triple<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) platform: &'a str,
}

/// `specs.4.8.gz`: an array of `[name, Gem::Version, platform]`, in gzip without a time.
pub(crate) fn spec_index(rows: &[Triple<'_>]) -> Vec<u8> {
    let mut marshal = Marshal::new();
    marshal.array(rows.len());
    for row in rows {
        marshal.array(3);
        marshal.string(row.name);
        version(&mut marshal, row.version);
        marshal.string(row.platform);
    }
    let encoder: GzEncoder<Vec<u8>> = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
    packed(encoder, &marshal.finish())
}

/// `{full name}.gemspec.rz`: the gemspec without its files, in zlib.
pub(crate) fn gemspec(spec: &Gemspec) -> Vec<u8> {
    let mut marshal = Marshal::new();
    marshal.loaded("Gem::Specification", &fields(spec));
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    let written = encoder.write_all(&marshal.finish()).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

fn packed(mut encoder: GzEncoder<Vec<u8>>, bytes: &[u8]) -> Vec<u8> {
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

/// The array that `Gem::Specification._load` reads, in its order.
fn fields(spec: &Gemspec) -> Vec<u8> {
    let mut out = Marshal::new();
    out.array(19);
    out.string(&spec.rubygems_version);
    out.integer(spec.specification_version);
    out.string(spec.name.as_str());
    version(&mut out, &spec.version);
    match spec.date {
        Some(day) => out.midnight(day),
        None => out.nil(),
    }
    out.optional(spec.summary.as_deref());
    requirement(&mut out, &spec.required_ruby_version);
    requirement(&mut out, &spec.required_rubygems_version);
    out.string(&spec.platform);
    out.array(spec.dependencies.len());
    spec.dependencies.iter().for_each(|of| dependency(&mut out, of));
    // Once the project's name at a host that is gone.
    out.string("");
    match spec.email.as_slice() {
        [] => out.nil(),
        [one] => out.string(one),
        several => out.strings(several),
    }
    out.strings(&spec.authors);
    out.optional(spec.description.as_deref());
    out.optional(spec.homepage.as_deref());
    out.boolean(true);
    platform(&mut out, &spec.platform);
    out.strings(&spec.licenses);
    out.hash(spec.metadata.len());
    for (key, value) in &spec.metadata {
        out.string(key);
        out.string(value);
    }
    out.finish()
}

fn version(out: &mut Marshal, text: &str) {
    out.made_of("Gem::Version");
    out.array(1);
    out.string(text);
}

fn requirement(out: &mut Marshal, requirement: &Requirement) {
    out.made_of("Gem::Requirement");
    out.array(1);
    out.array(requirement.parts.len());
    for part in &requirement.parts {
        out.array(2);
        out.string(part.operator);
        version(out, &part.version);
    }
}

fn dependency(out: &mut Marshal, of: &Dependency) {
    out.object("Gem::Dependency", 5);
    out.symbol("@name");
    out.string(of.name.as_str());
    out.symbol("@requirement");
    requirement(out, &of.requirement);
    out.symbol("@type");
    out.symbol(if of.is_development { "development" } else { "runtime" });
    out.symbol("@prerelease");
    out.boolean(of.is_prerelease);
    out.symbol("@version_requirements");
    requirement(out, &of.requirement);
}

fn platform(out: &mut Marshal, text: &str) {
    if text == RUBY {
        return out.string(RUBY);
    }
    let platform = Platform::parse(text);
    out.object("Gem::Platform", 3);
    out.symbol("@cpu");
    out.optional(platform.cpu.as_deref());
    out.symbol("@os");
    out.string(&platform.os);
    out.symbol("@version");
    out.optional(platform.version.as_deref());
}
