//! The end of a session on the agent: the log is closed, the program removed, and both ends vouch for it.

use crate::config::Setup;
use crate::engine::remove;
use crate::ledger::{Finished, Ledger};
use audit_log::{Event, Role};
use channel::{Channel, Keeper};
use proto::session::{AgentToConsole, ConsoleToAgent, EndReason};
use session::{Outbox, Reader, next_message};
use std::time::Duration;

/// How long each step may take when the other end does not answer.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long the operator's program has to vouch for the end.
const COUNTERSIGNED_WITHIN: Duration = Duration::from_secs(3);

/// What is left of a session whose powers have stopped.
pub(crate) struct Farewell {
    pub(crate) outbox: Outbox<AgentToConsole>,
    pub(crate) reader: Option<Reader>,
    pub(crate) channel: Channel,
    pub(crate) keeper: Keeper,
}

impl Farewell {
    /// Writes the end and the receipt of the removal, tells the console, and waits a moment for its signature.
    /// Where nobody answers the agent alone has signed, and the log shows that.
    pub(crate) async fn say(mut self, config: &Setup, mut ledger: Ledger, reason: EndReason) -> Finished {
        // Whether the console still hears any of it is found out below.
        let _ = ledger.note(&self.outbox, Event::Ended { by: ended_by(reason), reason });
        let removed = remove(config);
        let count = |paths: usize| u32::try_from(paths).unwrap_or(u32::MAX);
        let receipt = Event::Removed { removed: count(removed.removed.len()), left: count(removed.failed.len()) };
        let _ = ledger.note(&self.outbox, receipt);
        let _ = ledger.sign(&self.outbox);
        let told = self.outbox.send(AgentToConsole::Ended { reason });
        if told.is_ok() && reason != EndReason::ConnectionLost {
            let countersigned = tokio::time::timeout(COUNTERSIGNED_WITHIN, self.countersigned(&mut ledger)).await;
            if countersigned.is_err() {
                tracing::info!("the console did not vouch for the end of the log");
            }
        }
        self.outbox.close(GOODBYE).await;
        self.channel.close(GOODBYE).await;
        self.keeper.leave(GOODBYE).await;
        ledger.finish(removed)
    }

    /// Reads on until the console has vouched for everything, or is gone. Nothing else is heeded any more.
    async fn countersigned(&mut self, ledger: &mut Ledger) {
        while !ledger.is_countersigned() {
            let message = tokio::select! {
                // What the console said last is still there when it has gone.
                biased;
                message = next_message(&mut self.reader) => message,
                _ = self.channel.connection().closed() => return,
            };
            match message {
                Ok(Some(ConsoleToAgent::LogSigned { number, at_ms, signature })) => {
                    if !ledger.handle_last_signed(number, at_ms, signature.as_slice()) {
                        tracing::warn!(number, "the console's last signature of the log does not hold");
                        return;
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }
}

/// Whose wish the end was; nobody's where something failed.
const fn ended_by(reason: EndReason) -> Option<Role> {
    match reason {
        EndReason::ClientEnded | EndReason::ConsentDenied | EndReason::OperatorNotRecognised => Some(Role::Agent),
        EndReason::OperatorEnded => Some(Role::Console),
        EndReason::ConnectionLost | EndReason::ProtocolViolation | EndReason::ScreenUnavailable | EndReason::TimeUp => {
            None
        }
    }
}
