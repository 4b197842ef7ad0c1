//! The Sparkle engine: appcasts for Sparkle on a Mac and WinSparkle on Windows, and the files that they name
//! (`updaters.md` §3).
//!
//! A feed shows the newest release of the caller's channel that the caller may have; the client compares it with what
//! runs. It deliberately signs nothing: what is offered carries the signature that its vendor made.

mod appcast;
mod enclosure;
mod op;

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{
    Access, BadPath, Challenge, Context, Decision, Denial, Descriptor, Engine, Head, Need, Outcome, Plain,
    Poll, Release, Reply, Site, Told, Update, View, plain_key,
};
use keyway_versions::{Channel, Scheme};

use appcast::Item;
use enclosure::Enclosure;
pub use op::{Asked, BadFeed, Feed, Op, System};

/// The Sparkle engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SparkleEngine;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "sparkle",
    name: "Sparkle",
    scheme: Scheme::Semver,
    challenge: Challenge::Basic,
    http2: true,
    normalise: plain_key,
    ingests: &[],
    body_limit: 0,
    redirects: true,
    registry: false,
    updates: true,
    newest_tag: None,
    setup: "curl --fail-with-body -H \"Authorization: License {key}\" \"{base}/PACKAGE/appcast.xml\"",
};

const USAGE: &str = "feeds are at /{package}/appcast.xml, their files at /{package}/{version}/{file}";

impl Engine for SparkleEngine {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        Op::parse(head)
    }

    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        Need::Package { key: op.package() }
    }

    fn is_poll(&self, op: &Op) -> bool {
        matches!(op, Op::Feed(_))
    }

    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        match (op, access) {
            (Op::Feed(feed), Access::Package(view)) => answer(feed, context, view),
            (Op::File(file), Access::Package(view)) => match file.find(view) {
                Ok(file) => Reply::File(file),
                Err(Some(denial)) => Plain::refused(&denial).into(),
                Err(None) => Plain::not_found("file", &file.filename).into(),
            },
            _ => Plain::not_found("package", op.package()).into(),
        }
    }

    fn refuse(&self, _op: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        Plain::refused(denial)
    }

    fn bad_path(&self, error: &BadPath) -> Plain {
        Plain::bad_path(error, USAGE)
    }

    fn render(&self, op: &Op, _context: &Context<'_>, _outcome: &Outcome) -> Reply {
        Plain::not_found("package", op.package()).into()
    }
}

fn answer(feed: &Feed, context: &Context<'_>, view: &View<'_>) -> Reply {
    if let Some(denial) = view.denial {
        return Update::refused(denial).into();
    }
    let (items, told) = match &feed.asked {
        Ok(asked) => offered(asked, view),
        Err(BadFeed::Poll(bad)) => (Vec::new(), Told::misread(bad)),
        Err(BadFeed::Target(name)) => {
            (Vec::new(), Told::unknown_target(&format!("there are no appcasts for {name}")))
        }
    };
    let body = appcast::render(view, context.base, &items);
    let answer = Plain::status(StatusCode::OK)
        .with(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
        .body(appcast::MEDIA_TYPE, body);
    Update { answer, told }.into()
}

/// The items of a feed, and what the caller is told: of several systems, of the first for which there is something.
fn offered<'a>(asked: &Asked, view: &View<'a>) -> (Vec<Item<'a>>, Told) {
    let systems = System::ALL.into_iter().filter(|system| asked.system.is_none_or(|only| only == *system));
    let (mut items, mut said): (Vec<Item<'a>>, Option<Told>) = (Vec::new(), None);
    for system in systems {
        let decisions = decisions(asked, view, system);
        let platform = asked.system.map(System::key);
        for (mark, decision) in &decisions {
            let told = decision.told(&asked.poll, platform);
            if said.as_ref().is_none_or(|said| said.offered.is_none() && told.offered.is_some()) {
                said = Some(told);
            }
            let Some(offer) = &decision.offer else { continue };
            let item = |enclosure: &Enclosure<'a>| Item {
                release: offer.release,
                channel: *mark,
                enclosure: *enclosure,
            };
            items.extend(offer.found.iter().map(item));
        }
    }
    (items, said.expect("at least one system is looked at, and each has a decision"))
}

type Choice<'a> = (Option<Channel>, Decision<'a, Vec<Enclosure<'a>>>);

/// How many releases a feed goes down for older systems.
const SYSTEMS: usize = 4;

/// The system without which the last release of some does not run.
fn floor_of<'a>(found: &[Choice<'a>]) -> Option<&'a str> {
    let (_, decision) = found.last()?;
    decision.offer.as_ref()?.release.urgency.minimum_system.as_deref()
}

/// The decisions for a system: for the newest release, and where that needs a newer system than others, for the newest
/// that does not, since the clients take the best that runs. Where nothing says which channel (neither a pin nor the
/// query, nor the version that runs) Sparkle chooses from marked items of all channels; WinSparkle does not know the
/// mark, and gets stable ones.
fn decisions<'a>(asked: &Asked, view: &View<'a>, system: System) -> Vec<Choice<'a>> {
    let ask = |poll: &Poll, floor: Option<&str>| {
        let runs = |release: &Release| floor.is_none_or(|floor| enclosure::runs_below(release, floor));
        view.upgrade(poll, None, |release| {
            Some(release).filter(|release| runs(release)).and_then(|it| enclosure::of(it, system, asked.arch))
        })
    };
    let poll = &asked.poll;
    let mut found = vec![(None, ask(poll, None))];
    while let Some(floor) = floor_of(&found).filter(|_| found.len() < SYSTEMS) {
        let older = ask(poll, Some(floor));
        if older.offer.is_none() {
            break;
        }
        found.push((None, older));
    }
    let is_settled = view.pin.is_some() || poll.channel.is_some() || poll.current.is_some();
    if is_settled || system == System::Windows {
        return found;
    }
    for channel in Channel::ALL.into_iter().filter(|channel| *channel != Channel::Stable) {
        let decision = ask(&Poll { channel: Some(channel), ..poll.clone() }, None);
        let Some(offer) = &decision.offer else { continue };
        let known =
            |(_, other): &Choice<'a>| other.offer.as_ref().is_some_and(|other| other.index == offer.index);
        if !found.iter().any(known) {
            found.push((Some(offer.release.channel), decision));
        }
    }
    found
}
