//! The programs that the demo starts: their logs, and their end.

use crate::run::{Context, Failure};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

/// How long a program may take to its first line.
const FIRST_LINE: Duration = Duration::from_secs(20);

/// How long a program may take to end when it is asked to.
const ENDING: Duration = Duration::from_secs(3);

/// How many lines of each log are shown after a failure.
const TAIL_LINES: usize = 25;

/// Everything that runs for this demo, each program in its own process group.
#[derive(Debug)]
pub(crate) struct Processes {
    logs: PathBuf,
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    name: String,
    group: u32,
    child: Child,
}

impl Processes {
    /// Logs go to `logs`, which is made.
    pub(crate) fn new(logs: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(logs).context(logs.display())?;
        Ok(Self { logs: logs.to_owned(), running: Vec::new() })
    }

    fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// The log of a program; one that is started again goes on in it.
    fn open_log(&self, name: &str) -> Result<File, Failure> {
        File::options().create(true).append(true).open(self.log(name)).context(name)
    }

    /// Starts a program; all that it writes goes to its log.
    pub(crate) fn start(&mut self, name: &str, mut command: Command) -> Result<(), Failure> {
        let log = self.open_log(name)?;
        command.stdout(log.try_clone().context(name)?).stderr(log);
        self.spawn(name, command).map(|_| ())
    }

    /// Starts a program and returns the first line that it prints and `accept` takes something from.
    pub(crate) async fn start_until_line<T>(
        &mut self,
        name: &str,
        mut command: Command,
        accept: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Failure> {
        command.stdout(Stdio::piped()).stderr(self.open_log(name)?);
        let stdout = self.spawn(name, command)?.stdout.take();
        let mut lines = BufReader::new(stdout.ok_or("no standard output")?).lines();
        let mut log = tokio::fs::File::from_std(self.open_log(name)?);
        let first = async {
            loop {
                let line = lines.next_line().await.context(name)?;
                let line = line.ok_or_else(|| format!("{name} ended before it was ready"))?;
                let _ = log.write_all(format!("{line}\n").as_bytes()).await;
                if let Some(found) = accept(&line) {
                    return Ok::<T, Failure>(found);
                }
            }
        };
        let found = timeout(FIRST_LINE, first)
            .await
            .map_err(|_| format!("{name} was not ready after {} s", FIRST_LINE.as_secs()))??;
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = log.write_all(format!("{line}\n").as_bytes()).await;
            }
        });
        Ok(found)
    }

    fn spawn(&mut self, name: &str, command: Command) -> Result<&mut Child, Failure> {
        let mut command = tokio::process::Command::from(command);
        let child = command.stdin(Stdio::null()).process_group(0).kill_on_drop(true).spawn().context(name)?;
        let group = child.id().ok_or_else(|| format!("{name} has no process id"))?;
        self.running.push(Running { name: name.to_owned(), group, child });
        self.running.last_mut().map(|running| &mut running.child).ok_or_else(|| "nothing runs".into())
    }

    /// The process id of a program that was started.
    pub(crate) fn id(&self, name: &str) -> Option<u32> {
        self.running.iter().find(|running| running.name == name).map(|running| running.group)
    }

    /// Whether that program still runs.
    pub(crate) fn is_running(&mut self, name: &str) -> bool {
        let found = self.running.iter_mut().find(|running| running.name == name);
        found.is_some_and(|running| matches!(running.child.try_wait(), Ok(None)))
    }

    /// Waits until that program has ended.
    pub(crate) async fn ended(&mut self, name: &str, within: Duration) -> Result<(), Failure> {
        let running = self.running.iter_mut().find(|running| running.name == name);
        let running = running.ok_or_else(|| format!("{name} was never started"))?;
        timeout(within, running.child.wait())
            .await
            .map_err(|_| format!("{name} still runs after {} s", within.as_secs()))?
            .context(name)
            .map(|_| ())
    }

    /// Ends one program by force.
    pub(crate) async fn kill(&mut self, name: &str) -> Result<(), Failure> {
        let id = self.id(name).ok_or_else(|| format!("{name} does not run"))?;
        signal("KILL", &id.to_string()).await;
        self.ended(name, ENDING).await?;
        self.forget(name);
        Ok(())
    }

    /// Lets go of a program that has ended, so that another can have its name.
    pub(crate) fn forget(&mut self, name: &str) {
        self.running.retain_mut(|running| running.name != name || matches!(running.child.try_wait(), Ok(None)));
    }

    /// Ends everything, the newest first, with all that it has started.
    pub(crate) async fn end(&mut self) {
        while let Some(mut running) = self.running.pop() {
            signal("TERM", &format!("-{}", running.group)).await;
            let _ = timeout(ENDING, running.child.wait()).await;
            signal("KILL", &format!("-{}", running.group)).await;
            let _ = timeout(ENDING, running.child.wait()).await;
        }
    }

    /// The last lines of each log.
    pub(crate) fn tails(&self) -> String {
        let mut files: Vec<_> = fs::read_dir(&self.logs).into_iter().flatten().flatten().collect();
        files.sort_by_key(fs::DirEntry::file_name);
        let mut out = String::new();
        for file in files {
            let text = fs::read(file.path()).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<_> = text.lines().collect();
            if !lines.is_empty() {
                let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
                out.push_str(&format!("--- {}\n{}\n", file.file_name().to_string_lossy(), tail.join("\n")));
            }
        }
        out
    }
}

/// Signals a process or, with a minus before its number, a whole process group; one that is gone is
/// no fault. The shell's own `kill` needs no further package.
pub(crate) async fn signal(name: &str, whom: &str) {
    let line = format!("kill -s {name} -- {whom}");
    let mut shell = tokio::process::Command::new("sh");
    let _ = shell.args(["-c", &line]).stdin(Stdio::null()).stderr(Stdio::null()).status().await;
}
