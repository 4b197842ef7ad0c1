//! Every setting with its default and what it is for, as `keyway config` prints them.

use super::Known;

/// Every setting there is.
pub(crate) const KNOWN: &[Known] = &[
    Known { name: "listen", default: "127.0.0.1:7788", about: "address and port to listen on" },
    Known {
        name: "data",
        default: "keyway-data",
        about: "directory of the embedded database and blob store",
    },
    Known {
        name: "mode",
        default: "singleplayer",
        about: "one account (singleplayer) or many (multiplayer)",
    },
    Known {
        name: "account",
        default: "",
        about: "id or slug of the one account, or of the one a command is about; the oldest unless set",
    },
    Known { name: "domain", default: "", about: "serve api.DOMAIN and ENGINE.pkg.DOMAIN" },
    Known {
        name: "public_url",
        default: "",
        about: "the URL customers reach the server by, for links in documents",
    },
    Known {
        name: "trusted_proxies",
        default: "",
        about: "addresses or networks whose X-Forwarded-* headers count",
    },
    Known {
        name: "pypi_upstream",
        default: "",
        about: "Python index that unknown names are sent to; empty is off",
    },
    Known {
        name: "oci_refresh_tokens",
        default: "on",
        about: "whether docker login keeps a token in place of the licence key: on or off",
    },
    Known {
        name: "rate_limits",
        default: "30s:60, 5m:500",
        about: "requests per window that client credentials may make of the JSON:API; off is off",
    },
    Known { name: "tls_cert", default: "", about: "PEM file with the certificate chain; turns TLS on" },
    Known { name: "tls_key", default: "", about: "PEM file with the certificate's private key" },
    Known {
        name: "database",
        default: "",
        about: "postgres://USER:PASSWORD@HOST/DATABASE; empty is the embedded database in the data directory",
    },
    Known {
        name: "database_connections",
        default: "16",
        about: "connections that this server may hold to a database server",
    },
    Known {
        name: "blobs",
        default: "",
        about: "object store, s3://bucket/prefix?endpoint=URL&region=NAME; empty keeps files in the data directory",
    },
    Known { name: "s3_access_key_id", default: "", about: "the object store's access key" },
    Known { name: "s3_secret_access_key", default: "", about: "its secret" },
    Known { name: "s3_session_token", default: "", about: "the session token of temporary keys" },
    Known { name: "s3_role_arn", default: "", about: "the role to assume with a web identity's token" },
    Known { name: "s3_role_session", default: "", about: "how its sessions are called" },
    Known { name: "s3_web_identity_token_file", default: "", about: "the file with that token" },
    Known {
        name: "s3_sts_endpoint",
        default: "",
        about: "the service that exchanges it; AWS's in the region",
    },
    Known {
        name: "s3_container_credentials",
        default: "",
        about: "URL or path of a container's credentials",
    },
    Known { name: "s3_container_token", default: "", about: "the authorization for it" },
    Known { name: "s3_container_token_file", default: "", about: "the file with that authorization" },
    Known {
        name: "s3_instance_metadata",
        default: "",
        about: "http://169.254.169.254 to use the role of a virtual machine",
    },
    Known {
        name: "delivery",
        default: "auto",
        about: "redirect clients to the object store, stream files to them, or auto: redirect where it works",
    },
    Known { name: "account_name", default: "Keyway", about: "name of the account made at first start" },
    Known { name: "admin_email", default: "admin@localhost.localdomain", about: "e-mail of the first admin" },
    Known { name: "cache_mib", default: "256", about: "memory for cached packages and documents, in MiB" },
    Known {
        name: "disk_reserve_mib",
        default: "256",
        about: "free disk space below which uploads are refused, in MiB",
    },
    Known {
        name: "event_log_days",
        default: "365",
        about: "how long the event log is kept, in days; 0 is for ever",
    },
    Known {
        name: "webhook_private_addresses",
        default: "off",
        about: "whether webhooks may be sent to addresses that are not of the internet: on or off",
    },
    Known {
        name: "request_log_days",
        default: "30",
        about: "how long requests to the API are logged, in days; 0 is not at all",
    },
    Known {
        name: "portal_origin",
        default: "",
        about: "the origin of your portal, such as https://portal.example.com, whose pages may log in with cookies",
    },
    Known {
        name: "mail",
        default: "",
        about: "smtp://USER:PASSWORD@HOST:PORT?tls=required, smtps://…, or file:DIRECTORY; empty sends no mail",
    },
    Known { name: "mail_from", default: "", about: "the sender of mail" },
    Known { name: "log", default: "text", about: "log format: text or json" },
    Known { name: "log_level", default: "info", about: "error, warn, info, debug or trace" },
    Known {
        name: "stop_seconds",
        default: "30",
        about: "how long a stop waits for running downloads to move on",
    },
];
