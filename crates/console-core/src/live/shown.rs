//! What the window shows of a running session.

use super::Live;
use crate::view::{ChatLine, ClipView, PowerView, SessionView};
use session::{Chat, ChatEntry};

impl Live<'_> {
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
            transfers: self.transfers.list(|transfers| transfers.values().map(|wanted| wanted.view.clone()).collect()),
            machine: self.machine.view(),
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
