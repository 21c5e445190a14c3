//! Names from a peer, made safe or refused, and the names of unfinished files.

use crate::RelativePath;
use proto::session::TransferId;
use std::fmt;

/// Longest safe name in bytes: leaves room for what a file system or a program appends within the usual 255.
const MOST_BYTES: usize = 200;
/// Longest extension that is kept when a name is cut, in bytes with its dot.
const MOST_EXTENSION_BYTES: usize = 32;
/// How every unfinished file's name begins; no safe name begins with a dot.
const PART_PREFIX: &str = ".ponte-part-";

/// Why a name cannot be made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing is left of it, or it is `.` or `..`.
    #[error("the name is empty")]
    Empty,
    /// It holds a separator or NUL: it is a path, and whoever sends one tries something.
    #[error("the name is a path")]
    Path,
}

/// The name of one file, as a peer may give it to a file on this machine. Exists only by parsing.
///
/// Refused: nothing, `.`, `..`, and whatever holds `/`, `\` or NUL. Made safe, the same on every system:
/// - control, bidirectional, zero-width and other invisible characters, the characters `< > : " | ? *` that Windows
///   forbids (`:` opens a second stream there), and characters that look like separators become `_`;
/// - blanks at both ends and dots at the end go (Windows drops them silently);
/// - a dot in front gets `_` before it: a peer makes no hidden file;
/// - the devices of Windows (`CON`, `NUL.txt`, ...) get `_` in front;
/// - what is longer than 200 bytes is cut at a character, the extension kept.
///
/// Parsing a safe name again changes nothing. Two different names may become the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SafeName(String);

impl SafeName {
    /// Makes a peer's name safe.
    ///
    /// # Errors
    /// [`BadName`] when it cannot be.
    pub fn parse(name: &str) -> Result<Self, BadName> {
        if name.contains(['/', '\\', '\0']) {
            return Err(BadName::Path);
        }
        let replaced: String = name.chars().map(|c| if is_replaced(c) { '_' } else { c }).collect();
        let trimmed = trimmed_end(replaced.trim_start());
        if trimmed.is_empty() {
            return Err(BadName::Empty);
        }
        let guarded = trimmed.starts_with('.') || is_device(trimmed);
        let name = if guarded { format!("_{trimmed}") } else { trimmed.to_owned() };
        Ok(Self(cut(&name, "", MOST_BYTES)))
    }

    /// A name that was made safe before.
    pub(crate) fn trusted(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with a number before its extension, for when the plain one is taken: `name (2).ext`.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        Self(cut(&self.0, &format!(" ({number})"), MOST_BYTES))
    }
}

impl fmt::Display for SafeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_replaced(c: char) -> bool {
    c.is_control()
        || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
        // Bidirectional, zero-width, line-breaking and blank-looking characters of Unicode.
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}')
        || matches!(c, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}')
        || matches!(c, '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
        // Separators in disguise: old programs on Windows turn them into real ones.
        || matches!(c, '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{29F5}' | '\u{29F8}' | '\u{29F9}' | '\u{FF0F}' | '\u{FF3C}')
}

fn trimmed_end(name: &str) -> &str {
    name.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Whether Windows takes the name for a device: what counts is the part before the first dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        let mut number = stem.strip_prefix(prefix).unwrap_or_default().chars();
        matches!((number.next(), number.next()), (Some('0'..='9' | '\u{B9}' | '\u{B2}' | '\u{B3}'), None))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT")
}

/// `name` with `inserted` before its extension, its stem cut so that all of it fits `most` bytes.
fn cut(name: &str, inserted: &str, most: usize) -> String {
    let dot = name.rfind('.').filter(|dot| *dot > 0 && name.len() - dot <= MOST_EXTENSION_BYTES);
    let (stem, extension) = name.split_at_checked(dot.unwrap_or(name.len())).unwrap_or((name, ""));
    let room = most.saturating_sub(inserted.len() + extension.len());
    let kept = stem.get(..stem.floor_char_boundary(room)).unwrap_or_default();
    // A cut may bare a blank or a dot, which may not end a name.
    let kept = if extension.is_empty() && inserted.is_empty() { trimmed_end(kept) } else { kept };
    format!("{kept}{inserted}{extension}")
}

/// The name under which a file lies beside its final place until it is whole: `.ponte-part-<transfer>-<hash>`. Never a
/// [`SafeName`], so that no peer can name one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartName(String);

impl PartName {
    /// For one file while it is received, by whatever number. The nonce is random and used once: others may receive
    /// into the same folder, a file of the same name under the same number, and no peer knows what its file is called
    /// meanwhile.
    #[must_use]
    pub fn new(transfer: TransferId, nonce: [u8; 16]) -> Self {
        let hash = blake3::hash(&nonce).to_hex();
        Self(format!("{PART_PREFIX}{}-{}", transfer.0, hash.get(..16).unwrap_or_default()))
    }

    /// For a file of a batch, whichever transfer brings it: what an earlier one left behind of the same path, size and
    /// time of change is gone on with.
    #[must_use]
    pub fn resumable(path: &RelativePath, size_bytes: u64, modified_s: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&size_bytes.to_le_bytes()).update(&modified_s.to_le_bytes()).update(path.as_str().as_bytes());
        let hash = hasher.finalize().to_hex();
        // Transfers are counted from 1.
        Self(format!("{PART_PREFIX}0-{}", hash.get(..16).unwrap_or_default()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a file of this name is an unfinished one of ours, for tidying up.
    #[must_use]
    pub fn is_part(name: &str) -> bool {
        let Some((transfer, hash)) = name.strip_prefix(PART_PREFIX).and_then(|rest| rest.split_once('-')) else {
            return false;
        };
        transfer.parse::<u32>().is_ok_and(|number| number.to_string() == transfer)
            && hash.len() == 16
            && hash.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    }
}
