//! The sample world: one product, its packages, and five licences that differ in one thing each.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use http::Method;
use serde_json::{Value, json};

use super::client::Client;
use super::samples::{File, PACKAGES, Package, Release};

/// How long processing of one small upload may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was made.
pub(super) struct World {
    pub(super) licenses: Vec<License>,
}

/// A licence and what it is there to show.
pub(super) struct License {
    pub(super) slug: &'static str,
    pub(super) about: &'static str,
    pub(super) key: String,
    pub(super) gets: Gets,
}

/// What a licence has of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gets {
    /// Everything.
    All,
    /// What came out before it ended.
    Older,
    /// Nothing that needs the entitlement PRO.
    Plain,
    /// Nothing.
    Nothing,
}

/// Slug, explanation, what it gets.
const LICENSES: &[(&str, &str, Gets)] = &[
    ("good", "in good standing", Gets::All),
    ("suspended", "suspended by the vendor", Gets::Nothing),
    ("expired", "expired two years ago", Gets::Nothing),
    ("lapsed", "expired before the apps' newest version, and keeps what came before", Gets::Older),
    ("unentitled", "lacks the entitlement PRO", Gets::Plain),
];

impl World {
    /// Finds or makes everything.
    ///
    /// # Errors
    /// The first request that was refused, with the server's words.
    pub(super) async fn make(client: &Client) -> Result<Self> {
        let product = find_or_create(
            client,
            "/v1/products/acme",
            "/v1/products",
            json!({"data": {"type": "products",
            "attributes": {"name": "Acme", "code": "acme", "distributionStrategy": "LICENSED"}}}),
        )
        .await?;
        let pro = find_or_create(
            client,
            "/v1/entitlements/PRO",
            "/v1/entitlements",
            json!({"data": {
            "type": "entitlements", "attributes": {"name": "Pro features", "code": "PRO"}}}),
        )
        .await?;
        let standard = policy(client, &product, "Standard", "REVOKE_ACCESS").await?;
        let perpetual = policy(client, &product, "Perpetual", "RESTRICT_ACCESS").await?;
        for package in PACKAGES {
            publish(client, &product, &pro, package)
                .await
                .with_context(|| format!("{} {}", package.engine, package.key))?;
            println!("published {} {} ({} releases)", package.engine, package.key, package.releases.len());
        }
        let mut licenses = Vec::new();
        for (slug, about, gets) in LICENSES {
            let policy = if *gets == Gets::Older { &perpetual } else { &standard };
            let key =
                license(client, policy, &pro, slug).await.with_context(|| format!("licence '{slug}'"))?;
            licenses.push(License { slug, about, key, gets: *gets });
        }
        Ok(Self { licenses })
    }
}

fn id(document: &Value) -> Result<String> {
    let id = document["data"]["id"].as_str().context("the server's answer has no id")?;
    Ok(id.to_owned())
}

fn relation(kind: &str, id: &str) -> Value {
    json!({"data": {"type": kind, "id": id}})
}

async fn find_or_create(client: &Client, show: &str, create: &str, body: Value) -> Result<String> {
    match client.get(show).await? {
        Some(found) => id(&found),
        None => id(&client.send_json(Method::POST, create, &body).await?),
    }
}

async fn policy(client: &Client, product: &str, name: &str, expiration: &str) -> Result<String> {
    let listed = client.get(&format!("/v1/policies?product={product}&limit=100")).await?.unwrap_or_default();
    let known = listed["data"].as_array().into_iter().flatten().find(|p| p["attributes"]["name"] == name);
    if let Some(policy) = known {
        return Ok(policy["id"].as_str().context("a policy has an id")?.to_owned());
    }
    let body = json!({"data": {"type": "policies",
        "attributes": {"name": name, "authenticationStrategy": "MIXED", "expirationStrategy": expiration},
        "relationships": {"product": relation("products", product)}}});
    id(&client.send_json(Method::POST, "/v1/policies", &body).await?)
}

async fn license(client: &Client, policy: &str, pro: &str, slug: &str) -> Result<String> {
    let listed = client.get(&format!("/v1/licenses?metadata[quickstart]={slug}")).await?.unwrap_or_default();
    if let Some(key) = listed["data"][0]["attributes"]["key"].as_str() {
        return Ok(key.to_owned());
    }
    let mut attributes = json!({"name": format!("Quickstart ({slug})"), "metadata": {"quickstart": slug}});
    if matches!(slug, "expired" | "lapsed") {
        attributes["expiry"] = json!("2024-11-01T00:00:00.000Z");
    }
    let body = json!({"data": {"type": "licenses", "attributes": attributes,
        "relationships": {"policy": relation("policies", policy)}}});
    let made = client.send_json(Method::POST, "/v1/licenses", &body).await?;
    let license = id(&made)?;
    if slug != "unentitled" {
        let body = json!({"data": [{"type": "entitlements", "id": pro}]});
        client.send_json(Method::POST, &format!("/v1/licenses/{license}/entitlements"), &body).await?;
    }
    if slug == "suspended" {
        client
            .send_json(Method::POST, &format!("/v1/licenses/{license}/actions/suspend"), &Value::Null)
            .await?;
    }
    Ok(made["data"]["attributes"]["key"].as_str().context("a licence has a key")?.to_owned())
}

async fn publish(client: &Client, product: &str, pro: &str, package: &Package) -> Result<()> {
    let listed =
        client.get(&format!("/v1/packages?product={product}&engine={}&limit=100", package.engine)).await?;
    let listed = listed.unwrap_or_default();
    let known =
        listed["data"].as_array().into_iter().flatten().find(|p| p["attributes"]["key"] == package.key);
    let package_id = match known {
        Some(known) => known["id"].as_str().context("a package has an id")?.to_owned(),
        None => {
            let metadata: Value = package.metadata.iter().map(|(name, text)| (*name, json!(text))).collect();
            let body = json!({"data": {"type": "packages",
                "attributes": {"name": package.name, "key": package.key, "engine": package.engine, "metadata": metadata},
                "relationships": {"product": relation("products", product)}}});
            id(&client.send_json(Method::POST, "/v1/packages", &body).await?)?
        }
    };
    for sample in package.releases {
        let release = release(client, product, pro, &package_id, sample).await?;
        for file in sample.files {
            upload(client, &release, file).await.with_context(|| file.name.to_owned())?;
        }
        if client.get(&format!("/v1/releases/{release}")).await?.unwrap_or_default()["data"]["attributes"]["status"]
            == "DRAFT"
        {
            client
                .send_json(Method::POST, &format!("/v1/releases/{release}/actions/publish"), &Value::Null)
                .await?;
        }
    }
    Ok(())
}

async fn release(
    client: &Client,
    product: &str,
    pro: &str,
    package: &str,
    sample: &Release,
) -> Result<String> {
    let constraints = if sample.pro {
        json!({"data": [{"type": "constraints", "relationships": {"entitlement": relation("entitlements", pro)}}]})
    } else {
        json!({"data": []})
    };
    let mut body = json!({"data": {"type": "releases",
        "attributes": {"version": sample.version, "channel": sample.channel, "status": "DRAFT"},
        "relationships": {"product": relation("products", product), "package": relation("packages", package)}}});
    if sample.pro {
        body["data"]["relationships"]["constraints"] = constraints;
    }
    if let Some(time) = sample.backdated {
        body["data"]["attributes"]["backdated"] = json!(time);
    }
    let show = format!("/v1/releases/{}?package={package}", sample.version);
    find_or_create(client, &show, "/v1/releases", body).await
}

async fn upload(client: &Client, release: &str, file: &File) -> Result<()> {
    let listed =
        client.get(&format!("/v1/releases/{release}/artifacts?limit=100")).await?.unwrap_or_default();
    let known =
        listed["data"].as_array().into_iter().flatten().find(|a| a["attributes"]["filename"] == file.name);
    if known.is_some_and(|artifact| artifact["attributes"]["status"] == "UPLOADED") {
        return Ok(());
    }
    if let Some(stale) = known.and_then(|artifact| artifact["id"].as_str()) {
        client.send_json(Method::DELETE, &format!("/v1/artifacts/{stale}"), &Value::Null).await?;
    }
    let mut attributes = json!({"filename": file.name, "filesize": file.bytes.len()});
    if let (Some(platform), Some(arch)) = (file.platform, file.arch) {
        attributes["platform"] = json!(platform);
        attributes["arch"] = json!(arch);
    }
    let body = json!({"data": {"type": "artifacts", "attributes": attributes,
        "relationships": {"release": relation("releases", release)}}});
    let made = client.send_json(Method::POST, "/v1/artifacts?prefer=no-redirect", &body).await?;
    let url = made["data"]["links"]["redirect"].as_str().context("the server gave no upload URL")?;
    client.put(url, file.bytes).await?;
    processed(client, &id(&made)?).await
}

/// Waits until the artifact is ready, or says why it is not.
async fn processed(client: &Client, artifact: &str) -> Result<()> {
    let wait = async {
        let mut tick = tokio::time::interval(Duration::from_millis(25));
        loop {
            tick.tick().await;
            let shown = client
                .get(&format!("/v1/artifacts/{artifact}?prefer=no-download"))
                .await?
                .unwrap_or_default();
            let attributes = &shown["data"]["attributes"];
            match attributes["status"].as_str() {
                Some("UPLOADED") => return Ok(()),
                Some("WAITING" | "PROCESSING") => {}
                status => {
                    bail!("processing ended as {}: {}", status.unwrap_or("nothing"), attributes["failure"])
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.context("processing took longer than 30 seconds")?
}
