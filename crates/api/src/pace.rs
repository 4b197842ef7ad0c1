//! How fast RSA files are made: such a signature costs as much as many requests, and who holds a licence key may ask for
//! any number. Counted per node, in memory; Ed25519 and ECDSA cost little and are not counted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use keyway_base::{AccountId, LicenseId};
use keyway_jsonapi::ApiError;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Files of one licence and its machines in a second.
const OF_LICENSE: u32 = 10;
/// Files of one account in a second.
const OF_ACCOUNT: u32 = 100;
/// Files of everybody in a second, which is also how much has to be remembered.
const OF_ALL: u32 = 200;

/// The files of this second, and those that are being signed.
#[derive(Debug)]
pub(crate) struct Pace {
    second: Mutex<Second>,
    signing: Semaphore,
}

#[derive(Debug, Default)]
struct Second {
    at: u64,
    all: u32,
    accounts: HashMap<AccountId, u32>,
    licenses: HashMap<(AccountId, LicenseId), u32>,
}

impl Default for Pace {
    /// Half of the cores may sign at a time, so that the others go on with requests.
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        Self { second: Mutex::default(), signing: Semaphore::new((cores / 2).max(1)) }
    }
}

impl Pace {
    /// Counts one more file of a licence.
    ///
    /// # Errors
    /// 429 when there were enough in this second.
    pub(crate) fn count(
        &self,
        account: AccountId,
        license: LicenseId,
        now: Duration,
    ) -> Result<(), ApiError> {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if second.at != now.as_secs() {
            *second = Second { at: now.as_secs(), ..Second::default() };
        }
        let Second { all, accounts, licenses, .. } = &mut *second;
        if *all >= OF_ALL {
            return Err(ApiError::too_many_requests(1));
        }
        let of_account = accounts.entry(account).or_default();
        let of_license = licenses.entry((account, license)).or_default();
        if *of_account >= OF_ACCOUNT || *of_license >= OF_LICENSE {
            return Err(ApiError::too_many_requests(1));
        }
        *all += 1;
        *of_account += 1;
        *of_license += 1;
        Ok(())
    }

    /// Waits for a core to sign on, until the permit is given back.
    pub(crate) async fn core(&self) -> Option<SemaphorePermit<'_>> {
        // it is never closed
        self.signing.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use keyway_base::{RecordId, Timestamp};

    use super::*;

    fn id<T: From<RecordId>>() -> T {
        RecordId::generate(Timestamp::from_micros(0)).into()
    }

    fn admitted(pace: &Pace, account: AccountId, license: LicenseId, now: Duration, asked: u32) -> usize {
        (0..asked).filter(|_| pace.count(account, license, now).is_ok()).count()
    }

    #[test]
    fn a_licence_an_account_and_all_have_so_many_a_second() {
        let (pace, account, now) = (Pace::default(), id::<AccountId>(), Duration::from_millis(7_900));
        let license: LicenseId = id();
        assert_eq!(admitted(&pace, account, license, now, 50), 10);
        let error = pace.count(account, license, now).unwrap_err();
        assert_eq!((error.status.as_u16(), error.code()), (429, Some("TOO_MANY_REQUESTS")));
        assert_eq!(error.retry_after, Some(1));
        let others: usize = (0..20).map(|_| admitted(&pace, account, id(), now, 10)).sum();
        assert_eq!(others, 90, "an account has a hundred");
        assert_eq!(admitted(&pace, id(), license, now, 11), 10, "another account's of the same id");
        let rest: usize = (0..30).map(|_| admitted(&pace, id(), id(), now, 10)).sum();
        assert_eq!(rest, 90, "and all have two hundred");
        let later = Duration::from_millis(8_000);
        assert_eq!(admitted(&pace, account, license, later, 50), 10, "the next second");
    }

    #[tokio::test]
    async fn not_all_cores_sign_at_a_time() {
        let pace = Pace { second: Mutex::default(), signing: Semaphore::new(1) };
        let first = pace.core().await;
        assert!(first.is_some());
        let mut second = std::pin::pin!(pace.core());
        let waits = tokio::time::timeout(Duration::from_millis(10), &mut second).await.is_err();
        assert!(waits);
        drop(first);
        assert!(second.await.is_some());
    }
}
