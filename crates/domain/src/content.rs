//! The content of a registry's repository: its rows, how long they are kept, and what leads to what: a manifest to
//! its parts, and to the manifests about it.

mod rows;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use keyway_base::{AboutTag, ContentDigest};

pub use rows::{ManifestRow, Rows};

/// How long what nothing refers to is kept, from the last sign of interest in it: the push that it is part of may be
/// under way.
pub const KEPT_UNREFERENCED: Duration = Duration::from_secs(24 * 60 * 60);
/// How long an upload is kept that does not grow.
pub const KEPT_IDLE: Duration = Duration::from_secs(24 * 60 * 60);

/// A repository as a graph of digests, as they are stored.
#[derive(Debug, Default)]
pub struct Leads<'a> {
    to: HashMap<&'a str, Vec<&'a str>>,
    /// The manifests, by the stem of the tags that stand in for what is about them.
    stems: HashMap<String, &'a str>,
}

impl<'a> Leads<'a> {
    /// A manifest, and the one that it is about.
    pub fn manifest(&mut self, digest: &'a str, subject: Option<&'a str>) {
        if let Some(subject) = subject {
            self.to.entry(subject).or_default().push(digest);
        }
        if let Ok(parsed) = digest.parse::<ContentDigest>() {
            self.stems.insert(AboutTag::stem_of(&parsed), digest);
        }
    }
    /// A part of a manifest.
    pub fn edge(&mut self, parent: &'a str, child: &'a str) {
        self.to.entry(parent).or_default().push(child);
    }
    /// A tag, once all manifests are known. Gives whether it says what its manifest is about.
    pub fn tag(&mut self, tag: &str, digest: &'a str) -> bool {
        let subject = AboutTag::parse(tag).and_then(|about| self.stems.get(about.stem())).copied();
        if let Some(subject) = subject {
            self.to.entry(subject).or_default().push(digest);
        }
        subject.is_some()
    }
    /// Everything that these lead to, themselves included.
    pub fn reached(&self, from: impl IntoIterator<Item = &'a str>) -> HashSet<&'a str> {
        let mut next: Vec<&str> = from.into_iter().collect();
        let mut reached = HashSet::new();
        while let Some(digest) = next.pop() {
            if reached.insert(digest) {
                next.extend(self.to.get(digest).into_iter().flatten());
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_leads_to_its_parts_and_to_what_is_about_it() {
        let digest = |byte: u8| format!("sha256:{}", hex(byte));
        let (index, image, signature, other) = (digest(1), digest(2), digest(3), digest(4));
        let tag = format!("sha256-{}.sig", hex(2));
        let mut leads = Leads::default();
        for (manifest, subject) in
            [(&index, None), (&image, None), (&signature, None), (&other, Some(&index))]
        {
            leads.manifest(manifest, subject.map(String::as_str));
        }
        leads.edge(&index, &image);
        leads.edge(&image, "layer");
        assert!(leads.tag(&tag, &signature));
        assert!(!leads.tag("latest", &other));
        let reached = |from: &str| {
            let from =
                [&index, &image, &signature, &other].into_iter().find(|digest| *digest == from).unwrap();
            let mut all: Vec<&str> = leads.reached([from.as_str()]).into_iter().collect();
            all.sort_unstable();
            all
        };
        assert_eq!(reached(&index), ["layer", &index, &image, &signature, &other]);
        assert_eq!(reached(&image), ["layer", &image, &signature]);
        assert_eq!(reached(&other), [&other]);
    }

    fn hex(byte: u8) -> String {
        format!("{byte:02x}").repeat(32)
    }
}
