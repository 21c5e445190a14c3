//! What travels on the two streams of a terminal, beside the bytes that its program writes.

use crate::codec::Message;
use crate::limits::{SHELL_COLUMNS, SHELL_INPUT_BYTES, SHELL_OUTPUT_BYTES, SHELL_ROWS};
use crate::text::Blob;
use serde::{Deserialize, Serialize};

/// How large a terminal is, in characters. What comes from a peer is used only as [`TerminalSize::clamped`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TerminalSize {
    /// Characters in a row.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

impl TerminalSize {
    /// As terminals have always been: what a shell sees until the window has said how large it is.
    pub const USUAL: Self = Self { columns: 80, rows: 24 };
    /// Fewer columns, or less than two rows, no program can use.
    const LEAST: Self = Self { columns: 2, rows: 2 };

    /// The nearest size that a terminal may have.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            columns: self.columns.clamp(Self::LEAST.columns, SHELL_COLUMNS),
            rows: self.rows.clamp(Self::LEAST.rows, SHELL_ROWS),
        }
    }
}

/// From the console to a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShellInput {
    /// What the operator typed or pasted.
    Bytes(Blob<SHELL_INPUT_BYTES>),
    /// The window has another size.
    Resize(TerminalSize),
}

/// From a terminal to the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShellOutput {
    /// So many bytes of output follow, at most [`SHELL_OUTPUT_BYTES`]; see [`ShellOutput::is_acceptable`].
    Bytes {
        /// How many.
        length: u32,
    },
    /// The shell has ended, and everything that was started in it; nothing follows.
    Ended {
        /// With which code, where it ended by itself.
        code: Option<i32>,
    },
}

impl ShellOutput {
    /// Whether no more is announced than may come at a time.
    #[must_use]
    pub fn is_acceptable(self) -> bool {
        match self {
            Self::Bytes { length } => usize::try_from(length).is_ok_and(|length| length <= SHELL_OUTPUT_BYTES),
            Self::Ended { .. } => true,
        }
    }
}

impl Message for ShellInput {
    const MAX_BYTES: usize = SHELL_INPUT_BYTES + 16;
}

impl Message for ShellOutput {
    const MAX_BYTES: usize = 16;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_size_from_a_peer_makes_a_terminal_too_small_or_too_large_to_hold() {
        let size = |columns, rows| TerminalSize { columns, rows };
        let rows = [
            (size(0, 0), size(2, 2)),
            (size(1, 65535), size(2, 200)),
            (size(65535, 1), size(500, 2)),
            (size(120, 40), size(120, 40)),
        ];
        for (wanted, expected) in rows {
            assert_eq!(wanted.clamped(), expected);
        }
    }

    #[test]
    fn the_longest_input_fits_into_a_message_and_a_longer_output_is_refused() {
        let longest = ShellInput::Bytes(Blob::new(vec![0xFF; SHELL_INPUT_BYTES]).unwrap());
        assert_eq!(crate::decode::<ShellInput>(&crate::encode(&longest).unwrap()).unwrap(), longest);
        let most = u32::try_from(SHELL_OUTPUT_BYTES).unwrap();
        for (length, is_acceptable) in [(0, true), (most, true), (most + 1, false), (u32::MAX, false)] {
            let output = crate::decode::<ShellOutput>(&crate::encode(&ShellOutput::Bytes { length }).unwrap());
            assert_eq!(output.unwrap().is_acceptable(), is_acceptable, "{length}");
        }
    }
}
