//! The programs that the portal hands out: files with known names in one folder for each organisation.

use super::headers::plain;
use super::{Body, Longer, Prolong, Shelf};
use crate::lists::{Stamp, hex};
use crate::places::{Caps, Places};
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use ring::digest::{Context, SHA256};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Downloads at a time, each with one piece of a file in memory; more are told to come again.
const DOWNLOADS: Caps = Caps { all: 64, source: 8, site: 16 };

/// For whom a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Program {
    Agent,
    Console,
}

/// A file that may lie in the folder. Only these names are ever looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    name: &'static str,
    program: Program,
    system: &'static str,
    /// End of the name that it is given at the visitor's.
    suffix: &'static str,
}

const fn kind(name: &'static str, program: Program, system: &'static str, suffix: &'static str) -> Kind {
    Kind { name, program, system, suffix }
}

const KINDS: [Kind; 8] = [
    kind("agent-linux-x86_64", Program::Agent, "linux-x86_64", ""),
    kind("agent-linux-aarch64", Program::Agent, "linux-aarch64", ""),
    kind("agent-windows-x86_64.exe", Program::Agent, "windows-x86_64", ".exe"),
    kind("agent-macos.dmg", Program::Agent, "macos", ".dmg"),
    kind("console-linux-x86_64", Program::Console, "linux-x86_64", ""),
    kind("console-linux-aarch64", Program::Console, "linux-aarch64", ""),
    kind("console-windows-x86_64.exe", Program::Console, "windows-x86_64", ".exe"),
    kind("console-macos.dmg", Program::Console, "macos", ".dmg"),
];

/// A file that is there, as it was when it was last looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Build {
    kind: Kind,
    stamp: Stamp,
    bytes: u64,
    sha256: [u8; 32],
}

/// What the page is told of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Offered {
    program: Program,
    system: &'static str,
    /// From the folder of the page on.
    href: String,
    /// The name under which it arrives.
    file: String,
    bytes: u64,
    sha256: String,
}

/// An organisation's folder, and what lies in it.
struct Folder {
    domain: String,
    path: Option<PathBuf>,
    builds: Mutex<Vec<Build>>,
}

/// All folders.
pub(crate) struct Downloads {
    folders: Vec<Folder>,
    places: Places,
}

impl Folder {
    fn known(&self) -> Vec<Build> {
        self.builds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at every file; reads those that are not as they were. Blocks.
    fn look(&self) {
        let Some(path) = &self.path else { return };
        let before = self.known();
        let look = |kind: &Kind| {
            let known = before.iter().find(|build| build.kind == *kind);
            match build(path, *kind, known) {
                Ok(build) => build,
                Err(error) => {
                    tracing::warn!(file = kind.name, %error, "a program cannot be offered for download");
                    None
                }
            }
        };
        let found: Vec<Build> = KINDS.iter().filter_map(look).collect();
        *self.builds.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    /// A file as it is offered. Blocks.
    fn open(&self, name: &str) -> Option<(File, Build)> {
        let path = self.path.as_deref()?;
        let as_known = |build: Build| {
            let (file, stamp) = open(path, build.kind).ok().flatten()?;
            (stamp == build.stamp).then_some((file, build))
        };
        let known = |folder: &Self| folder.known().into_iter().find(|build| build.kind.name == name);
        as_known(known(self)?).or_else(|| {
            // It was replaced since the last look: what the page says of it must be what it is.
            self.look();
            as_known(known(self)?)
        })
    }

    fn file_name(&self, kind: Kind) -> String {
        let program = match kind.program {
            Program::Agent => "",
            Program::Console => "console-",
        };
        // Domains are lower-case letters, digits, dashes and dots; a dot would look like an ending.
        format!("Ponte-{program}{}{}", self.domain.replace('.', "-"), kind.suffix)
    }
}

/// The file of this name; `None` if there is none.
fn open(folder: &Path, kind: Kind) -> io::Result<Option<(File, Stamp)>> {
    let path = folder.join(kind.name);
    // Before opening: some things that are no files make whoever opens them wait.
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(io::Error::other("not a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let file = File::open(&path)?;
    let stamp = Stamp::from(file.metadata()?);
    Ok(Some((file, stamp)))
}

fn build(folder: &Path, kind: Kind, known: Option<&Build>) -> io::Result<Option<Build>> {
    let Some((mut file, stamp)) = open(folder, kind)? else { return Ok(None) };
    if let Some(known) = known.filter(|known| known.stamp == stamp) {
        return Ok(Some(known.clone()));
    }
    let mut hashed = Context::new(&SHA256);
    let mut piece = vec![0; 64 * 1024];
    let mut bytes = 0_u64;
    loop {
        let length = file.read(&mut piece)?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { break };
        hashed.update(read);
        bytes += read.len() as u64;
    }
    if bytes != stamp.bytes() || Stamp::from(file.metadata()?) != stamp {
        // It is being written; the next look will see it whole.
        return Ok(None);
    }
    let sha256 = hashed.finish().as_ref().first_chunk().copied().unwrap_or_default();
    Ok(Some(Build { kind, stamp, bytes, sha256 }))
}

impl Downloads {
    /// For the organisations by their numbers.
    pub(crate) fn new(shelves: &[Shelf]) -> Self {
        let folder = |shelf: &Shelf| Folder {
            domain: shelf.sign.domain.clone(),
            path: shelf.folder.clone(),
            builds: Mutex::default(),
        };
        Self { folders: shelves.iter().map(folder).collect(), places: Places::of(DOWNLOADS) }
    }

    /// Looks at all folders. Blocks.
    pub(crate) fn look(&self) {
        self.folders.iter().for_each(Folder::look);
    }

    /// What an organisation offers.
    pub(super) fn offered(&self, organisation: usize) -> Vec<Offered> {
        let Some(folder) = self.folders.get(organisation) else { return Vec::new() };
        let offered = |build: Build| Offered {
            program: build.kind.program,
            system: build.kind.system,
            href: format!("download/{}/{}", folder.domain, build.kind.name),
            file: folder.file_name(build.kind),
            bytes: build.bytes,
            sha256: hex(&build.sha256),
        };
        folder.known().into_iter().map(offered).collect()
    }

    /// The answer to a request for `DOMAIN/NAME`.
    pub(super) async fn answer(
        self: &Arc<Self>,
        wanted: &str,
        head_only: bool,
        from: IpAddr,
        prolong: &Prolong<'_>,
    ) -> Response<Body> {
        let Some((domain, name)) = wanted.split_once('/') else { return plain(StatusCode::NOT_FOUND) };
        let is_known = |folder: &Folder| {
            folder.path.is_some() && folder.domain == domain && KINDS.iter().any(|kind| kind.name == name)
        };
        let Some(place) = self.folders.iter().position(is_known) else { return plain(StatusCode::NOT_FOUND) };
        let Some(taken) = self.places.take(from) else { return elsewhere("/#busy") };
        let (all, name) = (self.clone(), name.to_owned());
        let opened = spawn_blocking(move || {
            let folder = all.folders.get(place)?;
            folder.open(&name).map(|(file, build)| (file, folder.file_name(build.kind), build))
        });
        let Ok(Some((file, file_name, build))) = opened.await else { return elsewhere("/#gone") };

        let Build { bytes, .. } = build;
        let body = if head_only { Body::empty() } else { Body::File(file.into(), bytes) };
        prolong(Longer::for_bytes(bytes, Some(taken)));
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(header::CONTENT_LENGTH, bytes.into());
        if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}\"")) {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

/// A link was followed, so that words are due, and those are in the page.
fn elsewhere(page: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(page));
    response
}

/// Looks at the folders again and again, the first time when so much time has passed.
pub(crate) async fn keep_looking(downloads: Arc<Downloads>, every: Duration) {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let all = downloads.clone();
        let _ = spawn_blocking(move || all.look()).await;
    }
}
