//! What the window shows of a running session.

use super::{Flow, Live};
use crate::view::{ChatLine, ClipView, PowerView, SessionView};
use proto::geometry::Layout;
use proto::session::{ConsoleToAgent, EndReason};
use session::{Chat, ChatEntry};
use std::sync::Arc;

impl Live<'_> {
    /// Tells the agent which monitor is looked at: none while nobody looks.
    pub(super) fn watch(&self) -> Flow {
        let monitors = self.monitor.filter(|_| self.is_attended).into_iter().collect();
        self.tell(ConsoleToAgent::Watch { monitors })
    }

    /// What is shared from now on; the agent begins with the first monitor.
    pub(super) fn handle_layout(&mut self, layout: Layout) -> Flow {
        if !layout.is_acceptable() {
            return Flow::Break(EndReason::ProtocolViolation);
        }
        let first = layout.monitors.iter().find(|monitor| monitor.primary).or(layout.monitors.first());
        self.monitor = first.map(|monitor| monitor.id);
        self.pictures.lock().monitors.retain(|id, _| layout.monitor(*id).is_some());
        self.layout = layout;
        if self.is_attended { Flow::Continue(()) } else { self.watch() }
    }

    /// Somebody looks, or nobody does any more.
    pub(super) fn attend(&mut self, is_attended: bool) -> Flow {
        if std::mem::replace(&mut self.is_attended, is_attended) == is_attended || self.monitor.is_none() {
            return Flow::Continue(());
        }
        self.watch()
    }

    /// What the window shows now.
    pub(super) fn view(&self) -> SessionView {
        let link = *self.link.borrow();
        let (sent, received) = self.channel.port().traffic_bytes();
        SessionView {
            check_word: self.check_word.clone(),
            system: self.system.clone(),
            recognised: self.recognised,
            step: self.step.filter(|_| !self.recognised),
            sharing_paused: self.sharing_paused,
            since: self.since,
            powers: self
                .powers
                .iter()
                .map(|(capability, state)| PowerView { capability: *capability, state: *state })
                .collect(),
            layout: self.layout.clone(),
            monitor: self.monitor,
            chat: self.chat.list(chat_lines),
            transfers: self.transfers.list(|transfers| transfers.values().cloned().collect()),
            machine: self.machine.view(),
            shell: self.shell.view(),
            files: self.files.view(),
            round_trip: self.round_trip,
            pictures_per_s: u32::try_from(self.decoded_at.len()).unwrap_or(u32::MAX),
            pictures: self.pictures_decoded,
            link: link.kind.to_string(),
            reconnecting: self.is_interrupted(),
            input_paused: self.input_paused,
            bytes_to_console: received,
            bytes_to_agent: sent,
            marks_seen: self.annotations.seen,
            clipboard: ClipView { state: self.clip.state, fetched: self.clip.fetched.clone() },
            asks: Arc::clone(&self.asks),
        }
    }
}

fn chat_lines(chat: &Chat) -> Vec<ChatLine> {
    let line = |entry: &ChatEntry| ChatLine {
        mine: entry.mine,
        number: entry.id,
        text: entry.text.clone(),
        at: entry.at,
        delivered: entry.delivered,
    };
    chat.entries().iter().map(line).collect()
}
