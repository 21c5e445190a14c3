//! Programs of their own that listen: started, killed, started again where they were, and what the
//! system says of them.

use crate::Failure;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longest time until a program listens, on the slowest machine.
const STARTS: Duration = Duration::from_secs(60);
/// Ticks per second of the times in `/proc`, the same on every Linux.
const TICKS_PER_S: f64 = 100.0;

/// A program beside this one that tells where it listens in its first line; killed when dropped.
pub(crate) struct Listening {
    child: Child,
    /// Where.
    pub(crate) address: SocketAddr,
}

impl Listening {
    /// Starts `program` of the folder in which this program is.
    pub(crate) async fn start(program: &str, arguments: &[OsString]) -> Result<Self, Failure> {
        let path = std::env::current_exe()?.with_file_name(program);
        let mut child = Command::new(&path)
            .args(arguments)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}; build it first", path.display()))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let line = timeout(STARTS, BufReader::new(stdout).lines().next_line()).await??;
        let line = line.ok_or_else(|| format!("{program} ended before it listened"))?;
        let address = line.rsplit(' ').next().unwrap_or_default().parse()?;
        Ok(Self { child, address })
    }

    /// Ends it without a word (SIGKILL); returns when it is gone.
    pub(crate) async fn kill(&mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }

    fn proc(&self, file: &str) -> Result<String, Failure> {
        let pid = self.child.id().ok_or("the program has ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{pid}/{file}"))?)
    }

    /// Seconds of processor that it has used (proc(5), `utime` and `stime`).
    pub(crate) fn cpu_s(&self) -> Result<f64, Failure> {
        let stat = self.proc("stat")?;
        // The program's name, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')').ok_or("no times of the program")?;
        let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        Ok(ticks / TICKS_PER_S)
    }

    /// Resident memory in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64, Failure> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no resident memory")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

/// The real relay with a folder and, from its first start on, a port that stay.
pub(crate) struct RelayProcess {
    folder: TempDir,
    limits: &'static str,
    running: Listening,
}

impl RelayProcess {
    /// Starts it; `limits` as on its command line.
    pub(crate) async fn start(limits: &'static str) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let running = Self::run(folder.path().into(), limits, "127.0.0.1:0".parse()?).await?;
        Ok(Self { folder, limits, running })
    }

    async fn run(folder: PathBuf, limits: &str, listen: SocketAddr) -> Result<Listening, Failure> {
        let arguments = ["--dev".into(), folder.into(), "--listen".into(), listen.to_string().into()];
        let limits = ["--limits".into(), limits.into()];
        Listening::start("ponte-relay", &[&arguments[..], &limits[..]].concat()).await
    }

    /// The running program.
    pub(crate) fn process(&self) -> &Listening {
        &self.running
    }

    /// What it wrote at its first start.
    pub(crate) fn file(&self, name: &str) -> Result<Vec<u8>, Failure> {
        Ok(std::fs::read(self.folder.path().join(name))?)
    }

    /// Ends it without a word; returns when it is gone.
    pub(crate) async fn kill(&mut self) -> Result<(), Failure> {
        self.running.kill().await
    }

    /// Starts it again where it was; returns when it listens.
    pub(crate) async fn restart(&mut self) -> Result<(), Failure> {
        let address = self.running.address;
        self.running = Self::run(self.folder.path().into(), self.limits, address).await?;
        Ok(())
    }
}
