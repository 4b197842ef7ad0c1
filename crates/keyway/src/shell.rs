//! `keyway token` and `keyway account`: what operators do from the shell, also beside a running server, which
//! follows the change log.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use keyway_base::RecordId;
use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::account::{CustomHost, is_slug};
use keyway_domain::resources::Account;
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::{Declared, Scope};
use keyway_store::Changes;

use crate::cli::{AccountChanges, AccountCommand, TokenCommand};
use crate::clock::SystemClock;
use crate::embedded::Embedded;
use crate::settings::Settings;

/// `keyway token …`.
///
/// # Errors
/// What could not be read or written, in words.
pub(crate) async fn token(settings: &Settings, command: TokenCommand) -> Result<()> {
    let embedded = Embedded::existing(settings, Arc::new(SystemClock)).await?;
    match command {
        TokenCommand::List => {
            for token in embedded.tokens().await? {
                let name = token.name.as_deref().unwrap_or("-");
                let expiry =
                    token.expiry.map_or_else(|| "never expires".to_owned(), |at| format!("until {at}"));
                println!("{}  {:<18} {:<24} made {}, {expiry}", token.id, token.kind, name, token.created_at);
            }
        }
        TokenCommand::Create { product, name } => {
            let new = match product {
                Some(product) => embedded.product_token(&product, name.as_deref()).await?,
                None => embedded.admin_token(name.as_deref()).await?,
            };
            println!("{}", new.secret.expose());
            eprintln!("token {} made; its secret is shown once", new.id);
        }
        TokenCommand::Revoke { id } => {
            let id: RecordId = id
                .parse()
                .ok()
                .with_context(|| format!("'{id}' is not a token's id; `keyway token list` shows them"))?;
            if embedded.revoke_tokens(&Scope::id("id", id)).await? == 0 {
                bail!("there is no token {id}; `keyway token list` shows them");
            }
            println!("token {id} revoked");
        }
    }
    embedded.db.close().await;
    Ok(())
}

/// `keyway account …`.
///
/// # Errors
/// What could not be read or written, in words.
pub(crate) async fn account(settings: &Settings, command: AccountCommand) -> Result<()> {
    let clock = Arc::new(SystemClock);
    match command {
        AccountCommand::List => {
            let embedded = Embedded::existing(settings, clock).await?;
            for account in embedded.accounts().await? {
                let host = account.cname.as_deref().unwrap_or("-");
                println!("{}  {:<24} {:<32} {host}", account.id, account.slug, account.name);
            }
            embedded.db.close().await;
        }
        AccountCommand::Create { name, admin, slug } => {
            if let Some(slug) = &slug {
                check_slug(slug)?;
            }
            let embedded = Embedded::open(settings, clock).await?;
            let token = embedded.found(&name, slug, &admin.to_lowercase()).await?;
            println!("{}", token.secret.expose());
            eprintln!("account made; its first admin's token is shown once");
            embedded.db.close().await;
        }
        AccountCommand::Show => {
            let embedded = Embedded::existing(settings, clock).await?;
            show(embedded.the_account().await?)?;
            embedded.db.close().await;
        }
        AccountCommand::Update(changes) => {
            let embedded = Embedded::existing(settings, clock).await?;
            show(update(&embedded, changes).await?)?;
            embedded.db.close().await;
        }
    }
    Ok(())
}

async fn update(embedded: &Embedded, changes: AccountChanges) -> Result<Account> {
    let AccountChanges { name, slug, cname, subscription, daily_requests } = changes;
    let mut account = embedded.the_account().await?;
    let before = account.clone().into_record();
    if let Some(slug) = &slug {
        check_slug(slug)?;
    }
    account.name = name.unwrap_or(account.name);
    account.slug = slug.unwrap_or(account.slug);
    if let Some(host) = cname {
        account.cname = custom_host(&host)?;
    }
    account.subscription_state = subscription.or(account.subscription_state);
    if let Some(limit) = daily_requests {
        account.daily_request_limit = daily_limit(&limit)?;
    }
    account.updated_at = embedded.clock.wall();
    let id = account.account_id;
    let record = account.into_record();
    let mut write = embedded.db.begin().await?;
    write
        .update(
            &record,
            &["name", "slug", "cname", "subscription_state", "daily_request_limit", "updated_at"],
        )
        .await
        .context("the account cannot be changed")?;
    let mutation = Mutation { before: Some(&before), after: Some(&record) };
    write.commit(Changes::of(id, touches(mutation, &Related::default()))).await?;
    Ok(record.typed()?)
}

fn check_slug(slug: &str) -> Result<()> {
    if !is_slug(slug) {
        bail!("'{slug}' is not a slug: use lower-case letters, digits and dashes, at least two characters");
    }
    Ok(())
}

/// A limit of requests per day; none for the empty text.
fn daily_limit(text: &str) -> Result<Option<i64>> {
    if text.is_empty() {
        return Ok(None);
    }
    let limit: u32 = text.parse().with_context(|| format!("'{text}' is not a number of requests"))?;
    Ok(Some(limit.into()))
}

/// A host of an account's own as it is stored; none for the empty text.
fn custom_host(text: &str) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    let host = CustomHost::parse(text).with_context(|| format!("'{text}' cannot be an account's host"))?;
    Ok(Some(host.into_string()))
}

fn show(account: Account) -> Result<()> {
    let keys = AccountKeys::from_text(&account.keys, account.secret.clone())?;
    println!("id          {}", account.id);
    println!("name        {}", account.name);
    println!("slug        {}", account.slug);
    println!("own host    {}", account.cname.as_deref().unwrap_or("-"));
    println!("API version {}", account.api_version);
    println!("made        {}", account.created_at);
    println!("Ed25519 public key  {}", keys.stored().ed25519_public);
    println!("{}", keys.stored().ecdsa_public);
    println!("{}", keys.stored().rsa_public);
    Ok(())
}
