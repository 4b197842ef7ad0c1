//! The seams between the front end and what stands behind it.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use keyway_api::{Api, ApiBody, ApiRequest, ApiResponse, ShortLink};
use keyway_base::{AccountId, LicenseId};
use keyway_blob::{BlobKey, InParts, Staged};
use keyway_catalog::Catalog;
use keyway_crypto::signed_url::Grant;
use keyway_domain::event::{Origin, Upgrade};
use keyway_domain::request::Answered;
use keyway_engine::{Denial, Outcome, Reason};
use keyway_frontend::{
    ApiAnswer, ApiAnswerBody, ApiCall, Boxed, JsonApi, Push, Readiness, Refusal, Served, Uploads, Wish,
};
use keyway_jobs::Runner;
use keyway_jsonapi::ApiError;
use keyway_store::Db;

/// The API behind the front end's traits.
pub(crate) struct ApiDoor(pub(crate) Arc<Api>);

/// What readiness depends on: that the database answers, and that the change log can be followed, without which hardly
/// anything is answered. Beside that, how far behind webhooks are.
pub(crate) struct Standing {
    pub(crate) db: Db,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) runner: Arc<Runner>,
}

impl JsonApi for ApiDoor {
    fn handle(&self, call: ApiCall) -> Boxed<'_, ApiAnswer> {
        Box::pin(async move { answer(self.0.handle(request(call)).await) })
    }
    fn ignores_body(&self, method: &Method, path: &str) -> bool {
        self.0.ignores_body(method, path)
    }
    fn refuse(&self, call: ApiCall, error: ApiError) -> Boxed<'_, ApiAnswer> {
        Box::pin(async move { answer(self.0.refuse(request(call), error).await) })
    }
    fn log(&self, request: Answered) -> bool {
        self.0.log(request)
    }
}

fn request(call: ApiCall) -> ApiRequest {
    let ApiCall { method, path, short_link, query, headers, body, peer, host_account, request_id } = call;
    let short_link = short_link.map(|link| ShortLink { account: link.account, below: link.below });
    ApiRequest { method, path, short_link, query, headers, body, peer, host_account, request_id }
}

fn answer(response: ApiResponse) -> ApiAnswer {
    let body = match response.body {
        ApiBody::Bytes(bytes) => ApiAnswerBody::Bytes(bytes),
        ApiBody::File(file) => match file.blob.parse::<BlobKey>() {
            Ok(blob) => ApiAnswerBody::File {
                blob,
                digest: file.etag.parse().ok(),
                filename: file.filename,
                content_type: file.content_type,
                size: file.size,
            },
            Err(error) => {
                tracing::error!(artifact = %file.artifact, %error, "an artifact points at no blob");
                let status = http::StatusCode::INTERNAL_SERVER_ERROR;
                let body = ApiAnswerBody::Bytes(bytes::Bytes::new());
                return ApiAnswer { status, headers: response.headers, body, asked: response.asked };
            }
        },
    };
    ApiAnswer { status: response.status, headers: response.headers, body, asked: response.asked }
}

impl Uploads for ApiDoor {
    fn admit<'a>(&'a self, grant: &'a Grant) -> Boxed<'a, Result<(), Refusal>> {
        Box::pin(async move {
            self.0.admit(grant).await.map_err(|refused| Refusal::new(refused.status, refused.text))
        })
    }
    fn part<'a>(&'a self, grant: &'a Grant) -> Boxed<'a, Result<InParts, Refusal>> {
        Box::pin(async move {
            self.0.part(grant).await.map_err(|refused| Refusal::new(refused.status, refused.text))
        })
    }
    fn uploaded(&self, grant: Grant, staged: Staged) -> Boxed<'_, Result<(), Refusal>> {
        Box::pin(async move {
            let taken = self.0.uploaded(&grant, staged).await;
            taken.map_err(|refused| Refusal::new(refused.status, refused.text))
        })
    }
    fn downloaded(&self, account: AccountId, license: LicenseId) -> Boxed<'_, Result<(), Refusal>> {
        // in a task of its own: a client that hangs up must not cut commit from bump
        let api = Arc::clone(&self.0);
        let task = tokio::spawn(async move { api.downloaded(account, license).await });
        Box::pin(async move {
            let failed = |text: String| Refusal::new(http::StatusCode::SERVICE_UNAVAILABLE, text);
            task.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
        })
    }
    fn served(&self, served: Served) {
        let Served { download, engine, origin } = served;
        self.0.downloaded_from(download, engine, origin);
    }
    fn upgraded(&self, upgrade: Upgrade, origin: Origin) {
        self.0.upgraded(&upgrade, &origin);
    }
    fn push(&self, push: Push) -> Boxed<'_, Result<Outcome, Denial>> {
        // in a task of its own: a client that hangs up must not cut commit from bump
        let api = Arc::clone(&self.0);
        let task = tokio::spawn(async move { api.push(pushed(push)).await });
        Box::pin(async move {
            task.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a push died");
                let message = "the service cannot answer right now: try again in a moment".to_owned();
                Err(Denial { reason: Reason::Unavailable, message })
            })
        })
    }
}

/// What the front end has taken in, as the API takes it.
fn pushed(push: Push) -> keyway_api::Push {
    let wish = match push.wish {
        Wish::Publish(publication, staged) => keyway_api::Wish::Publish(publication, staged),
        Wish::Change { package, edits } => keyway_api::Wish::Change { package, edits },
    };
    keyway_api::Push { asking: push.asking, wish }
}

impl Readiness for Standing {
    fn webhook_latency(&self) -> Boxed<'_, Result<Duration, String>> {
        Box::pin(async move { self.runner.webhook_latency().await.map_err(|error| error.to_string()) })
    }
    fn check(&self) -> Boxed<'_, Result<(), String>> {
        Box::pin(async move {
            // The first knows at once when the database is away, and the second finds it out for itself.
            self.catalog.ensure_fresh().await.map_err(|error| error.to_string())?;
            self.db.ping().await.map_err(|error| format!("the database does not answer: {error}"))
        })
    }
}
