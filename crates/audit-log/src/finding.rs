//! What can be found when a log is checked, and what that comes to.

use crate::Role;

/// What does not hold, or what is not proven. Lines count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// There is not one whole line.
    Empty,
    /// The first line is not the beginning of a log: nothing can be checked.
    NoBeginning,
    /// The first line is of a format that this program does not know; see [`crate::FORMAT`].
    Format(u32),
    /// The operator did not sign for the console's key that the first line names.
    OperatorProof,
    /// This line is no line of a log.
    NotALine(usize),
    /// Another log begins on this line.
    SecondBeginning(usize),
    /// The last line has no end: the program or the machine stopped while it was written. What was before
    /// it is whole.
    CutShort(usize),
    /// An entry is missing, twice or in another place: this line has `found` where `expected` was due.
    Number {
        /// Its line.
        line: usize,
        /// Which entry was due.
        expected: u64,
        /// Which is there.
        found: u64,
    },
    /// The entry on this line does not follow from the one before it, which was changed; or was itself changed
    /// where it says what it follows from.
    Changed(usize),
    /// A signature on this line does not hold for the chain that is there.
    Signature {
        /// Its line.
        line: usize,
        /// Whose it should be.
        by: Role,
    },
    /// A text on this line belongs to no entry.
    Stray(usize),
    /// The first certificate on this line is not the operator's whom the first line names.
    Certificate(usize),
    /// The entry on this line says that the person was shown another certificate than the one of the operator whom
    /// the first line names.
    OtherOperator(usize),
    /// This end never vouched for these last entries.
    Unsigned {
        /// Which end.
        by: Role,
        /// The first entry that it did not sign; 0 if not even the first line.
        from: u64,
    },
    /// The log does not say how the session ended.
    NoEnd,
}

impl Finding {
    /// Whether this means that somebody changed the log, as opposed to that it is less complete than it could be,
    /// or that this program cannot tell.
    #[must_use]
    pub fn is_tampering(&self) -> bool {
        match self {
            Self::NoBeginning
            | Self::OperatorProof
            | Self::NotALine(_)
            | Self::SecondBeginning(_)
            | Self::Number { .. }
            | Self::Changed(_)
            | Self::Signature { .. }
            | Self::Stray(_)
            | Self::Certificate(_)
            | Self::OtherOperator(_) => true,
            Self::Empty | Self::Format(_) | Self::CutShort(_) | Self::Unsigned { .. } | Self::NoEnd => false,
        }
    }

    /// Where it is, if it is in one place.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::NoBeginning | Self::Format(_) | Self::OperatorProof => Some(1),
            Self::NotALine(line)
            | Self::SecondBeginning(line)
            | Self::CutShort(line)
            | Self::Changed(line)
            | Self::Stray(line)
            | Self::Certificate(line)
            | Self::OtherOperator(line)
            | Self::Number { line, .. }
            | Self::Signature { line, .. } => Some(*line),
            Self::Empty | Self::Unsigned { .. } | Self::NoEnd => None,
        }
    }
}

/// What everything that was found comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing was changed, and both ends vouched for all of it.
    Whole,
    /// Nothing was changed, but it is not proven that nothing is missing.
    Incomplete,
    /// Somebody changed it, or it is damaged.
    Changed,
    /// Nothing can be checked: it is no log, or one of a newer program.
    Unknown,
}

/// How the copies of the two ends differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// They are not of the same session.
    OtherSession,
    /// This entry is not the same in both, or in one only.
    Entry(u64),
    /// From this entry on one has more.
    Longer {
        /// Whether it is the first of the two.
        first: bool,
        /// The first entry that the other does not have.
        from: u64,
    },
}
