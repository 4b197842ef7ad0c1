//! The embedded installation: the data directory, its database, and the account made at first start.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use keyway_base::{AccountId, Clock, RecordId, Secret, SlotKey, Timestamp, TokenId};
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::signed_url::{KeyId, UrlKeys};
use keyway_crypto::token::{self, TokenKind};
use keyway_domain::resources::{Account, BearerType, Product, Token, User, UserRole};
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::{
    Changes, Db, Inserted, Location, MaybeContended, Options, Page, SigningKey, StoreError, retrying,
};
use serde_json::json;

use crate::settings::Settings;

/// What the API calls version 1.8: pinned for accounts made now.
const API_VERSION: &str = "1.8";

/// An open installation.
pub(crate) struct Embedded {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A token that was just made: the only time its secret is seen.
pub(crate) struct NewToken {
    pub(crate) id: TokenId,
    pub(crate) secret: Secret<String>,
}

/// Makes the data directory, readable by its owner alone: the database holds the account's keys.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_private(data: &Path) -> Result<()> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| format!("cannot make the data directory {}", data.display()))
}

/// Where the blobs are.
pub(crate) fn blobs(data: &Path) -> PathBuf {
    data.join("blobs")
}

/// How the database is opened: readers as there are cores, or what a database server is to bear.
pub(crate) fn options(settings: &Settings) -> Options {
    let cores =
        std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2));
    let connections = if settings.database.is_shared() { settings.database_connections } else { cores };
    Options { location: settings.database.clone(), connections }
}

impl Embedded {
    /// Opens the installation in the data directory; makes directory and database when they are not there.
    ///
    /// # Errors
    /// A directory or database that cannot be made, opened or migrated.
    pub(crate) async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let data = &settings.data;
        make_private(data)?;
        let db = Db::open(&options(settings)).await?;
        Ok(Self { db, clock })
    }

    /// Opens an installation that a server made before.
    ///
    /// # Errors
    /// As [`Self::open`], and when there is none.
    pub(crate) async fn existing(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        if let Location::File(path) = &settings.database
            && !path.exists()
        {
            bail!(
                "there is no installation in {}: start the server once with `keyway serve --data {0}`, or name another directory with --data",
                settings.data.display()
            );
        }
        Self::open(settings, clock).await
    }

    /// The account, if it was made.
    pub(crate) async fn account(&self) -> Result<Option<Account>> {
        let records = self.db.accounts(Account::RESOURCE).await?;
        Ok(records.first().map(Record::typed).transpose()?)
    }

    /// The account.
    ///
    /// # Errors
    /// When no server was ever started here.
    pub(crate) async fn the_account(&self) -> Result<Account> {
        self.account().await?.context("the installation has no account yet: start the server once")
    }

    /// Makes account and first admin when they are not there; gives the admin's token in that case.
    ///
    /// # Errors
    /// Keys that cannot be generated, a database that cannot be written.
    pub(crate) async fn make_account(&self, settings: &Settings) -> Result<Option<NewToken>> {
        retrying(|| self.make_the_account(settings)).await.map_err(|Failed(error)| error)
    }

    async fn make_the_account(&self, settings: &Settings) -> Result<Option<NewToken>, Failed> {
        if self.account().await?.is_some() {
            return Ok(None);
        }
        let keys = tokio::task::spawn_blocking(AccountKeys::generate).await??;
        let now = self.clock.wall();
        let id = RecordId::generate(now);
        let account = Account {
            id,
            account_id: id.into(),
            environment_id: None,
            created_at: now,
            updated_at: now,
            name: settings.account_name.clone(),
            slug: slug(&settings.account_name),
            api_version: API_VERSION.to_owned(),
            protected: false,
            secret: keys.stored().secret.expose().clone(),
            keys: keys.to_text().into_inner(),
            pypi_upstream: None,
        };
        let admin = admin(id.into(), &settings.admin_email, now);
        let (token, new) =
            new_token(&account, TokenKind::Admin, BearerType::User, admin.id, Some("first admin"), now);
        let mut write = self.db.begin().await?;
        // Asked again inside the transaction: of several servers that start at once on one database, one makes it.
        if write.account(Account::RESOURCE, &Scope::All).await?.is_some() {
            return Ok(None);
        }
        for record in [account.into_record(), admin.into_record(), token.into_record()] {
            if write.insert(&record).await? != Inserted::Yes {
                return Err(anyhow!("the first {} could not be stored", record.resource.name).into());
            }
        }
        write.commit(Changes::of(id.into(), [SlotKey::Account(id.into()).into()])).await?;
        Ok(Some(new))
    }

    /// The keys of signed URLs, made at first start.
    ///
    /// # Errors
    /// A database that cannot be read or written.
    pub(crate) async fn url_keys(&self) -> Result<UrlKeys> {
        let mut keys = self.db.signing_keys().await?;
        if keys.is_empty() {
            let secret = Secret::new(keyway_crypto::random_bytes::<32>().to_vec());
            self.db.add_signing_key(&SigningKey { id: 1, secret, created_at: self.clock.wall() }).await?;
            keys = self.db.signing_keys().await?;
        }
        let first = keys.first().context("the database holds no key for signed URLs")?;
        let start = UrlKeys::new(KeyId(first.id), &first.secret);
        Ok(keys.iter().skip(1).fold(start, |all, key| all.with(KeyId(key.id), &key.secret)))
    }

    /// Makes a token for the first admin.
    ///
    /// # Errors
    /// When there is no admin, or the database cannot be written.
    pub(crate) async fn admin_token(&self, name: Option<&str>) -> Result<NewToken> {
        let account = self.the_account().await?;
        let scope = Scope::text("role", UserRole::Admin.as_str()).and(Scope::IsNull("banned_at"));
        let admin = self.db.find(User::RESOURCE, account.id.into(), &scope).await?;
        let admin = admin.context("the account has no admin")?;
        self.add_token(&account, TokenKind::Admin, BearerType::User, admin.id(), name).await
    }

    /// Makes a token for a product, named by id or code.
    ///
    /// # Errors
    /// When there is no such product, or the database cannot be written.
    pub(crate) async fn product_token(&self, product: &str, name: Option<&str>) -> Result<NewToken> {
        let account = self.the_account().await?;
        let scope = match product.parse::<RecordId>() {
            Ok(id) => Scope::id("id", id),
            Err(_) => Scope::text("code", product),
        };
        let found = self.db.find(Product::RESOURCE, account.id.into(), &scope).await?;
        let found = found.with_context(|| format!("there is no product with the id or code '{product}'"))?;
        self.add_token(&account, TokenKind::Product, BearerType::Product, found.id(), name).await
    }

    async fn add_token(
        &self,
        account: &Account,
        kind: TokenKind,
        bearer_type: BearerType,
        bearer: RecordId,
        name: Option<&str>,
    ) -> Result<NewToken> {
        let (token, new) = new_token(account, kind, bearer_type, bearer, name, self.clock.wall());
        let record = token.into_record();
        let mut write = self.db.begin().await?;
        if write.insert(&record).await? != Inserted::Yes {
            bail!("the token could not be stored");
        }
        let mutation = Mutation { before: None, after: Some(&record) };
        write.commit(Changes::of(account.id.into(), touches(mutation, &Related::default()))).await?;
        Ok(new)
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn tokens(&self) -> Result<Vec<Token>> {
        let account = self.the_account().await?;
        let records = self.db.list(Token::RESOURCE, account.id.into(), &Scope::All, &Page::all()).await?;
        Ok(records.iter().map(Record::typed).collect::<Result<_, _>>()?)
    }

    /// Ends every token that satisfies a scope; says how many there were.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub(crate) async fn revoke_tokens(&self, scope: &Scope) -> Result<usize> {
        let account: AccountId = self.the_account().await?.id.into();
        let mut write = self.db.begin().await?;
        let found = write.all(Token::RESOURCE, account, scope).await?;
        let mut slots = Vec::new();
        for record in &found {
            write.delete(Token::RESOURCE, account, record.id()).await?;
            slots.extend(touches(Mutation { before: Some(record), after: None }, &Related::default()));
        }
        write.commit(Changes::of(account, slots)).await?;
        Ok(found.len())
    }
}

/// Why the account could not be made.
#[derive(Debug)]
struct Failed(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl MaybeContended for Failed {
    fn is_contended(&self) -> bool {
        self.0.downcast_ref::<StoreError>().is_some_and(MaybeContended::is_contended)
    }
}

fn admin(account: AccountId, email: &str, now: Timestamp) -> User {
    User {
        id: RecordId::generate(now),
        account_id: account,
        environment_id: None,
        created_at: now,
        updated_at: now,
        email: email.to_owned(),
        first_name: None,
        last_name: None,
        password_digest: None,
        role: UserRole::Admin,
        permissions: json!(["*"]),
        banned_at: None,
        group_id: None,
        metadata: json!({}),
    }
}

fn new_token(
    account: &Account,
    kind: TokenKind,
    bearer_type: BearerType,
    bearer: RecordId,
    name: Option<&str>,
    now: Timestamp,
) -> (Token, NewToken) {
    let secret = token::generate(kind);
    let account_secret = token::AccountSecret::from_stored(account.secret.clone());
    let account_secret = account_secret.expect("the account's secret was written by us");
    let id = RecordId::generate(now);
    let token = Token {
        id,
        account_id: account.id.into(),
        environment_id: None,
        created_at: now,
        updated_at: now,
        digest: token::digest(&account_secret, secret.expose()).as_bytes().to_vec(),
        bearer_type,
        bearer_id: bearer,
        kind: kind.as_str().to_owned(),
        name: name.map(str::to_owned),
        expiry: None,
        permissions: json!(["*"]),
        max_activations: None,
        activations: 0,
        max_deactivations: None,
        deactivations: 0,
    };
    (token, NewToken { id: id.into(), secret })
}

/// A slug made of a name: letters and digits, dashes between.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.len() < 2 { "keyway".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs_are_readable() {
        for (name, expected) in
            [("Acme, Inc.", "acme-inc"), ("Keyway", "keyway"), ("ß", "keyway"), ("-a", "keyway")]
        {
            assert_eq!(slug(name), expected);
        }
    }
}
