//! The grammar, endpoint by endpoint.

use http::{HeaderMap, Method};
use proptest::prelude::*;

use super::*;

const HEX: &str = "0a0b0c0d0e0f00010203040506070809101112131415161718191a1b1c1d1e1f";
const ID: &str = "01936a5e-9f5b-7c3e-8d2a-3b4c5d6e7f80";

fn parse(method: &Method, target: &str) -> Result<Op, BadPath> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Op::parse(&Head { method, path, query, headers: &HeaderMap::new() })
}

fn name(text: &str) -> Repository {
    Repository::parse(text).unwrap()
}

fn task(method: Method, repository: &str, below: &str) -> Task {
    match parse(&method, &format!("/v2/{repository}/{below}")) {
        Ok(Op::In(found, task)) if found == name(repository) => task,
        other => panic!("{method} {repository} {below}: {other:?}"),
    }
}

fn digest() -> ContentDigest {
    format!("sha256:{HEX}").parse().unwrap()
}

#[test]
fn every_endpoint_is_read() {
    let tag = |text| Reference::Tag(Tag::parse(text).unwrap());
    let id: RecordId = ID.parse().unwrap();
    for repository in ["app", "acme/app", "a/b/c/d"] {
        let task = |method, below: &str| task(method, repository, below);
        assert_eq!(task(Method::GET, "tags/list"), Task::Tags(Page::default()));
        assert_eq!(task(Method::GET, "manifests/latest"), Task::Manifest(tag("latest")));
        assert_eq!(task(Method::HEAD, "manifests/latest"), Task::Manifest(tag("latest")));
        let by_digest = format!("manifests/sha256:{HEX}");
        assert_eq!(task(Method::GET, &by_digest), Task::Manifest(Reference::Digest(digest())));
        assert_eq!(task(Method::DELETE, &by_digest), Task::DeleteManifest(Reference::Digest(digest())));
        assert_eq!(task(Method::DELETE, "manifests/1.0.0"), Task::DeleteManifest(tag("1.0.0")));
        assert_eq!(task(Method::HEAD, &format!("blobs/sha256:{HEX}")), Task::Blob(digest()));
        assert_eq!(task(Method::GET, &format!("blobs/sha256%3A{HEX}")), Task::Blob(digest()));
        assert_eq!(task(Method::DELETE, &format!("blobs/sha256:{HEX}")), Task::DeleteBlob(digest()));
        let begin = Task::Begin(Begin::Empty(ContentAlgorithm::Sha256));
        assert_eq!(task(Method::POST, "blobs/uploads/"), begin);
        assert_eq!(task(Method::POST, "blobs/uploads"), begin);
        let upload = format!("blobs/uploads/{ID}");
        assert_eq!(task(Method::GET, &upload), Task::Upload(id, Step::Status));
        assert_eq!(task(Method::PATCH, &upload), Task::Upload(id, Step::Append));
        assert_eq!(task(Method::DELETE, &upload), Task::Upload(id, Step::Cancel));
        let put = format!("{upload}?digest=sha256%3A{HEX}");
        assert_eq!(task(Method::PUT, &put), Task::Upload(id, Step::Complete(digest())));
        let about = About { subject: digest(), artifact_type: None, page: Page::default() };
        assert_eq!(task(Method::GET, &format!("referrers/sha256:{HEX}")), Task::Referrers(Box::new(about)));
    }
    assert_eq!(parse(&Method::GET, "/v2/"), Ok(Op::Ping));
    assert_eq!(parse(&Method::HEAD, "/v2"), Ok(Op::Ping));
    assert_eq!(parse(&Method::POST, "/token"), Ok(Op::TokenForm));
    assert_eq!(parse(&Method::GET, "/v2/_catalog"), Ok(Op::Catalog(Page::default())));
}

#[test]
fn uploads_begin_in_four_ways() {
    let begin = |query: &str| match task(Method::POST, "app", &format!("blobs/uploads/?{query}")) {
        Task::Begin(begin) => begin,
        other => panic!("{other:?}"),
    };
    assert_eq!(begin("digest-algorithm=sha512"), Begin::Empty(ContentAlgorithm::Sha512));
    assert_eq!(begin(&format!("digest=sha256:{HEX}")), Begin::Whole(digest()));
    let mount = |from: Option<&str>| Begin::Mount { digest: digest(), from: from.map(str::to_owned) };
    assert_eq!(begin(&format!("from=acme%2Fbase&mount=sha256:{HEX}")), mount(Some("acme/base")));
    assert_eq!(begin(&format!("mount=sha256:{HEX}")), mount(None));
    assert_eq!(begin("unknown=1"), Begin::Empty(ContentAlgorithm::Sha256));
}

#[test]
fn names_end_at_the_last_keyword() {
    for (path, repository) in [
        ("/v2/manifests/manifests/latest", "manifests"),
        ("/v2/a/manifests/manifests/latest", "a/manifests"),
        ("/v2/a/blobs/uploads/manifests/latest", "a/blobs/uploads"),
        ("/v2/a/manifests/x/tags/list", "a/manifests/x"),
        ("/v2/tags/list/tags/list", "tags/list"),
        ("/v2/a/tags/list/manifests/list", "a/tags/list"),
        ("/v2/a/manifests/uploads", "a"),
        ("/v2/a/blobs/manifests/uploads", "a/blobs"),
        ("/v2/token/manifests/x", "token"),
        ("/v2/v2/manifests/x", "v2"),
    ] {
        match parse(&Method::GET, path) {
            Ok(Op::In(found, _)) => assert_eq!(found, name(repository), "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    let uploads = parse(&Method::POST, "/v2/a/blobs/uploads/blobs/uploads/");
    assert!(matches!(uploads, Ok(Op::In(found, Task::Begin(_))) if found == name("a/blobs/uploads")));
}

#[test]
fn what_breaks_a_rule_is_said() {
    for (path, invalid) in [
        ("/v2/acme/app/../x/manifests/1", Invalid::Name),
        ("/v2/acme/%2e%2e/x/manifests/1", Invalid::Name),
        ("/v2/acme%2fapp/manifests/1", Invalid::Name),
        ("/v2/acme%2Fapp/tags/list", Invalid::Name),
        ("/v2/acme//app/manifests/1", Invalid::Name),
        ("/v2//app/manifests/1", Invalid::Name),
        ("/v2/Acme/app/manifests/1", Invalid::Name),
        ("/v2/manifests/1", Invalid::Name),
        ("/v2/blobs/uploads/01936a5e-9f5b-7c3e-8d2a-3b4c5d6e7f80", Invalid::Name),
        ("/v2/app/blobs/sha256:baddigeststring", Invalid::Digest(ContentDigestError::Hex)),
        (
            "/v2/app/blobs/md5:d41d8cd98f00b204e9800998ecf8427e",
            Invalid::Digest(ContentDigestError::Algorithm),
        ),
        ("/v2/app/blobs/list", Invalid::Digest(ContentDigestError::Hex)),
        ("/v2/app/manifests/sha256:baddigeststring", Invalid::Digest(ContentDigestError::Hex)),
        ("/v2/app/referrers/latest", Invalid::Digest(ContentDigestError::Hex)),
        ("/v2/app/manifests/.INVALID_MANIFEST_NAME", Invalid::UnknownTag),
        ("/v2/app/manifests/", Invalid::UnknownTag),
        ("/v2/app/manifests/a%2fb", Invalid::UnknownTag),
        ("/v2/app/blobs/uploads/nonsense", Invalid::Upload),
        ("/v2/app/tags/list?n=-1", Invalid::Number),
        ("/v2/_catalog?n=NaN", Invalid::Number),
    ] {
        assert_eq!(parse(&Method::GET, path), Ok(Op::Invalid(invalid)), "{path}");
    }
    let put = |target: &str| parse(&Method::PUT, target);
    assert_eq!(put("/v2/app/manifests/.bad"), Ok(Op::Invalid(Invalid::Tag)));
    assert_eq!(put("/v2/app/manifests/a?tag=ok&tag=b/d"), Ok(Op::Invalid(Invalid::Tag)));
    assert_eq!(
        put(&format!("/v2/app/blobs/uploads/{ID}")),
        Ok(Op::Invalid(Invalid::Digest(ContentDigestError::Hex)))
    );
    assert_eq!(
        put(&format!("/v2/app/blobs/uploads/{ID}?digest=x")),
        Ok(Op::Invalid(Invalid::Digest(ContentDigestError::Hex)))
    );
    let post = |target: &str| parse(&Method::POST, target);
    assert_eq!(
        post("/v2/app/blobs/uploads/?mount=x"),
        Ok(Op::Invalid(Invalid::Digest(ContentDigestError::Hex)))
    );
    assert_eq!(
        post("/v2/app/blobs/uploads/?digest-algorithm=md5"),
        Ok(Op::Invalid(Invalid::Digest(ContentDigestError::Algorithm)))
    );
}

#[test]
fn tags_of_a_push_are_counted_once_each() {
    let query =
        |count: usize| (0..count).map(|tag| format!("tag=t{tag}&tag=t0")).collect::<Vec<_>>().join("&");
    let put = |count| parse(&Method::PUT, &format!("/v2/app/manifests/sha256:{HEX}?{}", query(count)));
    match put(MOST_TAGS) {
        Ok(Op::In(_, Task::PutManifest(sending))) => assert_eq!(sending.tags.len(), MOST_TAGS),
        other => panic!("{other:?}"),
    }
    assert_eq!(put(MOST_TAGS + 1), Ok(Op::Invalid(Invalid::TooManyTags { most: MOST_TAGS })));
}

#[test]
fn other_methods_are_told_which_there_are() {
    for (method, path, allow) in [
        (Method::POST, "/v2/", "GET, HEAD"),
        (Method::DELETE, "/token", "GET, HEAD, POST"),
        (Method::PUT, "/v2/_catalog", "GET, HEAD"),
        (Method::DELETE, "/v2/app/tags/list", "GET, HEAD"),
        (Method::PATCH, "/v2/app/manifests/1", "GET, HEAD, PUT, DELETE"),
        (Method::GET, "/v2/app/blobs/uploads/", "POST"),
        (Method::PUT, "/v2/app/referrers/x", "GET, HEAD"),
        (Method::OPTIONS, "/v2/app/blobs/x", "GET, HEAD, DELETE"),
    ] {
        match parse(&method, path) {
            Ok(Op::Invalid(Invalid::Method { allow: found })) => {
                assert_eq!(found.join(", "), allow, "{path}")
            }
            other => panic!("{method} {path}: {other:?}"),
        }
    }
}

#[test]
fn everything_else_is_outside_the_grammar() {
    for path in
        ["/", "/v1/", "/v2/app", "/v2/app/", "/v2/app/tags", "/v2/app/tags/list/", "/tokens", "/v2/app/x/y/z"]
    {
        assert_eq!(parse(&Method::GET, path), Err(BadPath::Unknown), "{path}");
    }
    assert!(matches!(parse(&Method::GET, "/v2/a%00b/manifests/1"), Err(BadPath::Malformed(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_read_reads_back(
        method in prop::sample::select(vec![
            Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE,
        ]),
        name in "([a-z]{1,3}|tags|manifests|blobs|uploads|list|%2e%2e|A){1}(/([a-z0-9._-]{1,3}|blobs|uploads)){0,3}",
        below in prop::sample::select(vec![
            "tags/list?n=3&last=a b", "manifests/v1.0.0", "blobs/uploads/", "referrers/", "blobs/",
            "manifests/", "blobs/uploads/01936a5e-9f5b-7c3e-8d2a-3b4c5d6e7f80?digest=",
        ]),
        ends_in_digest in any::<bool>(),
    ) {
        let end = if ends_in_digest { format!("sha256:{HEX}") } else { String::new() };
        if let Ok(op) = parse(&method, &format!("/v2/{name}/{below}{end}"))
            && let Some((method, target)) = op.target()
        {
            prop_assert_eq!(parse(&method, &target), Ok(op));
        }
    }
}
