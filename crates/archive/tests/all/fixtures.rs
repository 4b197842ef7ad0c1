//! The packages in `fixtures/`, which other tools have installed.

use std::{
    fs::{self, File},
    io::Cursor,
    path::PathBuf,
};

use keyway_archive::{
    CoreMetadata, Kind, Limits, SdistName, WheelName, Yaml, YamlLimits,
    gem::{self, Member, Witness},
    npm_tarball, parse_object_strict, sdist, sniff,
    sniff::HEAD_LEN,
    wheel,
};

fn folder(name: &str) -> Vec<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/packages").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", path.display());
    files
}

fn file_name(path: &std::path::Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn npm_packages_are_read() {
    let mut versions = Vec::new();
    for path in folder("npm") {
        let tarball = npm_tarball::read(&mut File::open(&path).unwrap()).unwrap();
        let manifest = parse_object_strict(&tarball.package_json, 32).unwrap();
        let text = |key: &str| manifest[key].as_str().unwrap().to_owned();
        let unscoped = text("name").replace('@', "").replace('/', "-");
        assert_eq!(file_name(&path), format!("{unscoped}-{}.tgz", text("version")));
        versions.push(format!("{}@{}", text("name"), text("version")));
    }
    assert_eq!(
        versions,
        [
            "@acme/gadget@1.0.0",
            "acme-tool@1.0.0",
            "@acme/widget@1.0.0",
            "@acme/widget@1.1.0",
            "@acme/widget@2.0.0-beta.1",
            "@acme/widget@2.0.0"
        ]
    );
}

#[test]
fn python_packages_are_read() {
    let mut read = 0;
    for path in folder("pypi") {
        let name = file_name(&path);
        let bytes = fs::read(&path).unwrap();
        let (about, project, version) = match name.ends_with(".whl") {
            true => {
                let name = WheelName::parse(name).unwrap();
                let wheel = wheel::read(&mut Cursor::new(bytes), &name).unwrap();
                (wheel.metadata, name.normalized_name(), name.version().to_owned())
            }
            false => {
                let name = SdistName::parse(name).unwrap();
                let sdist = sdist::read(&mut bytes.as_slice(), &name).unwrap();
                (sdist.pkg_info, name.normalized_name(), name.version().to_owned())
            }
        };
        let metadata = CoreMetadata::parse(&about).unwrap();
        assert_eq!((metadata.name(), metadata.version()), (project.as_str(), version.as_str()));
        assert_eq!(metadata.requires_python(), Some(">=3.8"));
        assert!(metadata.dependencies_are_static());
        read += 1;
    }
    assert_eq!(read, 11);
}

struct Blind;
impl Witness for Blind {
    fn saw(&mut self, _: Member, _: &[u8]) {}
}

#[test]
fn gems_are_read() {
    for path in folder("rubygems") {
        let gem = gem::read(&mut File::open(&path).unwrap(), &mut Blind).unwrap();
        let spec = Yaml::parse(&gem.metadata, &YamlLimits::default()).unwrap();
        let text = |key: &str| spec.root().get(key).and_then(|node| node.text().map(str::to_owned)).unwrap();
        let version = spec.root().get("version").and_then(|node| node.get("version")?.text()).unwrap();
        let platform = Some(text("platform")).filter(|platform| platform != "ruby");
        let platform = platform.map(|platform| format!("-{platform}")).unwrap_or_default();
        assert_eq!(file_name(&path), format!("{}-{version}{platform}.gem", text("name")));
        assert!(gem.checksums.is_some());
    }
}

#[test]
fn archives_of_images_are_read() {
    let mut seen = Vec::new();
    for path in folder("oci") {
        let (plan, _) = crate::image_writer::read_within(&fs::read(&path).unwrap(), &Limits::image());
        let plan = plan.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let shown = &plan.report.images.shown;
        let tags: Vec<String> = shown.iter().flat_map(|image| image.tags.clone()).collect();
        let platforms: Vec<String> = shown.iter().flat_map(|image| image.platforms.clone()).collect();
        let counts = (plan.manifests.len(), plan.blobs.len(), plan.roots.len());
        seen.push((
            file_name(&path).to_owned(),
            plan.report.format,
            counts,
            tags.join(" "),
            platforms.join(" "),
        ));
        assert!(plan.report.missing.shown.is_empty() && plan.report.warnings.shown.is_empty());
    }
    let row = |name: &str, format, counts, tags: &str, platforms: &str| {
        (name.to_owned(), format, counts, tags.to_owned(), platforms.to_owned())
    };
    let expected = [
        row("acme-app-1.0.0.docker-20.tar", "docker-archive", (1, 3, 1), "1.0.0", "linux/amd64"),
        row("acme-app-1.0.0.docker-25.tar", "oci-layout", (1, 3, 1), "1.0.0", ""),
        row("acme-app-1.0.0.oci.tar", "oci-layout", (5, 10, 2), "1.0.0", "linux/amd64 linux/arm64"),
        row("acme-app-1.0.0.skopeo.tar", "docker-archive", (1, 3, 1), "1.0.0", "linux/amd64"),
        row("acme-chart-1.0.0+build.5.tgz", "helm-chart", (1, 2, 1), "1.0.0_build.5", ""),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn raw_files_are_known() {
    for path in folder("raw/acme-installer") {
        let bytes = fs::read(&path).unwrap();
        let name = file_name(&path);
        let expected = match name.rsplit_once('.').unwrap().1 {
            "gz" => Kind::Gzip,
            "zip" => Kind::Zip,
            _ => Kind::Text,
        };
        assert_eq!(sniff(&bytes[..bytes.len().min(HEAD_LEN)], name), expected, "{name}");
    }
}
