//! Webhooks that are sent, and what becomes of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyway_base::RecordId;
use keyway_domain::resources::{WebhookEndpoint, WebhookEvent, WebhookStatus};
use keyway_jobs::{Answer, Carried, Carrier, Options, Outgoing, Reach, Runner, Sender, Trouble, kind};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::{Changes, Db};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::{World, until};

async fn endpoint(world: &World, url: &str) -> Record {
    let mut endpoint = world.record::<WebhookEndpoint>();
    endpoint.set("url", Value::Text(url.to_owned()));
    endpoint.set("subscriptions", Value::Json(json!(["*"])));
    world.put(&endpoint).await;
    endpoint
}

/// Events for an endpoint that are to be sent, oldest first.
async fn events(world: &World, endpoint: &Record, count: usize) -> Vec<Record> {
    let event = |_| {
        let mut event = world.record::<WebhookEvent>();
        event.set("webhook_endpoint_id", Value::Id(endpoint.id()));
        event.set("status", Value::Text(WebhookStatus::Delivering.as_str().to_owned()));
        event
    };
    let events: Vec<Record> = (0..count).map(event).collect();
    let mut write = world.db.begin().await.unwrap();
    keyway_events::deliver(&mut write, &events, world.now()).await.unwrap();
    write.commit(Changes::none()).await.unwrap();
    events
}

/// An endpoint at a URL, and an event for it that is to be sent.
async fn event(world: &World, url: &str) -> Record {
    let endpoint = endpoint(world, url).await;
    events(world, &endpoint, 1).await.remove(0)
}

async fn state(world: &World, event: &Record) -> WebhookEvent {
    let scope = Scope::id("id", event.id());
    let found = world.db.find(WebhookEvent::RESOURCE, world.account, &scope).await.unwrap();
    found.unwrap().typed().unwrap()
}

fn runner(world: &World, reach: Reach) -> Arc<Runner> {
    sending(world, Sender::new(reach))
}

fn sending(world: &World, carrier: impl Carrier) -> Arc<Runner> {
    Runner::with(world.parts.clone(), Options { carrier: Arc::new(carrier), ..Options::default() })
}

/// Endpoints whose hosts say what they do.
#[derive(Default)]
struct Hosts {
    /// The events that came to each host, in the order of their coming.
    came: Arc<Mutex<Vec<(String, RecordId)>>>,
    /// What happens while `moved.test` answers.
    moving: Option<(Db, Record)>,
}

impl Hosts {
    async fn answer(&self, host: &str) -> Result<Answer, Trouble> {
        match host {
            "refused.test" => Err(Trouble::Refused),
            "unknown.test" => Err(Trouble::NoName),
            "silent.test" => std::future::pending().await,
            "gone.test" => Ok(Answer { status: 410, body: None }),
            "moved.test" => {
                let (db, endpoint) = self.moving.as_ref().unwrap();
                let mut write = db.begin().await.unwrap();
                assert!(write.update(endpoint, &["url"]).await.unwrap());
                write.commit(Changes::none()).await.unwrap();
                Ok(Answer { status: 410, body: None })
            }
            "quick.test" => Ok(Answer { status: 204, body: Some(String::new()) }),
            other => panic!("nothing is to be sent to {other}"),
        }
    }
}

impl Carrier for Hosts {
    fn carry(&self, outgoing: Outgoing) -> Carried<'_> {
        let host = outgoing.url.host().unwrap().to_owned();
        let body: serde_json::Value = serde_json::from_slice(&outgoing.body).unwrap();
        let id = body["data"]["id"].as_str().unwrap().parse().unwrap();
        self.came.lock().unwrap().push((host.clone(), id));
        Box::pin(async move { self.answer(&host).await })
    }
}

/// A server that speaks no TLS, and says so to each who comes; and how many came.
async fn plain() -> (String, Arc<AtomicUsize>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let came = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&came);
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let mut greeting = [0; 512];
            let _ = stream.read(&mut greeting).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    (url, came, task)
}

#[tokio::test]
async fn networks_of_our_own_are_not_reached() {
    let world = World::new().await;
    let (url, came, task) = plain().await;
    let event = event(&world, &url).await;
    assert_eq!(runner(&world, Reach::Public).run_until_idle().await.unwrap(), 1);
    let state = state(&world, &event).await;
    assert_eq!((state.status, state.attempts), (WebhookStatus::Failed, 1));
    assert_eq!(
        (state.last_response_code, state.last_response_body.as_deref()),
        (None, Some("ADDRESS_NOT_ALLOWED"))
    );
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
    // who connects now is the first
    let port = url.trim_start_matches("https://").trim_end_matches('/');
    let mut stream = tokio::net::TcpStream::connect(port).await.unwrap();
    stream.write_all(b"x").await.unwrap();
    stream.read_u8().await.unwrap();
    assert_eq!(came.load(Ordering::Relaxed), 1);
    task.abort();
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_fifteen_times() {
    let world = World::new().await;
    let (url, came, task) = plain().await;
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
    assert_eq!(came.load(Ordering::Relaxed), 16);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
    task.abort();
}

#[tokio::test]
async fn where_nobody_listens_is_given_up_at_once() {
    let world = World::new().await;
    let refused = event(&world, "https://refused.test/").await;
    let unnamed = event(&world, "https://unknown.test/").await;
    let nonsense = event(&world, "no url").await;
    assert_eq!(sending(&world, Hosts::default()).run_until_idle().await.unwrap(), 3);
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
    let orphan = event(&world, "https://nobody.test/").await;
    let endpoint = orphan.get("webhook_endpoint_id").as_id().unwrap();
    let scope = Scope::id("id", endpoint);
    let endpoint = world.db.find(WebhookEndpoint::RESOURCE, world.account, &scope).await.unwrap().unwrap();
    world.remove(&endpoint).await;
    let gone = event(&world, "https://nobody.test/").await;
    world.remove(&gone).await;
    let done = event(&world, "https://nobody.test/").await;
    let mut delivered = done.clone();
    delivered.set("status", Value::Text(WebhookStatus::Delivered.as_str().to_owned()));
    world.remove(&done).await;
    world.put(&delivered).await;
    assert_eq!(sending(&world, Hosts::default()).run_until_idle().await.unwrap(), 3);
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
    assert_eq!(world.runner.prune_logs().await.unwrap(), 0, "just old enough to stay");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.runner.prune_logs().await.unwrap(), 1);
    assert_eq!(world.run().await, 1);
    assert_eq!(world.count::<WebhookEvent>().await, 0);
}

#[tokio::test]
async fn latency_is_that_of_the_webhook_that_waits_longest() {
    let world = World::new().await;
    assert!(world.runner.webhook_latency().await.is_err(), "nobody looks for any");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    event(&world, "https://quick.test/").await;
    assert_eq!(world.db.due_since(world.now(), &[kind::DELIVER]).await.unwrap(), Some(world.start));
    world.advance(Duration::from_secs(9));
    let runner = sending(&world, Hosts::default());
    let running = tokio::spawn(Arc::clone(&runner).run(async move { drop(stopped.await) }));
    until("everything is sent", async || world.db.pending_jobs().await.unwrap() == 0).await;
    assert_eq!(runner.webhook_latency().await.unwrap(), Duration::ZERO);
    stop.send(()).unwrap();
    running.await.unwrap();
    event(&world, "https://quick.test/").await;
    world.advance(Duration::from_secs(2));
    assert_eq!(runner.webhook_latency().await.unwrap(), Duration::ZERO, "as it was a moment ago");
    world.advance(Duration::from_secs(1));
    assert_eq!(runner.webhook_latency().await.unwrap(), Duration::from_secs(3));
}

fn ids(events: &[Record]) -> Vec<RecordId> {
    events.iter().map(Record::id).collect()
}

#[tokio::test]
async fn events_of_an_endpoint_are_sent_in_the_order_in_which_they_happened() {
    let world = World::new().await;
    let endpoint = endpoint(&world, "https://quick.test/").await;
    let mut happened = ids(&events(&world, &endpoint, 12).await);
    world.advance(Duration::from_secs(1));
    happened.extend(ids(&events(&world, &endpoint, 12).await));
    let hosts = Hosts::default();
    let came = Arc::clone(&hosts.came);
    assert_eq!(sending(&world, hosts).run_until_idle().await.unwrap(), 24);
    let came: Vec<RecordId> = came.lock().unwrap().iter().map(|(_, id)| *id).collect();
    assert_eq!(came, happened, "those of one moment too");
}

/// One endpoint that takes forever, and much to tell it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_does_not_answer_holds_up_no_other() {
    let world = World::new().await;
    let silent = endpoint(&world, "https://silent.test/").await;
    let waiting = ids(&events(&world, &silent, 40).await);
    world.advance(Duration::from_secs(5));
    let quick = endpoint(&world, "https://quick.test/").await;
    let first = events(&world, &quick, 10).await;
    let hosts = Hosts::default();
    let came = Arc::clone(&hosts.came);
    let begun = || {
        let came = came.lock().unwrap();
        let mut begun: Vec<RecordId> =
            came.iter().filter(|(host, _)| host == "silent.test").map(|(_, id)| *id).collect();
        begun.sort_unstable();
        begun
    };
    let told = async |events: &[Record]| {
        for event in events {
            let is_told = async || state(&world, event).await.status == WebhookStatus::Delivered;
            until("the quick one is told", is_told).await;
        }
    };
    let running = tokio::spawn(sending(&world, hosts).run(std::future::pending()));
    told(&first).await;
    until("as many as may are begun", async || begun().len() >= 4).await;
    told(&events(&world, &quick, 10).await).await;
    running.abort();
    let _ = running.await;
    assert_eq!(begun(), waiting.get(..4).unwrap(), "the four that are oldest, and none beside them");
}

/// A process that dies while it sends leaves the event to be sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_process_was_sending_is_sent_again() {
    let world = World::new().await;
    let endpoint = endpoint(&world, "https://silent.test/").await;
    let event = events(&world, &endpoint, 1).await.remove(0);
    let hosts = Hosts::default();
    let came = Arc::clone(&hosts.came);
    let dying = tokio::spawn(sending(&world, hosts).run(std::future::pending()));
    until("it is being sent", async || !came.lock().unwrap().is_empty()).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    let mut mended = endpoint.clone();
    mended.set("url", Value::Text("https://quick.test/".to_owned()));
    world.update(&mended, &["url"]).await;
    let hosts = Hosts::default();
    let came_again = Arc::clone(&hosts.came);
    let other = sending(&world, hosts);
    // There may be upkeep that the dead one had begun to look for.
    other.run_until_idle().await.unwrap();
    assert!(came_again.lock().unwrap().is_empty(), "the dead one's lease holds");
    world.advance(Duration::from_secs(60));
    assert!(other.run_until_idle().await.unwrap() >= 1);
    assert_eq!(*came_again.lock().unwrap(), [("quick.test".to_owned(), event.id())]);
    assert_eq!(state(&world, &event).await.status, WebhookStatus::Delivered);
}

async fn subscriptions(world: &World, endpoint: &Record) -> serde_json::Value {
    let endpoint: WebhookEndpoint = world.find(endpoint).await.unwrap();
    endpoint.subscriptions
}

#[tokio::test]
async fn who_is_gone_is_told_of_nothing_more_but_who_has_moved_is() {
    let world = World::new().await;
    let gone = endpoint(&world, "https://gone.test/").await;
    let moved = endpoint(&world, "https://moved.test/").await;
    let (to_gone, to_moved) = (events(&world, &gone, 1).await, events(&world, &moved, 1).await);
    let mut mended = moved.clone();
    mended.set("url", Value::Text("https://quick.test/".to_owned()));
    let hosts = Hosts { moving: Some((world.db.clone(), mended)), ..Hosts::default() };
    let runner = sending(&world, hosts);
    assert_eq!(runner.run_until_idle().await.unwrap(), 2);
    for event in to_gone.iter().chain(&to_moved) {
        assert_eq!(state(&world, event).await.status, WebhookStatus::Failed);
    }
    assert_eq!(subscriptions(&world, &gone).await, json!([]));
    assert_eq!(
        subscriptions(&world, &moved).await,
        json!(["*"]),
        "the old place is gone, the new one is not"
    );
    let later = events(&world, &moved, 1).await.remove(0);
    assert_eq!(runner.run_until_idle().await.unwrap(), 1);
    assert_eq!(state(&world, &later).await.status, WebhookStatus::Delivered);
}
