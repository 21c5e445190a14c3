//! What the agent needs from the machine: leaving without a trace, and a few facts about it.
//!
//! What is absent: anything that installs, starts with the session, listens or asks for rights.
//! Read [`Removal`], then [`TemporaryFolder`].

pub mod fake;
mod folders;
#[cfg(target_os = "linux")]
mod linux;
mod removal;
mod system;
mod temporary;

pub use folders::{KnownFolders, downloads_folder, known_folders};
#[cfg(target_os = "linux")]
pub use linux::LinuxProgram;
pub use removal::{Program, Removal, RemovalReport};
pub use system::system_name;
pub use temporary::TemporaryFolder;

/// The program that runs here and now.
#[cfg(target_os = "linux")]
fn this_program() -> Box<dyn Program> {
    Box::new(LinuxProgram::this())
}

/// The program that runs here and now.
#[cfg(not(target_os = "linux"))]
fn this_program() -> Box<dyn Program> {
    Box::new(fake::FakeProgram::refusing("a running program cannot be removed on this system yet"))
}

/// Where this system says its name, in the order of trust.
#[cfg(target_os = "linux")]
const RELEASE_FILES: &[&str] = linux::RELEASE_FILES;
/// Where this system says its name: nowhere in a file.
#[cfg(not(target_os = "linux"))]
const RELEASE_FILES: &[&str] = &[];
