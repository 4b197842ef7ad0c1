//! Our signed URLs against the SDK's: the same request signed at the same moment has the same signature.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials as SdkCredentials, Region, RequestChecksumCalculation,
};
use aws_sdk_s3::presigning::PresigningConfig;
use keyway_base::{Secret, Timestamp};
use keyway_crypto::sigv4::{Credentials, DayKey, Request};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SECONDS: u64 = 1_795_000_000;

fn client(token: Option<&str>) -> Client {
    let credentials = SdkCredentials::new("AKIDEXAMPLE", SECRET, token.map(str::to_owned), None, "test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(credentials)
        .endpoint_url("https://s3.example.com:8333")
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .force_path_style(true);
    Client::from_conf(config.build())
}

fn at() -> PresigningConfig {
    let start: SystemTime = UNIX_EPOCH + Duration::from_secs(SECONDS);
    PresigningConfig::builder().start_time(start).expires_in(Duration::from_secs(120)).build().unwrap()
}

/// Signs the request of an SDK's URL anew; everything but the signature's own parameters is taken from it.
fn again(method: &str, path: &str, url: &str, token: Option<&str>) -> String {
    let query = url.split_once('?').unwrap().1;
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.starts_with("X-Amz-"))
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let pairs: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new(SECRET.to_owned()),
        session_token: token.map(|token| Secret::new(token.to_owned())),
    };
    let at = Timestamp::from_seconds(i64::try_from(SECONDS).unwrap()).unwrap();
    let key = DayKey::derive(&credentials.secret_access_key, "eu-central-1", at);
    let host = "s3.example.com:8333";
    key.presign(&credentials, &Request { method, host, path, query: &pairs, at, seconds: 120 })
}

/// The parameters of a URL, in an order of their own.
fn parameters(url: &str) -> (String, Vec<String>) {
    let (place, query) = url.split_once('?').unwrap();
    let mut parameters: Vec<String> = query.split('&').map(str::to_owned).collect();
    parameters.sort();
    (place.to_owned(), parameters)
}

const KEYS: [&str; 5] =
    ["blobs/a/b", "odd &+=?#%.txt", "ünïcode/€", "-_.~/dots..", "spaces and 'quotes' (and) [more]*!"];

#[tokio::test]
async fn signatures_are_those_of_the_sdk() {
    for token in [None, Some("session/token+with=all")] {
        let client = client(token);
        for key in KEYS {
            let (bucket, path) = ("acme-files", format!("/acme-files/{key}"));
            let get = client
                .get_object()
                .bucket(bucket)
                .key(key)
                .response_content_type("application/x-tar; q=\"1\"")
                .response_content_disposition("attachment; filename=\"a b.txt\"; filename*=UTF-8''%E2%82%AC");
            let get = get.presigned(at()).await.unwrap();
            let head = client.head_object().bucket(bucket).key(key).presigned(at()).await.unwrap();
            let put = client.put_object().bucket(bucket).key(key).presigned(at()).await.unwrap();
            let part = client.upload_part().bucket(bucket).key(key).upload_id("up/+=").part_number(7);
            let part = part.presigned(at()).await.unwrap();
            for (method, theirs) in [("GET", get), ("HEAD", head), ("PUT", put), ("PUT", part)] {
                assert_eq!(theirs.method(), method);
                let ours = again(method, &path, theirs.uri(), token);
                let ours = format!("https://s3.example.com:8333{ours}");
                assert_eq!(parameters(&ours), parameters(theirs.uri()), "{method} {key}");
            }
        }
    }
}
