//! Where events are written down (DESIGN §8): with the change that they tell of, in the same transaction. The
//! events of reads are written by a [`Journal`], many in one transaction.
//!
//! [`record`] is the one place that an event passes through: whoever else is to be told of it is told from here.
//! The crate decides neither what is an event (`domain` does) nor who may read it (`access` does).

mod delivery;
mod journal;

pub use delivery::{DELIVER, deliver};
pub use journal::{Journal, NotWritten};

use keyway_base::Timestamp;
use keyway_domain::event::{Event, Origin};
use keyway_store::{StoreError, Write};

/// Writes an event down, with the change that it tells of.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub async fn record(
    write: &mut Write,
    event: &Event,
    origin: &Origin,
    at: Timestamp,
) -> Result<(), StoreError> {
    write.insert_all(&[event.entry(origin, at)]).await
}
