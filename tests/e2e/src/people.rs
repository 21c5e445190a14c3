//! What the person does before the first question, in one call.

use crate::World;
use crate::evil::Trap;
use agent_core::view::{AgentCommand, AgentView, Page, ShareView};
use agent_core::{AgentHandle, Share};

fn terms(view: &AgentView) -> Option<()> {
    matches!(view.page, Page::Terms { .. }).then_some(())
}

/// The first thing there is to share.
fn first(choices: &ShareView) -> Option<Share> {
    choices.monitors.first().map(|first| first.share)
}

fn shared(view: &AgentView, pick: impl Fn(&ShareView) -> Option<Share>) -> Option<Share> {
    match &view.page {
        Page::Share { choices, .. } => pick(choices),
        _ => None,
    }
}

impl World {
    /// Recognises the operator, accepts the terms and shares the first thing there is.
    pub fn welcome(&self, agent: &AgentHandle) {
        self.welcome_sharing(agent, first);
    }

    /// The same, sharing what is picked.
    pub fn welcome_sharing(&self, agent: &AgentHandle, pick: impl Fn(&ShareView) -> Option<Share>) {
        agent.send(AgentCommand::RecogniseOperator(true));
        self.other_shows(agent, "the terms", terms);
        agent.send(AgentCommand::AcceptTerms(true));
        let share = self.other_shows(agent, "what to share", |view| shared(view, &pick));
        agent.send(AgentCommand::Share(share));
    }
}

impl Trap {
    /// Recognises the operator, accepts the terms and shares the first thing there is.
    pub fn welcome(&self, agent: &AgentHandle) {
        agent.send(AgentCommand::RecogniseOperator(true));
        self.agent_shows(agent, "the terms", terms);
        agent.send(AgentCommand::AcceptTerms(true));
        let share = self.agent_shows(agent, "what to share", |view| shared(view, first));
        agent.send(AgentCommand::Share(share));
    }
}
