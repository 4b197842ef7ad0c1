//! Sending webhook events (`licensing.md` §12.2): what is sent and to where, and what an endpoint's answer means.

mod address;
mod deliver;
mod sender;
mod trouble;
mod verdict;

pub(crate) use deliver::deliver;
pub use sender::{Reach, Sender};
