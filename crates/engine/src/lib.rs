//! The contract between the house and a package ecosystem (DESIGN §4).
//!
//! An [`Engine`] is a pure translator. It parses its ecosystem's requests into its own typed operation, says
//! what it [`Need`]s, and turns a [`View`] (only what this caller may see) into a [`Reply`]. It asks for
//! effects by [`Act`] and describes uploads by [`Engine::ingest`]. It deliberately knows neither principals
//! nor licences, storage, sockets or the other engines; adding an engine is one crate and one line.

mod accept;
mod act;
mod content;
mod context;
mod denial;
mod descriptor;
mod dispatch;
mod form;
mod head;
mod ingest;
mod need;
mod platform;
mod poll;
mod query;
mod registry;
mod release_file;
mod reply;
mod sent;
mod snapshot;
mod targets;
#[cfg(feature = "testing")]
pub mod testing;
mod upgrade;
mod view;
pub mod xml;

pub use accept::{Accept, Precision, Weight};
pub use act::{Act, Edit, Existing, Files, Outcome, Publication};
pub use content::{Content, ContentTag, ManifestHead, Owners, StoredBlob, StoredManifest};
pub use context::{Context, PackageSigner, Site};
pub use denial::{Denial, Reason};
pub use descriptor::{Challenge, Descriptor, KeyError, plain_key};
pub use dispatch::{AnyEngine, Beside, Call, Engine, Engines};
pub use form::Form;
pub use head::{BadPath, Head, decode_segment, encoded_segment};
pub use ingest::{Ingested, ReadSeek, Reject, Upload};
pub use need::Need;
pub use platform::Spelled;
pub use poll::{BadPoll, Poll, Poller};
pub use query::{Query, encoded};
pub use registry::{
    Actions, ContentEdit, ContentOutcome, Minted, MountFrom, NewManifest, NewTag, Piece, Scope, TokenAsker,
    TokenWish,
};
pub use release_file::{ReleaseFile, base_name};
pub use reply::{Caching, Document, FileReply, Plain, Reply, Transfer, Update};
pub use sent::{Around, BadBody, Field, Sent, SentFile, Takes, Unwrap};
pub use snapshot::{Artifact, Bits, Digests, Feeds, Manifest, Package, Release, Status, Tag, Urgency};
pub use targets::Targets;
pub use upgrade::{Decision, Offer, Passed, Told, Why};
pub use view::{Access, Decide, NameList, PackageName, Verdict, View};
