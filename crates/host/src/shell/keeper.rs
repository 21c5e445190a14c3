//! Linux: the process that keeps a shell. It is this program once more, the parent of all that is started in the
//! terminal, and it ends all of that when the shell has ended, when it is told to, or when the agent is gone.

use super::kin;
use rustix::process::{Pid, WaitOptions, ioctl_tiocsctty, set_child_subreaper, setsid, wait};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What the list of processes calls it: at most 15 bytes, proc_pid_comm(5).
const NAME: &str = "ponte-shell";
/// Longest order, in bytes: paths and an environment's few values.
const ORDER_BYTES: u64 = 64 * 1024;

/// What is to be started, as one line of JSON on the way from the agent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) folder: PathBuf,
    /// Added to the environment.
    pub(super) variables: Vec<(String, String)>,
    /// Taken from it.
    pub(super) without: Vec<String>,
    /// What all programs that come from the shell carry in their environment.
    pub(super) mark: String,
}

impl Order {
    /// Gives it to the keeper at the other end. Does not wait for an answer.
    pub(super) fn send(&self, mut way: &UnixStream) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        way.write_all(&line)
    }
}

/// What the keeper says, one line each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Word {
    /// The shell could not be started.
    Failed,
    /// The shell ended by itself.
    Exited(Option<i32>),
    /// Nothing of what was started runs any more, but for so many.
    Done(usize),
}

/// Keeps the shell that the agent orders by the standard input, in the terminal that is the standard error, and ends
/// this process afterwards. Does nothing where there is no such order.
pub fn keep_shell() {
    let is_ordered = rustix::fs::fstat(io::stdin())
        .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_socket() && io::stderr().is_terminal());
    if !is_ordered {
        return;
    }
    let (Ok(way), Ok(terminal)) = (io::stdin().as_fd().try_clone_to_owned(), take_terminal()) else { return };
    let way = UnixStream::from(way);
    // What its agent thinks of it does not matter: it ends when there is nobody to listen.
    let Some(order) = read_order(&way) else { return };
    let _ = fs::write("/proc/self/comm", NAME);
    let kept = stand_apart().and_then(|()| start(&order, terminal));
    let mut words = Words(way);
    match kept {
        Ok(shell) => keep(&shell, &order.mark, words),
        Err(_) => words.say(Word::Failed),
    }
}

/// Takes the terminal from the standard error, which is of no use to anybody any more.
fn take_terminal() -> io::Result<OwnedFd> {
    let terminal = io::stderr().as_fd().try_clone_to_owned()?;
    let nowhere = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    Ok(terminal)
}

fn read_order(way: &UnixStream) -> Option<Order> {
    let mut line = Vec::new();
    // One byte at a time: whatever comes after the line is not for this reader.
    BufReader::with_capacity(1, way).take(ORDER_BYTES).read_until(b'\n', &mut line).ok()?;
    serde_json::from_slice(&line).ok()
}

/// Leaves the agent's process group, and takes in whoever loses their parent below this process.
fn stand_apart() -> io::Result<()> {
    setsid()?;
    set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

#[allow(unsafe_code)]
fn start(order: &Order, terminal: OwnedFd) -> io::Result<Child> {
    let mut command = Command::new(&order.program);
    command.args(&order.arguments).current_dir(&order.folder);
    for name in &order.without {
        command.env_remove(name);
    }
    command.envs(order.variables.iter().map(|(name, value)| (name, value))).env(kin::MARK, &order.mark);
    let ends = (terminal.try_clone()?, terminal.try_clone()?);
    command.stdin(ends.0).stdout(ends.1).stderr(terminal);
    // SAFETY: `take_over` makes only system calls that are allowed between fork and exec (signal-safety(7)), and
    // allocates nothing.
    unsafe { command.pre_exec(take_over) };
    command.spawn()
}

/// Begins a session whose terminal is the standard input. Whoever started the agent may have had it ignore signals, as
/// scripts do with what runs in the background: Ctrl+C would stop nothing.
#[allow(unsafe_code)]
fn take_over() -> io::Result<()> {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGTSTP] {
        // SAFETY: sets no handler.
        if unsafe { libc::signal(signal, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    setsid()?;
    Ok(ioctl_tiocsctty(rustix::stdio::stdin())?)
}

/// The way back to the agent.
struct Words(UnixStream);

impl Words {
    fn say(&mut self, word: Word) {
        let mut line = serde_json::to_vec(&word).unwrap_or_default();
        line.push(b'\n');
        // An agent that is gone needs no word.
        let _ = self.0.write_all(&line);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "one thread waits for a program that may never end; there is nothing to clean up but what just was"
)]
fn keep(shell: &Child, mark: &str, words: Words) {
    let Ok(listening) = words.0.try_clone() else { return };
    let words = Mutex::new(words);
    let end = || {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        let left = kin::end_all(std::process::id(), mark, None);
        words.say(Word::Done(left));
        std::process::exit(0);
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            // Neither a word nor the end of words means that it goes on.
            let _ = (&listening).read(&mut [0]);
            end();
        });
        let code = until_over(shell.id());
        words.lock().unwrap_or_else(PoisonError::into_inner).say(Word::Exited(code));
        end();
    });
}

/// Waits for whoever ends below this process, until the shell has.
fn until_over(shell: u32) -> Option<i32> {
    let shell = i32::try_from(shell).ok().and_then(Pid::from_raw);
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((process, status))) if Some(process) == shell => return status.exit_status(),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}
