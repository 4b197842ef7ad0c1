//! The result of [`super::view`], owned so that the catalogue can keep it.

use std::hash::{DefaultHasher, Hash, Hasher};

use keyway_base::Timestamp;
use keyway_engine::{Bits, Decide, Denial, Reason, Status, Verdict, View};
use keyway_jsonapi::Role;
use keyway_versions::Channel;

use super::{Held, Refused, refusal};
use crate::{PackageSnapshot, Principal};

/// What waits for a rollout where none is looked at.
static NO_RELEASE: Bits = Bits::NONE;

/// What one caller sees of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// See [`View::visible`].
    pub visible: Bits,
    /// See [`View::yanked`].
    pub yanked: Bits,
    /// See [`View::withheld`].
    pub withheld: Bits,
    /// See [`View::offered`].
    pub offered: Bits,
    /// See [`View::pin`].
    pub pin: Option<Channel>,
    /// See [`View::whole`].
    pub whole: bool,
    /// See [`View::denial`].
    pub denial: Option<Denial>,
    /// Callers of one class get the same documents from the same snapshot.
    pub class: u64,
    /// Refusals of single releases, each with the releases it is about.
    pub(super) denials: Vec<(Denial, Bits)>,
    pub(super) until: Option<Timestamp>,
}

impl Seen {
    /// The view that engines answer from. `snapshot` must be the one this was decided on.
    pub fn view<'a>(&'a self, snapshot: &'a PackageSnapshot) -> View<'a> {
        View {
            offered: &self.offered,
            waiting: &NO_RELEASE,
            pin: self.pin,
            package: &snapshot.package,
            visible: &self.visible,
            yanked: &self.yanked,
            withheld: &self.withheld,
            whole: self.whole,
            denial: self.denial.as_ref(),
            decide: self,
        }
    }
    /// The last moment at which the answer is the same; `None` when time alone never changes it.
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.until
    }
    /// Whether the answer still holds.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now <= until)
    }
    /// Whether this and another show their callers the same of one package, in lists and in words, for as long as both
    /// hold.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        let Self { visible, yanked, withheld, offered, pin, whole, denial, class, denials, until: _ } = self;
        *class == other.class
            && *pin == other.pin
            && *whole == other.whole
            && *offered == other.offered
            && *visible == other.visible
            && *yanked == other.yanked
            && *withheld == other.withheld
            && *denial == other.denial
            && *denials == other.denials
    }
    /// Roughly how many bytes it takes, for caches that are weighed.
    pub fn weight(&self) -> usize {
        let bits = |bits: &Bits| 8 * bits.words().len();
        let denials = self.denials.iter().map(|(denial, about)| denial.message.len() + bits(about) + 64);
        size_of::<Self>() + bits(&self.visible) * 4 + denials.sum::<usize>()
    }

    /// Nothing decided yet, with room for so many releases.
    pub(super) fn nothing(releases: usize) -> Self {
        Self {
            visible: Bits::new(releases),
            yanked: Bits::new(releases),
            withheld: Bits::new(releases),
            offered: Bits::new(releases),
            pin: None,
            whole: false,
            denial: None,
            class: 0,
            denials: Vec::new(),
            until: None,
        }
    }
    /// Refused as a whole.
    pub(super) fn denied(mut self, denial: Denial, tier: u8) -> Self {
        self.denial = Some(denial);
        self.classified(tier)
    }
    /// With its class, the hash of everything that a document can show.
    pub(super) fn classified(mut self, tier: u8) -> Self {
        let mut hasher = DefaultHasher::new();
        (tier, &self.visible, &self.yanked, &self.withheld, self.whole).hash(&mut hasher);
        self.denial.as_ref().map(|denial| (denial.reason, &denial.message)).hash(&mut hasher);
        self.class = hasher.finish();
        self
    }
}

impl Decide for Seen {
    fn verdict(&self, release: usize) -> Verdict {
        if self.visible.contains(release) {
            return Verdict::Allowed;
        }
        if self.yanked.contains(release) {
            return Verdict::Denied(refusal::yanked());
        }
        let about = self.denials.iter().find(|(_, about)| about.contains(release));
        about.map_or(Verdict::Hidden, |(denial, _)| Verdict::Denied(denial.clone()))
    }
}

/// Refused releases, by what is said about them.
#[derive(Default)]
pub(super) struct Refusals(Vec<(Refused, Bits)>, Vec<usize>);

impl Refusals {
    /// Notes a refused release; `releases` is how many the package has.
    pub(super) fn add(&mut self, index: usize, status: Status, refused: Refused, releases: usize) {
        if status == Status::Published && refused.license.is_some() {
            self.1.push(index);
        }
        let group = match self.0.iter().position(|(other, _)| *other == refused) {
            Some(group) => group,
            None => {
                self.0.push((refused, Bits::new(releases)));
                self.0.len() - 1
            }
        };
        if let Some((_, about)) = self.0.get_mut(group) {
            about.insert(index);
        }
    }
    /// Puts the refusals into words.
    pub(super) fn settle(
        self,
        principal: &Principal,
        snapshot: &PackageSnapshot,
        held: &[Held<'_>],
        seen: &mut Seen,
    ) {
        for index in self.1 {
            seen.withheld.insert(index);
        }
        let worded =
            self.0.into_iter().map(|(refused, about)| (refused.denial(principal, snapshot, held), about));
        seen.denials = worded.collect();
    }
}

impl Refused {
    fn denial(&self, principal: &Principal, snapshot: &PackageSnapshot, held: &[Held<'_>]) -> Denial {
        let grant = self.license.and_then(|position| held.get(position)).map(|held| held.grant);
        match grant {
            Some(grant) => {
                let named = snapshot.entitlements.iter().enumerate();
                let missing = named.filter(|(index, _)| self.missing.contains(*index));
                let codes: Vec<&str> = missing.map(|(_, (_, code))| code.as_str()).collect();
                refusal::of_license(self.reason, grant, &codes)
            }
            None if principal.role == Role::Anonymous && self.reason == Reason::NotLicensed => {
                refusal::credential_missing()
            }
            None => refusal::not_licensed(snapshot.strategy),
        }
    }
}
