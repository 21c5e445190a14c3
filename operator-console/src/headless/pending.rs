//! Commands that are answered later: what each waits for, and what answers it; pure.

use super::answer::{Code, Done, Id, Problem};
use super::command::Goal;
use super::names;
use console_core::proto::machine::{Facts, Topic};
use console_core::proto::session::Capability;
use console_core::view::{ConsoleView, EndingState, EndingView, PowerState, SessionView, Stage, TransferState};
use std::time::Instant;

/// Most commands that wait for their answer.
pub(super) const MOST: usize = 64;

/// A command without its answer.
pub(super) struct Pending {
    pub(super) id: Option<Id>,
    pub(super) until: Option<Instant>,
    pub(super) kind: Kind,
}

/// What it waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The gate's word.
    SignIn,
    /// A key, or why there is none; begun once the engine has taken the command.
    NewKey { begun: bool, last_notice: u64 },
    /// The key is withdrawn, or a session began before.
    CancelKey,
    /// The session is over.
    End,
    /// The person is asked for this power, or was in between: so many times they were before. The folders are
    /// [`Capability::FetchFile`].
    Request { capability: Capability, asks: u32 },
    /// This page about the client's machine; begun once it is on its way.
    Facts { topic: Topic, begun: bool },
    /// What becomes of this process; the question about it comes after that of this number.
    EndProcess { pid: u32, after: u32 },
    /// Whatever the caller waits for.
    Wait { goal: Goal, after: u64, behind: Behind },
}

/// A command that the engine has not taken up yet: what was before it does not count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    Nothing,
    NewKey,
    /// As [`Kind::Request`].
    Request(Capability, u32),
    /// So many files were asked for in this session.
    Files(u64),
}

impl Pending {
    /// What this view answers.
    pub(super) fn look(&mut self, view: &ConsoleView) -> Option<Result<Done, Problem>> {
        let done = Some(Ok(Done::Nothing {}));
        match &mut self.kind {
            Kind::SignIn => None,
            Kind::NewKey { begun, last_notice } => match &view.stage {
                Stage::Preparing => {
                    *begun = true;
                    None
                }
                Stage::Idle if *begun => {
                    let mut problem = Problem::new(Code::NoKey, "there is no key");
                    problem.detail = newest_notice(view, *last_notice);
                    Some(Err(problem))
                }
                Stage::Waiting(_) => done,
                _ => None,
            },
            Kind::CancelKey => match &view.stage {
                Stage::Preparing | Stage::Waiting(_) | Stage::Joining => None,
                Stage::Idle => done,
                Stage::Session(_) | Stage::Ended(_) => {
                    Some(Err(Problem::new(Code::WrongStage, "the session had begun before the key was withdrawn")))
                }
            },
            Kind::End => {
                if matches!(view.stage, Stage::Session(_)) {
                    None
                } else {
                    done
                }
            }
            Kind::Request { capability, asks } => match session(view).map(|session| asked(session, *capability)) {
                None => Some(Err(Problem::new(Code::SessionOver, "the session ended before the person was asked"))),
                Some(now) if now != *asks => done,
                Some(_) => None,
            },
            Kind::Facts { topic, begun } => match session(view) {
                None => Some(Err(Problem::new(Code::SessionOver, "the session ended before the page came"))),
                Some(session) => page(session, *topic, begun),
            },
            Kind::EndProcess { pid, after } => match session(view) {
                None => Some(Err(Problem::new(Code::SessionOver, "the session ended before the process did"))),
                Some(session) => ending(session, *pid, *after),
            },
            Kind::Wait { goal, after, behind } => match reached(*goal, *after, view) {
                _ if *behind != Behind::Nothing => {
                    if !behind.holds(view) {
                        *behind = Behind::Nothing;
                    }
                    None
                }
                Some(result) => Some(result.map(|()| Done::Nothing {})),
                None => over(*goal, view),
            },
        }
    }
}

impl Behind {
    /// Whether the engine has still to take it up.
    fn holds(self, view: &ConsoleView) -> bool {
        match self {
            Self::Nothing => false,
            Self::NewKey => matches!(view.stage, Stage::Idle | Stage::Ended(_)),
            Self::Request(capability, asks) => session(view).is_some_and(|session| asked(session, capability) == asks),
            Self::Files(files) => session(view).is_some_and(|session| (session.transfers.len() as u64) < files),
        }
    }
}

/// What became of a process that was to end, or what the person said to that.
fn ending(session: &SessionView, pid: u32, after: u32) -> Option<Result<Done, Problem>> {
    let ours = |ending: &&EndingView| ending.pid == pid && ending.request.0 > after;
    match session.machine.endings.iter().find(ours)?.state {
        EndingState::Asked | EndingState::Told => None,
        EndingState::Over(ending) => Some(Ok(Done::Ending { ending: names::ending(ending) })),
        EndingState::Refused(decision) => {
            let mut problem = Problem::new(Code::Refused, "the person did not allow it");
            problem.detail = Some(names::decision(decision));
            Some(Err(problem))
        }
    }
}

/// A page that has come since it was asked for, or why it does not.
fn page(session: &SessionView, topic: Topic, begun: &mut bool) -> Option<Result<Done, Problem>> {
    if power(session, Capability::SystemInfo) != Some(PowerState::Granted) {
        return Some(Err(Problem::new(Code::NotGranted, "the person took system information back")));
    }
    let page = session.machine.pages.get(&topic)?;
    if page.is_loading {
        *begun = true;
        return None;
    }
    match &page.facts {
        _ if !*begun => None,
        Some(facts) if !page.has_failed => Some(Ok(Done::Facts { facts: Box::new(Facts::clone(facts)) })),
        _ => Some(Err(Problem::new(Code::System, "the client's machine could not read this page"))),
    }
}

/// The newest notice that came after this one.
fn newest_notice(view: &ConsoleView, last: u64) -> Option<&'static str> {
    let newest = view.notices.last().filter(|notice| notice.id > last)?;
    Some(names::notice(&newest.kind).0)
}

/// Whether it has come to what is waited for.
fn reached(goal: Goal, after: u64, view: &ConsoleView) -> Option<Result<(), Problem>> {
    let session = session(view);
    let is_reached = match goal {
        Goal::Joined => matches!(view.stage, Stage::Joining | Stage::Session(_)),
        Goal::Session => session.is_some(),
        Goal::Recognised => session.is_some_and(|session| session.recognised),
        // The picture may come before the word which monitors there are: then nothing could be done on it yet.
        Goal::Picture => session.is_some_and(|session| {
            let is_known = session.monitor.is_some_and(|monitor| session.layout.monitor(monitor).is_some());
            session.pictures > after && is_known
        }),
        Goal::Transfers => session.is_some_and(|session| {
            let moves = |state: TransferState| !state.is_over();
            !session.transfers.is_empty() && !session.transfers.iter().any(|transfer| moves(transfer.state))
        }),
        Goal::Ending => matches!(view.stage, Stage::Ended(_)),
        Goal::Ended => matches!(&view.stage, Stage::Ended(end) if !end.is_closing),
        Goal::Idle => matches!(view.stage, Stage::Idle),
        Goal::View | Goal::Control | Goal::SystemInfo | Goal::Clipboard | Goal::Shell => {
            let capability = goal.power()?;
            return answered(session?, capability, power(session?, capability)?);
        }
        Goal::Files => return answered(session?, Capability::FetchFile, session?.files.browse),
    };
    is_reached.then_some(Ok(()))
}

/// What the person said to a question.
fn answered(session: &SessionView, capability: Capability, state: PowerState) -> Option<Result<(), Problem>> {
    match state {
        // The question about control has paused the input, and its end is told after the answer.
        PowerState::Granted if capability == Capability::Control && session.input_paused => None,
        PowerState::Granted => Some(Ok(())),
        PowerState::Refused(decision) => {
            let mut problem = Problem::new(Code::Refused, "it was not granted");
            problem.detail = Some(names::decision(decision));
            Some(Err(problem))
        }
        PowerState::Off | PowerState::Asked | PowerState::Revoked | PowerState::Over(_) => None,
    }
}

/// Whether what is waited for cannot come any more.
fn over(goal: Goal, view: &ConsoleView) -> Option<Result<Done, Problem>> {
    let detail = match &view.stage {
        Stage::Ended(_) if matches!(goal, Goal::Ended | Goal::Idle) => return None,
        Stage::Ended(end) => Some(names::end_reason(end.reason)),
        Stage::Idle => None,
        Stage::Preparing | Stage::Waiting(_) | Stage::Joining | Stage::Session(_) => return None,
    };
    let mut problem = Problem::new(Code::SessionOver, "what is waited for cannot come any more");
    problem.detail = detail;
    Some(Err(problem))
}

pub(super) fn session(view: &ConsoleView) -> Option<&SessionView> {
    match &view.stage {
        Stage::Session(session) => Some(session),
        _ => None,
    }
}

pub(super) fn power(session: &SessionView, capability: Capability) -> Option<PowerState> {
    session.powers.iter().find(|power| power.capability == capability).map(|power| power.state)
}

/// How many times the person was asked for it.
pub(super) fn asked(session: &SessionView, capability: Capability) -> u32 {
    session.asks.get(&capability).copied().unwrap_or(0)
}
