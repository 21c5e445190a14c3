//! Genuine agents that are set up otherwise than most.

use super::Trap;
use crate::{Reach, agent_config};
use agent_core::{AgentHandle, LinkKind};
use host::Shells;
use host::fake::FakeMachine;
use std::sync::Arc;

impl Trap {
    /// A genuine agent with these terminals.
    #[must_use]
    pub fn agent_with_shells(&self, shells: Arc<dyn Shells>) -> AgentHandle {
        let reach = Reach::direct(self.folder.path(), LinkKind::Quic);
        let seen = (&FakeMachine::default(), &self.clipboard);
        let mut config = agent_config(self.folder.path(), &reach, &self.desktop, &self.injected, seen);
        config.platform.shells = shells;
        AgentHandle::start(config, Box::new(|| {})).expect("an agent")
    }
}
