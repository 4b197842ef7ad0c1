//! Which releases reach which content of a registry's repository: a release reaches what its tags and archives name,
//! what that refers to, and what is about it.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use bytes::Bytes;
use keyway_base::{BlobName, ContentDigest, ReleaseId};
use keyway_domain::resources::{ContentBlob, ContentEdge, ContentManifest, ContentRoot, ContentTag};
use keyway_engine::{Content, Owners, StoredBlob, StoredManifest};

/// The rows of a repository's content.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) blobs: Vec<ContentBlob>,
    pub(crate) manifests: Vec<ContentManifest>,
    pub(crate) edges: Vec<ContentEdge>,
    pub(crate) tags: Vec<ContentTag>,
    pub(crate) roots: Vec<ContentRoot>,
}

/// The releases that reach each digest, in ascending order.
type Reached = HashMap<ContentDigest, Vec<u32>>;

/// How many digits of a digest the tags have that stand in for what is about it.
const TAG_DIGITS: usize = 64;
/// What follows the digest in the tags of signatures, attestations and bills of materials.
const ABOUT: [&str; 3] = [".sig", ".att", ".sbom"];

/// The content of a repository, with the releases that reach each part: positions in `releases`. Tags of releases
/// that are not among them are as absent as those, and so are blobs that no manifest refers to.
pub(crate) fn content(rows: Rows, releases: &[ReleaseId]) -> Content {
    let at: HashMap<ReleaseId, u32> = releases.iter().copied().zip(0..).collect();
    let owners = owners(&rows, &at);
    let mut manifests: Vec<StoredManifest> =
        rows.manifests.into_iter().filter_map(|row| manifest(row, &owners)).collect();
    manifests.sort_unstable_by(|left, right| left.digest.cmp(&right.digest));
    let parts: HashSet<&str> = rows.edges.iter().map(|edge| edge.child.as_str()).collect();
    let wanted = rows.blobs.iter().filter(|row| parts.contains(row.digest.as_str()));
    let mut blobs: Vec<StoredBlob> = wanted.filter_map(|row| blob(row, &owners)).collect();
    blobs.sort_unstable_by(|left, right| left.digest.cmp(&right.digest));
    let mut tags: Vec<keyway_engine::ContentTag> =
        rows.tags.into_iter().filter_map(|row| tag(row, &at)).collect();
    tags.sort_unstable_by(|left, right| left.name.cmp(&right.name));
    Content { manifests, blobs, tags }
}

/// The releases that reach each digest, in ascending order.
fn owners(rows: &Rows, at: &HashMap<ReleaseId, u32>) -> Reached {
    let leads = leads(rows);
    let mut starts: HashMap<u32, Vec<ContentDigest>> = HashMap::new();
    let tags = rows.tags.iter().map(|tag| (tag.release_id, tag.digest.as_str()));
    let roots = rows.roots.iter().map(|root| (Some(root.release_id), root.digest.as_str()));
    for (release, digest) in tags.chain(roots) {
        if let (Some(at), Some(digest)) = (release.and_then(|release| at.get(&release)), read(digest)) {
            starts.entry(*at).or_default().push(digest);
        }
    }
    let mut starts: Vec<(u32, Vec<ContentDigest>)> = starts.into_iter().collect();
    starts.sort_unstable_by_key(|(release, _)| *release);
    let mut owners = Reached::new();
    for (release, mut next) in starts {
        while let Some(digest) = next.pop() {
            let of_it = owners.entry(digest).or_default();
            if of_it.last() != Some(&release) {
                of_it.push(release);
                next.extend(leads.get(&digest).into_iter().flatten());
            }
        }
    }
    owners
}

/// What one digest leads to: the parts of a manifest, the manifests about it, and those that a tag says are.
fn leads(rows: &Rows) -> HashMap<ContentDigest, Vec<ContentDigest>> {
    let mut leads: HashMap<ContentDigest, Vec<ContentDigest>> = HashMap::new();
    let parts = rows.edges.iter().map(|edge| (edge.parent.as_str(), edge.child.as_str()));
    let about = rows.manifests.iter().filter_map(|row| Some((row.subject.as_deref()?, row.digest.as_str())));
    for (from, to) in parts.chain(about) {
        if let (Some(from), Some(to)) = (read(from), read(to)) {
            leads.entry(from).or_default().push(to);
        }
    }
    let stems: HashMap<String, ContentDigest> = rows
        .manifests
        .iter()
        .filter_map(|row| read(&row.digest))
        .map(|digest| (stem(&digest), digest))
        .collect();
    for tag in &rows.tags {
        let name = ABOUT.iter().find_map(|ending| tag.tag.strip_suffix(ending)).unwrap_or(&tag.tag);
        if let (Some(subject), Some(to)) = (stems.get(name), read(&tag.digest)) {
            leads.entry(*subject).or_default().push(to);
        }
    }
    leads
}

/// How tags name what is about a manifest, where clients do without referrers.
fn stem(digest: &ContentDigest) -> String {
    let mut hex = digest.hex();
    hex.truncate(TAG_DIGITS);
    format!("{}-{hex}", digest.algorithm().as_str())
}

fn manifest(row: ContentManifest, owners: &Reached) -> Option<StoredManifest> {
    let digest = read(&row.digest)?;
    Some(StoredManifest {
        digest,
        media_type: row.media_type,
        bytes: Bytes::from(row.content),
        artifact_type: row.artifact_type,
        subject: row.subject.as_deref().and_then(read),
        annotations: row.annotations.map(Into::into),
        owners: owners_of(owners, &digest),
    })
}

fn blob(row: &ContentBlob, owners: &Reached) -> Option<StoredBlob> {
    let digest = read(&row.digest)?;
    let name = row.blob_key.split_once('/').and_then(|(_, name)| BlobName::from_str(name).ok());
    Some(StoredBlob {
        digest,
        size: u64::try_from(row.size).unwrap_or(0),
        blob: name?,
        owners: owners_of(owners, &digest),
    })
}

fn owners_of(owners: &Reached, digest: &ContentDigest) -> Owners {
    owners.get(digest).map_or_else(Owners::default, |owners| owners.as_slice().into())
}

fn tag(row: ContentTag, at: &HashMap<ReleaseId, u32>) -> Option<keyway_engine::ContentTag> {
    let release = match row.release_id {
        Some(release) => Some(*at.get(&release)?),
        None => None,
    };
    Some(keyway_engine::ContentTag { name: row.tag, digest: read(&row.digest)?, release })
}

/// A digest as it is stored.
fn read(digest: &str) -> Option<ContentDigest> {
    digest.parse().inspect_err(|error| tracing::warn!(digest, %error, "stored content is left out")).ok()
}

/// What content costs in memory, roughly.
pub(crate) fn weight(content: &Content) -> usize {
    let manifests = content.manifests.iter().map(|manifest| {
        let texts = manifest.media_type.len()
            + manifest.artifact_type.as_ref().map_or(0, String::len)
            + manifest.annotations.as_ref().map_or(0, |text| text.len());
        size_of::<StoredManifest>() + manifest.bytes.len() + texts + size_of_val(&*manifest.owners)
    });
    let blobs = content.blobs.iter().map(|blob| size_of::<StoredBlob>() + size_of_val(&*blob.owners));
    let tags = content.tags.iter().map(|tag| size_of::<keyway_engine::ContentTag>() + tag.name.len());
    manifests.sum::<usize>() + blobs.sum::<usize>() + tags.sum::<usize>()
}

#[cfg(test)]
mod tests;
