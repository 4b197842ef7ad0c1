//! `tokens.prune`: tokens go ninety days after they ended (`licensing.md` §2.1, §15), in bounded batches.

use std::collections::BTreeSet;
use std::time::Duration;

use keyway_base::{Slot, Timestamp};
use keyway_domain::resources::Token;
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::{Declared, Scope, Value};
use keyway_store::{Changes, Job, Page};
use serde_json::json;

use crate::JobError;
use crate::accounts::with_any;
use crate::kind::PRUNE_TOKENS;
use crate::runner::{Ended, Parts, end};

/// How long a token that ended is kept, so that its holder is told that it ended.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How many tokens one transaction deletes.
const BATCH: u32 = 100;

/// Enqueues a job for every account that has such tokens; says how many.
pub(crate) async fn look(parts: &Parts) -> Result<usize, JobError> {
    let accounts = with_any([(Token::RESOURCE, ended(parts.clock.wall()))]);
    parts.enqueue_for(&accounts, PRUNE_TOKENS, &json!({})).await
}

fn ended(now: Timestamp) -> Scope {
    Scope::Lt("expiry", Value::Time(now.minus(KEPT)))
}

/// Deletes what ended long ago.
pub(crate) async fn prune(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let old = ended(parts.clock.wall());
    let page = Page { limit: Some(BATCH), ..Page::all() };
    loop {
        let mut write = parts.db.begin().await?;
        let tokens = write.list(Token::RESOURCE, job.account, &old, &page).await?;
        let mut slots: BTreeSet<Slot> = BTreeSet::new();
        for token in &tokens {
            slots.extend(touches(Mutation { before: Some(token), after: None }, &Related::default()));
            write.delete(Token::RESOURCE, job.account, token.id()).await?;
        }
        let changes = Changes::of(job.account, slots);
        let count = u32::try_from(tokens.len()).unwrap_or(BATCH);
        let last = count < BATCH;
        let done = if last {
            Some(end(write, job, changes).await?)
        } else {
            write.commit(changes).await.map(|()| None)?
        };
        metrics::counter!("keyway_tokens_pruned_total").increment(u64::from(count));
        if let Some(ended) = done {
            return Ok(ended);
        }
    }
}
