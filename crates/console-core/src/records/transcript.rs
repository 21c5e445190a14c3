//! What the terminals of a session showed, beside its record: as it came, with times, sealed a piece at a time.
//!
//! Nothing that was typed is here, only what a terminal showed: what a program hides, it does not show. The file
//! grows by a line every second at most; each line is sealed under its number, so that none can be left out or put
//! elsewhere, and one that was cut short by a crash is the last.

use super::plain::{Plain, PlainLine};
use super::{RecordId, Records, Shared};
use crate::terminal::Terminal;
use audit_log::{Hex, OutputDigest};
use proto::limits::{SHELL_OUTPUT_BYTES, TRANSCRIPT_BYTES};
use proto::session::RequestId;
use proto::shell::TerminalSize;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// Output that is kept of all terminals of a session, in bytes: four long ones.
const SESSION_BYTES: u64 = 4 * TRANSCRIPT_BYTES;
/// Output of one sealed line, in bytes: what is opened at once.
pub(super) const LINE_OUTPUT_BYTES: usize = 256 * 1024;
/// Longest sealed line, in bytes: its output and as much again for times, by a third longer through base64.
const LINE_BYTES: u64 = 1024 * 1024;
/// Longest file, in bytes.
const FILE_BYTES: u64 = 3 * SESSION_BYTES;
/// Output that comes within so many milliseconds shares a time.
const TIME_STEP_MS: u64 = 100;

/// One thing that happened in a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Opened {
        at_ms: u64,
        request: u32,
        columns: u16,
        rows: u16,
    },
    Resized {
        at_ms: u64,
        columns: u16,
        rows: u16,
    },
    /// So many bytes of what follows the list.
    Output {
        at_ms: u64,
        length: usize,
    },
    /// What comes from here on is not kept.
    Cut {
        at_ms: u64,
    },
    Closed {
        at_ms: u64,
        size_bytes: u64,
        sha256: Hex<32>,
    },
}

/// What waits to be written, and what was.
#[derive(Default)]
pub(super) struct Unwritten {
    parts: Vec<Part>,
    output: Zeroizing<Vec<u8>>,
    /// Output so far, in bytes, also what is written.
    pub(super) kept_bytes: u64,
    /// Sealed lines in the file, and their length in bytes.
    pub(super) lines: u64,
    pub(super) length: u64,
}

/// One sealed line to be, in the clear.
pub(super) type Portion = Zeroizing<Vec<u8>>;

impl Unwritten {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn push(&mut self, part: Part) {
        self.parts.push(part);
    }

    fn output(&mut self, at_ms: u64, bytes: &[u8]) {
        self.kept_bytes = self.kept_bytes.saturating_add(bytes.len() as u64);
        self.output.extend_from_slice(bytes);
        match self.parts.last_mut() {
            Some(Part::Output { at_ms: before, length })
                if at_ms.saturating_sub(*before) < TIME_STEP_MS && *length + bytes.len() <= SHELL_OUTPUT_BYTES =>
            {
                *length += bytes.len();
            }
            _ => self.push(Part::Output { at_ms, length: bytes.len() }),
        }
    }

    /// What is to be written now, in lines.
    pub(super) fn take(&mut self) -> Vec<Portion> {
        let (parts, output) = (std::mem::take(&mut self.parts), std::mem::take(&mut self.output));
        let (mut portions, mut rest) = (Vec::new(), output.as_slice());
        let (mut some, mut size): (Vec<Part>, usize) = (Vec::new(), 0);
        for part in parts {
            if size >= LINE_OUTPUT_BYTES - SHELL_OUTPUT_BYTES || some.len() >= LINE_OUTPUT_BYTES / 128 {
                let (of_these, others) = rest.split_at(size.min(rest.len()));
                portions.push(portion(&some, of_these));
                (rest, size) = (others, 0);
                some.clear();
            }
            if let Part::Output { length, .. } = part {
                size += length;
            }
            some.push(part);
        }
        portions.push(portion(&some, rest));
        portions
    }
}

/// The list of what happened as a line of JSON, then the output.
fn portion(parts: &[Part], output: &[u8]) -> Portion {
    // Texts and numbers only: there is nothing that JSON could refuse.
    let mut bytes = serde_json::to_vec(parts).unwrap_or_default();
    bytes.push(b'\n');
    bytes.extend(output);
    bytes.into()
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Under which name a line is sealed.
pub(super) fn name(id: &RecordId, line: u64) -> String {
    format!("{id} terminal {line}")
}

/// What was received of one terminal's output, also while it still comes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received(Arc<Mutex<OutputDigest>>);

impl Received {
    pub(crate) fn digest(&self) -> OutputDigest {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, output: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(output);
    }
}

/// Takes the output of one terminal. Dropping it says that this was all.
pub(crate) struct Keeping {
    received: Received,
    into: Option<(Records, RecordId)>,
    size: TerminalSize,
    came_bytes: u64,
    is_cut: bool,
}

impl Keeping {
    /// Begins, in this record if there is one; otherwise only the digest is made.
    pub(crate) fn begin(into: Option<(Records, RecordId)>, request: RequestId, size: TerminalSize) -> (Self, Received) {
        let received = Received::default();
        if let Some((records, id)) = &into {
            let TerminalSize { columns, rows } = size;
            records.change(id, |kept| kept.terminals = kept.terminals.saturating_add(1));
            records.keep(id, |file| file.push(Part::Opened { at_ms: now_ms(), request: request.0, columns, rows }));
        }
        (Self { received: received.clone(), into, size, came_bytes: 0, is_cut: false }, received)
    }

    /// The next output, and the terminal that shows it.
    pub(crate) fn output(&mut self, bytes: &[u8], terminal: &Terminal) {
        let before = self.came_bytes;
        self.came_bytes = before.saturating_add(bytes.len() as u64);
        self.received.add(bytes);
        let Some((records, id)) = &self.into else { return };
        if self.is_cut {
            return;
        }
        let (at_ms, size) = (now_ms(), terminal.size());
        let room = TRANSCRIPT_BYTES.saturating_sub(before);
        let mut is_cut = false;
        records.keep(id, |file| {
            if size != self.size {
                file.push(Part::Resized { at_ms, columns: size.columns, rows: size.rows });
            }
            let room = room.min(SESSION_BYTES.saturating_sub(file.kept_bytes));
            let kept = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
            file.output(at_ms, bytes.get(..kept).unwrap_or_default());
            if kept < bytes.len() {
                is_cut = true;
                file.push(Part::Cut { at_ms });
            }
        });
        (self.size, self.is_cut) = (size, is_cut);
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        let Some((records, id)) = &self.into else { return };
        let digest = self.received.digest();
        let (size_bytes, sha256) = (digest.size_bytes(), digest.sha256());
        records.keep(id, |file| file.push(Part::Closed { at_ms: now_ms(), size_bytes, sha256 }));
    }
}

/// What the terminals of one session showed, as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transcript {
    /// Each terminal, in their order.
    pub terminals: Vec<TerminalText>,
    /// Whether something of it could not be read: it was changed, or cut short.
    pub is_damaged: bool,
}

/// What one terminal showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalText {
    /// When it was opened, in milliseconds since 1970.
    pub opened_ms: u64,
    /// Its lines; of programs with the whole screen what they showed last.
    pub lines: Vec<PlainLine>,
    /// Lines that are in the file and not listed.
    pub left_out: u64,
    /// Whether more came than is kept.
    pub is_cut: bool,
    /// How much came, in bytes, and its digest as in the session's log, see [`audit_log::OutputDigest`]; none if this
    /// program was ended by force meanwhile.
    pub closed: Option<(u64, Hex<32>)>,
    /// Whether what is kept has that digest.
    pub holds: bool,
}

impl Transcript {
    /// As text, with times in UTC.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for terminal in &self.terminals {
            let time = |at_ms: u64| {
                let at = i64::try_from(at_ms).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
                at.map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
            };
            let _ = writeln!(text, "# {} UTC", time(terminal.opened_ms));
            if let Some((size_bytes, sha256)) = &terminal.closed {
                let _ = writeln!(text, "# {size_bytes} bytes, SHA-256 {sha256}");
            }
            for line in &terminal.lines {
                let _ = writeln!(text, "{}  {}", time(line.at_ms), line.text);
            }
            if terminal.is_cut || terminal.left_out > 0 {
                text.push_str("# ...\n");
            }
            text.push('\n');
        }
        text
    }

    /// Writes that beside what is in this folder: "ponte-terminal-1.txt", ...
    ///
    /// # Errors
    /// Whatever stops the writing.
    pub fn export_into(&self, folder: &std::path::Path) -> io::Result<PathBuf> {
        crate::tasks::write_text(&self.to_text(), folder, "ponte-terminal", "txt")
    }
}

/// Puts a transcript together from what was written.
#[derive(Default)]
struct Reading {
    done: Transcript,
    open: Option<(TerminalText, Plain, OutputDigest, u64)>,
}

impl Reading {
    fn take(&mut self, part: &Part, output: &[u8]) {
        match (part, &mut self.open) {
            (Part::Opened { at_ms, columns, rows, .. }, _) => {
                self.close();
                let text = TerminalText {
                    opened_ms: *at_ms,
                    lines: Vec::new(),
                    left_out: 0,
                    is_cut: false,
                    closed: None,
                    holds: false,
                };
                let plain = Plain::new(TerminalSize { columns: *columns, rows: *rows });
                self.open = Some((text, plain, OutputDigest::default(), *at_ms));
            }
            (Part::Resized { at_ms, columns, rows }, Some((_, plain, _, last))) => {
                plain.resize(TerminalSize { columns: *columns, rows: *rows }, *at_ms);
                *last = *at_ms;
            }
            (Part::Output { at_ms, .. }, Some((_, plain, digest, last))) => {
                plain.feed(output, *at_ms);
                digest.add(output);
                *last = *at_ms;
            }
            (Part::Cut { .. }, Some((text, ..))) => text.is_cut = true,
            (Part::Closed { size_bytes, sha256, .. }, Some((text, _, digest, _))) => {
                text.closed = Some((*size_bytes, *sha256));
                text.holds = digest.sha256() == *sha256;
            }
            (_, None) => self.done.is_damaged = true,
        }
    }

    fn close(&mut self) {
        if let Some((mut text, plain, _, last)) = self.open.take() {
            (text.lines, text.left_out) = plain.finish(last);
            self.done.terminals.push(text);
        }
    }
}

/// Reads what is kept of this session's terminals.
///
/// # Errors
/// There is nothing, or it cannot be read.
pub(super) fn read(shared: &Shared, id: &RecordId) -> io::Result<Transcript> {
    let file = File::open(super::disk::transcript_path(&shared.folder, id))?;
    let mut file = BufReader::new(file.take(FILE_BYTES));
    let mut reading = Reading::default();
    let mut line = Vec::new();
    for number in 0.. {
        line.clear();
        if (&mut file).take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let opened = line.strip_suffix(b"\n").and_then(|line| shared.key.open(&name(id, number), line).ok());
        let portion = opened.as_ref().and_then(|portion| {
            let end = portion.iter().position(|byte| *byte == b'\n')?;
            let parts = serde_json::from_slice::<Vec<Part>>(portion.get(..end)?).ok()?;
            Some((parts, portion.get(end + 1..)?))
        });
        let Some((parts, mut rest)) = portion else {
            // Cut short by a crash, or changed: nothing that follows can be trusted to be in its place.
            reading.done.is_damaged = true;
            break;
        };
        for part in &parts {
            let length = if let Part::Output { length, .. } = part { *length } else { 0 };
            let (output, others) = rest.split_at(length.min(rest.len()));
            reading.take(part, output);
            rest = others;
        }
    }
    reading.close();
    Ok(reading.done)
}
