//! From one view to the next: what happened in between, as events; pure.

use super::answer::Event;
use super::names;
use super::pending;
use super::state::{self, FolderState, TransferState, milliseconds, text};
use console_core::clipboard::Content;
use console_core::proto::session::{Capability, TransferFailure, TransferId};
use console_core::view::{
    ClipState, ConsoleView, EndView, FolderView, KeyView, NoticeKind, PowerState, PowerView, SessionView, ShellState,
    Stage,
};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Counts of pictures, and that a terminal shows something else, are told this often.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// How far a file is, is told this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// What was told so far.
#[derive(Default)]
pub(super) struct Changes {
    stage: Told,
    notice: u64,
}

/// Of the stage that was seen last.
#[derive(Default)]
enum Told {
    #[default]
    Idle,
    Preparing,
    Waiting(String),
    Joining,
    Session(Box<ToldSession>),
    Ended(ToldEnd),
}

#[derive(Default)]
struct ToldSession {
    step: Option<&'static str>,
    recognised: bool,
    powers: BTreeMap<Capability, (PowerState, u32)>,
    layout: Option<(u32, Option<u8>)>,
    pictures: Option<(u64, Instant)>,
    received: u64,
    delivered: u64,
    transfers: BTreeMap<TransferId, (TransferState, Instant)>,
    folder: Option<Arc<FolderView>>,
    no_folder: Option<TransferFailure>,
    clipboard: (ClipState, u64),
    shell: ShellState,
    /// What a terminal showed when that was told last.
    shown: Option<(u64, Instant)>,
    sharing_paused: bool,
    input_paused: bool,
    reconnecting: bool,
}

#[derive(Default)]
struct ToldEnd {
    rated: bool,
    ended: bool,
}

impl Changes {
    /// What is new in this view.
    pub(super) fn events(&mut self, view: &ConsoleView, now: Instant) -> Vec<Event> {
        let mut events = Vec::new();
        for notice in view.notices.iter().filter(|notice| notice.id > self.notice) {
            events.push(notice_event(&notice.kind));
        }
        self.notice = view.notices.iter().map(|notice| notice.id).max().unwrap_or_default().max(self.notice);
        match (&mut self.stage, &view.stage) {
            (Told::Idle, Stage::Idle) | (Told::Preparing, Stage::Preparing) | (Told::Joining, Stage::Joining) => {}
            (_, Stage::Idle) => {
                self.stage = Told::Idle;
                events.push(Event::Idle {});
            }
            (_, Stage::Preparing) => self.stage = Told::Preparing,
            (Told::Waiting(told), Stage::Waiting(key)) if *told == key.grouped => {}
            (_, Stage::Waiting(key)) => {
                self.stage = Told::Waiting(key.grouped.clone());
                events.push(key_event(key, now));
            }
            (_, Stage::Joining) => {
                self.stage = Told::Joining;
                events.push(Event::Joined {});
            }
            (Told::Session(told), Stage::Session(session)) => told.events(session, now, &mut events),
            (_, Stage::Session(session)) => {
                events.push(Event::CheckWord { word: session.check_word.clone() });
                let mut told = Box::<ToldSession>::default();
                told.events(session, now, &mut events);
                self.stage = Told::Session(told);
            }
            (Told::Ended(told), Stage::Ended(end)) => told.events(end, &mut events),
            (before, Stage::Ended(end)) => {
                if let Told::Session(told) = before {
                    told.files(end.transfers.iter(), now, &mut events);
                }
                events.push(Event::Ending { reason: names::end_reason(end.reason) });
                let mut told = ToldEnd::default();
                told.events(end, &mut events);
                self.stage = Told::Ended(told);
            }
        }
        events
    }
}

fn key_event(key: &KeyView, now: Instant) -> Event {
    Event::Key {
        key: key.grouped.clone(),
        expires_in_s: key.expires_at.saturating_duration_since(now).as_secs(),
        tries_left: key.tries_left,
    }
}

fn notice_event(kind: &NoticeKind) -> Event {
    match kind {
        NoticeKind::KeyExpired => Event::KeyExpired {},
        NoticeKind::KeyBurned => Event::KeyBurned {},
        NoticeKind::WrongTry { tries_left } => Event::WrongTry { tries_left: *tries_left },
        kind => {
            let (notice, detail) = names::notice(kind);
            Event::Notice { notice, detail }
        }
    }
}

impl ToldSession {
    fn events(&mut self, session: &SessionView, now: Instant, events: &mut Vec<Event>) {
        let step = session.step.map(names::step);
        if self.step != step {
            events.extend(step.map(|step| Event::Step { step }));
            self.step = step;
        }
        if session.recognised && !self.recognised {
            self.recognised = true;
            events.push(Event::Recognised { system: session.system.clone() });
        }
        self.powers(session, events);
        self.folders(session, events);
        let shown = session.monitor.map(|monitor| monitor.0);
        if !session.layout.monitors.is_empty() && self.layout != Some((session.layout.epoch, shown)) {
            self.layout = Some((session.layout.epoch, shown));
            events.push(Event::Layout { monitors: state::monitors(&session.layout), shown });
        }
        let (count, at) = self.pictures.unwrap_or((0, now));
        if session.pictures > count && (count == 0 || now.duration_since(at) >= COUNT_EVERY) {
            self.pictures = Some((session.pictures, now));
            events.push(Event::Picture { count: session.pictures });
        }
        self.chat(session, events);
        self.files(session.transfers.iter(), now, events);
        self.clipboard(session, events);
        self.terminal(session, now, events);
        self.pauses(session, events);
    }

    fn terminal(&mut self, session: &SessionView, now: Instant, events: &mut Vec<Event>) {
        let state = session.shell.state;
        if std::mem::replace(&mut self.shell, state) != state {
            events.push(Event::Terminal { state: names::shell(state), code: state::code_of(state) });
            self.shown = None;
        }
        let Some(terminal) = session.shell.terminal.as_ref() else { return };
        if self.shown.is_some_and(|(_, at)| now.duration_since(at) < COUNT_EVERY) {
            return;
        }
        let mut hasher = DefaultHasher::new();
        terminal.text().hash(&mut hasher);
        let text = hasher.finish();
        if self.shown.is_none_or(|(before, _)| before != text) {
            self.shown = Some((text, now));
            events.push(Event::TerminalChanged {});
        }
    }

    fn folders(&mut self, session: &SessionView, events: &mut Vec<Event>) {
        let files = &session.files;
        if files.remote_failure != self.no_folder {
            self.no_folder = files.remote_failure;
            events.extend(
                files.remote_failure.map(|failure| Event::NoFolder { failure: names::transfer_failure(failure) }),
            );
        }
        let is_same = match (&self.folder, &files.remote) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        if !is_same {
            self.folder.clone_from(&files.remote);
            events.extend(files.remote.as_deref().map(|folder| Event::Folder { folder: FolderState::of(folder) }));
        }
    }

    fn clipboard(&mut self, session: &SessionView, events: &mut Vec<Event>) {
        let view = &session.clipboard;
        let number = view.fetched.as_ref().map_or(0, |(number, _)| *number);
        if std::mem::replace(&mut self.clipboard, (view.state, number)) == (view.state, number) {
            return;
        }
        let (state, problem) = names::clip_state(view.state);
        let content = view.fetched.as_ref().map(|(_, content)| content);
        let content = content.filter(|_| matches!(view.state, ClipState::Fetched(_)));
        let kind = content.map(|content| names::clip_kind(content.kind()));
        let text = content.and_then(|content| match content.as_ref() {
            Content::Text(text) => Some(text.clone()),
            Content::Picture(_) => None,
        });
        events.push(Event::Clipboard { state, kind, problem, text });
    }

    fn powers(&mut self, session: &SessionView, events: &mut Vec<Event>) {
        let browse = PowerView { capability: Capability::FetchFile, state: session.files.browse };
        for power in session.powers.iter().chain([&browse]) {
            let asks = pending::asked(session, power.capability);
            let stood = self.powers.insert(power.capability, (power.state, asks));
            let (before, asked) = stood.unwrap_or((PowerState::Off, 0));
            if (before, asked) == (power.state, asks) {
                continue;
            }
            let capability = names::capability(power.capability);
            // A question that was answered before anybody looked.
            if asks != asked && power.state != PowerState::Asked {
                events.push(Event::Asked { capability });
            }
            events.push(match power.state {
                PowerState::Off => Event::Released { capability },
                PowerState::Asked => Event::Asked { capability },
                PowerState::Granted => Event::Granted { capability },
                PowerState::Refused(decision) => Event::Refused { capability, decision: names::decision(decision) },
                PowerState::Revoked => Event::Revoked { capability },
                PowerState::Over(cause) => Event::Over { capability, cause: names::grant_end(cause) },
            });
        }
    }

    fn chat(&mut self, session: &SessionView, events: &mut Vec<Event>) {
        for line in session.chat.iter() {
            if line.mine && line.delivered && line.number > self.delivered {
                self.delivered = line.number;
                events.push(Event::ChatDelivered { line: line.number });
            }
            if !line.mine && line.number > self.received {
                self.received = line.number;
                events.push(Event::Chat { line: line.number, text: line.text.clone() });
            }
        }
    }

    fn files<'a>(
        &mut self,
        transfers: impl Iterator<Item = &'a console_core::view::TransferView>,
        now: Instant,
        events: &mut Vec<Event>,
    ) {
        for transfer in transfers {
            let shown = TransferState::of(transfer);
            let is_news = match self.transfers.get(&transfer.id) {
                None => true,
                // Of many files some may fail one after the other, without end.
                Some((told, at)) if told.differs_by_progress_alone(&shown) => {
                    *told != shown && now.saturating_duration_since(*at) >= PROGRESS_EVERY
                }
                Some(_) => true,
            };
            if is_news {
                self.transfers.insert(transfer.id, (shown.clone(), now));
                events.push(Event::Transfer { transfer: shown });
            }
        }
    }

    fn pauses(&mut self, session: &SessionView, events: &mut Vec<Event>) {
        if std::mem::replace(&mut self.sharing_paused, session.sharing_paused) != session.sharing_paused {
            events.push(Event::SharingPaused { paused: session.sharing_paused });
        }
        if std::mem::replace(&mut self.input_paused, session.input_paused) != session.input_paused {
            events.push(Event::InputPaused { paused: session.input_paused });
        }
        if std::mem::replace(&mut self.reconnecting, session.reconnecting) != session.reconnecting {
            events.push(if session.reconnecting { Event::Reconnecting {} } else { Event::Reconnected {} });
        }
    }
}

impl ToldEnd {
    fn events(&mut self, end: &EndView, events: &mut Vec<Event>) {
        if let Some(rating) = end.rating.as_ref().filter(|_| !self.rated) {
            self.rated = true;
            events.push(Event::Rating { stars: rating.stars, comment: rating.comment.clone() });
        }
        if !end.is_closing && !self.ended {
            self.ended = true;
            events.push(Event::Ended {
                reason: names::end_reason(end.reason),
                lasted_ms: milliseconds(end.lasted),
                log: end.log.as_deref().map(text),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use console_core::view::{TransferState, TransferView};

    #[test]
    fn whatever_changes_of_a_transfer_is_told_and_how_far_it_is_only_now_and_then() {
        let mut view = TransferView {
            id: TransferId(1),
            name: "photos".into(),
            incoming: false,
            size_bytes: 100,
            done_bytes: 0,
            files: 3,
            done_files: 0,
            failed_files: 0,
            failures: Arc::default(),
            failed_items: Arc::default(),
            not_in_log: 0,
            items: Arc::default(),
            at: None,
            now: None,
            conflicts: Arc::default(),
            is_held: false,
            state: TransferState::Running,
            saved_to: None,
        };
        let (mut told, now) = (ToldSession::default(), Instant::now());
        let mut told_at = |view: &TransferView, at: Instant| {
            let mut events = Vec::new();
            told.files(std::iter::once(view), at, &mut events);
            events.len()
        };
        assert_eq!(told_at(&view, now), 1);
        assert_eq!(told_at(&view, now + 2 * PROGRESS_EVERY), 0, "nothing has changed");
        view.is_held = true;
        assert_eq!(told_at(&view, now), 1, "it is held");
        (view.done_bytes, view.failed_files) = (10, 1);
        assert_eq!(told_at(&view, now), 0, "so soon");
        assert_eq!(told_at(&view, now + PROGRESS_EVERY), 1, "a file does not arrive");
        view.state = TransferState::Done;
        assert_eq!(told_at(&view, now + PROGRESS_EVERY), 1, "its end");
    }
}
