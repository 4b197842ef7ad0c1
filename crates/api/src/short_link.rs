//! Short links (`distribution.md` §10): what `get.example.com/acme/1.2.0/App.zip` stands for. In version 1.0, where
//! a release is one file, the link names no release.

use crate::ShortLink;
use crate::version::ApiVersion;

impl ShortLink {
    /// The path of the API that the link stands for; `None` where the version has no such link.
    pub(crate) fn path(&self, version: ApiVersion) -> Option<String> {
        let account =
            self.account.as_ref().map_or_else(String::new, |account| format!("/accounts/{account}"));
        let below = self.below.strip_suffix('/').unwrap_or(&self.below);
        if version.is_first() {
            let slash = if below.is_empty() { "" } else { "/" };
            return Some(format!("/v1{account}/artifacts{slash}{below}"));
        }
        let (release, file) = match below.split_once('/') {
            Some((release, file)) => (release, format!("/{}", file.replace('/', "%2F"))),
            None => (below, String::new()),
        };
        (!release.is_empty()).then(|| format!("/v1{account}/releases/{release}/artifacts{file}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stand_for_files_of_releases() {
        for (account, below, current, first) in [
            (Some("acme"), "", None, "/v1/accounts/acme/artifacts"),
            (Some("acme"), "1.0.0", Some("/v1/accounts/acme/releases/1.0.0/artifacts"), "/artifacts/1.0.0"),
            (None, "1.0.0/", Some("/v1/releases/1.0.0/artifacts"), "/v1/artifacts/1.0.0"),
            (
                None,
                "1.0.0/App.zip",
                Some("/v1/releases/1.0.0/artifacts/App.zip"),
                "/v1/artifacts/1.0.0/App.zip",
            ),
            (None, "1/a/b%2Fc", Some("/v1/releases/1/artifacts/a%2Fb%2Fc"), "/v1/artifacts/1/a/b%2Fc"),
            (None, "/App.zip", None, "/v1/artifacts//App.zip"),
        ] {
            let link = ShortLink { account: account.map(str::to_owned), below: below.to_owned() };
            assert_eq!(link.path(ApiVersion::CURRENT).as_deref(), current, "{below}");
            let path = link.path(ApiVersion::parse("1.0").unwrap()).unwrap();
            assert!(path.ends_with(first), "{below}: {path}");
        }
    }
}
