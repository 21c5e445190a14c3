//! What the console knows of the chat: a line stands in the log before the person's is told and before the operator's
//! is confirmed, until the log says that it takes no more of that writer.

use super::Lie;
use audit_log::{ChatRoom, Commitment, Opening, Role};
use proto::limits::CHAT_BYTES;
use std::collections::{BTreeMap, VecDeque};

/// The chat as it was said and as it was written down.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// Lines that the operator wrote, until they stand in the log; none once it takes no more of them.
    said: VecDeque<String>,
    /// How many lines the operator wrote, and how many of them stand in the log.
    said_count: u64,
    written_count: u64,
    /// What the log has taken of each one's lines.
    room: BTreeMap<Role, ChatRoom>,
    /// A line of the log, until the text has come that says which, and one of the person's until it is heard.
    unopened: Option<(Role, Commitment)>,
    unheard: Option<Opening>,
}

impl Chat {
    fn is_cut(&self, by: Role) -> bool {
        self.room.get(&by).is_some_and(ChatRoom::is_cut)
    }

    /// The operator writes this line.
    pub(super) fn say(&mut self, line: String) {
        self.said_count += 1;
        if !self.is_cut(Role::Console) {
            self.said.push_back(line);
        }
    }

    /// The person's next line has come: it is the one that stands in the log.
    pub(super) fn hear(&mut self, line: &str) -> Result<(), Lie> {
        match self.unheard.take() {
            Some(written) if Opening::new(written.salt(), line).commitment() == written.commitment() => Ok(()),
            Some(_) => Err(Lie("another line than was said")),
            None if self.is_cut(Role::Agent) => Ok(()),
            None => Err(Lie("a line that stands nowhere")),
        }
    }

    /// The agent says that the person has the operator's lines up to this one: they stand in the log.
    pub(super) fn confirm(&self, up_to: u64) -> Result<(), Lie> {
        match up_to {
            up_to if up_to > self.said_count => Err(Lie("the word that a line came that was not written")),
            up_to if up_to > self.written_count && !self.is_cut(Role::Console) => {
                Err(Lie("a line that came and stands nowhere"))
            }
            _ => Ok(()),
        }
    }

    /// Something else is written down.
    pub(super) fn go_on(&self) -> Result<(), Lie> {
        if self.unopened.is_some() {
            return Err(Lie("a line without its text"));
        }
        // Each is said as soon as it stands there.
        if self.unheard.is_some() {
            return Err(Lie("a line that was not said"));
        }
        Ok(())
    }

    /// A line is written down; its text follows.
    pub(super) fn write(&mut self, by: Role, line: Commitment) -> Result<(), Lie> {
        if self.is_cut(by) {
            return Err(Lie("a line after the last"));
        }
        if by == Role::Console && self.said.is_empty() {
            return Err(Lie("a line that was not written"));
        }
        self.unopened = Some((by, line));
        Ok(())
    }

    /// The log takes no more of this one's lines: it is full of them, but for one of any size.
    pub(super) fn cut(&mut self, by: Role) -> Result<(), Lie> {
        let room = self.room.entry(by).or_default();
        if room.is_cut() {
            return Err(Lie("the last line twice"));
        }
        if room.has_room_for(CHAT_BYTES) {
            return Err(Lie("the last line before its time"));
        }
        room.cut();
        if by == Role::Console {
            self.said = VecDeque::new();
        }
        Ok(())
    }

    /// A text has come; `None` if it is of no line.
    pub(super) fn open(&mut self, opening: &Opening) -> Option<Result<(), Lie>> {
        let (by, _) = self.unopened.take_if(|(_, line)| *line == opening.commitment())?;
        self.room.entry(by).or_default().take(opening.text().len());
        if by == Role::Agent {
            self.unheard = Some(opening.clone());
            return Some(Ok(()));
        }
        self.written_count += 1;
        let ours = self.said.pop_front().map(|line| Opening::new(opening.salt(), &line).commitment());
        Some(if ours == Some(opening.commitment()) { Ok(()) } else { Err(Lie("another line than was written")) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit_log::Hex;

    /// The same line is written down, and its text comes.
    fn write(chat: &mut Chat, by: Role, text: &str) -> Result<(), Lie> {
        let line = Opening::new(Hex([4; 16]), text);
        chat.write(by, line.commitment())?;
        chat.open(&line).unwrap()
    }

    /// As many of the longest lines as the log takes of one writer.
    fn fill(chat: &mut Chat, by: Role) {
        let (line, mut room) = ("x".repeat(CHAT_BYTES), ChatRoom::default());
        while room.has_room_for(CHAT_BYTES) {
            assert!(chat.cut(by).is_err(), "there is room");
            if by == Role::Console {
                chat.say(line.clone());
            }
            assert_eq!(write(chat, by, &line), Ok(()));
            if by == Role::Agent {
                assert_eq!(chat.hear(&line), Ok(()));
            }
            room.take(CHAT_BYTES);
        }
    }

    #[test]
    fn a_line_is_confirmed_only_once_its_text_stands_in_the_log() {
        let mut chat = Chat::default();
        chat.say("one moment".to_owned());
        assert!(chat.confirm(1).is_err(), "it stands nowhere");
        let line = Opening::new(Hex([4; 16]), "one moment");
        assert_eq!(chat.write(Role::Console, line.commitment()), Ok(()));
        assert!(chat.confirm(1).is_err(), "nobody can say which line it is");
        assert_eq!(chat.open(&line), Some(Ok(())));
        assert_eq!(chat.confirm(1), Ok(()));
        chat.say("and now".to_owned());
        assert!(chat.confirm(2).is_err(), "the agent wrote one line down and then no more");
    }

    #[test]
    fn a_line_is_told_only_once_it_stands_in_the_log() {
        let mut chat = Chat::default();
        assert!(chat.hear("thank you").is_err(), "it stands nowhere");
        assert_eq!(write(&mut chat, Role::Agent, "thank you"), Ok(()));
        assert!(chat.go_on().is_err(), "it was not said yet");
        assert_eq!(chat.hear("thank you"), Ok(()));
        assert!(chat.hear("thank you").is_err(), "it stands there once");
    }

    #[test]
    fn the_log_takes_no_more_of_one_writer_once_it_is_full_and_of_the_other_all_the_same() {
        for (by, other) in [(Role::Agent, Role::Console), (Role::Console, Role::Agent)] {
            let mut chat = Chat::default();
            fill(&mut chat, by);
            assert_eq!(chat.cut(by), Ok(()));
            assert!(chat.cut(by).is_err(), "said twice");
            assert!(write(&mut chat, by, "one more").is_err(), "a line after the last");
            chat.say("please wait".to_owned());
            let is_confirmed = chat.confirm(chat.said_count).is_ok();
            assert_eq!((is_confirmed, chat.said.is_empty()), (by == Role::Console, by == Role::Console));
            assert_eq!(chat.hear("nowhere").is_ok(), by == Role::Agent);
            assert!(chat.confirm(chat.said_count + 1).is_err(), "there is no such line");
            assert_eq!(write(&mut chat, other, "please wait"), Ok(()));
        }
    }
}
