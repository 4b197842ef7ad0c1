//! Telling endpoints of what happened without a request: in the background, or in reads that are written down together.

use std::pin::Pin;
use std::sync::Arc;

use keyway_access::{EnvironmentView, Principal};
use keyway_catalog::AccountError;
use keyway_domain::resources;
use keyway_events::{Teller, Told};
use keyway_jsonapi::Record;
use keyway_store::{Job, retrying};

use crate::Api;
use crate::call::Call;
use crate::refusal::{Outcome, Refusal};
use crate::work::Work;

/// Renders for the job runner what endpoints are told.
pub struct ApiTeller(Arc<Api>);

impl ApiTeller {
    /// By the rules of an API.
    pub fn new(api: &Arc<Api>) -> Self {
        Self(Arc::clone(api))
    }
}

impl Teller for ApiTeller {
    fn tell<'a>(&'a self, job: &'a Job) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        let told = retrying(move || tell(&self.0, job));
        Box::pin(async move { told.await.map_err(|error| error.to_string()) })
    }
}

async fn tell(api: &Arc<Api>, job: &Job) -> Outcome<()> {
    let account = match api.parts().catalog.resolve(None, Some(&job.account.to_string())).await {
        Ok(account) => account,
        Err(AccountError::Unavailable(error)) => return Err(Refusal::Catalog(error)),
        // Nobody is served there, so nobody is told.
        Err(_) => {
            api.parts().db.finish(job).await?;
            return Ok(());
        }
    };
    let nobody = Principal::anonymous(account.id, EnvironmentView::Global);
    let mut work = Work::writing(&Call::of_nobody(api, account, nobody)).await?;
    let told = match Told::of(job) {
        Some(told) => match subject(&mut work, told.kind, told.id).await? {
            Some(record) => work.tellings(&record, told.event, told.meta).await?,
            None => Vec::new(),
        },
        None => Vec::new(),
    };
    work.deliver(&told).await?;
    if !work.write()?.finish_job(job).await? {
        return Err(Refusal::Broken("the lease was lost".to_owned()));
    }
    work.commit().await
}

/// The record that something happened to; it may be gone.
async fn subject(work: &mut Work, kind: &str, id: &str) -> Outcome<Option<Record>> {
    let resource = resources::ALL.iter().copied().find(|resource| resource.kind == kind);
    match (resource, id.parse()) {
        (Some(resource), Ok(id)) => work.get(resource, id).await,
        _ => Ok(None),
    }
}
