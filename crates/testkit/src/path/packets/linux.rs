//! What Linux does for real packets: devices, namespaces of threads, precise waits.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io::{self, PipeReader};
use std::os::fd::AsFd as _;
use std::time::Duration;
use tun_rs::{DeviceBuilder, SyncDevice};

/// A network device whose packets this process sees.
pub(super) struct Device(SyncDevice);

impl Device {
    /// Makes it in the namespace of the calling thread. It vanishes with this value.
    pub(super) fn open(name: &str, mtu: u16) -> io::Result<Self> {
        let device = DeviceBuilder::new().name(name).mtu(mtu).enable(false).build_sync()?;
        device.set_nonblocking(true)?;
        Ok(Self(device))
    }

    /// A packet that its system sends; `None` if there is none now.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Option<usize> {
        self.0.recv(buffer).ok()
    }

    /// Gives its system a packet.
    pub(super) fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.0.send(packet).map(drop)
    }
}

/// Moves the calling thread into the network namespace that this file stands for.
pub(super) fn enter(door: &File) -> io::Result<()> {
    Ok(move_into_link_name_space(door.as_fd(), Some(LinkNameSpaceType::Network))?)
}

/// Waits until there is a packet or the bell rings, but no longer than this; tells whether it rang.
pub(super) fn wait(devices: &[Device; 2], bell: &PipeReader, longest: Duration) -> bool {
    let [near, far] = devices;
    let mut watched = [
        PollFd::from_borrowed_fd(near.0.as_fd(), PollFlags::IN),
        PollFd::from_borrowed_fd(far.0.as_fd(), PollFlags::IN),
        PollFd::new(bell, PollFlags::IN),
    ];
    let longest = Timespec { tv_sec: longest.as_secs().cast_signed(), tv_nsec: longest.subsec_nanos().into() };
    // An interrupted wait is only a short one.
    let _ = poll(&mut watched, Some(&longest));
    !watched[2].revents().is_empty()
}
