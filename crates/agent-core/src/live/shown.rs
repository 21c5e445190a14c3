//! What the window shows of a running session.

use super::Live;
use super::sharing::Pause;
use crate::batches::Summary;
use crate::config::Setup;
use crate::files::Prepared;
use crate::view::{
    AgentView, ChatLine, Conflict, EndView, FilesView, GrantView, Page, PanelView, QuestionKind, QuestionView,
    RatingView, Shared, TransferState, TransferView,
};
use consent::Question;
use proto::session::{Asking, Capability, EndReason, Request, TransferFailure};
use session::{Chat, ChatEntry};
use std::collections::BTreeMap;
use std::time::Duration;

impl Live<'_> {
    /// What the window shows now.
    pub(super) fn view(&self) -> AgentView {
        let question = self.consent.open_question().and_then(|question| self.question(&question));
        let operator = || self.operator.clone();
        let page = match (self.sharing.choices(), question) {
            _ if self.sharing.pause == Some(Pause::Unseen) => Page::Unseen { operator: operator() },
            (Some(choices), _) => Page::Share { operator: operator(), choices },
            (None, Some(question)) => Page::Question(question),
            (None, None) if self.seen => Page::Session,
            (None, None) => Page::Waiting { operator: operator() },
        };
        AgentView { page, panel: self.seen.then(|| self.panel()) }
    }

    fn question(&self, question: &Question) -> Option<QuestionView> {
        let kind = match (&question.request, self.prepared.get(&question.id)) {
            (Request::View, _) => QuestionKind::View,
            (Request::Control, _) => QuestionKind::Control,
            (Request::SystemInfo, _) => QuestionKind::SystemInfo,
            (Request::Shell, _) => QuestionKind::Shell,
            (Request::Clipboard, _) => QuestionKind::Clipboard,
            (Request::EndProcess { pid, name, force, .. }, _) => {
                QuestionKind::EndProcess { name: name.shown(), pid: *pid, force: *force }
            }
            (Request::Browse, _) => QuestionKind::Browse,
            (_, Some(Prepared::Land { transfer, ready })) => {
                let summary = ready.as_ref().map(|ready| ready.summary.clone()).unwrap_or_default();
                let conflict = self.files.conflict(*transfer);
                QuestionKind::ReceiveFiles(FilesView { conflict, ..files_view(summary) })
            }
            (_, Some(Prepared::Leave { ready, .. })) => {
                let summary = ready.as_ref().map(|ready| ready.summary.clone()).unwrap_or_default();
                QuestionKind::GiveFiles(files_view(summary))
            }
            (_, None) => return None,
        };
        let whole_session = self.consent.asking(question.request.capability()) == Asking::OncePerSession;
        Some(QuestionView {
            id: question.id,
            operator: self.operator.clone(),
            kind,
            shared: self.shared(),
            whole_session,
            may_point: self.profile.allows(Capability::Annotate),
        })
    }

    pub(super) fn end_view(&self, reason: EndReason, used: Vec<(Capability, Duration)>) -> EndView {
        let mut files: Vec<TransferView> = self.transfers.values().cloned().collect();
        for view in files.iter_mut().filter(|view| view.state == TransferState::Running) {
            view.state = TransferState::Failed(TransferFailure::Cancelled);
        }
        let (operator, lasted) = (Some(self.operator.clone()), self.began.elapsed());
        let rating = asked_after(reason, self.seen);
        let ended = self.machine.ended();
        let still_running = self.shell.left();
        EndView {
            reason,
            operator,
            lasted,
            used,
            files,
            ended,
            rating,
            removed: None,
            log: None,
            still_running,
            again: None,
        }
    }

    fn shared(&self) -> Shared {
        match self.chosen.part() {
            audit_log::Shared::Everything => Shared::Everything,
            audit_log::Shared::Monitor => Shared::Monitor,
            audit_log::Shared::Window => Shared::Window(self.chosen.title.clone()),
        }
    }

    fn panel(&self) -> PanelView {
        let link = *self.link.borrow();
        let granted = self.consent.granted();
        let grant = |capability| GrantView {
            capability,
            granted: granted.iter().any(|scope| scope.capability == capability),
            barred: self.consent.is_barred(capability),
            whole_session: self.consent.asking(capability) == Asking::OncePerSession,
        };
        // Ending a program is never granted beyond that program: there is a row only where asking is barred.
        let is_row = |asked: &Capability| *asked != Capability::EndProcess || self.consent.is_barred(*asked);
        let switches = Capability::ASKED.into_iter().filter(is_row);
        PanelView {
            operator: self.operator.clone(),
            check_word: self.check_word.clone(),
            since: self.since,
            grants: switches.filter(|asked| self.profile.allows(*asked)).map(grant).collect(),
            chat: self.chat.list(chat_lines),
            transfers: self.transfers.list(|transfers| transfers.values().cloned().collect()),
            reconnecting: !(link.attached && link.peer_attached),
            has_chat: self.profile.allows(Capability::Chat),
            paused: self.sharing.pause.is_some(),
            shared: self.shared(),
            ends_at: longest_session(self.config, &self.profile).map(|longest| self.since + longest),
            shell: self.shell.lines(),
        }
    }
}

fn files_view(summary: Summary) -> FilesView {
    let Summary { names, files, size_bytes, conflicts, folder } = summary;
    FilesView { names, files, size_bytes, folder, conflicts, conflict: Conflict::default() }
}

fn chat_lines(chat: &Chat) -> Vec<ChatLine> {
    let line = |entry: &ChatEntry| ChatLine {
        mine: entry.mine,
        text: entry.text.clone(),
        at: entry.at,
        delivered: entry.delivered,
        number: entry.id,
    };
    chat.entries().iter().map(line).collect()
}

/// What the person is asked after this end, once they have seen something of the session or before.
pub(super) const fn asked_after(reason: EndReason, seen: bool) -> RatingView {
    match reason {
        // Whoever saw nothing of it is not asked how it was.
        EndReason::ClientEnded | EndReason::OperatorEnded | EndReason::TimeUp if seen => RatingView::Open,
        // An operator can bring this about to take the question away: there is no praise, but a word against them.
        EndReason::ProtocolViolation => RatingView::ScamOnly,
        _ => RatingView::None,
    }
}

/// The longest session that the certificate and the organisation's policy allow, the shorter of the two.
pub(super) fn longest_session(config: &Setup, profile: &identity::Profile) -> Option<Duration> {
    let policy = identity::Policy::effective(&config.organisation.file().policy, &profile.policy);
    let by_policy = Some(policy.value("longest_session_minutes")).filter(|minutes| *minutes > 0);
    let by_policy = by_policy.map(|minutes| Duration::from_secs(minutes * 60));
    profile.longest_session().into_iter().chain(by_policy).min()
}

/// How often each power is asked for. Every program is asked about by itself, whatever the certificate says.
pub(super) fn rules(profile: &identity::Profile) -> BTreeMap<Capability, Asking> {
    let mut rules = profile.tools.clone();
    rules.entry(Capability::EndProcess).and_modify(|asking| *asking = Asking::EachUse);
    rules
}
