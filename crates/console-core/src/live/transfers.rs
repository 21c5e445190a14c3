//! Files of a session: asked for, moved, and how they ended.

use super::{Flow, Live};
use crate::view::{TransferState, TransferView};
use proto::limits::FILE_NAME_BYTES;
use proto::session::{ConsoleToAgent, Decision, TransferFailure, TransferId};
use proto::text::Text;
use std::path::PathBuf;
use std::sync::Arc;

impl Live<'_> {
    pub(super) fn new_transfer(&mut self, name: &str, incoming: bool, files: u32) -> TransferId {
        self.last_transfer += 1;
        let id = TransferId(self.last_transfer);
        let name = Text::<FILE_NAME_BYTES>::truncated(name).shown();
        let state = TransferState::Asked;
        let view = TransferView {
            id,
            name,
            incoming,
            size_bytes: 0,
            done_bytes: 0,
            files,
            done_files: 0,
            failed_files: 0,
            failures: Arc::default(),
            now: None,
            conflicts: Arc::default(),
            is_held: false,
            state,
            saved_to: None,
            items: Arc::default(),
            at: None,
            failed_items: Arc::default(),
            not_in_log: 0,
        };
        self.transfers.insert(id, view);
        id
    }

    pub(super) fn file_decided(&mut self, transfer: TransferId, decision: Decision) -> Flow {
        if self.files.has_batch(transfer) {
            self.batch_decided(transfer, decision);
        }
        let Some(view) = self.transfers.get_mut(&transfer) else { return Flow::Continue(()) };
        if decision == Decision::Granted && view.state.is_over() {
            // It was cancelled while the yes was on its way: the agent waits for what never comes, or sends it.
            return self.tell(ConsoleToAgent::FileFailed { transfer, failure: TransferFailure::Cancelled });
        }
        if view.state != TransferState::Asked {
            return Flow::Continue(());
        }
        match decision {
            Decision::Granted => view.state = TransferState::Running,
            // The reason came in a message of its own, if there is one to tell.
            Decision::Impossible => {
                view.state = TransferState::Failed(TransferFailure::Cancelled);
                return Flow::Continue(());
            }
            Decision::TooSoon => {
                view.state = TransferState::TooSoon;
                return Flow::Continue(());
            }
            Decision::Barred => {
                view.state = TransferState::Barred;
                return Flow::Continue(());
            }
            Decision::Denied | Decision::TimedOut | Decision::Withdrawn | Decision::NotInProfile => {
                view.state = TransferState::Refused;
                return Flow::Continue(());
            }
        }
        Flow::Continue(())
    }

    pub(super) fn transfer_over(&mut self, transfer: TransferId, result: Result<Option<PathBuf>, TransferFailure>) {
        let Some(view) = self.transfers.get_mut(&transfer) else { return };
        if view.state.is_over() {
            return;
        }
        (view.now, view.at, view.items) = (None, None, Arc::default());
        match result {
            Ok(saved_to) => {
                if view.files == 1 && view.failed_files == 0 {
                    view.done_files = 1;
                }
                if view.failed_files == 0 {
                    view.done_bytes = view.size_bytes;
                }
                view.state = TransferState::Done;
                view.saved_to = saved_to;
            }
            Err(failure) => view.state = TransferState::Failed(failure),
        }
    }
}
