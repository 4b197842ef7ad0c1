//! Which releases reach which content of a registry's repository: a release reaches what its tags and archives name,
//! what that refers to, and what is about it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::FromStr;

use bytes::Bytes;
use keyway_base::{BlobName, ContentDigest, ReleaseId};
use keyway_domain::content::Leads;
use keyway_domain::resources::{ContentBlob, ContentEdge, ContentManifest, ContentRoot, ContentTag};
use keyway_engine::{Content, ManifestHead, Owners, StoredBlob, StoredManifest};

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
type Reached = HashMap<String, Vec<u32>>;

/// The content of a repository, with the releases that reach each part: positions in `releases`. Tags of releases
/// that are not among them are as absent as those, and so are blobs that no manifest refers to.
pub(crate) fn content(rows: Rows, releases: &[ReleaseId]) -> Content {
    let at: HashMap<ReleaseId, u32> = releases.iter().copied().zip(0..).collect();
    let owners = owners(&rows, &at);
    let manifests = rows.manifests.into_iter().filter_map(|row| manifest(row, &owners)).collect();
    let parts: HashSet<&str> = rows.edges.iter().map(|edge| edge.child.as_str()).collect();
    let wanted = rows.blobs.iter().filter(|row| parts.contains(row.digest.as_str()));
    let blobs = wanted.filter_map(|row| blob(row, &owners)).collect();
    let tags = rows.tags.into_iter().filter_map(|row| tag(row, &at)).collect();
    Content::new(manifests, blobs, tags)
}

fn owners(rows: &Rows, at: &HashMap<ReleaseId, u32>) -> Reached {
    let mut leads = Leads::default();
    rows.manifests.iter().for_each(|row| leads.manifest(&row.digest, row.subject.as_deref()));
    rows.edges.iter().for_each(|row| leads.edge(&row.parent, &row.child));
    for row in &rows.tags {
        leads.tag(&row.tag, &row.digest);
    }
    let mut starts: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    let tags = rows.tags.iter().map(|tag| (tag.release_id, tag.digest.as_str()));
    let roots = rows.roots.iter().map(|root| (Some(root.release_id), root.digest.as_str()));
    for (release, digest) in tags.chain(roots) {
        if let Some(at) = release.and_then(|release| at.get(&release)) {
            starts.entry(*at).or_default().push(digest);
        }
    }
    let mut owners = Reached::new();
    for (release, from) in starts {
        for digest in leads.reached(from) {
            owners.entry(digest.to_owned()).or_default().push(release);
        }
    }
    owners
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
        owners: owners_of(owners, &row.digest),
    })
}

fn blob(row: &ContentBlob, owners: &Reached) -> Option<StoredBlob> {
    let digest = read(&row.digest)?;
    let name = row.blob_key.split_once('/').and_then(|(_, name)| BlobName::from_str(name).ok());
    let Some((blob, size)) = name.zip(u64::try_from(row.size).ok()) else {
        let (key, size) = (&row.blob_key, row.size);
        tracing::warn!(%digest, key, size, "a stored blob is left out: its place or size cannot be");
        return None;
    };
    Some(StoredBlob { digest, size, blob, owners: owners_of(owners, &row.digest) })
}

fn owners_of(owners: &Reached, digest: &str) -> Owners {
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
        let own = size_of::<StoredManifest>() + manifest.bytes.len() + size_of_val(&*manifest.owners);
        // its head holds its digest twice, and its media type once more
        let head = size_of::<ManifestHead>() + 4 * manifest.digest.as_bytes().len() + texts;
        own + texts + head
    });
    let blobs = content.blobs.iter().map(|blob| size_of::<StoredBlob>() + size_of_val(&*blob.owners));
    let tags = content.tags.iter().map(|tag| size_of::<keyway_engine::ContentTag>() + tag.name.len());
    manifests.sum::<usize>() + blobs.sum::<usize>() + tags.sum::<usize>()
}

#[cfg(test)]
mod tests;
