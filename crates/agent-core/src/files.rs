//! Files that the operator asked to send or to fetch: what is asked, and the tasks that move them.

use crate::batches::{ReadyToLand, ReadyToLeave};
use channel::Channel;
use consent::{FetchFile, Lease, SendFile};
use proto::session::{Capability, StreamKind, TransferFailure, TransferId};
use session::{Priority, Reader, open_file, open_stream, receive_file, send_file, throttled, told_why};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use transfer::SafeName;

/// A question about files, made ready so that a yes can be acted on at once.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// From the operator, into the downloads folder.
    Receive { transfer: TransferId, name: SafeName, size_bytes: u64 },
    /// To the operator. Whether there is such a file is told to nobody before a yes.
    Give { transfer: TransferId, path: PathBuf, name: String, size_bytes: Result<u64, TransferFailure> },
    /// Several from the operator; nothing if their list never came.
    Land { transfer: TransferId, ready: Option<ReadyToLand> },
    /// Several for the operator; nothing if the list of what they want never came.
    Leave { transfer: TransferId, ready: Option<ReadyToLeave> },
}

impl Prepared {
    pub(crate) fn transfer(&self) -> TransferId {
        match self {
            Self::Receive { transfer, .. }
            | Self::Give { transfer, .. }
            | Self::Land { transfer, .. }
            | Self::Leave { transfer, .. } => *transfer,
        }
    }

    /// Whether the list of several files never came: then there is nothing to ask about.
    pub(crate) fn is_without_list(&self) -> bool {
        matches!(self, Self::Land { ready: None, .. } | Self::Leave { ready: None, .. })
    }

    /// The power that it takes.
    pub(crate) fn capability(&self) -> Capability {
        match self {
            Self::Receive { .. } | Self::Land { .. } => Capability::SendFile,
            Self::Give { .. } | Self::Leave { .. } => Capability::FetchFile,
        }
    }
}

/// A file system that does not answer for so long is treated as one that has no such file.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// Looks at the file that the operator named, to show the person its size.
pub(crate) async fn look(home: PathBuf, transfer: TransferId, named: String) -> Prepared {
    let named = named_path(&home, &named);
    let looked = tokio::time::timeout(LOOK_WITHIN, async {
        // What is shown is what is opened: no links, no way round about.
        let path = tokio::fs::canonicalize(&named).await.map_err(|error| session::storage_failure(&error))?;
        let size_bytes = session::sendable(&path).await?;
        Ok((path, size_bytes))
    });
    let looked = looked.await.unwrap_or(Err(TransferFailure::NotFound));
    let (path, size_bytes) = match looked {
        Ok((path, size_bytes)) => (path, Ok(size_bytes)),
        Err(failure) => (named, Err(failure)),
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Prepared::Give { transfer, path, name, size_bytes }
}

/// How a transfer goes on.
#[derive(Debug)]
pub(crate) enum TransferEvent {
    Progress {
        transfer: TransferId,
        done_bytes: u64,
    },
    /// A file from the operator is whole under its final name.
    Done {
        transfer: TransferId,
        saved_to: PathBuf,
        digest: [u8; 32],
    },
    /// A file has gone to the operator, who has not said yet that it is right.
    Given {
        transfer: TransferId,
        digest: [u8; 32],
    },
    Failed {
        transfer: TransferId,
        failure: TransferFailure,
    },
}

/// The path that an operator named, to the letter: relative ones, and those below `~`, begin in the person's home.
pub(crate) fn named_path(home: &Path, named: &str) -> PathBuf {
    match named.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(below) if below.starts_with('/') => home.join(below.trim_start_matches('/')),
        _ => home.join(named),
    }
}

/// Receives one file under its own grant.
pub(crate) async fn receive(
    lease: Lease<SendFile>,
    mut reader: Reader,
    (transfer, name, size_bytes): (TransferId, SafeName, u64),
    folder: PathBuf,
    events: mpsc::Sender<TransferEvent>,
) {
    let progress = progress(transfer, events.clone());
    let received = receive_file(&mut reader, (transfer, &name, size_bytes), &folder, lease, progress).await;
    let event = match received {
        Ok((path, digest)) => TransferEvent::Done { transfer, saved_to: path, digest },
        Err(failure) => TransferEvent::Failed { transfer, failure },
    };
    // Fails only when the session is over.
    let _ = events.send(event).await;
}

/// Gives one file under its own grant; `moved` counts the bytes that the channel has.
pub(crate) async fn give(
    lease: Lease<FetchFile>,
    channel: Channel,
    (transfer, path, size_bytes): (TransferId, PathBuf, u64),
    moved: Arc<AtomicU64>,
    events: mpsc::Sender<TransferEvent>,
) {
    let mut shown = progress(transfer, events.clone());
    let progress = |done_bytes| {
        moved.store(done_bytes, Ordering::Relaxed);
        shown(done_bytes);
    };
    let given = async {
        let file = open_file(&path).await?;
        let kind = StreamKind::File { transfer };
        let stream = open_stream(&channel, kind, Priority::File).await;
        let mut writer = stream.map_err(|_| TransferFailure::Cancelled)?;
        let sent = send_file(&mut writer, file, size_bytes, || lease.is_live(), progress).await;
        if sent == Err(TransferFailure::Cancelled) && lease.is_live() {
            told_why().await;
        }
        sent
    };
    let given = given.await;
    // Success is only known when the console says that the digest is right.
    let event = match given {
        Ok(digest) => TransferEvent::Given { transfer, digest },
        Err(failure) => TransferEvent::Failed { transfer, failure },
    };
    let _ = events.send(event).await;
}

fn progress(transfer: TransferId, events: mpsc::Sender<TransferEvent>) -> impl FnMut(u64) {
    throttled(move |done_bytes| {
        // Progress that finds no room is replaced by the next.
        let _ = events.try_send(TransferEvent::Progress { transfer, done_bytes });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_path_is_taken_to_the_letter_and_begins_at_home() {
        let home = Path::new("/home/anna");
        for (named, expected) in [
            ("", "/home/anna/"),
            ("~", "/home/anna"),
            ("~/", "/home/anna/"),
            ("~//etc", "/home/anna/etc"),
            ("~/a b.txt", "/home/anna/a b.txt"),
            ("~old", "/home/anna/~old"),
            ("notes", "/home/anna/notes"),
            ("/srv/ends with a blank ", "/srv/ends with a blank "),
        ] {
            assert_eq!(named_path(home, named).as_os_str(), expected, "{named}");
        }
    }
}
