//! What the log of requests is told of an exchange, once its answer is whole: nobody waits for that.

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderName, Response};
use keyway_domain::request::{Answered, Asked, Message};

use crate::body::Body;
use crate::exchange::Exchange;
use crate::front::Front;

/// The signature of an answer.
static SIGNATURE: HeaderName = HeaderName::from_static("keygen-signature");

/// What goes with an answer that is to be logged: what the API says of the request, and what was sent.
#[derive(Debug, Clone)]
struct ToBeLogged {
    asked: Asked,
    sent: Bytes,
}

/// Marks an answer as one that is to be logged.
pub(crate) fn mark(response: &mut Response<Body>, asked: Asked, sent: Bytes) {
    response.extensions_mut().insert(ToBeLogged { asked, sent });
}

/// Leaves an answer that is marked for the log.
pub(crate) fn log(front: &Front, exchange: &Exchange, response: &mut Response<Body>) {
    let Some(ToBeLogged { asked, sent }) = response.extensions_mut().remove() else { return };
    let answered = response.body().bytes().cloned().unwrap_or_default();
    let request = Answered {
        id: exchange.id,
        at: front.clock.wall(),
        asked,
        method: exchange.method().clone(),
        path: exchange.path().to_owned(),
        query: exchange.query().to_owned(),
        client: exchange.client,
        user_agent: exchange.headers().get(USER_AGENT).cloned(),
        status: response.status(),
        signature: response.headers().get(&SIGNATURE).cloned(),
        request: Message::sent(exchange.headers(), &sent),
        response: Message::answered(response.headers(), &answered),
    };
    if !front.api.log(request) {
        front.telemetry.unlogged_requests.increment(1);
    }
}
