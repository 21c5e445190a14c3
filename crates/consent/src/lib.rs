//! Who may do what right now: questions, answers, grants, and the permits and leases that prove them.
//!
//! What is absent: clocks, windows, the network, and any way to a [`Permit`] other than a grant that
//! a person gave to a question that was shown, or their standing yes to the same power. Read [`Consent`], then [`Lease`].

mod lease;
mod state;

pub use lease::{
    Clipboard, ConsentCell, Control, EndProcess, FetchFile, Kind, Lease, Permit, Revoked, SendFile, Shell, SystemInfo,
    View,
};
pub use state::{Answer, AskError, Cause, Consent, Outcome, Question, Scope};
