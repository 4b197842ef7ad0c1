//! `GET /ping` (`licensing.md` §1.11): is anybody there?

use std::sync::Arc;

use crate::call::Call;
use crate::refusal::Outcome;
use crate::reply::Reply;

/// 200 and nothing else.
pub(crate) async fn ping(_: Arc<Call>) -> Outcome<Reply> {
    Ok(Reply::nothing().status(http::StatusCode::OK))
}
