//! Answers to updaters' polls: what they were told is said in a header.

use http::Response;
use keyway_engine::Update;

use super::Request;
use super::delivery::Opened;
use crate::answer;
use crate::body::Body;

impl Request<'_> {
    /// Answers a poll.
    pub(super) fn update(&self, update: Update, _package: Option<Opened<'_>>) -> Response<Body> {
        let (name, value) = update.told.header();
        let mut response = answer::plain(update.answer);
        response.headers_mut().insert(name, value);
        response
    }
}
