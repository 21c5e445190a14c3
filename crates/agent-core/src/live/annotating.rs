//! The operator points and draws: comes with viewing, where the certificate allows it.

use super::{Flow, Live, Report};
use crate::annotations::Annotations;
use audit_log::Event;
use capture::MarksSeen;
use proto::session::{AgentToConsole, Capability};
use session::Reader;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// What draws now.
#[derive(Default)]
pub(super) struct Annotating {
    drawing: Option<(Annotations, AbortHandle)>,
    /// Whether the log says that the operator pointed.
    is_noted: bool,
    /// Whether it has turned out that what is shared now cannot be drawn over.
    is_nowhere: bool,
}

impl Annotating {
    /// Nothing is drawn while somebody asks the person something.
    pub(super) fn pause(&self, paused: bool) {
        if let Some((annotations, _)) = &self.drawing {
            annotations.pause(paused);
        }
    }

    /// What is to be waited for until every mark is gone.
    pub(super) fn take(&mut self) -> Option<Annotations> {
        let (annotations, reading) = self.drawing.take()?;
        reading.abort();
        Some(annotations)
    }
}

impl Live<'_> {
    /// The console begins to point.
    pub(super) fn annotate(&mut self, mut reader: Reader) -> Flow {
        if !self.profile.allows(Capability::Annotate) {
            reader.stop();
            return self.not_allowed(Capability::Annotate);
        }
        let Some(lease) = self.consent.lease::<consent::View>(None) else {
            reader.stop();
            // What was granted may have been taken back or paused while this was on its way.
            return if self.seen { Flow::Continue(()) } else { self.not_allowed(Capability::Annotate) };
        };
        if self.annotating.is_nowhere {
            reader.stop();
            return Flow::Continue(());
        }
        if !std::mem::replace(&mut self.annotating.is_noted, true) {
            self.note(Event::Annotated)?;
        }
        self.stop_annotating();
        let (desktop, report) = (Arc::clone(&self.chosen.desktop), self.events.0.clone());
        let opened = move |seen| {
            // Fails only when the session is over.
            let _ = report.blocking_send(Report::Marks(seen));
        };
        match Annotations::start(desktop, lease, self.consent.open_question().is_some(), opened) {
            Ok(annotations) => {
                let reading = annotations.read(reader);
                let task = self.tasks.spawn(async move {
                    if let Err(error) = reading.await {
                        tracing::debug!(%error, "the annotation stream ended");
                    }
                });
                self.annotating.drawing = Some((annotations, task));
            }
            Err(error) => tracing::warn!(%error, "nothing can be drawn over the screen"),
        }
        Flow::Continue(())
    }

    /// Where the operator sees what they draw: the display has said so.
    pub(super) fn marks_seen(&mut self, seen: MarksSeen) -> Flow {
        self.annotating.is_nowhere = seen == MarksSeen::Nowhere;
        self.tell(AgentToConsole::Marks { seen })
    }

    pub(super) fn stop_annotating(&mut self) {
        self.annotating.is_nowhere = false;
        if let Some(annotations) = self.annotating.take() {
            self.tasks.spawn_blocking(move || annotations.stop());
        }
    }
}
