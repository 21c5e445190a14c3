//! What the demo saw, for people and for machines.

use crate::run::{Context, Failure};
use serde::Serialize;
use std::fs;
use std::path::Path;

/// The facts of one run; a fact that the run did not come to is `None` or `false`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// The session key, which is worth nothing any more.
    pub(crate) key: Option<String>,
    /// The link that was used: "quic" or "tls".
    pub(crate) link: Option<String>,
    /// From the key typed in until the console had its first picture, questions included.
    pub(crate) first_picture_ms: Option<u64>,
    /// The round trip between the two ends.
    pub(crate) rtt_ms: Option<f64>,
    /// Bytes that the console received.
    pub(crate) bytes_to_console: Option<u64>,
    /// Bytes that the console sent.
    pub(crate) bytes_to_agent: Option<u64>,
    /// Pixels of the agent's screen that were compared with the console's picture.
    pub(crate) compared_pixels: usize,
    /// How many of them were not the same.
    pub(crate) different_pixels: usize,
    /// Whether both pictures were the same outside of Ponte's own windows.
    pub(crate) picture_equal: bool,
    /// Whether no program could answer for the client.
    pub(crate) only_the_client_answers: bool,
    /// Whether the editor wrote to disk what the operator typed.
    pub(crate) text_arrived: bool,
    /// Whether each side read what the other wrote.
    pub(crate) chat_both_ways: bool,
    /// Whether a file arrived unchanged in each direction.
    pub(crate) file_digest_equal: bool,
    /// Whether the agent left nothing of itself behind.
    pub(crate) agent_removed: bool,
}

impl Summary {
    /// The claims by name, and whether each holds.
    pub(crate) fn claims(&self) -> [(&'static str, bool); 6] {
        [
            ("picture_equal", self.picture_equal),
            ("only_the_client_answers", self.only_the_client_answers),
            ("text_arrived", self.text_arrived),
            ("chat_both_ways", self.chat_both_ways),
            ("file_digest_equal", self.file_digest_equal),
            ("agent_removed", self.agent_removed),
        ]
    }

    /// Fails and names what does not hold.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let broken: Vec<_> = self.claims().into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name).collect();
        if broken.is_empty() { Ok(()) } else { Err(format!("does not hold: {}", broken.join(", ")).into()) }
    }

    /// Writes `summary.json`.
    pub(crate) fn write(&self, out: &Path) -> Result<(), Failure> {
        let path = out.join("summary.json");
        let text = serde_json::to_string_pretty(self).context("summary")?;
        fs::write(&path, text + "\n").context(path.display())
    }
}

/// The number at the beginning of a text such as "12.5" or "12,5 ms".
pub(crate) fn number(text: &str) -> Option<f64> {
    let digits: String = text
        .trim()
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
        .map(|c| if c == ',' { '.' } else { c })
        .collect();
    digits.parse().ok()
}

/// The whole number in a text, whatever separates its thousands.
pub(crate) fn count(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_does_not_hold_is_named() {
        let all = Summary {
            picture_equal: true,
            only_the_client_answers: true,
            text_arrived: true,
            chat_both_ways: true,
            file_digest_equal: true,
            agent_removed: true,
            ..Summary::default()
        };
        assert!(all.check().is_ok());
        let text = Summary { text_arrived: false, ..all }.check().map_err(|failure| failure.to_string());
        assert_eq!(text, Err("does not hold: text_arrived".to_owned()));
    }

    #[test]
    fn numbers_are_read_in_both_languages() {
        for (text, expected) in [("12.5", Some(12.5)), ("12,5 ms", Some(12.5)), ("7 ms", Some(7.0)), ("-", None)] {
            assert_eq!(number(text), expected, "{text}");
        }
        for (text, expected) in
            [("1.234.567", Some(1_234_567)), ("1,234", Some(1234)), ("9 bytes", Some(9)), ("", None)]
        {
            assert_eq!(count(text), expected, "{text}");
        }
    }
}
