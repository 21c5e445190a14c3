//! The session's log on the console: taken line by line, vouched for, closed.

use super::{ENDED_WITHIN, Flow, LOG_CLOSED_WITHIN, Live};
use crate::engine::Desk;
use crate::view::ConsoleCommand;
use proto::session::{AgentToConsole, ChatText, EndReason};
use session::{Reader, next_message, until};
use std::ops::ControlFlow;
use std::time::{Instant, SystemTime};

impl Live<'_> {
    /// A line of the chat stays with the operator's record.
    pub(super) fn keep_line(&self, mine: bool, text: &str) {
        if let Some((records, id)) = &self.record {
            records.said(id, mine, text);
        }
    }

    /// A line of the person's has come; gives the number of the last one, which is confirmed.
    pub(super) fn hear(&mut self, id: u64, text: &ChatText) -> ControlFlow<EndReason, u64> {
        let is_new = id > self.chat.received();
        let Some(up_to) = self.chat.handle_line(id, text, SystemTime::now()) else {
            return ControlFlow::Break(EndReason::ProtocolViolation);
        };
        if is_new {
            let line = text.shown_lines();
            if let Err(lie) = self.ledger.witness.hear(&line) {
                tracing::warn!(%lie, "the agent's log is not one");
                return ControlFlow::Break(EndReason::ProtocolViolation);
            }
            self.keep_line(false, &line);
        }
        ControlFlow::Continue(up_to)
    }

    /// The operator's lines up to this one have come to the person.
    pub(super) fn confirmed(&mut self, up_to: u64) -> Flow {
        if let Err(lie) = self.ledger.witness.confirm(up_to) {
            tracing::warn!(%lie, "the agent's log is not one");
            return Flow::Break(EndReason::ProtocolViolation);
        }
        self.chat.handle_received(up_to);
        if let Some((records, id)) = &self.record {
            records.delivered(id, self.chat.unconfirmed());
        }
        Flow::Continue(())
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

    /// Waits until the agent has closed the log, so that both ends have and sign the same one; meanwhile the person
    /// may rate the help. Gives what the operator wants instead of waiting.
    pub(super) async fn close_log(
        &mut self,
        desk: &mut Desk,
        mut reader: Option<Reader>,
        agent_told: bool,
    ) -> Option<ConsoleCommand> {
        let mut ended = agent_told;
        let mut closed_by = Instant::now() + if ended { LOG_CLOSED_WITHIN } else { ENDED_WITHIN };
        loop {
            let message = tokio::select! {
                biased;
                () = until(Some(closed_by)) => {
                    tracing::info!("the agent did not close the log in time");
                    return None;
                }
                command = desk.commands.recv() => {
                    // A window that is gone waits for nothing.
                    let command = command?;
                    let command = desk.common(command).filter(|command| {
                        matches!(command, ConsoleCommand::NewKey | ConsoleCommand::CloseEnded)
                    });
                    if command.is_some() {
                        return command;
                    }
                    continue;
                }
                // What the agent said last is still there when it has gone.
                message = next_message::<AgentToConsole>(&mut reader) => message,
                _ = self.channel.connection().closed() => return None,
            };
            match message {
                Ok(Some(AgentToConsole::Log { line })) if self.handle_log(line.as_str()).is_break() => return None,
                // What the person wrote while the operator ended it is theirs as well.
                Ok(Some(AgentToConsole::Chat { id, text })) if self.hear(id, &text).is_break() => return None,
                Ok(Some(AgentToConsole::ChatReceived { up_to })) if self.confirmed(up_to).is_break() => return None,
                Ok(Some(AgentToConsole::Ended { .. })) if !ended => {
                    ended = true;
                    closed_by = Instant::now() + LOG_CLOSED_WITHIN;
                }
                Ok(Some(AgentToConsole::Closed)) | Ok(None) | Err(_) => return None,
                Ok(Some(_)) => {}
            }
        }
    }
}
