//! Tells connections that stand still from those that are slow: a stream may take as long as it likes, as long
//! as bytes move (DESIGN §13).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Limits;

/// What happens on a connection, noted with a few relaxed atomic writes.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    reads: AtomicU64,
    writes: AtomicU64,
    requests: AtomicU64,
    handling: AtomicUsize,
}

/// A request that is being handled: what it waits for is its handler's business.
pub(crate) struct Handling(Arc<Activity>);

impl Activity {
    /// Notes that a request has arrived; it is handled until the value is dropped.
    pub(crate) fn handle(self: &Arc<Self>) -> Handling {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.handling.fetch_add(1, Ordering::Relaxed);
        Handling(Arc::clone(self))
    }
    fn reading(&self) -> Reading {
        Reading {
            reads: self.reads.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            handling: self.handling.load(Ordering::Relaxed) > 0,
        }
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        self.0.handling.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What [`Activity`] showed at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Reading {
    /// How often bytes were read.
    reads: u64,
    /// How often bytes were written.
    writes: u64,
    /// How many requests have begun.
    requests: u64,
    /// Whether one is being handled.
    handling: bool,
}

/// Judges one connection from regular looks at its activity.
#[derive(Debug)]
pub(crate) struct Judge {
    activity: Arc<Activity>,
    last: Reading,
    still_since: Duration,
    /// Since when it has been sending a request's head, as far as looks can tell.
    head_since: Option<Duration>,
    header_time: Duration,
    idle_time: Duration,
    drain_time: Duration,
}

impl Judge {
    /// A judge of a connection accepted at `now` on the monotonic clock.
    pub(crate) fn new(activity: Arc<Activity>, limits: &Limits, now: Duration) -> Self {
        Self {
            activity,
            last: Reading::default(),
            still_since: now,
            head_since: Some(now),
            header_time: limits.header_time,
            idle_time: limits.idle_time,
            drain_time: limits.drain_time,
        }
    }

    /// How often to look: often enough to be late by no more than a quarter.
    pub(crate) fn interval(limits: &Limits) -> Duration {
        let shortest = limits.header_time.min(limits.idle_time).min(limits.drain_time);
        (shortest / 4).clamp(Duration::from_millis(5), Duration::from_secs(2))
    }

    /// Whether the connection has stood still for too long, or never came to a request.
    pub(crate) fn is_over(&mut self, now: Duration, stopping: bool) -> bool {
        let reading = self.activity.reading();
        self.judge(reading, now, stopping)
    }

    fn judge(&mut self, reading: Reading, now: Duration, stopping: bool) -> bool {
        if reading.handling || reading != self.last {
            self.still_since = now;
        }
        // What is read while nothing is handled and nothing written can only be a head on its way.
        let answered = reading.writes != self.last.writes || reading.requests != self.last.requests;
        if reading.requests == 0 {
            // Its first head counts from the start, however it dribbles in.
        } else if reading.handling || answered {
            self.head_since = None;
        } else if reading.reads != self.last.reads {
            self.head_since.get_or_insert(now);
        }
        self.last = reading;
        if self.head_since.is_some_and(|since| now.saturating_sub(since) > self.header_time) {
            return true;
        }
        let patience = if stopping { self.drain_time.min(self.idle_time) } else { self.idle_time };
        now.saturating_sub(self.still_since) > patience
    }
}

/// A byte stream that notes its movements.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub(crate) const fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
    fn note(&self, written: &Poll<io::Result<usize>>) {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.activity.writes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.reads.fetch_add(1, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(&written);
        written
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(&written);
        written
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1000);

    fn judge() -> Judge {
        Judge::new(Arc::default(), &Limits::default(), START)
    }

    /// What a connection shows that has read, written and begun so much.
    fn idle(reads: u64, writes: u64, requests: u64) -> Reading {
        Reading { reads, writes, requests, handling: false }
    }

    fn at(seconds: u64) -> Duration {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_connection_that_never_asks_ends_after_the_header_time_however_it_dribbles() {
        let mut judge = judge();
        assert!(!judge.judge(idle(1, 0, 0), at(9), false));
        assert!(judge.judge(idle(2, 1, 0), at(11), false), "a handshake is no request");
    }

    #[test]
    fn so_does_one_that_dribbles_a_later_head() {
        let mut judge = judge();
        assert!(!judge.judge(idle(1, 1, 1), at(20), false));
        assert!(!judge.judge(idle(2, 1, 1), at(30), false));
        assert!(!judge.judge(idle(3, 1, 1), at(40), false));
        assert!(judge.judge(idle(3, 1, 1), at(41), false), "even when it stops in the middle of the head");
        let mut prompt = Judge::new(Arc::default(), &Limits::default(), START);
        assert!(!prompt.judge(idle(1, 1, 1), at(20), false));
        assert!(!prompt.judge(idle(2, 1, 1), at(30), false));
        assert!(!prompt.judge(idle(3, 2, 2), at(39), false));
        assert!(!prompt.judge(idle(3, 2, 2), at(60), false), "idle, with nothing begun");
    }

    #[test]
    fn a_slow_stream_lives_as_long_as_bytes_move() {
        let mut judge = judge();
        for minute in 1..600 {
            assert!(!judge.judge(idle(1, minute, 1), at(minute * 59), false), "{minute}");
        }
        assert!(!judge.judge(idle(1, 599, 1), at(599 * 59 + 60), false));
        assert!(judge.judge(idle(1, 599, 1), at(599 * 59 + 61), false));
    }

    #[test]
    fn waiting_for_the_server_is_not_standing_still() {
        let mut judge = judge();
        let handling = Reading { handling: true, ..idle(1, 0, 1) };
        assert!(!judge.judge(handling, at(500), false));
        assert!(!judge.judge(idle(1, 0, 1), at(550), false));
        assert!(!judge.judge(idle(1, 0, 1), at(610), false));
        assert!(judge.judge(idle(1, 0, 1), at(611), false));
    }

    #[test]
    fn a_stopping_server_has_less_patience_with_stillness_only() {
        let mut judge = judge();
        assert!(!judge.judge(idle(1, 1, 1), at(5), true));
        assert!(!judge.judge(idle(1, 2, 1), at(14), true));
        assert!(judge.judge(idle(1, 2, 1), at(25), true));
    }
}
