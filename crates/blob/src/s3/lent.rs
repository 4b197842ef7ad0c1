//! Credentials that a role lends: asked for at the start and again before they end, used by the client and by the
//! presigner alike.

use std::sync::Arc;
#[cfg(feature = "s3-roles")]
use std::{sync::Weak, time::Duration};

use arc_swap::ArcSwap;
use aws_credential_types::provider::{ProvideCredentials, future};
#[cfg(feature = "s3-roles")]
use keyway_base::{Clock, Timestamp};
use keyway_crypto::sigv4::Credentials;

#[cfg(feature = "s3-roles")]
use super::lender::{Lender, LenderError};
#[cfg(feature = "s3-roles")]
use crate::S3Role;
#[cfg(not(feature = "s3-roles"))]
use crate::error::Trouble;
use crate::{BlobError, S3Options};

/// How long before their end credentials are asked for again.
#[cfg(feature = "s3-roles")]
const AHEAD: Duration = Duration::from_secs(5 * 60);
/// How soon to ask again at the earliest.
#[cfg(feature = "s3-roles")]
const SOONEST: Duration = Duration::from_secs(1);
/// How soon after a failure.
#[cfg(feature = "s3-roles")]
const AFTER_FAILURE: Duration = Duration::from_secs(15);

/// Credentials and their end.
#[cfg(feature = "s3-roles")]
#[derive(Debug, Clone)]
pub(crate) struct Loan {
    pub(crate) credentials: Credentials,
    pub(crate) ends: Timestamp,
}

/// The credentials of the moment.
pub(crate) struct Lent(ArcSwap<Credentials>);

impl Lent {
    /// The credentials of a store: those of a role, or those that were set.
    ///
    /// # Errors
    /// Why a role lends none.
    pub(crate) async fn of(options: &S3Options) -> Result<Arc<Self>, BlobError> {
        match &options.role {
            #[cfg(feature = "s3-roles")]
            Some((role, clock)) => Ok(Self::by(role.clone(), Arc::clone(clock)).await?),
            #[cfg(not(feature = "s3-roles"))]
            Some(_) => std::future::ready(Err(BlobError::remote("asking a role", Trouble::Denied))).await,
            None => Ok(Self::fixed(options.credentials.clone())),
        }
    }

    /// Credentials that stay.
    fn fixed(credentials: Credentials) -> Arc<Self> {
        Arc::new(Self(ArcSwap::from_pointee(credentials)))
    }

    /// Credentials of a role: the first are asked for now, others as long as somebody uses them.
    ///
    /// # Errors
    /// Why there are none.
    #[cfg(feature = "s3-roles")]
    async fn by(role: S3Role, clock: Arc<dyn Clock>) -> Result<Arc<Self>, LenderError> {
        let lender = Lender::new(role);
        let first = lender.ask().await?;
        let lent = Self::fixed(first.credentials);
        tokio::spawn(renew(Arc::downgrade(&lent), lender, clock, first.ends));
        Ok(lent)
    }

    pub(crate) fn current(&self) -> Arc<Credentials> {
        self.0.load_full()
    }
}

/// Asks again and again, until nobody uses the credentials any more.
#[cfg(feature = "s3-roles")]
async fn renew(lent: Weak<Lent>, lender: Lender, clock: Arc<dyn Clock>, mut ends: Timestamp) {
    let mut wait = pause(ends.since(clock.wall()));
    loop {
        tokio::time::sleep(wait).await;
        let Some(lent) = lent.upgrade() else { return };
        wait = match lender.ask().await {
            Ok(loan) => {
                ends = loan.ends;
                lent.0.store(Arc::new(loan.credentials));
                tracing::debug!(%ends, "the role's credentials were renewed");
                pause(ends.since(clock.wall()))
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, %ends, "the role's credentials cannot be renewed");
                AFTER_FAILURE.min(pause(ends.since(clock.wall())).max(SOONEST))
            }
        };
    }
}

/// When to ask again for what holds so long.
#[cfg(feature = "s3-roles")]
fn pause(holds: Duration) -> Duration {
    holds.saturating_sub(AHEAD.min(holds / 2)).max(SOONEST)
}

impl ProvideCredentials for Lent {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let current = self.current();
        let token = current.session_token.as_ref().map(|token| token.expose().clone());
        future::ProvideCredentials::ready(Ok(aws_credential_types::Credentials::new(
            &current.access_key_id,
            current.secret_access_key.expose(),
            token,
            None,
            "keyway",
        )))
    }
}

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lent({})", self.current().access_key_id)
    }
}

#[cfg(all(test, feature = "s3-roles"))]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_asked_for_in_time() {
        for (holds, wait) in [(3600, 3300), (600, 300), (60, 30), (4, 2), (1, 1), (0, 1)] {
            assert_eq!(pause(Duration::from_secs(holds)), Duration::from_secs(wait), "{holds}");
        }
    }
}
