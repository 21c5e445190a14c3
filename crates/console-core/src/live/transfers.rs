//! Files of a session: asked for, moved, and how they ended.

use super::{Flow, Live, Wanted};
use crate::tasks;
use crate::view::{TransferState, TransferView};
use proto::limits::FILE_NAME_BYTES;
use proto::session::{ConsoleToAgent, Decision, FileName, PathText, Request, TransferFailure, TransferId};
use proto::text::Text;
use session::sendable;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Live<'_> {
    pub(super) fn new_transfer(&mut self, name: &str, incoming: bool, size_bytes: u64, path: PathBuf) -> TransferId {
        self.last_transfer += 1;
        let id = TransferId(self.last_transfer);
        let name = Text::<FILE_NAME_BYTES>::truncated(name).shown();
        let state = TransferState::Asked;
        let view = TransferView {
            id,
            name,
            incoming,
            size_bytes,
            done_bytes: 0,
            files: 1,
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
        };
        let wanted = Wanted { view, path, is_announced: false, is_served: false, parked: None, task: None };
        self.transfers.insert(id, wanted);
        id
    }

    pub(super) async fn offer_file(&mut self, path: &Path) -> Flow {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let size = sendable(path).await;
        let transfer = self.new_transfer(&name, false, size.unwrap_or_default(), path.to_owned());
        match (size, FileName::new(name)) {
            (Ok(size_bytes), Ok(name)) => self.ask(Request::SendFile { transfer, name, size_bytes }),
            (Err(failure), _) => {
                self.transfer_over(transfer, Err(failure));
                Flow::Continue(())
            }
            (_, Err(_)) => {
                self.transfer_over(transfer, Err(TransferFailure::BadName));
                Flow::Continue(())
            }
        }
    }

    pub(super) fn ask_file(&mut self, path: &str, into: PathBuf) -> Flow {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let transfer = self.new_transfer(&name, true, 0, into);
        match PathText::new(path) {
            Ok(path) => self.ask(Request::FetchFile { transfer, path }),
            Err(_) => {
                self.transfer_over(transfer, Err(TransferFailure::BadName));
                Flow::Continue(())
            }
        }
    }

    pub(super) fn file_decided(&mut self, transfer: TransferId, decision: Decision) -> Flow {
        if self.files.has_batch(transfer) {
            self.batch_decided(transfer, decision);
        }
        let Some(wanted) = self.transfers.get_mut(&transfer) else { return Flow::Continue(()) };
        if decision == Decision::Granted && wanted.view.state.is_over() {
            // It was cancelled while the yes was on its way: the agent waits for what never comes, or sends it.
            if let Some(mut reader) = wanted.parked.take() {
                reader.stop();
            }
            return self.tell(ConsoleToAgent::FileFailed { transfer, failure: TransferFailure::Cancelled });
        }
        if wanted.view.state != TransferState::Asked {
            return Flow::Continue(());
        }
        match decision {
            Decision::Granted => wanted.view.state = TransferState::Running,
            // The reason came in a message of its own, if there is one to tell.
            Decision::Impossible => {
                wanted.view.state = TransferState::Failed(TransferFailure::Cancelled);
                return Flow::Continue(());
            }
            Decision::TooSoon => {
                wanted.view.state = TransferState::TooSoon;
                return Flow::Continue(());
            }
            Decision::Barred => {
                wanted.view.state = TransferState::Barred;
                return Flow::Continue(());
            }
            Decision::Denied | Decision::TimedOut | Decision::Withdrawn | Decision::NotInProfile => {
                wanted.view.state = TransferState::Refused;
                return Flow::Continue(());
            }
        }
        if !wanted.view.incoming {
            let (path, size_bytes) = (wanted.path.clone(), wanted.view.size_bytes);
            let sending = tasks::send(self.channel.clone(), transfer, path, size_bytes, self.events.0.clone());
            wanted.task = Some(self.tasks.spawn(sending));
        }
        self.receive_parked(transfer);
        Flow::Continue(())
    }

    /// Receives a file whose stream is there, once its grant and its size are known as well: the
    /// three come on different streams.
    pub(super) fn receive_parked(&mut self, transfer: TransferId) {
        let Some(wanted) = self.transfers.get_mut(&transfer) else { return };
        if wanted.view.state != TransferState::Running || !wanted.is_announced {
            return;
        }
        if let Some(reader) = wanted.parked.take() {
            let file = (transfer, wanted.view.name.clone(), wanted.view.size_bytes);
            let receiving = tasks::receive(reader, file, wanted.path.clone(), self.events.0.clone());
            wanted.task = Some(self.tasks.spawn(receiving));
        }
    }

    pub(super) fn transfer_over(&mut self, transfer: TransferId, result: Result<Option<PathBuf>, TransferFailure>) {
        let Some(wanted) = self.transfers.get_mut(&transfer) else { return };
        let view = &mut wanted.view;
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
