//! What one decision on a poll costs in a package of a thousand releases for six targets:
//!
//! ```text
//! cargo run --release -p keyway-engine --features testing --example resolution
//! ```
//!
//! Each line is one kind of caller. It ends with an error when any decision takes more than two microseconds.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use keyway_engine::testing::{Shelf, Standing, artifact, denial, release};
use keyway_engine::{Poll, Query, Reason, Release, Spelled, View};
use keyway_versions::Scheme;

const RELEASES: u32 = 1_000;
const ROUNDS: u32 = 200_000;
const BOUND: Duration = Duration::from_micros(2);
const TARGETS: [(&str, &str); 6] = [
    ("linux", "x86_64"),
    ("linux", "aarch64"),
    ("darwin", "x86_64"),
    ("darwin", "aarch64"),
    ("windows", "x86_64"),
    ("windows", "aarch64"),
];

/// The release of a number. Only the older half has anything for Linux on ARM.
fn filled(number: u32) -> Release {
    let mut filled = release(Scheme::Semver, &format!("{}.{}.0", number / 100, number % 100));
    let targets =
        TARGETS.iter().filter(|target| number < RELEASES / 2 || target.1 == "x86_64" || target.0 != "linux");
    filled.artifacts = targets
        .map(|(platform, arch)| {
            let mut file = artifact(&format!("app-{platform}-{arch}.zip"), 1);
            (file.platform, file.arch) = (Some((*platform).to_owned()), Some((*arch).to_owned()));
            file
        })
        .collect();
    filled
}

fn shelf(standing: impl Fn(u32) -> Standing) -> Shelf {
    Shelf::new("app", (0..RELEASES).map(|number| (filled(number), standing(number))).collect())
}

/// The mean time of a decision, and the version it comes to.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the time itself")]
fn measure(view: &View<'_>, poll: &Poll, (platform, arch): (&str, &str)) -> Option<(Duration, String)> {
    let (platform, arch) = (Spelled::platform(platform)?, Spelled::arch(arch)?);
    let fits = |release: &Release| {
        let mut files = View::artifacts(release);
        let is =
            |said: &Option<String>, wanted: &Spelled| said.as_deref().is_some_and(|name| wanted.is(name));
        files.find(|(_, file)| is(&file.platform, platform) && is(&file.arch, arch)).map(|(at, _)| at)
    };
    let decide = || {
        let among = view.package.targets.built_for_spelled(platform, arch);
        view.upgrade(poll, Some(&among), fits).offer.map(|offer| offer.release)
    };
    let began = Instant::now();
    for _ in 0..ROUNDS {
        black_box(decide());
    }
    let found =
        decide().map_or_else(|| "nothing new".to_owned(), |release| release.version.verbatim().to_owned());
    began.elapsed().checked_div(ROUNDS).map(|mean| (mean, found))
}

fn main() -> Result<(), Box<dyn Error>> {
    let refused = || Standing::Withheld(denial(Reason::OutsideWindow, "Released after the licence expired."));
    let open = shelf(|_| Standing::Visible);
    let ended = shelf(|number| if number < 700 { Standing::Visible } else { refused() });
    let waiting = shelf(|_| Standing::Visible).waiting(&["9.99.0"]);
    let (first, newest) = ("0.0.0", "9.99.0");
    let linux = ("linux", "x86_64");
    let mut slow = Vec::new();
    for (who, shelf, current, target) in [
        ("from the first to the newest", &open, first, linux),
        ("nothing new", &open, newest, linux),
        ("a licence that expired at the 700th", &ended, first, linux),
        ("the same, which has it already", &ended, "6.99.0", linux),
        ("the newest is rolled out to others", &waiting, first, linux),
        ("nothing for the target since the 500th", &open, first, ("linux", "aarch64")),
    ] {
        let poll = Poll::read(Some(current), Query(""))?;
        let (mean, found) = measure(&shelf.view(), &poll, target).ok_or("no rounds")?;
        println!("{:>6} ns  {who}: {found}", mean.as_nanos());
        if mean > BOUND {
            slow.push(who);
        }
    }
    if slow.is_empty() { Ok(()) } else { Err(format!("more than {BOUND:?}: {}", slow.join(", ")).into()) }
}
