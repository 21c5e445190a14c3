//! The end of a session on the console: nothing leaves any more, the log is closed, and what is shown last.

use super::{GOODBYE, Live};
use crate::engine::Desk;
use crate::view::{ConsoleCommand, EndView, NoticeKind, Stage, TransferState, TransferView};
use proto::session::{ConsoleToAgent, EndReason, TransferFailure};
use session::Reader;

impl Live<'_> {
    pub(super) async fn end(
        mut self,
        desk: &mut Desk,
        reader: Option<Reader>,
        reason: EndReason,
    ) -> (EndView, Option<ConsoleCommand>) {
        self.input.finish();
        if reason != EndReason::ConnectionLost {
            // Nobody goes on with it: what has come of a file is not to stay.
            self.keep_no_parts();
        }
        if tokio::time::timeout(GOODBYE, self.tasks.shutdown()).await.is_err() {
            tracing::warn!("a task of the session did not stop in time");
        }
        // Nothing of the person's screen is kept beyond the session.
        self.pictures.lock().clear();
        if reason == EndReason::OperatorEnded {
            self.ledger.witness.end();
            let _ = self.outbox.send(ConsoleToAgent::End);
        }
        let mut end = self.end_view(reason);
        let mut next = None;
        if !matches!(reason, EndReason::ConnectionLost | EndReason::ProtocolViolation) {
            end.is_closing = true;
            desk.stage(Stage::Ended(end.clone()));
            next = self.close_log(desk, reader, reason != EndReason::OperatorEnded).await;
            end.is_closing = false;
        }
        self.close_fetches();
        self.outbox.close(GOODBYE).await;
        if reason == EndReason::ProtocolViolation {
            self.channel.break_off(GOODBYE).await;
        } else {
            self.channel.close(GOODBYE).await;
        }
        self.keeper.leave(GOODBYE).await;
        end.rating = self.ledger.rating();
        if reason != EndReason::ProtocolViolation && self.ledger.is_named_scam() {
            end.reason = EndReason::ReportedAsScam;
        }
        for view in &mut end.transfers {
            view.not_in_log = self.transfers.get(&view.id).map_or(0, |view| view.not_in_log);
        }
        end.log = self.ledger.finish().unwrap_or_else(|error| {
            tracing::error!(%error, "the log could not be written");
            desk.notice(NoticeKind::LogNotSaved);
            None
        });
        (end, next)
    }

    fn end_view(&mut self, reason: EndReason) -> EndView {
        let mut transfers: Vec<TransferView> = self.transfers.values().cloned().collect();
        for view in &mut transfers {
            if !view.state.is_over() {
                view.state = TransferState::Failed(TransferFailure::Cancelled);
            }
        }
        EndView { reason, lasted: self.began.elapsed(), transfers, log: None, is_closing: false, rating: None }
    }
}
