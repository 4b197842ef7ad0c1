//! Small repositories, their parts told apart by letters: manifests in capitals, blobs in small ones.

use keyway_base::{AccountId, RecordId, Timestamp};

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

/// Rows of one repository, told apart by letters.
#[derive(Default)]
struct Repository {
    rows: Rows,
}

fn id() -> RecordId {
    "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
}
fn release(last: u32) -> ReleaseId {
    format!("0190163d-8694-739b-aea5-966c26f8{last:04x}").parse().unwrap()
}
fn digest(name: char) -> String {
    format!("sha256:{}", format!("{:02x}", name as u32).repeat(32))
}

impl Repository {
    /// A manifest that refers to others and to blobs: those are lower-case.
    fn manifest(mut self, name: char, parts: &str, subject: Option<char>) -> Self {
        self.rows.manifests.push(ContentManifest {
            id: id(),
            account_id: AccountId::from(id()),
            environment_id: None,
            created_at: NOW,
            updated_at: NOW,
            package_id: id().into(),
            digest: digest(name),
            media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
            artifact_type: None,
            subject: subject.map(digest),
            annotations: None,
            content: vec![name as u8],
        });
        for part in parts.chars() {
            self.rows.edges.push(ContentEdge {
                id: id(),
                account_id: AccountId::from(id()),
                environment_id: None,
                created_at: NOW,
                updated_at: NOW,
                package_id: id().into(),
                parent: digest(name),
                child: digest(part),
            });
        }
        self
    }
    fn blobs(mut self, names: &str) -> Self {
        for name in names.chars() {
            self.rows.blobs.push(ContentBlob {
                id: id(),
                account_id: AccountId::from(id()),
                environment_id: None,
                created_at: NOW,
                updated_at: NOW,
                package_id: id().into(),
                digest: digest(name),
                size: 7,
                blob_key: format!("{}/{}", id(), "0".repeat(64)),
            });
        }
        self
    }
    fn tag(mut self, tag: &str, name: char, of: Option<u32>) -> Self {
        self.rows.tags.push(ContentTag {
            id: id(),
            account_id: AccountId::from(id()),
            environment_id: None,
            created_at: NOW,
            updated_at: NOW,
            package_id: id().into(),
            tag: tag.to_owned(),
            digest: digest(name),
            release_id: of.map(release),
        });
        self
    }
    fn root(mut self, of: u32, name: char) -> Self {
        self.rows.roots.push(ContentRoot {
            id: id(),
            account_id: AccountId::from(id()),
            environment_id: None,
            created_at: NOW,
            updated_at: NOW,
            package_id: id().into(),
            release_id: release(of),
            artifact_id: None,
            digest: digest(name),
            waiting: serde_json::json!([]),
        });
        self
    }
    /// Its content as three releases reach it.
    fn content(self) -> Content {
        content(self.rows, &[release(0), release(1), release(2)])
    }
}

/// What each part is reached by: `A:0,1 b:0`, blobs and manifests in the order of their names.
fn reached(content: &Content) -> String {
    let of = |digest: &ContentDigest, owners: &Owners| {
        let owners: Vec<String> = owners.iter().map(ToString::to_string).collect();
        format!("{}:{}", char::from(*digest.as_bytes().first().unwrap()), owners.join(","))
    };
    let manifests = content.manifests.iter().map(|manifest| of(&manifest.digest, &manifest.owners));
    let blobs = content.blobs.iter().map(|blob| of(&blob.digest, &blob.owners));
    manifests.chain(blobs).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_release_reaches_an_index_its_images_and_their_blobs() {
    let content = Repository::default()
        .manifest('X', "ABZ", None)
        .manifest('A', "cl", None)
        .manifest('B', "dl", None)
        .manifest('C', "cl", None)
        .blobs("cdlu")
        .tag("1.0.0", 'X', Some(0))
        .content();
    // Z is not here, C is nobody's, and u is part of nothing.
    assert_eq!(reached(&content), "A:0 B:0 C: X:0 c:0 d:0 l:0");
}

#[test]
fn what_is_shared_belongs_to_every_release_that_reaches_it() {
    let content = Repository::default()
        .manifest('A', "al", None)
        .manifest('B', "bl", None)
        .blobs("abl")
        .tag("1.0.0", 'A', Some(2))
        .tag("1.1.0", 'B', Some(1))
        .tag("2.0.0", 'B', Some(0))
        .tag("latest", 'B', None)
        .content();
    assert_eq!(reached(&content), "A:2 B:0,1 a:2 b:0,1 l:0,1,2");
    let latest = content.tag("latest").unwrap();
    assert_eq!((latest.release, latest.digest.to_string()), (None, digest('B')));
    assert_eq!(content.tag("1.0.0").unwrap().release, Some(2));
}

#[test]
fn what_is_about_something_is_reached_with_it() {
    let content = Repository::default()
        .manifest('A', "a", None)
        .manifest('R', "r", Some('A'))
        .manifest('S', "s", Some('R'))
        .manifest('T', "t", Some('Q'))
        .blobs("arst")
        .tag("1.0.0", 'A', Some(1))
        .content();
    assert_eq!(reached(&content), "A:1 R:1 S:1 T: a:1 r:1 s:1 t:");
}

#[test]
fn tags_that_say_what_they_are_about_are_followed() {
    let hex = digest('A').replace("sha256:", "");
    let content = Repository::default()
        .manifest('A', "", None)
        .manifest('B', "", None)
        .manifest('S', "s", None)
        .manifest('T', "", None)
        .manifest('I', "J", None)
        .manifest('J', "", None)
        .blobs("s")
        .tag("1.0.0", 'A', Some(0))
        .tag(&format!("sha256-{hex}.sig"), 'S', None)
        .tag(&format!("sha256-{hex}"), 'I', None)
        .tag(&format!("sha256-{hex}.exe"), 'T', None)
        .content();
    assert_eq!(reached(&content), "A:0 B: I:0 J:0 S:0 T: s:0");
}

#[test]
fn archives_bring_what_no_tag_names() {
    let content =
        Repository::default().manifest('A', "a", None).blobs("a").root(1, 'A').root(9, 'A').content();
    assert_eq!(reached(&content), "A:1 a:1");
}

#[test]
fn tags_of_releases_that_are_not_here_are_not_here() {
    let content = Repository::default()
        .manifest('A', "", None)
        .tag("9.0.0", 'A', Some(9))
        .tag("edge", 'A', None)
        .content();
    assert_eq!(reached(&content), "A:");
    assert_eq!(content.tags.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["edge"]);
}

#[test]
fn circles_end() {
    let content = Repository::default()
        .manifest('A', "B", Some('B'))
        .manifest('B', "A", Some('A'))
        .tag("1.0.0", 'A', Some(0))
        .content();
    assert_eq!(reached(&content), "A:0 B:0");
}

#[test]
fn what_is_about_a_manifest_and_whether_a_tag_names_it_is_known_at_once() {
    let content = Repository::default()
        .manifest('C', "l", Some('A'))
        .manifest('A', "l", None)
        .manifest('D', "l", Some('Z'))
        .manifest('B', "l", Some('A'))
        .tag("1.0.0", 'A', Some(0))
        .tag("latest", 'B', None)
        .content();
    let about = |name: char| -> Vec<ContentDigest> {
        let subject = digest(name).parse().unwrap();
        content.about(&subject).map(|manifest| manifest.digest).collect()
    };
    let of = |names: &str| names.chars().map(|name| digest(name).parse().unwrap()).collect::<Vec<_>>();
    assert_eq!((about('A'), about('Z'), about('B')), (of("BC"), of("D"), of("")));
    for (position, manifest) in content.manifests.iter().enumerate() {
        let head = content.head(position).unwrap();
        let text = manifest.digest.to_string();
        assert_eq!(
            (head.digest.to_str().unwrap(), head.entity_tag.to_str().unwrap()),
            (&*text, &*format!("\"{text}\""))
        );
        assert_eq!(head.media_type.as_ref().unwrap(), manifest.media_type.as_str());
        assert_eq!(head.is_named, of("AB").contains(&manifest.digest), "{text}");
    }
    assert_eq!(content.head(4), None);
}
