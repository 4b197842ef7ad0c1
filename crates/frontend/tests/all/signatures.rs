//! Response signatures (`licensing.md` §1.10), checked by a verifier that shares nothing with the signer but the
//! public key.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::wire::Reply;
use crate::world::{World, account_keys};

/// What a client asked for.
struct Asked<'a> {
    method: &'a str,
    target: &'a str,
    host: &'a str,
}

/// The DER of a PEM block.
fn der(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

/// Checks an answer as a client would: from what it sent, and from what it received.
fn verify(world: &World, asked: &Asked<'_>, reply: &Reply, algorithm: &str) {
    let body = format!("sha-256={}", STANDARD.encode(digest(&SHA256, &reply.body)));
    for name in ["digest", "keygen-digest"] {
        assert_eq!(reply.header(name), Some(body.as_str()), "{} {}", asked.method, asked.target);
    }
    let date = reply.header("date").unwrap();
    assert_eq!(reply.header("keygen-date"), Some(date));
    let signed = format!(
        "(request-target): {} {}\nhost: {}\ndate: {date}\ndigest: {body}",
        asked.method.to_lowercase(),
        asked.target,
        asked.host,
    );
    let header = reply.header("keygen-signature").unwrap();
    let start = format!("keyid=\"{}\", algorithm=\"{algorithm}\", signature=\"", world.account);
    let end = "\", headers=\"(request-target) host date digest\"";
    let text = header.strip_prefix(&start).and_then(|rest| rest.strip_suffix(end)).expect(header);
    let stored = account_keys().stored();
    let (kind, key): (&'static dyn VerificationAlgorithm, Vec<u8>) = match algorithm {
        "ed25519" => (&signature::ED25519, hex::decode(&stored.ed25519_public).unwrap()),
        "ecdsa-p256" => (&signature::ECDSA_P256_SHA256_ASN1, der(&stored.ecdsa_public)),
        "rsa-sha256" => (&signature::RSA_PKCS1_2048_8192_SHA256, der(&stored.rsa_public)),
        "rsa-pss-sha256" => return,
        other => panic!("{other}"),
    };
    let verified =
        UnparsedPublicKey::new(kind, key).verify(signed.as_bytes(), &STANDARD.decode(text).unwrap());
    assert!(verified.is_ok(), "{} {} {algorithm}: {signed}", asked.method, asked.target);
}

#[tokio::test]
async fn every_kind_of_answer_is_signed() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let host = world.address.to_string();
    for (method, target, status) in [
        ("GET", "/v1/me", 200),
        ("HEAD", "/v1/me", 200),
        ("GET", "/v1/me?", 200),
        ("GET", "/v1/Me?page[size]=1&x=%7e&y=~", 200),
        ("POST", "/v1/made", 201),
        ("DELETE", "/v1/nothing", 204),
        ("GET", "/v1/away", 303),
        ("GET", "/v1/missing", 404),
        ("GET", "/v1/secret", 401),
        ("GET", "/v1/panic", 500),
        ("HEAD", "/v1/file", 200),
    ] {
        let reply = wire.ask(method, target, &[("Host", &host)], b"").await;
        assert_eq!(reply.status, status, "{method} {target}");
        verify(&world, &Asked { method, target, host: &host }, &reply, "ed25519");
    }
    let large = vec![b' '; 2 << 20];
    let reply = wire.ask("POST", "/v1/made", &[("Host", &host)], &large).await;
    assert_eq!(reply.status, 413);
    verify(&world, &Asked { method: "POST", target: "/v1/made", host: &host }, &reply, "ed25519");
}

#[tokio::test]
async fn clients_choose_the_algorithm_and_the_host_is_theirs() {
    let world = World::with(|settings| settings.domain = Some("example.com".to_owned())).await;
    let mut wire = world.wire().await;
    for algorithm in ["ed25519", "ecdsa-p256", "rsa-sha256", "rsa-pss-sha256"] {
        for host in ["api.example.com", "API.Example.com:8443"] {
            let accept = format!("keyid=\"{}\", algorithm=\"{algorithm}\";", world.account);
            let headers = [("Host", host), ("Keygen-Accept-Signature", accept.as_str())];
            let reply = wire.get("/v1/me", &headers).await;
            assert_eq!(reply.status, 200, "{host}");
            verify(&world, &Asked { method: "GET", target: "/v1/me", host }, &reply, algorithm);
        }
    }
}

#[tokio::test]
async fn another_account_signs_nothing() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let ours = wire.get("/v1/accounts/acme/me", &[]).await;
    assert!(ours.header("keygen-signature").is_some());
    let theirs = wire.get("/v1/accounts/other/me", &[]).await;
    assert_eq!(theirs.header("keygen-signature"), None);
}

#[tokio::test]
async fn engines_sign_when_asked() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let (target, host) = ("/v1/engines/toy/-/ping", world.address.to_string());
    assert_eq!(wire.get(target, &[]).await.header("keygen-signature"), None);
    let asked = [("Host", host.as_str()), ("Keygen-Accept-Signature", "algorithm=\"ed25519\"")];
    let reply = wire.get(target, &asked).await;
    verify(&world, &Asked { method: "GET", target, host: &host }, &reply, "ed25519");
    let odd = [("Keygen-Accept-Signature", "keyid=\"x\", algorithm=\"ed25519\"")];
    let refused = wire.get(target, &odd).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("invalid accept-signature header"), "{}", refused.text());
}

#[tokio::test]
async fn rsa_is_capped_and_the_refusal_is_signed_all_the_same() {
    let world = World::with(|settings| settings.limits.rsa_signatures = 1.try_into().unwrap()).await;
    let mut wire = world.wire().await;
    let host = world.address.to_string();
    let headers = [("Host", host.as_str()), ("Keygen-Accept-Signature", "algorithm=\"rsa-sha256\"")];
    let asked = Asked { method: "GET", target: "/v1/me", host: &host };
    verify(&world, &asked, &wire.get("/v1/me", &headers).await, "rsa-sha256");
    let refused = wire.get("/v1/me", &headers).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    verify(&world, &asked, &refused, "ed25519");
    world.clock.advance(std::time::Duration::from_secs(1));
    verify(&world, &asked, &wire.get("/v1/me", &headers).await, "rsa-sha256");
}
