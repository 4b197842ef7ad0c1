//! Roles that lend us credentials for an object store, and where each is asked for. Asking is done elsewhere.

use std::path::PathBuf;

use keyway_base::Secret;

/// The address of the service that hands out a container's credentials.
const CONTAINER_HOST: &str = "http://169.254.170.2";

/// Who lends credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum S3Role {
    /// A role that is assumed with a token which the platform keeps fresh in a file (EKS service accounts).
    WebIdentity {
        /// The file.
        token_file: PathBuf,
        /// The role's ARN.
        role: String,
        /// How the session is called in logs of the store.
        session: String,
        /// The service that exchanges the token.
        endpoint: String,
    },
    /// An endpoint beside a container (ECS tasks, EKS pod identities).
    Container {
        /// Its URL.
        url: String,
        /// What it is asked with.
        token: ContainerToken,
    },
    /// The metadata of a virtual machine (EC2, version 2 of the protocol).
    Instance {
        /// Where it is asked for.
        endpoint: String,
    },
}

/// The authorization for a container's endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerToken {
    /// None.
    Absent,
    /// This one.
    Given(Secret<String>),
    /// Kept in a file, which may change.
    File(PathBuf),
}

/// Why a container's endpoint is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is neither a path, nor an https URL, nor an http URL of this machine or its link-local network"
)]
pub struct ContainerUrlError(String);

impl S3Role {
    /// The role of a container, by a path on the usual address or by a whole URL. Without TLS, only what is close
    /// by is asked: what it answers is as good as a password.
    ///
    /// # Errors
    /// A URL that leads elsewhere.
    pub fn container(place: &str, token: ContainerToken) -> Result<Self, ContainerUrlError> {
        let refused = || ContainerUrlError(place.to_owned());
        let url = match place.strip_prefix('/') {
            Some(path) => format!("{CONTAINER_HOST}/{path}"),
            None => place.to_owned(),
        };
        let near = url.strip_prefix("http://").is_some_and(is_near);
        if near || url.starts_with("https://") { Ok(Self::Container { url, token }) } else { Err(refused()) }
    }
}

/// Whether what follows the scheme of a URL names this machine or one on its link.
fn is_near(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    match host.parse() {
        Ok(std::net::IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        Ok(std::net::IpAddr::V6(address)) => {
            address.is_loopback() || address.segments().starts_with(&[0xfd00, 0xec2])
        }
        Err(_) => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_close_by_is_asked_without_tls() {
        for (place, url) in [
            ("/v2/credentials/1", Some("http://169.254.170.2/v2/credentials/1")),
            ("http://169.254.170.23/v1/credentials", Some("http://169.254.170.23/v1/credentials")),
            ("http://[fd00:ec2::23]/v1/credentials", Some("http://[fd00:ec2::23]/v1/credentials")),
            ("http://localhost:80/x", Some("http://localhost:80/x")),
            ("http://127.0.0.1:80/x", Some("http://127.0.0.1:80/x")),
            ("https://credentials.example.com/x", Some("https://credentials.example.com/x")),
            ("http://credentials.example.com/x", None),
            ("http://127.0.0.1@evil.example/x", None),
            ("http://10.0.0.1/x", None),
            ("ftp://127.0.0.1/x", None),
            ("", None),
        ] {
            let found = S3Role::container(place, ContainerToken::Absent).ok();
            let expected =
                url.map(|url| S3Role::Container { url: url.to_owned(), token: ContainerToken::Absent });
            assert_eq!(found, expected, "{place}");
        }
    }
}
