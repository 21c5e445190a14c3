//! The pages and the panel: plain data in, commands out, one file a page.

mod asking;
mod connecting;
mod ended;
mod enter_key;
mod enter_organisation;
mod failed;
mod layout;
mod log;
mod panel;
mod question;
mod rating;
mod scrolled;
mod share;
mod terms;
mod unseen;
mod waiting;
mod who_asks;

use crate::answers::Refusal;
use agent_core::Share;
use agent_core::proto::session::{RequestId, TransferId};
use agent_core::view::{AgentCommand, AgentView, Page, RatingView};
use egui::{Event, Key, PointerButton, Ui, Vec2};
use i18n::I18n;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;
use ui_kit::rates::Rates;

/// Size of the window when it shows a page, in points.
pub const PAGE_SIZE: Vec2 = Vec2::new(460.0, 680.0);
/// Width of the window when it shows the panel, in points; its height follows what is in it.
pub const PANEL_WIDTH: f32 = 340.0;

/// How long Enter and the space bar press nothing after a page has come up, and the pointer nothing on a last page.
pub const PAGE_GUARD: Duration = Duration::from_millis(700);

/// The two forms of the one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A page: one question or one message.
    Page,
    /// The panel: small, above everything else.
    Panel,
}

impl Form {
    /// The form for this view: a question comes before the panel, and so does what ends a session.
    #[must_use]
    pub const fn of(view: &AgentView) -> Self {
        match (&view.panel, &view.page) {
            (None, _)
            | (
                Some(_),
                Page::Question(_) | Page::Share { .. } | Page::Unseen { .. } | Page::Ended(_) | Page::Failed(_),
            ) => Self::Page,
            (Some(_), _) => Self::Panel,
        }
    }
}

/// What a window remembers between two passes and the engine does not need to know.
#[derive(Debug, Default)]
pub struct ScreenState {
    domain: String,
    key: String,
    chat_draft: String,
    chat_open: bool,
    /// The number of the operator's last line that was in sight.
    chat_read: u64,
    drawn: Option<(RequestId, u64)>,
    told: Option<RequestId>,
    shown: Option<(Shown, f64)>,
    /// Whether the pointer's press that is going on was meant for this page.
    press_counts: bool,
    /// Why the last answer was not counted, and whether that was not said yet.
    pub(crate) refusal: Option<Refusal>,
    is_refused_now: bool,
    /// What is chosen to be shared.
    share: share::ShareState,
    /// When the pictures to choose from were drawn last, as long as the engine was not told that they are gone.
    share_drawn: Option<f64>,
    /// Since when the sharing is paused.
    paused_since: Option<f64>,
    /// The rating that is being given, 0 for none yet, and the words to it.
    stars: u8,
    comment: String,
    /// Whether they wanted to send it without.
    stars_missed: bool,
    /// Whether the log stands on the screen.
    log_open: bool,
    /// Whether there was a log to keep in the pass before.
    log_known: bool,
    /// The technical log, where the person asked for it.
    pub report: ReportState,
    /// Height of the panel's rows in the pass before, in points.
    rows_height: f32,
    /// How fast files move.
    rates: Rates<TransferId>,
}

/// The technical log as far as the screens know it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ReportState {
    /// Whether the person wants it saved.
    pub wanted: bool,
    /// Where it is, or why it could not be saved.
    pub saved: Option<Result<String, String>>,
}

impl ScreenState {
    /// What was chosen before the choice of this pass, if there was one.
    pub(crate) fn take_choice(&mut self) -> Option<Option<Share>> {
        self.share.before.take()
    }

    /// Forgets what was read and written with one operator: the next may be another.
    fn forget_session(&mut self) {
        (self.chat_read, self.chat_open, self.stars) = (0, false, 0);
        self.chat_draft.clear();
        self.comment.clear();
    }

    /// Goes back to this choice.
    pub(crate) fn choose(&mut self, share: Option<Share>) {
        self.share.chosen = share;
    }

    /// From the next pass on the screen says why the last answer was not counted.
    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.refusal = Some(refusal);
        self.is_refused_now = true;
    }
}

/// What tells one page from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Shown {
    form: Form,
    page: Discriminant<Page>,
    question: Option<RequestId>,
    /// Whether it is the page that asks after the end: what follows it looks alike to the engine.
    asks_after: bool,
    /// Whether it is the page after the line was lost.
    is_lost: bool,
}

impl Shown {
    pub(crate) fn of(view: &AgentView) -> Self {
        let question = if let Page::Question(question) = &view.page { Some(question.id) } else { None };
        let asks_after = matches!(&view.page, Page::Ended(end)
            if matches!(end.rating, RatingView::Open | RatingView::ScamOnly));
        let is_lost = matches!(&view.page, Page::Ended(end) if end.again.is_some());
        Self { form: Form::of(view), page: discriminant(&view.page), question, asks_after, is_lost }
    }
}

/// A key that was meant for the page before presses nothing on this one.
fn heed_page_change(ui: &Ui, shown: Shown, state: &mut ScreenState) {
    let now = ui.input(|input| input.time);
    let since = match state.shown {
        Some((before, since)) if before == shown => since,
        Some(_) => now,
        None => f64::NEG_INFINITY,
    };
    if state.shown.is_some_and(|(before, _)| before != shown) {
        state.refusal = None;
    }
    state.shown = Some((shown, since));
    if now - since < PAGE_GUARD.as_secs_f64() {
        ui.input_mut(|input| {
            input
                .events
                .retain(|event| !matches!(event, Event::Key { key: Key::Enter | Key::Space, pressed: true, .. }));
        });
    }
    if ui.input(|input| input.pointer.button_pressed(PointerButton::Primary)) {
        state.press_counts = now - since >= PAGE_GUARD.as_secs_f64();
    }
}

/// Whether the pointer has pressed something on a last page that was meant for the page before: the second press of a
/// double click. There nothing is urgent, and some of it cannot be taken back.
fn is_stray(ui: &Ui, view: &AgentView, state: &ScreenState) -> bool {
    matches!(view.page, Page::Ended(_) | Page::Failed(_))
        && !state.press_counts
        && ui.input(|input| input.pointer.button_released(PointerButton::Primary))
}

/// Draws what `view` says and returns what the person did.
pub fn screen_ui(ui: &mut Ui, view: &AgentView, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    let tokens = ui_kit::theme::tokens(ui);
    ui.painter().rect_filled(ui.max_rect(), 0.0, tokens.background);
    let shown = Shown::of(view);
    heed_page_change(ui, shown, state);
    if !matches!(view.page, Page::Share { .. }) {
        state.share = share::ShareState::default();
    }
    let gone = share::heed_gone(ui, view, &mut state.share_drawn);
    state.log_open &= matches!(view.page, Page::Ended(_));
    if matches!(view.page, Page::EnterKey { .. } | Page::Connecting) {
        state.forget_session();
    }
    if !matches!(view.page, Page::Question(_)) {
        state.drawn = None;
    }
    let is_stray = is_stray(ui, view, state);
    let log_open = state.log_open;
    let mut commands = ui.push_id(shown, |ui| form_ui(ui, view, i18n, state)).inner;
    if is_stray {
        commands.clear();
        state.log_open = log_open;
    }
    commands.extend(gone);
    commands
}

fn form_ui(ui: &mut Ui, view: &AgentView, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    if let (Form::Panel, Some(panel)) = (Form::of(view), &view.panel) {
        return panel::panel_ui(ui, panel, i18n, state);
    }
    let mut commands = Vec::new();
    if let (Page::Share { .. } | Page::Unseen { .. }, Some(panel)) = (&view.page, &view.panel)
        && panel::header_ui(ui, panel, panel::Header::HeldPage, i18n)
    {
        commands.push(AgentCommand::End);
    }
    commands.extend(page_ui(ui, view, i18n, state));
    commands
}

fn page_ui(ui: &mut Ui, view: &AgentView, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    match &view.page {
        Page::EnterOrganisation { problem } => enter_organisation::page_ui(ui, *problem, i18n, state),
        Page::EnterKey { problem } => enter_key::page_ui(ui, *problem, i18n, state),
        Page::Connecting => connecting::page_ui(ui, i18n),
        Page::WhoAsks { operator, check_word } => who_asks::page_ui(ui, operator, check_word, i18n, state),
        Page::Terms { operator, terms } => terms::page_ui(ui, operator, terms, i18n, state),
        // In a session the bar above says who it is.
        Page::Share { operator, choices } => {
            let operator = view.panel.is_none().then_some(operator);
            share::page_ui(ui, operator, choices, i18n, state)
        }
        Page::Unseen { operator } => unseen::page_ui(ui, operator, i18n, state),
        Page::Waiting { operator } => waiting::page_ui(ui, Some(operator), i18n),
        Page::Session => waiting::page_ui(ui, None, i18n),
        Page::Question(question) => question::page_ui(ui, question, view.panel.as_ref(), i18n, state),
        Page::Ended(end) if end.rating == RatingView::Open => rating::page_ui(ui, end, i18n, state),
        Page::Ended(end) => ended::page_ui(ui, end, i18n, state),
        Page::Failed(failure) => failed::page_ui(ui, failure, i18n, state),
    }
}
