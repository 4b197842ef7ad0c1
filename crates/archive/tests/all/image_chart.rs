//! Helm charts: what becomes of a `.tgz`.

use keyway_archive::Limits;
use keyway_archive::oci::media_type::{HELM_CHART, HELM_CONFIG};

use crate::image_writer::{read, read_within, refusal, sha256, tags};
use crate::tar_writer::Tar;

const ABOUT: &str = "\
apiVersion: v2
name: acme-app
version: 1.2.0+build.5
appVersion: \"2.0\"
description: Runs Acme <App>
type: application
deprecated: false
keywords: [acme, app]
maintainers:
- name: A
  email: a@example.com
annotations:
  org.acme: \"1\"
dependencies:
- name: base
  version: 1.x.x
  repository: oci://charts.example
  enabled: true
unknown: dropped
";

fn chart(about: &str) -> Tar {
    Tar::default()
        .file("acme-app/Chart.yaml", about.as_bytes())
        .file("acme-app/values.yaml", b"a: 1\n")
        .file("acme-app/values.schema.json", b"{}")
        .file("acme-app/charts/base-1.0.0.tgz", b"packed")
        .file("acme-app/charts/base/Chart.yaml", b"name: base\nversion: 1.0.0\n")
}

#[test]
fn a_chart_becomes_what_helm_pushes() {
    let tgz = chart(ABOUT).tgz();
    let (plan, sink) = read_within(&tgz, &Limits::image());
    let plan = plan.unwrap();
    let config = concat!(
        r#"{"name":"acme-app","version":"1.2.0+build.5","description":"Runs Acme <App>","keywords":["acme","app"],"#,
        r#""maintainers":[{"name":"A","email":"a@example.com"}],"apiVersion":"v2","appVersion":"2.0","#,
        r#""annotations":{"org.acme":"1"},"dependencies":[{"name":"base","version":"1.x.x","#,
        r#""repository":"oci://charts.example","enabled":true}],"type":"application"}"#
    );
    let manifest = &plan.manifests[0];
    let described = manifest.parsed.config.as_ref().unwrap();
    assert_eq!(
        (described.media_type.as_str(), described.digest.to_string()),
        (HELM_CONFIG, sha256(config.as_bytes()))
    );
    assert_eq!(sink.blobs[&sha256(config.as_bytes())], config.as_bytes());
    let layer = &manifest.parsed.layers[0];
    assert_eq!(
        (layer.media_type.as_str(), layer.digest.to_string(), layer.size),
        (HELM_CHART, sha256(&tgz), tgz.len() as u64)
    );
    assert_eq!(sink.blobs[&sha256(&tgz)], tgz, "the chart itself, byte for byte");
    assert_eq!((sink.blobs.len(), plan.blobs.len(), plan.report.format), (2, 2, "helm-chart"));
    assert_eq!(tags(&plan), [("1.2.0_build.5".to_owned(), sha256(&manifest.bytes))]);
    assert_eq!(manifest.parsed.artifact_type.as_deref(), Some(HELM_CONFIG));
    let annotations = manifest.parsed.annotations.as_deref().unwrap();
    assert!(annotations.contains(r#""org.opencontainers.image.title":"acme-app""#), "{annotations}");
    assert_eq!(read(&tgz).manifests, plan.manifests);
}

#[test]
fn what_is_no_chart_is_refused() {
    let packed = |about: &str| refusal(&chart(about).tgz());
    assert_eq!(packed("name: a\n"), "Chart.yaml: it has no name or no version");
    assert_eq!(packed("name: a\nversion: [1]\n"), "Chart.yaml: its version is not a text");
    assert_eq!(packed("name: a\nversion: a/b\n"), "Chart.yaml: its version cannot be a tag");
    assert!(packed("name: [\n").starts_with("Chart.yaml: invalid YAML"));
    let plain = refusal(&chart(ABOUT).end());
    assert_eq!(plain, "a Helm chart has to be a gzip-compressed tar, as 'helm package' writes it");
    let two_tops = refusal(&chart(ABOUT).file("other/x", b"").tgz());
    assert!(two_tops.starts_with("the archive has no image in it"));
    let large = Limits { compressed: 100, ..Limits::image() };
    assert!(read_within(&chart(ABOUT).tgz(), &large).0.is_err());
}

#[test]
fn aliases_do_not_multiply() {
    let levels = (1..7).map(|at| format!("  k{at}: &a{at} [{}]\n", format!("*a{},", at - 1).repeat(9)));
    let bomb = format!(
        "name: a\nversion: 1.0.0\nannotations:\n  k0: &a0 [x,x,x,x,x,x,x,x,x]\n{}",
        levels.collect::<String>()
    );
    let error = refusal(&chart(&bomb).tgz());
    assert!(error.starts_with("Chart.yaml: its k") && error.ends_with("has too much in it"), "{error}");
}
