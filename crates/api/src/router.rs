//! From method and path to an endpoint.

use http::Method;
use keyway_jsonapi::ApiError;

use crate::endpoint::{Endpoint, Verb};
use crate::path::decode;

/// All endpoints by path template, apart for each method: what one method catches to the end of the path is not in
/// the way of another's longer templates.
pub(crate) struct Router {
    templates: Vec<(Verb, matchit::Router<&'static Endpoint>)>,
}

/// A path that leads somewhere.
pub(crate) struct Matched {
    /// Where.
    pub(crate) endpoint: &'static Endpoint,
    /// What its template captured, decoded once.
    pub(crate) params: Vec<String>,
}

impl Router {
    /// Routes these endpoints.
    pub(crate) fn new(endpoints: impl IntoIterator<Item = &'static Endpoint>) -> Self {
        let mut templates: Vec<(Verb, matchit::Router<&'static Endpoint>)> = Vec::new();
        for endpoint in endpoints {
            let path = if endpoint.path.is_empty() { "/" } else { endpoint.path };
            let known = templates.iter().position(|(verb, _)| *verb == endpoint.verb);
            let index = known.unwrap_or_else(|| {
                templates.push((endpoint.verb, matchit::Router::new()));
                templates.len() - 1
            });
            if let Some((_, router)) = templates.get_mut(index) {
                router.insert(path, endpoint).expect("templates of ours do not contradict each other");
            }
        }
        Self { templates }
    }

    /// The endpoint for a method and a raw path below the account.
    ///
    /// # Errors
    /// 400 for a method that does not exist and for escapes that make no sense, 404 for a path that leads
    /// nowhere.
    pub(crate) fn find(&self, method: &Method, rest: &str) -> Result<Matched, ApiError> {
        let verbs = verbs(method)?;
        let path = if rest.is_empty() { "/" } else { rest };
        let of = |verb: &Verb| self.templates.iter().find(|(known, _)| known == verb);
        let mut found = verbs.iter().filter_map(of).filter_map(|(_, router)| router.at(path).ok());
        let found = found.next().ok_or_else(ApiError::unknown_endpoint)?;
        let endpoint = *found.value;
        let params = found.params.iter().map(|(_, raw)| decode(raw)).collect::<Result<_, _>>()?;
        Ok(Matched { endpoint, params })
    }
}

fn verbs(method: &Method) -> Result<&'static [Verb], ApiError> {
    Ok(match *method {
        Method::GET | Method::HEAD => &[Verb::Get],
        Method::POST => &[Verb::Post],
        Method::PATCH => &[Verb::Patch],
        Method::PUT => &[Verb::Put, Verb::Patch],
        Method::DELETE => &[Verb::Delete],
        Method::OPTIONS | Method::TRACE | Method::CONNECT => return Err(ApiError::unknown_endpoint()),
        _ => return Err(ApiError::http_method_invalid()),
    })
}
