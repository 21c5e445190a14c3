//! `package-agent`: an agent that already knows its organisation.

use crate::Context;
use crate::cli::PackageAgent;
use crate::failure::Failure;
use crate::files::{self, Readers};
use crate::outcome::{Outcome, day, moment};
use identity::{ORGANISATION_FILE_BYTES, Organisation, OrganisationError, append_to_program, find_appended};
use serde_json::json;
use std::path::Path;

/// Largest program, in bytes.
const PROGRAM_BYTES: usize = 512 * 1024 * 1024;
/// How programs of macOS begin (mach-o/loader.h, mach-o/fat.h).
const MACH_O: [[u8; 4]; 5] = [
    [0xFE, 0xED, 0xFA, 0xCE],
    [0xFE, 0xED, 0xFA, 0xCF],
    [0xCE, 0xFA, 0xED, 0xFE],
    [0xCF, 0xFA, 0xED, 0xFE],
    [0xCA, 0xFE, 0xBA, 0xBE],
];

pub(crate) fn package(context: &Context<'_>, package: &PackageAgent) -> Result<Outcome, Failure> {
    let file = files::read(&package.organisation, ORGANISATION_FILE_BYTES)?;
    let organisation = open_organisation(&package.organisation, &file, context.now_s)?;
    let agent = files::read(&package.agent, PROGRAM_BYTES)?;
    if agent.is_empty() {
        return Err(Failure::new("empty-program").with("file", package.agent.display()));
    }
    if is_mach_o(&agent) || is_signed_for_windows(&agent) {
        return Err(Failure::new("signed-program").with("file", package.agent.display()));
    }
    let program = append_to_program(&agent, &file);
    if find_appended(&program) != Some(&file[..]) {
        return Err(Failure::new("self-check").with("reason", "the appended file cannot be found"));
    }
    let readers = if is_executable(&package.agent) { Readers::AllAsProgram } else { Readers::All };
    files::write(&package.out, &program, readers)?;

    let ends = day(organisation.file().not_after_s, &organisation.file().time_zone);
    let text = context.say(
        "org-packaged",
        &[
            ("file", package.out.display().to_string().into()),
            ("domain", organisation.domain().into()),
            ("ends", ends.into()),
        ],
    );
    let json = json!({
        "program": package.out, "domain": organisation.domain(), "serial": organisation.file().serial,
        "ends": moment(organisation.file().not_after_s), "bytes": program.len(),
    });
    Ok(Outcome::new(json, vec![text]))
}

/// An organisation file from somewhere, at a moment.
pub(crate) fn open_organisation(path: &Path, bytes: &[u8], at_s: u64) -> Result<Organisation, Failure> {
    Organisation::open(bytes, at_s).map_err(|error| {
        let failure = match error {
            OrganisationError::Expired => Failure::new("file-expired"),
            error => Failure::new("file-broken").with("reason", error),
        };
        failure.with("file", path.display())
    })
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

/// Elsewhere a file's name says it.
#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

/// Whether this is a program of macOS, which is signed as a whole whenever it can be run.
fn is_mach_o(program: &[u8]) -> bool {
    program.first_chunk::<4>().is_some_and(|start| MACH_O.contains(start))
}

/// Whether a program of Windows has an Authenticode signature: a certificate table in its optional
/// header (PE format, "Optional Header Data Directories"). It covers what is appended.
fn is_signed_for_windows(program: &[u8]) -> bool {
    let number = |at: usize| {
        let bytes = program.get(at..at.checked_add(4)?)?;
        usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
    };
    let signed = || {
        let header = number(0x3C)?;
        if program.get(header..header.checked_add(4)?)? != b"PE\0\0" {
            return None;
        }
        // After the mark (4) and the file header (20); the directories are at 96 or, for 64 bits, 112.
        let optional = header.checked_add(24)?;
        let directories = match program.get(optional..optional.checked_add(2)?)? {
            [0x0B, 0x01] => 96,
            [0x0B, 0x02] => 112,
            _ => return None,
        };
        // The fifth one, 8 bytes each, place and size.
        number(optional.checked_add(directories + 4 * 8 + 4)?).filter(|size| *size > 0)
    };
    program.starts_with(b"MZ") && signed().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows_program(signature_bytes: u32) -> Vec<u8> {
        let mut program = vec![0; 512];
        program[..2].copy_from_slice(b"MZ");
        program[0x3C] = 0x80;
        program[0x80..0x84].copy_from_slice(b"PE\0\0");
        program[0x98..0x9A].copy_from_slice(&[0x0B, 0x02]);
        program[0x98 + 112 + 36..0x98 + 112 + 40].copy_from_slice(&signature_bytes.to_le_bytes());
        program
    }

    #[test]
    fn a_program_whose_signature_covers_its_end_is_recognised() {
        assert!(is_signed_for_windows(&windows_program(4096)));
        assert!(!is_signed_for_windows(&windows_program(0)));
        assert!(is_mach_o(&[0xCF, 0xFA, 0xED, 0xFE, 7]));
        assert!(!is_mach_o(b"\x7fELF"));
    }

    #[test]
    fn no_cut_or_twisted_program_is_too_much_to_look_at() {
        let program = windows_program(4096);
        for length in 0..program.len() {
            is_signed_for_windows(&program[..length]);
        }
        let mut twisted = program;
        twisted[0x3C..0x40].copy_from_slice(&[0xFF; 4]);
        assert!(!is_signed_for_windows(&twisted));
    }
}
