//! Where events are written down (DESIGN §8): with the change that they tell of, in the same transaction. The
//! events of reads are written by a [`Journal`], many in one transaction, and so are [`Requests`] and the times of
//! [`Validations`].
//!
//! Webhook endpoints that listen are told of each by rows and jobs of the same transaction: by [`log`] and [`deliver`]
//! where the document can be rendered at once, by [`record`] and a [`Teller`] where it cannot.
//! The crate decides neither what is an event (`domain` does) nor who may read it (`access` does).

mod behind;
mod delivery;
mod journal;
mod request;
mod teller;
mod validation;

pub use behind::NotWritten;
pub use delivery::{DELIVER, deliver};
pub use journal::Journal;
pub use request::Requests;
pub use teller::{TELL, Teller, Told};
pub use validation::{Validations, Validity};

use keyway_base::Timestamp;
use keyway_domain::event::{Event, Origin};
use keyway_store::{StoreError, Write};
use serde_json::Value as Json;

/// Writes an event down, with the change that it tells of, and has webhook endpoints that listen told of the record as
/// it is when the job for that is run. For those who cannot render documents.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub async fn record(
    write: &mut Write,
    event: &Event,
    origin: &Origin,
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = [event.entry(origin, at)];
    write.insert_all(&entry).await?;
    teller::announce(write, &entry, None).await
}

/// The same, with what endpoints are told beside the record, and the log does not keep.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub async fn record_with(
    write: &mut Write,
    event: &Event,
    meta: &Json,
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = [event.entry(&Origin::default(), at)];
    write.insert_all(&entry).await?;
    teller::announce(write, &entry, Some(meta)).await
}

/// Writes an event down, with the change that it tells of. Who calls this tells the endpoints that listen themselves, by
/// [`deliver`].
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub async fn log(write: &mut Write, event: &Event, origin: &Origin, at: Timestamp) -> Result<(), StoreError> {
    write.insert_all(&[event.entry(origin, at)]).await
}
