//! Pages about the machine under one grant, and the end of running programs, each under its own.

use super::{Flow, Live, Report};
use audit_log::Event;
use channel::Channel;
use consent::{EndProcess, Lease, Revoked, Scope, SystemInfo};
use host::{Found, Machine, Target, Wanted};
use proto::machine::{Facts, Topic, announcing};
use proto::session::{AgentToConsole, Capability, Ending, Request, RequestId, StreamKind};
use session::{Priority, StreamError, open_stream};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

/// How long a page may take to be read, with the wait for an earlier reading of it.
const LOOK_WITHIN: Duration = Duration::from_secs(15);
/// How much of a page is given to the channel between two looks at the grant, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// How long a program has to end when it is told to, before it may be ended by force.
const END_WITHIN: Duration = Duration::from_secs(3);
/// How often is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Ending a program is granted for one, so the grant has no number.
const END: Scope = Scope { capability: Capability::EndProcess, transfer: None };

/// What a task that reads or waits reports.
pub(super) enum MachineReport {
    /// A page is with the console, or cannot be read; and which of those that were asked for.
    Page(Topic, u64, bool),
    /// What became of the program that this question was about.
    Ending(RequestId, Ending),
}

/// A program that is to be ended.
pub(super) struct Marked {
    target: Arc<dyn Target>,
    wanted: Wanted,
    force: bool,
    /// What both logs call it.
    detail: String,
}

/// A program that was told to end.
struct Told {
    marked: Marked,
    request: RequestId,
    at: Instant,
    watch: AbortHandle,
}

/// The tasks that give pages, one for each topic.
#[derive(Default)]
struct Giving {
    tasks: BTreeMap<Topic, (u64, AbortHandle)>,
    last: u64,
}

impl Giving {
    /// The number of the next task for this page; the one before gives no more.
    fn next(&mut self, topic: Topic) -> u64 {
        if let Some((_, before)) = self.tasks.remove(&topic) {
            before.abort();
        }
        self.last += 1;
        self.last
    }

    /// Takes the last word of a task. Whether it counts: it may be that of the task before, which was on its way.
    fn over(&mut self, topic: Topic, number: u64) -> bool {
        let is_it = self.tasks.get(&topic).is_some_and(|(current, _)| *current == number);
        is_it && self.tasks.remove(&topic).is_some()
    }

    /// None of them gives any more.
    fn stop(&mut self) {
        for (_, (_, task)) in std::mem::take(&mut self.tasks) {
            task.abort();
        }
    }
}

/// Pages on their way, and programs that are to end.
#[derive(Default)]
pub(super) struct MachineWork {
    giving: Giving,
    /// Pages whose reading has not come back: a disk that hangs must not be read twice.
    reading: watch::Sender<BTreeSet<Topic>>,
    /// What an open question is about; at most one.
    marked: BTreeMap<RequestId, Marked>,
    told: BTreeMap<u32, Told>,
    /// What the last page lists.
    ended: Vec<String>,
}

impl MachineWork {
    /// The programs that were ended, as they are called.
    pub(super) fn ended(&self) -> Vec<String> {
        self.ended.clone()
    }
}

impl Live<'_> {
    /// The console wants a page.
    pub(super) fn look(&mut self, topic: Topic) -> Flow {
        if !self.profile.allows(Capability::SystemInfo) {
            return self.not_allowed(Capability::SystemInfo);
        }
        let Some(lease) = self.consent.lease::<SystemInfo>(None) else {
            // What was granted may have been taken back while this was on its way.
            let was_granted = self.uses.contains_key(&Capability::SystemInfo);
            return if was_granted { Flow::Continue(()) } else { self.not_allowed(Capability::SystemInfo) };
        };
        // A console asks anew once it has the page before, of which the last word may still be on its way here.
        let number = self.machine.giving.next(topic);
        let (machine, reading) = (Arc::clone(&self.config.platform.machine), self.machine.reading.clone());
        let (channel, report) = (self.channel.clone(), self.events.0.clone());
        let task = self.tasks.spawn(async move {
            let Ok(facts) = read(&lease, machine.as_ref(), topic, reading).await else { return };
            let is_given = match facts {
                Some(facts) => give(&lease, &channel, *facts).await.is_ok(),
                None => false,
            };
            // Fails only when the session is over.
            let _ = report.send(Report::Machine(MachineReport::Page(topic, number, is_given))).await;
        });
        self.machine.giving.tasks.insert(topic, (number, task));
        Flow::Continue(())
    }

    /// The grant is over: what has not left of a page stays here.
    pub(super) fn stop_looking(&mut self) {
        self.machine.giving.stop();
    }

    /// Finds the program that a question is about, before anybody is asked.
    pub(super) fn mark(&mut self, id: RequestId, what: &Request) -> Result<(), Ending> {
        let Request::EndProcess { pid, name, started_s, force } = what else { return Ok(()) };
        if !self.machine.marked.is_empty() {
            return Err(Ending::Failed);
        }
        let wanted = Wanted { pid: *pid, name: name.as_str().to_owned(), started_s: *started_s };
        let is_due =
            self.machine.told.get(pid).is_some_and(|told| {
                told.marked.wanted == wanted && !told.marked.force && told.at.elapsed() >= END_WITHIN
            });
        if *force && !is_due {
            return Err(Ending::NotAllowed);
        }
        // Which programs there are is known only to whoever may read that.
        let lease = self.consent.lease::<SystemInfo>(None).ok_or(Ending::NotAllowed)?;
        let machine = &self.config.platform.machine;
        let found = lease.with(|permit| machine.find(permit, &wanted)).unwrap_or(Err(Ending::NotAllowed));
        let (target, detail) = (Arc::from(found?), what.detail().unwrap_or_default());
        self.machine.marked.insert(id, Marked { target, wanted, force: *force, detail });
        Ok(())
    }

    /// A question about a program is over, one way or the other.
    pub(super) fn unmark(&mut self, id: RequestId) -> Option<Marked> {
        self.machine.marked.remove(&id)
    }

    /// The person said yes to the end of this one.
    pub(super) fn end_process(&mut self, request: RequestId, marked: Marked) -> Flow {
        let lease = self.consent.lease::<EndProcess>(None);
        let done = lease.map(|lease| lease.with(|permit| marked.target.end(permit, marked.force)));
        self.consent.use_over(END);
        match done {
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(ending))) => return self.tell(AgentToConsole::ProcessEnding { request, ending }),
            Some(Err(Revoked)) | None => {
                return self.tell(AgentToConsole::ProcessEnding { request, ending: Ending::Failed });
            }
        }
        let watching = watch_end(Arc::clone(&marked.target), request, self.events.0.clone());
        let watch = self.tasks.spawn(watching);
        let told = Told { request, at: Instant::now(), watch, marked };
        if let Some(before) = self.machine.told.insert(told.marked.wanted.pid, told) {
            // Its end is told and written once.
            before.watch.abort();
        }
        Flow::Continue(())
    }

    pub(super) fn handle_machine(&mut self, report: MachineReport) -> Flow {
        match report {
            MachineReport::Page(topic, number, is_given) => {
                let counts = self.machine.giving.over(topic, number);
                if is_given || !counts { Flow::Continue(()) } else { self.tell(AgentToConsole::NoFacts { topic }) }
            }
            MachineReport::Ending(request, ending) => {
                if ending == Ending::Ended {
                    self.has_ended(request)?;
                }
                self.tell(AgentToConsole::ProcessEnding { request, ending })
            }
        }
    }

    /// It has ended: that stands in the log before anybody is told.
    fn has_ended(&mut self, request: RequestId) -> Flow {
        let Some(pid) = self.machine.told.iter().find(|(_, told)| told.request == request).map(|(pid, _)| *pid) else {
            return Flow::Continue(());
        };
        let Some(told) = self.machine.told.remove(&pid) else { return Flow::Continue(()) };
        self.machine.ended.push(proto::machine::FactLine::truncated(&told.marked.detail).shown());
        self.note_with_text(&told.marked.detail, |name| Event::ProcessEnded { name })
    }

    /// What has ended until now stands in the log before the session's end does.
    pub(super) fn close_endings(&mut self) {
        let over = self.machine.told.values().filter(|told| told.marked.target.has_ended());
        for request in over.map(|told| told.request).collect::<Vec<_>>() {
            // The log goes on to be written, whoever listens.
            let _ = self.has_ended(request);
        }
    }
}

/// A page is being read until this is dropped.
struct Reading(watch::Sender<BTreeSet<Topic>>, Topic);

impl Reading {
    /// `None` if it is being read already.
    fn begin(all: watch::Sender<BTreeSet<Topic>>, topic: Topic) -> Option<Self> {
        all.send_if_modified(|topics| topics.insert(topic)).then(|| Self(all, topic))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.send_if_modified(|topics| topics.remove(&self.1));
    }
}

/// Reads a page; nothing where it cannot be read or takes too long.
async fn read(
    lease: &Lease<SystemInfo>,
    machine: &dyn Machine,
    topic: Topic,
    reading: watch::Sender<BTreeSet<Topic>>,
) -> Result<Option<Box<Facts>>, Revoked> {
    let by = tokio::time::Instant::now() + LOOK_WITHIN;
    // One for an earlier grant may be about to end.
    let mut earlier = reading.subscribe();
    let over = earlier.wait_for(|topics| !topics.contains(&topic));
    if tokio::time::timeout_at(by, over).await.is_err() {
        tracing::warn!(?topic, "the machine is still being read");
        return Ok(None);
    }
    let Some(reading) = Reading::begin(reading, topic) else { return Ok(None) };
    let (told, ready) = oneshot::channel();
    let come_back = move || {
        drop(reading);
        // Fails only when nobody waits any more.
        let _ = told.send(());
    };
    let looking = lease.with(|permit| machine.look(permit, topic, Box::new(come_back)))?;
    if tokio::time::timeout_at(by, ready).await.is_err() {
        tracing::warn!(?topic, "the machine is not read in time");
    }
    Ok(match lease.with(|permit| looking.take(permit))? {
        Found::Facts(facts) => Some(facts),
        Found::Nothing | Found::NotYet => None,
    })
}

/// Gives a page to the console, for as long as the grant stands.
async fn give(lease: &Lease<SystemInfo>, channel: &Channel, facts: Facts) -> Result<(), StreamError> {
    let kind = StreamKind::SystemInfo { topic: facts.topic() };
    let json = bytes::Bytes::from(facts.to_json());
    let mut writer = open_stream(channel, kind, Priority::File).await?;
    writer.bytes(bytes::Bytes::copy_from_slice(&announcing(&json))).await?;
    let mut rest = json;
    while !rest.is_empty() {
        if !lease.is_live() {
            return Err(StreamError::Gone);
        }
        writer.bytes(rest.split_to(rest.len().min(PIECE_BYTES))).await?;
    }
    writer.finish_delivered().await;
    Ok(())
}

/// Waits until a program has ended, and says meanwhile if it does not.
async fn watch_end(target: Arc<dyn Target>, request: RequestId, report: mpsc::Sender<Report>) {
    let began = Instant::now();
    let mut is_late = false;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let ending = match (target.has_ended(), began.elapsed() >= END_WITHIN) {
            (true, _) => Ending::Ended,
            (false, true) if !std::mem::replace(&mut is_late, true) => Ending::Runs,
            _ => continue,
        };
        // Fails only when the session is over.
        let _ = report.send(Report::Machine(MachineReport::Ending(request, ending))).await;
        if ending == Ending::Ended {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_late_word_of_the_page_before_takes_nothing_from_the_page_that_is_read_now() {
        let mut giving = Giving::default();
        let begin = |giving: &mut Giving| {
            let number = giving.next(Topic::Processes);
            let task = tokio::spawn(std::future::pending::<()>());
            giving.tasks.insert(Topic::Processes, (number, task.abort_handle()));
            (number, task)
        };
        let (first, first_task) = begin(&mut giving);
        let (second, second_task) = begin(&mut giving);
        assert!(first_task.await.unwrap_err().is_cancelled());
        assert!(!giving.over(Topic::Processes, first), "it has nothing to say any more");
        giving.stop();
        assert!(second_task.await.unwrap_err().is_cancelled(), "the new one stops with the grant");
        assert!(!giving.over(Topic::Processes, second));
        let (third, _task) = begin(&mut giving);
        assert!(giving.over(Topic::Processes, third) && !giving.over(Topic::Processes, third));
    }
}
