//! `keyway token` and `keyway account`: what operators do from the shell, also beside a running server, which
//! follows the change log.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use keyway_base::{RecordId, SlotKey};
use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::resources::Account;
use keyway_jsonapi::{Declared, Scope};
use keyway_store::Changes;

use crate::cli::{AccountCommand, TokenCommand};
use crate::clock::SystemClock;
use crate::embedded::Embedded;
use crate::settings::Settings;

/// `keyway token …`.
///
/// # Errors
/// What could not be read or written, in words.
pub(crate) async fn token(settings: &Settings, command: TokenCommand) -> Result<()> {
    let embedded = Embedded::existing(settings, Arc::new(SystemClock::start())).await?;
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
    let embedded = Embedded::existing(settings, Arc::new(SystemClock::start())).await?;
    let mut account = embedded.the_account().await?;
    if let AccountCommand::Update { name, slug } = command {
        if let Some(slug) = &slug {
            check_slug(slug)?;
        }
        account.name = name.unwrap_or(account.name);
        account.slug = slug.unwrap_or(account.slug);
        account.updated_at = embedded.clock.wall();
        let id = account.account_id;
        let record = account.into_record();
        let mut write = embedded.db.begin().await?;
        write.update(&record, &["name", "slug", "updated_at"]).await?;
        write.commit(Changes::of(id, [SlotKey::Account(id).into()])).await?;
        account = record.typed()?;
    }
    show(account)?;
    embedded.db.close().await;
    Ok(())
}

fn check_slug(slug: &str) -> Result<()> {
    let good = slug.len() >= 2
        && slug.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && slug.parse::<RecordId>().is_err();
    if !good {
        bail!("'{slug}' is not a slug: use lower-case letters, digits and dashes, at least two characters");
    }
    Ok(())
}

fn show(account: Account) -> Result<()> {
    let keys = AccountKeys::from_text(&account.keys, account.secret.clone())?;
    println!("id          {}", account.id);
    println!("name        {}", account.name);
    println!("slug        {}", account.slug);
    println!("API version {}", account.api_version);
    println!("made        {}", account.created_at);
    println!("Ed25519 public key  {}", keys.stored().ed25519_public);
    println!("{}", keys.stored().ecdsa_public);
    println!("{}", keys.stored().rsa_public);
    Ok(())
}
