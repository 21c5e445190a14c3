//! What the agent needs from the machine: leaving without a trace, what it is, holds and runs, the end of a running
//! program, and a terminal with the person's shell.
//!
//! What is absent: anything that installs, starts with the session, listens or asks for rights.
//! Read [`Removal`], then [`TemporaryFolder`], [`Machine`] and [`Shells`]. What a crash interrupts is finished by a second process
//! that lasts as long as the first: [`watch_if_asked`].

pub mod fake;
mod folders;
mod leftovers;
#[cfg(target_os = "linux")]
mod linux;
mod machine;
mod removal;
mod shell;
mod system;
mod temporary;
#[cfg(target_os = "linux")]
mod user_dirs;
mod watcher;
#[cfg(target_os = "windows")]
mod windows;

pub use folders::{KnownFolders, downloads_folder, known_folders};
#[cfg(target_os = "linux")]
pub use linux::LinuxProgram;
pub use machine::{Found, Looking, Machine, Ready, Target, ThisMachine, Wanted};
pub use removal::{Program, Removal, RemovalReport};
pub use shell::{Read, Shells, Terminal, ThisMachinesShells, keep_shell, keep_shell_if_asked};
pub use system::system_name;
pub use temporary::TemporaryFolder;
pub use watcher::watch_if_asked;

/// The program that runs here and now.
#[cfg(target_os = "linux")]
fn this_program() -> Box<dyn Program> {
    Box::new(LinuxProgram::this())
}

/// The program that runs here and now.
#[cfg(target_os = "windows")]
fn this_program() -> Box<dyn Program> {
    Box::new(windows::WindowsProgram::this())
}

/// The program that runs here and now.
#[cfg(not(any(target_os = "linux", target_os = "windows")))]
fn this_program() -> Box<dyn Program> {
    Box::new(fake::FakeProgram::refusing("a running program cannot be removed on this system yet"))
}

/// The program that a watcher watched, which has ended: the same file as its own, or its copy.
#[cfg(not(target_os = "windows"))]
fn watched_program() -> Box<dyn Program> {
    this_program()
}

/// The program that a watcher watched, which has ended: the same file as its own, or its copy.
#[cfg(target_os = "windows")]
fn watched_program() -> Box<dyn Program> {
    Box::new(windows::WindowsProgram::that_has_ended())
}

/// What of the system decides whether something is a leftover of ours.
#[cfg(target_os = "linux")]
use linux::{is_private, leads_to, ours_and_idle};

/// Those of these files that belong to this user and that no process has open: that cannot be told here.
#[cfg(not(target_os = "linux"))]
fn ours_and_idle(_: Vec<std::path::PathBuf>) -> Vec<std::path::PathBuf> {
    Vec::new()
}

/// Whether only this user can open a folder: on Windows the system's folder for such things is each user's own.
#[cfg(not(target_os = "linux"))]
fn is_private(_: &std::fs::Metadata) -> bool {
    cfg!(target_os = "windows")
}

/// Whether that name leads to this open file: here at least to one.
#[cfg(not(target_os = "linux"))]
fn leads_to(path: &std::path::Path, _: &std::fs::File) -> bool {
    path.is_file()
}

/// Where the person's folders are.
#[cfg(target_os = "linux")]
use user_dirs::{configured_folder, removable_roots};

/// The folder that the system's settings name: none that are read here.
#[cfg(not(target_os = "linux"))]
fn configured_folder(_: folders::Which, _: &std::path::Path) -> Option<std::path::PathBuf> {
    None
}

/// Where sticks and disks appear: not known here.
#[cfg(not(target_os = "linux"))]
fn removable_roots(_: &std::path::Path) -> Vec<std::path::PathBuf> {
    Vec::new()
}

/// Where this system says its name, in the order of trust.
#[cfg(target_os = "linux")]
const RELEASE_FILES: &[&str] = linux::RELEASE_FILES;
/// Where this system says its name: nowhere in a file.
#[cfg(not(target_os = "linux"))]
const RELEASE_FILES: &[&str] = &[];
