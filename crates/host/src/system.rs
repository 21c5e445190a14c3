//! What the system calls itself.

use proto::{Text, limits};
use std::fs::File;
use std::io::Read;

/// More of a release file is not read.
const RELEASE_FILE_BYTES: u64 = 16 * 1024;

/// The system's name for people, like "Debian GNU/Linux 12 (bookworm)": one line, safe to show, at
/// most [`limits::NAME_BYTES`] bytes.
#[must_use]
pub fn system_name() -> String {
    let named = crate::RELEASE_FILES.iter().find_map(|path| {
        let mut text = String::new();
        File::open(path).ok()?.take(RELEASE_FILE_BYTES).read_to_string(&mut text).ok()?;
        pretty_name(&text)
    });
    named.unwrap_or_else(|| {
        match std::env::consts::OS {
            "linux" => "Linux",
            "macos" => "macOS",
            "windows" => "Windows",
            other => other,
        }
        .to_owned()
    })
}

/// The value of `PRETTY_NAME` of os-release(5): shell assignments without substitutions.
fn pretty_name(text: &str) -> Option<String> {
    let value = text.lines().rev().find_map(|line| line.trim().strip_prefix("PRETTY_NAME="))?;
    let name = Text::<{ limits::NAME_BYTES }>::truncated(&unquoted(value)).shown();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// A shell word without its quotes and escapes.
pub(crate) fn unquoted(value: &str) -> String {
    let value = value.trim();
    if let Some(plain) = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return plain.to_owned();
    }
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_without_quotes_and_bounded() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(pretty_name(text).as_deref(), expected, "{text:?}");
        check("NAME=\"x\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", Some("Debian GNU/Linux 12 (bookworm)"));
        check("PRETTY_NAME=Alpine\n", Some("Alpine"));
        check("PRETTY_NAME='It''s'\n", Some("It''s"));
        check("PRETTY_NAME=\"a \\\"b\\\" \\$c\"", Some("a \"b\" $c"));
        check("PRETTY_NAME=\"\u{202e}evil\u{7}\"", Some("evil"));
        check("PRETTY_NAME=\"\"", None);
        check("NAME=x", None);
        assert!(pretty_name(&format!("PRETTY_NAME={}", "é".repeat(5000))).unwrap().len() <= limits::NAME_BYTES);
    }

    #[test]
    fn this_system_has_a_name() {
        assert!(!system_name().is_empty());
    }
}
