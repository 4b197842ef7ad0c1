//! Release channels and which of them a channel filter shows (`distribution.md` §6.4).

use std::fmt;
use std::str::FromStr;

/// How mature a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Finished releases; no pre-release part.
    Stable,
    /// Release candidates.
    Rc,
    /// Betas.
    Beta,
    /// Alphas.
    Alpha,
    /// Development builds, apart from all other channels.
    Dev,
}

/// A text that names no channel. Its message is upstream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a valid channel")]
pub struct UnknownChannel;

impl Channel {
    /// Every channel, the most mature first.
    pub const ALL: [Self; 5] = [Self::Stable, Self::Rc, Self::Beta, Self::Alpha, Self::Dev];

    /// The channel's key: `stable`, `rc`, `beta`, `alpha` or `dev`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Rc => "rc",
            Self::Beta => "beta",
            Self::Alpha => "alpha",
            Self::Dev => "dev",
        }
    }

    /// Whether asking for this channel shows a release of `candidate`: stable ⊂ rc ⊂ beta ⊂ alpha, while
    /// `dev` shows dev only and is shown by nothing else.
    pub const fn includes(self, candidate: Self) -> bool {
        match (self, candidate) {
            (Self::Dev, Self::Dev) => true,
            (Self::Dev, _) | (_, Self::Dev) => false,
            (filter, candidate) => candidate as u8 <= filter as u8,
        }
    }

    /// The channel a pre-release label stands for: the label's leading letters, in any case, are the key of
    /// a channel; anything else (`next.1`, `canary`, `1`) is [`Channel::Dev`] (DESIGN §9).
    pub(crate) fn of_prerelease(label: &str) -> Self {
        let end = label.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(label.len());
        let word = label.get(..end).unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "rc" => Self::Rc,
            "beta" => Self::Beta,
            "alpha" => Self::Alpha,
            _ => Self::Dev,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = UnknownChannel;

    /// Reads a channel's key, exactly as [`Channel::as_str`] writes it.
    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == text).ok_or(UnknownChannel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Channel::{Alpha, Beta, Dev, Rc, Stable};

    #[test]
    fn a_filter_shows_everything_more_mature_and_dev_stands_apart() {
        let shown = [
            (Stable, vec![Stable]),
            (Rc, vec![Stable, Rc]),
            (Beta, vec![Stable, Rc, Beta]),
            (Alpha, vec![Stable, Rc, Beta, Alpha]),
            (Dev, vec![Dev]),
        ];
        for (filter, expected) in shown {
            let seen: Vec<_> = Channel::ALL.into_iter().filter(|c| filter.includes(*c)).collect();
            assert_eq!(seen, expected, "{filter}");
        }
    }

    #[test]
    fn keys_read_back_and_nothing_else_does() {
        for channel in Channel::ALL {
            assert_eq!(channel.as_str().parse(), Ok(channel));
        }
        for bad in ["", "Stable", "nightly", " rc"] {
            assert_eq!(bad.parse::<Channel>(), Err(UnknownChannel), "{bad}");
        }
        assert_eq!(UnknownChannel.to_string(), "must be a valid channel");
    }

    #[test]
    fn unknown_labels_are_dev() {
        for (label, channel) in [
            ("rc.1", Rc),
            ("RC1", Rc),
            ("beta-2", Beta),
            ("alpha", Alpha),
            ("dev.20260101", Dev),
            ("next.1", Dev),
            ("betatest", Dev),
            ("0", Dev),
        ] {
            assert_eq!(Channel::of_prerelease(label), channel, "{label}");
        }
    }
}
