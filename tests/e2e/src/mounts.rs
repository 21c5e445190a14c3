//! Tests of disks that are full, closed or unreadable: they run again in a process of their own, which has its own
//! mounts and lacks what lets an administrator past every permission.

use std::env;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

/// What the other process knows itself by.
const INSIDE: &str = "PONTE_TEST_HAS_OWN_MOUNTS";

/// Runs the test of this name again where it may mount and where permissions bind it; `false` once it has passed there,
/// `true` in that process. An administrator needs nothing for it, anybody else a system with user namespaces.
///
/// # Panics
/// The test failed there, or there is no such place.
#[must_use]
pub fn is_inside(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let mut command = Command::new("unshare");
    if !is_root {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "setpriv", "--bounding-set", "-dac_override,-dac_read_search"]);
    command.arg(env::current_exe().expect("the test's own program"));
    let status = command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").status();
    assert!(status.expect("unshare and setpriv of util-linux").success(), "{test} failed with mounts of its own");
    false
}

/// Puts an empty disk of so many KiB over a folder; a second one takes the place of the first.
///
/// # Panics
/// Outside of such a process.
pub fn small_disk(folder: &Path, kib: u32) {
    mount(&format!("size={kib}k,mode=0755"), folder);
}

/// Gives such a disk another size.
///
/// # Panics
/// Outside of such a process.
pub fn resize(folder: &Path, kib: u32) {
    mount(&format!("remount,size={kib}k"), folder);
}

/// Lets nothing be written to such a disk any more, or again.
///
/// # Panics
/// Outside of such a process.
pub fn read_only(folder: &Path, is_read_only: bool) {
    mount(if is_read_only { "remount,ro" } else { "remount,rw" }, folder);
}

/// A disk whose driver answers nothing: whoever looks into its folder waits.
#[derive(Debug)]
pub struct Silent(File);

/// Whether this system has file systems of programs, by which a disk can be silent; a container often has none.
#[must_use]
pub fn has_silent_disks() -> bool {
    File::options().read(true).write(true).open("/dev/fuse").is_ok()
}

/// Puts such a disk over a folder, as a server of the network that went away would be.
///
/// # Panics
/// Outside of such a process, or where the system has no file systems of programs (`/dev/fuse`).
#[must_use]
pub fn silent_disk(folder: &Path) -> Silent {
    let device = File::options().read(true).write(true).open("/dev/fuse").expect("/dev/fuse");
    let mut command = Command::new("mount");
    // Its standard input is where the driver would be.
    command.stdin(device.try_clone().expect("a file descriptor"));
    command.args(["-i", "-t", "fuse", "-o", "fd=0,rootmode=40000,user_id=0,group_id=0", "silent"]).arg(folder);
    assert!(command.status().expect("mount").success(), "mount -t fuse");
    Silent(device)
}

impl Silent {
    /// Whoever waits gets an error, and what was under it is there again.
    ///
    /// # Panics
    /// It cannot be taken away.
    pub fn take_away(self, folder: &Path) {
        drop(self.0);
        let status = Command::new("umount").args(["-i", "-l"]).arg(folder).status();
        assert!(status.expect("umount").success(), "umount");
    }
}

fn mount(options: &str, folder: &Path) {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder);
    assert!(command.status().expect("mount").success(), "mount -o {options}");
}
