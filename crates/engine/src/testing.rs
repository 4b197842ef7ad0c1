//! Literal views for engines' tests: a shelf of releases, each with what its caller may do with it.
//!
//! Behind the feature `testing`; never part of the binary.

use std::io::Cursor;

use keyway_base::{ArtifactId, PackageId, ReleaseId, Timestamp};
use keyway_versions::{Channel, EcosystemVersion, Scheme};

use crate::{
    Artifact, Bits, Content, Decide, Denial, Digests, Engine, Feeds, Manifest, Package, PackageSigner,
    Reason, Reject, Release, Site, Status, Targets, Upload, Urgency, Verdict, View,
};

/// 2026-01-02T03:04:05.678Z, when everything on a shelf came to be unless a test says otherwise.
pub const CREATED: Timestamp = Timestamp::from_micros(1_767_323_045_678_000);

/// Where engines are reached in tests.
pub const SITE: Site<'static> = Site { origin: "https://registry.example.com", account: None };

/// How a release stands with the caller.
#[derive(Debug, Clone)]
pub enum Standing {
    /// The caller may have it.
    Visible,
    /// It was withdrawn; the caller could have had it.
    Withdrawn,
    /// The caller has a licence for it but is refused.
    Withheld(Denial),
    /// The caller is refused and gets no name of it.
    Refused(Denial),
    /// It does not exist for the caller.
    Hidden,
}

/// A package with releases, as one caller sees it.
#[derive(Debug)]
pub struct Shelf {
    /// The package.
    pub package: Package,
    /// Whether the caller sees everything.
    pub whole: bool,
    /// Why the caller is refused as a whole.
    pub denial: Option<Denial>,
    standings: Vec<Standing>,
    visible: Bits,
    yanked: Bits,
    withheld: Bits,
    offered: Option<Bits>,
    waiting: Bits,
    pin: Option<Channel>,
}

impl Shelf {
    /// A package with these releases; they are sorted as a snapshot is.
    pub fn new(key: &str, mut releases: Vec<(Release, Standing)>) -> Self {
        releases.sort_by(|(left, _), (right, _)| right.version.cmp(&left.version));
        let (releases, standings): (Vec<_>, Vec<_>) = releases.into_iter().unzip();
        let set = |wanted: fn(&Standing) -> bool| {
            let mut bits = Bits::new(standings.len());
            let members = standings.iter().enumerate().filter(|(_, standing)| wanted(standing));
            members.for_each(|(index, _)| bits.insert(index));
            bits
        };
        let visible = set(|standing| matches!(standing, Standing::Visible));
        let yanked = set(|standing| matches!(standing, Standing::Withdrawn));
        let withheld = set(|standing| matches!(standing, Standing::Withheld(_)));
        let package = Package {
            id: Some(PackageId::generate(CREATED)),
            key: key.to_owned(),
            normalised: key.to_owned(),
            name: key.to_owned(),
            created: CREATED,
            targets: Targets::of(&releases),
            releases,
            tags: Vec::new(),
            content: Content::default(),
            feeds: Feeds::default(),
        };
        let (offered, waiting, pin) = (None, Bits::default(), None);
        Self {
            package,
            whole: false,
            denial: None,
            standings,
            visible,
            yanked,
            withheld,
            offered,
            waiting,
            pin,
        }
    }

    /// Sets the refusal as a whole.
    #[must_use]
    pub fn denied(mut self, reason: Reason, message: &str) -> Self {
        self.denial = Some(denial(reason, message));
        self
    }

    /// Pins the caller to a channel, and to these versions where there are any.
    #[must_use]
    pub fn pinned(mut self, channel: Option<Channel>, versions: &[&str]) -> Self {
        self.pin = channel;
        self.offered = (!versions.is_empty()).then(|| self.positions(versions));
        self
    }

    /// Lets the rollouts of these versions leave the caller out.
    #[must_use]
    pub fn waiting(mut self, versions: &[&str]) -> Self {
        self.waiting = self.positions(versions);
        self
    }

    fn positions(&self, versions: &[&str]) -> Bits {
        let mut bits = Bits::new(self.package.releases.len());
        let releases = self.package.releases.iter().enumerate();
        let named = releases.filter(|(_, release)| versions.contains(&release.version.verbatim()));
        named.for_each(|(index, _)| bits.insert(index));
        bits
    }

    /// Sets the normalised key.
    #[must_use]
    pub fn normalised(mut self, key: &str) -> Self {
        key.clone_into(&mut self.package.normalised);
        self
    }

    /// What the caller sees.
    pub fn view(&self) -> View<'_> {
        View {
            package: &self.package,
            visible: &self.visible,
            yanked: &self.yanked,
            withheld: &self.withheld,
            whole: self.whole,
            offered: self.offered.as_ref().unwrap_or(&self.visible),
            waiting: &self.waiting,
            pin: self.pin,
            denial: self.denial.as_ref(),
            decide: self,
        }
    }
}

impl Decide for Shelf {
    fn verdict(&self, release: usize) -> Verdict {
        match self.standings.get(release) {
            Some(Standing::Visible) => Verdict::Allowed,
            Some(Standing::Withdrawn) => {
                Verdict::Denied(denial(Reason::Yanked, "This version was withdrawn."))
            }
            Some(Standing::Withheld(denial) | Standing::Refused(denial)) => Verdict::Denied(denial.clone()),
            Some(Standing::Hidden) | None => Verdict::Hidden,
        }
    }
}

/// A refusal.
pub fn denial(reason: Reason, message: &str) -> Denial {
    Denial { reason, message: message.to_owned() }
}

/// A published release on the channel that its version speaks of.
///
/// # Panics
/// When the text is not a version of the scheme.
pub fn release(scheme: Scheme, version: &str) -> Release {
    let version: EcosystemVersion =
        keyway_versions::parse(scheme, version).expect("tests use versions of the scheme");
    Release {
        id: ReleaseId::generate(CREATED),
        channel: version.derived_channel(),
        version,
        tag: None,
        status: Status::Published,
        name: None,
        description: None,
        created: CREATED,
        notice: None,
        urgency: Urgency::default(),
        bundle_version: None,
        phased_interval: None,
        artifacts: Vec::new(),
    }
}

/// An uploaded file without manifests.
pub fn artifact(filename: &str, size: u64) -> Artifact {
    Artifact {
        id: ArtifactId::generate(CREATED),
        filename: filename.to_owned(),
        filetype: None,
        platform: None,
        arch: None,
        signature: None,
        created: CREATED,
        uploaded: true,
        blob: None,
        size,
        media_type: "application/octet-stream".to_owned(),
        digests: Some(Box::new(digests())),
        manifests: Vec::new(),
    }
}

/// An uploaded file as the engine takes it in, with [`digests`] that are not its own and [`EchoSigner`]. The vendor
/// registered no key, and it has no companion.
///
/// # Errors
/// The engine's rejection.
pub fn take_in(
    engine: &impl Engine,
    key: &str,
    version: &str,
    filename: &str,
    bytes: &[u8],
) -> Result<Artifact, Reject> {
    let manifests: Vec<Manifest> = engine
        .ingest(&mut Upload {
            filename,
            package_key: key,
            version,
            size: bytes.len() as u64,
            digests: &digests(),
            body: &mut Cursor::new(bytes),
            signature: None,
            public_key: None,
            companion: &[],
            signer: &EchoSigner,
        })?
        .manifests;
    Ok(Artifact { manifests, ..artifact(filename, bytes.len() as u64) })
}

/// Digests that are easy to recognise: every byte is 1 in MD5, 2 in SHA-1, 3 in SHA-256, 4 in SHA-512.
pub const fn digests() -> Digests {
    Digests { md5: [1; 16], sha1: [2; 20], sha256: [3; 32], sha512: [4; 64] }
}

/// A signer whose signature is the message itself and whose key is the text `key`.
#[derive(Debug, Clone, Copy)]
pub struct EchoSigner;

impl PackageSigner for EchoSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        Ok(message.to_vec())
    }
    fn public_key(&self) -> &[u8] {
        b"key"
    }
}
