//! Questions of the console, and what comes of their answers.

use super::{Flow, Live, MOST_TRANSFERS, written};
use crate::files::Prepared;
use audit_log::{Event, Role};
use consent::{AskError, Cause, Outcome, Scope};
use proto::session::{
    AgentToConsole, Asking, Capability, Decision, EndReason, GrantEnd, Request, RequestId, TransferFailure, TransferId,
};
use std::time::{Duration, Instant};

impl Live<'_> {
    pub(super) fn handle_ask(&mut self, id: RequestId, what: Request) -> Flow {
        let scope = Scope::of(&what);
        if !self.profile.allows(scope.capability) {
            self.not_allowed(scope.capability)?;
            if let Some(transfer) = scope.transfer {
                self.tell(AgentToConsole::FileFailed { transfer, failure: TransferFailure::Cancelled })?;
            }
            return self.tell(AgentToConsole::Decided { request: id, decision: Decision::NotInProfile });
        }
        if scope.transfer.is_some_and(|transfer| self.is_known(transfer)) {
            return self.refuse(id, scope, TransferFailure::Cancelled);
        }
        if scope.transfer.is_some() && self.files.is_full() {
            return self.refuse(id, scope, TransferFailure::Busy);
        }
        match &what {
            // The person is asked once the one before is closed, which takes a moment.
            Request::Shell if self.shell.waits_for_the_last(id) => {
                if self.consent.reserve(id).is_ok() {
                    return Flow::Continue(());
                }
                self.shell.asks_no_more(id);
                return self.refuse(id, scope, TransferFailure::Cancelled);
            }
            // One terminal at a time: the person is to see what is done there.
            Request::Shell if self.shell.is_open() => return self.refuse(id, scope, TransferFailure::Cancelled),
            Request::View
            | Request::Control
            | Request::SystemInfo
            | Request::EndProcess { .. }
            | Request::Shell
            | Request::Browse
            | Request::Clipboard => {}
            Request::SendBatch { .. } | Request::FetchBatch { .. } => self.prepare_batch(id, &what),
        }
        if let Err(ending) = self.mark(id, &what) {
            self.tell(AgentToConsole::ProcessEnding { request: id, ending })?;
            return self.refuse(id, scope, TransferFailure::Cancelled);
        }
        let asked = self.consent.ask(Instant::now(), id, what.clone());
        if let Err(error) = asked {
            drop(self.unmark(id));
            if let Some(transfer) = what.batch() {
                self.drop_batch(transfer);
            }
            tracing::warn!(%error, "a question was not put");
            let decision = match error {
                AskError::TooSoon => Decision::TooSoon,
                AskError::Barred => Decision::Barred,
                AskError::NotInProfile => Decision::NotInProfile,
                AskError::TooMany | AskError::Repeated | AskError::Ended | AskError::ViewFirst => {
                    return self.refuse(id, scope, TransferFailure::Cancelled);
                }
            };
            self.note_asked(id, &what)?;
            self.note(answered(id, decision))?;
            return self.tell(AgentToConsole::Decided { request: id, decision });
        }
        self.note_asked(id, &what)
    }

    pub(super) fn note_asked(&mut self, id: RequestId, what: &Request) -> Flow {
        let (request, power) = (id.0, what.capability());
        match what.detail() {
            Some(text) => self.note_with_text(&text, |detail| Event::Asked { request, power, detail: Some(detail) }),
            None => self.note(Event::Asked { request, power, detail: None }),
        }
    }

    /// Whether this number already belongs to a batch: a second use could hide the first.
    pub(super) fn is_known(&self, transfer: TransferId) -> bool {
        self.transfers.contains_key(&transfer) || self.transfers.len() >= MOST_TRANSFERS || self.files.knows(transfer)
    }

    /// Answers a question that is not put to the person.
    pub(super) fn refuse(&self, id: RequestId, scope: Scope, failure: TransferFailure) -> Flow {
        if let Some(transfer) = scope.transfer {
            self.tell(AgentToConsole::FileFailed { transfer, failure })?;
        }
        self.tell(AgentToConsole::Decided { request: id, decision: Decision::Impossible })
    }

    /// Does what answers, revocations and time-outs demand, until nothing is left to do.
    pub(super) fn settle(&mut self) -> Flow {
        while let Some(outcome) = self.consent.poll_output() {
            match outcome {
                Outcome::Decided { id, decision, scope, by_earlier_yes } => {
                    let prepared = self.prepared.remove(&id);
                    let marked = self.unmark(id);
                    // Asked for again while it runs: nothing begins anew.
                    let runs = by_earlier_yes
                        && self.uses.get(&scope.capability).is_some_and(|used| used.since.is_some())
                        && scope.transfer.is_none();
                    if decision == Decision::Granted && !runs && !self.begins(id, scope.capability) {
                        self.consent.forget(scope);
                        let decision = Decision::Impossible;
                        self.note(answered(id, decision))?;
                        self.tell(AgentToConsole::Decided { request: id, decision })?;
                        continue;
                    }
                    let whole_session = decision == Decision::Granted
                        && self.consent.asking(scope.capability) == Asking::OncePerSession;
                    let request = id.0;
                    self.note(Event::Answered { request, decision, whole_session, by_earlier_yes })?;
                    self.tell(AgentToConsole::Decided { request: id, decision })?;
                    match (decision, scope.capability) {
                        (Decision::Granted, Capability::EndProcess) => {
                            marked.map_or(Flow::Continue(()), |marked| self.end_process(id, marked))?;
                        }
                        (Decision::Granted, _) if runs => {}
                        (Decision::Granted, Capability::Shell) => {
                            self.note(Event::Terminal { request: id.0, open: true })?;
                            self.granted(scope, None)?;
                        }
                        (Decision::Granted, _) => self.granted(scope, prepared)?,
                        (Decision::Denied | Decision::TimedOut, Capability::View) if !self.seen => {
                            return Flow::Break(EndReason::ConsentDenied);
                        }
                        _ => {}
                    }
                    if decision != Decision::Granted
                        && let Some(transfer) = scope.transfer
                    {
                        self.drop_batch(transfer);
                    }
                }
                Outcome::Revoked { scope, cause } => self.revoked(scope, cause)?,
            }
        }
        if std::mem::take(&mut self.is_unsigned) {
            self.signed_at = Instant::now();
            written(self.ledger.sign(&self.outbox))?;
        }
        let paused = self.consent.open_question().is_some();
        if let Some(injection) = &self.injection {
            injection.pause(paused);
        }
        self.annotating.pause(paused);
        if paused != self.input_paused {
            self.input_paused = paused;
            return self.tell(AgentToConsole::InputPaused { paused });
        }
        Flow::Continue(())
    }

    /// Starts what a yes allows and the system may not; false if it does not.
    fn begins(&mut self, id: RequestId, power: Capability) -> bool {
        match power {
            Capability::Control => self.consent.is_held() || self.start_injection(),
            Capability::Shell => self.open_shell(id),
            _ => true,
        }
    }

    pub(super) fn granted(&mut self, scope: Scope, prepared: Option<Prepared>) -> Flow {
        let used = self.uses.entry(scope.capability).or_default();
        used.since.get_or_insert(Instant::now());
        match (scope.capability, prepared) {
            (Capability::View, _) => {
                self.seen = true;
                self.watch_presence();
                self.tell_title()?;
                self.start_screens()
            }
            (Capability::Control, _) => Flow::Continue(()),
            (Capability::Clipboard, _) => {
                self.clip_granted();
                Flow::Continue(())
            }
            (_, Some(Prepared::Land { transfer, ready })) => self.land(transfer, ready),
            (_, Some(Prepared::Leave { transfer, ready })) => self.leave(transfer, ready),
            (_, None) => Flow::Continue(()),
        }
    }

    pub(super) fn revoked(&mut self, scope: Scope, cause: Cause) -> Flow {
        // What was granted for one thing alone is over with it, which its own entry says.
        let is_for_one = scope.transfer.is_some() || scope.capability == Capability::EndProcess;
        if !is_for_one || cause == Cause::Person {
            self.note(Event::Revoked { power: scope.capability, by: ended_by(cause) })?;
        }
        if let Some(used) = self.uses.get_mut(&scope.capability) {
            used.total += used.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        }
        match scope.capability {
            Capability::View => {
                self.stop_screens();
                self.stop_annotating();
                self.view_is_over();
            }
            Capability::Control => self.stop_injection(),
            Capability::SystemInfo => self.stop_looking(),
            Capability::Clipboard => self.stop_clip(),
            Capability::EndProcess => return Flow::Continue(()),
            Capability::Shell => self.close_shell(),
            Capability::SendFile | Capability::FetchFile => match scope.transfer {
                Some(transfer) => return self.stop_batch(transfer, false, TransferFailure::Cancelled),
                None => self.stop_listing(),
            },
            // Nothing of these can be granted in this version.
            Capability::Annotate | Capability::Chat | Capability::Record | Capability::Invite => {}
        }
        let cause = match cause {
            Cause::Person => GrantEnd::Person,
            Cause::Operator => GrantEnd::Operator,
            Cause::UseOver if scope.capability == Capability::Shell && self.shell.is_log_full() => GrantEnd::LogFull,
            Cause::UseOver => GrantEnd::UseOver,
            Cause::LineBroke => GrantEnd::LineBroke,
        };
        self.tell(AgentToConsole::Revoked { capability: scope.capability, cause })
    }
}

/// The entry of an answer that is no yes.
const fn answered(id: RequestId, decision: Decision) -> Event {
    Event::Answered { request: id.0, decision, whole_session: false, by_earlier_yes: false }
}

/// Who ended a grant; nobody where its use was over.
fn ended_by(cause: Cause) -> Option<Role> {
    match cause {
        Cause::Person => Some(Role::Agent),
        Cause::Operator => Some(Role::Console),
        Cause::UseOver | Cause::LineBroke => None,
    }
}
