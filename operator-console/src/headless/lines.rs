//! Lines of the standard input, none longer than its limit, on a thread of their own.

use std::io::{self, BufRead};
use std::sync::mpsc::SyncSender;
use zeroize::Zeroizing;

/// Most bytes of a line, without its end.
pub(super) const LINE_BYTES: usize = 64 * 1024;

/// What wakes the desk.
pub(super) enum Wake {
    /// A line; it may hold the password.
    Line(Zeroizing<Vec<u8>>),
    /// A line that was longer than its limit, and was passed over.
    TooLong,
    /// The engine has something new.
    Changed,
    /// There will be no more lines.
    EndOfInput,
}

/// Reads until the end, and waits while the desk is behind.
pub(super) fn read(mut input: impl BufRead, desk: &SyncSender<Wake>) {
    loop {
        let wake = match next(&mut input) {
            Ok(Some(wake)) => wake,
            Ok(None) => Wake::EndOfInput,
            Err(error) => {
                tracing::warn!(%error, "the standard input cannot be read");
                Wake::EndOfInput
            }
        };
        let is_last = matches!(wake, Wake::EndOfInput);
        if desk.send(wake).is_err() || is_last {
            return;
        }
    }
}

/// The next line; `None` at the end. What stands before the end without a line feed is a line.
fn next(input: &mut impl BufRead) -> io::Result<Option<Wake>> {
    // Never grown: what is moved leaves a copy behind that nobody zeroes.
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES));
    let mut is_too_long = false;
    let mut is_any = false;
    loop {
        let part = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            part => part?,
        };
        if part.is_empty() && !is_any {
            return Ok(None);
        }
        let end = part.iter().position(|byte| *byte == b'\n');
        let content = part.get(..end.unwrap_or(part.len())).unwrap_or_default();
        is_too_long |= line.len() + content.len() > LINE_BYTES;
        if !is_too_long {
            line.extend_from_slice(content);
        }
        let is_over = end.is_some() || part.is_empty();
        is_any = true;
        let taken = end.map_or(part.len(), |end| end + 1);
        input.consume(taken);
        if is_over {
            return Ok(Some(if is_too_long { Wake::TooLong } else { Wake::Line(line) }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], buffer: usize) -> Vec<Option<Vec<u8>>> {
        let mut input = io::BufReader::with_capacity(buffer, input);
        let mut lines = Vec::new();
        while let Some(wake) = next(&mut input).unwrap() {
            lines.push(if let Wake::Line(line) = wake { Some(line.to_vec()) } else { None });
        }
        lines
    }

    #[test]
    fn a_line_is_taken_up_to_its_limit_and_the_next_is_not_harmed_by_a_longer_one() {
        let most = [b'a'; LINE_BYTES];
        let input = [&most[..], b"\n", &most[..], b"a\n\nb"].concat();
        for buffer in [1, 7, 8192, 1 << 20] {
            let expected = [Some(most.to_vec()), None, Some(Vec::new()), Some(b"b".to_vec())];
            assert!(lines(&input, buffer) == expected, "with a buffer of {buffer}");
        }
        assert!(lines(b"", 16).is_empty());
        assert_eq!(lines(b"a\n", 16), [Some(b"a".to_vec())]);
    }
}
