//! One request, read and placed: everything that operations may look at.

use std::sync::{Arc, OnceLock};

use http::{HeaderMap, Method};
use keyway_access::{EnvironmentView, Presented, Principal};
use keyway_base::{RecordId, RequestId, Timestamp};
use keyway_catalog::{AccountFacts, Asking};
use keyway_crypto::session::Session;
use keyway_jsonapi::document::account_path;
use keyway_jsonapi::{FilterContext, Query, Role};
use serde_json::{Map, Value};

use crate::Api;
use crate::caller::Caller;
use crate::version::ApiVersion;

/// The type and id of the first record that a request has found: the one that it is about.
pub(crate) type About = Arc<OnceLock<(&'static str, RecordId)>>;

/// A request whose account, environment and caller are known.
#[derive(Clone)]
pub(crate) struct Call {
    /// The API itself.
    pub(crate) api: Arc<Api>,
    /// The method; HEAD is run as GET.
    pub(crate) method: Method,
    /// The path below `/v1` and the account, as received.
    pub(crate) rest: String,
    /// What the path's template captured, decoded, in order.
    pub(crate) params: Vec<String>,
    /// The query.
    pub(crate) query: Query,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, its keys folded.
    pub(crate) body: Map<String, Value>,
    /// The version spoken.
    pub(crate) version: ApiVersion,
    /// What a body of version 1.0 says about the file of a release.
    pub(crate) file: Option<Map<String, Value>>,
    /// The account.
    pub(crate) account: Arc<AccountFacts>,
    /// What the environment opens.
    pub(crate) view: EnvironmentView,
    /// What was presented.
    pub(crate) presented: Presented,
    /// The caller.
    pub(crate) principal: Caller,
    /// The session of the portal that the caller has.
    pub(crate) session: Option<Session>,
    /// The time of the request.
    pub(crate) now: Timestamp,
    /// The type and id of the record that the request is about, once it is found.
    pub(crate) about: About,
    /// Names the request, where it has a name.
    pub(crate) request_id: Option<RequestId>,
}

impl Call {
    /// What an engine's client asks for, as a request to this API.
    pub(crate) fn of_engine(api: &Arc<Api>, asking: &Asking) -> Arc<Self> {
        let principal = Caller::Known(Arc::clone(&asking.principal));
        let call = Self::without_request(api, Arc::clone(&asking.account), principal);
        Arc::new(Self { view: asking.environment, request_id: asking.request, ..call })
    }
    /// What is done on nobody's behalf, as a request to this API.
    pub(crate) fn of_nobody(api: &Arc<Api>, account: Arc<AccountFacts>, nobody: Principal) -> Arc<Self> {
        Arc::new(Self::without_request(api, account, Caller::Own(Arc::new(nobody))))
    }
    fn without_request(api: &Arc<Api>, account: Arc<AccountFacts>, principal: Caller) -> Self {
        Self {
            api: Arc::clone(api),
            method: Method::PUT,
            rest: String::new(),
            params: Vec::new(),
            query: Query::default(),
            headers: HeaderMap::new(),
            body: Map::new(),
            version: ApiVersion::CURRENT,
            file: None,
            account,
            view: principal.view,
            presented: Presented::Anonymous,
            principal,
            session: None,
            now: api.parts().clock.wall(),
            about: About::default(),
            request_id: None,
        }
    }
    /// A captured part of the path; empty when the template has no such.
    pub(crate) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }
    /// The kind of caller.
    pub(crate) fn role(&self) -> Role {
        self.principal.role
    }
    /// What filters may know.
    pub(crate) fn filter_context(&self) -> FilterContext {
        FilterContext { now: self.now }
    }
    /// The path of this request as links show it: with the account's id, whatever the caller wrote.
    pub(crate) fn canonical_path(&self) -> String {
        format!("{}{}", account_path(self.account.id), self.rest)
    }
    /// The `meta` member of the body.
    pub(crate) fn meta(&self) -> Option<&Map<String, Value>> {
        self.body.get("meta").and_then(Value::as_object)
    }
}
