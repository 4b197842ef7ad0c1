//! Tells connections that stand still from those that are slow: a stream may take as long as it likes, as long
//! as bytes move (DESIGN §13).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Limits;

/// What happens on a connection, noted with a few relaxed atomic writes.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    moves: AtomicU64,
    handling: AtomicUsize,
    began: AtomicBool,
}

/// A request that is being handled: what it waits for is its handler's business.
pub(crate) struct Handling(Arc<Activity>);

impl Activity {
    /// Notes that a request has arrived; it is handled until the value is dropped.
    pub(crate) fn handle(self: &Arc<Self>) -> Handling {
        self.began.store(true, Ordering::Relaxed);
        self.handling.fetch_add(1, Ordering::Relaxed);
        Handling(Arc::clone(self))
    }
    fn moved(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }
    fn reading(&self) -> Reading {
        Reading {
            moves: self.moves.load(Ordering::Relaxed),
            handling: self.handling.load(Ordering::Relaxed) > 0,
            began: self.began.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        self.0.handling.fetch_sub(1, Ordering::Relaxed);
        self.0.moved();
    }
}

/// What [`Activity`] showed at one moment.
#[derive(Debug, Clone, Copy)]
struct Reading {
    moves: u64,
    handling: bool,
    began: bool,
}

/// Judges one connection from regular looks at its activity.
#[derive(Debug)]
pub(crate) struct Judge {
    activity: Arc<Activity>,
    accepted: Duration,
    moves: u64,
    still_since: Duration,
    header_time: Duration,
    idle_time: Duration,
    drain_time: Duration,
}

impl Judge {
    /// A judge of a connection accepted at `now` on the monotonic clock.
    pub(crate) fn new(activity: Arc<Activity>, limits: &Limits, now: Duration) -> Self {
        Self {
            activity,
            accepted: now,
            moves: 0,
            still_since: now,
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
        if reading.moves != self.moves || reading.handling {
            self.moves = reading.moves;
            self.still_since = now;
        }
        if !reading.began && now.saturating_sub(self.accepted) > self.header_time {
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
            self.activity.moved();
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
            self.activity.moved();
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

    fn reading(moves: u64, handling: bool, began: bool) -> Reading {
        Reading { moves, handling, began }
    }

    fn at(seconds: u64) -> Duration {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_connection_that_never_asks_ends_after_the_header_time_however_it_dribbles() {
        let mut judge = judge();
        assert!(!judge.judge(reading(1, false, false), at(9), false));
        assert!(judge.judge(reading(2, false, false), at(11), false));
    }

    #[test]
    fn a_slow_stream_lives_as_long_as_bytes_move() {
        let mut judge = judge();
        for minute in 1..600 {
            assert!(!judge.judge(reading(minute, false, true), at(minute * 59), false), "{minute}");
        }
        assert!(!judge.judge(reading(599, false, true), at(599 * 59 + 60), false));
        assert!(judge.judge(reading(599, false, true), at(599 * 59 + 61), false));
    }

    #[test]
    fn waiting_for_the_server_is_not_standing_still() {
        let mut judge = judge();
        assert!(!judge.judge(reading(1, true, true), at(500), false));
        assert!(!judge.judge(reading(1, false, true), at(550), false));
        assert!(judge.judge(reading(1, false, true), at(561), false));
    }

    #[test]
    fn a_stopping_server_has_less_patience_with_stillness_only() {
        let mut judge = judge();
        assert!(!judge.judge(reading(1, false, true), at(5), true));
        assert!(!judge.judge(reading(2, false, true), at(14), true));
        assert!(judge.judge(reading(2, false, true), at(25), true));
    }
}
