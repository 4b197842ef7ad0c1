//! A repository as clients spell it: behind the account's segment, where names have one.

use std::borrow::Cow;

use keyway_engine::Site;

use crate::name::Repository;

/// A repository, and where it is reached.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) site: Site<'a>,
    pub(crate) repository: &'a Repository,
}

impl<'a> Place<'a> {
    /// The name, as clients spell it.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        repository(self.site, self.repository.as_str())
    }

    /// A path of the repository. Clients resolve it against the URL that they asked, whatever proxies are between.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/v2/{}/{below}", self.name())
    }
}

/// The name of a repository, as clients spell it.
pub(crate) fn repository<'a>(site: Site<'a>, name: &'a str) -> Cow<'a, str> {
    match site.account {
        Some(account) => [account, "/", name].concat().into(),
        None => name.into(),
    }
}

/// The repository that a client's spelling means; `None` for one of another account.
pub(crate) fn local<'n>(site: Site<'_>, spelled: &'n str) -> Option<&'n str> {
    match site.account {
        Some(account) => spelled.strip_prefix(account)?.strip_prefix('/'),
        None => Some(spelled),
    }
}
