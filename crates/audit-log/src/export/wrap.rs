//! Sentences in a column of their own, for a terminal.

/// The column has at least this many signs, however narrow the terminal is.
const LEAST: usize = 32;
/// A word of so many signs is left whole also where the column is narrower: a fingerprint is compared as one.
const FINGERPRINT: usize = 64;

/// Adds the sentence, whose first row begins after `indent` columns; so does each further row.
pub(super) fn wrap(text: &mut String, sentence: &str, indent: usize, columns: usize) {
    let room = columns.saturating_sub(indent).max(LEAST);
    let mut used = 0;
    let next_row = |text: &mut String| {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', indent));
    };
    for word in sentence.split_whitespace() {
        let width: usize = word.chars().map(columns_of).sum();
        if used > 0 && used + 1 + width > room {
            next_row(text);
            used = 0;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        for sign in word.chars() {
            if used > 0 && used + columns_of(sign) > room && !is_fingerprint(word) {
                next_row(text);
                used = 0;
            }
            text.push(sign);
            used += columns_of(sign);
        }
    }
}

/// Whether it is digits of a fingerprint, with what ends a sentence.
fn is_fingerprint(word: &str) -> bool {
    let digits = word.trim_end_matches(['.', ',']);
    digits.len() == FINGERPRINT && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// How many columns a sign takes at most.
fn columns_of(sign: char) -> usize {
    // From the first broad letters on, narrow ones count double as well: then a row ends a little early.
    if sign < '\u{1100}' { 1 } else { 2 }
}
