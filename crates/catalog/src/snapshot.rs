//! From the stored rows of a package to the snapshot that access is decided from and engines render.

use std::collections::HashMap;
use std::sync::Arc;

use keyway_access::{PackageSnapshot, ReleaseRule};
use keyway_base::{
    ArtifactId, BlobName, EntitlementId, EnvironmentId, PackageId, ProductId, ReleaseId, Timestamp,
};
use keyway_domain::resources::{
    Artifact, ArtifactStatus, Constraint, DistributionStrategy, Manifest, PackageTag, Release, ReleaseStatus,
    Rollout,
};
use keyway_domain::rollout::Plan;
use keyway_engine::{Bits, Digests, Feeds, Status, Tag, Targets, Urgency};
use keyway_versions::{Channel, Scheme};

use crate::reach;

/// What the releases belong to.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) package: Option<PackageId>,
    pub(crate) product: ProductId,
    pub(crate) strategy: DistributionStrategy,
    pub(crate) environment: Option<EnvironmentId>,
    pub(crate) key: String,
    pub(crate) normalised: String,
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) scheme: Scheme,
    /// Whether it is a registry's repository, which holds content.
    pub(crate) holds_content: bool,
    /// Which feed updaters are given.
    pub(crate) feeds: Feeds,
}

/// The rows behind a snapshot, all read from one moment of the database; artifacts oldest first.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) releases: Vec<Release>,
    pub(crate) artifacts: Vec<Artifact>,
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) rollouts: Vec<Rollout>,
    pub(crate) tags: Vec<PackageTag>,
    /// Id and code.
    pub(crate) entitlements: Vec<(EntitlementId, String)>,
    /// What a registry's repository holds.
    pub(crate) content: reach::Rows,
}

/// Builds the snapshot: releases newest first in the ecosystem's order, constraints as positions. A release
/// whose version the scheme cannot read (the package's engine was changed) is left out.
pub(crate) fn build(head: Head, rows: Rows) -> PackageSnapshot {
    let entitlements = positions(&rows);
    let mut artifacts = gather(rows.artifacts, gather_manifests(rows.manifests));
    let mut constraints = masks(&rows.constraints, &entitlements);
    let rollouts: HashMap<ReleaseId, Rollout> =
        rows.rollouts.into_iter().map(|rollout| (rollout.release_id, rollout)).collect();
    let mut releases: Vec<(keyway_engine::Release, ReleaseRule)> = rows
        .releases
        .into_iter()
        .filter_map(|release| {
            let id = ReleaseId::from(release.id);
            let mask = constraints.remove(&id).unwrap_or_default();
            let artifacts = artifacts.remove(&id).unwrap_or_default();
            release_of(release, head.scheme, artifacts, mask, rollouts.get(&id))
        })
        .collect();
    releases.sort_by(|(left, _), (right, _)| right.version.cmp(&left.version));
    let (releases, rules): (Vec<keyway_engine::Release>, _) = releases.into_iter().unzip();
    let tags = tags(rows.tags, &releases);
    let plans = plans(&rollouts, &releases);
    let ids: Vec<ReleaseId> = releases.iter().map(|release| release.id).collect();
    let content = reach::content(rows.content, &ids);
    PackageSnapshot {
        package: keyway_engine::Package {
            id: head.package,
            key: head.key,
            normalised: head.normalised,
            name: head.name,
            created: head.created,
            targets: Targets::of(&releases),
            releases,
            tags,
            content,
            feeds: head.feeds,
        },
        product: head.product,
        strategy: head.strategy,
        environment: head.environment,
        rules,
        rollouts: plans,
        entitlements,
    }
}

/// How releases are handed out that are not for everybody.
fn plans(rollouts: &HashMap<ReleaseId, Rollout>, releases: &[keyway_engine::Release]) -> Vec<(usize, Plan)> {
    let plan = |release: &keyway_engine::Release| rollouts.get(&release.id).map(Plan::of);
    let plans = releases.iter().enumerate().filter_map(|(index, release)| Some((index, plan(release)?)));
    plans.filter(|(_, plan)| !plan.is_over()).collect()
}

/// The entitlements that releases ask for, each once. One that is gone from under its constraint is still
/// asked for: nobody holds it.
fn positions(rows: &Rows) -> Vec<(EntitlementId, String)> {
    let mut asked: Vec<EntitlementId> = rows.constraints.iter().map(|row| row.entitlement_id).collect();
    asked.sort_unstable();
    asked.dedup();
    let codes: HashMap<EntitlementId, &String> =
        rows.entitlements.iter().map(|(id, code)| (*id, code)).collect();
    let code = |id| codes.get(&id).map_or_else(|| id.to_string(), |code| (*code).clone());
    asked.into_iter().map(|id| (id, code(id))).collect()
}

fn masks(rows: &[Constraint], entitlements: &[(EntitlementId, String)]) -> HashMap<ReleaseId, Bits> {
    let mut masks: HashMap<ReleaseId, Bits> = HashMap::new();
    for row in rows {
        if let Ok(position) = entitlements.binary_search_by_key(&row.entitlement_id, |(id, _)| *id) {
            let mask = masks.entry(row.release_id).or_insert_with(|| Bits::new(entitlements.len()));
            mask.insert(position);
        }
    }
    masks
}

/// Movable names beside the releases' own, which win.
fn tags(rows: Vec<PackageTag>, releases: &[keyway_engine::Release]) -> Vec<Tag> {
    let own = |name: &str| releases.iter().any(|release| release.tag.as_deref() == Some(name));
    let rows = rows.into_iter().filter(|row| !own(&row.tag));
    rows.map(|row| Tag { name: row.tag, release: row.release_id }).collect()
}

type Manifests = HashMap<ArtifactId, Vec<keyway_engine::Manifest>>;

fn gather_manifests(rows: Vec<Manifest>) -> Manifests {
    let mut manifests = Manifests::new();
    for row in rows {
        let manifest = keyway_engine::Manifest { kind: row.kind, bytes: Arc::from(row.content) };
        manifests.entry(row.artifact_id).or_default().push(manifest);
    }
    manifests
}

fn gather(rows: Vec<Artifact>, mut manifests: Manifests) -> HashMap<ReleaseId, Vec<keyway_engine::Artifact>> {
    let mut artifacts: HashMap<ReleaseId, Vec<keyway_engine::Artifact>> = HashMap::new();
    for row in rows {
        let found = manifests.remove(&ArtifactId::from(row.id)).unwrap_or_default();
        artifacts.entry(row.release_id).or_default().push(artifact_of(row, found));
    }
    artifacts
}

fn artifact_of(row: Artifact, manifests: Vec<keyway_engine::Manifest>) -> keyway_engine::Artifact {
    let digests = digests_of(&row);
    keyway_engine::Artifact {
        id: row.id.into(),
        filetype: row.filetype,
        platform: row.platform,
        arch: row.arch,
        signature: row.signature,
        created: row.created_at,
        uploaded: row.status == ArtifactStatus::Uploaded && row.blob_key.is_some(),
        blob: row.blob_key.as_deref().and_then(blob_name),
        size: row.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        media_type: row.content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        filename: row.filename,
        digests,
        manifests,
    }
}

/// The name in a key of the form `<account>/<name>`.
fn blob_name(key: &str) -> Option<BlobName> {
    key.split_once('/')?.1.parse().ok()
}

fn digests_of(row: &Artifact) -> Option<Box<Digests>> {
    Some(Box::new(Digests {
        md5: row.md5.as_deref()?.try_into().ok()?,
        sha1: row.sha1.as_deref()?.try_into().ok()?,
        sha256: row.sha256.as_deref()?.try_into().ok()?,
        sha512: row.sha512.as_deref()?.try_into().ok()?,
    }))
}

fn release_of(
    row: Release,
    scheme: Scheme,
    artifacts: Vec<keyway_engine::Artifact>,
    constraints: Bits,
    rollout: Option<&Rollout>,
) -> Option<(keyway_engine::Release, ReleaseRule)> {
    let version = keyway_versions::parse(scheme, &row.version)
        .inspect_err(|error| tracing::warn!(release = %row.id, %error, "a release is left out"))
        .ok()?;
    let rule = ReleaseRule {
        effective: row.backdated_at.unwrap_or(row.created_at),
        environment: row.environment_id,
        constraints,
    };
    let notice = notice_of(&row);
    let urgency = urgency_of(&row, rollout, scheme);
    let release = keyway_engine::Release {
        id: row.id.into(),
        channel: row.channel.parse().unwrap_or(Channel::Dev),
        tag: row.tag,
        status: match row.status {
            ReleaseStatus::Draft => Status::Draft,
            ReleaseStatus::Published => Status::Published,
            ReleaseStatus::Yanked => Status::Yanked,
        },
        name: row.name,
        description: row.description,
        created: row.created_at,
        notice,
        urgency,
        bundle_version: row.metadata.get("bundle_version").and_then(scalar),
        phased_interval: row.metadata.get("phased_rollout_interval").and_then(serde_json::Value::as_u64),
        artifacts,
        version,
    };
    Some((release, rule))
}

/// A text or a number, as text; nothing for what is neither.
fn scalar(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Why the vendor yanked or deprecated the release: `metadata.yankedReason`, `metadata.deprecated`.
fn notice_of(row: &Release) -> Option<String> {
    let said = |key: &str| match row.metadata.get(key)? {
        serde_json::Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        serde_json::Value::Bool(true) => Some("this version is deprecated".to_owned()),
        _ => None,
    };
    match row.status {
        ReleaseStatus::Yanked => said("yanked_reason"),
        ReleaseStatus::Draft | ReleaseStatus::Published => said("deprecated"),
    }
}

/// How clients are to take it: what the vendor says of its rollout, and `metadata.minimumSystemVersion`.
fn urgency_of(row: &Release, rollout: Option<&Rollout>, scheme: Scheme) -> Urgency {
    let minimum_version = rollout
        .and_then(|rollout| rollout.minimum_version.as_deref())
        .and_then(|text| keyway_versions::parse(scheme, text).ok());
    let minimum_system = row.metadata.get("minimum_system_version").and_then(|value| value.as_str());
    Urgency {
        forced: rollout.is_some_and(|rollout| rollout.forced),
        minimum_version,
        critical: rollout.is_some_and(|rollout| rollout.critical),
        minimum_system: minimum_system.filter(|text| !text.trim().is_empty()).map(str::to_owned),
    }
}

/// What a snapshot costs in memory, roughly.
pub(crate) fn weight(snapshot: &PackageSnapshot) -> usize {
    let releases = snapshot.package.releases.iter().map(|release| {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let own =
            text(&release.name) + text(&release.description) + text(&release.notice) + text(&release.tag);
        let artifacts = release.artifacts.iter().map(|artifact| {
            let manifests = artifact.manifests.iter().map(|m| 64 + m.kind.len() + m.bytes.len());
            size_of::<keyway_engine::Artifact>()
                + size_of::<Digests>()
                + artifact.filename.len()
                + artifact.media_type.len()
                + text(&artifact.signature)
                + manifests.sum::<usize>()
        });
        // The parsed version holds a few texts of its own.
        size_of::<keyway_engine::Release>() + 256 + own + artifacts.sum::<usize>()
    });
    let tags = snapshot.package.tags.iter().map(|tag| 40 + tag.name.len());
    let entitlements = snapshot.entitlements.iter().map(|(_, code)| 48 + code.len());
    let rollouts = snapshot.rollouts.iter().map(|(_, plan)| plan.weight());
    snapshot.rules.len() * (size_of::<ReleaseRule>() + 16)
        + rollouts.sum::<usize>()
        + releases.sum::<usize>()
        + tags.sum::<usize>()
        + entitlements.sum::<usize>()
        + snapshot.package.targets.weight()
        + reach::weight(&snapshot.package.content)
}
