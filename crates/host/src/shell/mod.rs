//! A terminal with the person's own shell in it, under a permit, and the end of everything that was started there.

pub(crate) mod fake;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(target_os = "linux")]
mod kin;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod marks;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;

#[cfg(target_os = "linux")]
pub use keeper::keep_shell;

use consent::{Permit, Shell};
use proto::shell::TerminalSize;
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The only argument of a program that keeps a shell.
const ARGUMENT: &str = "--keep-shell";

/// What opens terminals.
pub trait Shells: Send + Sync {
    /// Starts the person's shell in a new terminal of this size. A shell that turns out not to start is one that has
    /// ended at once, with code 127.
    ///
    /// # Errors
    /// The system's; there are no terminals on this system.
    fn open(&self, permit: &Permit<'_, Shell>, size: TerminalSize) -> io::Result<Arc<dyn Terminal>>;
}

/// One terminal and its shell. Dropping it ends the shell and everything that was started in it.
pub trait Terminal: Send + Sync {
    /// Gives it what was typed, as much as it takes at once; 0 if it takes nothing now. Never waits.
    ///
    /// # Errors
    /// The system's, once the shell has ended.
    fn write(&self, permit: &Permit<'_, Shell>, bytes: &[u8]) -> io::Result<usize>;

    /// Gives it another size.
    ///
    /// # Errors
    /// The system's.
    fn resize(&self, permit: &Permit<'_, Shell>, size: TerminalSize) -> io::Result<()>;

    /// Takes what its programs have written. Never waits.
    fn read(&self, permit: &Permit<'_, Shell>, buffer: &mut [u8]) -> Read;

    /// Waits until there may be something to read, at most so long.
    fn wait(&self, at_most: Duration);

    /// Whether a program has hidden what is typed, as for a password: lines come whole, and are not shown.
    fn is_hidden(&self) -> bool;

    /// Whether a line was typed that no program has read yet. Says so a moment after it was typed, not at once.
    fn is_unread(&self) -> bool;

    /// Forgets what was typed and no program has read yet.
    fn forget_unread(&self, permit: &Permit<'_, Shell>);

    /// Ends the shell and every program that was started in it, and waits for that, but not for long. Says how many
    /// the system did not let go: those that run as somebody else by now.
    fn end(&self) -> usize;
}

/// What a look at a terminal's output gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// The shell has ended, with this code if it did so by itself, and so has everything that was started in it.
    Over(Option<i32>),
}

/// The shells of this machine.
#[derive(Debug, Clone)]
pub struct ThisMachinesShells {
    /// Where a shell begins.
    home: PathBuf,
    /// What this program must be started with to keep one.
    arguments: Vec<String>,
    /// Another shell than the person's.
    program: Option<PathBuf>,
}

impl ThisMachinesShells {
    /// The person's own shell, which begins in this folder.
    #[must_use]
    pub fn new(home: PathBuf) -> Self {
        Self { home, arguments: vec![ARGUMENT.to_owned()], program: None }
    }

    /// The same for a program that keeps a shell ([`keep_shell`]) when it is started with these arguments.
    #[must_use]
    pub fn kept_with(self, arguments: &[&str]) -> Self {
        Self { arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(), ..self }
    }

    /// The same with another shell than the person's own.
    #[must_use]
    pub fn running(self, program: PathBuf) -> Self {
        Self { program: Some(program), ..self }
    }
}

impl Shells for ThisMachinesShells {
    #[cfg(target_os = "linux")]
    fn open(&self, _: &Permit<'_, Shell>, size: TerminalSize) -> io::Result<Arc<dyn Terminal>> {
        let program = self.program.clone().unwrap_or_else(linux::own_shell);
        let terminal = linux::LinuxTerminal::open(&program, &self.home, &self.arguments, size)?;
        Ok(Arc::new(terminal))
    }

    #[cfg(not(target_os = "linux"))]
    fn open(&self, _: &Permit<'_, Shell>, _: TerminalSize) -> io::Result<Arc<dyn Terminal>> {
        let _ = (&self.home, &self.arguments, &self.program);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Keeps the shell that an agent orders: none here.
#[cfg(not(target_os = "linux"))]
pub fn keep_shell() {}

/// Keeps a shell if this process was started for that, and is done then; otherwise false, at once. For the very
/// beginning of `main`.
#[must_use]
pub fn keep_shell_if_asked() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments.next().as_deref() == Some(OsStr::new(ARGUMENT)) && arguments.next().is_none();
    if asked {
        keep_shell();
    }
    asked
}
