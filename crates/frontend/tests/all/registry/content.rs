//! Content by digest and tag, and bodies that are not taken.

use super::*;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[tokio::test]
async fn a_manifest_comes_as_it_was_pushed() {
    let world = World::new().await;
    let content = br#"{"schemaVersion":2, "manifests":[]}"#;
    let digest = sha256(content);
    world.add_manifest(&digest, INDEX, content).await;
    let good = token(&world, Some(&basic("license", GOOD)), "repository:image:pull").await;
    for reference in ["1.0.0", &digest] {
        let path = format!("/v2/image/manifests/{reference}");
        let reply = get(&world, &path, Some(&good)).await;
        assert_eq!((reply.status, &reply.body[..]), (200, &content[..]), "{path}: {}", reply.text());
        for (name, expected) in [
            ("content-type", INDEX),
            ("content-length", "35"),
            ("docker-content-digest", digest.as_str()),
            ("etag", &format!("\"{digest}\"")),
        ] {
            assert_eq!(reply.header(name), Some(expected), "{name}");
        }
        assert_eq!(reply.header("content-encoding"), None);
        let head = ask(&world, "HEAD", &path, Some(&good), b"").await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-length"), Some("35"));
        assert_eq!(head.header("docker-content-digest"), Some(digest.as_str()));
        let tag = format!("\"{digest}\"");
        let known = [("Authorization", good.as_str()), ("If-None-Match", tag.as_str())];
        assert_eq!(world.wire().await.get(&path, &known).await.status, 304, "{path}");
    }
    assert_eq!(get(&world, "/v2/image/manifests/1.0.0", None).await.status, 401);
    assert_eq!(get(&world, "/v2/image/manifests/2.0.0", Some(&good)).await.status, 404);
}

#[tokio::test]
async fn a_licence_that_is_about_to_expire_is_told_so_where_clients_show_it() {
    let world = World::new().await;
    let content = br#"{"schemaVersion":2,"manifests":[]}"#;
    world.add_manifest(&sha256(content), INDEX, content).await;
    let license = basic("license", GOOD);
    let warning = async |path: &str| {
        let reply = get(&world, path, Some(&license)).await;
        (reply.status, reply.header("warning").map(str::to_owned))
    };
    let path = "/v2/image/manifests/1.0.0";
    assert_eq!(warning(path).await, (200, None));
    let day = Duration::from_secs(24 * 60 * 60);
    world.expire(START.plus(15 * day)).await;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(warning(path).await, (200, None));
    let end = START.plus(13 * day);
    world.expire(end).await;
    world.clock.advance(Duration::from_secs(1));
    let (status, text) = warning(path).await;
    let expected = format!("299 - \"the licence expires on {}: contact the vendor to renew it\"", end.day());
    assert_eq!((status, text), (200, Some(expected)));
    assert_eq!(warning("/v2/image/tags/list").await, (200, None));
    assert_eq!(warning("/v2/image/manifests/2.0.0").await, (404, None));
}

#[tokio::test]
async fn bodies_that_are_too_large_or_packed_are_refused_in_the_registrys_words() {
    let world = World::with(|settings| settings.limits.content_bytes = 100).await;
    let good = publisher_token(&world, "repository:app:pull,push").await;
    let path = format!("/v2/app/blobs/uploads/?digest={}", sha256(b"x"));
    let reply = ask(&world, "POST", &path, Some(&good), &[7; 101]).await;
    assert_eq!(reply.status, 413, "{}", reply.text());
    assert!(world.shelf.content.lock().unwrap().is_empty());
    let packed = [("Authorization", good.as_str()), ("Content-Encoding", "gzip")];
    let packed = world.wire().await.ask("PUT", "/v2/app/manifests/1", &packed, b"{}").await;
    assert_eq!(error_of(&packed).1, "MANIFEST_INVALID", "{}", packed.text());
    assert_eq!(packed.status, 415);
    let form = ask(&world, "POST", "/token", None, &vec![b'x'; 0x0010_0000]).await;
    assert_eq!((error_of(&form).0, error_of(&form).1.as_str()), (413, "UNSUPPORTED"));
    // without a length it is found out while it is read
    let head = format!(
        "PUT /v2/app/manifests/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {good}\r\nTransfer-Encoding: \
         chunked\r\n\r\n500001\r\n"
    );
    let mut wire = world.wire().await;
    wire.send(head).await;
    wire.try_send(&vec![b' '; 0x0050_0001]).await;
    let (status, code, _) = error_of(&wire.reply(false).await);
    assert_eq!((status, code.as_str()), (413, "MANIFEST_INVALID"));
}
