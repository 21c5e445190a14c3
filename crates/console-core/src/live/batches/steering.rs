//! What the operator does about a transfer: hold it, decide, cancel one file of it, it, or all.

use crate::live::{Flow, Live};
use crate::view::TransferState;
use proto::session::{ConsoleToAgent, TransferFailure, TransferId};
use session::{Conflict, Motion};
use std::sync::atomic::Ordering;
use tokio::task::AbortHandle;

/// Files of one transfer whose failure is shown.
const FAILURES_SHOWN: usize = 100;

impl Live<'_> {
    /// One file of a batch does not arrive; whether that is news.
    pub(in crate::live) fn item_failed(&mut self, transfer: TransferId, index: u32, failure: TransferFailure) -> bool {
        let (Some(view), Some(batch)) = (self.transfers.get_mut(&transfer), self.files.batches.get_mut(&transfer))
        else {
            return false;
        };
        let items = view.items.clone();
        let Some(item) = usize::try_from(index).ok().and_then(|index| items.get(index)) else { return false };
        if !batch.failed.insert(index) {
            return false;
        }
        view.failed_files = view.failed_files.saturating_add(1);
        if view.failures.len() < FAILURES_SHOWN {
            view.failures = view.failures.iter().cloned().chain([(item.name.clone(), failure)]).collect();
            view.failed_items = view.failed_items.iter().copied().chain([index]).collect();
        }
        true
    }

    /// A file that was cancelled had arrived before anybody heard of that.
    pub(super) fn item_arrived(&mut self, transfer: TransferId, index: u32) {
        let (Some(view), Some(batch)) = (self.transfers.get_mut(&transfer), self.files.batches.get_mut(&transfer))
        else {
            return;
        };
        if !batch.failed.remove(&index) {
            return;
        }
        view.failed_files = view.failed_files.saturating_sub(1);
        let told = view.failed_items.iter().zip(view.failures.iter()).filter(|(item, _)| **item != index);
        let (items, failures): (Vec<_>, Vec<_>) = told.map(|(item, failure)| (*item, failure.clone())).unzip();
        (view.failed_items, view.failures) = (items.into(), failures.into());
    }

    /// The operator wants no more of one file; the others go on.
    pub(in crate::live) fn cancel_item(&mut self, transfer: TransferId, index: u32) -> Flow {
        let running = self.transfers.get(&transfer).filter(|view| !view.state.is_over());
        let (Some(view), Some(batch)) = (running, self.files.batches.get(&transfer)) else {
            return Flow::Continue(());
        };
        let item = usize::try_from(index).ok().and_then(|index| view.items.get(index));
        // What moves in order and lies behind has arrived.
        let has_passed = view.at.is_some_and(|at| index < at);
        if !item.is_some_and(|item| item.is_file) || has_passed {
            return Flow::Continue(());
        }
        let incoming = batch.incoming;
        batch.gate.skip(index);
        let failure = TransferFailure::Cancelled;
        let is_news = self.item_failed(transfer, index, failure);
        if is_news && incoming {
            // The agent then sends no more of it.
            return self.tell(ConsoleToAgent::ItemFailed { transfer, index, failure });
        }
        Flow::Continue(())
    }

    /// The operator lets a transfer stand still, or go on.
    pub(in crate::live) fn hold(&mut self, transfer: TransferId, held: bool) -> Flow {
        let (Some(batch), Some(view)) = (self.files.batches.get(&transfer), self.transfers.get_mut(&transfer)) else {
            return Flow::Continue(());
        };
        if view.state.is_over() || view.is_held == held {
            return Flow::Continue(());
        }
        view.is_held = held;
        batch.motion.send_replace(if held { Motion::Held } else { Motion::Moves });
        self.tell(ConsoleToAgent::HoldBatch { transfer, held })
    }

    /// The operator decides about files that are there already.
    pub(in crate::live) fn resolve(&mut self, transfer: TransferId, conflict: Conflict) {
        let choose = self.files.batches.get_mut(&transfer).and_then(|batch| batch.choose.take());
        if let Some(choose) = choose {
            self.set_state(transfer, TransferState::Queued);
            // Fails only when the batch has ended.
            let _ = choose.send(conflict);
        }
    }

    /// What has come of files that are not whole goes when their tasks end.
    pub(in crate::live) fn keep_no_parts(&self) {
        for batch in self.files.batches.values() {
            batch.keeps_parts.store(false, Ordering::Relaxed);
        }
    }

    /// The operator wants no more of a transfer.
    pub(in crate::live) fn cancel(&mut self, transfer: TransferId) -> Flow {
        let Some(view) = self.transfers.get_mut(&transfer).filter(|view| !view.state.is_over()) else {
            return Flow::Continue(());
        };
        let failure = TransferFailure::Cancelled;
        let was_asked = view.state == TransferState::Asked;
        if let Some(batch) = self.files.give_up(transfer) {
            batch.keeps_parts.store(false, Ordering::Relaxed);
            batch.motion.send_replace(Motion::Stopped);
            batch.task.inspect(AbortHandle::abort);
        }
        self.transfer_over(transfer, Err(failure));
        match self.requests.get(&transfer).copied() {
            Some(request) if was_asked => self.tell(ConsoleToAgent::Withdraw { request }),
            Some(_) => self.tell(ConsoleToAgent::FileFailed { transfer, failure }),
            None => Flow::Continue(()),
        }
    }

    pub(in crate::live) fn cancel_all(&mut self) -> Flow {
        let running = self.transfers.iter().filter(|(_, view)| !view.state.is_over());
        for transfer in running.map(|(transfer, _)| *transfer).collect::<Vec<_>>() {
            self.cancel(transfer)?;
        }
        Flow::Continue(())
    }
}
