//! Helm charts: one layer, the `.tgz` as it is, and a configuration made from its `Chart.yaml`, as `helm push` does.

use std::io::{BufReader, Read, Seek};

use keyway_base::{ContentAlgorithm, is_content_tag, tag_of_version};
use keyway_crypto::digest::content_digest;
use serde_json::{Map, Value, json};

use super::collect::send;
use super::plan::{Capped, Plan, PlannedBlob, PlannedManifest, Report, ReportedImage, Root};
use super::problem::ImageProblem;
use super::{PIECE, Sink, pass_on};
use crate::oci::ParsedManifest;
use crate::oci::media_type::{HELM_CHART, HELM_CONFIG, OCI_MANIFEST};
use crate::yaml::Node;
use crate::{ArchiveError, Limits, Yaml, YamlLimits};

/// The members of a chart's metadata, in the order in which Helm writes them.
const MEMBERS: [(&str, Form); 17] = [
    ("name", Form::Text),
    ("home", Form::Text),
    ("sources", Form::Any),
    ("version", Form::Text),
    ("description", Form::Text),
    ("keywords", Form::Any),
    ("maintainers", Form::Any),
    ("icon", Form::Text),
    ("apiVersion", Form::Text),
    ("condition", Form::Text),
    ("tags", Form::Text),
    ("appVersion", Form::Text),
    ("deprecated", Form::Flag),
    ("annotations", Form::Any),
    ("kubeVersion", Form::Text),
    ("dependencies", Form::Any),
    ("type", Form::Text),
];

#[derive(Clone, Copy)]
enum Form {
    Text,
    Flag,
    Any,
}

/// The chart in `source`, whose `Chart.yaml` is `about`.
pub(super) fn plan<S: Read + Seek>(
    about: &[u8],
    source: &mut S,
    sink: &mut dyn Sink,
    limits: &Limits,
) -> Result<Plan, ArchiveError> {
    let yaml = Yaml::parse(about, &YamlLimits::default());
    let yaml = yaml.map_err(|problem| ImageProblem::in_document("Chart.yaml", problem))?;
    let config = metadata(yaml.root())?;
    let text = |key: &str| config.get(key).and_then(Value::as_str);
    let (Some(name), Some(version)) = (text("name"), text("version")) else {
        return Err(ImageProblem::Chart("it has no name or no version".to_owned()).into());
    };
    let tag = tag_of_version(version);
    if !is_content_tag(&tag) {
        return Err(ImageProblem::Chart("its version cannot be a tag".to_owned()).into());
    }
    let annotations = annotations(name, version, text("description"));
    let blobs = send_both(&Value::Object(config), source, sink, limits)?;
    let [config, chart] = blobs;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": HELM_CONFIG, "digest": config.digest.to_string(), "size": config.size},
        "layers": [{"mediaType": HELM_CHART, "digest": chart.digest.to_string(), "size": chart.size}],
        "annotations": annotations,
    });
    laid_down(manifest.to_string().into_bytes(), blobs, tag)
}

fn annotations(name: &str, version: &str, description: Option<&str>) -> Map<String, Value> {
    let pairs = [("description", description), ("title", Some(name)), ("version", Some(version))];
    let given = pairs.into_iter().filter_map(|(key, text)| Some((key, text?)));
    given.map(|(key, text)| (format!("org.opencontainers.image.{key}"), text.into())).collect()
}

fn send_both<S: Read + Seek>(
    config: &Value,
    source: &mut S,
    sink: &mut dyn Sink,
    limits: &Limits,
) -> Result<[PlannedBlob; 2], ArchiveError> {
    let config = config.to_string().into_bytes();
    let digest = content_digest(ContentAlgorithm::Sha256, &config);
    send(sink, &digest, &config)?;
    let size = source.seek(std::io::SeekFrom::End(0))?;
    if size > limits.compressed {
        return Err(ArchiveError::Compressed { limit: limits.compressed });
    }
    source.rewind()?;
    let mut whole = BufReader::with_capacity(PIECE, source);
    let (chart, _) = pass_on(&mut whole, sink, ContentAlgorithm::Sha256, size, |_| Ok(()))?;
    Ok([PlannedBlob { digest, size: config.len() as u64 }, PlannedBlob { digest: chart, size }])
}

fn laid_down(bytes: Vec<u8>, blobs: [PlannedBlob; 2], tag: String) -> Result<Plan, ArchiveError> {
    let digest = content_digest(ContentAlgorithm::Sha256, &bytes);
    let parsed = ParsedManifest::parse(&bytes, Some(OCI_MANIFEST))?;
    let image = ReportedImage {
        digest: digest.to_string(),
        media_type: parsed.media_type.clone(),
        artifact_type: parsed.artifact_type.clone(),
        tags: vec![tag.clone()],
        platforms: Vec::new(),
        subject: None,
    };
    let mut sorted = blobs.to_vec();
    sorted.sort_unstable();
    Ok(Plan {
        report: Report {
            format: "helm-chart",
            images: Capped::of(&[image], Clone::clone),
            manifests: 1,
            blobs: blobs.len(),
            bytes: blobs.iter().map(|blob| blob.size).sum(),
            ..Report::default()
        },
        manifests: vec![PlannedManifest { digest, parsed, bytes }],
        blobs: sorted,
        roots: vec![Root { digest, tags: vec![tag], subject: None }],
    })
}

/// What Helm keeps of a `Chart.yaml`.
fn metadata(root: Node<'_>) -> Result<Map<String, Value>, ArchiveError> {
    let mut members = Map::new();
    let mut left = NODES;
    for (key, form) in MEMBERS {
        let Some(node) = root.get(key).filter(|node| !node.is_null()) else { continue };
        let value = match form {
            Form::Any => value(key, node, DEPTH, &mut left)?,
            Form::Text => Value::from(node.text().ok_or_else(|| not_a_text(key))?),
            Form::Flag => Value::Bool(node.text() == Some("true")),
        };
        let is_empty =
            matches!(&value, Value::String(text) if text.is_empty()) || value == Value::Bool(false);
        if !is_empty {
            members.insert(key.to_owned(), value);
        }
    }
    Ok(members)
}

fn not_a_text(key: &str) -> ArchiveError {
    ImageProblem::Chart(format!("its {key} is not a text")).into()
}

/// How deep the members of a chart's metadata may be nested; Helm's own are three levels.
const DEPTH: usize = 8;
/// How many nodes they may have, each counted as often as aliases name it.
const NODES: usize = 20_000;

/// A node as JSON. `enabled` is the one member below the first level that is no text.
fn value(key: &str, node: Node<'_>, levels: usize, left: &mut usize) -> Result<Value, ArchiveError> {
    let too_much = || ImageProblem::Chart(format!("its {key} has too much in it"));
    let levels = levels.checked_sub(1).ok_or_else(too_much)?;
    *left = left.checked_sub(1).ok_or_else(too_much)?;
    if let Some(items) = node.items() {
        return items.map(|item| value(key, item, levels, left)).collect();
    }
    let Some(pairs) = node.pairs() else {
        let text = node.text().unwrap_or_default();
        return Ok(if key == "enabled" { Value::Bool(text == "true") } else { text.into() });
    };
    let mut members = Map::new();
    for (name, node) in pairs {
        let name = name.text().ok_or_else(|| not_a_text(key))?;
        members.insert(name.to_owned(), value(name, node, levels, left)?);
    }
    Ok(Value::Object(members))
}
