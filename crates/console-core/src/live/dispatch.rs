//! What a running session on the console does about each command, message and event.

use super::{Flow, Live, MOST_PARKED};
use crate::engine::Desk;
use crate::tasks::Event;
use crate::view::{ConsoleCommand, NoticeKind, PowerState};
use proto::session::{AgentToConsole, Capability, ConsoleToAgent, EndReason, StreamKind};
use session::StreamError;
use std::time::SystemTime;

impl Live<'_> {
    pub(super) async fn handle_command(&mut self, command: ConsoleCommand) -> Flow {
        let may = |capability| self.config.operator.profile.allows(capability);
        match command {
            // What the certificate does not allow has no button; the agent would refuse it.
            ConsoleCommand::SendChat(_) if !may(Capability::Chat) => Flow::Continue(()),
            ConsoleCommand::SendFiles { .. } if !may(Capability::SendFile) => Flow::Continue(()),
            ConsoleCommand::Browse { .. } | ConsoleCommand::FetchFiles { .. } if !may(Capability::FetchFile) => {
                Flow::Continue(())
            }
            ConsoleCommand::Ask(capability) => self.ask_power(capability),
            ConsoleCommand::Release(capability) => {
                let is_browse = capability == Capability::FetchFile && self.files.browse() == PowerState::Granted;
                if self.powers.get(&capability) != Some(&PowerState::Granted) && !is_browse {
                    return Flow::Continue(());
                }
                self.released.insert(capability);
                self.ledger.witness.release(capability);
                if capability == Capability::Control {
                    // Nothing of it may arrive after the power is given back.
                    self.input.finish();
                }
                self.tell(ConsoleToAgent::Release { capability })
            }
            ConsoleCommand::ShowMonitor(monitor) => {
                if self.layout.monitor(monitor).is_none() {
                    return Flow::Continue(());
                }
                self.monitor = Some(monitor);
                self.watch()
            }
            ConsoleCommand::Input(event) => self.send_input(event),
            ConsoleCommand::SendClipboard(_) | ConsoleCommand::FetchClipboard if !may(Capability::Clipboard) => {
                Flow::Continue(())
            }
            ConsoleCommand::SendClipboard(content) => self.send_clip(content),
            ConsoleCommand::FetchClipboard => self.fetch_clip(),
            ConsoleCommand::Annotate(annotation) => self.annotate(annotation),
            ConsoleCommand::SendChat(text) => match self.chat.write(&text, SystemTime::now()) {
                Some((id, text)) => {
                    let line = text.shown_lines();
                    self.keep_line(true, &line);
                    self.ledger.witness.say(line);
                    self.tell(ConsoleToAgent::Chat { id, text })
                }
                None => Flow::Continue(()),
            },
            ConsoleCommand::Browse { path } if self.recognised => self.browse(path),
            ConsoleCommand::Browse { .. } => Flow::Continue(()),
            ConsoleCommand::ListLocal(path) => {
                self.list_local(path);
                Flow::Continue(())
            }
            ConsoleCommand::SendFiles { paths, into } => {
                self.send_files(paths, into);
                Flow::Continue(())
            }
            ConsoleCommand::FetchFiles { paths, into } => self.fetch_files(&paths, into),
            ConsoleCommand::HoldTransfer(transfer, held) => self.hold(transfer, held),
            ConsoleCommand::Resolve(transfer, conflict) => {
                self.resolve(transfer, conflict);
                Flow::Continue(())
            }
            ConsoleCommand::CancelTransfer(transfer) => self.cancel(transfer),
            ConsoleCommand::CancelTransfers => self.cancel_all(),
            ConsoleCommand::CancelItem(transfer, index) => self.cancel_item(transfer, index),
            ConsoleCommand::SavePicture => {
                self.save_picture();
                Flow::Continue(())
            }
            ConsoleCommand::SaveText { stem, extension, text } => {
                self.save_text(stem, extension, text);
                Flow::Continue(())
            }
            ConsoleCommand::Look(topic) => self.look(topic),
            ConsoleCommand::TypeInShell(bytes) => {
                self.type_in_shell(&bytes.0);
                Flow::Continue(())
            }
            ConsoleCommand::ResizeShell(size) => {
                self.resize_shell(size);
                Flow::Continue(())
            }
            ConsoleCommand::EndProcess { pid, name, started_s, force } => self.ask_end(pid, name, started_s, force),
            ConsoleCommand::End => Flow::Break(EndReason::OperatorEnded),
            ConsoleCommand::NewKey
            | ConsoleCommand::CancelKey
            | ConsoleCommand::CloseEnded
            | ConsoleCommand::DismissNotice(_) => Flow::Continue(()),
            ConsoleCommand::Attend(is_attended) => self.attend(is_attended),
        }
    }

    pub(super) fn handle_message(&mut self, message: Result<Option<AgentToConsole>, StreamError>) -> Flow {
        let message = match message {
            Ok(Some(message)) => message,
            Ok(None) | Err(StreamError::Gone) => return Flow::Break(self.how_lost()),
            Err(error) => {
                tracing::warn!(%error, "the agent broke the protocol");
                return Flow::Break(EndReason::ProtocolViolation);
            }
        };
        match message {
            AgentToConsole::Proof { .. } | AgentToConsole::NotAccepted { .. } => {
                return Flow::Break(EndReason::ProtocolViolation);
            }
            AgentToConsole::Log { line } => return self.handle_log(line.as_str()),
            AgentToConsole::Ready { .. } if !self.ledger.has_begun() => {
                tracing::warn!("the agent keeps no log");
                return Flow::Break(EndReason::ProtocolViolation);
            }
            AgentToConsole::Ready { system } => {
                self.system = system.shown();
                if !std::mem::replace(&mut self.recognised, true) {
                    return self.ask_power(Capability::View);
                }
            }
            AgentToConsole::Decided { request, decision } => return self.handle_decided(request, decision),
            AgentToConsole::Revoked { capability, cause } => {
                let own_wish = self.released.remove(&capability);
                let state = if own_wish { PowerState::Off } else { PowerState::ended(cause) };
                if capability == Capability::FetchFile {
                    self.browse_gone(state);
                    return Flow::Continue(());
                }
                self.powers.insert(capability, state);
                self.power_gone(capability, state);
                self.parked_screens.clear();
            }
            AgentToConsole::Layout(layout) => return self.handle_layout(layout),
            AgentToConsole::Chat { id, text } => {
                let up_to = self.hear(id, &text)?;
                return self.tell(ConsoleToAgent::ChatReceived { up_to });
            }
            AgentToConsole::ChatReceived { up_to } => return self.confirmed(up_to),
            AgentToConsole::FileFailed { transfer, failure } => {
                self.batch_failed(transfer);
                self.transfer_over(transfer, Err(failure));
            }
            AgentToConsole::Pong { token } => {
                if let Some((_, sent)) = self.ping.take_if(|(asked, _)| *asked == token) {
                    self.round_trip = Some(sent.elapsed());
                    self.follow_line();
                }
            }
            AgentToConsole::InputPaused { paused } => self.input_paused = paused,
            AgentToConsole::Step { step } => self.step = Some(step),
            AgentToConsole::SharingPaused { paused, epoch } => {
                self.sharing_paused = paused;
                // What the person does not show now is not looked at either; what is shared after the pause may be
                // here before this is.
                self.pictures.lock().monitors.retain(|_, picture| picture.stream > epoch);
                self.annotations.cut();
                self.follow_line();
            }
            AgentToConsole::Ended { reason } => return Flow::Break(reason),
            AgentToConsole::ClipboardPut { problem } => return self.clip_put(problem),
            AgentToConsole::ClipboardNotGiven { problem } => self.clip_not_given(problem),
            AgentToConsole::Marks { seen } => self.annotations.seen = Some(seen),
            AgentToConsole::NoFacts { topic } => self.page_over(topic, None),
            AgentToConsole::NoFolder { listing, failure } => self.no_folder(listing, failure),
            AgentToConsole::ItemFailed { transfer, index, failure } => {
                self.item_failed(transfer, index, failure);
            }
            AgentToConsole::BatchOver { transfer, done } => return self.batch_over(transfer, done),
            AgentToConsole::ProcessEnding { request, ending } => return self.handle_ending(request, ending),
            AgentToConsole::Closed => return Flow::Break(EndReason::ProtocolViolation),
        }
        Flow::Continue(())
    }

    pub(super) fn handle_event(&mut self, event: Event, desk: &mut Desk) -> Flow {
        match event {
            Event::Stream(kind @ (StreamKind::Screen | StreamKind::Cursor), reader) => {
                // The grant travels on another stream and may come later.
                if self.parked_screens.len() >= MOST_PARKED {
                    return Flow::Break(EndReason::ProtocolViolation);
                }
                self.parked_screens.push((kind, reader));
                self.show_parked();
            }
            Event::Stream(StreamKind::Clipboard, reader) => self.receive_clip(reader),
            Event::Stream(StreamKind::SystemInfo { topic }, reader) => self.receive_page(topic, reader),
            Event::Stream(StreamKind::Shell { request }, reader) => self.receive_shell(request, reader),
            Event::Stream(StreamKind::Folder { listing }, reader) => self.receive_folder(listing, reader),
            Event::Stream(
                kind @ (StreamKind::BatchList { transfer }
                | StreamKind::BatchPlan { transfer }
                | StreamKind::Batch { transfer }),
                reader,
            ) => self.batch_stream(transfer, kind, reader),
            Event::Stream(..) => return Flow::Break(EndReason::ProtocolViolation),
            Event::StreamsEnded => return Flow::Break(self.how_lost()),
            Event::Broken(error) => {
                tracing::warn!(%error, "the agent broke the protocol");
                return Flow::Break(EndReason::ProtocolViolation);
            }
            Event::PictureSaved(Some(path)) => desk.notice(NoticeKind::PictureSaved { path }),
            Event::ShellRead(request, bytes) => return self.tell(ConsoleToAgent::ShellReceived { request, bytes }),
            Event::ShellOver(request, ended) => self.shell_over(request, ended)?,
            Event::Folder(listing, head, entries) => self.folder_here(listing, head, entries),
            Event::LocalFolder(listing, list) => self.local_here(listing, list),
            Event::ClipNotSent(problem) => self.clip_not_sent(problem),
            Event::ClipCame(content) => self.clip_came(content),
            Event::Facts(facts) => self.page_over(facts.topic(), Some(facts)),
            Event::TextSaved(Some(path)) => desk.notice(NoticeKind::FactsSaved { path }),
            Event::TextSaved(None) => desk.notice(NoticeKind::FactsNotSaved),
            Event::PictureSaved(None) => desk.notice(NoticeKind::PictureNotSaved),
        }
        Flow::Continue(())
    }
}
