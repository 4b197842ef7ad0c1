//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use keyway_domain::resources::Subscription;

/// Keyway: a licensed package registry gateway.
#[derive(Debug, Parser)]
#[command(name = "keyway", version, about, long_about = None)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(ServeFlags),
    /// Run a server with sample packages and licences, and print the commands customers use
    Quickstart(QuickstartFlags),
    /// Print every setting with its value and where it came from
    Config(ServerFlags),
    /// Check the data directory, disk, clock, database, blob store and public URL
    Doctor(ServerFlags),
    /// Make, list and revoke API tokens
    Token {
        #[command(flatten)]
        server: ServerFlags,
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Show or bring up to date the database's schema (the server does it too when it starts)
    Migrate {
        #[command(flatten)]
        server: ServerFlags,
        #[command(subcommand)]
        command: MigrateCommand,
    },
    /// Copy an installation to another database or another place for files, whole and checked; its servers must be
    /// stopped. Run again, it goes on where it was interrupted
    Move(MoveFlags),
    /// List, make, show or change accounts
    Account {
        #[command(flatten)]
        server: ServerFlags,
        #[command(subcommand)]
        command: AccountCommand,
    },
}

/// The settings as flags; each wins over `KEYWAY_*` variables, which win over the file.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServerFlags {
    /// Read settings from a TOML file
    #[arg(global = true, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:7788]
    #[arg(global = true, long, value_name = "ADDR")]
    listen: Option<String>,
    /// Directory of the embedded database and blob store [default: keyway-data]
    #[arg(global = true, long, value_name = "DIR")]
    data: Option<String>,
    /// One account or many: singleplayer or multiplayer [default: singleplayer]
    #[arg(global = true, long)]
    mode: Option<String>,
    /// Id or slug of the one account, or of the one a command is about [default: the oldest]
    #[arg(global = true, long, value_name = "ID_OR_SLUG")]
    account: Option<String>,
    /// Serve api.DOMAIN and ENGINE.pkg.DOMAIN
    #[arg(global = true, long)]
    domain: Option<String>,
    /// The URL customers reach the server by
    #[arg(global = true, long, value_name = "URL")]
    public_url: Option<String>,
    /// Addresses or networks whose X-Forwarded-* headers count, separated by commas
    #[arg(global = true, long, value_name = "LIST")]
    trusted_proxies: Option<String>,
    /// Python index that unknown names are sent to (off unless set)
    #[arg(global = true, long, value_name = "URL")]
    pypi_upstream: Option<String>,
    /// Whether docker login keeps a token in place of the licence key: on or off [default: on]
    #[arg(global = true, long, value_name = "SWITCH")]
    oci_refresh_tokens: Option<String>,
    /// Requests per window that client credentials may make of the JSON:API, or off [default: 30s:60, 5m:500]
    #[arg(global = true, long, value_name = "WINDOWS")]
    rate_limits: Option<String>,
    /// PEM file with the certificate chain; turns TLS on
    #[arg(global = true, long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// PEM file with the certificate's private key
    #[arg(global = true, long, value_name = "FILE")]
    tls_key: Option<String>,
    /// postgres://USER:PASSWORD@HOST/DATABASE [default: the embedded database in the data directory]
    #[arg(global = true, long, value_name = "URL")]
    database: Option<String>,
    /// Connections that this server may hold to a database server [default: 16]
    #[arg(global = true, long, value_name = "COUNT")]
    database_connections: Option<String>,
    /// Object store: s3://bucket/prefix?endpoint=URL&region=NAME (keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)
    #[arg(global = true, long, value_name = "URL")]
    blobs: Option<String>,
    /// Redirect clients to the object store, stream files to them, or auto [default: auto]
    #[arg(global = true, long, value_name = "MODE")]
    delivery: Option<String>,
    /// Name of the account made at first start
    #[arg(global = true, long, value_name = "NAME")]
    account_name: Option<String>,
    /// E-mail of the first admin
    #[arg(global = true, long, value_name = "EMAIL")]
    admin_email: Option<String>,
    /// Memory for cached packages and documents, in MiB
    #[arg(global = true, long, value_name = "MIB")]
    cache_mib: Option<String>,
    /// Free disk space below which uploads are refused, in MiB
    #[arg(global = true, long, value_name = "MIB")]
    disk_reserve_mib: Option<String>,
    /// How long the event log is kept, in days; 0 is for ever [default: 365]
    #[arg(global = true, long, value_name = "DAYS")]
    event_log_days: Option<String>,
    /// Whether webhooks may be sent to addresses that are not of the internet: on or off
    #[arg(global = true, long, value_name = "ON|OFF")]
    webhook_private_addresses: Option<String>,
    /// How long requests to the API are logged, in days; 0 is not at all [default: 30]
    #[arg(global = true, long, value_name = "DAYS")]
    request_log_days: Option<String>,
    /// The origin of your portal, whose pages may log in with cookies [default: none]
    #[arg(global = true, long, value_name = "ORIGIN")]
    portal_origin: Option<String>,
    /// Where mail goes: smtp://USER:PASSWORD@HOST:PORT?tls=required, smtps://… or file:DIRECTORY [default: none is sent]
    #[arg(global = true, long, value_name = "PLACE")]
    mail: Option<String>,
    /// The sender of mail
    #[arg(global = true, long, value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// Log format: text or json
    #[arg(global = true, long)]
    log: Option<String>,
    /// error, warn, info, debug or trace
    #[arg(global = true, long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// How long a stop waits for running downloads, in seconds
    #[arg(global = true, long, value_name = "SECONDS")]
    stop_seconds: Option<String>,
}

impl ServerFlags {
    /// The flags as the top layer of the settings.
    pub(crate) fn layer(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("listen", self.listen.clone()),
            ("data", self.data.clone()),
            ("mode", self.mode.clone()),
            ("account", self.account.clone()),
            ("domain", self.domain.clone()),
            ("public_url", self.public_url.clone()),
            ("trusted_proxies", self.trusted_proxies.clone()),
            ("pypi_upstream", self.pypi_upstream.clone()),
            ("oci_refresh_tokens", self.oci_refresh_tokens.clone()),
            ("rate_limits", self.rate_limits.clone()),
            ("tls_cert", self.tls_cert.clone()),
            ("tls_key", self.tls_key.clone()),
            ("database", self.database.clone()),
            ("database_connections", self.database_connections.clone()),
            ("blobs", self.blobs.clone()),
            ("delivery", self.delivery.clone()),
            ("account_name", self.account_name.clone()),
            ("admin_email", self.admin_email.clone()),
            ("cache_mib", self.cache_mib.clone()),
            ("disk_reserve_mib", self.disk_reserve_mib.clone()),
            ("event_log_days", self.event_log_days.clone()),
            ("webhook_private_addresses", self.webhook_private_addresses.clone()),
            ("request_log_days", self.request_log_days.clone()),
            ("portal_origin", self.portal_origin.clone()),
            ("mail", self.mail.clone()),
            ("mail_from", self.mail_from.clone()),
            ("log", self.log.clone()),
            ("log_level", self.log_level.clone()),
            ("stop_seconds", self.stop_seconds.clone()),
        ]
    }

    /// Sets a flag that a command implies, unless the user gave it.
    pub(crate) fn imply_data(&mut self, directory: &str) {
        self.data.get_or_insert_with(|| directory.to_owned());
    }

    /// Sets the Python pass-through that a command implies, unless the user gave one.
    pub(crate) fn imply_pypi_upstream(&mut self, url: &str) {
        self.pypi_upstream.get_or_insert_with(|| url.to_owned());
    }
}

/// Flags of `keyway serve`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServeFlags {
    #[command(flatten)]
    pub(crate) server: ServerFlags,
    /// Answer /v1/_test…, which sets up tests past every rule; nothing is secret on such a server
    #[cfg(feature = "test-support")]
    #[arg(long)]
    pub(crate) test_support: bool,
    /// What requests to /v1/_test… must present as a bearer token
    #[cfg(feature = "test-support")]
    #[arg(long, value_name = "TOKEN", requires = "test_support")]
    pub(crate) admin_token: Option<String>,
}

/// Flags of `keyway move`. The source may be described by `KEYWAY_FROM_*` variables, the target by `KEYWAY_*`: what
/// its servers will be started with.
#[derive(Debug, Clone, Args)]
pub(crate) struct MoveFlags {
    /// Settings file of the servers that use the source
    #[arg(long, value_name = "FILE")]
    pub(crate) from_config: Option<PathBuf>,
    /// Data directory of the source [default: keyway-data]
    #[arg(long, value_name = "DIR")]
    from_data: Option<String>,
    /// Database of the source [default: the embedded one in its data directory]
    #[arg(long, value_name = "URL")]
    from_database: Option<String>,
    /// Object store of the source [default: its data directory]
    #[arg(long, value_name = "URL")]
    from_blobs: Option<String>,
    /// Settings file of the servers that will use the target
    #[arg(long, value_name = "FILE")]
    pub(crate) to_config: Option<PathBuf>,
    /// Data directory of the target [default: keyway-data]
    #[arg(long, value_name = "DIR")]
    to_data: Option<String>,
    /// Database of the target, which must be empty [default: an embedded one in its data directory]
    #[arg(long, value_name = "URL")]
    to_database: Option<String>,
    /// Object store of the target [default: its data directory]
    #[arg(long, value_name = "URL")]
    to_blobs: Option<String>,
    /// Look at both ends and count, but copy nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Compare every row and every file of both ends, but copy nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) verify_only: bool,
    /// Go on without files that are missing or damaged at the source; they are listed
    #[arg(long)]
    pub(crate) skip_missing: bool,
}

impl MoveFlags {
    /// The source's flags as the top layer of its settings.
    pub(crate) fn source_layer(&self) -> Vec<(&'static str, Option<String>)> {
        place(&self.from_data, &self.from_database, &self.from_blobs)
    }
    /// The target's flags as the top layer of its settings.
    pub(crate) fn target_layer(&self) -> Vec<(&'static str, Option<String>)> {
        place(&self.to_data, &self.to_database, &self.to_blobs)
    }
}

fn place(
    data: &Option<String>,
    database: &Option<String>,
    blobs: &Option<String>,
) -> Vec<(&'static str, Option<String>)> {
    vec![("data", data.clone()), ("database", database.clone()), ("blobs", blobs.clone())]
}

/// Flags of `keyway quickstart`.
#[derive(Debug, Clone, Args)]
pub(crate) struct QuickstartFlags {
    #[command(flatten)]
    pub(crate) server: ServerFlags,
    /// Run the printed commands with the real clients, report, and stop
    #[arg(long)]
    pub(crate) check: bool,
}

/// What to do with the schema.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum MigrateCommand {
    /// List every step, and whether the database has taken it
    Status,
    /// Take the steps that are missing
    Up {
        /// Print what would be run instead of running it
        #[arg(long)]
        dry_run: bool,
    },
}

/// What to do with tokens.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum TokenCommand {
    /// List tokens (never their secrets)
    List,
    /// Make a token for the admin user, a product or an environment and print it once
    Create {
        /// A product's id or code; without it, the token is the first admin's
        #[arg(long)]
        product: Option<String>,
        /// A display name
        #[arg(long)]
        name: Option<String>,
    },
    /// Revoke a token at once
    Revoke {
        /// The token's id, as `list` shows it
        id: String,
    },
}

/// What is to be changed of an account.
#[derive(Debug, Clone, Args)]
pub(crate) struct AccountChanges {
    /// New display name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// New slug
    #[arg(long)]
    pub(crate) slug: Option<String>,
    /// A host of the account's own, such as get.acme.com; empty takes it away
    #[arg(long, value_name = "HOST")]
    pub(crate) cname: Option<String>,
    /// How it stands: pending, trialing, subscribed, canceling, or (not served) paused, canceled
    #[arg(long, value_name = "STATE", value_parser = subscription)]
    pub(crate) subscription: Option<Subscription>,
    /// How many requests to the JSON:API it may make a day; empty takes the limit away
    #[arg(long, value_name = "COUNT")]
    pub(crate) daily_requests: Option<String>,
}

fn subscription(text: &str) -> Result<Subscription, String> {
    Subscription::parse(text).ok_or_else(|| format!("it is one of {}", Subscription::TEXTS.join(", ")))
}

/// What to do with accounts.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum AccountCommand {
    /// List accounts
    List,
    /// Make an account with its first admin and print the admin's token once (for multiplayer servers)
    Create {
        /// Display name
        #[arg(long)]
        name: String,
        /// E-mail of the first admin
        #[arg(long, value_name = "EMAIL")]
        admin: String,
        /// Short name for paths [default: made of the name]
        #[arg(long)]
        slug: Option<String>,
    },
    /// Show an account with its public keys
    Show,
    /// Change an account: its names, its own host, how it stands
    Update(AccountChanges),
}
