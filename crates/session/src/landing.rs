//! Receiving a batch: where its files go, what is there already, and how each gets its name only when it is whole.
//!
//! Whatever the list says, nothing lands outside the chosen folder: every name is made safe, and no folder on the way
//! may be a link. A file that is on its way is a partial file in the chosen folder itself.

use crate::allowance::Allowance;
use crate::batch::{BatchNews, Gate, SMALL_BYTES, Teller};
use crate::files::{place, remove_part, storage_failure};
use crate::part::{self, Part, open_part};
use crate::protected::is_protected_in;
use crate::stream::{Reader, StreamError};
use proto::files::{BatchEntry, BatchItem, BatchPart, BatchWish};
use proto::limits::FILE_BLOCK_BYTES;
use proto::session::{TransferFailure, TransferId};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use transfer::{FileReceiver, PartName, RelativePath};

/// Small files that are written to the disk at the same time.
const WRITTEN_AT_ONCE: usize = 8;

/// What is done about files that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Conflict {
    /// Both stay: the new one gets a number.
    #[default]
    KeepBoth,
    /// The new one takes the place of the old.
    Replace,
    /// The old one stays, the new one does not come.
    Skip,
}

/// Where one entry of the list goes.
#[derive(Debug, Clone)]
enum Place {
    /// With whether what an earlier try has left of it may be gone on with.
    File {
        path: RelativePath,
        is_taken: bool,
        resumes: bool,
    },
    Folder(RelativePath),
    Nowhere(TransferFailure),
}

/// The folder that receives a batch, and where in it everything goes.
pub struct Landing {
    root: PathBuf,
    entries: Vec<BatchEntry>,
    places: Vec<Place>,
    conflict: Conflict,
    /// What is left of an earlier try, hashed up to its end, and the file that has it.
    begun: BTreeMap<u32, (FileReceiver, fs::File)>,
    keeps_parts: Arc<AtomicBool>,
    keeps_given_up: bool,
}

impl std::fmt::Debug for Landing {
    /// No names: debug output ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Landing({} entries)", self.entries.len())
    }
}

impl std::fmt::Debug for Conflicts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Conflicts({})", self.count)
    }
}

/// What of a batch is there already.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Conflicts {
    /// How many files.
    pub count: u32,
    /// The first of them, as paths below the folder.
    pub names: Vec<String>,
}

/// So many names of conflicts are told.
const NAMES_TOLD: usize = 20;
/// So many files that were begun are gone on with: each stays open until its turn. One cut batch leaves one.
const MOST_BEGUN: usize = 64;

impl Landing {
    /// Looks where everything of this list goes in this folder. The list leads into no protected folder of
    /// `home` ([`crate::is_protected`]), unless the folder that was chosen is in one itself. While
    /// `keeps_parts` is true, what has come of a file stays when the batch is cut short, so that the next try can go on
    /// with it. Waits for the disk.
    ///
    /// # Errors
    /// [`TransferFailure`] of the folder.
    pub fn look(
        folder: &Path,
        home: Option<&Path>,
        entries: Vec<BatchEntry>,
        keeps_parts: Arc<AtomicBool>,
    ) -> Result<Self, TransferFailure> {
        let root = fs::canonicalize(folder).map_err(|error| storage_failure(&error))?;
        if !root.is_dir() {
            return Err(TransferFailure::NotAFile);
        }
        let home = home.and_then(|home| fs::canonicalize(home).ok()).filter(|home| !is_protected_in(home, &root));
        let is_protected =
            |path: &RelativePath| home.as_ref().is_some_and(|home| is_protected_in(home, &below(&root, path)));
        // A list may name one file more than once, but no two write the same partial file.
        let mut resumed = BTreeSet::new();
        let place_of = |entry: &BatchEntry| match (entry.item, RelativePath::parse(entry.path.as_str())) {
            (BatchItem::Left(failure), _) => Place::Nowhere(failure),
            (BatchItem::Wanted, _) | (_, Err(_)) => Place::Nowhere(TransferFailure::BadName),
            (BatchItem::File | BatchItem::Folder, Ok(path)) if is_protected(&path) => {
                Place::Nowhere(TransferFailure::Protected)
            }
            (BatchItem::Folder, Ok(path)) => Place::Folder(path),
            (BatchItem::File, Ok(path)) => {
                let is_taken = fs::symlink_metadata(below(&root, &path)).is_ok();
                let is_large = entry.size_bytes > SMALL_BYTES;
                let resumes = is_large && resumed.insert((path.clone(), entry.size_bytes, entry.modified_s));
                Place::File { path, is_taken, resumes }
            }
        };
        let places = entries.iter().map(place_of).collect();
        Ok(Self {
            root,
            entries,
            places,
            conflict: Conflict::default(),
            begun: BTreeMap::new(),
            keeps_parts,
            keeps_given_up: true,
        })
    }

    /// Also that what has come of a file does not stay where the other end gives the stream up while the channel stands:
    /// then somebody there wants no more of it.
    #[must_use]
    pub fn forgetting_what_is_given_up(mut self) -> Self {
        self.keeps_given_up = false;
        self
    }

    /// The files that are there already.
    #[must_use]
    pub fn conflicts(&self) -> Conflicts {
        let taken = self.places.iter().filter_map(|place| match place {
            Place::File { path, is_taken: true, .. } => Some(path),
            _ => None,
        });
        let mut conflicts = Conflicts::default();
        for path in taken {
            conflicts.count += 1;
            if conflicts.names.len() < NAMES_TOLD {
                conflicts.names.push(path.as_str().to_owned());
            }
        }
        conflicts
    }

    /// The list.
    #[must_use]
    pub fn entries(&self) -> &[BatchEntry] {
        &self.entries
    }

    /// Decides about what is there already, and says what of the list is wanted and what does not come. Looks for what
    /// is left of an earlier try. Waits for the disk.
    pub fn plan(&mut self, conflict: Conflict) -> (Vec<BatchWish>, Vec<(u32, TransferFailure)>) {
        self.conflict = conflict;
        let (mut wishes, mut nowhere) = (Vec::new(), Vec::new());
        for (index, (entry, place)) in (0..).zip(self.entries.iter().zip(&self.places)) {
            match place {
                Place::Folder(_) => {}
                Place::Nowhere(failure) => nowhere.push((index, *failure)),
                Place::File { is_taken: true, .. } if conflict == Conflict::Skip => {}
                Place::File { path, resumes, .. } => {
                    let may = *resumes && self.begun.len() < MOST_BEGUN;
                    let begun = may.then(|| begun(&self.part_path(path, entry), entry.size_bytes)).flatten();
                    let mut wish = BatchWish { index, from_bytes: 0, prefix: [0; 32] };
                    if let Some(begun) = begun {
                        (wish.from_bytes, wish.prefix) = (begun.0.done_bytes(), begun.0.digest_so_far());
                        self.begun.insert(index, begun);
                    }
                    wishes.push(wish);
                }
            }
        }
        (wishes, nowhere)
    }

    fn part_path(&self, path: &RelativePath, entry: &BatchEntry) -> PathBuf {
        self.root.join(PartName::resumable(path, entry.size_bytes, entry.modified_s).as_str())
    }

    /// Where a file goes, with the partial file of its own until it is there, its size, and the partial file that may be
    /// gone on with another time.
    fn target(&self, index: u32) -> Option<(Target, u64, Option<PathBuf>)> {
        let at = usize::try_from(index).ok()?;
        let (Place::File { path, is_taken, resumes }, entry) = (self.places.get(at)?, self.entries.get(at)?) else {
            return None;
        };
        let replaces = *is_taken && self.conflict == Conflict::Replace;
        // They count down, single files count up.
        let own = PartName::new(TransferId(u32::MAX - index), rand::random());
        let part = Part { path: self.root.join(own.as_str()), keeps: Arc::default() };
        let resumable = resumes.then(|| self.part_path(path, entry));
        Some((Target { root: self.root.clone(), path: path.clone(), replaces, part }, entry.size_bytes, resumable))
    }

    fn folders(&self) -> impl Iterator<Item = &RelativePath> {
        self.places.iter().filter_map(|place| match place {
            Place::Folder(path) => Some(path),
            _ => None,
        })
    }
}

/// A path below the folder that receives.
fn below(root: &Path, path: &RelativePath) -> PathBuf {
    let mut full = root.to_owned();
    full.extend(path.names());
    full
}

/// What is left of an earlier try, hashed.
fn begun(part: &Path, size_bytes: u64) -> Option<(FileReceiver, fs::File)> {
    let mut file = part::take_up(part)?;
    let metadata = file.metadata().ok().filter(|metadata| metadata.len() > 0)?;
    let mut receiver = FileReceiver::resume(size_bytes, metadata.len()).ok()?;
    let mut block = vec![0; FILE_BLOCK_BYTES];
    loop {
        let length = file.read(&mut block).ok()?;
        if length == 0 {
            break;
        }
        receiver.hash_prefix(block.get(..length)?).ok()?;
    }
    (receiver.done_bytes() == metadata.len()).then_some((receiver, file))
}

/// Makes the folders of a path below `root`, none of which may be a link.
fn make_folders<'a>(root: &Path, names: impl Iterator<Item = &'a str>) -> Result<PathBuf, TransferFailure> {
    let mut folder = root.to_owned();
    for name in names {
        folder.push(name);
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.file_type().is_symlink() => return Err(TransferFailure::Link),
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(TransferFailure::NotAFile),
            Err(error) if error.kind() == ErrorKind::NotFound => match fs::create_dir(&folder) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(storage_failure(&error)),
            },
            Err(error) => return Err(storage_failure(&error)),
        }
    }
    Ok(folder)
}

/// Where a file goes once it is whole.
#[derive(Debug)]
struct Target {
    root: PathBuf,
    path: RelativePath,
    replaces: bool,
    part: Part,
}

impl Target {
    /// Gives the whole file its name. The partial file is gone afterwards, whatever came of it.
    fn land(self, file: &fs::File, allowed: &impl Allowance) -> Result<PathBuf, TransferFailure> {
        let landed = self.give_name(file, allowed);
        remove_part(&self.part.path);
        landed
    }

    fn give_name(&self, file: &fs::File, allowed: &impl Allowance) -> Result<PathBuf, TransferFailure> {
        let folder = make_folders(&self.root, self.path.folders())?;
        // What gets the name is what was written, whatever lies under the partial name by now.
        if !part::is_at(file, &self.part.path) {
            return Err(TransferFailure::Storage);
        }
        // Whatever came in, it gets no name after the power behind it has gone.
        if self.replaces {
            let path = folder.join(self.path.name().as_str());
            if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
                return Err(TransferFailure::NotAFile);
            }
            // What is a link there is replaced itself; what it points at stays as it is.
            return match allowed.act(|| fs::rename(&self.part.path, &path)) {
                Some(Ok(())) => Ok(path),
                Some(Err(error)) => Err(storage_failure(&error)),
                None => Err(TransferFailure::Cancelled),
            };
        }
        place(&self.part.path, &folder, &self.path.name(), allowed)
    }

    fn write_small(self, content: &[u8], allowed: &impl Allowance) -> Result<PathBuf, TransferFailure> {
        let written = || {
            let mut file = part::create(&self.part.path)?;
            file.write_all(content)?;
            file.sync_all()?;
            Ok(file)
        };
        let written = written().map_err(|error: std::io::Error| storage_failure(&error));
        match written {
            Ok(file) => self.land(&file, allowed),
            Err(failure) => {
                remove_part(&self.part.path);
                Err(failure)
            }
        }
    }
}

/// The file that comes now.
struct Coming {
    index: u32,
    target: Target,
    receiver: FileReceiver,
    size_bytes: u64,
    place: Room,
    /// Why it cannot be kept; the rest of it is read and forgotten.
    failure: Option<TransferFailure>,
}

/// Where its bytes are until it is whole.
enum Room {
    Memory(Vec<u8>),
    Disk(tokio::fs::File),
}

/// Receives what was planned, as long as it is `allowed`. Every wish is answered by one [`BatchNews::Whole`] or
/// [`BatchNews::Failed`] when it returns well.
///
/// # Errors
/// [`TransferFailure`] of the whole batch; what is whole by then stays.
pub async fn receive_batch(
    reader: &mut Reader,
    landing: &mut Landing,
    wishes: &[BatchWish],
    mut gate: Gate,
    allowed: impl Allowance,
    news: &mpsc::Sender<BatchNews>,
) -> Result<(), TransferFailure> {
    let mut received = Receiving {
        awaited: wishes.iter().map(|wish| (wish.index, wish.from_bytes)).collect(),
        landing,
        writing: JoinSet::new(),
        failed: BTreeSet::new(),
        teller: Teller::new(news),
        allowed,
    };
    let mut stopped = gate.clone();
    let result = tokio::select! {
        biased;
        () = stopped.until_stopped() => Err(TransferFailure::Cancelled),
        result = received.run(reader, &mut gate) => result,
    };
    if result.is_err() {
        reader.stop();
    }
    // What has got its name by now is told, whatever became of the rest.
    let written = received.all_written().await;
    result.and(written)?;
    for index in std::mem::take(&mut received.awaited).into_keys() {
        received.fail(index, TransferFailure::Cancelled).await;
    }
    Ok(())
}

struct Receiving<'a, A> {
    /// What has not begun yet, and from where on it may.
    awaited: BTreeMap<u32, u64>,
    landing: &'a mut Landing,
    writing: JoinSet<(u32, [u8; 32], Result<PathBuf, TransferFailure>)>,
    failed: BTreeSet<u32>,
    teller: Teller<'a>,
    allowed: A,
}

/// What came is not what may come.
const BROKEN: TransferFailure = TransferFailure::Corrupted;

impl<A: Allowance> Receiving<'_, A> {
    async fn run(&mut self, reader: &mut Reader, gate: &mut Gate) -> Result<(), TransferFailure> {
        for folder in self.landing.folders() {
            // A file in such a folder says why it cannot be there.
            let _ = make_folders(&self.landing.root, folder.names());
        }
        let mut coming = None;
        let result = self.parts(reader, gate, &mut coming).await;
        if result.is_err_and(|failure| failure != TransferFailure::Cancelled) {
            // Nothing is gone on with of what came from an end that breaks the rules, or that there is no room for.
            self.landing.keeps_parts.store(false, Ordering::Relaxed);
        }
        result
    }

    async fn parts(
        &mut self,
        reader: &mut Reader,
        gate: &mut Gate,
        coming: &mut Option<Coming>,
    ) -> Result<(), TransferFailure> {
        while let Some(part) = reader.message::<BatchPart>().await.map_err(|error| self.lost(reader, error))? {
            gate.pass().await;
            if gate.is_stopped() || !self.allowed.stands() {
                return Err(TransferFailure::Cancelled);
            }
            match part {
                BatchPart::Begin { index, from_bytes } if coming.is_none() => {
                    *coming = Some(self.begin(index, from_bytes).await?);
                }
                BatchPart::Begin { .. } => return Err(BROKEN),
                BatchPart::Block { length } => {
                    let file = coming.as_mut().ok_or(BROKEN)?;
                    let length = usize::try_from(length).unwrap_or(usize::MAX);
                    let left = file.size_bytes - file.receiver.done_bytes();
                    if length > FILE_BLOCK_BYTES || length as u64 > left {
                        return Err(BROKEN);
                    }
                    let block = reader.exact(length).await.map_err(|error| self.lost(reader, error))?;
                    file.take(&block).await?;
                    self.teller.moved(length as u64, file.index);
                }
                BatchPart::End { digest } => self.end(coming.take().ok_or(BROKEN)?, digest).await?,
                BatchPart::Failed { index, failure } => {
                    let is_its = coming.as_ref().is_none_or(|file| file.index == index);
                    let was_awaited = self.awaited.remove(&index).is_some() || coming.is_some();
                    if !is_its || !was_awaited {
                        return Err(BROKEN);
                    }
                    if let Some(file) = coming.take() {
                        remove_part(&file.target.part.path);
                    }
                    self.fail(index, failure).await;
                }
            }
        }
        if coming.is_some() { Err(BROKEN) } else { Ok(()) }
    }

    fn lost(&self, reader: &Reader, error: StreamError) -> TransferFailure {
        if reader.is_given_up() && !self.landing.keeps_given_up {
            self.landing.keeps_parts.store(false, Ordering::Relaxed);
        }
        match error {
            StreamError::Gone => TransferFailure::Cancelled,
            StreamError::Peer(_) | StreamError::TooLong => BROKEN,
        }
    }

    async fn all_written(&mut self) -> Result<(), TransferFailure> {
        let mut result = Ok(());
        while !self.writing.is_empty() {
            result = result.and(self.written().await);
        }
        result
    }

    async fn begin(&mut self, index: u32, from_bytes: u64) -> Result<Coming, TransferFailure> {
        let offered = self.awaited.remove(&index).ok_or(BROKEN)?;
        let (mut target, size_bytes, resumable) = self.landing.target(index).ok_or(BROKEN)?;
        if from_bytes != 0 && from_bytes != offered {
            return Err(BROKEN);
        }
        self.teller.moved(from_bytes, index);
        let (begun, on_disk) = self.landing.begun.remove(&index).unzip();
        let begun = begun.filter(|_| from_bytes > 0);
        if from_bytes > 0 && begun.is_none() {
            return Err(BROKEN);
        }
        let mut failure = None;
        let place = if size_bytes <= SMALL_BYTES {
            Room::Memory(Vec::new())
        } else {
            let kept = (resumable, Arc::clone(&self.landing.keeps_parts));
            let opening = tokio::task::spawn_blocking(move || {
                let opened = open_part(&mut target.part, on_disk, kept, from_bytes);
                (target, opened)
            });
            let opened = opening.await.map_err(|_| TransferFailure::Storage)?;
            target = opened.0;
            match opened.1 {
                Ok(file) => Room::Disk(tokio::fs::File::from_std(file)),
                Err(error) => {
                    failure = Some(storage_failure(&error));
                    Room::Memory(Vec::new())
                }
            }
        };
        let receiver = begun.unwrap_or_else(|| FileReceiver::new(size_bytes));
        if let Some(failure @ TransferFailure::DiskFull) = failure {
            return Err(failure);
        }
        Ok(Coming { index, target, receiver, size_bytes, place, failure })
    }

    async fn end(&mut self, mut file: Coming, digest: [u8; 32]) -> Result<(), TransferFailure> {
        use tokio::io::AsyncWriteExt as _;
        let index = file.index;
        let is_whole = file.receiver.done_bytes() == file.size_bytes
            && file.receiver.feed(&digest).is_ok_and(<[u8]>::is_empty)
            && file.receiver.finish().is_ok();
        if let Some(failure) = file.failure.or((!is_whole).then_some(BROKEN)) {
            remove_part(&file.target.part.path);
            self.fail(index, failure).await;
            return Ok(());
        }
        while self.writing.len() >= WRITTEN_AT_ONCE {
            self.written().await?;
        }
        let (target, allowed) = (file.target, self.allowed.clone());
        match file.place {
            Room::Memory(content) => {
                drop(self.writing.spawn_blocking(move || (index, digest, target.write_small(&content, &allowed))))
            }
            Room::Disk(mut on_disk) => {
                let synced = match on_disk.flush().await {
                    Ok(()) => on_disk.sync_all().await,
                    Err(error) => Err(error),
                };
                let on_disk = on_disk.into_std().await;
                if let Err(error) = synced {
                    remove_part(&target.part.path);
                    return self.disk_failed(index, storage_failure(&error)).await;
                }
                self.writing.spawn_blocking(move || (index, digest, target.land(&on_disk, &allowed)));
            }
        }
        Ok(())
    }

    /// Waits until one of the files that are being written is.
    async fn written(&mut self) -> Result<(), TransferFailure> {
        match self.writing.join_next().await {
            Some(Ok((index, digest, Ok(path)))) => {
                self.teller.tell(BatchNews::Whole { index, digest, saved_to: Some(path) }).await;
                Ok(())
            }
            Some(Ok((index, _, Err(failure)))) => self.disk_failed(index, failure).await,
            Some(Err(_)) => Err(TransferFailure::Storage),
            None => Ok(()),
        }
    }

    /// What is wrong with one file is its own matter, but a full disk takes none of the others either.
    async fn disk_failed(&mut self, index: u32, failure: TransferFailure) -> Result<(), TransferFailure> {
        self.fail(index, failure).await;
        if failure == TransferFailure::DiskFull { Err(failure) } else { Ok(()) }
    }

    async fn fail(&mut self, index: u32, failure: TransferFailure) {
        if self.failed.insert(index) {
            self.teller.tell(BatchNews::Failed { index, failure }).await;
        }
    }
}

impl Coming {
    async fn take(&mut self, block: &[u8]) -> Result<(), TransferFailure> {
        use tokio::io::AsyncWriteExt as _;
        self.receiver.feed(block).map_err(|_| BROKEN)?;
        if self.failure.is_some() {
            return Ok(());
        }
        match &mut self.place {
            Room::Memory(content) => content.extend_from_slice(block),
            Room::Disk(file) => {
                if let Err(error) = file.write_all(block).await {
                    let failure = storage_failure(&error);
                    remove_part(&self.target.part.path);
                    if failure == TransferFailure::DiskFull {
                        return Err(failure);
                    }
                    self.failure = Some(failure);
                }
            }
        }
        Ok(())
    }
}
