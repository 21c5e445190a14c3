//! Linux: what proc(5) and sysfs tell besides, and the end of a running program by pidfd_open(2).

use super::{Target, Wanted, facts};
use consent::{EndProcess, Permit};
use proto::machine::Battery;
use proto::session::Ending;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, getuid, pidfd_open, pidfd_send_signal};
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(super) use super::linux_network::{Routes, name_servers};
pub(super) use super::linux_records::{events, packages};

/// More of a file of the kernel's is not read, in bytes.
const KERNEL_FILE_BYTES: u64 = 16 * 1024;
/// By how much the time of a start may differ that was told before, in seconds: the kernel counts from its own
/// start, and that is put again whenever the clock is.
const START_SLACK_S: u64 = 2;
/// At which place after the name proc_pid_stat(5) has the start, in ticks since the kernel's.
const START_FIELD: usize = 19;

/// The desktop, as its session says (freedesktop.org).
pub(super) fn desktop() -> String {
    let named = ["XDG_CURRENT_DESKTOP", "DESKTOP_SESSION"].into_iter().find_map(|name| std::env::var(name).ok());
    let kind = std::env::var("XDG_SESSION_TYPE").ok();
    [named, kind].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Maker and model, as the firmware says.
pub(super) fn model() -> String {
    let parts = ["sys_vendor", "product_name"].map(|name| small_file(&Path::new("/sys/class/dmi/id").join(name)));
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Batteries of the machine itself, not of its mouse.
pub(super) fn batteries() -> Vec<Battery> {
    let Ok(supplies) = fs::read_dir("/sys/class/power_supply") else { return Vec::new() };
    let batteries = supplies.flatten().filter_map(|supply| {
        let read = |name: &str| small_file(&supply.path().join(name));
        let is_ours =
            read("type").is_some_and(|kind| kind == "Battery") && read("scope").is_none_or(|of| of != "Device");
        let charge_percent = read("capacity").filter(|_| is_ours)?.parse().ok()?;
        let is_charging = read("status").is_some_and(|status| status == "Charging");
        Some(Battery { name: facts::text(&supply.file_name().to_string_lossy()), charge_percent, is_charging })
    });
    batteries.collect()
}

fn small_file(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(KERNEL_FILE_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Whether a program of the person's may be ended from here: one that does not run from Ponte's own file.
pub(super) fn can_end(pid: u32, is_ours: bool) -> bool {
    is_ours && !is_ponte(pid)
}

/// Whether this process is the agent, or the watcher, which runs from the same file.
fn is_ponte(pid: u32) -> bool {
    if pid == std::process::id() {
        return true;
    }
    // These follow the links also when the file has no name any more.
    let files = (fs::metadata("/proc/self/exe"), fs::metadata(format!("/proc/{pid}/exe")));
    matches!(files, (Ok(own), Ok(other)) if (own.dev(), own.ino()) == (other.dev(), other.ino()))
}

/// A process, held by a descriptor: signals through it reach this one or none.
#[derive(Debug)]
pub(super) struct LinuxTarget {
    process: OwnedFd,
    pid: u32,
    /// In ticks since the kernel's start.
    started: u64,
}

/// The process that is meant.
pub(super) fn find(wanted: &Wanted) -> Result<LinuxTarget, Ending> {
    let pid = i32::try_from(wanted.pid).ok().and_then(Pid::from_raw).ok_or(Ending::Gone)?;
    // First held, then looked at: what is read below is of this process, or it has ended.
    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| ending(error, wanted.pid))?;
    let (name, started) = stat(wanted.pid).ok_or(Ending::Gone)?;
    let is_it = facts::name(&name).as_str() == wanted.name
        && started_s(started).is_some_and(|at| at.abs_diff(wanted.started_s) <= START_SLACK_S);
    if !is_it {
        return Err(Ending::Gone);
    }
    if !can_end(wanted.pid, owner(wanted.pid) == Some(getuid().as_raw())) {
        return Err(Ending::NotAllowed);
    }
    Ok(LinuxTarget { process, pid: wanted.pid, started })
}

fn ending(error: Errno, pid: u32) -> Ending {
    tracing::debug!(%error, pid, "a running program cannot be ended");
    match error {
        Errno::SRCH | Errno::INVAL => Ending::Gone,
        Errno::PERM => Ending::NotAllowed,
        _ => Ending::Failed,
    }
}

/// Name and start of a process, proc_pid_stat(5): the name is in brackets and may hold any.
fn stat(pid: u32) -> Option<(String, u64)> {
    let line = small_file(Path::new(&format!("/proc/{pid}/stat")))?;
    let (head, tail) = line.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let started = tail.split_ascii_whitespace().nth(START_FIELD)?.parse().ok()?;
    Some((name.to_owned(), started))
}

/// Whose a process is: the real user of proc_pid_status(5).
fn owner(pid: u32) -> Option<u32> {
    let status = small_file(Path::new(&format!("/proc/{pid}/status")))?;
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let mut users = users.split_ascii_whitespace().map_while(|id| id.parse().ok());
    let (real, effective) = (users.next()?, users.next()?);
    // What runs with another account's rights is not the person's to end.
    (real == effective).then_some(real)
}

/// Ticks since the kernel's start as seconds since 1970.
fn started_s(ticks: u64) -> Option<u64> {
    let per_second = rustix::param::clock_ticks_per_second();
    Some(sysinfo::System::boot_time().ok()? + ticks.checked_div(per_second)?)
}

impl Target for LinuxTarget {
    fn end(&self, _: &Permit<'_, EndProcess>, force: bool) -> Result<(), Ending> {
        // The descriptor holds the process; this only tells one that became another's or Ponte's by exec(2).
        if stat(self.pid).is_none_or(|(_, started)| started != self.started) {
            return Err(Ending::Gone);
        }
        if !can_end(self.pid, owner(self.pid) == Some(getuid().as_raw())) {
            return Err(Ending::NotAllowed);
        }
        let signal = if force { Signal::KILL } else { Signal::TERM };
        pidfd_send_signal(&self.process, signal).map_err(|error| ending(error, self.pid))
    }

    fn has_ended(&self) -> bool {
        // Readable as soon as it has ended, also where nobody has asked after it: pidfd_open(2).
        let mut watched = [PollFd::new(&self.process, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut watched, Some(&at_once)).is_ok_and(|ready| ready > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Found, Looking, Machine, ThisMachine};
    use super::*;
    use consent::{Answer, Consent};
    use proto::machine::{Facts, Process, Topic};
    use proto::session::{Request, RequestId};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};
    use std::sync::mpsc::channel;
    use std::time::Instant;

    /// Everything that this needs is granted.
    fn granted() -> Consent {
        let mut consent = Consent::new();
        let now = Instant::now();
        let end = Request::EndProcess { pid: 1, name: facts::name("a"), started_s: 1, force: false };
        for (id, request) in [(1, Request::View), (2, Request::SystemInfo), (3, end)] {
            consent.ask(now, RequestId(id), request).unwrap();
            consent.mark_shown(now, RequestId(id));
            assert!(consent.answer(now, RequestId(id), Answer::Allow));
        }
        consent
    }

    fn page(consent: &Consent, topic: Topic) -> Option<Facts> {
        let permit = consent.permit::<consent::SystemInfo>(None).unwrap();
        let (told, ready) = channel();
        let looking: Looking = ThisMachine.look(&permit, topic, Box::new(move || told.send(()).unwrap()));
        ready.recv().unwrap();
        match looking.take(&permit) {
            Found::Facts(facts) => Some(*facts),
            Found::Nothing => None,
            Found::NotYet => panic!("told before it is there"),
        }
    }

    fn running(consent: &Consent) -> Vec<Process> {
        let Some(Facts::Processes(rows)) = page(consent, Topic::Processes) else { panic!("a page") };
        rows.rows
    }

    struct Sleeper(Child);

    impl Sleeper {
        fn start(program: &str, words: &[&str]) -> Self {
            Self(Command::new(program).args(words).spawn().unwrap())
        }

        fn wanted(&self, consent: &Consent) -> Wanted {
            let found = running(consent).into_iter().find(|process| process.pid == self.0.id()).unwrap();
            assert!(found.can_end);
            wanted(&found)
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn wanted(process: &Process) -> Wanted {
        Wanted { pid: process.pid, name: process.name.as_str().to_owned(), started_s: process.started_s }
    }

    fn find(consent: &Consent, wanted: &Wanted) -> Result<Box<dyn Target>, Ending> {
        ThisMachine.find(&consent.permit::<consent::SystemInfo>(None).unwrap(), wanted)
    }

    #[test]
    fn every_page_of_this_machine_is_read_and_fits() {
        let consent = granted();
        for topic in Topic::ALL {
            // Packages and a journal are not on every machine.
            let Some(facts) = page(&consent, topic) else {
                assert!(matches!(topic, Topic::Packages | Topic::Events), "{topic:?}");
                continue;
            };
            let json = facts.clone().to_json();
            assert_eq!(Facts::from_json(topic, &json), Ok(facts), "{topic:?}");
        }
        let Some(Facts::Overview(overview)) = page(&consent, Topic::Overview) else { panic!("a page") };
        assert!(!overview.kernel.as_str().is_empty() && overview.uptime_s > 0);
        let Some(Facts::Hardware(hardware)) = page(&consent, Topic::Hardware) else { panic!("a page") };
        assert!(hardware.memory_bytes > 0 && hardware.cpus > 0);
    }

    #[test]
    fn this_process_is_in_the_list_and_cannot_be_ended_nor_what_runs_from_its_file() {
        let consent = granted();
        // As the watcher does: the same file once more.
        let again = std::env::current_exe().unwrap();
        let mut again = Command::new(again);
        let again = again.args(["--exact", "machine::linux::tests::sleeps"]).env(SLEEPS, "1").spawn().unwrap();
        let again = Sleeper(again);
        let list = running(&consent);
        for pid in [std::process::id(), again.0.id()] {
            let own = list.iter().find(|process| process.pid == pid).unwrap();
            assert!(!own.can_end && !own.command.as_str().is_empty());
            assert_eq!(find(&consent, &wanted(own)).err(), Some(Ending::NotAllowed));
        }
    }

    /// Says that [`sleeps`] runs as a part of another test.
    const SLEEPS: &str = "PONTE_TEST_SLEEPS";

    /// A process of its own, started by the test before; among the others it does nothing.
    #[test]
    fn sleeps() {
        if std::env::var_os(SLEEPS).is_some() {
            std::thread::park_timeout(std::time::Duration::from_secs(60));
        }
    }

    #[test]
    fn a_child_is_told_to_end_and_ends() {
        let consent = granted();
        let mut child = Sleeper::start("sleep", &["60"]);
        let target = find(&consent, &child.wanted(&consent)).unwrap();
        assert!(!target.has_ended());
        target.end(&consent.permit(None).unwrap(), false).unwrap();
        child.0.wait().unwrap();
        assert!(target.has_ended());
        assert_eq!(target.end(&consent.permit(None).unwrap(), true), Err(Ending::Gone));
    }

    #[test]
    fn one_that_does_not_listen_is_ended_by_force() {
        let consent = granted();
        let mut child = Sleeper::start("sh", &["-c", "trap '' TERM; while :; do sleep 1; done"]);
        let wanted = child.wanted(&consent);
        let target = find(&consent, &wanted).unwrap();
        target.end(&consent.permit(None).unwrap(), false).unwrap();
        assert!(child.0.try_wait().unwrap().is_none());
        target.end(&consent.permit(None).unwrap(), true).unwrap();
        child.0.wait().unwrap();
    }

    #[test]
    fn another_process_under_that_number_is_not_the_one_that_was_meant() {
        let consent = granted();
        let child = Sleeper::start("sleep", &["60"]);
        let right = child.wanted(&consent);
        let rows = [
            Wanted { started_s: right.started_s - 60, ..right.clone() },
            Wanted { name: "firefox".into(), ..right.clone() },
            Wanted { pid: u32::MAX, ..right.clone() },
            Wanted { pid: 0, ..right.clone() },
        ];
        for wrong in rows {
            assert_eq!(find(&consent, &wrong).err(), Some(Ending::Gone), "{wrong:?}");
        }
        assert!(find(&consent, &right).is_ok());
    }

    #[test]
    fn a_process_of_another_account_is_refused() {
        let consent = granted();
        // Whoever is the system here starts one as somebody else; others find the system's.
        let mut other = Command::new("sleep");
        let _other = getuid().is_root().then(|| Sleeper(other.arg("60").uid(65_534).spawn().unwrap()));
        // One whose owner can be told: another may have ended since.
        let is_foreign = |process: &Process| owner(process.pid).is_some_and(|owner| owner != getuid().as_raw());
        let foreign = running(&consent).into_iter().find(is_foreign);
        let foreign = foreign.unwrap();
        assert!(!foreign.can_end);
        assert_eq!(find(&consent, &wanted(&foreign)).err(), Some(Ending::NotAllowed));
    }

    #[test]
    fn a_name_with_brackets_and_spaces_is_read_to_its_end() {
        assert_eq!(stat(std::process::id()).map(|(_, started)| started > 0), Some(true));
        assert!(started_s(100).is_some());
    }
}
