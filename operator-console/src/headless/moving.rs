//! Files that move between the two machines, and the folders they are chosen from.

use super::answer::{Code, Done, Problem};
use super::desk::{Desk, Step};
use super::pending::{self, Kind};
use super::perform::{Result, bad_value};
use super::state::{ItemState, TransferState};
use crate::places;
use console_core::proto::session::{Capability, TransferId};
use console_core::view::{ConsoleCommand, PowerState, Stage};
use std::io::Write;
use std::path::PathBuf;

/// Files and folders of a transfer that one answer names: a line stays readable.
const MOST_ITEMS: usize = 1000;

impl<W: Write> Desk<W> {
    /// Answered once the person has the question, where they have to be asked.
    pub(super) fn list_folder(&mut self, path: String) -> Step {
        let capability = Capability::FetchFile;
        let stands = self
            .may_move(capability)
            .and_then(|()| self.session().map(|session| (session.files.browse, pending::asked(session, capability))));
        match stands.and_then(|stands| self.send(ConsoleCommand::Browse { path }).map(|done| (stands, done))) {
            Err(problem) => Step::Answer(Err(problem)),
            Ok(((PowerState::Granted | PowerState::Asked, _), done)) => Step::Answer(Ok(done)),
            Ok(((_, asks), _)) => Step::Later(Kind::Request { capability, asks }, None),
        }
    }

    pub(super) fn send_file(&mut self, path: PathBuf) -> Result {
        self.may_move(Capability::SendFile)?;
        self.send(ConsoleCommand::send_file(path))?;
        self.files += 1;
        Ok(Done::File { transfer: self.files })
    }

    pub(super) fn fetch_file(&mut self, path: String, into: Option<PathBuf>) -> Result {
        self.may_move(Capability::FetchFile)?;
        let into = into.unwrap_or_else(places::downloads);
        if !into.is_dir() {
            return Err(bad_value("\"into\" is to be a folder that is there"));
        }
        self.send(ConsoleCommand::fetch_file(path, into))?;
        self.files += 1;
        Ok(Done::File { transfer: self.files })
    }

    pub(super) fn send_files(&mut self, paths: Vec<PathBuf>, into: String) -> Result {
        self.may_move(Capability::SendFile)?;
        if paths.is_empty() {
            return Err(bad_value("\"paths\" names at least one file or folder"));
        }
        self.send(ConsoleCommand::SendFiles { paths, into })?;
        self.files += 1;
        Ok(Done::File { transfer: self.files })
    }

    pub(super) fn fetch_files(&mut self, paths: Vec<String>, into: Option<PathBuf>) -> Result {
        self.may_move(Capability::FetchFile)?;
        if paths.is_empty() {
            return Err(bad_value("\"paths\" names at least one file or folder"));
        }
        let into = into.unwrap_or_else(places::downloads);
        if !into.is_dir() {
            return Err(bad_value("\"into\" is to be a folder that is there"));
        }
        self.send(ConsoleCommand::FetchFiles { paths, into })?;
        self.files += 1;
        Ok(Done::File { transfer: self.files })
    }

    /// Something about a transfer that is not over.
    pub(super) fn on_transfer(&mut self, transfer: u32, command: impl FnOnce(TransferId) -> ConsoleCommand) -> Result {
        let id = TransferId(transfer);
        match self.session()?.transfers.iter().find(|known| known.id == id) {
            None => Err(bad_value("there is no such transfer")),
            Some(known) if known.state.is_over() => Err(Problem::new(Code::Already, "the transfer is over")),
            Some(_) => self.send(command(id)),
        }
    }

    /// Lets a transfer stand still, or go on, where the window has a button for that.
    pub(super) fn hold(&mut self, transfer: u32, held: bool) -> Result {
        let known = self.session()?.transfers.iter().find(|known| known.id == TransferId(transfer));
        if known.is_some_and(|known| !known.state.is_over() && !known.may_hold()) {
            return Err(Problem::new(Code::WrongStage, "the transfer does not move yet"));
        }
        self.on_transfer(transfer, |id| ConsoleCommand::HoldTransfer(id, held))
    }

    /// What a transfer consists of, once that is known and until it is over.
    pub(super) fn transfer_items(&mut self, transfer: u32, from: usize) -> Result {
        let known = self.session()?.transfers.iter().find(|known| known.id == TransferId(transfer));
        let items = &known.ok_or_else(|| bad_value("there is no such transfer"))?.items;
        let some = items.iter().skip(from).take(MOST_ITEMS).map(ItemState::of).collect();
        Ok(Done::Items { items: some, count: items.len() })
    }

    pub(super) fn cancel_file(&mut self, transfer: u32, file: &str) -> Result {
        let id = TransferId(transfer);
        let known = self.session()?.transfers.iter().find(|known| known.id == id);
        let item = known.and_then(|known| known.items.iter().position(|item| item.is_file && item.name == file));
        let item = item.and_then(|item| u32::try_from(item).ok());
        let item = item.ok_or_else(|| bad_value("\"file\" names no file of such a transfer"))?;
        self.on_transfer(transfer, |id| ConsoleCommand::CancelItem(id, item))
    }

    pub(super) fn transfers(&mut self) -> Result {
        let transfers = match self.stage()? {
            Stage::Session(session) => session.transfers.iter().map(TransferState::of).collect(),
            Stage::Ended(end) => end.transfers.iter().map(TransferState::of).collect(),
            _ => Vec::new(),
        };
        Ok(Done::Transfers { transfers })
    }
}
