//! Windows: the watcher is a copy of this program in a temporary folder, for the file of a running
//! program cannot be removed. The copy goes by the system's own command line when all is done.

use super::Watcher;
use super::word::{GREETING, Word};
use crate::leftovers;
use std::ffi::OsStr;
use std::fs;
use std::io::{Error, ErrorKind, Write};
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// What the list of processes calls it.
const NAME: &str = "ponte-watcher.exe";

/// `CREATE_NEW_PROCESS_GROUP` and `CREATE_NO_WINDOW` (Process Creation Flags): what ends the agent's
/// group does not reach it, and no console window appears.
const APART: u32 = 0x0000_0200 | 0x0800_0000;

/// The variable that names the folder to the command line, which then needs no quoting.
const FOLDER: &str = "PONTE_WATCHER_FOLDER";

/// Tries to remove the folder for about half a minute: the copy is held until it has ended.
const CLEAR: &str = "for /l %i in (1,1,30) do @(rd /s /q \"%PONTE_WATCHER_FOLDER%\" 2>nul & \
                     if not exist \"%PONTE_WATCHER_FOLDER%\" exit & ping -n 2 127.0.0.1 >nul)";

/// The watcher's process, and the way to it.
pub(super) struct WindowsWatcher {
    process: Child,
    way: Option<ChildStdin>,
    folder: PathBuf,
}

impl WindowsWatcher {
    /// Copies the file that this process runs from and starts the copy.
    pub(super) fn start(arguments: &[&str]) -> Result<Self, Error> {
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix(leftovers::PREFIX).rand_bytes(leftovers::RANDOM).tempdir()?;
        let copy = folder.path().join(NAME);
        fs::copy(std::env::current_exe()?, &copy)?;
        let mut command = Command::new(copy);
        command.args(arguments).current_dir(std::env::temp_dir()).creation_flags(APART);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let way = process.stdin.take();
        let mut watcher = Self { process, way, folder: folder.keep() };
        watcher.say(GREETING)?;
        Ok(watcher)
    }

    fn say(&mut self, line: &[u8]) -> Result<(), Error> {
        let way = self.way.as_mut().ok_or_else(|| Error::from(ErrorKind::BrokenPipe))?;
        way.write_all(line).and_then(|()| way.flush())
    }
}

impl Watcher for WindowsWatcher {
    fn tell(&mut self, word: &Word) -> Result<(), Error> {
        let line = word.line().ok_or_else(|| Error::from(ErrorKind::InvalidFilename))?;
        self.say(&line)?;
        if *word == Word::Done {
            self.way = None;
            let _ = self.process.wait();
            let _ = fs::remove_dir_all(&self.folder);
        }
        Ok(())
    }

    fn dismiss(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Has the copy removed that this process runs from, once it has ended. Whoever starts the program
/// under another name or elsewhere keeps it.
pub(super) fn leave() {
    let Ok(own) = std::env::current_exe() else { return };
    let is_copy = own.file_name() == Some(OsStr::new(NAME));
    let folder = own.parent().filter(|folder| is_copy && is_ours(folder));
    let (Some(folder), Some(system)) = (folder, std::env::var_os("SystemRoot")) else { return };
    let mut command = Command::new(Path::new(&system).join("System32").join("cmd.exe"));
    command.args(["/d", "/q", "/c"]).raw_arg(CLEAR).env(FOLDER, folder);
    command.current_dir(std::env::temp_dir()).creation_flags(APART);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // If it does not start the copy stays: an inert file in the folder for such things.
    let _ = command.spawn();
}

fn is_ours(folder: &Path) -> bool {
    folder.file_name().and_then(OsStr::to_str).is_some_and(leftovers::is_ours)
}
