//! Programs of their own that listen: started, killed, started again where they were.

use crate::Failure;
use crate::usage::{Memory, Processor};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use testkit::Namespace;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longest time until a program listens, on the slowest machine.
const STARTS: Duration = Duration::from_secs(60);

/// A program beside this one that tells where it listens in its first line; killed when dropped.
pub(crate) struct Listening {
    child: Child,
    /// Where.
    pub(crate) address: SocketAddr,
}

impl Listening {
    /// Starts `program` of the folder in which this program is.
    pub(crate) async fn start(program: &str, arguments: &[OsString]) -> Result<Self, Failure> {
        Self::start_at(None, program, arguments).await
    }

    /// The same in a network of its own.
    async fn start_at(at: Option<&Namespace>, program: &str, arguments: &[OsString]) -> Result<Self, Failure> {
        let path = std::env::current_exe()?.with_file_name(program);
        let mut child = match at {
            Some(namespace) => Command::from(namespace.command(&path.to_string_lossy())),
            None => Command::new(&path),
        };
        let mut child = child
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

    /// Its process.
    fn id(&self) -> Result<u32, Failure> {
        self.child.id().ok_or_else(|| "the program has ended".into())
    }

    /// The processor time that it has used.
    pub(crate) fn processor(&self) -> Result<Processor, Failure> {
        Processor::of(self.id()?)
    }

    /// Its memory.
    pub(crate) fn memory(&self) -> Result<Memory, Failure> {
        Memory::of(self.id()?)
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
        let running = Self::run(None, folder.path().into(), limits, "127.0.0.1:0".parse()?).await?;
        Ok(Self { folder, limits, running })
    }

    /// The same in a network of its own; it cannot be started again.
    pub(crate) async fn start_at(namespace: &Namespace, limits: &'static str) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let listen = SocketAddr::new(namespace.address(), 0);
        let running = Self::run(Some(namespace), folder.path().into(), limits, listen).await?;
        Ok(Self { folder, limits, running })
    }

    async fn run(
        at: Option<&Namespace>,
        folder: PathBuf,
        limits: &str,
        listen: SocketAddr,
    ) -> Result<Listening, Failure> {
        let arguments = ["--dev".into(), folder.into(), "--listen".into(), listen.to_string().into()];
        let limits = ["--limits".into(), limits.into()];
        Listening::start_at(at, "ponte-relay", &[&arguments[..], &limits[..]].concat()).await
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
        self.running = Self::run(None, self.folder.path().into(), self.limits, address).await?;
        Ok(())
    }
}
