//! An organisation file at the end of a program: how a download already knows its organisation.
//!
//! Layout: program, organisation file, its length (8 bytes, big endian), a 16-byte mark. Loaders
//! of all systems ignore what follows a program's last section; where a code signature covers the
//! whole file, the organisation file lies beside the program instead.

use crate::organisation::ORGANISATION_FILE_BYTES;

/// Bytes of length and mark at the very end.
pub const TRAILER_BYTES: usize = 24;
const MARK: [u8; 16] = *b"\x00ponte-org-file\x01";

/// The program with the organisation file at its end, in place of one that was there before.
#[must_use]
pub fn append_to_program(program: &[u8], organisation_file: &[u8]) -> Vec<u8> {
    let bare = match find_appended(program) {
        Some(old) => &program[..program.len() - TRAILER_BYTES - old.len()],
        None => program,
    };
    let mut out = Vec::with_capacity(bare.len() + organisation_file.len() + TRAILER_BYTES);
    out.extend_from_slice(bare);
    out.extend_from_slice(organisation_file);
    out.extend_from_slice(&(organisation_file.len() as u64).to_be_bytes());
    out.extend_from_slice(&MARK);
    out
}

/// How many bytes at the end of a program to read for [`find_appended`], given its last 24;
/// `None` if nothing is appended.
#[must_use]
pub fn bytes_to_read(last: &[u8; TRAILER_BYTES]) -> Option<usize> {
    let (length, mark) = last.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let good = mark == MARK && length <= ORGANISATION_FILE_BYTES;
    if good { Some(length + TRAILER_BYTES) } else { None }
}

/// The appended organisation file in the last bytes of a program (or in all of it).
#[must_use]
pub fn find_appended(tail: &[u8]) -> Option<&[u8]> {
    let (rest, last) = tail.split_last_chunk::<TRAILER_BYTES>()?;
    let length = bytes_to_read(last)? - TRAILER_BYTES;
    rest.get(rest.len().checked_sub(length)?..)
}
