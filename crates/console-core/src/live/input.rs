//! Mouse and keyboard on their way out: each with its moment, and only while the agent is heard.
//!
//! What the operator does while the line is interrupted is done blind, and is not sent later. What had
//! not arrived by then is given up with its stream; the agent lifts what that stream had pressed.

use super::{Flow, Live};
use crate::tasks;
use crate::view::PowerState;
use proto::input::InputEvent;
use proto::session::Capability;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Input events that may wait for the link.
const WAITING: usize = 1024;
/// An agent that leaves a ping unanswered for so long is not heard.
const SILENCE: Duration = Duration::from_millis(1500);
/// So long a silence is shown. A change of link that goes well is shorter and nobody's business.
const SHOWN_SILENCE: Duration = Duration::from_secs(3);
/// The same in round trips, for slow lines.
const SILENT_ROUND_TRIPS: u32 = 3;
/// While there is input the agent is asked for a sign of life this often.
const PROBE_EVERY: Duration = Duration::from_millis(250);

/// Something that the operator did, and when.
pub(crate) type Done = (Instant, InputEvent);

/// The stream that input goes through now.
#[derive(Default)]
pub(super) struct InputLine {
    stream: Option<(mpsc::Sender<Done>, AbortHandle)>,
    /// Where the operator pointed last.
    pointer: Option<InputEvent>,
    /// Whether the agent may not have heard of that.
    is_pointer_lost: bool,
    probed_at: Option<Instant>,
}

impl InputLine {
    /// Ends the stream in order: what was done until now still arrives.
    pub(super) fn finish(&mut self) {
        self.stream = None;
    }

    /// Gives the stream up with all that has not arrived.
    fn cut(&mut self) {
        if let Some((_, task)) = self.stream.take() {
            task.abort();
            self.is_pointer_lost = true;
        }
    }

    fn send(&mut self, event: InputEvent) {
        let Some((events, _)) = &self.stream else { return };
        let is_move = matches!(event, InputEvent::PointerMove { .. });
        let needs_place = matches!(event, InputEvent::Button { .. } | InputEvent::Wheel { .. });
        if self.is_pointer_lost
            && needs_place
            && let Some(place) = self.pointer.clone()
        {
            // A click must not land where the pointer was before the interruption.
            let _ = events.try_send((Instant::now(), place));
            self.is_pointer_lost = false;
        }
        // A link that takes no input for a thousand events loses moves, never the end of a press: the
        // agent lifts everything when it hears nothing.
        if events.try_send((Instant::now(), event)).is_ok() && is_move {
            self.is_pointer_lost = false;
        }
    }
}

impl Live<'_> {
    /// Whether the window says that the line is interrupted.
    pub(super) fn is_interrupted(&self) -> bool {
        self.is_silent_for(SHOWN_SILENCE)
    }

    /// Whether the link is down, or the agent has not been heard for so long.
    fn is_silent_for(&self, least: Duration) -> bool {
        let link = *self.link.borrow();
        let patience = least.max(self.round_trip.unwrap_or_default() * SILENT_ROUND_TRIPS);
        let is_silent = self.ping.is_some_and(|(_, sent)| sent.elapsed() > patience);
        !(link.attached && link.peer_attached) || is_silent
    }

    /// Cuts the input when the line is interrupted or the person has paused the sharing, and begins a new stream when
    /// it is back: what is done meanwhile is done blind, and must not arrive when the pause is over.
    pub(super) fn follow_line(&mut self) {
        self.shell.follow_line(self.sharing_paused || self.is_interrupted());
        if self.sharing_paused || self.is_silent_for(SILENCE) {
            self.input.cut();
        } else if self.input.stream.is_none() && self.powers.get(&Capability::Control) == Some(&PowerState::Granted) {
            let (sender, events) = mpsc::channel(WAITING);
            let task = self.tasks.spawn(tasks::send_input(self.channel.clone(), events));
            self.input.stream = Some((sender, task));
        }
    }

    /// Sends what the operator did, unless that would be blind.
    pub(super) fn send_input(&mut self, event: InputEvent) -> Flow {
        if matches!(event, InputEvent::PointerMove { .. }) {
            self.input.pointer = Some(event.clone());
            self.input.is_pointer_lost = true;
        }
        self.follow_line();
        self.input.send(event);
        // While there is input, silence is noticed sooner than by the ticks.
        let now = Instant::now();
        if self.input.probed_at.is_some_and(|at| now.saturating_duration_since(at) < PROBE_EVERY) {
            return Flow::Continue(());
        }
        self.input.probed_at = Some(now);
        self.ping_agent(now)
    }
}
