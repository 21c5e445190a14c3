//! A network namespace with loopback and one device, and ways to run things in it.

use super::system::{self, Device};
use rand::random;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::runtime::{Builder, Runtime};

/// The only device besides loopback.
const DEVICE: &str = "path0";
/// Where `ip` keeps its namespaces.
const FOLDER: &str = "/run/netns";
/// Packets that wait for the forwarding thread, so that a pause of it loses none.
const QUEUE_PACKETS: u32 = 10_000;

/// A network namespace; dropping it removes it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    door: Option<File>,
    side: u8,
    /// The last number of its addresses.
    number: AtomicU8,
    has_v6: bool,
}

impl Namespace {
    /// Makes one with addresses of this side.
    pub(super) fn make(side: u8, mtu: u16) -> io::Result<(Self, Device)> {
        let name = format!("ponte-{}-{:08x}", std::process::id(), random::<u32>());
        ip(&["netns", "add", &name], "")?;
        let mut this = Self { name, door: None, side, number: AtomicU8::new(1), has_v6: false };
        this.door = Some(File::open(Path::new(FOLDER).join(&this.name))?);
        let device = this.inside(|| Device::open(DEVICE, mtu))??;
        this.configure(&format!(
            "link set lo up\n\
             link set {DEVICE} addrgenmode none\n\
             link set {DEVICE} mtu {mtu} txqueuelen {QUEUE_PACKETS} up\n\
             addr add {}/32 dev {DEVICE}\n\
             route add 10.77.0.0/16 dev {DEVICE}\n",
            this.address()
        ))?;
        let six = format!("addr add {}/128 dev {DEVICE} nodad\nroute add fd77::/32 dev {DEVICE}\n", this.address_v6());
        // Some systems have none.
        this.has_v6 = this.configure(&six).is_ok();
        Ok((this, device))
    }

    /// Its name, as `ip netns` knows it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address of IPv4 on the path.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        Ipv4Addr::new(10, 77, self.side, self.number.load(Ordering::Relaxed)).into()
    }

    /// Whether the system has IPv6.
    #[must_use]
    pub fn has_v6(&self) -> bool {
        self.has_v6
    }

    /// Its address of IPv6 on the path, if the system has IPv6.
    #[must_use]
    pub fn address_v6(&self) -> IpAddr {
        let [side, number] = [self.side, self.number.load(Ordering::Relaxed)].map(u16::from);
        Ipv6Addr::new(0xfd77, 0, side, 0, 0, 0, 0, number).into()
    }

    /// Gives it other addresses in place of those that it has, as a laptop gets that goes elsewhere.
    ///
    /// # Errors
    /// What `ip` says.
    pub fn change_address(&self) -> io::Result<()> {
        let old = (self.address(), self.address_v6());
        self.number.fetch_add(1, Ordering::Relaxed);
        let (four, six) = (self.address(), self.address_v6());
        // Routes name no address, so they stay when the old one goes.
        self.configure(&format!("addr add {four}/32 dev {DEVICE}\naddr del {}/32 dev {DEVICE}\n", old.0))?;
        if self.has_v6 {
            let commands = format!("addr add {six}/128 dev {DEVICE} nodad\naddr del {}/128 dev {DEVICE}\n", old.1);
            self.configure(&commands)?;
        }
        Ok(())
    }

    fn configure(&self, commands: &str) -> io::Result<()> {
        ip(&["-n", &self.name, "-batch", "-"], commands)
    }

    /// Does something on a thread of its own in the namespace; threads that it starts, and theirs, are in
    /// the namespace, too.
    ///
    /// # Errors
    /// The namespace cannot be entered.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> io::Result<T> {
        let door = self.door()?;
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                system::enter(door)?;
                Ok(work())
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// A runtime all of whose threads are in the namespace. What its `block_on` runs is on the caller's
    /// thread and so is not, unless that is called [`inside`](Self::inside); what it spawns is.
    ///
    /// # Errors
    /// As [`Builder::build`].
    #[expect(clippy::expect_used, reason = "a thread outside of its namespace would make every test meaningless")]
    pub fn runtime(&self, worker_threads: usize) -> io::Result<Runtime> {
        let door = self.door()?.try_clone()?;
        let enter = move || system::enter(&door).expect("a namespace that was entered before");
        Builder::new_multi_thread().worker_threads(worker_threads).enable_all().on_thread_start(enter).build()
    }

    /// A program that will run in the namespace.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    fn door(&self) -> io::Result<&File> {
        self.door.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Packets that the kernel dropped because nobody fetched them from the device.
    pub(super) fn dropped_unseen(&self) -> u64 {
        let table = self.inside(|| fs::read_to_string("/proc/thread-self/net/dev")).and_then(|table| table);
        // A namespace that does not tell is as good as one that dropped.
        table.ok().and_then(|table| dropped(&table)).unwrap_or(u64::MAX / 2)
    }
}

/// From `/proc/net/dev`: packets that the device did not take.
fn dropped(table: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.trim_start().strip_prefix(DEVICE)?.strip_prefix(':'))?;
    line.split_ascii_whitespace().nth(11)?.parse().ok()
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Who still runs in it keeps it; nobody can do more about it here.
        let _ = ip(&["netns", "del", &self.name], "");
    }
}

/// Removes what killed processes left behind.
pub(super) fn sweep() {
    let Ok(entries) = fs::read_dir(FOLDER) else { return };
    for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
        let process = name.strip_prefix("ponte-").and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = ip(&["netns", "del", &name], "");
        }
    }
}

/// Runs `ip`.
fn ip(arguments: &[&str], input: &str) -> io::Result<()> {
    let told = |what: &dyn std::fmt::Display| io::Error::other(format!("ip {}: {what}", arguments.join(" ")));
    let mut child = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| told(&error))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).or_else(|error| {
            // It ended before it read, and tells why itself.
            if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
        })?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(told(&String::from_utf8_lossy(output.stderr.trim_ascii())))
}
