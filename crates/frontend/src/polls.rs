//! Polls that came before. What a poll is told depends on what it asks, on what its caller sees of the package, on the
//! rollouts it has to wait for and on the host it came to. One that is the same in all of these is given the same answer
//! again, without being read, decided and put into words anew.
//!
//! Account, caller, package and rollouts are looked up for every poll all the same, and an answer is given again only
//! where it was made from just what was found: so none is ever out of date or somebody else's, and what is kept here may
//! be dropped at any time.

use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use http::Method;
use keyway_access::Seen;
use keyway_base::AccountId;
use keyway_catalog::Identity;
use keyway_engine::{Bits, Call, Head, Plain, Query, Site, Told, Update};

use crate::place::RootKind;

/// How many polls are remembered, each in the place that its hash gives it.
const PLACES: usize = 1024;
/// How many answers are remembered of each poll: those of several classes of callers, rollouts and hosts.
const ANSWERS: usize = 8;
/// The longest path and query, in bytes together, and the longest answer.
const LONGEST_POLL: usize = 512;
const LONGEST_ANSWER: usize = 16 * 1024;
/// The most bytes that are held, about. With more, everything begins anew.
const ROOM: usize = 16 * 1024 * 1024;
/// What a poll and an answer take beside their texts, about.
const OVERHEAD: usize = 1024;

/// Parameters that tell one installation from all others, or are a credential.
const PERSONAL: [&str; 4] = ["fingerprint", "stagingId", "token", "auth"];

/// The polls of a server.
pub(crate) struct Polls {
    places: Box<[ArcSwapOption<Poll>]>,
    hasher: foldhash::quality::RandomState,
    held: Arc<AtomicUsize>,
}

/// A poll, as far as it is the same for many.
pub(crate) struct Poll {
    engine: &'static str,
    path: Box<str>,
    query: Box<str>,
    /// What it asks.
    pub(crate) call: Arc<dyn Call>,
    answers: [ArcSwapOption<Kept>; ANSWERS],
    _share: Share,
}

/// Everything beside the poll itself that an answer is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The account, and what differs when its name or keys do.
    pub(crate) account: (AccountId, u64),
    /// The package as it is.
    pub(crate) package: Identity,
    /// What the caller sees of it.
    pub(crate) seen: &'a Arc<Seen>,
    /// The releases that the installation has to wait for.
    pub(crate) waiting: &'a Bits,
    /// Where the engine was reached.
    pub(crate) root: RootKind,
    /// The host, and the account in the path.
    pub(crate) site: Site<'a>,
}

/// An answer to a poll, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// In the words of the client, with what it tells developers.
    pub(crate) plain: Plain,
    /// What is noted of it.
    pub(crate) told: Told,
    /// The same in a word, for figures.
    pub(crate) word: &'static str,
}

/// An answer with what it was made from.
struct Kept {
    account: (AccountId, u64),
    package: Identity,
    seen: Arc<Seen>,
    waiting: Bits,
    root: RootKind,
    origin: Box<str>,
    segment: Option<Box<str>>,
    answered: Arc<Answered>,
    _share: Share,
}

/// What something takes of the room there is.
struct Share {
    bytes: usize,
    held: Arc<AtomicUsize>,
}

impl Share {
    fn of(bytes: usize, held: &Arc<AtomicUsize>) -> Self {
        held.fetch_add(bytes, Ordering::Relaxed);
        Self { bytes, held: Arc::clone(held) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Default for Polls {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| ArcSwapOption::empty()).collect(),
            hasher: foldhash::quality::RandomState::default(),
            held: Arc::default(),
        }
    }
}

impl Polls {
    /// The poll that a request is, where it came before.
    pub(crate) fn find(&self, engine: &'static str, head: &Head<'_>) -> Option<Arc<Poll>> {
        if *head.method != Method::GET {
            return None;
        }
        let poll = self.place(engine, head.path, head.query).load();
        poll.as_ref().filter(|poll| poll.is(engine, head)).cloned()
    }

    /// A poll that is to be remembered with its first answer; none of one installation only.
    pub(crate) fn rememberable(
        &self,
        engine: &'static str,
        head: &Head<'_>,
        call: &Arc<dyn Call>,
    ) -> Option<Arc<Poll>> {
        let bytes = head.path.len() + head.query.len();
        let is_personal = PERSONAL.iter().any(|name| Query(head.query).first(name).is_some());
        if *head.method != Method::GET || bytes > LONGEST_POLL || is_personal || !call.is_poll() {
            return None;
        }
        Some(Arc::new(Poll {
            engine,
            path: head.path.into(),
            query: head.query.into(),
            call: Arc::clone(call),
            answers: Default::default(),
            _share: Share::of(OVERHEAD + bytes, &self.held),
        }))
    }

    /// Remembers what a poll was answered with, and the poll.
    pub(crate) fn keep(&self, poll: &Arc<Poll>, source: &Source<'_>, answered: Answered) {
        let Site { origin, account } = source.site;
        let bytes = answered.plain.body.len();
        if bytes > LONGEST_ANSWER {
            return;
        }
        self.make_room();
        let kept = Kept {
            account: source.account,
            package: source.package,
            seen: Arc::clone(source.seen),
            waiting: source.waiting.clone(),
            root: source.root,
            origin: origin.into(),
            segment: account.map(Into::into),
            answered: Arc::new(answered),
            _share: Share::of(OVERHEAD + bytes + source.seen.weight(), &self.held),
        };
        poll.place(source).store(Some(Arc::new(kept)));
        let place = self.place(poll.engine, &poll.path, &poll.query);
        if !place.load().as_ref().is_some_and(|there| Arc::ptr_eq(there, poll)) {
            place.store(Some(Arc::clone(poll)));
        }
    }

    fn make_room(&self) {
        if self.held.load(Ordering::Relaxed) > ROOM {
            self.places.iter().for_each(|place| place.store(None));
        }
    }

    fn place(&self, engine: &'static str, path: &str, query: &str) -> &ArcSwapOption<Poll> {
        place_in(&self.places, self.hasher.hash_one((engine, path, query)))
    }
}

impl Poll {
    fn is(&self, engine: &'static str, head: &Head<'_>) -> bool {
        self.engine == engine && *self.path == *head.path && *self.query == *head.query
    }

    /// What it was answered with before, where that was made from the same.
    pub(crate) fn answer(&self, source: &Source<'_>) -> Option<Arc<Answered>> {
        let kept = self.place(source).load();
        kept.as_ref().filter(|kept| kept.is_of(source)).map(|kept| Arc::clone(&kept.answered))
    }

    /// Callers who see the same are of one class, whatever becomes of the package.
    fn place(&self, source: &Source<'_>) -> &ArcSwapOption<Kept> {
        let waiting = source.waiting.words().iter().fold(0_u64, |sum, word| sum.rotate_left(5) ^ word);
        let origin = u64::try_from(source.site.origin.len()).unwrap_or(0);
        place_in(&self.answers, source.seen.class ^ waiting ^ origin)
    }
}

impl Kept {
    fn is_of(&self, source: &Source<'_>) -> bool {
        self.account == source.account
            && self.package == source.package
            && self.root == source.root
            && *self.origin == *source.site.origin
            && self.segment.as_deref() == source.site.account
            && self.waiting == *source.waiting
            && (Arc::ptr_eq(&self.seen, source.seen) || self.seen.shows_the_same(source.seen))
    }
}

impl Answered {
    /// Prepares what an engine replied.
    pub(crate) fn of(update: Update) -> Self {
        let Update { mut answer, told } = update;
        let (name, value) = told.header();
        // a refusal says it already
        answer.headers.retain(|(other, _)| *other != name);
        Self { plain: answer.with(name, value), word: told.word(), told }
    }
}

fn place_in<T>(places: &[T], print: u64) -> &T {
    let index = usize::try_from(print % places.len() as u64).unwrap_or(0);
    places.get(index).expect("the index is below the number of places")
}
