//! What the person does, in one call: before the first question, and to every question.

use crate::evil::Trap;
use crate::{World, now_s};
use agent_core::view::{AgentCommand, AgentView, Page, QuestionView, ShareView};
use agent_core::{AgentHandle, Share};
use identity::Organisation;
use proto::session::RequestId;
use std::sync::Arc;

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

    /// Answers the question that is or will be open.
    pub fn answer(&self, yes: bool) -> RequestId {
        self.answer_at(&self.agent, yes).id
    }

    /// The same at another agent. Returns once the page of the question is gone: the console may have the answer before,
    /// and what it asks next would be taken for the same question.
    pub fn answer_at(&self, agent: &AgentHandle, yes: bool) -> QuestionView {
        let question = self.other_shows(agent, "a question", |view| match &view.page {
            Page::Question(question) => Some(question.clone()),
            _ => None,
        });
        agent.send(AgentCommand::QuestionShown(question.id));
        agent.send(AgentCommand::Answer(question.id, yes));
        self.other_shows(agent, "that it is answered", |view| match &view.page {
            Page::Question(open) if open.id == question.id => None,
            _ => Some(()),
        });
        question
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

/// An organisation that wants agents of a later version than there is.
///
/// # Panics
/// Where it cannot be made.
#[must_use]
pub fn wanting_newer_agents() -> Arc<Organisation> {
    let node = identity::RelayNode { name: "dev 1".into(), host: "127.0.0.1".into(), port: 1 };
    let relay = identity::RelayAddress { name: "dev relay".into(), nodes: vec![node], pin: None };
    let made = identity::dev::sample(&mut rand::rngs::OsRng, now_s(), relay).expect("an organisation");
    let organisation = Organisation::open(&made.organisation_file, now_s()).expect("the organisation");
    let mut file = organisation.file().clone();
    file.minimum_builds.insert("ponte-agent".to_owned(), "999.0.0".to_owned());
    let signed = file.sign(made.root.seed()).expect("a signed file");
    Arc::new(Organisation::open(&signed, now_s()).expect("the changed organisation"))
}
