//! From method and path to an endpoint.

use http::Method;
use keyway_jsonapi::ApiError;

use crate::endpoint::{Endpoint, Verb};
use crate::path::decode;

/// All endpoints by path template.
pub(crate) struct Router {
    templates: matchit::Router<Vec<&'static Endpoint>>,
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
        let mut grouped: Vec<(&'static str, Vec<&'static Endpoint>)> = Vec::new();
        for endpoint in endpoints {
            match grouped.iter_mut().find(|(path, _)| *path == endpoint.path) {
                Some((_, same)) => same.push(endpoint),
                None => grouped.push((endpoint.path, vec![endpoint])),
            }
        }
        let mut templates = matchit::Router::new();
        for (path, endpoints) in grouped {
            let path = if path.is_empty() { "/" } else { path };
            templates.insert(path, endpoints).expect("templates of ours do not contradict each other");
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
        let found = self.templates.at(path).map_err(|_| ApiError::unknown_endpoint())?;
        let endpoint = verbs.iter().find_map(|verb| found.value.iter().find(|e| e.verb == *verb));
        let endpoint = *endpoint.ok_or_else(ApiError::unknown_endpoint)?;
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
