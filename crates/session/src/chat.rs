//! The chat of one end: lines in order, delivery marks, nothing lost and nothing twice.

use proto::session::ChatText;
use std::time::SystemTime;

/// Most lines kept in memory; the oldest go first.
const MOST_LINES: usize = 2000;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatEntry {
    /// Whether it was written here.
    pub mine: bool,
    /// Its number among the lines of its writer.
    pub id: u64,
    /// The line, safe to show.
    pub text: String,
    /// When it was written or arrived.
    pub at: SystemTime,
    /// Whether the other end has it (own lines only).
    pub delivered: bool,
}

/// The chat as this end sees it.
#[derive(Debug, Default)]
pub struct Chat {
    entries: Vec<ChatEntry>,
    written: u64,
    received: u64,
    /// How many of our own the other end has.
    confirmed: u64,
}

impl Chat {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A line written here: its number and what to send; `None` if there is nothing in it.
    pub fn write(&mut self, text: &str, at: SystemTime) -> Option<(u64, ChatText)> {
        let text = ChatText::truncated(text.trim());
        if text.as_str().is_empty() {
            return None;
        }
        self.written += 1;
        self.push(ChatEntry { mine: true, id: self.written, text: text.shown_lines(), at, delivered: false });
        Some((self.written, text))
    }

    /// A line from the other end: the number to confirm. A line that was seen before is confirmed
    /// again but not shown again; one that skips a number is the peer's fault: `None`.
    pub fn handle_line(&mut self, id: u64, text: &ChatText, at: SystemTime) -> Option<u64> {
        if id == self.received + 1 {
            self.received = id;
            self.push(ChatEntry { mine: false, id, text: text.shown_lines(), at, delivered: true });
        } else if id > self.received {
            return None;
        }
        Some(self.received)
    }

    /// Number of the other end's last line.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How many lines that were written here the other end does not have, as far as is known: the last ones.
    #[must_use]
    pub fn unconfirmed(&self) -> u64 {
        self.written.saturating_sub(self.confirmed)
    }

    /// The other end has all lines up to this one.
    pub fn handle_received(&mut self, up_to: u64) {
        self.confirmed = self.confirmed.max(up_to.min(self.written));
        for entry in self.entries.iter_mut().filter(|entry| entry.mine && entry.id <= up_to) {
            entry.delivered = true;
        }
    }

    /// All lines, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[ChatEntry] {
        &self.entries
    }

    fn push(&mut self, entry: ChatEntry) {
        if self.entries.len() >= MOST_LINES {
            self.entries.remove(0);
        }
        self.entries.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_line_is_shown_once_and_confirmed_twice() {
        let at = SystemTime::UNIX_EPOCH;
        let line = ChatText::truncated("hello");
        let mut chat = Chat::new();
        assert_eq!(chat.handle_line(1, &line, at), Some(1));
        assert_eq!(chat.handle_line(1, &line, at), Some(1));
        assert_eq!(chat.handle_line(3, &line, at), None);
        assert_eq!(chat.entries().len(), 1);
    }

    #[test]
    fn own_lines_are_marked_when_they_have_arrived() {
        let at = SystemTime::UNIX_EPOCH;
        let mut chat = Chat::new();
        assert!(chat.write("   ", at).is_none());
        chat.write("one", at);
        chat.write("two", at);
        assert_eq!(chat.unconfirmed(), 2);
        chat.handle_received(1);
        assert_eq!(chat.unconfirmed(), 1);
        let marks: Vec<bool> = chat.entries().iter().map(|entry| entry.delivered).collect();
        assert_eq!(marks, [true, false]);
        chat.handle_received(u64::MAX);
        assert_eq!(chat.unconfirmed(), 0);
    }
}
