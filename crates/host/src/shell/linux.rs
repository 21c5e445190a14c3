//! Linux: a pseudo-terminal (pty(7)) whose far end a process of its own keeps, see `keeper`.

use super::keeper::{Order, Word};
use super::marks::Marks;
use super::{Read, Terminal, kin};
use consent::{Permit, Shell};
use proto::shell::TerminalSize;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, QueueSelector, Winsize, tcflush, tcgetattr, tcsetwinsize};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The code of a shell that could not be started, as shells say it of programs.
const NOT_STARTED: i32 = 127;
/// How long it may take to end everything: a little longer than it gives itself.
const ENDING: Duration = Duration::from_secs(6);
/// How long is waited for what the shell wrote last.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// What says something about another terminal.
const WITHOUT: [&str; 5] = ["LINES", "COLUMNS", "WINDOWID", "TERM_PROGRAM", "VTE_VERSION"];

/// The person's own shell, or the one that every system has.
pub(super) fn own_shell() -> PathBuf {
    let named = std::env::var_os("SHELL").map(PathBuf::from).filter(|shell| shell.is_absolute() && shell.is_file());
    named.unwrap_or_else(|| PathBuf::from("/bin/sh"))
}

/// Where the shell stands, as its keeper says.
#[derive(Debug, Default, Clone, Copy)]
struct Standing {
    code: Option<i32>,
    /// Since when nothing more comes.
    over: Option<Instant>,
    left: Option<usize>,
}

struct Kept {
    process: Child,
    words: BufReader<UnixStream>,
    line: Vec<u8>,
    standing: Standing,
}

/// This side of a terminal.
pub(super) struct LinuxTerminal {
    near: OwnedFd,
    /// The way to the keeper, to wait for it.
    way: UnixStream,
    mark: String,
    keeper: u32,
    before: kin::Before,
    kept: Mutex<Kept>,
    _marks: Marks,
}

impl LinuxTerminal {
    pub(super) fn open(program: &Path, folder: &Path, arguments: &[String], size: TerminalSize) -> io::Result<Self> {
        let before = kin::Before::take_in()?;
        let (near, far) = pair()?;
        tcsetwinsize(&near, window(size))?;
        let (way, its_end) = UnixStream::pair()?;
        let mut command = Command::new("/proc/self/exe");
        command.arg0("ponte-agent").args(arguments).current_dir("/");
        command.stdin(OwnedFd::from(its_end)).stdout(Stdio::null()).stderr(far);
        let mut process = command.spawn()?;
        // The command holds the far end as long as it lives.
        drop(command);
        let mark = mark()?;
        let marks = Marks::of(program)?;
        let order = Order {
            program: program.to_owned(),
            folder: folder.to_owned(),
            arguments: marks.arguments.clone(),
            variables: marks.variables.clone(),
            without: WITHOUT.map(str::to_owned).into(),
            mark: mark.clone(),
        };
        let words = BufReader::new(way.try_clone()?);
        if let Err(error) = order.send(&way) {
            let _ = process.kill();
            let _ = process.wait();
            return Err(error);
        }
        fcntl_setfl(&near, fcntl_getfl(&near)? | OFlags::NONBLOCK)?;
        // The other descriptor of the same socket is what is read, and it must not wait.
        way.set_nonblocking(true)?;
        let keeper = process.id();
        let kept = Mutex::new(Kept { process, words, line: Vec::new(), standing: Standing::default() });
        Ok(Self { near, way, mark, keeper, before, kept, _marks: marks })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both ends of a new terminal.
fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&near)?;
    unlockpt(&near)?;
    let far = far_end(&near)?;
    Ok((near, far))
}

/// The end that programs have.
fn far_end(near: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    match ioctl_tiocgptpeer(near, flags) {
        Ok(far) => Ok(far),
        // Before Linux 4.13.
        Err(_) => {
            let name = ptsname(near, Vec::new())?;
            Ok(rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?)
        }
    }
}

const fn window(size: TerminalSize) -> Winsize {
    let TerminalSize { columns, rows } = size;
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// Something that no other terminal's programs carry.
fn mark() -> io::Result<String> {
    let mut random = [0; 16];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Kept {
    /// Hears what the keeper has said by now.
    fn hear(&mut self) {
        while self.standing.left.is_none() {
            match self.words.read_until(b'\n', &mut self.line) {
                Ok(0) => {
                    // It was ended by somebody.
                    self.over();
                    return;
                }
                Ok(_) => {
                    match serde_json::from_slice(&self.line) {
                        Ok(Word::Exited(code)) => self.standing.code = code,
                        Ok(Word::Done(left)) => {
                            self.over();
                            self.standing.left = Some(left);
                        }
                        Ok(Word::Failed) => {
                            self.over();
                            self.standing = Standing { code: Some(NOT_STARTED), left: Some(0), ..self.standing };
                        }
                        Err(_) => {}
                    }
                    self.line.clear();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn over(&mut self) {
        self.standing.over.get_or_insert_with(Instant::now);
    }
}

impl Terminal for LinuxTerminal {
    fn write(&self, _: &Permit<'_, Shell>, bytes: &[u8]) -> io::Result<usize> {
        match rustix::io::write(&self.near, bytes) {
            Ok(taken) => Ok(taken),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn resize(&self, _: &Permit<'_, Shell>, size: TerminalSize) -> io::Result<()> {
        Ok(tcsetwinsize(&self.near, window(size))?)
    }

    fn read(&self, _: &Permit<'_, Shell>, buffer: &mut [u8]) -> Read {
        match rustix::io::read(&self.near, buffer) {
            Ok(taken) if taken > 0 => return Read::Bytes(taken),
            Err(Errno::INTR) => return Read::Nothing,
            // No program has the other end any more, or none has written: the keeper says which.
            _ => {}
        }
        let mut kept = self.kept();
        kept.hear();
        match kept.standing.over {
            // What was written last may be on its way from one end to the other.
            Some(since) if since.elapsed() >= LAST_WORDS || kept.standing.left.is_some() => {
                Read::Over(kept.standing.code)
            }
            _ => Read::Nothing,
        }
    }

    fn wait(&self, at_most: Duration) {
        let timeout =
            Timespec { tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(0), tv_nsec: at_most.subsec_nanos().into() };
        let mut ends = [
            PollFd::from_borrowed_fd(self.near.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.way.as_fd(), PollFlags::IN),
        ];
        let is_hung_up = |end: &PollFd<'_>| {
            let found = end.revents();
            found.contains(PollFlags::HUP) && !found.contains(PollFlags::IN)
        };
        // Whatever goes wrong here, the look that follows finds.
        let _ = poll(&mut ends, Some(&timeout));
        if is_hung_up(&ends[0]) && ends[1].revents().is_empty() {
            // A terminal that no program has open is always ready: the keeper's word is what is waited for.
            let _ = poll(&mut ends[1..], Some(&timeout));
        }
    }

    fn is_hidden(&self) -> bool {
        tcgetattr(&self.near).is_ok_and(|attributes| {
            let modes = attributes.local_modes;
            modes.contains(LocalModes::ICANON) && !modes.contains(LocalModes::ECHO)
        })
    }

    fn is_unread(&self) -> bool {
        far_end(&self.near).is_ok_and(|far| rustix::io::ioctl_fionread(&far).is_ok_and(|waiting| waiting > 0))
    }

    fn forget_unread(&self, _: &Permit<'_, Shell>) {
        // Fails only where the terminal has ended, and with it what was typed.
        let _ = far_end(&self.near).map(|far| tcflush(&far, QueueSelector::IFlush));
    }

    fn end(&self) -> usize {
        let _ = self.way.shutdown(Shutdown::Write);
        let deadline = Instant::now() + ENDING;
        let mut kept = self.kept();
        loop {
            kept.hear();
            if kept.standing.over.is_some() || Instant::now() >= deadline {
                break;
            }
            let pause = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
            let _ = poll(&mut [PollFd::from_borrowed_fd(self.way.as_fd(), PollFlags::IN)], Some(&pause));
        }
        let told = kept.standing.left;
        let is_gone = told.is_none() && kept.standing.over.is_some();
        let _ = kept.process.kill();
        let _ = kept.process.wait();
        match told {
            Some(left) => left,
            // It was ended before it could do that itself.
            None => {
                let left = kin::end_all(self.keeper, &self.mark, is_gone.then_some(&self.before));
                kept.standing.left = Some(left);
                left
            }
        }
    }
}

impl Drop for LinuxTerminal {
    fn drop(&mut self) {
        self.end();
    }
}
