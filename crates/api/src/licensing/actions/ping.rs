//! `GET /ping` (`licensing.md` §1.11): is anybody there?

use std::sync::Arc;

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::refusal::Outcome;
use crate::reply::Reply;

/// Gives nothing.
pub(crate) const CONTRACT: Contract = Contract::giving(&[Given::new(200, Data::Empty)]);

/// 200 and nothing else.
pub(crate) async fn ping(_: Arc<Call>) -> Outcome<Reply> {
    Ok(Reply::nothing().status(http::StatusCode::OK))
}
