//! What the system knows of the agent while it runs and afterwards: processes, sockets, memory.

use crate::demo::files::tree;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What starts with the system or with a session, for everybody. A person's own places are in their
/// home.
const STARTERS: &[&str] = &[
    "/etc/xdg/autostart",
    "/etc/systemd",
    "/etc/crontab",
    "/etc/cron.d",
    "/etc/cron.daily",
    "/etc/cron.hourly",
    "/etc/init.d",
    "/etc/profile.d",
    "/etc/rc.local",
    "/var/spool/cron",
    "/var/spool/at",
    "/var/lib/systemd/linger",
    "/usr/lib/systemd",
    "/usr/local/lib/systemd",
    "/usr/share/dbus-1",
];

/// Larger files are no description of something to be started.
const STARTER_BYTES: u64 = 64 * 1024;

/// By what ours would be known in them.
const OURS: &str = "ponte-agent";

/// `st` of a TCP socket that listens, in proc_net_tcp(5).
const LISTENS: &str = "0A";

/// Flag of a unix socket that listens, in /proc/net/unix: `__SO_ACCEPTCON`.
const ACCEPTS: u64 = 0x0001_0000;

/// The processes that run from a file below `folder`, a removed one included.
pub(super) fn processes(folder: &Path) -> Vec<u32> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|file| file.starts_with(folder))).collect()
}

/// The sockets of a process that wait for somebody to come.
pub(super) fn listening(process: u32) -> Vec<String> {
    let sockets = sockets(process);
    let table = |name: &str| fs::read_to_string(format!("/proc/{process}/net/{name}")).unwrap_or_default();
    let mut found = Vec::new();
    for name in ["tcp", "tcp6"] {
        found.extend(listening_tcp(&table(name), &sockets).map(|address| format!("{name} {address}")));
    }
    found.extend(listening_unix(&table("unix"), &sockets).map(|name| format!("unix {name}")));
    found
}

/// The numbers of a process's sockets.
fn sockets(process: u32) -> BTreeSet<u64> {
    let fds = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    fds.filter_map(|fd| {
        let target = fs::read_link(fd.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    })
    .collect()
}

fn listening_tcp<'t>(table: &'t str, sockets: &BTreeSet<u64>) -> impl Iterator<Item = &'t str> {
    table.lines().skip(1).filter_map(move |line| {
        let mut fields = line.split_whitespace().skip(1);
        let (address, state) = (fields.next()?, fields.nth(1)?);
        let number = fields.nth(5)?.parse().ok()?;
        (state == LISTENS && sockets.contains(&number)).then_some(address)
    })
}

fn listening_unix<'t>(table: &'t str, sockets: &BTreeSet<u64>) -> impl Iterator<Item = &'t str> {
    table.lines().skip(1).filter_map(move |line| {
        let mut fields = line.split_whitespace().skip(3);
        let flags = u64::from_str_radix(fields.next()?, 16).ok()?;
        let number = fields.nth(2)?.parse().ok()?;
        (flags & ACCEPTS != 0 && sockets.contains(&number)).then(|| fields.next().unwrap_or("without a name"))
    })
}

/// Shared memory and queues of System V that those processes made: proc_sysvipc(5).
pub(super) fn shared(processes: &BTreeSet<u32>) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, maker) in [("shm", "cpid"), ("msg", "lspid")] {
        let table = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
        found.extend(made_by(&table, maker, processes).map(|line| format!("{kind} {line}")));
    }
    found
}

/// The lines of a table whose column `maker` names one of those processes.
fn made_by<'t>(table: &'t str, maker: &str, processes: &BTreeSet<u32>) -> impl Iterator<Item = &'t str> {
    let column = table.lines().next().and_then(|head| head.split_whitespace().position(|name| name == maker));
    table.lines().skip(1).filter(move |line| {
        let id = column.and_then(|column| line.split_whitespace().nth(column)?.parse().ok());
        id.is_some_and(|id| processes.contains(&id))
    })
}

/// Files by which something of ours would start by itself, for everybody on this machine.
pub(super) fn starters() -> BTreeSet<PathBuf> {
    let files = STARTERS.iter().map(Path::new).flat_map(|place| {
        let mut files = tree(place);
        files.insert(place.to_owned());
        files
    });
    files.filter(|file| names_us(file)).collect()
}

fn names_us(file: &Path) -> bool {
    let is_named = file.file_name().is_some_and(|name| name.to_string_lossy().contains(OURS));
    let is_small = fs::metadata(file).is_ok_and(|found| found.is_file() && found.len() <= STARTER_BYTES);
    is_named || (is_small && fs::read(file).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(OURS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn what_listens_is_found_and_what_is_connected_is_not() {
        let own = std::process::id();
        let before = listening(own).len();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let (_here, _there) = (TcpStream::connect(tcp.local_addr().unwrap()).unwrap(), UnixStream::pair().unwrap());
        assert_eq!(listening(own).len(), before + 1);
        let place = std::env::temp_dir().join(format!("ponte-listens-{own}"));
        let unix = UnixListener::bind(&place).unwrap();
        assert_eq!(listening(own).len(), before + 2);
        drop((tcp, unix));
        fs::remove_file(place).unwrap();
        assert_eq!(listening(own).len(), before);
    }

    #[test]
    fn a_process_is_known_by_the_file_that_it_runs_from() {
        let own = std::env::current_exe().unwrap();
        assert!(processes(own.parent().unwrap()).contains(&std::process::id()));
        assert!(!processes(Path::new("/nowhere")).contains(&std::process::id()));
    }

    #[test]
    fn shared_memory_belongs_to_who_made_it() {
        let table = "       key      shmid perms                  size  cpid  lpid nattch\n\
                     0          3  1600   4096  77  80  2\n  0  4  600  4096  78  77  0\n";
        let of = |process| made_by(table, "cpid", &BTreeSet::from([process])).count();
        assert_eq!((of(77), of(78), of(80)), (1, 1, 0));
    }

    #[test]
    fn a_description_of_something_to_start_is_known_by_name_or_content() {
        let folder = std::env::temp_dir().join(format!("ponte-starts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, text, expected) in
            [("ponte-agent.desktop", "", true), ("x.desktop", "Exec=/a/ponte-agent", true), ("y", "Exec=/a/b", false)]
        {
            let file = folder.join(name);
            fs::write(&file, text).unwrap();
            assert_eq!(names_us(&file), expected, "{name}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
