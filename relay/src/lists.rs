//! Revocation lists as files: read, watched while the relay runs, remembered over a new start.

use crate::hub::Event;
use crate::settings::{SettingsError, read, write};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

/// A revocation list that can be read; whose it is must still be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    /// DER.
    pub(crate) der: Arc<[u8]>,
    /// At least 1.
    pub(crate) number: u64,
}

/// Why a file is no list.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    #[error("it is longer than {} bytes", identity::CRL_BYTES)]
    TooLong,
    #[error("it is not a whole revocation list (DER) with a number")]
    NotAList,
}

impl List {
    pub(crate) fn open(path: &Path) -> Result<Self, ListError> {
        let mut der = Vec::new();
        File::open(path)?.take(identity::CRL_BYTES as u64 + 1).read_to_end(&mut der)?;
        if der.len() > identity::CRL_BYTES {
            return Err(ListError::TooLong);
        }
        let number = identity::crl_number(&der).filter(|number| *number > 0).ok_or(ListError::NotAList)?;
        Ok(Self { der: der.into(), number })
    }

    fn sha256(&self) -> [u8; 32] {
        digest(&SHA256, &self.der).as_ref().first_chunk().copied().unwrap_or_default()
    }
}

/// What tells that a file was written or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl From<Metadata> for Stamp {
    fn from(metadata: Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self { modified: metadata.modified().ok(), bytes: metadata.len(), inode }
    }
}

/// A file that is looked at again and again.
struct Watched {
    organisation: usize,
    path: PathBuf,
    seen: Option<Stamp>,
    refused: Arc<AtomicUsize>,
}

impl Watched {
    /// The file's list, if it is another file than at the last look. The stamp is taken first: what is
    /// written during the reading is read again at the next look.
    fn look(mut self) -> (Self, Option<List>) {
        let stamp = match fs::metadata(&self.path) {
            Ok(metadata) => Some(Stamp::from(metadata)),
            Err(error) => {
                if self.seen.is_some() {
                    tracing::warn!(file = %self.path.display(), %error, "the revocation list is gone; the last one stays");
                }
                None
            }
        };
        if self.seen == stamp {
            return (self, None);
        }
        self.seen = stamp;
        if self.seen.is_none() {
            return (self, None);
        }
        match List::open(&self.path) {
            Ok(list) => (self, Some(list)),
            Err(error) => {
                let file = self.path.display();
                tracing::warn!(%file, %error, "the revocation list cannot be used; the one before stays");
                self.refused.fetch_add(1, Ordering::Relaxed);
                (self, None)
            }
        }
    }
}

/// Tells of every list that is written to one of these files (of organisations by number), from the first
/// look on.
pub(crate) async fn watch_files(
    files: Vec<(usize, PathBuf)>,
    every: Duration,
    events: mpsc::Sender<Event>,
    refused: Arc<AtomicUsize>,
) {
    let mut files: Vec<Watched> = files
        .into_iter()
        .map(|(organisation, path)| Watched { organisation, path, seen: None, refused: refused.clone() })
        .collect();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !files.is_empty() {
        ticks.tick().await;
        // Only a look that panics loses its file.
        for file in std::mem::take(&mut files) {
            let Ok((file, list)) = spawn_blocking(move || file.look()).await else { continue };
            let organisation = file.organisation;
            files.push(file);
            if let Some(list) = list
                && events.send(Event::List(organisation, list)).await.is_err()
            {
                return;
            }
        }
    }
}

/// Since when the node goes by a list. Nothing about any person, so that it may be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    organisation: String,
    list: String,
    since_s: u64,
}

impl Record {
    pub(crate) fn new(root_sha256: &[u8; 32], list: &List, since_s: u64) -> Self {
        Self { organisation: hex(root_sha256), list: hex(&list.sha256()), since_s }
    }

    pub(crate) fn is_of(&self, root_sha256: &[u8; 32]) -> bool {
        self.organisation == hex(root_sha256)
    }

    /// Since when the node has gone by this very list; `None` if it did not.
    pub(crate) fn since(records: &[Self], root_sha256: &[u8; 32], list: &List) -> Option<u64> {
        let list = hex(&list.sha256());
        records.iter().find(|record| record.is_of(root_sha256) && record.list == list).map(|record| record.since_s)
    }

    /// Those in a file. One that is not readable costs the consoles of running sessions a new proof.
    pub(crate) fn open(path: &Path) -> Result<Vec<Self>, SettingsError> {
        Ok(read(path)?.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default())
    }
}

/// Writes records to their file.
pub(crate) async fn write_records(path: PathBuf, records: Vec<Record>) {
    let written = spawn_blocking(move || {
        let text = serde_json::to_vec(&records).unwrap_or_default();
        write(&path, &text, false)
    });
    if let Ok(Err(error)) = written.await {
        tracing::warn!(%error, "since when revocation lists hold cannot be kept");
    }
}

/// Writes the records whenever they change.
pub(crate) async fn keep_records(path: PathBuf, mut records: watch::Receiver<Vec<Record>>) {
    while records.changed().await.is_ok() {
        let newest = records.borrow_and_update().clone();
        write_records(path.clone(), newest).await;
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
