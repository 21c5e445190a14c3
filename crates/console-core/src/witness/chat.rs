//! What the console knows of the chat: a line stands in the log before the person's is told and before the operator's
//! is confirmed, until the log says that it takes no more of them.

use super::Lie;
use audit_log::{Commitment, Opening, Role};
use std::collections::VecDeque;

/// The chat as it was said and as it was written down.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// Lines that the operator wrote, until they stand in the log; none once it takes no more.
    said: VecDeque<String>,
    /// How many lines the operator wrote, and how many of them stand in the log.
    said_count: u64,
    written_count: u64,
    /// Whether the log takes no more lines.
    is_cut: bool,
    /// A line of the log, until the text has come that says which, and one of the person's until it is heard.
    unopened: Option<(Role, Commitment)>,
    unheard: Option<Opening>,
}

impl Chat {
    /// The operator writes this line.
    pub(super) fn say(&mut self, line: String) {
        self.said_count += 1;
        if !self.is_cut {
            self.said.push_back(line);
        }
    }

    /// The person's next line has come: it is the one that stands in the log.
    pub(super) fn hear(&mut self, line: &str) -> Result<(), Lie> {
        match self.unheard.take() {
            Some(written) if Opening::new(written.salt(), line).commitment() == written.commitment() => Ok(()),
            Some(_) => Err(Lie("another line than was said")),
            None if self.is_cut => Ok(()),
            None => Err(Lie("a line that stands nowhere")),
        }
    }

    /// The agent says that the person has the operator's lines up to this one: they stand in the log.
    pub(super) fn confirm(&self, up_to: u64) -> Result<(), Lie> {
        match up_to {
            up_to if up_to > self.said_count => Err(Lie("the word that a line came that was not written")),
            up_to if up_to > self.written_count && !self.is_cut => Err(Lie("a line that came and stands nowhere")),
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
        if self.is_cut {
            return Err(Lie("a line after the last"));
        }
        if by == Role::Console && self.said.is_empty() {
            return Err(Lie("a line that was not written"));
        }
        self.unopened = Some((by, line));
        Ok(())
    }

    /// The log takes no more lines.
    pub(super) fn cut(&mut self) -> Result<(), Lie> {
        if std::mem::replace(&mut self.is_cut, true) {
            return Err(Lie("the last line twice"));
        }
        self.said = VecDeque::new();
        Ok(())
    }

    /// A text has come; `None` if it is of no line.
    pub(super) fn open(&mut self, opening: &Opening) -> Option<Result<(), Lie>> {
        let (by, _) = self.unopened.take_if(|(_, line)| *line == opening.commitment())?;
        if by == Role::Agent {
            self.unheard = Some(opening.clone());
            return Some(Ok(()));
        }
        self.written_count += 1;
        let ours = self.said.pop_front().map(|line| Opening::new(opening.salt(), &line).commitment());
        Some(if ours == Some(opening.commitment()) { Ok(()) } else { Err(Lie("another line than was written")) })
    }
}
