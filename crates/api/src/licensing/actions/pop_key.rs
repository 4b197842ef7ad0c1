//! `DELETE /policies/:id/pool` (`licensing.md` §7.1): takes a key out of the pool and shows it.

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::PoolKey;
use keyway_jsonapi::{ApiError, Declared};

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{find, one};
use crate::licensing::{Policies, PoolKeys, pool_key};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Gives the key.
pub(crate) const CONTRACT: Contract = Contract::giving(&[Given::new(200, Data::One(PoolKey::RESOURCE))]);

/// Pops the newest key.
pub(crate) async fn pop_key(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let policy = find(&mut work, &Policies, call.param(0)).await?;
    let subject = Policies.subject(&mut work, &policy).await?;
    gate::authorize(&call, Action::PolicyPoolPop, &subject)?;
    if policy.get("use_pool").as_bool() != Some(true) {
        return Err(refused("pool is not supported").into());
    }
    let key = pool_key::pop(&mut work, policy.id()).await?.ok_or_else(|| refused("pool is empty"))?;
    work.log(&policy, "pool.popped").await?;
    let reply = Reply::data(one(&mut work, &PoolKeys, &key).await?);
    work.commit().await?;
    Ok(reply)
}

fn refused(detail: &str) -> ApiError {
    ApiError::unprocessable(detail).pointer("/data/relationships/pool")
}
