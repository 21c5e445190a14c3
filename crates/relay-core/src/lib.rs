//! What a relay decides: slots, pairing, tickets, limits.
//!
//! What is absent: sockets, clocks, certificates, and everything about the secret half of a session
//! key; pairing messages pass unread. Time and randomness are arguments. Read [`RelayCore`] (the
//! messages that come in) and [`Output`] (what the relay program must do) first.

mod core;
mod demands;
mod joins;
pub mod limits;
mod lookups;
mod offers;
mod pairing;
mod revocations;
mod sessions;
mod source;
mod state;
mod tickets;

pub use crate::core::{Config, OperatorProof, Output, RelayCore};
pub use lookups::Lookup;
pub use revocations::List;
pub use source::Source;
pub use state::LinkId;
pub use tickets::{ClusterKey, TicketError};
