//! The rule that everything lies in one top directory.

use super::Entry;
use crate::{ArchiveError, EntryKind, EntryProblem, Quoted};

/// The top directory, once the first entry has named it.
#[derive(Debug, Default)]
pub(crate) struct TopDirectory {
    name: Option<String>,
}

impl TopDirectory {
    /// Lets `entry` pass where it is the top directory or lies in it.
    pub(crate) fn admit(&mut self, entry: &Entry) -> Result<(), ArchiveError> {
        let top = entry.path.top();
        if entry.path.depth() == 1 && entry.kind == EntryKind::File {
            return Err(ArchiveError::entry(top, EntryProblem::OutsideTop));
        }
        match self.name.as_deref() {
            None => self.name = Some(top.to_owned()),
            Some(name) if name == top => {}
            Some(name) => {
                return Err(ArchiveError::TopDirectories {
                    first: Quoted::new(name),
                    second: Quoted::new(top),
                });
            }
        }
        Ok(())
    }

    /// Its name; `None` where there was no entry.
    pub(crate) fn into_name(self) -> Option<String> {
        self.name
    }
}
