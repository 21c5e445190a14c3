//! Pages about the client's machine, and programs there that are to end.

use super::{Flow, Live};
use crate::tasks;
use crate::view::{EndingState, EndingView, MachineView, PageView, PowerState};
use proto::machine::{Facts, ProcessName, Topic};
use proto::session::{Capability, ConsoleToAgent, Decision, EndReason, Ending, Request, RequestId};
use session::Reader;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::task::AbortHandle;

/// A page that has not come by then may be asked for again: the 15 s after which an agent gives one up, and five for
/// its word to come.
const AGAIN_AFTER: Duration = Duration::from_secs(20);
/// Most programs whose end is shown.
const MOST_ENDINGS: usize = 50;

/// A page that was asked for.
struct Awaited {
    since: Instant,
    /// The task that reads it: there is only one.
    reading: Option<AbortHandle>,
}

/// What is known of the client's machine.
#[derive(Default)]
pub(super) struct MachineDesk {
    view: Arc<MachineView>,
    awaited: BTreeMap<Topic, Awaited>,
    /// What the operator looked at last.
    topic: Option<Topic>,
}

impl MachineDesk {
    /// What the window shows of it.
    pub(super) fn view(&self) -> Arc<MachineView> {
        Arc::clone(&self.view)
    }

    fn page(&mut self, topic: Topic) -> &mut PageView {
        Arc::make_mut(&mut self.view).pages.entry(topic).or_default()
    }

    fn ending(&mut self, request: RequestId) -> Option<&mut EndingView> {
        Arc::make_mut(&mut self.view).endings.iter_mut().find(|ending| ending.request == request)
    }

    /// It is not to be seen any more.
    fn clear(&mut self) {
        for (_, awaited) in std::mem::take(&mut self.awaited) {
            awaited.reading.inspect(AbortHandle::abort);
        }
        Arc::make_mut(&mut self.view).pages.clear();
    }
}

impl Live<'_> {
    /// The operator opens a page, or wants it anew.
    pub(super) fn look(&mut self, topic: Topic) -> Flow {
        self.machine.topic = Some(topic);
        let is_granted = self.powers.get(&Capability::SystemInfo) == Some(&PowerState::Granted);
        let is_awaited = self.machine.awaited.get(&topic).is_some_and(|page| page.since.elapsed() < AGAIN_AFTER);
        if !is_granted || is_awaited {
            return Flow::Continue(());
        }
        let awaited = Awaited { since: Instant::now(), reading: None };
        if let Some(before) = self.machine.awaited.insert(topic, awaited) {
            before.reading.inspect(AbortHandle::abort);
        }
        self.machine.page(topic).is_loading = true;
        self.tell(ConsoleToAgent::Look { topic })
    }

    /// The person has answered: what the operator wanted to see comes at once.
    pub(super) fn machine_decided(&mut self, state: PowerState) -> Flow {
        self.powers.insert(Capability::SystemInfo, state);
        if state == PowerState::Granted {
            self.look(self.machine.topic.unwrap_or(Topic::Overview))
        } else {
            Flow::Continue(())
        }
    }

    /// Nothing of the machine is shown any longer than the person wants.
    pub(super) fn machine_gone(&mut self) {
        self.machine.clear();
    }

    /// A page begins to come.
    pub(super) fn receive_page(&mut self, topic: Topic, mut reader: Reader) {
        match self.machine.awaited.get_mut(&topic).filter(|page| page.reading.is_none()) {
            Some(awaited) => {
                let report = self.events.0.clone();
                let reading = tasks::receive_facts(reader, topic, report.clone());
                awaited.reading = Some(self.tasks.spawn(tasks::report_broken(reading, report)));
            }
            None => reader.stop(),
        }
    }

    /// A page has come, or cannot.
    pub(super) fn page_over(&mut self, topic: Topic, facts: Option<Arc<Facts>>) {
        let Some(awaited) = self.machine.awaited.remove(&topic) else { return };
        if facts.is_none() {
            awaited.reading.inspect(AbortHandle::abort);
        }
        let page = self.machine.page(topic);
        page.is_loading = false;
        page.has_failed = facts.is_none();
        if let Some(facts) = facts {
            page.facts = Some(facts);
            page.at = Some(SystemTime::now());
        }
    }

    /// The operator wants a program to end.
    pub(super) fn ask_end(&mut self, pid: u32, name: ProcessName, started_s: u64, force: bool) -> Flow {
        let may_see = self.powers.get(&Capability::SystemInfo) == Some(&PowerState::Granted);
        // One at a time: the person is to look at each.
        let is_asking = self.machine.view.endings.iter().any(|ending| ending.state == EndingState::Asked);
        if !may_see || is_asking || !self.config.operator.profile.allows(Capability::EndProcess) {
            return Flow::Continue(());
        }
        let request = RequestId(self.last_request + 1);
        let view = EndingView { request, pid, name: name.shown(), started_s, force, state: EndingState::Asked };
        let endings = &mut Arc::make_mut(&mut self.machine.view).endings;
        // Of each program the last word.
        endings.retain(|ending| (ending.pid, ending.started_s) != (pid, started_s));
        if endings.len() >= MOST_ENDINGS {
            endings.remove(0);
        }
        endings.push(view);
        self.ask(Request::EndProcess { pid, name, started_s, force })
    }

    /// The person has answered whether a program is to end.
    pub(super) fn end_decided(&mut self, request: RequestId, decision: Decision) {
        if let Some(ending) = self.machine.ending(request).filter(|ending| ending.state == EndingState::Asked) {
            ending.state = match decision {
                Decision::Granted => EndingState::Told,
                decision => EndingState::Refused(decision),
            };
        }
    }

    /// What became of a program that was to end.
    pub(super) fn handle_ending(&mut self, request: RequestId, ending: Ending) -> Flow {
        if ending == Ending::Ended
            && let Err(lie) = self.ledger.witness.ended(request)
        {
            tracing::warn!(%lie, "the agent's log is not one");
            return Flow::Break(EndReason::ProtocolViolation);
        }
        let Some(view) = self.machine.ending(request) else { return Flow::Continue(()) };
        view.state = EndingState::Over(ending);
        // The list as it is now.
        let has_list = self.machine.view.pages.contains_key(&Topic::Processes);
        if has_list && matches!(ending, Ending::Ended | Ending::Gone) {
            let last = self.machine.topic;
            self.look(Topic::Processes)?;
            self.machine.topic = last;
        }
        Flow::Continue(())
    }
}
