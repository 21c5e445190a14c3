//! The window's engine: the gate, and behind it as many keys and sessions at once as the operator wants.

use super::{Engine, SAVING, SHUTDOWN, Settings, now_s};
use crate::cli::Arguments;
use crate::desk::{DeskCommand, DeskView, Tab};
use crate::news::News;
use console_core::gate::{self, Cost, Gate, GateCommand, GateProblem, GateView};
use console_core::picture::SharedPictures;
use console_core::records::{OpenedTranscript, RecordId, Records, TranscriptState};
use console_core::view::{ConsoleCommand, ConsoleView, Notice, NoticeKind, Stage};
use console_core::{ConsoleConfig, ConsoleHandle, LineId, Switchboard};
use i18n::Language;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

/// Notices of keys that are gone; the oldest go.
const NOTICES: usize = 20;

/// The gate, and behind it the engines of `console_core`.
pub struct Several {
    gate: Gate,
    settings: Settings,
    on_change: Arc<dyn Fn() + Send + Sync>,
    board: Option<Switchboard>,
    records: Option<Records>,
    /// Fed by the engines' own threads, so that nothing is missed between two frames.
    news: Arc<Mutex<News>>,
    front: Option<LineId>,
    /// Lines on which something has begun: one of them that rests is over.
    begun: BTreeSet<LineId>,
    /// What became of keys whose line is closed.
    notices: Vec<Notice>,
    last_notice: u64,
    exported: Option<(RecordId, Option<PathBuf>)>,
}

impl Several {
    /// Looks at the files; `on_change` is called, also from other threads, when there is something new to be seen.
    #[must_use]
    pub fn new(arguments: &Arguments, language: Language, on_change: Arc<dyn Fn() + Send + Sync>) -> Self {
        let gate = Gate::new(arguments.places(), Cost::USUAL, language.tag(), Arc::clone(&on_change));
        Self::behind(gate, Settings::of(arguments, language), on_change)
    }

    fn behind(gate: Gate, settings: Settings, on_change: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            gate,
            settings,
            on_change,
            board: None,
            records: None,
            news: Arc::default(),
            front: None,
            begun: BTreeSet::new(),
            notices: Vec::new(),
            last_notice: 0,
            exported: None,
        }
    }

    fn news<R>(&self, look: impl FnOnce(&mut News) -> R) -> R {
        look(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens the board after signing in; with a renewed certificate, the next keys are made with that.
    fn take_opened(&mut self) {
        let Some(mut config) = self.gate.take_opened() else { return };
        self.settings.put_into(&mut config);
        if self.records.is_none() {
            let changed = Arc::clone(&self.on_change);
            let opened = config.open_records(Box::new(move || changed()));
            self.records = opened.inspect_err(|error| tracing::warn!(%error, "notes of sessions are not kept")).ok();
        }
        config.records.clone_from(&self.records);
        match &mut self.board {
            Some(board) => board.renew(config),
            None => self.start(config),
        }
    }

    fn start(&mut self, config: ConsoleConfig) {
        let (news, on_change) = (Arc::clone(&self.news), Arc::clone(&self.on_change));
        let changed = move |line: LineId, view: &ConsoleView| {
            news.lock().unwrap_or_else(PoisonError::into_inner).observe(line, view, SystemTime::now());
            on_change();
        };
        match Switchboard::start(config, Arc::new(changed)) {
            Ok(board) => self.board = Some(board),
            Err(error) => {
                tracing::warn!(%error, "the engine could not start");
                self.gate.tell(GateProblem::System);
            }
        }
    }

    /// Closes what is over without a last page: its notices are told at the beginning.
    fn sweep(&mut self) {
        let Some(board) = &self.board else { return };
        let mut over = Vec::new();
        for (line, handle) in board.lines() {
            let view = handle.view();
            if view.stage != Stage::Idle {
                self.begun.insert(line);
            } else if self.begun.contains(&line) || !view.notices.is_empty() {
                over.push((line, view.notices));
            }
        }
        for (line, notices) in over {
            for notice in notices {
                self.tell(notice.kind);
            }
            self.close(line);
        }
    }

    fn tell(&mut self, kind: NoticeKind) {
        // Of a key that is gone nobody needs to know how often it was mistyped.
        if matches!(kind, NoticeKind::WrongTry { .. }) {
            return;
        }
        self.last_notice += 1;
        self.notices.push(Notice { id: self.last_notice, kind });
        if self.notices.len() > NOTICES {
            self.notices.remove(0);
        }
    }

    fn close(&mut self, line: LineId) {
        if let Some(record) = self.line(line).and_then(|handle| handle.view().record) {
            self.news(|news| news.keep_record(line, &record));
        }
        if let Some(board) = &mut self.board {
            board.close(line);
        }
        self.begun.remove(&line);
        self.news(|news| news.forget(line));
        if self.front == Some(line) {
            self.front = None;
        }
    }

    /// Brings it to the front; nothing is sent for pictures at which nobody looks.
    fn show(&mut self, line: Option<LineId>) {
        if self.front == line {
            return;
        }
        for (line, is_attended) in [(self.front, false), (line, true)] {
            if let Some(handle) = line.and_then(|line| self.line(line)) {
                handle.send(ConsoleCommand::Attend(is_attended));
            }
        }
        self.front = line.filter(|line| self.line(*line).is_some());
    }

    fn new_key(&mut self) {
        let opened = self.board.as_mut().and_then(Switchboard::open);
        if opened.is_some() {
            self.show(opened);
        }
    }

    fn line(&self, line: LineId) -> Option<&ConsoleHandle> {
        self.board.as_ref()?.line(line)
    }

    fn in_front(&self) -> Option<&ConsoleHandle> {
        self.line(self.front?)
    }

    fn export(&mut self, id: RecordId) {
        let record = self.records.as_ref().and_then(|records| records.find(&id));
        let Some(record) = record else { return };
        let written = record.export_into(&self.settings.pictures_folder);
        let written = written.inspect_err(|error| tracing::warn!(%error, "a session was not exported")).ok();
        self.exported = Some((id, written));
    }

    fn save_transcript(&mut self, id: RecordId) {
        let opened = self.records.as_ref().and_then(Records::opened).filter(|opened| opened.id == id);
        let Some(OpenedTranscript { state: TranscriptState::Read(transcript), .. }) = opened else { return };
        let written = transcript.export_into(&self.settings.pictures_folder);
        let written = written.inspect_err(|error| tracing::warn!(%error, "a transcript was not saved")).ok();
        self.exported = Some((id, written));
    }
}

impl Engine for Several {
    fn gate(&mut self) -> GateView {
        let view = self.gate.view(Instant::now(), now_s());
        self.take_opened();
        self.sweep();
        view
    }

    fn at_gate(&mut self, command: GateCommand) {
        self.gate.handle(command, Instant::now(), now_s());
    }

    fn view(&self) -> Option<ConsoleView> {
        let board = self.board.as_ref()?;
        let mut view = match self.in_front() {
            Some(handle) => handle.view(),
            None => {
                let notices = self.notices.clone();
                ConsoleView { operator: board.operator(), stage: Stage::Idle, notices, record: None }
            }
        };
        gate::renew(&mut view.operator, now_s());
        Some(view)
    }

    fn pictures(&self) -> SharedPictures {
        self.in_front().map_or_else(SharedPictures::new, ConsoleHandle::pictures)
    }

    fn send(&mut self, command: ConsoleCommand) {
        match (self.front, command) {
            (None, ConsoleCommand::NewKey) => self.new_key(),
            (None, ConsoleCommand::DismissNotice(id)) => self.notices.retain(|notice| notice.id != id),
            (Some(line), ConsoleCommand::CloseEnded) => self.close(line),
            (Some(line), command) => self.send_to(line, command),
            // Everything else is about a session, and this one is over.
            (None, _) => {}
        }
    }

    fn send_to(&mut self, line: LineId, command: ConsoleCommand) {
        if let Some(handle) = self.line(line) {
            // A full queue is the engine's to log: there is nothing that the operator could do.
            handle.send(command);
        }
    }

    fn desk(&self) -> DeskView {
        let tab = |(line, handle): (LineId, &ConsoleHandle)| Tab { line, view: handle.view() };
        let tabs: Vec<Tab> = self.board.iter().flat_map(Switchboard::lines).map(tab).collect();
        DeskView {
            records: self.records.as_ref().map(Records::all).unwrap_or_default(),
            records_failed: self.records.as_ref().is_some_and(Records::has_failed),
            records_missing: self.board.is_some() && self.records.is_none(),
            is_full: self.board.as_ref().is_some_and(Switchboard::is_full),
            tabs,
            front: self.front,
            news: self.news(News::items),
            exported: self.exported.clone(),
            transcript: self.records.as_ref().and_then(Records::opened),
        }
    }

    fn at_desk(&mut self, command: DeskCommand) {
        match command {
            DeskCommand::Describe(id, what) => {
                if let Some(records) = &self.records {
                    records.describe(&id, what);
                }
            }
            DeskCommand::Erase(id) => {
                if let Some(records) = &self.records {
                    records.erase(&id);
                }
            }
            DeskCommand::Export(id) => self.export(id),
            DeskCommand::OpenTranscript(id) => {
                if let Some(records) = &self.records {
                    records.open_transcript(id.as_ref());
                }
            }
            DeskCommand::SaveTranscript(id) => self.save_transcript(id),
            DeskCommand::Show(line) => self.show(line),
            DeskCommand::NewKey => self.new_key(),
            DeskCommand::CancelKey(line) => self.send_to(line, ConsoleCommand::CancelKey),
            DeskCommand::Close(line) => self.close(line),
            DeskCommand::See => {
                if let Some(line) = self.front {
                    self.news(|news| news.see(line));
                }
                self.news(News::take_call);
            }
            DeskCommand::SeeNews => self.news(News::see_all),
            DeskCommand::ClearNews => self.news(News::clear),
            DeskCommand::End(line) => self.send_to(line, ConsoleCommand::End),
        }
    }

    fn set_language(&mut self, language: Language) {
        self.settings.language = language;
        self.gate.set_language(language.tag());
    }

    fn take_call(&mut self) -> bool {
        self.news(News::take_call)
    }

    fn shutdown(&mut self) {
        if let Some(board) = self.board.take() {
            board.shutdown(SHUTDOWN);
        }
        if let Some(records) = self.records.take() {
            records.flush(SAVING);
        }
    }
}
