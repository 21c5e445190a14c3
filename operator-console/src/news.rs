//! What happened in any session, with its time, until it was seen: pure, fed with every view that an engine shows.

use console_core::LineId;
use console_core::proto::session::{Capability, Decision, EndReason, GrantEnd, RequestId, TransferFailure, TransferId};
use console_core::records::RecordId;
use console_core::view::{
    ConsoleView, EndingState, EndingView, NoticeKind, PowerState, SessionView, Stage, TransferState,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

/// As long as anything of it was seen, the list has no more than this. Of the session that has most, the oldest go: one
/// in which much happens pushes out nothing of the others.
const MOST: usize = 200;
/// The list has no more than this in any case: more at once is read by nobody, and takes less than a megabyte.
const MOST_UNSEEN: usize = 2000;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Counts from 1.
    pub number: u64,
    /// When.
    pub at: SystemTime,
    /// In which session.
    pub line: LineId,
    /// What.
    pub what: What,
    /// Whether the operator has seen it.
    pub is_seen: bool,
    /// What is kept of the session, once the tab is closed and cannot say whom it was about.
    pub record: Option<RecordId>,
}

impl Item {
    /// For how much it counts until it was seen.
    #[must_use]
    pub fn unseen(&self) -> u64 {
        match self.what {
            _ if self.is_seen => 0,
            What::Chat(lines) => lines,
            _ => 1,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Somebody typed the key, and the session stands.
    Came,
    /// The person knows the operator and has chosen what to show.
    Recognised,
    /// The person said yes.
    Granted(Capability),
    /// The person said no, or the question ended otherwise.
    Refused(Capability, Decision),
    /// The person took it back.
    Revoked(Capability),
    /// A power has ended by itself.
    Over(Capability, GrantEnd),
    /// A file of this name came.
    FileCame(String),
    /// A file of this name has arrived at the client.
    FileSent(String),
    /// The person did not want this file to move.
    FileRefused(String),
    /// A file did not arrive.
    FileFailed(String, TransferFailure),
    /// The person wrote so many lines.
    Chat(u64),
    /// The line is interrupted.
    Lost,
    /// It is back.
    Back,
    /// The session ended.
    Ended(EndReason),
    /// What the window tells as well.
    Notice(NoticeKind),
    /// The person's answer to looking through the folders, or that they took it back.
    Folders(PowerState),
    /// So many files of this transfer are in the folder already: it waits for the operator.
    Conflicts(String, u32),
    /// What became of a program that was to end.
    Ending(EndingView),
}

impl What {
    /// Whether somebody who works in another window should look.
    #[must_use]
    pub fn calls(&self) -> bool {
        let told = |kind: &NoticeKind| !matches!(kind, NoticeKind::PictureSaved { .. } | NoticeKind::FactsSaved { .. });
        match self {
            Self::FileSent(_) | Self::Recognised | Self::Over(_, GrantEnd::UseOver) => false,
            Self::Notice(kind) => told(kind),
            _ => true,
        }
    }
}

/// What was last seen of a session.
#[derive(Debug, Default)]
struct Known {
    is_session: bool,
    ended: Option<EndReason>,
    recognised: bool,
    reconnecting: bool,
    powers: BTreeMap<Capability, PowerState>,
    folders: Option<PowerState>,
    endings: BTreeMap<RequestId, EndingState>,
    transfers: BTreeMap<TransferId, TransferState>,
    received: u64,
    notice: u64,
}

/// The list.
#[derive(Debug, Default)]
pub struct News {
    items: VecDeque<Arc<Item>>,
    /// The same for who draws it, newest first, until something changes.
    drawn: Option<Arc<[Arc<Item>]>>,
    last: u64,
    known: BTreeMap<LineId, Known>,
    /// Lines whose tab is closed; none comes again.
    forgotten: BTreeSet<LineId>,
    calls: bool,
}

impl News {
    /// Takes what a session shows now.
    pub fn observe(&mut self, line: LineId, view: &ConsoleView, at: SystemTime) {
        if self.forgotten.contains(&line) {
            // It is still ending.
            return;
        }
        let known = self.known.entry(line).or_default();
        let mut new = Vec::new();
        match &view.stage {
            Stage::Session(session) => follow(known, session, &mut new),
            Stage::Ended(end) => {
                // Also a scam that the person names after the end.
                if known.ended.replace(end.reason) != Some(end.reason) {
                    new.push(What::Ended(end.reason));
                }
            }
            // Another key on the same line.
            Stage::Preparing if known.ended.is_some() => {
                *known = Known { notice: known.notice, ..Known::default() };
            }
            Stage::Idle | Stage::Preparing | Stage::Waiting(_) | Stage::Joining => {}
        }
        for notice in view.notices.iter().filter(|notice| notice.id > known.notice) {
            new.push(What::Notice(notice.kind.clone()));
        }
        known.notice = view.notices.iter().map(|notice| notice.id).fold(known.notice, u64::max);
        for what in new {
            self.push(line, what, at);
        }
    }

    fn push(&mut self, line: LineId, what: What, at: SystemTime) {
        self.calls |= what.calls();
        self.drawn = None;
        // Somebody who writes much is one thing that happened.
        if let What::Chat(more) = what
            && let Some(item) = self.items.iter_mut().rev().find(|item| item.line == line && !item.is_seen)
            && let What::Chat(lines) = item.what
        {
            let item = Arc::make_mut(item);
            (item.what, item.at) = (What::Chat(lines.saturating_add(more)), at);
            return;
        }
        self.last += 1;
        self.items.push_back(Arc::new(Item { number: self.last, at, line, what, is_seen: false, record: None }));
        self.trim();
    }

    /// Keeps the bounds: first goes what was seen.
    fn trim(&mut self) {
        self.drop_oldest(self.items.len().saturating_sub(MOST), |item| item.is_seen);
        self.drop_oldest(self.items.len().saturating_sub(MOST_UNSEEN), |_| true);
    }

    /// Drops so many of those, each the oldest of the line that has most of them then.
    fn drop_oldest(&mut self, count: usize, which: impl Fn(&Item) -> bool) {
        if count == 0 {
            return;
        }
        let mut left: BTreeMap<LineId, usize> = BTreeMap::new();
        self.items.iter().filter(|item| which(item)).for_each(|item| *left.entry(item.line).or_default() += 1);
        let mut gone: BTreeMap<LineId, usize> = BTreeMap::new();
        for _ in 0..count {
            let Some((line, most)) = left.iter_mut().max_by_key(|(_, most)| **most).filter(|(_, most)| **most > 0)
            else {
                break;
            };
            *most -= 1;
            *gone.entry(*line).or_default() += 1;
        }
        self.items.retain(|item| match gone.get_mut(&item.line) {
            Some(more) if *more > 0 && which(item) => {
                *more -= 1;
                false
            }
            _ => true,
        });
    }

    /// All of them, newest first; made anew only where something has changed.
    pub fn items(&mut self) -> Arc<[Arc<Item>]> {
        Arc::clone(self.drawn.get_or_insert_with(|| self.items.iter().rev().cloned().collect()))
    }

    /// The session is in front of the operator: what happened in it was seen.
    pub fn see(&mut self, line: LineId) {
        self.mark_seen(|item| item.line == line);
    }

    /// The list was looked at.
    pub fn see_all(&mut self) {
        self.mark_seen(|_| true);
    }

    fn mark_seen(&mut self, which: impl Fn(&Item) -> bool) {
        let unseen = self.items.iter_mut().filter(|item| !item.is_seen && which(item));
        unseen.for_each(|item| Arc::make_mut(item).is_seen = true);
        self.drawn = None;
        self.trim();
    }

    /// Empties the list of what was seen.
    pub fn clear(&mut self) {
        self.items.retain(|item| !item.is_seen);
        self.drawn = None;
    }

    /// What happened in this session leads to what is kept of it.
    pub fn keep_record(&mut self, line: LineId, record: &RecordId) {
        let items = self.items.iter_mut().filter(|item| item.line == line);
        items.for_each(|item| Arc::make_mut(item).record = Some(record.clone()));
        self.drawn = None;
    }

    /// Nothing comes from this session any more.
    pub fn forget(&mut self, line: LineId) {
        self.known.remove(&line);
        self.forgotten.insert(line);
    }

    /// Whether something has happened since the last time that somebody in another window should look at.
    pub fn take_call(&mut self) -> bool {
        std::mem::take(&mut self.calls)
    }
}

fn follow(known: &mut Known, session: &SessionView, new: &mut Vec<What>) {
    if !std::mem::replace(&mut known.is_session, true) {
        new.push(What::Came);
    }
    if session.recognised && !std::mem::replace(&mut known.recognised, true) {
        new.push(What::Recognised);
    }
    if std::mem::replace(&mut known.reconnecting, session.reconnecting) != session.reconnecting {
        new.push(if session.reconnecting { What::Lost } else { What::Back });
    }
    for power in &session.powers {
        if known.powers.insert(power.capability, power.state) == Some(power.state) {
            continue;
        }
        match power.state {
            PowerState::Granted => new.push(What::Granted(power.capability)),
            PowerState::Refused(decision) => new.push(What::Refused(power.capability, decision)),
            PowerState::Revoked => new.push(What::Revoked(power.capability)),
            PowerState::Over(cause) => new.push(What::Over(power.capability, cause)),
            PowerState::Off | PowerState::Asked => {}
        }
    }
    let folders = session.files.browse;
    if known.folders.replace(folders) != Some(folders)
        && matches!(folders, PowerState::Granted | PowerState::Refused(_) | PowerState::Revoked | PowerState::Over(_))
    {
        new.push(What::Folders(folders));
    }
    for ending in &session.machine.endings {
        let is_told = known.endings.insert(ending.request, ending.state) == Some(ending.state);
        if !is_told && matches!(ending.state, EndingState::Refused(_) | EndingState::Over(_)) {
            new.push(What::Ending(ending.clone()));
        }
    }
    for transfer in session.transfers.iter() {
        if known.transfers.insert(transfer.id, transfer.state) == Some(transfer.state) {
            continue;
        }
        let name = transfer.name.clone();
        match transfer.state {
            TransferState::Done if transfer.incoming => new.push(What::FileCame(name)),
            TransferState::Done => new.push(What::FileSent(name)),
            TransferState::Refused | TransferState::TooSoon | TransferState::Barred => {
                new.push(What::FileRefused(name));
            }
            TransferState::Failed(failure) => new.push(What::FileFailed(name, failure)),
            TransferState::Conflicts(count) => new.push(What::Conflicts(name, count)),
            TransferState::Asked | TransferState::Preparing | TransferState::Queued | TransferState::Running => {}
        }
    }
    let received = session.chat.iter().rev().find(|line| !line.mine).map_or(0, |line| line.number);
    if received > known.received {
        new.push(What::Chat(received - known.received));
        known.received = received;
    }
}
