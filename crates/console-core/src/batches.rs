//! The tasks that move batches of files on the console, and that look into folders on both sides.

use crate::view::ItemView;
use crate::witness::Digests;
use channel::Channel;
use proto::files::{BatchEntry, BatchItem, BatchWish, FolderEntry, FolderHead};
use proto::limits::{BATCH_ENTRIES, FOLDER_ROWS};
use proto::session::{PathText, StreamKind, TransferFailure, TransferId};
use session::{
    Batch, BatchNews, Conflict, Conflicts, Gate, Landing, Own, PartBook, Priority, Reader, StreamError, keep_wanted,
    open_stream, read_batch_list, read_list, receive_batch, send_batch, send_list, told_why, totals, walk_apart,
    wishes_fit,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// News of a batch that may wait.
const NEWS: usize = 64;

/// How a batch goes on.
pub(crate) enum BatchEvent {
    /// What is to be sent was walked through.
    Walked(Result<Batch, TransferFailure>),
    /// The agent's list is here, and what of it is in the folder already.
    Listed {
        items: Arc<[ItemView]>,
        files: u32,
        size_bytes: u64,
        conflicts: Conflicts,
    },
    /// It is its turn; so much of it moves.
    Turn {
        files: u32,
        size_bytes: u64,
    },
    News(BatchNews),
    Over(Result<(), TransferFailure>),
    Broken(StreamError),
}

/// Where a batch goes, and by which gate.
pub(crate) struct Way {
    pub(crate) transfer: TransferId,
    pub(crate) channel: Channel,
    /// The other end's list (files that come), and its plan or its files.
    pub(crate) list: oneshot::Receiver<Reader>,
    pub(crate) content: oneshot::Receiver<Reader>,
    pub(crate) gate: Gate,
    /// Batches of one direction move one after the other.
    pub(crate) turn: Arc<Semaphore>,
    pub(crate) events: Events,
}

/// Where a batch reports.
#[derive(Clone)]
pub(crate) struct Events(pub(crate) TransferId, pub(crate) mpsc::Sender<(TransferId, BatchEvent)>);

impl Events {
    async fn tell(&self, event: BatchEvent) {
        // Fails only when the session is over.
        let _ = self.1.send((self.0, event)).await;
    }
}

/// Walks through what is to be sent.
pub(crate) async fn walk_through(paths: Vec<PathBuf>, events: Events) {
    let walked = walk_apart(move || paths).await;
    events.tell(BatchEvent::Walked(walked)).await;
}

/// Why a task of a batch ends early.
enum Stop {
    Failure(TransferFailure),
    Stream(StreamError),
}

impl From<TransferFailure> for Stop {
    fn from(failure: TransferFailure) -> Self {
        Self::Failure(failure)
    }
}

impl From<StreamError> for Stop {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Gone | StreamError::TooLong => Self::Failure(TransferFailure::Cancelled),
            StreamError::Peer(_) => Self::Stream(error),
        }
    }
}

impl From<oneshot::error::RecvError> for Stop {
    fn from(_: oneshot::error::RecvError) -> Self {
        Self::Failure(TransferFailure::Cancelled)
    }
}

/// Does some work and brings its news to the session until it is over.
async fn reporting<F: Future<Output = Result<(), Stop>>>(
    events: Events,
    work: impl FnOnce(mpsc::Sender<BatchNews>) -> F,
) {
    let (news, mut told) = mpsc::channel(NEWS);
    let work = work(news);
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            biased;
            Some(news) = told.recv() => events.tell(BatchEvent::News(news)).await,
            result = &mut work => break result,
        }
    };
    while let Ok(news) = told.try_recv() {
        events.tell(BatchEvent::News(news)).await;
    }
    events
        .tell(match result {
            Ok(()) => BatchEvent::Over(Ok(())),
            Err(Stop::Failure(failure)) => BatchEvent::Over(Err(failure)),
            Err(Stop::Stream(error)) => BatchEvent::Broken(error),
        })
        .await;
}

/// Sends a batch: its list at once, its files once the agent says which of them it wants.
pub(crate) async fn send(way: Way, batch: Arc<Batch>, digests: Digests) {
    let Way { transfer, channel, content, gate, turn, events, .. } = way;
    let report = events.clone();
    reporting(events, |news| async move {
        let kind = StreamKind::BatchList { transfer };
        let mut list = open_stream(&channel, kind, Priority::File).await?;
        send_list(&mut list, batch.entries.iter().cloned(), || true).await?;
        let mut plan = content.await?;
        let wishes = read_list::<BatchWish>(&mut plan, BATCH_ENTRIES).await?;
        if !wishes_fit(&batch.entries, &wishes) {
            return Err(StreamError::Peer("a wish for what is not there").into());
        }
        let _turn = turn.acquire().await.map_err(|_| TransferFailure::Cancelled)?;
        let (files, size_bytes) = wished(&batch.entries, &wishes);
        report.tell(BatchEvent::Turn { files, size_bytes }).await;
        let kind = StreamKind::Batch { transfer };
        let mut writer = open_stream(&channel, kind, Priority::File).await?;
        let whole = (|| true, move |_, digest| digests.add(digest));
        let sent = send_batch(&mut writer, &batch, &wishes, gate, whole, &news).await;
        if sent.is_err() {
            told_why().await;
        }
        Ok(sent?)
    })
    .await;
}

/// What a list has, as the operator sees it.
pub(crate) fn items(entries: &[BatchEntry]) -> Arc<[ItemView]> {
    let item = |entry: &BatchEntry| ItemView {
        name: entry.path.shown(),
        size_bytes: entry.size_bytes,
        is_file: entry.item == BatchItem::File,
    };
    entries.iter().map(item).collect()
}

/// How many files are wished, and how many bytes they have.
fn wished(entries: &[BatchEntry], wishes: &[BatchWish]) -> (u32, u64) {
    let sizes = wishes.iter().filter_map(|wish| entries.get(usize::try_from(wish.index).ok()?));
    sizes.fold((0, 0), |(count, bytes), entry| (count + 1, bytes.saturating_add(entry.size_bytes)))
}

/// Fetches a batch into a folder: says what is wanted, takes the agent's list, and then its files.
pub(crate) async fn fetch(
    way: Way,
    (wanted, into, home): (Vec<PathText>, PathBuf, Option<PathBuf>),
    choice: oneshot::Receiver<Conflict>,
    (keeps_parts, book): (Arc<AtomicBool>, Option<Arc<dyn PartBook>>),
) {
    let Way { transfer, channel, list, content, gate, turn, events } = way;
    let report = events.clone();
    reporting(events, |news| async move {
        let kind = StreamKind::BatchList { transfer };
        let mut wishes = open_stream(&channel, kind, Priority::File).await?;
        let entry = |path| BatchEntry { path, item: BatchItem::Wanted, size_bytes: 0, modified_s: 0 };
        send_list(&mut wishes, wanted.iter().cloned().map(entry), || true).await?;
        let mut list = list.await?;
        let mut entries = read_batch_list(&mut list).await?;
        keep_wanted(&mut entries, &wanted);
        let (files, size_bytes) = totals(&entries);
        let items = items(&entries);
        let looking = tokio::task::spawn_blocking(move || Landing::look(&into, home.as_deref(), entries, keeps_parts));
        let landing = looking.await.map_err(|_| TransferFailure::Storage)??;
        let mut landing = landing.forgetting_what_is_given_up().remembering(book);
        let conflicts = landing.conflicts();
        let are_there = conflicts.count > 0;
        report.tell(BatchEvent::Listed { items, files, size_bytes, conflicts }).await;
        let conflict = if are_there { choice.await? } else { Conflict::KeepBoth };
        let _turn = turn.acquire().await.map_err(|_| TransferFailure::Cancelled)?;
        let planning = tokio::task::spawn_blocking(move || {
            let (wishes, nowhere) = landing.plan(conflict);
            (landing, wishes, nowhere)
        });
        let (mut landing, wishes, nowhere) = planning.await.map_err(|_| TransferFailure::Storage)?;
        let (files, size_bytes) = wished(landing.entries(), &wishes);
        report.tell(BatchEvent::Turn { files, size_bytes }).await;
        for (index, failure) in nowhere {
            let _ = news.send(BatchNews::Failed { index, failure }).await;
        }
        let kind = StreamKind::BatchPlan { transfer };
        let mut plan = open_stream(&channel, kind, Priority::File).await?;
        send_list(&mut plan, wishes.iter().copied(), || true).await?;
        let mut reader = content.await?;
        Ok(receive_batch(&mut reader, &mut landing, &wishes, gate, Own, &news).await?)
    })
    .await;
}

/// Reads the list of a folder.
pub(crate) async fn receive_folder(mut reader: Reader) -> Result<(FolderHead, Vec<FolderEntry>), StreamError> {
    let head = reader.message::<FolderHead>().await?.ok_or(StreamError::Peer("an empty list of a folder"))?;
    Ok((head, read_list(&mut reader, FOLDER_ROWS).await?))
}
