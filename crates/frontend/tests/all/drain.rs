//! Stopping: nothing new is taken, nothing under way is cut.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::wire::Wire;
use crate::world::{GOOD, World, big};

const PATIENCE: Duration = Duration::from_secs(20);

async fn download(world: &World) -> Wire {
    let mut wire = world.wire().await;
    let head = format!(
        "GET /widget/big.bin HTTP/1.1\r\nHost: toy.pkg.example.com\r\nAuthorization: Bearer {GOOD}\r\n\r\n"
    );
    wire.send(head).await;
    assert_eq!(wire.head().await.status, 200);
    wire
}

#[tokio::test]
async fn a_download_under_way_comes_to_its_end() {
    let mut world = World::large(|_| {}).await;
    let mut wire = download(&world).await;
    let mut idle = world.wire().await;
    assert_eq!(idle.get("/v1/ping", &[]).await.status, 200);
    let stopped = world.stop();
    assert!(idle.rest().await.is_empty(), "idle connections are closed at once");
    assert!(TcpStream::connect(world.address).await.is_err(), "nobody listens any more");
    assert!(!stopped.is_finished());
    let expected = big();
    assert!(wire.read_exact(expected.len()).await == expected);
    assert!(wire.rest().await.is_empty());
    timeout(PATIENCE, stopped).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_under_way_is_answered() {
    let mut world = World::new().await;
    let mut wire = world.wire().await;
    wire.send("POST /v1/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}").await;
    world.behind.arrived.notified().await;
    let stopped = world.stop();
    world.behind.go_on.notify_one();
    assert_eq!(wire.reply(false).await.status, 201);
    timeout(PATIENCE, stopped).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_that_nobody_reads_does_not_hold_the_server_up() {
    let mut world = World::large(|settings| settings.limits.drain_time = Duration::from_millis(40)).await;
    let _stuck = download(&world).await;
    let mut stopped = world.stop();
    // The clock of the world stands still until it is moved: only then has the stream stood still too long.
    let clock = world.clock.clone();
    let over = async {
        while timeout(Duration::from_millis(20), &mut stopped).await.is_err() {
            clock.advance(Duration::from_secs(1));
        }
    };
    timeout(PATIENCE, over).await.unwrap();
}
