//! What the vendor holds a licence's updates to, whatever its clients ask for: a channel, and a range of versions.

use keyway_jsonapi::{Failure, Invalid};
use keyway_versions::semver::Constraint;
use keyway_versions::{Channel, EcosystemVersion};

use crate::resources::{License, Policy};

/// A licence's pins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pin {
    /// The channel that its updates come from.
    pub channel: Option<Channel>,
    /// The versions that its updates stay within.
    pub constraint: Option<Constraint>,
}

impl Pin {
    /// The pins of a licence; those that it has none of its own for are its policy's.
    pub fn of(license: &License, policy: &Policy) -> Self {
        let channel = license.pinned_channel.as_deref().or(policy.pinned_channel.as_deref());
        let constraint = license.pinned_constraint.as_deref().or(policy.pinned_constraint.as_deref());
        Self {
            channel: channel.and_then(|text| text.parse().ok()),
            constraint: constraint.and_then(|text| text.parse().ok()),
        }
    }
    /// Whether it holds anything to anything.
    pub const fn is_none(&self) -> bool {
        self.channel.is_none() && self.constraint.is_none()
    }
    /// Whether a release of this version and channel is one to update to. A version without a semver form is
    /// within no range.
    pub fn fits(&self, version: &EcosystemVersion, channel: Channel) -> bool {
        let within =
            |constraint: &Constraint| version.semver().is_some_and(|semver| constraint.matches(semver));
        self.channel.is_none_or(|pinned| pinned.includes(channel))
            && self.constraint.as_ref().is_none_or(within)
    }
}

/// The channel that clients are answered from who hold licences with these pins: the widest of their channels;
/// none when there are no licences, one of them leaves it open, or none of the channels has all of the others.
pub fn channel<'p>(pins: impl IntoIterator<Item = &'p Pin>) -> Option<Channel> {
    let mut channels = pins.into_iter().map(|pin| pin.channel);
    let first = channels.next()??;
    channels.try_fold(first, |widest, channel| {
        let channel = channel?;
        match (widest.includes(channel), channel.includes(widest)) {
            (true, _) => Some(widest),
            (_, true) => Some(channel),
            _ => None,
        }
    })
}

/// What is wrong with a range of versions that is to be pinned; `None` for good ones.
pub fn constraint_failure(text: &str) -> Option<Invalid> {
    let error = text.parse::<Constraint>().err()?;
    Some(Invalid::attribute("pinned_constraint", Failure::Kind("INVALID"), error.to_string()))
}

#[cfg(test)]
mod tests {
    use keyway_base::Timestamp;
    use keyway_versions::{Scheme, parse};

    use super::*;
    use crate::fixture;

    fn pin(channel: Option<&str>, constraint: Option<&str>) -> Pin {
        let now = Timestamp::from_micros(0);
        let policy = fixture::policy(now);
        let license = fixture::license(now);
        let license = License {
            pinned_channel: channel.map(str::to_owned),
            pinned_constraint: constraint.map(str::to_owned),
            ..license
        };
        Pin::of(&license, &policy)
    }

    #[test]
    fn a_licence_s_own_pins_win_over_its_policy_s_one_by_one() {
        let now = Timestamp::from_micros(0);
        let policy = Policy {
            pinned_channel: Some("beta".to_owned()),
            pinned_constraint: Some("1".to_owned()),
            ..fixture::policy(now)
        };
        let license = fixture::license(now);
        let both = Pin::of(&license, &policy);
        assert_eq!((both.channel, both.constraint), (Some(Channel::Beta), "1".parse().ok()));
        let own = License { pinned_channel: Some("stable".to_owned()), ..license };
        let mixed = Pin::of(&own, &policy);
        assert_eq!((mixed.channel, mixed.constraint), (Some(Channel::Stable), "1".parse().ok()));
        assert!(Pin::of(&own, &fixture::policy(now)).constraint.is_none());
        assert!(pin(None, None).is_none());
    }

    #[test]
    fn releases_fit_their_channel_and_range() {
        for (channel, constraint, version, of, fits) in [
            (None, None, "9.0.0", Channel::Dev, true),
            (Some("beta"), None, "1.0.0", Channel::Stable, true),
            (Some("beta"), None, "1.0.0-alpha.1", Channel::Alpha, false),
            (Some("stable"), None, "1.0.0-rc.1", Channel::Rc, false),
            (None, Some("1"), "1.9.0", Channel::Stable, true),
            (None, Some("1"), "2.0.0", Channel::Stable, false),
            (Some("stable"), Some("1.2"), "1.3.0", Channel::Stable, true),
            (Some("dev"), None, "1.0.0", Channel::Stable, false),
        ] {
            let version = parse(Scheme::Semver, version).unwrap();
            let pin = pin(channel, constraint);
            assert_eq!(pin.fits(&version, of), fits, "{pin:?} {version:?}");
        }
    }

    #[test]
    fn the_widest_channel_is_pinned_when_every_licence_has_one() {
        for (channels, expected) in [
            (&[][..], None),
            (&[None], None),
            (&[Some("rc")], Some(Channel::Rc)),
            (&[Some("stable"), Some("beta"), Some("rc")], Some(Channel::Beta)),
            (&[Some("beta"), None], None),
            (&[Some("stable"), Some("dev")], None),
        ] {
            let pins: Vec<Pin> = channels.iter().map(|channel| pin(*channel, None)).collect();
            assert_eq!(channel(&pins), expected, "{channels:?}");
        }
    }

    #[test]
    fn a_range_that_is_none_is_refused() {
        assert_eq!(constraint_failure("1.2"), None);
        assert!(constraint_failure("~> nothing").is_some());
    }
}
