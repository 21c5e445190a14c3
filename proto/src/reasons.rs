//! How a question and a session end, and what a console is told while it waits.

use serde::{Deserialize, Serialize};

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Decision {
    /// The person said yes.
    Granted,
    /// The person said no.
    Denied,
    /// Nobody answered in time, which is a no.
    TimedOut,
    /// The console took the question back.
    Withdrawn,
    /// It cannot be done on that machine.
    Impossible,
    /// The question was not put: the person said no to one of its kind a moment ago.
    TooSoon,
    /// The question was not put: the person said no too often, and lets it be asked again or not.
    Barred,
    /// The question was not put: the operator's certificate does not allow it.
    NotInProfile,
}

/// By whom or what a granted power has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GrantEnd {
    /// The person took it back.
    Person,
    /// The operator gave it back.
    Operator,
    /// What it was given for is done: the shell has ended, or the power cannot be used any more.
    UseOver,
    /// The line was interrupted, and the power was granted for one use.
    LineBroke,
    /// The log has as many command lines of terminals as it takes.
    LogFull,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EndReason {
    /// The person pressed the red X.
    ClientEnded,
    /// The operator ended it.
    OperatorEnded,
    /// The person did not consent to viewing.
    ConsentDenied,
    /// The person did not recognise the operator.
    OperatorNotRecognised,
    /// The other end did not answer any more.
    ConnectionLost,
    /// The other end broke the protocol.
    ProtocolViolation,
    /// The screen could not be shared.
    ScreenUnavailable,
    /// The longest session that the operator's certificate allows is over.
    TimeUp,
    /// The person did not accept the terms.
    TermsDeclined,
    /// The person said that it is a scam.
    ReportedAsScam,
}

/// What the person does before the first question can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Step {
    /// Reads the terms.
    Terms,
    /// Chooses what to share.
    Choosing,
}

/// What is wrong with an operator's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CertificateProblem {
    /// No root of the agent's organisation stands behind it.
    NotFromThisOrganisation,
    /// It has ended, or the agent's clock is fast.
    Expired,
    /// It has not begun, or the agent's clock is slow.
    NotYetValid,
    /// The organisation revoked it.
    Revoked,
    /// It is for something else than being an operator.
    WrongPurpose,
    /// It does not say what the operator may do.
    NoProfile,
    /// What it says needs a newer program.
    NewerProfile,
    /// There is no list of revoked certificates, or none that is new enough.
    StaleRevocationList,
    /// The list of revoked certificates is not usable.
    BadRevocationList,
    /// It is not readable.
    Malformed,
}
