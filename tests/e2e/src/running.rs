//! The relay of a [`World`](crate::World): in this process, or the real program beside it. Either can be
//! killed as a whole.

use crate::program::RelayProgram;
use crate::{DEADLINE, runtime};
use relay::{DEV_OPERATOR, Limits, RelayHandle, Settings};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// Where the relay of a [`World`](crate::World) runs.
#[derive(Debug, Clone)]
pub enum Runs {
    /// In this process, on threads of its own.
    Inside,
    /// As this program.
    Beside(PathBuf),
}

pub(crate) enum RunningRelay {
    Inside { handle: RelayHandle, runtime: Runtime },
    Beside(RelayProgram),
}

impl RunningRelay {
    /// Port 0 stands for any that will still be free when it starts there again.
    pub(crate) fn start(runs: &Runs, folder: &Path, mut listen: SocketAddr) -> Self {
        if listen.port() == 0 {
            listen.set_port(testkit::lasting_port(listen.ip()));
        }
        match runs {
            Runs::Inside => {
                let settings = Settings::dev(folder, listen, DEV_OPERATOR, Limits::Bench).expect("a relay's settings");
                let runtime = runtime();
                let handle = runtime.block_on(relay::start(settings)).expect("a relay");
                Self::Inside { handle, runtime }
            }
            Runs::Beside(program) => Self::Beside(RelayProgram::start(program, folder, listen)),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Inside { handle, .. } => handle.local_addr(),
            Self::Beside(program) => program.address(),
        }
    }

    pub(crate) fn handle(&self) -> &RelayHandle {
        match self {
            Self::Inside { handle, .. } => handle,
            Self::Beside(_) => panic!("the relay is a program of its own"),
        }
    }

    pub(crate) fn program(&self) -> &RelayProgram {
        match self {
            Self::Inside { .. } => panic!("the relay is in this process"),
            Self::Beside(program) => program,
        }
    }

    /// Ends it without a word to anybody, as a crash would; then its port is free.
    pub(crate) fn kill(self) {
        match self {
            Self::Inside { handle, runtime } => {
                runtime.shutdown_timeout(DEADLINE);
                drop(handle);
            }
            Self::Beside(program) => drop(program),
        }
    }
}
