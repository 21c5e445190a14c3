//! The session's log on the console: taken line by line, vouched for, closed.

use super::{Flow, LOG_CLOSED_WITHIN, Live};
use proto::session::{AgentToConsole, EndReason, TransferId};
use session::{Reader, next_message};
use std::time::Instant;

impl Live<'_> {
    /// What we found in a file must be what the log says.
    pub(super) fn digest(&mut self, transfer: TransferId, digest: [u8; 32]) -> Flow {
        let Some(request) = self.requests.get(&transfer) else { return Flow::Continue(()) };
        match self.ledger.witness.digest(request.0, digest) {
            Ok(()) => Flow::Continue(()),
            Err(lie) => {
                tracing::warn!(%lie, "the agent's log is not one");
                Flow::Break(EndReason::ProtocolViolation)
            }
        }
    }

    /// Takes a line of the agent's log, and vouches for it where that is due.
    pub(super) fn handle_log(&mut self, line: &str) -> Flow {
        match self.ledger.take(line) {
            Ok(Some(signed)) => {
                self.signed_at = Instant::now();
                self.tell(signed)
            }
            Ok(None) => Flow::Continue(()),
            Err(error) => {
                tracing::warn!(%error, "the agent's log is not one");
                Flow::Break(EndReason::ProtocolViolation)
            }
        }
    }

    /// Waits until the agent has written the end into the log, so that both ends have and sign the same one.
    pub(super) async fn close_log(&mut self, mut reader: Option<Reader>, agent_told: bool) {
        let mut ended = agent_told;
        let closing = async {
            while !ended {
                let message = tokio::select! {
                    message = next_message::<AgentToConsole>(&mut reader) => message,
                    _ = self.channel.connection().closed() => return,
                };
                match message {
                    Ok(Some(AgentToConsole::Log { line })) if self.handle_log(line.as_str()).is_break() => return,
                    Ok(Some(AgentToConsole::Ended { .. })) => ended = true,
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => return,
                }
            }
        };
        if tokio::time::timeout(LOG_CLOSED_WITHIN, closing).await.is_err() {
            tracing::info!("the agent did not close the log in time");
        }
    }
}
