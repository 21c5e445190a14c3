//! Batches of files: what the console lists or wants, where that is on this machine, and the tasks that move it.

use crate::files::named_path;
use channel::Channel;
use consent::{FetchFile, Lease, SendFile};
use proto::files::{BatchEntry, BatchItem, BatchWish, FolderHead};
use proto::limits::BATCH_ENTRIES;
use proto::session::{FileName, PathText, StreamKind, TransferFailure, TransferId};
use session::{
    Batch, BatchNews, Conflict, FolderList, Gate, Landing, Priority, Reader, StreamError, is_protected, list_folder,
    open_stream, path_text, read_batch_list, read_list, receive_batch, send_batch, send_list, told_why, totals,
    walk_apart, wishes_fit,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
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
    /// Paths of some files, programs first, safe to show.
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

/// What is said of these entries, each with the name that the person sees: programs first, since they should not hide
/// among two hundred pictures.
fn summary<'a>(entries: impl Iterator<Item = (String, &'a BatchEntry)>) -> Summary {
    let files = entries.filter(|(_, entry)| entry.item == BatchItem::File).map(|(name, _)| name);
    let (mut names, others): (Vec<String>, Vec<String>) = files.partition(|name| is_program(name));
    names.extend(others);
    names.truncate(NAMES_SHOWN);
    Summary { names: names.into(), ..Summary::default() }
}

/// Whether a double click on a file of this name runs it, on some system.
fn is_program(name: &str) -> bool {
    const PROGRAMS: [&str; 24] = [
        "app", "appimage", "bat", "cmd", "com", "command", "cpl", "deb", "desktop", "exe", "hta", "jar", "js", "lnk",
        "msi", "pkg", "ps1", "py", "reg", "rpm", "scr", "sh", "vbs", "wsf",
    ];
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    PROGRAMS.iter().any(|program| extension.eq_ignore_ascii_case(program))
}

/// Where the operator's words for it lead, without links but a last one, which is not followed.
fn source(home: &Path, named: &str) -> PathBuf {
    let named = named_path(home, named);
    let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match (named.parent(), named.file_name()) {
        (Some(parent), Some(name)) => whole(parent).join(name),
        _ => whole(&named),
    }
}

/// Whether a list begins with this title and has so many things beside each other: what the question and the log say.
fn is_as_asked(entries: &[BatchEntry], title: &FileName, items: u32) -> bool {
    let outermost = entries.iter().filter(|entry| !entry.path.as_str().contains('/'));
    let first = entries.first().map(|entry| FileName::truncated(entry.path.as_str()).shown());
    u32::try_from(outermost.count()) == Ok(items) && first == Some(title.shown())
}

/// Reads the list of what the operator sends, and looks where it goes. `None` if there is no list, or not the one that
/// was asked about.
pub(crate) async fn prepare_landing(
    list: oneshot::Receiver<Reader>,
    (title, items): (FileName, u32),
    (home, downloads, named): (PathBuf, PathBuf, String),
    keeps_parts: Arc<AtomicBool>,
) -> Option<ReadyToLand> {
    let mut reader = list.await.ok()?;
    let entries = read_batch_list(&mut reader).await.ok()?;
    if !is_as_asked(&entries, &title, items) {
        return None;
    }
    let (files, size_bytes) = totals(&entries);
    let named_by_path = entries.iter().map(|entry| (safe(entry.path.as_str()), entry));
    let mut summary = Summary { files, size_bytes, ..summary(named_by_path) };
    let (folder, is_named) = if named.is_empty() { (downloads, false) } else { (named_path(&home, &named), true) };
    summary.folder = safe(&folder.display().to_string());
    let looking = tokio::task::spawn_blocking(move || {
        let found = fs::canonicalize(&folder).map_err(|error| session::storage_failure(&error))?;
        if is_named && is_protected(&home, &found) {
            return Err(TransferFailure::Protected);
        }
        Landing::look(&found, Some(&home), entries, keeps_parts).map(|landing| (landing, found))
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

/// Reads what the operator wants, and walks through it. `None` if there is no list, or not the one that was asked about.
pub(crate) async fn prepare_leaving(
    list: oneshot::Receiver<Reader>,
    (title, items): (PathText, u32),
    home: PathBuf,
) -> Option<ReadyToLeave> {
    let mut reader = list.await.ok()?;
    let wanted = read_batch_list(&mut reader).await.ok()?;
    let is_as_asked = wanted.first().is_some_and(|first| first.path == title);
    if !is_as_asked || u32::try_from(wanted.len()) != Ok(items) {
        return None;
    }
    let walking = walk_apart(move || wanted.iter().map(|entry| source(&home, entry.path.as_str())).collect());
    let batch = tokio::time::timeout(WALK_WITHIN, walking).await.unwrap_or(Err(TransferFailure::Storage));
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
    let summary = batch.as_ref().map_or_else(|_| Summary::default(), leaving);
    Some(ReadyToLeave { batch: batch.map(Arc::new), summary })
}

/// What leaves is said with its whole path: names alone do not tell whose they are.
fn leaving(batch: &Batch) -> Summary {
    let (files, size_bytes) = batch.totals();
    let named_by_source = names_of(batch).zip(&batch.entries);
    Summary { files, size_bytes, ..summary(named_by_source) }
}

/// Where each entry of a batch is on this machine, safe to show.
pub(crate) fn names_of(batch: &Batch) -> impl Iterator<Item = String> {
    batch.sources.iter().map(|source| safe(&source.display().to_string()))
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
        receive_batch(&mut reader, &mut landing, &wishes, gate, lease, &news).await
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
    fn a_program_does_not_hide_behind_two_hundred_pictures() {
        let file = |path: &str| BatchEntry {
            path: PathText::truncated(path),
            item: BatchItem::File,
            size_bytes: 1,
            modified_s: 0,
        };
        let mut entries: Vec<_> = (0..300).map(|number| file(&format!("photos/{number}.jpg"))).collect();
        entries.push(file("photos/Holiday.SCR"));
        let names = summary(entries.iter().map(|entry| (safe(entry.path.as_str()), entry))).names;
        assert_eq!((names.len(), names[0].as_str()), (NAMES_SHOWN, "photos/Holiday.SCR"));
    }
}
