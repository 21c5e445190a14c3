//! A [`World`] whose relay and ends are in different networks: in network namespaces with real packets
//! in between, or, where those cannot be made, with a path emulator in front of each end.

use crate::{Line, Runs, World};
use std::io::{self, Write as _};
use testkit::{Conditions, Namespace, PacketPath, Script};

/// What happens by chance on the path comes from this.
const SEED: u64 = 4712;
/// What the devices of both sides let through, as Ethernet does.
const MTU: u16 = 1500;

/// Does something in a namespace, or here if there is none.
pub(crate) fn at<T: Send>(namespace: Option<&Namespace>, work: impl FnOnce() -> T + Send) -> T {
    match namespace {
        Some(namespace) => namespace.inside(work).expect("a namespace that was just made"),
        None => work(),
    }
}

impl World {
    /// The relay in one network, both ends in another, and a path that is like this at first between the
    /// two; nothing has been done yet.
    #[must_use]
    pub fn apart(agent_line: Line, console_line: Line, conditions: Conditions) -> Self {
        match PacketPath::start(SEED, MTU, conditions.clone()) {
            Ok(path) => Self::over(Some(path), Runs::Inside, agent_line, console_line),
            Err(reason) => {
                // Only for whoever wonders what was tested.
                let _ = writeln!(io::stderr(), "through the proxy form of the path emulator: {reason}");
                Self::on(agent_line.over(conditions.clone()), console_line.over(conditions))
            }
        }
    }

    /// Changes what is between the ends and the relay.
    pub fn change_path(&self, change: impl Fn(&mut Conditions)) {
        match &self.packets {
            Some(packets) => packets.change(change),
            None => {
                self.agent_path().change(&change);
                self.console_path().change(&change);
            }
        }
    }

    /// Plays a script between the ends and the relay.
    pub fn play_path(&self, script: Script) {
        match &self.packets {
            Some(packets) => packets.play(script),
            None => {
                let _inside = self.runtime.enter();
                self.agent_path().play(script.clone());
                self.console_path().play(script);
            }
        }
    }

    /// Gives both ends other addresses in place of those that they have.
    pub fn ends_move(&self) {
        match &self.packets {
            Some(packets) => packets.far().change_address().expect("another address"),
            None => {
                self.agent_path().change_address();
                self.console_path().change_address();
            }
        }
    }

    /// How many packets a path has lost by chance and how many it blocked; panics if it lost count.
    #[must_use]
    pub fn path_lost_and_blocked(&self) -> (u64, u64) {
        let counts = match &self.packets {
            Some(packets) => vec![packets.counts()],
            None => vec![self.agent_path().counts(), self.console_path().counts()],
        };
        counts.iter().fold((0, 0), |(lost, blocked), path| (lost + path.lost, blocked + path.blocked))
    }
}
