//! Which part of a list is wanted, and in which order.

use keyway_base::RecordId;

/// Direction of [`Sort::Created`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Asc,
    /// Newest first: what the API lists by default.
    #[default]
    Desc,
}

/// What rows are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Creation time, then id.
    #[default]
    Created,
    /// Releases, latest version first (`distribution.md` §6.3), whatever the [`Order`].
    ReleaseVersion,
    /// Artifacts by their release's version, latest first, then newest first (`distribution.md` §6.3).
    ArtifactVersion,
}

/// A part of a list. The default is all of it, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Direction by creation.
    pub order: Order,
    /// At most so many rows; `None` is all.
    pub limit: Option<u32>,
    /// Rows to skip.
    pub offset: u32,
    /// Only rows that come after the row with this id in creation order; an unknown id gives an empty page.
    /// Meant for [`Sort::Created`].
    pub after: Option<RecordId>,
    /// What rows are ordered by.
    pub sort: Sort,
}

impl Page {
    /// Everything, oldest first.
    pub const fn all() -> Self {
        Self { order: Order::Asc, limit: None, offset: 0, after: None, sort: Sort::Created }
    }
    /// The newest `limit` rows.
    pub const fn newest(limit: u32) -> Self {
        Self { order: Order::Desc, limit: Some(limit), offset: 0, after: None, sort: Sort::Created }
    }
}
