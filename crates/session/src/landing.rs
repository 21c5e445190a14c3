//! Receiving a batch: where its files go, what is there already, and how each gets its name only when it is whole.
//!
//! Whatever the list says, nothing lands outside the chosen folder: every name is made safe, and no folder on the way
//! may be a link. A file that is on its way is a partial file in the chosen folder itself.

mod receiving;

pub use receiving::receive_batch;

use crate::allowance::Allowance;
use crate::batch::SMALL_BYTES;
use crate::files::{place, remove_part, storage_failure};
use crate::part::{self, Part, PartBook};
use crate::protected::is_protected_in;
use proto::files::{BatchEntry, BatchItem, BatchWish};
use proto::limits::FILE_BLOCK_BYTES;
use proto::session::{TransferFailure, TransferId};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use transfer::{FileReceiver, PartName, RelativePath};

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
    book: Option<Arc<dyn PartBook>>,
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
/// Where partial files are remembered, files of up to so many bytes are in memory until they are whole: to remember one
/// waits for the disk, which ten thousand photographs would do ten thousand times. With those that are being written
/// they are nine at most, 36 MiB; what is cut off of one comes anew in half a minute on a line of 1 Mbit/s.
const UNREMEMBERED_BYTES: u64 = 4 * 1024 * 1024;

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
            book: None,
        })
    }

    /// Also that what has come of a file does not stay where the other end gives the stream up while the channel stands:
    /// then somebody there wants no more of it.
    #[must_use]
    pub fn forgetting_what_is_given_up(mut self) -> Self {
        self.keeps_given_up = false;
        self
    }

    /// Also that of partial files only those stay that are remembered here. Of files up to 4 MiB nothing stays then.
    #[must_use]
    pub fn remembering(mut self, book: Option<Arc<dyn PartBook>>) -> Self {
        self.book = book;
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
                    let may = *resumes && entry.size_bytes > self.in_memory_bytes() && self.begun.len() < MOST_BEGUN;
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

    /// Files of up to so many bytes have no partial file while they come.
    fn in_memory_bytes(&self) -> u64 {
        if self.book.is_some() { UNREMEMBERED_BYTES } else { SMALL_BYTES }
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
        let is_in_memory = entry.size_bytes <= self.in_memory_bytes();
        let book = self.book.clone().filter(|_| !is_in_memory);
        let part = Part { path: self.root.join(own.as_str()), keeps: Arc::default(), book };
        let resumable = (*resumes && !is_in_memory).then(|| self.part_path(path, entry));
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
