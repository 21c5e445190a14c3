//! Folders that the operator looks at, and batches of files, on the agent.

mod listing;

use super::{Flow, Live, Report};
use crate::batches::{self, BatchEvent, ReadyToLand, ReadyToLeave, Way};
use crate::files::Prepared;
use crate::view::{TransferState, TransferView};
use audit_log::{Direction, Event, FilesList};
use consent::Scope;
use proto::limits::{FILE_NAME_BYTES, PATH_BYTES};
use proto::session::{AgentToConsole, Capability, Request, RequestId, StreamKind, TransferFailure, TransferId};
use proto::text::Text;
use session::{Batch, BatchNews, Conflict, Gate, Motion, Reader, SMALL_BYTES};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use transfer::PartName;

/// What a batch tells.
type Told = (TransferId, BatchEvent);

/// Events of batches that may wait.
const EVENTS: usize = 64;
/// Lists that may be here before the questions that they belong to.
const MOST_EARLY: usize = 16;
/// Batches that may be asked for or move at the same time; each has lists of a few megabytes.
const MOST_BATCHES: usize = 8;
/// Files of one batch whose failure is told one by one.
const FAILURES_TOLD: u32 = 100;

/// Looking through the folders is granted without a transfer.
pub(super) const BROWSE: Scope = Scope { capability: Capability::FetchFile, transfer: None };

/// Files whose last byte was given to the channel, until they are written down.
type Left = Arc<Mutex<Vec<(u32, [u8; 32])>>>;

/// A stream that a task waits for.
#[derive(Default)]
struct Slot {
    put: Option<oneshot::Sender<Reader>>,
    take: Option<oneshot::Receiver<Reader>>,
}

impl Slot {
    fn new() -> Self {
        let (put, take) = oneshot::channel();
        Self { put: Some(put), take: Some(take) }
    }

    fn fill(&mut self, mut reader: Reader) {
        match self.put.take() {
            Some(put) => drop(put.send(reader)),
            None => reader.stop(),
        }
    }
}

/// One batch, from its question on.
struct Ongoing {
    request: RequestId,
    incoming: bool,
    /// What the person chose about files that are there already.
    conflict: Conflict,
    list: Slot,
    content: Slot,
    motion: watch::Sender<Motion>,
    gate: Gate,
    keeps_parts: Arc<AtomicBool>,
    preparing: AbortHandle,
    moving: Option<AbortHandle>,
    /// Name and size of each entry.
    entries: Vec<(String, u64)>,
    left: Left,
    /// What has moved and is not written down yet.
    unwritten: FilesList,
    /// Each reason is written down once.
    failures: BTreeSet<TransferFailure>,
    /// Files that do not arrive, each counted once whichever end said so first.
    failed: BTreeSet<u32>,
    failures_told: u32,
    /// The large file that moves now.
    at: Option<u32>,
}

impl Ongoing {
    /// Name and size of an entry.
    fn entry(&self, index: u32) -> Option<(&String, &u64)> {
        let entry = usize::try_from(index).ok().and_then(|at| self.entries.get(at))?;
        Some((&entry.0, &entry.1))
    }

    /// Whether this is news: a file of the list that was not known to fail.
    fn fails(&mut self, index: u32) -> bool {
        usize::try_from(index).is_ok_and(|at| at < self.entries.len()) && self.failed.insert(index)
    }
}

/// Batches, and folders that are looked at.
pub(super) struct FileDesk {
    batches: BTreeMap<TransferId, Ongoing>,
    early: Vec<(TransferId, Reader)>,
    listing: BTreeMap<u32, AbortHandle>,
    seen: BTreeSet<String>,
    turn: Arc<Semaphore>,
    pub(super) events: (mpsc::Sender<Told>, mpsc::Receiver<Told>),
}

impl Default for FileDesk {
    fn default() -> Self {
        Self {
            batches: BTreeMap::new(),
            early: Vec::new(),
            listing: BTreeMap::new(),
            seen: BTreeSet::new(),
            turn: Arc::new(Semaphore::new(1)),
            events: mpsc::channel(EVENTS),
        }
    }
}

impl FileDesk {
    pub(super) fn is_full(&self) -> bool {
        self.batches.len() >= MOST_BATCHES
    }

    pub(super) fn knows(&self, transfer: TransferId) -> bool {
        self.batches.contains_key(&transfer)
    }

    /// What the person chose about files that are there already.
    pub(super) fn conflict(&self, transfer: TransferId) -> Conflict {
        self.batches.get(&transfer).map(|batch| batch.conflict).unwrap_or_default()
    }
}

impl Live<'_> {
    /// A question about a batch is put: its list is read meanwhile.
    pub(super) fn prepare_batch(&mut self, id: RequestId, what: &Request) {
        let Some(transfer) = what.batch() else { return };
        let (mut list, keeps_parts) = (Slot::new(), Arc::new(AtomicBool::new(true)));
        let Some(reader) = list.take.take() else { return };
        let (platform, report) = (&self.config.platform, self.events.0.clone());
        let home = platform.home.clone();
        let (incoming, preparing) = match what {
            Request::SendBatch { title, items, folder, .. } => {
                let places = (home, platform.downloads.clone(), folder.as_str().to_owned());
                let asked = (title.clone(), *items);
                let landing = batches::prepare_landing(reader, asked, places, Arc::clone(&keeps_parts));
                let preparing = self.tasks.spawn(async move {
                    let ready = landing.await;
                    let _ = report.send(Report::Looked(id, Prepared::Land { transfer, ready })).await;
                });
                (true, preparing)
            }
            Request::FetchBatch { title, items, .. } => {
                let leaving = batches::prepare_leaving(reader, (title.clone(), *items), home);
                let preparing = self.tasks.spawn(async move {
                    let ready = leaving.await;
                    let _ = report.send(Report::Looked(id, Prepared::Leave { transfer, ready })).await;
                });
                (false, preparing)
            }
            _ => return,
        };
        let (motion, gate) = Gate::new();
        let ongoing = Ongoing {
            request: id,
            incoming,
            conflict: Conflict::default(),
            list,
            content: Slot::new(),
            motion,
            gate,
            keeps_parts,
            preparing,
            moving: None,
            entries: Vec::new(),
            left: Arc::default(),
            unwritten: FilesList::default(),
            failures: BTreeSet::new(),
            failed: BTreeSet::new(),
            failures_told: 0,
            at: None,
        };
        self.files.batches.insert(transfer, ongoing);
        let parked = std::mem::take(&mut self.files.early).into_iter();
        let (early, rest): (Vec<_>, Vec<_>) = parked.partition(|(of, _)| *of == transfer);
        self.files.early = rest;
        if let Some(batch) = self.files.batches.get_mut(&transfer) {
            early.into_iter().for_each(|(_, reader)| batch.list.fill(reader));
        }
    }

    /// Nothing comes of a batch that was not granted.
    pub(super) fn drop_batch(&mut self, transfer: TransferId) {
        if let Some(batch) = self.files.batches.remove(&transfer) {
            batch.preparing.abort();
        }
    }

    /// A stream of a batch: content and wishes come only once the batch is granted, its list may come before the question.
    pub(super) fn batch_stream(&mut self, transfer: TransferId, kind: StreamKind, mut reader: Reader) -> Flow {
        let power = match kind {
            StreamKind::BatchPlan { .. } => Capability::FetchFile,
            StreamKind::BatchList { .. } if self.profile.allows(Capability::FetchFile) => Capability::FetchFile,
            _ => Capability::SendFile,
        };
        if !self.profile.allows(power) {
            reader.stop();
            return self.not_allowed(power);
        }
        let is_granted = self.consent.is_granted(Scope { capability: power, transfer: Some(transfer) });
        // Of a batch that was granted a stream may come after its end.
        let was_granted = self.transfers.contains_key(&transfer);
        match (self.files.batches.get_mut(&transfer), kind) {
            (Some(batch), StreamKind::BatchList { .. }) => batch.list.fill(reader),
            (Some(batch), StreamKind::Batch { .. }) if batch.incoming && is_granted => batch.content.fill(reader),
            (Some(batch), StreamKind::BatchPlan { .. }) if !batch.incoming && is_granted => batch.content.fill(reader),
            // The question is on another stream.
            (None, StreamKind::BatchList { .. }) if !was_granted => {
                if self.files.early.len() >= MOST_EARLY {
                    self.files.early.remove(0).1.stop();
                }
                self.files.early.push((transfer, reader));
            }
            _ => {
                reader.stop();
                return if was_granted { Flow::Continue(()) } else { self.not_allowed(power) };
            }
        }
        Flow::Continue(())
    }

    pub(super) fn choose_conflict(&mut self, request: RequestId, conflict: Conflict) {
        if let Some(batch) = self.files.batches.values_mut().find(|batch| batch.request == request) {
            batch.conflict = conflict;
        }
    }

    /// The person said yes to a batch from the operator.
    pub(super) fn land(&mut self, transfer: TransferId, ready: Option<ReadyToLand>) -> Flow {
        let failed = match ready {
            Some(ReadyToLand { landing: Ok(landing), folder, summary }) => {
                // Whatever is not whole at the end goes with the program.
                self.config.platform.removal.unfinished_in(&folder, PartName::is_part);
                let name = |entry: &proto::files::BatchEntry| {
                    (Text::<PATH_BYTES>::truncated(entry.path.as_str()).shown(), entry.size_bytes)
                };
                let entries = landing.entries().iter().map(name).collect();
                let saved_to = Some(folder.display().to_string());
                let name = landing.entries().first().map_or("", |entry| entry.path.as_str());
                if !self.begin_batch(transfer, (name, &summary), true, entries, saved_to) {
                    return Flow::Continue(());
                }
                let lease = self.consent.lease::<consent::SendFile>(Some(transfer));
                let turn = Arc::clone(&self.files.turn);
                let (Some(lease), Some((way, conflict))) = (lease, self.way(transfer)) else {
                    return Flow::Continue(());
                };
                self.tasks.spawn(batches::land(lease, way, landing, conflict, turn));
                return Flow::Continue(());
            }
            Some(ReadyToLand { landing: Err(failure), .. }) => failure,
            None => TransferFailure::Cancelled,
        };
        self.batch_impossible(transfer, failed)
    }

    /// The person said yes to a batch for the operator.
    pub(super) fn leave(&mut self, transfer: TransferId, ready: Option<ReadyToLeave>) -> Flow {
        let failed = match ready {
            Some(ReadyToLeave { batch: Ok(batch), summary }) => {
                let entries = entries_of(&batch);
                let name = batch.entries.first().map_or("", |entry| entry.path.as_str());
                if !self.begin_batch(transfer, (name, &summary), false, entries, None) {
                    return Flow::Continue(());
                }
                let lease = self.consent.lease::<consent::FetchFile>(Some(transfer));
                let left = self.files.batches.get(&transfer).map(|batch| Arc::clone(&batch.left));
                let (Some(lease), Some((way, _)), Some(left)) = (lease, self.way(transfer), left) else {
                    return Flow::Continue(());
                };
                let whole = move |index, digest| lock(&left).push((index, digest));
                let task = self.tasks.spawn(batches::leave(lease, way, batch, whole));
                if let Some(batch) = self.files.batches.get_mut(&transfer) {
                    batch.moving = Some(task);
                }
                return Flow::Continue(());
            }
            Some(ReadyToLeave { batch: Err(failure), .. }) => failure,
            None => TransferFailure::Cancelled,
        };
        self.batch_impossible(transfer, failed)
    }

    /// It was granted, and cannot be done.
    fn batch_impossible(&mut self, transfer: TransferId, failure: TransferFailure) -> Flow {
        for capability in [Capability::SendFile, Capability::FetchFile] {
            self.consent.use_over(Scope { capability, transfer: Some(transfer) });
        }
        let Some(batch) = self.files.batches.remove(&transfer) else { return Flow::Continue(()) };
        let request = batch.request.0;
        self.note(Event::FileFailed { request, failure, moved_bytes: 0 })?;
        self.tell(AgentToConsole::FileFailed { transfer, failure })
    }

    fn begin_batch(
        &mut self,
        transfer: TransferId,
        (name, summary): (&str, &batches::Summary),
        incoming: bool,
        entries: Vec<(String, u64)>,
        saved_to: Option<String>,
    ) -> bool {
        let Some(batch) = self.files.batches.get_mut(&transfer) else { return false };
        batch.entries = entries;
        let name = name.split('/').next().unwrap_or_default();
        let view = TransferView {
            id: transfer,
            name: Text::<FILE_NAME_BYTES>::truncated(name).shown(),
            incoming,
            size_bytes: summary.size_bytes,
            done_bytes: 0,
            files: summary.files,
            done_files: 0,
            failed_files: 0,
            is_held: false,
            state: TransferState::Running,
            saved_to,
            cut_off: None,
        };
        self.transfers.insert(transfer, view);
        true
    }

    fn way(&mut self, transfer: TransferId) -> Option<(Way, Conflict)> {
        let batch = self.files.batches.get_mut(&transfer)?;
        let (stream, gate) = (batch.content.take.take()?, batch.gate.clone());
        let events = self.files.events.0.clone();
        Some((Way { transfer, channel: self.channel.clone(), stream, gate, events }, batch.conflict))
    }

    pub(super) fn handle_batch(&mut self, (transfer, event): Told) -> Flow {
        match event {
            BatchEvent::News(BatchNews::Progress { done_bytes, index }) => {
                if let Some(batch) = self.files.batches.get_mut(&transfer) {
                    batch.at = batch.entry(index).filter(|(_, size_bytes)| **size_bytes > SMALL_BYTES).map(|_| index);
                }
                if let Some(view) = self.transfers.get_mut(&transfer) {
                    view.done_bytes = done_bytes;
                }
                Flow::Continue(())
            }
            BatchEvent::News(BatchNews::Whole { index, digest, saved_to }) => {
                let Some(batch) = self.files.batches.get_mut(&transfer) else { return Flow::Continue(()) };
                if batch.incoming {
                    lock(&batch.left).push((index, digest));
                }
                batch.at.take_if(|at| *at == index);
                let is_alone = batch.entries.len() == 1;
                if let Some(view) = self.transfers.get_mut(&transfer) {
                    view.done_files += 1;
                    if let Some(path) = saved_to.filter(|_| is_alone) {
                        view.saved_to = Some(path.display().to_string());
                    }
                }
                self.write_files(transfer, false)
            }
            BatchEvent::News(BatchNews::Failed { index, failure }) => self.item_failed(transfer, index, failure),
            BatchEvent::Over(result) => self.batch_over(transfer, result),
        }
    }

    fn item_failed(&mut self, transfer: TransferId, index: u32, failure: TransferFailure) -> Flow {
        let Some(batch) = self.files.batches.get_mut(&transfer) else { return Flow::Continue(()) };
        batch.at.take_if(|at| *at == index);
        if batch.fails(index)
            && let Some(view) = self.transfers.get_mut(&transfer)
        {
            view.failed_files = view.failed_files.saturating_add(1);
        }
        let request = batch.request.0;
        let is_new = batch.failures.insert(failure);
        batch.failures_told += 1;
        // What is sent from here says so itself, in its place between the files.
        let is_told = batch.incoming && batch.failures_told <= FAILURES_TOLD;
        if is_new {
            self.note(Event::FileFailed { request, failure, moved_bytes: 0 })?;
        }
        if is_told { self.tell(AgentToConsole::ItemFailed { transfer, index, failure }) } else { Flow::Continue(()) }
    }

    /// Writes down what has moved: all of it, or as soon as it fills an entry.
    fn write_files(&mut self, transfer: TransferId, all: bool) -> Flow {
        let Some(batch) = self.files.batches.get_mut(&transfer) else { return Flow::Continue(()) };
        let left = std::mem::take(&mut *lock(&batch.left));
        let direction = if batch.incoming { Direction::ToClient } else { Direction::ToOperator };
        let request = batch.request.0;
        let mut full = Vec::new();
        for (index, digest) in left {
            let entry = usize::try_from(index).ok().and_then(|index| batch.entries.get(index));
            let (name, size_bytes) = entry.map_or(("", 0), |(name, size_bytes)| (name.as_str(), *size_bytes));
            batch.unwritten.add(name, size_bytes, digest);
            if batch.unwritten.is_full() {
                full.push(std::mem::take(&mut batch.unwritten));
            }
        }
        if all && !batch.unwritten.is_empty() {
            full.push(std::mem::take(&mut batch.unwritten));
        }
        for list in full {
            let (files, size_bytes) = list.totals();
            self.note_with_text(list.as_str(), |list| Event::Files { request, direction, list, files, size_bytes })?;
        }
        Flow::Continue(())
    }

    fn batch_over(&mut self, transfer: TransferId, result: Result<(), TransferFailure>) -> Flow {
        if !self.files.batches.contains_key(&transfer) {
            return Flow::Continue(());
        }
        self.write_files(transfer, true)?;
        for capability in [Capability::SendFile, Capability::FetchFile] {
            self.consent.use_over(Scope { capability, transfer: Some(transfer) });
        }
        let Some(batch) = self.files.batches.remove(&transfer) else { return Flow::Continue(()) };
        let Some(view) = self.transfers.get_mut(&transfer) else { return Flow::Continue(()) };
        let (request, moved_bytes, done) = (batch.request.0, view.done_bytes, view.done_files);
        match result {
            Ok(()) => {
                if view.failed_files == 0 {
                    view.done_bytes = view.size_bytes;
                }
                view.state = TransferState::Done;
                self.tell(AgentToConsole::BatchOver { transfer, done })
            }
            Err(failure) => {
                view.state = TransferState::Failed(failure);
                // What comes here is nowhere any more if it is not to be gone on with.
                if !batch.incoming || batch.keeps_parts.load(Ordering::Relaxed) {
                    let (name, _) = batch.at.and_then(|at| batch.entry(at)).unzip();
                    view.cut_off = name.map(|name| Text::<FILE_NAME_BYTES>::truncated(name_in(name)).shown());
                }
                self.note(Event::FileFailed { request, failure, moved_bytes })?;
                self.tell(AgentToConsole::FileFailed { transfer, failure })
            }
        }
    }

    /// Nothing more of this batch moves: its grant is over, or somebody wants no more of it. What it has left on the
    /// disk stays only where the other end may send it again.
    pub(super) fn stop_batch(&mut self, transfer: TransferId, keeps_parts: bool, why: TransferFailure) -> Flow {
        let Some(batch) = self.files.batches.get_mut(&transfer) else { return Flow::Continue(()) };
        if !self.transfers.contains_key(&transfer) {
            // An earlier yes granted it, and the disk is still being looked at.
            batch.preparing.abort();
            return self.batch_impossible(transfer, why);
        }
        batch.keeps_parts.store(keeps_parts, Ordering::Relaxed);
        batch.motion.send_replace(Motion::Stopped);
        let Some(task) = batch.moving.take() else {
            // What comes here ends by itself, so that what is whole by now is told.
            return Flow::Continue(());
        };
        task.abort();
        self.batch_over(transfer, Err(why))
    }

    /// The console holds a batch, or lets it go on.
    pub(super) fn hold_batch(&mut self, transfer: TransferId, held: bool) {
        let Some(batch) = self.files.batches.get(&transfer) else { return };
        batch.motion.send_if_modified(|motion| {
            let next = if held { Motion::Held } else { Motion::Moves };
            let changes = *motion != Motion::Stopped && *motion != next;
            if changes {
                *motion = next;
            }
            changes
        });
        if let Some(view) = self.transfers.get_mut(&transfer) {
            view.is_held = held;
        }
    }

    /// The console cannot keep, or does not want, one file of a batch: no more of it is sent.
    pub(super) fn console_lost_item(&mut self, transfer: TransferId, index: u32) {
        let Some(batch) = self.files.batches.get_mut(&transfer).filter(|batch| !batch.incoming) else { return };
        if !batch.fails(index) {
            return;
        }
        batch.gate.skip(index);
        if let Some(view) = self.transfers.get_mut(&transfer) {
            view.failed_files = view.failed_files.saturating_add(1);
        }
    }

    /// The person wants no more of this transfer; what was allowed for the session stays so.
    pub(super) fn stop_transfer(&mut self, transfer: TransferId) -> Flow {
        let is_running = |view: &TransferView| view.state == TransferState::Running;
        if !self.transfers.get(&transfer).is_some_and(is_running) {
            return Flow::Continue(());
        }
        self.stop_batch(transfer, false, TransferFailure::Cancelled)
    }

    /// The console wants no more of a batch. What has moved by then the task that moves it says, not the console.
    pub(super) fn console_gave_up(&mut self, transfer: TransferId, failure: TransferFailure) -> Flow {
        let stops = match self.transfers.get(&transfer) {
            Some(view) => view.state == TransferState::Running,
            // Granted by an earlier yes, and not begun yet.
            None => [Capability::SendFile, Capability::FetchFile]
                .into_iter()
                .any(|capability| self.consent.is_granted(Scope { capability, transfer: Some(transfer) })),
        };
        if !stops {
            return Flow::Continue(());
        }
        self.stop_batch(transfer, true, failure)
    }

    /// Every batch stands in the log before the session's end does.
    pub(super) fn close_batches(&mut self) {
        while let Ok(event) = self.files.events.1.try_recv() {
            // The log goes on to be written, whoever listens.
            let _ = self.handle_batch(event);
        }
        for transfer in self.files.batches.keys().copied().collect::<Vec<_>>() {
            let _ = self.batch_over(transfer, Err(TransferFailure::Cancelled));
        }
    }
}

/// What a file is called, without where it is.
fn name_in(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn entries_of(batch: &Batch) -> Vec<(String, u64)> {
    batches::names_of(batch).zip(batch.entries.iter().map(|entry| entry.size_bytes)).collect()
}

fn lock<T>(left: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    left.lock().unwrap_or_else(PoisonError::into_inner)
}
