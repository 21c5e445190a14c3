//! A second process that finishes the removal when the first one cannot: after a crash or a kill.
//!
//! It is the same program, started beside the agent and told by lines what there is to remove. When
//! the lines end without the last word the agent has died; what is left then goes, and the watcher
//! ends. It has no window, opens nothing and lasts no longer than the agent.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "windows")]
mod windows;
mod word;

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;

pub(crate) use word::Word;

use crate::removal::{Program, Removal};
use std::ffi::OsStr;
use std::io::{self, BufRead, Error, Read};
use std::path::PathBuf;
use word::{GREETING, LINE_BYTES};

/// The only argument of a program that watches.
const ARGUMENT: &str = "--watch-over-removal";

/// More is not heard, in bytes: many times what a long session makes and receives.
const HEARD_BYTES: usize = 16 * 1024 * 1024;

/// The way to the process that watches. When it is dropped without the last word, the watcher
/// removes what is left.
pub(crate) trait Watcher: Send {
    /// Tells it one thing.
    ///
    /// # Errors
    /// It is not there any more, or does not listen.
    fn tell(&mut self, word: &Word) -> Result<(), Error>;

    /// Ends it, whatever it was told. It removes nothing.
    fn dismiss(&mut self);
}

/// Watches if this process was started for that, and is done then; otherwise false, at once. For the
/// very beginning of `main`. `is_unfinished` knows the names of unfinished files of ours.
#[must_use]
pub fn watch_if_asked(is_unfinished: fn(&str) -> bool) -> bool {
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments.next().as_deref() == Some(OsStr::new(ARGUMENT)) && arguments.next().is_none();
    if asked {
        watch(is_unfinished);
    }
    asked
}

/// Listens to the end and does what is left to do.
fn watch(is_unfinished: fn(&str) -> bool) {
    #[cfg(target_os = "linux")]
    linux::take_name();
    if let Some(removal) = listen(&mut io::stdin().lock(), crate::watched_program(), is_unfinished) {
        // Nobody is there to be told.
        let _ = removal.run();
        #[cfg(target_os = "windows")]
        windows::leave();
    }
}

/// Starts the process that watches over this one.
///
/// # Errors
/// The system's.
pub(crate) fn start() -> Result<Box<dyn Watcher>, Error> {
    start_with(&[ARGUMENT])
}

#[cfg(target_os = "linux")]
fn start_with(arguments: &[&str]) -> Result<Box<dyn Watcher>, Error> {
    Ok(Box::new(linux::LinuxWatcher::start(arguments)?))
}

#[cfg(target_os = "windows")]
fn start_with(arguments: &[&str]) -> Result<Box<dyn Watcher>, Error> {
    Ok(Box::new(windows::WindowsWatcher::start(arguments)?))
}

#[cfg(not(any(target_os = "linux", target_os = "windows")))]
fn start_with(_: &[&str]) -> Result<Box<dyn Watcher>, Error> {
    Err(Error::from(io::ErrorKind::Unsupported))
}

/// What is left to remove when the agent has ended; `None` if it did that itself, or if whoever
/// speaks is no agent.
fn listen(input: &mut impl BufRead, program: Box<dyn Program>, is_unfinished: fn(&str) -> bool) -> Option<Removal> {
    let mut greeting = [0; GREETING.len()];
    if input.read_exact(&mut greeting).is_err() || greeting != GREETING {
        return None;
    }
    let (mut executable, mut words, mut heard_bytes) = (PathBuf::new(), Vec::new(), 0_usize);
    loop {
        let mut line = Vec::new();
        let read = input.by_ref().take(LINE_BYTES as u64).read_until(b'\n', &mut line);
        heard_bytes = heard_bytes.saturating_add(line.len());
        match (read, Word::read(&line)) {
            (Ok(0), _) => break,
            (Ok(_), Some(Word::Done)) => return None,
            (Ok(_), Some(Word::Program(path))) => executable = path,
            (Ok(_), Some(word)) if heard_bytes <= HEARD_BYTES => words.push(word),
            // What cannot be read may be a file that was to stay: then only the program goes, which
            // no word is needed for, and not before the agent has ended.
            _ => {
                words.clear();
                let _ = io::copy(input, &mut io::sink());
                break;
            }
        }
    }
    let removal = Removal::of(executable, program);
    for word in words {
        match word {
            Word::Made(path) => removal.created(path),
            Word::MadeWithContents(path) => removal.created_with_contents(path),
            Word::Gone(path) => removal.forget(&path),
            Word::Kept(path) => removal.kept(path),
            Word::Unfinished(folder) => removal.unfinished_in(folder, is_unfinished),
            Word::Program(_) | Word::Done => {}
        }
    }
    Some(removal)
}
