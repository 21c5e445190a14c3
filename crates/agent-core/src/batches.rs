//! Batches of files: what the console lists or wants, where that is on this machine, and the tasks that move it.

use crate::files::named_path;
use channel::Channel;
use consent::{FetchFile, Lease, SendFile};
use proto::files::{BatchItem, BatchWish, FolderHead};
use proto::limits::BATCH_ENTRIES;
use proto::session::{StreamKind, TransferFailure, TransferId};
use session::{
    Batch, BatchNews, Conflict, FolderList, Gate, Landing, Priority, Reader, StreamError, list_folder, open_stream,
    path_text, read_batch_list, read_list, receive_batch, send_batch, send_list, told_why, walk, wishes_fit,
};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// How long walking through the folders of a batch may take.
const WALK_WITHIN: Duration = Duration::from_secs(60);
/// How long the list of a folder may take.
const LIST_WITHIN: Duration = Duration::from_secs(15);
/// Names of a batch that the person can look at before they answer.
const NAMES_SHOWN: usize = 200;
/// News of a batch that may wait.
const NEWS: usize = 64;

/// What the person is told of a batch before they answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Summary {
    /// Paths of the first files, safe to show.
    pub(crate) names: Arc<[String]>,
    pub(crate) files: u32,
    pub(crate) size_bytes: u64,
    /// Files that are there already.
    pub(crate) conflicts: u32,
    /// Where they go.
    pub(crate) folder: String,
}

/// A batch from the operator that can land.
#[derive(Debug)]
pub(crate) struct ReadyToLand {
    pub(crate) landing: Result<Landing, TransferFailure>,
    pub(crate) folder: PathBuf,
    pub(crate) summary: Summary,
}

/// A batch for the operator that can leave.
#[derive(Debug)]
pub(crate) struct ReadyToLeave {
    pub(crate) batch: Result<Arc<Batch>, TransferFailure>,
    pub(crate) summary: Summary,
}

fn safe(path: &str) -> String {
    proto::Text::<{ proto::limits::PATH_BYTES }>::truncated(path).shown()
}

fn summary<'a>(entries: impl Iterator<Item = &'a proto::files::BatchEntry> + Clone) -> Summary {
    let files = entries.filter(|entry| entry.item == BatchItem::File);
    let names = files.clone().take(NAMES_SHOWN).map(|entry| safe(entry.path.as_str())).collect();
    let (count, size_bytes) =
        files.fold((0, 0_u64), |(count, bytes), entry| (count + 1, bytes.saturating_add(entry.size_bytes)));
    Summary { names, files: count, size_bytes, ..Summary::default() }
}

/// Ends what a thread does when nobody waits for it any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads the list of what the operator sends, and looks where it goes. `None` if there is no list.
pub(crate) async fn prepare_landing(
    list: oneshot::Receiver<Reader>,
    (home, downloads, named): (PathBuf, PathBuf, String),
    keeps_parts: Arc<AtomicBool>,
) -> Option<ReadyToLand> {
    let mut reader = list.await.ok()?;
    let entries = read_batch_list(&mut reader).await.ok()?;
    let mut summary = summary(entries.iter());
    let (folder, is_named) = if named.is_empty() { (downloads, false) } else { (named_path(&home, &named), true) };
    summary.folder = safe(&folder.display().to_string());
    let looking = tokio::task::spawn_blocking(move || {
        let found = std::fs::canonicalize(&folder).map_err(|error| session::storage_failure(&error))?;
        if is_named && is_protected(&home, &found) {
            return Err(TransferFailure::Protected);
        }
        Landing::look(&found, entries, keeps_parts).map(|landing| (landing, found))
    });
    let looked = tokio::time::timeout(LIST_WITHIN, looking).await;
    let looked = looked.map_or(Err(TransferFailure::Storage), |looked| looked.unwrap_or(Err(TransferFailure::Storage)));
    let (landing, folder) = match looked {
        Ok((landing, folder)) => (Ok(landing), folder),
        Err(failure) => (Err(failure), PathBuf::new()),
    };
    if let Ok(landing) = &landing {
        summary.conflicts = landing.conflicts().count;
        summary.folder = safe(&folder.display().to_string());
    }
    Some(ReadyToLand { landing, folder, summary })
}

/// Whether a folder of the person's home holds settings, or programs that start by themselves: nothing is put there, so
/// that no file outlasts the session as more than a file.
fn is_protected(home: &Path, folder: &Path) -> bool {
    let home = std::fs::canonicalize(home).unwrap_or_else(|_| home.to_owned());
    let Ok(below) = folder.strip_prefix(&home) else { return false };
    below.components().any(|part| match part {
        Component::Normal(name) => {
            let name = name.to_string_lossy();
            name.starts_with('.') || name.eq_ignore_ascii_case("AppData") || name.eq_ignore_ascii_case("Library")
        }
        _ => false,
    })
}

/// Reads what the operator wants, and walks through it. `None` if there is no list.
pub(crate) async fn prepare_leaving(list: oneshot::Receiver<Reader>, home: PathBuf) -> Option<ReadyToLeave> {
    let mut reader = list.await.ok()?;
    let wanted = read_batch_list(&mut reader).await.ok()?;
    let paths: Vec<PathBuf> = wanted.iter().map(|entry| named_path(&home, entry.path.as_str())).collect();
    let stop = StopOnDrop(Arc::default());
    let is_stopped = Arc::clone(&stop.0);
    let walking = tokio::task::spawn_blocking(move || walk(&paths, || !is_stopped.load(Ordering::Relaxed)));
    let walked = tokio::time::timeout(WALK_WITHIN, walking).await;
    let batch = walked.map_or(Err(TransferFailure::Storage), |walked| walked.unwrap_or(Err(TransferFailure::Storage)));
    let batch = match batch {
        // What nobody can have is told as what a single file would be told as.
        Ok(batch) if batch.entries.iter().all(|entry| matches!(entry.item, BatchItem::Left(_))) => {
            match batch.entries.first().map(|entry| entry.item) {
                Some(BatchItem::Left(failure)) => Err(failure),
                _ => Err(TransferFailure::NotFound),
            }
        }
        batch => batch,
    };
    let summary = batch.as_ref().map(|batch| summary(batch.entries.iter())).unwrap_or_default();
    Some(ReadyToLeave { batch: batch.map(Arc::new), summary })
}

/// How a batch goes on.
#[derive(Debug)]
pub(crate) enum BatchEvent {
    News(BatchNews),
    Over(Result<(), TransferFailure>),
}

/// Brings the news of some work to the session until the work is over.
async fn reporting<F: Future<Output = Result<(), TransferFailure>>>(
    transfer: TransferId,
    events: mpsc::Sender<(TransferId, BatchEvent)>,
    work: impl FnOnce(mpsc::Sender<BatchNews>) -> F,
) {
    let (news, mut told) = mpsc::channel(NEWS);
    let work = work(news);
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            biased;
            Some(news) = told.recv() => drop(events.send((transfer, BatchEvent::News(news))).await),
            result = &mut work => break result,
        }
    };
    while let Ok(news) = told.try_recv() {
        drop(events.send((transfer, BatchEvent::News(news))).await);
    }
    // Fails only when the session is over.
    let _ = events.send((transfer, BatchEvent::Over(result))).await;
}

/// Where a batch goes, and by which gate.
pub(crate) struct Way {
    pub(crate) transfer: TransferId,
    pub(crate) channel: Channel,
    pub(crate) stream: oneshot::Receiver<Reader>,
    pub(crate) gate: Gate,
    pub(crate) events: mpsc::Sender<(TransferId, BatchEvent)>,
}

/// Receives a batch under its grant; one batch at a time, so that no two write the same partial file.
pub(crate) async fn land(
    lease: Lease<SendFile>,
    way: Way,
    mut landing: Landing,
    conflict: Conflict,
    turn: Arc<Semaphore>,
) {
    let Way { transfer, channel, stream, mut gate, events } = way;
    reporting(transfer, events, |news| async move {
        let _turn = tokio::select! {
            turn = turn.acquire() => turn.map_err(|_| TransferFailure::Cancelled)?,
            () = gate.until_stopped() => return Err(TransferFailure::Cancelled),
        };
        let planning = tokio::task::spawn_blocking(move || {
            let (wishes, nowhere) = landing.plan(conflict);
            (landing, wishes, nowhere)
        });
        let (mut landing, wishes, nowhere) = planning.await.map_err(|_| TransferFailure::Storage)?;
        for (index, failure) in nowhere {
            let _ = news.send(BatchNews::Failed { index, failure }).await;
        }
        let gone = |_: StreamError| TransferFailure::Cancelled;
        let kind = StreamKind::BatchPlan { transfer };
        let mut plan = open_stream(&channel, kind, Priority::File).await.map_err(gone)?;
        send_list(&mut plan, wishes.iter().copied(), || lease.is_live()).await.map_err(gone)?;
        let mut reader = tokio::select! {
            stream = stream => stream.map_err(|_| TransferFailure::Cancelled)?,
            () = gate.until_stopped() => return Err(TransferFailure::Cancelled),
        };
        receive_batch(&mut reader, &mut landing, &wishes, gate, move || lease.is_live(), &news).await
    })
    .await;
}

/// Gives a batch under its grant; `whole` hears of each file before the last of it leaves.
pub(crate) async fn leave(
    lease: Lease<FetchFile>,
    way: Way,
    batch: Arc<Batch>,
    whole: impl Fn(u32, [u8; 32]) + Send + Sync,
) {
    let Way { transfer, channel, stream, gate, events } = way;
    reporting(transfer, events, |news| async move {
        let gone = |_: StreamError| TransferFailure::Cancelled;
        let kind = StreamKind::BatchList { transfer };
        let mut list = open_stream(&channel, kind, Priority::File).await.map_err(gone)?;
        send_list(&mut list, batch.entries.iter().cloned(), || lease.is_live()).await.map_err(gone)?;
        let mut plan = stream.await.map_err(|_| TransferFailure::Cancelled)?;
        let wishes = read_list::<BatchWish>(&mut plan, BATCH_ENTRIES).await.map_err(gone)?;
        if !wishes_fit(&batch.entries, &wishes) {
            return Err(TransferFailure::Corrupted);
        }
        let kind = StreamKind::Batch { transfer };
        let mut writer = open_stream(&channel, kind, Priority::File).await.map_err(gone)?;
        let allowed = (|| lease.is_live(), whole);
        let sent = send_batch(&mut writer, &batch, &wishes, gate.clone(), allowed, &news).await;
        if sent.is_err() && lease.is_live() && !gate.is_stopped() {
            told_why().await;
        }
        sent
    })
    .await;
}

/// Lists a folder that the operator named.
pub(crate) async fn list(home: PathBuf, named: String) -> Result<FolderList, TransferFailure> {
    let path = if named.is_empty() { home } else { named_path(&home, &named) };
    let listing = tokio::task::spawn_blocking(move || list_folder(&path));
    let listed = tokio::time::timeout(LIST_WITHIN, listing).await;
    let list = listed.map_or(Err(TransferFailure::Storage), |list| list.unwrap_or(Err(TransferFailure::Storage)))?;
    if path_text(&list.path).is_none() { Err(TransferFailure::BadName) } else { Ok(list) }
}

/// Gives the list of a folder to the console, for as long as the grant stands.
pub(crate) async fn give_list(
    lease: Lease<FetchFile>,
    channel: Channel,
    listing: u32,
    list: FolderList,
) -> Result<(), StreamError> {
    let path = path_text(&list.path).ok_or(StreamError::TooLong)?;
    let parent = list.parent.as_deref().and_then(path_text);
    let mut writer = open_stream(&channel, StreamKind::Folder { listing }, Priority::Screen).await?;
    writer.message(&FolderHead { path, parent, left_out: list.left_out }).await?;
    send_list(&mut writer, list.entries, || lease.is_live()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_put_where_programs_start_by_themselves() {
        let home = Path::new("/home/anna");
        for folder in
            [".config/autostart", ".ssh", "work/.git/hooks", "AppData/Roaming/Microsoft", "Library/LaunchAgents"]
        {
            assert!(is_protected(home, &home.join(folder)), "{folder}");
        }
        for folder in ["Documents", "", "work/a.b"] {
            assert!(!is_protected(home, &home.join(folder)), "{folder}");
        }
        assert!(!is_protected(home, Path::new("/media/stick/.x")), "another disk starts nothing");
    }
}
