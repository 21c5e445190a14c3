//! `cargo xtask setup`: installs what Ponte and its demo need from the system.

use crate::run::{self, Failure};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

/// A package of Debian 12 and what it is for.
type Needed = (&'static str, &'static str);

/// What compiling needs.
const BUILD: &[Needed] = &[
    ("build-essential", "C compiler and linker: ring, zstd, blake3"),
    ("pkg-config", "finds the libraries below"),
    ("libxcb1-dev", "screen capture with X servers that cannot tell what changed"),
    ("libxcb-shm0-dev", "the same"),
    ("libxcb-randr0-dev", "the same"),
];

/// What the demo and the tests of the windows need.
const RUN: &[Needed] = &[
    ("xvfb", "the screens of the demo"),
    ("xserver-xephyr", "the client's screen of the demo: a screen in a screen"),
    ("xauth", "keeps those screens private"),
    ("x11-apps", "small programs to look at"),
    ("x11-utils", "asks windows about themselves"),
    ("x11-xserver-utils", "paints the background"),
    ("xdotool", "a program that presses for the client, which must not count"),
    ("imagemagick", "pictures of windows by hand"),
    ("libgl1", "the windows are drawn with OpenGL"),
    ("libegl1", "the same"),
    ("libgl1-mesa-dri", "OpenGL in software"),
    ("libxkbcommon-x11-0", "the windows' keyboard"),
    ("openbox", "the window manager of the demo"),
    ("xclip", "another program that copies and pastes, for tests"),
    ("at-spi2-core", "controls are found by their accessible names"),
    ("dbus", "carries those names"),
    ("l3afpad", "the editor that the demo writes in"),
    ("xterm", "a program to share"),
    ("vim", "a program with the whole screen, for the terminal"),
    ("htop", "the same"),
    ("less", "the same"),
    ("zsh", "another shell, for the terminal"),
    ("fish", "the same"),
    ("iproute2", "network namespaces for tests of bad networks"),
    ("fonts-dejavu-core", "the desktop's letters"),
    ("chromium", "the browser that tries the portal's page"),
];

/// What else tests of the page need, each only where its program is missing: many get it from elsewhere.
const SCRIPTS: &[(&str, Needed)] =
    &[("node", ("nodejs", "runs the tests of the portal's page")), ("npm", ("npm", "fetches what they use"))];

/// Everything that this machine needs.
fn needed() -> Vec<Needed> {
    let scripts = SCRIPTS.iter().filter(|(program, _)| !has_program(program)).map(|(_, needed)| *needed);
    BUILD.iter().chain(RUN).copied().chain(scripts).collect()
}

/// Installs what is missing, or says what to type.
pub(crate) fn setup() -> Result<(), Failure> {
    if !has_program("dpkg-query") {
        println!("This is no Debian. Install what corresponds to these packages:");
        for (package, purpose) in needed() {
            println!("  {package:22} {purpose}");
        }
        return Ok(());
    }
    let needed = needed();
    let missing = missing(&needed, &installed(&needed));
    if missing.is_empty() {
        println!("setup: all {} packages are there", needed.len());
        return Ok(());
    }
    println!("setup: installing {}", missing.join(" "));
    let prefix = privilege()
        .ok_or_else(|| format!("not allowed to install. Run this line and try again:\n  {}", by_hand(&missing)))?;
    run::run(apt(prefix).arg("update"))?;
    run::run(apt(prefix).args(["install", "-y", "--no-install-recommends"]).args(&missing))
}

/// The packages that dpkg calls installed.
fn installed(needed: &[Needed]) -> BTreeSet<String> {
    let names = needed.iter().map(|(package, _)| *package);
    // The query fails as soon as one package is unknown; what it prints about the others counts.
    let answer = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status} ${Package}\n"])
        .args(names)
        .stderr(Stdio::null())
        .output();
    let text = answer.map(|answer| String::from_utf8_lossy(&answer.stdout).into_owned()).unwrap_or_default();
    text.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect()
}

fn missing(needed: &[Needed], installed: &BTreeSet<String>) -> Vec<&'static str> {
    needed.iter().map(|(package, _)| *package).filter(|package| !installed.contains(*package)).collect()
}

/// The words before apt-get that make it run with the rights to install; `None` if nothing does.
fn privilege() -> Option<&'static [&'static str]> {
    let succeeds = |program: &str, args: &[&str]| {
        Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .is_ok_and(|output| output.status.success() && (program != "id" || output.stdout.trim_ascii() == b"0"))
    };
    if succeeds("id", &["-u"]) {
        Some(&[])
    } else if succeeds("sudo", &["-n", "true"]) {
        Some(&["sudo", "-n"])
    } else {
        None
    }
}

fn apt(prefix: &[&str]) -> Command {
    let words: Vec<&str> = prefix
        .iter()
        .copied()
        .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"])
        .collect();
    let (program, args) = words.split_first().unwrap_or((&"apt-get", &[]));
    let mut command = Command::new(program);
    command.args(args);
    command
}

fn by_hand(missing: &[&str]) -> String {
    format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {}", missing.join(" "))
}

fn has_program(name: &str) -> bool {
    Command::new(name).arg("--version").stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        let needed: Vec<Needed> = BUILD.iter().chain(RUN).copied().collect();
        let mut there: BTreeSet<String> = needed.iter().map(|(package, _)| (*package).to_owned()).collect();
        assert!(missing(&needed, &there).is_empty());
        there.remove("xvfb");
        assert_eq!(missing(&needed, &there), ["xvfb"]);
    }

    #[test]
    fn what_must_be_typed_is_one_line() {
        let line = by_hand(&["xvfb", "dbus"]);
        assert!(line.ends_with("xvfb dbus") && !line.contains('\n'), "{line}");
    }
}
