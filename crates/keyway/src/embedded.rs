//! The embedded installation: the data directory, its database, and the account made at first start.

use std::collections::BTreeSet;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use keyway_base::{AccountId, Clock, RecordId, Secret, Timestamp, TokenId};
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::signed_url::{KeyId, UrlKeys};
use keyway_crypto::token::{self, TokenKind};
use keyway_domain::account::{is_slug, slug_of};
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
    /// The account that is asked for, by id or slug.
    chosen: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A token that was just made: the only time its secret is seen.
#[derive(Clone)]
pub(crate) struct NewToken {
    pub(crate) id: TokenId,
    pub(crate) secret: Secret<String>,
}

/// An account that is to be stored, with its first admin and the admin's token.
struct Founding {
    account: AccountId,
    records: [Record; 3],
    token: NewToken,
}

/// Beside which others an account may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    /// Beside none.
    First,
    /// Beside any.
    New,
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
        if settings.keeps_data() {
            make_private(data)?;
        }
        let db = Db::open(&options(settings)).await?;
        Ok(Self { db, chosen: settings.account.clone(), clock })
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

    /// Every account, oldest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn accounts(&self) -> Result<Vec<Account>> {
        let records = self.db.accounts(Account::RESOURCE).await?;
        Ok(records.iter().map(Record::typed).collect::<Result<_, _>>()?)
    }

    /// The account that was asked for, else the oldest.
    ///
    /// # Errors
    /// When there is none, or none that was asked for.
    pub(crate) async fn the_account(&self) -> Result<Account> {
        let scope = match self.chosen.as_deref().map(|name| (name, name.parse::<RecordId>())) {
            None => Scope::All,
            Some((_, Ok(id))) => Scope::id("id", id),
            Some((slug, Err(_))) => Scope::IsCaseless("slug", slug.to_ascii_lowercase()),
        };
        let record = self.db.account(Account::RESOURCE, &scope).await?;
        let record = record.with_context(|| match &self.chosen {
            Some(name) => format!("setting 'account' is '{name}', which is no account's id or slug; `keyway account list` shows them"),
            None => "the installation has no account yet: start the server once, or `keyway account create`".to_owned(),
        })?;
        Ok(record.typed()?)
    }

    /// Makes account and first admin when there is no account; gives the admin's token in that case.
    ///
    /// # Errors
    /// As [`Self::found`], and when the account that was asked for is not there.
    pub(crate) async fn make_account(&self, settings: &Settings) -> Result<Option<NewToken>> {
        if !self.accounts().await?.is_empty() {
            self.the_account().await?;
            return Ok(None);
        }
        let chosen = self.chosen.clone().filter(|name| is_slug(name));
        let founding = self.founding(&settings.account_name, chosen, &settings.admin_email).await?;
        self.keep(&founding, Only::First).await
    }

    /// Makes an account with its first admin and gives the admin's token.
    ///
    /// # Errors
    /// Keys that cannot be generated, a slug that is taken, a database that cannot be written.
    pub(crate) async fn found(&self, name: &str, slug: Option<String>, email: &str) -> Result<NewToken> {
        let founding = self.founding(name, slug, email).await?;
        self.keep(&founding, Only::New).await?.context("the account could not be made")
    }

    async fn founding(&self, name: &str, slug: Option<String>, email: &str) -> Result<Founding> {
        let keys = tokio::task::spawn_blocking(AccountKeys::generate).await??;
        let now = self.clock.wall();
        let id = RecordId::generate(now);
        let account = Account {
            id,
            account_id: id.into(),
            environment_id: None,
            created_at: now,
            updated_at: now,
            name: name.to_owned(),
            slug: slug.unwrap_or_else(|| slug_of(name)),
            api_version: API_VERSION.to_owned(),
            protected: false,
            secret: keys.stored().secret.expose().clone(),
            keys: keys.to_text().into_inner(),
            pypi_upstream: None,
            cname: None,
            subscription_state: None,
            daily_request_limit: None,
        };
        let admin = admin(id.into(), email, now);
        let (token, new) =
            new_token(&account, TokenKind::Admin, BearerType::User, admin.id, Some("first admin"), now);
        let records = [account.into_record(), admin.into_record(), token.into_record()];
        Ok(Founding { account: id.into(), records, token: new })
    }

    /// Stores a new account; nothing when it is to be the first and is not.
    async fn keep(&self, founding: &Founding, only: Only) -> Result<Option<NewToken>> {
        let kept = retrying(|| self.store(founding, only)).await.map_err(|Failed(error)| error)?;
        Ok(kept.then(|| founding.token.clone()))
    }

    async fn store(&self, founding: &Founding, only: Only) -> Result<bool, Failed> {
        let mut write = self.db.begin().await?;
        // Asked again inside the transaction: of several servers that start at once on one database, one makes it.
        if only == Only::First && write.account(Account::RESOURCE, &Scope::All).await?.is_some() {
            return Ok(false);
        }
        let mut slots = BTreeSet::new();
        for record in &founding.records {
            if write.insert(record).await? != Inserted::Yes {
                let what = record.resource.name;
                return Err(anyhow!("the {what} could not be stored: is the slug another account's?").into());
            }
            slots.extend(touches(Mutation { before: None, after: Some(record) }, &Related::default()));
        }
        write.commit(Changes::of(founding.account, slots)).await?;
        Ok(true)
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
        password_reset_digest: None,
        password_reset_at: None,
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
