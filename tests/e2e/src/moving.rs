//! Moving files in a test: what is sent, what is asked, and how it ended.

use crate::World;
use agent_core::view::{FilesView, Page, QuestionKind};
use console_core::view::{ConsoleCommand, TransferView};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use testkit::Conditions;

/// Everything below a folder, by its path there; what is removed while this looks is not there.
///
/// # Panics
/// It cannot be read.
#[must_use]
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(folder).expect("a path below").display().to_string();
            if path.is_dir() {
                waiting.push(path);
            } else {
                match fs::read(&path) {
                    Err(gone) if gone.kind() == ErrorKind::NotFound => (),
                    read => _ = found.insert(name, read.expect("a file")),
                }
            }
        }
    }
    found
}

/// So many bytes, others for each seed.
#[must_use]
pub fn content(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(31).wrapping_add(seed * 7 + at / 251) % 256) as u8).collect()
}

/// A path on which a file of many megabytes is on its way until somebody has done something about it, though they stand
/// still for seconds before.
#[must_use]
pub fn slow() -> Conditions {
    Conditions { bytes_per_s: Some(2_000_000), ..Conditions::default() }
}

/// The end of that.
pub fn quick(conditions: &mut Conditions) {
    conditions.bytes_per_s = None;
}

impl World {
    /// Sends files and folders into a folder of the person's; the one for downloads if it is empty.
    pub fn send_files(&self, paths: &[PathBuf], into: &str) {
        self.console.send(ConsoleCommand::SendFiles { paths: paths.to_vec(), into: into.to_owned() });
    }

    /// Fetches files and folders of the person's.
    pub fn fetch_files(&self, paths: &[&Path], into: &Path) {
        let paths = paths.iter().map(|path| path.display().to_string()).collect();
        self.console.send(ConsoleCommand::FetchFiles { paths, into: into.to_owned() });
    }

    /// The last transfer at the console, once it is over.
    #[must_use]
    pub fn transfer_over(&self) -> TransferView {
        self.session("the end of the transfer", |session| {
            session.transfers.last().filter(|transfer| transfer.state.is_over()).cloned()
        })
    }

    /// The last transfer as the agent shows it, once it is over.
    #[must_use]
    pub fn transfer_over_at_agent(&self) -> agent_core::view::TransferView {
        self.agent_shows("the end of the transfer", |view| {
            let last = view.panel.as_ref()?.transfers.last()?;
            (last.state != agent_core::view::TransferState::Running).then(|| last.clone())
        })
    }

    /// What the person is asked about several files.
    #[must_use]
    pub fn asked_about_files(&self) -> FilesView {
        self.agent_shows("the question about files", |view| match &view.page {
            Page::Question(question) => match &question.kind {
                QuestionKind::ReceiveFiles(files) | QuestionKind::GiveFiles(files) => Some(files.clone()),
                _ => None,
            },
            _ => None,
        })
    }
}
