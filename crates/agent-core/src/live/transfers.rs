//! How files move and end on the agent.

use super::{Flow, Live};
use crate::files::TransferEvent;
use crate::view::{TransferState, TransferView};
use audit_log::{Direction, Event, Hex};
use consent::Scope;
use proto::limits::FILE_NAME_BYTES;
use proto::session::{AgentToConsole, Capability, TransferFailure, TransferId};
use proto::text::Text;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

impl Live<'_> {
    pub(super) fn handle_transfer(&mut self, event: TransferEvent) -> Flow {
        match event {
            TransferEvent::Progress { transfer, done_bytes } => {
                if let Some(view) = self.transfers.get_mut(&transfer) {
                    view.done_bytes = done_bytes;
                }
                Flow::Continue(())
            }
            TransferEvent::Done { transfer, saved_to, digest } => {
                self.transfer_over(transfer, Ok((Some(saved_to), digest)))?;
                self.tell(AgentToConsole::FileReceived { transfer })
            }
            TransferEvent::Given { transfer, digest } => self.transfer_over(transfer, Ok((None, digest))),
            TransferEvent::Failed { transfer, failure } => {
                self.transfer_over(transfer, Err(failure))?;
                self.tell(AgentToConsole::FileFailed { transfer, failure })
            }
        }
    }

    /// The console wants no more of a file. What has moved by then the task that moves it says, not the console.
    pub(super) fn console_gave_up(&mut self, transfer: TransferId, failure: TransferFailure) -> Flow {
        let Some(view) = self.transfers.get(&transfer).filter(|view| view.state == TransferState::Running) else {
            return Flow::Continue(());
        };
        if self.files.knows_running(transfer) {
            return self.stop_batch(transfer, true, failure);
        }
        if !view.incoming {
            if let Some(task) = self.giving.remove(&transfer) {
                task.abort();
            }
            return self.transfer_over(transfer, Err(failure));
        }
        if self.receiving.remove(&transfer).is_some() {
            // Its stream never came.
            return self.transfer_over(transfer, Err(failure));
        }
        // Ends the task at its next look, and nothing gets its final name after that.
        self.consent.use_over(Scope { capability: Capability::SendFile, transfer: Some(transfer) });
        Flow::Continue(())
    }

    /// Everything that moved or did not stands in the log before its end does.
    pub(super) fn close_transfers(&mut self) {
        while let Ok(event) = self.transfer_events.1.try_recv() {
            // The log goes on to be written, whoever listens.
            let _ = self.handle_transfer(event);
        }
        let is_single = |transfer: &TransferId| !self.files.knows_running(*transfer);
        let running = self.transfers.iter().filter(|(_, view)| view.state == TransferState::Running);
        let running = running.filter(|(transfer, _)| is_single(transfer));
        for transfer in running.map(|(transfer, _)| *transfer).collect::<Vec<_>>() {
            let _ = self.transfer_over(transfer, Err(TransferFailure::Cancelled));
        }
    }

    /// How many bytes of this file have left, or have come.
    pub(super) fn moved_bytes(&self, transfer: TransferId) -> u64 {
        let shown = self.transfers.get(&transfer).map_or(0, |view| view.done_bytes);
        self.moved.get(&transfer).map_or(shown, |moved| moved.load(Ordering::Relaxed).max(shown))
    }

    pub(super) fn transfer_over(
        &mut self,
        transfer: TransferId,
        result: Result<(Option<PathBuf>, [u8; 32]), TransferFailure>,
    ) -> Flow {
        for capability in [Capability::SendFile, Capability::FetchFile] {
            // A file grant ends with its file.
            self.consent.use_over(Scope { capability, transfer: Some(transfer) });
        }
        let moved_bytes = self.moved_bytes(transfer);
        let Some(view) = self.transfers.get_mut(&transfer) else { return Flow::Continue(()) };
        // What is whole after all is said, also where it was given up before.
        let is_news = view.state == TransferState::Running || (result.is_ok() && view.state != TransferState::Done);
        if !is_news {
            return Flow::Continue(());
        }
        let request = self.allowed_by.get(&transfer).map_or(0, |id| id.0);
        match result {
            Ok((saved_to, digest)) => {
                view.done_bytes = view.size_bytes;
                view.done_files = 1;
                view.state = TransferState::Done;
                view.saved_to = saved_to.map(|path| path.display().to_string());
                let direction = if view.incoming { Direction::ToClient } else { Direction::ToOperator };
                let (text, size_bytes, blake3) = (view.name.clone(), view.size_bytes, Hex(digest));
                self.note_with_text(&text, |name| Event::File { request, direction, name, size_bytes, blake3 })
            }
            Err(failure) => {
                view.state = TransferState::Failed(failure);
                self.note(Event::FileFailed { request, failure, moved_bytes })
            }
        }
    }
}

pub(super) fn running(id: TransferId, name: &str, incoming: bool, size_bytes: u64) -> TransferView {
    let name = Text::<FILE_NAME_BYTES>::truncated(name).shown();
    TransferView {
        id,
        name,
        incoming,
        size_bytes,
        done_bytes: 0,
        files: 1,
        done_files: 0,
        failed_files: 0,
        is_held: false,
        state: TransferState::Running,
        saved_to: None,
        cut_off: None,
    }
}
