//! What a running session on the agent does about each command, message and report.

use super::{Flow, Live, Report, shell, written};
use crate::view::{AgentCommand, ShareReason};
use audit_log::{Event, Role};
use capture::CaptureError;
use consent::{Answer, Scope};
use proto::session::{AgentToConsole, Capability, ConsoleToAgent, Decision, EndReason, StreamKind};
use session::StreamError;
use std::time::{Instant, SystemTime};

impl Live<'_> {
    pub(super) fn handle_command(&mut self, command: Option<AgentCommand>) -> Flow {
        match command {
            None | Some(AgentCommand::End | AgentCommand::Quit) => return Flow::Break(EndReason::ClientEnded),
            Some(AgentCommand::ReportScam) => return Flow::Break(EndReason::ReportedAsScam),
            Some(AgentCommand::Share(share)) => return self.share(share),
            Some(AgentCommand::ChangeShare) => return self.choose_anew(ShareReason::Change),
            Some(AgentCommand::KeepShare) => return self.keep_share(),
            Some(AgentCommand::ShareGone) => return self.share_gone(),
            Some(AgentCommand::Pause) => return self.pause(true),
            Some(AgentCommand::Resume) => return self.resume(),
            Some(AgentCommand::QuestionShown(id)) => {
                let first = self.consent.open_question().is_some_and(|open| open.id == id && open.shown_at.is_none());
                self.consent.mark_shown(Instant::now(), id);
                if first {
                    return self.note(Event::Shown { request: id.0 });
                }
            }
            Some(AgentCommand::Answer(id, yes)) => {
                let answer = if yes { Answer::Allow } else { Answer::Deny };
                self.consent.answer(Instant::now(), id, answer);
            }
            Some(AgentCommand::Revoke(capability)) => self.consent.revoke_all(capability),
            Some(AgentCommand::Choose(id, conflict)) => self.choose_conflict(id, conflict),
            Some(AgentCommand::StopTransfer(transfer)) => return self.stop_transfer(transfer),
            Some(AgentCommand::AllowAsking(capability)) => self.consent.allow_asking(capability),
            Some(AgentCommand::SendChat(text)) => {
                if let Some((id, text)) = self.chat.write(&text, SystemTime::now()) {
                    self.note_line(Role::Agent, &text)?;
                    return self.tell(AgentToConsole::Chat { id, text });
                }
            }
            Some(
                AgentCommand::SubmitKey(_)
                | AgentCommand::SubmitDomain(_)
                | AgentCommand::TryAgain
                | AgentCommand::RecogniseOperator(_)
                | AgentCommand::AcceptTerms(_)
                | AgentCommand::Rate { .. }
                | AgentCommand::SkipRating
                | AgentCommand::SaveLog(_)
                | AgentCommand::NewKey,
            ) => {}
        }
        Flow::Continue(())
    }

    pub(super) fn handle_message(&mut self, message: Result<Option<ConsoleToAgent>, StreamError>) -> Flow {
        let message = match message {
            Ok(Some(message)) => message,
            Ok(None) | Err(StreamError::Gone) => return Flow::Break(self.how_lost()),
            Err(error) => {
                tracing::warn!(%error, "the console broke the protocol");
                return Flow::Break(EndReason::ProtocolViolation);
            }
        };
        match message {
            ConsoleToAgent::Proof { .. } => return Flow::Break(EndReason::ProtocolViolation),
            ConsoleToAgent::Ask { request, what } => return self.handle_ask(request, what),
            ConsoleToAgent::Withdraw { request } if self.shell.asks_no_more(request) => {
                return self.tell(AgentToConsole::Decided { request, decision: Decision::Withdrawn });
            }
            ConsoleToAgent::Withdraw { request } => self.consent.close_question(request, Decision::Withdrawn),
            ConsoleToAgent::Chat { .. } if !self.profile.allows(Capability::Chat) => {
                return self.not_allowed(Capability::Chat);
            }
            ConsoleToAgent::Chat { id, text } => {
                let is_new = id > self.chat.received();
                let Some(up_to) = self.chat.handle_line(id, &text, SystemTime::now()) else {
                    return Flow::Break(EndReason::ProtocolViolation);
                };
                if is_new {
                    self.note_line(Role::Console, &text)?;
                }
                return self.tell(AgentToConsole::ChatReceived { up_to });
            }
            ConsoleToAgent::ChatReceived { up_to } => self.chat.handle_received(up_to),
            ConsoleToAgent::ScreenDecoded { monitor, epoch, sequence } => {
                if let Some(screens) = &self.screens {
                    screens.handle_decoded(monitor, epoch, sequence);
                }
            }
            ConsoleToAgent::Watch { monitors } => {
                if monitors.len() > proto::limits::MONITORS {
                    return Flow::Break(EndReason::ProtocolViolation);
                }
                match self.screens.as_mut().map(|screens| screens.watch(&monitors)) {
                    Some(Err(CaptureError::LayoutChanged)) => return self.start_screens(),
                    Some(Err(error)) => tracing::warn!(%error, "a monitor cannot be shared"),
                    Some(Ok(())) | None => {}
                }
            }
            ConsoleToAgent::FileFailed { transfer, failure } => return self.console_gave_up(transfer, failure),
            ConsoleToAgent::Release { capability } => self.consent.release(capability),
            ConsoleToAgent::LogSigned { number, at_ms, signature } => {
                return match self.ledger.handle_signed(&self.outbox, number, at_ms, signature.as_slice()) {
                    Some(result) => written(result),
                    None => {
                        tracing::warn!(number, "the console's signature of the log does not hold");
                        Flow::Break(EndReason::ProtocolViolation)
                    }
                };
            }
            ConsoleToAgent::Ping { token } => return self.tell(AgentToConsole::Pong { token }),
            ConsoleToAgent::Look { topic } => return self.look(topic),
            ConsoleToAgent::ShellReceived { request, bytes } => {
                if !self.shell.received(request, bytes) {
                    return Flow::Break(EndReason::ProtocolViolation);
                }
            }
            ConsoleToAgent::ListFolder { listing, path } => return self.list_folder(listing, path),
            ConsoleToAgent::HoldBatch { transfer, held } => self.hold_batch(transfer, held),
            ConsoleToAgent::ItemFailed { transfer, index, .. } => self.console_lost_item(transfer, index),
            ConsoleToAgent::FetchClipboard => return self.give_clip(),
            ConsoleToAgent::End => return Flow::Break(EndReason::OperatorEnded),
        }
        Flow::Continue(())
    }

    pub(super) fn handle_event(&mut self, event: Report) -> Flow {
        match event {
            Report::Stream(StreamKind::Input, mut reader) if !self.profile.allows(Capability::Control) => {
                reader.stop();
                return self.not_allowed(Capability::Control);
            }
            Report::Stream(StreamKind::Input, reader) => {
                let gate = self.input_gate.clone();
                self.tasks.spawn(async move {
                    if let Err(error) = gate.read(reader).await {
                        tracing::debug!(%error, "the input stream ended");
                    }
                });
            }
            Report::Stream(StreamKind::Clipboard, reader) => return self.take_clip(reader),
            Report::Stream(StreamKind::Annotation, reader) => return self.annotate(reader),
            Report::Stream(
                kind @ (StreamKind::BatchList { transfer }
                | StreamKind::BatchPlan { transfer }
                | StreamKind::Batch { transfer }),
                reader,
            ) => return self.batch_stream(transfer, kind, reader),
            Report::Stream(StreamKind::Shell { .. }, mut reader) if !self.profile.allows(Capability::Shell) => {
                reader.stop();
                return self.not_allowed(Capability::Shell);
            }
            Report::Stream(StreamKind::Shell { request }, reader) => return self.receive_typing(request, reader),
            Report::Stream(..) => return Flow::Break(EndReason::ProtocolViolation),
            Report::Broken(error) => return shell::broken(&error),
            Report::StreamsEnded => return Flow::Break(self.how_lost()),
            Report::Looked(id, prepared) => {
                if self.consent.is_asked(id) {
                    if prepared.is_without_list() {
                        self.consent.close_question(id, Decision::Impossible);
                        return Flow::Continue(());
                    }
                    self.prepared.insert(id, prepared);
                    return Flow::Continue(());
                }
                // A yes for the whole session was quicker than the disk.
                let scope = Scope { capability: prepared.capability(), transfer: Some(prepared.transfer()) };
                if self.consent.is_granted(scope) && !self.transfers.contains_key(&prepared.transfer()) {
                    return self.granted(scope, Some(prepared));
                }
            }
            Report::LayoutAgain => return self.start_screens(),
            Report::Machine(report) => return self.handle_machine(report),
            Report::Clip(report) => return self.handle_clip(report),
            Report::Marks(seen) => return self.marks_seen(seen),
            Report::Listed(listing, list) => return self.listed(listing, list),
        }
        Flow::Continue(())
    }
}
