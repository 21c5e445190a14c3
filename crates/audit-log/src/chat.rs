//! How much of the chat a log takes: of each writer's lines the same, so that neither fills it for the other.

/// Bytes of one writer's lines that a log takes: a sixteenth of a long log, hours of lively talk.
const WRITER_BYTES: usize = 512 * 1024;
/// What a line has in a log besides its text, in bytes.
const AROUND_BYTES: usize = 400;

/// What a log has taken of one writer's lines of the chat. The agent says [`crate::Event::ChatCut`] where the next line
/// has no room, and no sooner; the console counts along.
#[derive(Debug, Default)]
pub struct ChatRoom {
    taken_bytes: usize,
    is_cut: bool,
}

impl ChatRoom {
    /// Whether there is room for a line of this size, in bytes as it is shown.
    #[must_use]
    pub const fn has_room_for(&self, line_bytes: usize) -> bool {
        !self.is_cut && self.taken_bytes.saturating_add(line_bytes).saturating_add(AROUND_BYTES) <= WRITER_BYTES
    }

    /// A line of this size stands in the log.
    pub const fn take(&mut self, line_bytes: usize) {
        self.taken_bytes = self.taken_bytes.saturating_add(line_bytes).saturating_add(AROUND_BYTES);
    }

    /// From here on no line does.
    pub const fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Whether no line does any more.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_room_until_the_first_that_has_none() {
        let mut room = ChatRoom::default();
        let mut lines = 0;
        while room.has_room_for(100) {
            room.take(100);
            lines += 1;
        }
        assert_eq!(lines, WRITER_BYTES / 500);
        assert!(!room.has_room_for(usize::MAX));
        room.cut();
        assert!(room.is_cut() && !room.has_room_for(0));
    }
}
