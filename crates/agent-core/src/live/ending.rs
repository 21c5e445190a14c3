//! The end of a session on the agent: powers first, then what is told.

use super::{GOODBYE, Live};
use crate::engine::Desk;
use crate::farewell::{Farewell, Parted};
use crate::view::{AgainView, AgentView, Page, RatingView, TransferState};
use proto::session::{Capability, EndReason};
use session::Reader;
use std::time::Duration;

impl Live<'_> {
    /// Powers stop first, then the person sees the end, then the other end is told.
    pub(super) async fn end(mut self, desk: &mut Desk, reader: Option<Reader>, reason: EndReason) -> Parted {
        let is_receiving = self.transfers.values().any(|view| view.incoming && view.state == TransferState::Running);
        self.consent.end();
        let shell = self.end_shell();
        self.sharing.end();
        let screens = self.screens.take();
        let injection = self.injection.take();
        let annotations = self.annotating.take();
        let stopped = tokio::task::spawn_blocking(move || {
            if let Some(injection) = injection {
                injection.stop();
            }
            if let Some(annotations) = annotations {
                annotations.stop();
            }
            if let Some(screens) = screens {
                screens.stop();
            }
        });
        // Both end within one event or one capture; a display that hangs must not hold the end up.
        if tokio::time::timeout(GOODBYE * 2, stopped).await.is_err() {
            tracing::warn!("a capture or input thread did not stop in time");
        }
        // What file grants were used for stands in the list of files.
        let lasting = self.uses.iter().filter(|(capability, _)| {
            matches!(
                capability,
                Capability::View
                    | Capability::Control
                    | Capability::SystemInfo
                    | Capability::Shell
                    | Capability::Clipboard
            )
        });
        let used = lasting.map(|(capability, used)| {
            (*capability, used.total + used.since.map_or(Duration::ZERO, |since| since.elapsed()))
        });
        let used: Vec<_> = used.collect();
        // Dropping the tasks ends them, and with them every transfer; their files are cleaned up.
        let told = AgentView { page: Page::Ended(self.end_view(reason, used.clone())), panel: None };
        desk.show(told);
        if tokio::time::timeout(GOODBYE, self.tasks.shutdown()).await.is_err() {
            tracing::warn!("a task of the session did not stop in time");
        }
        self.close_batches();
        self.close_endings();
        self.shell_ended(shell).await;
        // A transfer may have heard of the loss before the session did.
        let keeps_files = is_receiving || self.config.platform.removal.has_unfinished();
        // Also where the person did not wait for the line to be lost for good, if that would cost them files.
        let is_given_up = reason == EndReason::ClientEnded && self.is_away && keeps_files;
        let is_lost = reason == EndReason::ConnectionLost || is_given_up;
        let mut end = self.end_view(reason, used);
        if is_lost {
            // Nobody is there to hear a rating.
            (end.again, end.rating) = (Some(AgainView { keeps_files }), RatingView::None);
        }
        desk.show(AgentView { page: Page::Ended(end.clone()), panel: None });
        let Self { config, outbox, channel, keeper, ledger, certificate_sha256, .. } = self;
        Farewell { outbox, reader, channel, keeper: Some(keeper), certificate_sha256 }
            .say(config, desk, ledger, end)
            .await
    }
}
