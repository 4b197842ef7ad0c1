//! `keyway doctor`: checks what a server stands on, and says what to mend.

use std::sync::Arc;
use std::time::Duration;

use keyway_base::{Clock, Timestamp};
use keyway_blob::{BlobStore, DiskOptions, Room};
use tokio::net::TcpStream;

use crate::blobs;
use crate::clock::SystemClock;
use crate::embedded::{self, Embedded};
use crate::settings::Settings;

/// 2026-01-01: a clock that shows less is wrong.
const PAST: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// One finding: what was looked at, and what was found or what to do.
struct Finding {
    about: &'static str,
    outcome: Result<String, String>,
}

/// Runs every check and prints it; `true` when all is well.
pub(crate) async fn run(settings: &Settings) -> bool {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let findings = [
        Finding { about: "data directory", outcome: directory(settings) },
        Finding { about: "clock", outcome: time(clock.wall()) },
        Finding { about: "database", outcome: database(settings, &clock).await },
        Finding { about: "blob store", outcome: blobs(settings).await },
        Finding { about: "public URL", outcome: public_url(settings).await },
        Finding { about: "images", outcome: Ok(images(settings)) },
    ];
    for Finding { about, outcome } in &findings {
        match outcome {
            Ok(found) => println!("ok     {about:<15} {found}"),
            Err(mend) => println!("mend   {about:<15} {mend}"),
        }
    }
    findings.iter().all(|finding| finding.outcome.is_ok())
}

fn directory(settings: &Settings) -> Result<String, String> {
    if !settings.keeps_data() {
        return Ok("is not needed: records and files are elsewhere".to_owned());
    }
    let data = &settings.data;
    let shown = data.display();
    if !data.is_dir() {
        return Err(format!("{shown} is not there yet: `keyway serve --data {shown}` makes it"));
    }
    let probe = data.join(".doctor");
    std::fs::write(&probe, b"probe").and_then(|()| std::fs::remove_file(&probe)).map_err(|error| {
        format!("{shown} cannot be written ({error}): give it to the user that runs the server")
    })?;
    Ok(format!("{shown} can be written"))
}

fn time(now: Timestamp) -> Result<String, String> {
    if now < PAST {
        return Err(format!("shows {now}: set it, or licences expire at the wrong time"));
    }
    Ok(format!("shows {now}"))
}

async fn database(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<String, String> {
    let embedded =
        Embedded::existing(settings, Arc::clone(clock)).await.map_err(|error| format!("{error:#}"))?;
    embedded.db.ping().await.map_err(|error| format!("does not answer: {error}"))?;
    let accounts = embedded.accounts().await.map_err(|error| format!("cannot be read: {error:#}"))?;
    let jobs = embedded.db.pending_jobs().await.map_err(|error| format!("cannot be read: {error}"))?;
    embedded.db.close().await;
    match accounts.as_slice() {
        [] => Err("holds no account yet: start the server once, or `keyway account create`".to_owned()),
        [account] => Ok(format!("account '{}', {jobs} jobs waiting", account.name)),
        accounts => Ok(format!("{} accounts, {jobs} jobs waiting", accounts.len())),
    }
}

async fn blobs(settings: &Settings) -> Result<String, String> {
    let (sends, _) = settings.sends_to_store().map_err(|error| error.to_string())?;
    if let Some(options) = &settings.object_store {
        blobs::object_store(options, sends).await.map_err(|error| format!("{error:#}"))?;
        let how = if sends { "clients are sent there" } else { "files pass through the server" };
        return Ok(format!("{options} can be written and read; {how}"));
    }
    let root = embedded::blobs(&settings.data);
    if !root.is_dir() {
        return Err(format!("{} is not there yet: start the server once", root.display()));
    }
    let options = DiskOptions { reserve: settings.disk_reserve, ..DiskOptions::new(&root) };
    let store = BlobStore::open(options).await.map_err(|error| error.to_string())?;
    let room = store
        .check()
        .await
        .map_err(|error| format!("{error}: free some space, or lower disk_reserve_mib"))?;
    Ok(match room {
        Room::Free(free) => format!("{} MiB free", free >> 20),
        Room::Endless => "has room".to_owned(),
    })
}

/// The URL that customers are told.
fn told_url(settings: &Settings) -> String {
    settings.public_url.clone().unwrap_or_else(|| settings.local_url())
}

/// Host and port of a URL.
fn address(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    Some(format!("{}:{}", uri.host()?, uri.port_u16().unwrap_or(default)))
}

/// Where images are pulled from, and what keeps docker from it.
fn images(settings: &Settings) -> String {
    let url = told_url(settings);
    let Ok(uri) = url.parse::<http::Uri>() else { return format!("pulled from nowhere: {url} is not a URL") };
    let named = settings.domain.as_ref().map(|domain| format!("oci.pkg.{domain}"));
    let host = named.as_deref().or(uri.host()).unwrap_or_default();
    let port = uri.port_u16().map_or_else(String::new, |port| format!(":{port}"));
    let from = format!("pulled from {host}{port}/NAME");
    let is_here = host == "localhost" || host.starts_with("127.") || host == "[::1]";
    if uri.scheme_str() == Some("https") || is_here {
        return from;
    }
    format!("{from}; docker speaks to it over TLS only: set tls_cert and tls_key, or an https public_url")
}

/// Whether something listens where customers are told to go.
async fn public_url(settings: &Settings) -> Result<String, String> {
    let url = told_url(settings);
    let address = address(&url).ok_or_else(|| format!("{url} is not a URL"))?;
    match tokio::time::timeout(Duration::from_secs(5), TcpStream::connect(&address)).await {
        Ok(Ok(_)) => Ok(format!("{url} accepts connections")),
        Ok(Err(error)) => Err(format!(
            "{url} cannot be reached ({error}): is the server running, and does its name lead here?"
        )),
        Err(_) => Err(format!("{url} did not answer within 5 seconds: check name, firewall and proxy")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{KNOWN, Layers};

    #[test]
    fn images_are_pulled_from_where_docker_can_speak_to() {
        for (name, value, expected) in [
            ("listen", "127.0.0.1:7788", "pulled from 127.0.0.1:7788/NAME"),
            ("public_url", "https://k.example.com", "pulled from k.example.com/NAME"),
            ("public_url", "http://k.example.com:81", "pulled from k.example.com:81/NAME; docker speaks"),
            ("public_url", "https://[::1]", "pulled from [::1]/NAME"),
            ("public_url", "http://[::1]:81", "pulled from [::1]:81/NAME"),
            ("public_url", "https://k.example.com/base", "pulled from k.example.com/NAME"),
            ("domain", "example.com", "pulled from oci.pkg.example.com:7788/NAME; docker speaks"),
        ] {
            let mut layers = Layers::defaults(KNOWN);
            layers.flags("--", &[(name, Some(value.to_owned()))]);
            let found = images(&Settings::parse(&layers).unwrap());
            assert!(found.starts_with(expected), "{name}={value}: {found}");
            assert_eq!(found.contains("TLS"), expected.contains(';'), "{found}");
        }
    }

    #[test]
    fn a_url_without_a_port_has_that_of_its_scheme() {
        for (url, expected) in [
            ("https://k.example.com", "k.example.com:443"),
            ("http://k.example.com/base", "k.example.com:80"),
            ("https://[::1]", "[::1]:443"),
            ("http://[2001:db8::1]:81/base", "[2001:db8::1]:81"),
        ] {
            assert_eq!(address(url).as_deref(), Some(expected), "{url}");
        }
        assert_eq!(address("not a url"), None);
    }
}
