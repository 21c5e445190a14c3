//! The operator's clipboard to the person's machine, and theirs to here, each by an action of the operator.

use super::{Flow, Live};
use crate::tasks::{self, Event};
use crate::view::{ClipState, PowerState};
use clipboard::Content;
use proto::clipboard::ClipProblem;
use proto::session::{Asking, Capability, ConsoleToAgent};
use session::Reader;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// What waits for the person's yes.
enum Wanted {
    Send(Arc<Content>),
    Fetch,
}

/// What is on its way.
#[derive(Default)]
pub(super) struct ClipDesk {
    pub(super) state: ClipState,
    wanted: Option<Wanted>,
    sending: Option<AbortHandle>,
    /// Whether the agent owes an answer, and the task that reads it.
    is_awaited: bool,
    reading: Option<AbortHandle>,
    /// What the person's last yes was used for.
    has_sent: bool,
    has_fetched: bool,
    /// What came last, and how many came.
    pub(super) fetched: Option<(u64, Arc<Content>)>,
}

impl Live<'_> {
    fn is_clip_granted(&self) -> bool {
        self.powers.get(&Capability::Clipboard) == Some(&PowerState::Granted)
    }

    /// Whether the person's yes covers this. One for each use covers one exchange each way.
    fn may_exchange(&self, is_used: bool) -> bool {
        let is_over = is_used && self.config.operator.profile.asking(Capability::Clipboard) == Asking::EachUse;
        self.is_clip_granted() && !is_over
    }

    /// Asks the person, also where an earlier yes is used up.
    fn ask_to_exchange(&mut self, wanted: Wanted) -> Flow {
        // What became of the last one is not the answer to this.
        self.clip.state = ClipState::Idle;
        self.clip.wanted = Some(wanted);
        if self.is_clip_granted() {
            self.powers.remove(&Capability::Clipboard);
        }
        self.ask_power(Capability::Clipboard)
    }

    fn is_exchanging(&self) -> bool {
        matches!(self.clip.state, ClipState::Sending | ClipState::Fetching)
    }

    /// Sends this once the person allows it, if they have not yet.
    pub(super) fn send_clip(&mut self, content: Arc<Content>) -> Flow {
        if self.is_exchanging() {
            return Flow::Continue(());
        }
        if !self.may_exchange(self.clip.has_sent) {
            return self.ask_to_exchange(Wanted::Send(content));
        }
        self.clip.state = ClipState::Sending;
        let (channel, report) = (self.channel.clone(), self.events.0.clone());
        let task = self.tasks.spawn(async move {
            if let Err(problem) = tasks::send_clip(channel, content).await {
                // Fails only when the session is over.
                let _ = report.send(Event::ClipNotSent(problem)).await;
            }
        });
        self.clip.sending = Some(task);
        Flow::Continue(())
    }

    /// Takes the person's, once they allow it.
    pub(super) fn fetch_clip(&mut self) -> Flow {
        if self.is_exchanging() {
            return Flow::Continue(());
        }
        if !self.may_exchange(self.clip.has_fetched) {
            return self.ask_to_exchange(Wanted::Fetch);
        }
        self.clip.state = ClipState::Fetching;
        self.clip.is_awaited = true;
        self.tell(ConsoleToAgent::FetchClipboard)
    }

    /// The person has answered: what the operator wanted is done at once.
    pub(super) fn clip_decided(&mut self, state: PowerState) -> Flow {
        self.powers.insert(Capability::Clipboard, state);
        (self.clip.has_sent, self.clip.has_fetched) = (false, false);
        let wanted = self.clip.wanted.take();
        match wanted.filter(|_| state == PowerState::Granted) {
            Some(Wanted::Send(content)) => self.send_clip(content),
            Some(Wanted::Fetch) => self.fetch_clip(),
            None => Flow::Continue(()),
        }
    }

    /// The agent says what became of what was sent.
    pub(super) fn clip_put(&mut self, problem: Option<ClipProblem>) -> Flow {
        if self.clip.state == ClipState::Sending {
            self.clip.has_sent = problem.is_none();
            self.clip.state = problem.map_or(ClipState::Sent, ClipState::NotSent);
        }
        Flow::Continue(())
    }

    pub(super) fn clip_not_sent(&mut self, problem: ClipProblem) {
        if self.clip.state == ClipState::Sending {
            self.clip.state = ClipState::NotSent(problem);
        }
    }

    pub(super) fn clip_not_given(&mut self, problem: ClipProblem) {
        self.clip.is_awaited = false;
        if self.clip.state == ClipState::Fetching {
            self.clip.state = ClipState::NotFetched(problem);
        }
    }

    /// The person's clipboard begins to come: only if it was asked for.
    pub(super) fn receive_clip(&mut self, mut reader: Reader) {
        if !std::mem::take(&mut self.clip.is_awaited) {
            reader.stop();
            return;
        }
        self.clip.has_fetched = true;
        let report = self.events.0.clone();
        let reading = tasks::receive_clip(reader, report.clone());
        self.clip.reading = Some(self.tasks.spawn(tasks::report_broken(reading, report)));
    }

    /// It is here.
    pub(super) fn clip_came(&mut self, content: Content) {
        if self.clip.state != ClipState::Fetching {
            return;
        }
        self.clip.state = ClipState::Fetched(content.kind());
        let number = self.clip.fetched.as_ref().map_or(0, |(number, _)| *number) + 1;
        self.clip.fetched = Some((number, Arc::new(content)));
    }

    /// The power is gone, and with it what was on its way.
    pub(super) fn clip_gone(&mut self) {
        let was = std::mem::take(&mut self.clip);
        for task in was.sending.into_iter().chain(was.reading) {
            task.abort();
        }
        // What came before stays numbered, so that the next is another.
        self.clip.fetched = was.fetched;
        self.clip.state = match was.state {
            ClipState::Sending => ClipState::NotSent(ClipProblem::Unavailable),
            ClipState::Fetching => ClipState::NotFetched(ClipProblem::Unavailable),
            state => state,
        };
    }
}
