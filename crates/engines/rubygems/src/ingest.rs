//! Taking a gem in: archive, checksums, gemspec and release have to say the same.

use keyway_archive::gem::{self, Gem, Member, Witness};
use keyway_archive::{Yaml, YamlLimits, yaml::Node};
use keyway_crypto::digest::{Digests, Hasher};
use keyway_engine::{Ingested, Reject, Upload};
use keyway_versions::Scheme;

use crate::facts::manifests;
use crate::gemspec::Gemspec;

/// Reads an uploaded gem.
///
/// # Errors
/// [`Reject`]: no gem, damaged, or at odds with the release it was uploaded to.
pub(crate) fn ingest(upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
    let spec = read(&mut *upload.body)?;
    if spec.name.as_str() != upload.package_key {
        let (name, package) = (spec.name.as_str(), upload.package_key);
        return Err(Reject(format!("the gemspec's name is `{name}`, but the package is `{package}`")));
    }
    let version = |place: &str, text: &str| {
        keyway_versions::parse(Scheme::Gem, text)
            .map_err(|error| Reject(format!("{place} is not a gem version: {error}")))
    };
    if version("the gemspec's version", &spec.version)? != version("the release's version", upload.version)? {
        let (found, expected) = (&spec.version, upload.version);
        return Err(Reject(format!(
            "the gemspec's version is `{found}`, but the release's version is `{expected}`"
        )));
    }
    Ok(Ingested { manifests: manifests(&spec) })
}

/// The gemspec of a gem whose checksums hold.
///
/// # Errors
/// [`Reject`]: no gem, or damaged.
pub(crate) fn read(source: &mut dyn std::io::Read) -> Result<Gemspec, Reject> {
    let mut hashed = Hashed::default();
    let gem = gem::read(source, &mut hashed).map_err(|error| Reject(error.to_string()))?;
    check(&gem, hashed)?;
    Gemspec::parse(&gem.metadata).map_err(|error| Reject(error.to_string()))
}

#[derive(Default)]
struct Hashed {
    metadata: Hasher,
    data: Hasher,
}

impl Witness for Hashed {
    fn saw(&mut self, member: Member, bytes: &[u8]) {
        match member {
            Member::Metadata => self.metadata.update(bytes),
            Member::Data => self.data.update(bytes),
        }
    }
}

/// Compares members with the checksums that the gem declares, as far as it does.
fn check(gem: &Gem, hashed: Hashed) -> Result<(), Reject> {
    let Some(declared) = &gem.checksums else { return Ok(()) };
    let yaml = Yaml::parse(declared, &YamlLimits::default());
    let yaml = yaml.map_err(|error| Reject(format!("checksums.yaml.gz: {error}")))?;
    let (metadata, data) = (hashed.metadata.finish(), hashed.data.finish());
    for (member, digests) in [(Member::Metadata, metadata), (Member::Data, data)] {
        for (algorithm, computed) in spelt(&digests) {
            let expected =
                yaml.root().get(algorithm).and_then(|of| of.get(member.name())).and_then(Node::text);
            if expected.is_some_and(|expected| !expected.eq_ignore_ascii_case(&computed)) {
                let name = member.name();
                return Err(Reject(format!("{name} does not match its {algorithm} in checksums.yaml.gz")));
            }
        }
    }
    Ok(())
}

fn spelt(digests: &Digests) -> [(&'static str, String); 3] {
    [("SHA1", digests.sha1.hex()), ("SHA256", digests.sha256.hex()), ("SHA512", digests.sha512.hex())]
}
