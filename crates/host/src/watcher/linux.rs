//! Linux: the watcher is this program once more, in a session of its own, at the other end of a
//! pair of sockets without a name.
#![allow(unsafe_code)]

use super::Watcher;
use super::word::{GREETING, Word};
use std::fs;
use std::io::{Error, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What the list of processes calls it: at most 15 bytes, proc_pid_comm(5).
const NAME: &str = "ponte-watcher";

/// How long it may take a word: a watcher that was stopped must not stop the agent.
const TELLING: Duration = Duration::from_millis(500);

/// How long it may take to end after the last word.
pub(super) const ENDING: Duration = Duration::from_secs(1);

/// The watcher's process, and the way to it.
pub(super) struct LinuxWatcher {
    process: Child,
    way: UnixStream,
}

impl LinuxWatcher {
    /// Starts the file that this process runs from, whatever its name is now.
    pub(super) fn start(arguments: &[&str]) -> Result<Self, Error> {
        let (way, its_end) = UnixStream::pair()?;
        way.set_write_timeout(Some(TELLING))?;
        way.set_read_timeout(Some(ENDING))?;
        let mut command = Command::new("/proc/self/exe");
        command.arg0("ponte-agent").args(arguments).current_dir("/");
        command.stdin(OwnedFd::from(its_end)).stdout(Stdio::null()).stderr(Stdio::null());
        // SAFETY: `stand_apart` makes only system calls that are allowed between fork and exec
        // (signal-safety(7)), and allocates nothing.
        unsafe { command.pre_exec(stand_apart) };
        let mut watcher = Self { process: command.spawn()?, way };
        watcher.say(GREETING)?;
        Ok(watcher)
    }

    fn say(&mut self, line: &[u8]) -> Result<(), Error> {
        self.way.write_all(line)
    }

    /// Waits until it has ended, but not for long.
    fn ended(&mut self) {
        // It says nothing: this returns when its end of the way is closed, or has not been in time.
        if matches!(self.way.read(&mut [0]), Ok(0)) {
            let _ = self.process.wait();
        }
    }
}

impl Watcher for LinuxWatcher {
    fn tell(&mut self, word: &Word) -> Result<(), Error> {
        let line = word.line().ok_or_else(|| Error::from(ErrorKind::InvalidFilename))?;
        self.say(&line)?;
        if *word == Word::Done {
            self.ended();
        }
        Ok(())
    }

    fn dismiss(&mut self) {
        // The signal comes before the end of the words.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Leaves the terminal and the process group of the agent, and heeds no polite request to end: the
/// watcher ends by itself as soon as the agent has.
fn stand_apart() -> Result<(), Error> {
    // SAFETY: it takes no argument and reads no memory.
    if unsafe { libc::setsid() } == -1 {
        return Err(Error::last_os_error());
    }
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        // SAFETY: `SIG_IGN` is no function of ours that could run at a wrong moment.
        if unsafe { libc::signal(signal, libc::SIG_IGN) } == libc::SIG_ERR {
            return Err(Error::last_os_error());
        }
    }
    Ok(())
}

/// Says in the list of processes what this one is.
pub(super) fn take_name() {
    // A name is a help; without it the watcher works as well.
    let _ = fs::write("/proc/self/comm", NAME);
}
