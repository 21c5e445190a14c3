//! The real programs: built where they are missing; the relay started, killed, and what the system says of it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

static RELAY: OnceLock<PathBuf> = OnceLock::new();
static CONSOLE: OnceLock<PathBuf> = OnceLock::new();

/// The relay program of the profile that this test was built in, up to date.
pub fn relay() -> &'static Path {
    RELAY.get_or_init(|| built("relay", "ponte-relay"))
}

/// The console's program, the same way.
pub fn console() -> &'static Path {
    CONSOLE.get_or_init(|| built("operator-console", "ponte-console"))
}

/// Cargo tells only the tests of a package where its programs are, so it is asked to build, which mostly is
/// nothing to do.
fn built(package: &str, program: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    // TARGET/PROFILE/deps/this, or an example beside deps
    let profile = test.ancestors().nth(2).expect("a folder of the profile");
    let target = profile.parent().expect("a target folder");
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("no profile"),
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", package, "--bin", program, "--profile", name])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .status()
        .expect("cargo");
    assert!(built.success(), "{program} cannot be built");
    profile.join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
}

/// The relay program as it runs; killed when dropped.
pub struct RelayProgram {
    child: Child,
    address: SocketAddr,
}

impl RelayProgram {
    /// Starts it with the limits of a service; its folder keeps what it needs to be the same again.
    ///
    /// # Panics
    /// If it does not come to listen.
    #[must_use]
    pub fn start(program: &Path, folder: &Path, listen: SocketAddr) -> Self {
        let mut child = Command::new(program)
            .arg("--dev")
            .arg(folder)
            .args(["--listen", &listen.to_string()])
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the relay program");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line of the relay");
        let address = line.trim().rsplit(' ').next().and_then(|address| address.parse().ok());
        Self { child, address: address.unwrap_or_else(|| panic!("the relay does not listen: {line:?}")) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its memory in RAM, in bytes, now and at the most since its start (proc(5), `VmRSS`, `VmHWM`);
    /// `None` where the system does not tell.
    #[must_use]
    pub fn memory(&self) -> Option<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib * 1024)
        };
        Some((bytes("VmRSS:")?, bytes("VmHWM:")?))
    }
}

impl Drop for RelayProgram {
    fn drop(&mut self) {
        // SIGKILL: it can say nothing to anybody.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
