//! The watch over open connections: one task that looks at all of them, instead of timers in each. A connection
//! is polled for every request, so whatever it would have to look at besides costs every request.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use keyway_base::Clock;
use tokio::time::{MissedTickBehavior, interval};

use crate::Limits;
use crate::stillness::{Activity, Judge};

/// Every connection that is open.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    connections: Mutex<Connections>,
    stopping: AtomicBool,
}

#[derive(Debug, Default)]
struct Connections {
    opened: u64,
    open: HashMap<u64, (Arc<Orders>, Judge)>,
}

/// What a connection is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Go on.
    Serve,
    /// Answer what was asked, then end.
    Drain,
    /// End now: it has stood still for too long.
    Close,
}

/// Where a connection finds its orders.
#[derive(Debug, Default)]
struct Orders {
    order: AtomicU8,
    task: Mutex<Option<Waker>>,
}

/// A connection's end of the watch; it is no longer watched once this is dropped.
#[derive(Debug)]
pub(crate) struct Watchman {
    watch: Arc<Watch>,
    number: u64,
    orders: Arc<Orders>,
    /// The task that was told to the watch last.
    task: Option<Waker>,
}

impl Watch {
    /// Watches a connection that was accepted at `now` on the monotonic clock.
    pub(crate) fn over(
        self: &Arc<Self>,
        activity: Arc<Activity>,
        limits: &Limits,
        now: Duration,
    ) -> Watchman {
        let orders = Arc::new(Orders::default());
        let mut connections = self.connections();
        connections.opened += 1;
        let number = connections.opened;
        let judge = Judge::new(activity, limits, now);
        connections.open.insert(number, (Arc::clone(&orders), judge));
        if self.stopping.load(Ordering::Relaxed) {
            orders.give(Order::Drain);
        }
        Watchman { watch: Arc::clone(self), number, orders, task: None }
    }

    /// Tells every connection, and those still to come, to end after what it is answering.
    pub(crate) fn stop(&self) {
        let connections = self.connections();
        self.stopping.store(true, Ordering::Relaxed);
        connections.open.values().for_each(|(orders, _)| orders.give(Order::Drain));
    }

    /// Looks at the connections, time and again.
    pub(crate) async fn keep(self: Arc<Self>, limits: Limits, clock: Arc<dyn Clock>) {
        let mut looks = interval(Judge::interval(&limits));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            self.look(clock.monotonic());
        }
    }

    fn look(&self, now: Duration) {
        let mut connections = self.connections();
        let stopping = self.stopping.load(Ordering::Relaxed);
        for (orders, judge) in connections.open.values_mut() {
            if judge.is_over(now, stopping) {
                orders.give(Order::Close);
            }
        }
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Orders {
    fn give(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::AcqRel);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
    fn read(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            0 => Order::Serve,
            1 => Order::Drain,
            _ => Order::Close,
        }
    }
}

impl Watchman {
    /// The order in force; the task of `context` is woken when it changes.
    pub(crate) fn order(&mut self, context: &Context<'_>) -> Order {
        let known = self.task.as_ref().is_some_and(|task| task.will_wake(context.waker()));
        if !known {
            let task = context.waker().clone();
            self.task = Some(task.clone());
            *self.orders.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        }
        self.orders.read()
    }

    /// Runs a connection under orders: `drain` is called once when it is to end after what it is answering.
    /// `None` when it was closed for standing still.
    pub(crate) async fn guard<F: Future>(
        mut self,
        connection: F,
        drain: impl Fn(std::pin::Pin<&mut F>),
    ) -> Option<F::Output> {
        let mut connection = pin!(connection);
        let mut draining = false;
        poll_fn(|context| {
            match self.order(context) {
                Order::Close => return Poll::Ready(None),
                Order::Drain if !draining => {
                    draining = true;
                    drain(connection.as_mut());
                }
                Order::Drain | Order::Serve => {}
            }
            connection.as_mut().poll(context).map(Some)
        })
        .await
    }
}

impl Drop for Watchman {
    fn drop(&mut self) {
        self.watch.connections().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const ACCEPTED: Duration = Duration::from_secs(100);

    fn watched(watch: &Arc<Watch>) -> Watchman {
        watch.over(Arc::default(), &Limits::default(), ACCEPTED)
    }

    #[tokio::test]
    async fn a_connection_that_stands_still_is_closed_and_forgotten() {
        let watch = Arc::<Watch>::default();
        let ended = tokio::spawn(watched(&watch).guard(pending::<()>(), |_| {}));
        tokio::task::yield_now().await;
        watch.look(ACCEPTED + Duration::from_secs(1));
        assert!(!ended.is_finished());
        watch.look(ACCEPTED + Duration::from_secs(11));
        assert_eq!(ended.await.unwrap(), None);
        assert!(watch.connections().open.is_empty());
    }

    #[tokio::test]
    async fn a_stop_reaches_connections_that_are_open_and_those_that_come() {
        let watch = Arc::<Watch>::default();
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let open = tokio::spawn(watched(&watch).guard(pending::<()>(), {
            let told = told.clone();
            move |_| told.send("open").unwrap()
        }));
        tokio::task::yield_now().await;
        watch.stop();
        assert_eq!(heard.recv().await, Some("open"));
        let late = tokio::spawn(watched(&watch).guard(pending::<()>(), move |_| told.send("late").unwrap()));
        assert_eq!(heard.recv().await, Some("late"));
        open.abort();
        late.abort();
    }
}
