//! Sending webhook events (`licensing.md` §12.2): what is sent and to where, and what an endpoint's answer means.

mod address;
mod carrier;
mod deliver;
mod network;
mod sender;
mod trouble;
mod verdict;

pub use carrier::{Answer, Carried, Carrier, Outgoing};
pub(crate) use deliver::deliver;
pub use sender::{Reach, Sender};
pub use trouble::Trouble;
