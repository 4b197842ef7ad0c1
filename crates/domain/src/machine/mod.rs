//! Rules of machines, their components and processes (`licensing.md` §10): how alive they are, how many there may
//! be, and where what tells them apart must be unique.

pub mod capacity;
pub mod heartbeat;
pub mod liveness;
pub mod processes;
pub mod uniqueness;
