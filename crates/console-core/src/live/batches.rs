//! Folders on both sides, and batches of files, on the console.

mod steering;

use super::{Flow, Live};
use crate::batches::{self, BatchEvent, Events, Way};
use crate::tasks::Event;
use crate::view::{FilesView, FolderView, PowerState, TransferState};
use proto::files::{BatchItem, FolderEntry, FolderHead};
use proto::session::{
    ConsoleToAgent, Decision, EndReason, FileName, PathText, Request, StreamKind, TransferFailure, TransferId,
};
use session::{Batch, BatchNews, Conflict, FolderList, Gate, Motion, Reader, list_folder};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::AbortHandle;

/// What a batch tells.
type Told = (TransferId, BatchEvent);

/// Events of batches that may wait.
const EVENTS: usize = 64;

/// A stream that a task waits for.
struct Slot(Option<oneshot::Sender<Reader>>);

impl Slot {
    fn fill(&mut self, mut reader: Reader) {
        match self.0.take() {
            Some(put) => drop(put.send(reader)),
            None => reader.stop(),
        }
    }
}

/// One batch, until it is over.
struct Ongoing {
    incoming: bool,
    /// The folder of the client's machine that receives (files that go).
    into: String,
    list: Slot,
    content: Slot,
    choose: Option<oneshot::Sender<Conflict>>,
    motion: watch::Sender<Motion>,
    gate: Gate,
    keeps_parts: Arc<AtomicBool>,
    task: Option<AbortHandle>,
    /// Files that do not arrive, each counted once whichever end said so first.
    failed: BTreeSet<u32>,
    /// Digests of what came.
    found: Vec<[u8; 32]>,
    /// Whether this end has all of it, and whether the agent says that everything moved.
    is_done_here: bool,
    is_done_there: bool,
}

/// Folders that are looked at, and batches.
pub(super) struct FileDesk {
    view: Arc<FilesView>,
    batches: BTreeMap<TransferId, Ongoing>,
    /// What came of batches that were given up, by its digests.
    left: Vec<(TransferId, Vec<[u8; 32]>)>,
    last_listing: u32,
    /// The listing that is waited for, and the task that reads it.
    awaited: Option<(u32, Option<AbortHandle>)>,
    /// The folder of the client's machine that the operator wants to see.
    wanted: Option<String>,
    /// The same of this machine, and how many were looked at: only the last counts.
    wanted_local: Option<PathBuf>,
    last_local: u32,
    sends: Arc<Semaphore>,
    fetches: Arc<Semaphore>,
    pub(super) events: (mpsc::Sender<Told>, mpsc::Receiver<Told>),
}

impl Default for FileDesk {
    fn default() -> Self {
        Self {
            view: Arc::default(),
            batches: BTreeMap::new(),
            left: Vec::new(),
            last_listing: 0,
            awaited: None,
            wanted: None,
            wanted_local: None,
            last_local: 0,
            sends: Arc::new(Semaphore::new(1)),
            fetches: Arc::new(Semaphore::new(1)),
            events: mpsc::channel(EVENTS),
        }
    }
}

impl FileDesk {
    /// What the window shows of it.
    pub(super) fn view(&self) -> Arc<FilesView> {
        Arc::clone(&self.view)
    }

    fn change(&mut self) -> &mut FilesView {
        Arc::make_mut(&mut self.view)
    }

    pub(super) fn browse(&self) -> PowerState {
        self.view.browse
    }

    pub(super) fn set_browse(&mut self, state: PowerState) {
        self.change().browse = state;
    }

    pub(super) fn has_batch(&self, transfer: TransferId) -> bool {
        self.batches.contains_key(&transfer)
    }

    /// Takes a batch away before both ends have said that it is whole; what came of it is looked for in the log later.
    fn give_up(&mut self, transfer: TransferId) -> Option<Ongoing> {
        let mut batch = self.batches.remove(&transfer)?;
        self.left.push((transfer, std::mem::take(&mut batch.found)));
        Some(batch)
    }

    /// A file had come before its batch was given up.
    fn keep_found(&mut self, transfer: TransferId, event: &BatchEvent) {
        if let BatchEvent::News(BatchNews::Whole { digest, .. }) = event {
            self.left.push((transfer, vec![*digest]));
        }
    }
}

impl Live<'_> {
    /// The operator wants to see a folder of the client's machine; the person is asked first, if they were not yet.
    pub(super) fn browse(&mut self, path: String) -> Flow {
        self.files.wanted = Some(path);
        match self.files.browse() {
            PowerState::Granted => self.list_wanted(),
            PowerState::Asked => Flow::Continue(()),
            PowerState::Off | PowerState::Refused(_) | PowerState::Revoked | PowerState::Over(_) => {
                self.files.set_browse(PowerState::Asked);
                self.ask(Request::Browse)
            }
        }
    }

    fn list_wanted(&mut self) -> Flow {
        let Ok(path) = PathText::new(self.files.wanted.clone().unwrap_or_default()) else {
            self.want_what_is_shown();
            self.files.change().remote_failure = Some(TransferFailure::BadName);
            return Flow::Continue(());
        };
        self.files.last_listing += 1;
        let listing = self.files.last_listing;
        if let Some((_, Some(before))) = self.files.awaited.replace((listing, None)) {
            before.abort();
        }
        let view = self.files.change();
        (view.is_loading, view.remote_failure) = (true, None);
        self.tell(ConsoleToAgent::ListFolder { listing, path })
    }

    pub(super) fn browse_decided(&mut self, state: PowerState) -> Flow {
        self.files.set_browse(state);
        if state == PowerState::Granted { self.list_wanted() } else { Flow::Continue(()) }
    }

    /// Nothing of the folders is shown any longer than the person wants.
    pub(super) fn browse_gone(&mut self, state: PowerState) {
        if let Some((_, Some(task))) = self.files.awaited.take() {
            task.abort();
        }
        let view = self.files.change();
        (view.browse, view.remote, view.is_loading, view.remote_failure) = (state, None, false, None);
    }

    /// The list of a folder begins to come.
    pub(super) fn receive_folder(&mut self, listing: u32, mut reader: Reader) {
        let Some((_, task @ None)) = self.files.awaited.as_mut().filter(|(awaited, _)| *awaited == listing) else {
            return reader.stop();
        };
        let report = self.events.0.clone();
        let reading = self.tasks.spawn(async move {
            let event = match batches::receive_folder(reader).await {
                Ok((head, entries)) => Event::Folder(listing, head, entries),
                Err(error @ session::StreamError::Peer(_)) => Event::Broken(error),
                Err(_) => return,
            };
            // Fails only when the session is over.
            let _ = report.send(event).await;
        });
        *task = Some(reading);
    }

    pub(super) fn folder_here(&mut self, listing: u32, head: FolderHead, entries: Vec<FolderEntry>) {
        if self.files.awaited.take_if(|(awaited, _)| *awaited == listing).is_none() {
            return;
        }
        let parent = head.parent.map(|parent| parent.as_str().to_owned());
        let path = head.path.as_str().to_owned();
        self.files.wanted = Some(path.clone());
        let view = self.files.change();
        view.remote = Some(Arc::new(FolderView { path, parent, entries, left_out: head.left_out }));
        view.is_loading = false;
    }

    pub(super) fn no_folder(&mut self, listing: u32, failure: TransferFailure) {
        if self.files.awaited.take_if(|(awaited, _)| *awaited == listing).is_some() {
            self.want_what_is_shown();
            let view = self.files.change();
            (view.is_loading, view.remote_failure) = (false, Some(failure));
        }
    }

    /// After a folder that cannot be shown, the one that is shown is the one to look at anew.
    fn want_what_is_shown(&mut self) {
        self.files.wanted = self.files.view.remote.as_ref().map(|remote| remote.path.clone());
    }

    /// The operator wants to see a folder of this machine.
    pub(super) fn list_local(&mut self, path: PathBuf) {
        self.files.last_local += 1;
        self.files.wanted_local = Some(path.clone());
        let (listing, report) = (self.files.last_local, self.events.0.clone());
        self.tasks.spawn(async move {
            let list = tokio::task::spawn_blocking(move || list_folder(&path)).await;
            let list = list.unwrap_or(Err(TransferFailure::Storage));
            // Fails only when the session is over.
            let _ = report.send(Event::LocalFolder(listing, list)).await;
        });
    }

    pub(super) fn local_here(&mut self, listing: u32, list: Result<FolderList, TransferFailure>) {
        if listing != self.files.last_local {
            // The operator has gone on to another folder.
            return;
        }
        if list.is_err() {
            self.files.wanted_local = self.files.view.local.as_ref().map(|local| PathBuf::from(&local.path));
        }
        let view = self.files.change();
        match list {
            Ok(FolderList { path, parent, entries, left_out }) => {
                let parent = parent.map(|parent| parent.display().to_string());
                let path = path.display().to_string();
                view.local = Some(Arc::new(FolderView { path, parent, entries, left_out }));
                view.local_failure = None;
            }
            Err(failure) => view.local_failure = Some(failure),
        }
    }

    /// Shows anew what a batch has changed.
    fn look_again(&mut self, incoming: bool) -> Flow {
        if incoming {
            if let Some(local) = self.files.wanted_local.clone() {
                self.list_local(local);
            }
        } else if self.files.browse() == PowerState::Granted && self.files.view.remote.is_some() {
            return self.list_wanted();
        }
        Flow::Continue(())
    }

    /// Sends files and folders into a folder of the client's machine; the one for downloads if it is empty.
    pub(super) fn send_files(&mut self, paths: Vec<PathBuf>, into: String) {
        let Some(first) = paths.first() else { return };
        let name = first.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let files = u32::try_from(paths.len()).unwrap_or(u32::MAX);
        let transfer = self.new_transfer(&name, false, files);
        self.set_state(transfer, TransferState::Preparing);
        let task = self.tasks.spawn(batches::walk_through(paths, self.batch_events(transfer)));
        let batch = Ongoing { task: Some(task), ..ongoing(false, into).0 };
        self.files.batches.insert(transfer, batch);
    }

    fn batch_events(&self, transfer: TransferId) -> Events {
        Events(transfer, self.files.events.0.clone())
    }

    fn walked(&mut self, transfer: TransferId, batch: Result<Batch, TransferFailure>) -> Flow {
        // The person is not asked about what cannot leave at all.
        let batch = batch.and_then(|batch| nothing_leaves(&batch).map_or(Ok(batch), Err));
        let batch = match batch {
            Ok(batch) => Arc::new(batch),
            Err(failure) => {
                self.files.batches.remove(&transfer);
                self.transfer_over(transfer, Err(failure));
                return Flow::Continue(());
            }
        };
        let (Some(before), Some(view)) = (self.files.batches.remove(&transfer), self.transfers.get_mut(&transfer))
        else {
            return Flow::Continue(());
        };
        let items = view.files;
        (view.files, view.size_bytes) = batch.totals();
        view.items = batches::items(&batch.entries);
        view.state = TransferState::Asked;
        let title = FileName::truncated(&view.name);
        let Ok(folder) = PathText::new(before.into.clone()) else {
            self.transfer_over(transfer, Err(TransferFailure::BadName));
            return Flow::Continue(());
        };
        self.ask(Request::SendBatch { transfer, title, items, folder })?;
        let Some(request) = self.requests.get(&transfer).copied() else { return Flow::Continue(()) };
        let digests = self.ledger.witness.sent(request);
        let (mut batch_here, way) = ongoing(false, before.into);
        let way = way.to(transfer, self, false);
        batch_here.task = Some(self.tasks.spawn(batches::send(way, batch, digests)));
        self.files.batches.insert(transfer, batch_here);
        Flow::Continue(())
    }

    /// Asks for files and folders of the client's machine.
    pub(super) fn fetch_files(&mut self, paths: &[String], into: PathBuf) -> Flow {
        let Some(first) = paths.first() else { return Flow::Continue(()) };
        let name = first.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let items = u32::try_from(paths.len()).unwrap_or(u32::MAX);
        let transfer = self.new_transfer(&name, true, items);
        let wanted: Result<Vec<PathText>, _> = paths.iter().map(PathText::new).collect();
        let (Ok(wanted), Ok(title)) = (wanted, PathText::new(first)) else {
            self.transfer_over(transfer, Err(TransferFailure::BadName));
            return Flow::Continue(());
        };
        self.ask(Request::FetchBatch { transfer, title, items })?;
        let (mut batch, way) = ongoing(true, String::new());
        let (choose, choice) = oneshot::channel();
        batch.choose = Some(choose);
        let way = way.to(transfer, self, true);
        let book = self.record.as_ref().map(|(records, id)| records.book(id));
        // Nothing stays that nobody remembers.
        batch.keeps_parts.store(book.is_some(), Ordering::Relaxed);
        let keeping = (Arc::clone(&batch.keeps_parts), book);
        let places = (wanted, into, self.config.home.clone());
        batch.task = Some(self.tasks.spawn(batches::fetch(way, places, choice, keeping)));
        self.files.batches.insert(transfer, batch);
        Flow::Continue(())
    }

    /// The person has answered about a batch.
    pub(super) fn batch_decided(&mut self, transfer: TransferId, decision: Decision) {
        if decision == Decision::Granted {
            // What follows from the yes is on other streams, and may be here before it.
            if self.transfers.get(&transfer).is_some_and(|view| view.state == TransferState::Asked) {
                self.set_state(transfer, TransferState::Queued);
            }
        } else if let Some(batch) = self.files.batches.remove(&transfer) {
            batch.task.inspect(AbortHandle::abort);
        }
    }

    fn set_state(&mut self, transfer: TransferId, state: TransferState) {
        if let Some(view) = self.transfers.get_mut(&transfer).filter(|view| !view.state.is_over()) {
            view.state = state;
        }
    }

    /// A stream of a batch comes.
    pub(super) fn batch_stream(&mut self, transfer: TransferId, kind: StreamKind, mut reader: Reader) {
        match (self.files.batches.get_mut(&transfer), kind) {
            (Some(batch), StreamKind::BatchList { .. }) if batch.incoming => batch.list.fill(reader),
            (Some(batch), StreamKind::Batch { .. }) if batch.incoming => batch.content.fill(reader),
            (Some(batch), StreamKind::BatchPlan { .. }) if !batch.incoming => batch.content.fill(reader),
            _ => reader.stop(),
        }
    }

    pub(super) fn handle_batch(&mut self, (transfer, event): Told) -> Flow {
        if !self.files.has_batch(transfer) {
            self.files.keep_found(transfer, &event);
            return Flow::Continue(());
        }
        match event {
            BatchEvent::Walked(batch) => return self.walked(transfer, batch),
            BatchEvent::Listed { items, files, size_bytes, conflicts } => {
                if let Some(view) = self.transfers.get_mut(&transfer) {
                    (view.files, view.size_bytes) = (files, size_bytes);
                    view.items = items;
                    view.conflicts = conflicts.names.into();
                }
                if conflicts.count > 0 {
                    self.set_state(transfer, TransferState::Conflicts(conflicts.count));
                }
            }
            BatchEvent::Turn { files, size_bytes } => {
                if let Some(view) = self.transfers.get_mut(&transfer) {
                    (view.files, view.size_bytes) = (files, size_bytes);
                }
                self.set_state(transfer, TransferState::Running);
            }
            BatchEvent::News(news) => return self.batch_news(transfer, news),
            BatchEvent::Over(Ok(())) => {
                if let Some(batch) = self.files.batches.get_mut(&transfer) {
                    batch.is_done_here = true;
                }
                return self.batch_done(transfer);
            }
            BatchEvent::Over(Err(failure)) => {
                let incoming = self.files.give_up(transfer).is_some_and(|batch| batch.incoming);
                self.transfer_over(transfer, Err(failure));
                self.tell(ConsoleToAgent::FileFailed { transfer, failure })?;
                return self.look_again(incoming);
            }
            BatchEvent::Broken(error) => {
                tracing::warn!(%error, "the agent broke the protocol");
                return Flow::Break(EndReason::ProtocolViolation);
            }
        }
        Flow::Continue(())
    }

    fn batch_news(&mut self, transfer: TransferId, news: BatchNews) -> Flow {
        let Some(view) = self.transfers.get_mut(&transfer) else { return Flow::Continue(()) };
        let Some(batch) = self.files.batches.get_mut(&transfer) else { return Flow::Continue(()) };
        match news {
            BatchNews::Progress { done_bytes, index } => {
                view.done_bytes = done_bytes.min(view.size_bytes);
                let item = usize::try_from(index).ok().and_then(|index| view.items.get(index));
                view.now = item.map(|item| item.name.clone());
                view.at = Some(index);
            }
            BatchNews::Whole { index, digest, saved_to } => {
                view.done_files += 1;
                if batch.incoming {
                    batch.found.push(digest);
                    let is_alone = view.files == 1;
                    let folder = saved_to.as_deref().and_then(Path::parent).map(Path::to_owned);
                    view.saved_to = if is_alone { saved_to } else { view.saved_to.take().or(folder) };
                }
                self.item_arrived(transfer, index);
            }
            BatchNews::Failed { index, failure } => {
                let incoming = batch.incoming;
                let is_news = self.item_failed(transfer, index, failure);
                // What is sent from here says so itself, in its place between the files.
                if incoming && is_news {
                    return self.tell(ConsoleToAgent::ItemFailed { transfer, index, failure });
                }
            }
        }
        Flow::Continue(())
    }

    /// The agent says that everything has moved.
    pub(super) fn batch_over(&mut self, transfer: TransferId, done: u32) -> Flow {
        let Some(batch) = self.files.batches.get_mut(&transfer) else { return Flow::Continue(()) };
        if self.transfers.get(&transfer).is_some_and(|view| view.state == TransferState::Asked) {
            tracing::warn!("the agent says that files have moved before they were allowed");
            return Flow::Break(EndReason::ProtocolViolation);
        }
        batch.is_done_there = true;
        if !batch.incoming {
            batch.is_done_here = true;
            if let Some(view) = self.transfers.get_mut(&transfer) {
                view.done_files = done.min(view.files);
                // The agent names only the first of many that fail.
                let missing = view.files - view.done_files;
                view.failed_files = view.failed_files.max(missing);
            }
        }
        self.batch_done(transfer)
    }

    /// Everything is where it belongs once both ends say so.
    fn batch_done(&mut self, transfer: TransferId) -> Flow {
        let is_done = |batch: &&Ongoing| batch.is_done_here && batch.is_done_there;
        if self.files.batches.get(&transfer).filter(is_done).is_none() {
            return Flow::Continue(());
        }
        let Some(batch) = self.files.batches.remove(&transfer) else { return Flow::Continue(()) };
        if batch.incoming && self.count_not_in_log(transfer, &batch.found) > 0 {
            tracing::warn!("the agent's log is not one: it lacks files that came");
            return Flow::Break(EndReason::ProtocolViolation);
        }
        let saved_to = self.transfers.get(&transfer).and_then(|view| view.saved_to.clone());
        self.transfer_over(transfer, Ok(saved_to));
        self.look_again(batch.incoming)
    }

    /// The agent gives a batch up: somebody there wants no more of it, so nothing of it stays.
    pub(super) fn batch_failed(&mut self, transfer: TransferId) {
        if let Some(batch) = self.files.give_up(transfer) {
            batch.keeps_parts.store(false, Ordering::Relaxed);
            batch.task.inspect(AbortHandle::abort);
        }
    }

    /// Notes how many files of a fetch do not stand in the log, by their digests, and gives that.
    fn count_not_in_log(&mut self, transfer: TransferId, found: &[[u8; 32]]) -> u32 {
        let (Some(request), Some(view)) = (self.requests.get(&transfer), self.transfers.get_mut(&transfer)) else {
            return 0;
        };
        let missing = self.ledger.witness.not_in_log(*request, found);
        view.not_in_log = view.not_in_log.saturating_add(missing);
        missing
    }

    /// The session is over, and its log is closed: of each fetch that was not whole, how many of the files that came
    /// do not stand there. Its end may have come before the log said so; or the agent says nothing of them.
    pub(super) fn close_fetches(&mut self) {
        while let Ok((transfer, event)) = self.files.events.1.try_recv() {
            self.files.keep_found(transfer, &event);
        }
        for transfer in self.files.batches.keys().copied().collect::<Vec<_>>() {
            self.files.give_up(transfer);
        }
        for (transfer, found) in std::mem::take(&mut self.files.left) {
            if self.transfers.get(&transfer).is_some_and(|view| view.incoming) {
                self.count_not_in_log(transfer, &found);
            }
        }
    }
}

/// Why nothing of a batch can be sent, if that is so: the reason of the first thing that was chosen.
fn nothing_leaves(batch: &Batch) -> Option<TransferFailure> {
    if batch.entries.iter().any(|entry| !matches!(entry.item, BatchItem::Left(_))) {
        return None;
    }
    batch.entries.first().map(|entry| match entry.item {
        BatchItem::Left(failure) => failure,
        _ => TransferFailure::NotFound,
    })
}

/// The ends of a batch that its task has.
struct Ends {
    list: oneshot::Receiver<Reader>,
    content: oneshot::Receiver<Reader>,
    gate: Gate,
}

impl Ends {
    fn to(self, transfer: TransferId, live: &Live<'_>, incoming: bool) -> Way {
        let turn = Arc::clone(if incoming { &live.files.fetches } else { &live.files.sends });
        let Self { list, content, gate } = self;
        Way { transfer, channel: live.channel.clone(), list, content, gate, turn, events: live.batch_events(transfer) }
    }
}

fn ongoing(incoming: bool, into: String) -> (Ongoing, Ends) {
    let ((put_list, list), (put_content, content)) = (oneshot::channel(), oneshot::channel());
    let (motion, gate) = Gate::new();
    let batch = Ongoing {
        incoming,
        into,
        list: Slot(Some(put_list)),
        content: Slot(Some(put_content)),
        choose: None,
        motion,
        gate: gate.clone(),
        // What came of a file stays when the session is lost: the next one can go on with it.
        keeps_parts: Arc::new(AtomicBool::new(true)),
        task: None,
        failed: BTreeSet::new(),
        found: Vec::new(),
        is_done_here: false,
        is_done_there: false,
    };
    (batch, Ends { list, content, gate })
}
