//! What an app runs on, under whichever names app and vendor have for it.

use std::borrow::Cow;

use keyway_engine::{Artifact, Bits, Spelled, Targets};

use crate::bundle::{Bundle, Rank};

/// What an app runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The platform, as sent.
    pub platform: String,
    /// The arch, as sent.
    pub arch: String,
    /// The format that it was installed from, where it says one.
    pub bundle: Option<Bundle>,
}

/// Apps for all arches of macOS in one.
pub(crate) const UNIVERSAL: &str = "universal";

impl Target {
    /// Which releases have a file for it, whatever its format; `None` where the names are neither known nor a vendor's
    /// own.
    pub(crate) fn among(&self, targets: &Targets) -> Option<Bits> {
        let (platform, arch) = (Name::platform(&self.platform), Name::arch(&self.arch));
        let mut arches = arch.all();
        if platform.takes_universal() {
            arches.push(Some(UNIVERSAL));
        }
        let built = targets.built_for(&platform.all(), &arches);
        let is_known = platform.spelled.is_some() && arch.spelled.is_some();
        (is_known || !built.is_empty()).then_some(built)
    }

    /// How a file is ranked among those for it; `None` for a file that is for something else.
    pub(crate) fn rank(&self, artifact: &Artifact) -> Option<Rank> {
        if self.bundle.is_some() && Bundle::of(&artifact.filename) != self.bundle {
            return None;
        }
        let (platform, arch) = (Name::platform(&self.platform), Name::arch(&self.arch));
        let said = artifact.arch.as_deref()?;
        if !platform.is(artifact.platform.as_deref()?) {
            return None;
        }
        let for_this_arch = arch.is(said);
        let for_every_arch = platform.takes_universal() && said.eq_ignore_ascii_case(UNIVERSAL);
        (for_this_arch || for_every_arch).then(|| Rank::of(artifact, for_this_arch))
    }

    /// The platform in our spelling.
    pub(crate) fn platform_key(&self) -> Option<&'static str> {
        Spelled::platform(&self.platform).map(|spelled| spelled.key)
    }
}

/// The name of a platform or an arch.
pub(crate) struct Name<'n> {
    spelled: Option<&'static Spelled>,
    lower: Cow<'n, str>,
}

impl<'n> Name<'n> {
    pub(crate) fn platform(name: &'n str) -> Self {
        Self::new(Spelled::platform(name), name)
    }

    pub(crate) fn arch(name: &'n str) -> Self {
        Self::new(Spelled::arch(name), name)
    }

    fn new(spelled: Option<&'static Spelled>, name: &'n str) -> Self {
        let is_lower = !name.chars().any(char::is_uppercase);
        let lower = if is_lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_lowercase()) };
        Self { spelled, lower }
    }

    /// As Tauri writes it.
    pub(crate) fn key(&self) -> &str {
        self.spelled.map_or(&self.lower, |spelled| spelled.key)
    }

    /// Whether a vendor's word means it.
    fn is(&self, said: &str) -> bool {
        match self.spelled {
            Some(spelled) => spelled.is(said),
            None => self.lower.eq_ignore_ascii_case(said),
        }
    }

    fn all(&self) -> Vec<Option<&str>> {
        match self.spelled {
            Some(spelled) => spelled.names.iter().map(|name| Some(*name)).collect(),
            None => vec![Some(&self.lower)],
        }
    }

    pub(crate) fn takes_universal(&self) -> bool {
        self.key() == "darwin"
    }
}
