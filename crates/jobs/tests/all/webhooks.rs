//! Webhooks that are sent, and what becomes of them.

use std::sync::Arc;
use std::time::Duration;

use keyway_domain::resources::{WebhookEndpoint, WebhookEvent, WebhookStatus};
use keyway_jobs::{Options, Reach, Runner, kind};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::World;

/// An endpoint at a URL, and an event for it that is to be sent.
async fn event(world: &World, url: &str) -> Record {
    let mut endpoint = world.record::<WebhookEndpoint>();
    endpoint.set("url", Value::Text(url.to_owned()));
    endpoint.set("subscriptions", Value::Json(json!(["*"])));
    world.put(&endpoint).await;
    let mut event = world.record::<WebhookEvent>();
    event.set("webhook_endpoint_id", Value::Id(endpoint.id()));
    event.set("status", Value::Text(WebhookStatus::Delivering.as_str().to_owned()));
    world.put(&event).await;
    world.enqueue(&kind::about(kind::DELIVER, world.account, event.id(), world.now())).await;
    event
}

async fn state(world: &World, event: &Record) -> WebhookEvent {
    let scope = Scope::id("id", event.id());
    let found = world.db.find(WebhookEvent::RESOURCE, world.account, &scope).await.unwrap();
    found.unwrap().typed().unwrap()
}

fn runner(world: &World, reach: Reach) -> Arc<Runner> {
    Runner::with(world.parts.clone(), Options { reach, ..Options::default() })
}

/// A server that speaks no TLS, and says so to each who comes.
async fn plain() -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut greeting = [0; 512];
            let _ = stream.read(&mut greeting).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    (url, task)
}

#[tokio::test]
async fn networks_of_our_own_are_not_reached() {
    let world = World::new().await;
    let (url, task) = plain().await;
    let event = event(&world, &url).await;
    assert_eq!(runner(&world, Reach::Public).run_until_idle().await.unwrap(), 1);
    let state = state(&world, &event).await;
    assert_eq!((state.status, state.attempts), (WebhookStatus::Failed, 1));
    assert_eq!(
        (state.last_response_code, state.last_response_body.as_deref()),
        (None, Some("ADDRESS_NOT_ALLOWED"))
    );
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
    task.abort();
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_fifteen_times() {
    let world = World::new().await;
    let (url, task) = plain().await;
    let event = event(&world, &url).await;
    let runner = runner(&world, Reach::Anywhere);
    for attempt in 1..=15_u32 {
        assert_eq!(runner.run_until_idle().await.unwrap(), 1, "attempt {attempt}");
        let now = state(&world, &event).await;
        assert_eq!((now.status, now.attempts), (WebhookStatus::Failing, i64::from(attempt)));
        assert_eq!(now.last_response_body.as_deref(), Some("SSL_ERROR"));
        let power = u64::from(attempt - 1).pow(4);
        world.advance(Duration::from_secs(power + 599));
        assert_eq!(runner.run_until_idle().await.unwrap(), 0, "too early after attempt {attempt}");
        world.advance(Duration::from_secs(5_402));
    }
    assert_eq!(runner.run_until_idle().await.unwrap(), 1);
    let end = state(&world, &event).await;
    assert_eq!((end.status, end.attempts), (WebhookStatus::Failed, 16));
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
    task.abort();
}

#[tokio::test]
async fn where_nobody_listens_is_given_up_at_once() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    drop(listener);
    let refused = event(&world, &url).await;
    let unnamed = event(&world, "https://hooks.invalid/").await;
    let nonsense = event(&world, "no url").await;
    assert_eq!(runner(&world, Reach::Anywhere).run_until_idle().await.unwrap(), 3);
    for (event, word) in
        [(refused, "CONN_REFUSED"), (unnamed, "DNS_ERROR"), (nonsense, "ADDRESS_NOT_ALLOWED")]
    {
        let state = state(&world, &event).await;
        assert_eq!((state.status, state.last_response_body.as_deref()), (WebhookStatus::Failed, Some(word)));
    }
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn what_has_nobody_to_go_to_is_settled() {
    let world = World::new().await;
    let orphan = event(&world, "https://hooks.invalid/").await;
    let endpoint = orphan.get("webhook_endpoint_id").as_id().unwrap();
    let scope = Scope::id("id", endpoint);
    let endpoint = world.db.find(WebhookEndpoint::RESOURCE, world.account, &scope).await.unwrap().unwrap();
    world.remove(&endpoint).await;
    let gone = event(&world, "https://hooks.invalid/").await;
    world.remove(&gone).await;
    let done = event(&world, "https://hooks.invalid/").await;
    let mut delivered = done.clone();
    delivered.set("status", Value::Text(WebhookStatus::Delivered.as_str().to_owned()));
    world.remove(&done).await;
    world.put(&delivered).await;
    assert_eq!(runner(&world, Reach::Public).run_until_idle().await.unwrap(), 3);
    let state_of = |event| state(&world, event);
    assert_eq!(state_of(&orphan).await.status, WebhookStatus::Failed);
    assert_eq!(state_of(&orphan).await.attempts, 0, "nothing was sent");
    assert_eq!(state_of(&delivered).await.status, WebhookStatus::Delivered);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn webhook_events_go_after_a_month() {
    let world = World::new().await;
    world.put(&world.record::<WebhookEvent>()).await;
    world.advance(Duration::from_secs(30 * 24 * 60 * 60));
    assert_eq!(world.runner.prune_webhooks().await.unwrap(), 0, "just old enough to stay");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.runner.prune_webhooks().await.unwrap(), 1);
    assert_eq!(world.run().await, 1);
    assert_eq!(world.count::<WebhookEvent>().await, 0);
}

#[tokio::test]
async fn latency_is_that_of_the_webhook_that_waits_longest() {
    let world = World::new().await;
    assert!(world.runner.webhook_latency().await.is_err(), "nobody looks for any");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    event(&world, "https://hooks.invalid/").await;
    assert_eq!(world.db.due_since(world.now(), &[kind::DELIVER]).await.unwrap(), Some(world.start));
    world.advance(Duration::from_secs(9));
    let running = tokio::spawn(Arc::clone(&world.runner).run(async move { drop(stopped.await) }));
    let idle = async {
        while world.db.pending_jobs().await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    };
    idle.await;
    assert_eq!(world.runner.webhook_latency().await.unwrap(), Duration::ZERO);
    stop.send(()).unwrap();
    running.await.unwrap();
}
