//! What the operator points at and draws, on its way to the person's screen.
//!
//! It goes on a stream of its own, which is opened with the first mark. What finds no room on a slow line is left out:
//! a pointer that comes late points at nothing.

use super::{Flow, Live};
use crate::tasks;
use crate::view::PowerState;
use proto::annotation::{Annotation, MarksSeen};
use proto::session::Capability;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Annotations that may wait for the link.
const WAITING: usize = 64;

/// The stream that annotations go through now.
#[derive(Default)]
pub(super) struct AnnotationLine {
    stream: Option<(mpsc::Sender<Annotation>, AbortHandle)>,
    /// Where the agent says that marks are seen.
    pub(super) seen: Option<MarksSeen>,
}

impl AnnotationLine {
    /// Nothing more is pointed at, and what has not arrived never will.
    pub(super) fn cut(&mut self) {
        if let Some((_, task)) = self.stream.take() {
            task.abort();
        }
        // What is shown next may be another matter.
        self.seen.take_if(|seen| *seen == MarksSeen::Nowhere);
    }
}

impl Live<'_> {
    /// Whether the operator may point now: it comes with viewing.
    pub(super) fn may_annotate(&self) -> bool {
        self.config.operator.profile.allows(Capability::Annotate)
            && self.powers.get(&Capability::View) == Some(&PowerState::Granted)
            && !self.sharing_paused
    }

    pub(super) fn annotate(&mut self, annotation: Annotation) -> Flow {
        if !self.may_annotate() || self.annotations.seen == Some(MarksSeen::Nowhere) {
            return Flow::Continue(());
        }
        let is_open = self.annotations.stream.as_ref().is_some_and(|(sender, _)| !sender.is_closed());
        if !is_open {
            if matches!(annotation, Annotation::PointerGone | Annotation::Clear) {
                return Flow::Continue(());
            }
            let (sender, waiting) = mpsc::channel(WAITING);
            self.ledger.witness.annotate();
            let task = self.tasks.spawn(tasks::send_annotations(self.channel.clone(), waiting));
            self.annotations.stream = Some((sender, task));
        }
        if let Some((sender, _)) = &self.annotations.stream {
            let _ = sender.try_send(annotation);
        }
        Flow::Continue(())
    }
}
