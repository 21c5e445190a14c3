//! Genuine agents that are set up otherwise than most.

use super::Trap;
use crate::{Reach, agent_config};
use agent_core::{AgentConfig, AgentHandle, LinkKind};
use host::fake::FakeMachine;

impl Trap {
    /// A genuine agent with something else about it.
    #[must_use]
    pub fn agent_with(&self, change: impl FnOnce(&mut AgentConfig)) -> AgentHandle {
        let reach = Reach::direct(self.folder.path(), LinkKind::Quic);
        let seen = (&FakeMachine::default(), &self.clipboard);
        let mut config = agent_config(self.folder.path(), &reach, &self.desktop, &self.injected, seen);
        change(&mut config);
        AgentHandle::start(config, Box::new(|| {})).expect("an agent")
    }
}
