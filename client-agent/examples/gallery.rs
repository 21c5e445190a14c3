//! Shows the agent's pages with sample data, from one on: `gallery PAGE it|en light|dark|contrast`;
//! lists them, and makes pictures of all, as [`camera`] says.

mod camera;
#[path = "../tests/support/mod.rs"]
mod support;

use agent_core::origin;
use agent_core::proto::session::EndReason;
use agent_core::view::{AgentCommand, AgentView, Page, QuestionKind, ShareReason};
use camera::Film;
use client_agent::app::SMALLEST_PAGE;
use client_agent::engine::Engine;
use client_agent::technical::TechnicalLog;
use client_agent::window;
use i18n::{I18n, Language};
use std::cell::RefCell;
use std::io::Write as _;
use ui_kit::Mode;

/// An engine that shows one page, and the next one when the person answers.
struct Tour(RefCell<Option<AgentView>>);

impl Engine for Tour {
    fn view(&self) -> AgentView {
        self.0.borrow().clone().unwrap_or_else(|| support::page(Page::Connecting))
    }

    fn send(&self, command: AgentCommand) {
        let shown = self.view();
        let next = match command {
            AgentCommand::SubmitKey(_) => {
                support::page(Page::WhoAsks { operator: support::operator(), check_word: "girasole".into() })
            }
            AgentCommand::SubmitDomain(_) | AgentCommand::TryAgain => support::page(Page::EnterKey { problem: None }),
            AgentCommand::RecogniseOperator(true) => {
                support::page(Page::Terms { operator: support::operator(), terms: support::terms() })
            }
            AgentCommand::AcceptTerms(true) => {
                let choices = support::choices(ShareReason::First);
                support::page(Page::Share { operator: support::operator(), choices })
            }
            AgentCommand::Share(_) if shown.panel.is_some() => support::with_panel(Page::Session, support::panel()),
            AgentCommand::Share(_) => support::page(support::question(QuestionKind::View)),
            AgentCommand::ChangeShare => {
                let choices = support::choices(ShareReason::Change);
                support::with_panel(Page::Share { operator: support::operator(), choices }, support::panel())
            }
            AgentCommand::Pause => support::with_panel(Page::Session, support::paused_panel()),
            AgentCommand::Resume | AgentCommand::KeepShare => support::with_panel(Page::Session, support::panel()),
            AgentCommand::ReportScam => support::page(Page::Ended(support::end(EndReason::ReportedAsScam))),
            AgentCommand::Rate { .. } | AgentCommand::SkipRating => {
                support::page(Page::Ended(support::end(EndReason::ClientEnded)))
            }
            AgentCommand::Answer(_, true) => support::with_panel(Page::Session, support::busy_panel()),
            AgentCommand::Revoke(_) => support::with_panel(support::question(QuestionKind::Control), support::panel()),
            AgentCommand::Answer(_, false) if shown.panel.is_some() => {
                support::with_panel(Page::Session, support::panel())
            }
            AgentCommand::RecogniseOperator(false)
            | AgentCommand::AcceptTerms(false)
            | AgentCommand::Answer(_, false) => {
                support::page(Page::Ended(support::short_end(EndReason::ConsentDenied)))
            }
            AgentCommand::NewKey => support::page(Page::EnterKey { problem: None }),
            AgentCommand::End => support::page(Page::Ended(support::rating())),
            AgentCommand::QuestionShown(_)
            | AgentCommand::SendChat(_)
            | AgentCommand::SaveLog(_)
            | AgentCommand::ShareGone
            | AgentCommand::Choose(..)
            | AgentCommand::StopTransfer(_)
            | AgentCommand::AllowAsking(_) => return,
            AgentCommand::Quit => {
                self.0.take();
                return;
            }
        };
        self.0.replace(Some(next));
    }

    fn has_ended(&self) -> bool {
        self.0.borrow().is_none()
    }

    fn shutdown(self: Box<Self>) {}
}

/// Gives pages of the same name a number.
fn numbered<T>(pages: Vec<(&str, T)>) -> Vec<(String, T)> {
    let names: Vec<String> = pages.iter().map(|(name, _)| (*name).to_owned()).collect();
    let count = |until: usize, name: &str| names[..until].iter().filter(|other| *other == name).count();
    pages
        .into_iter()
        .enumerate()
        .map(|(at, (name, page))| {
            let is_one = count(names.len(), name) == 1;
            (if is_one { name.to_owned() } else { format!("{name}-{}", count(at, name) + 1) }, page)
        })
        .collect()
}

fn main() -> eframe::Result {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|found| found == word);
    let language = if has("en") { Language::English } else { Language::Italian };
    let mode = match (has("dark"), has("contrast")) {
        (true, _) => Mode::Dark,
        (_, true) => Mode::HighContrast,
        _ => Mode::Light,
    };
    let mut views = numbered(support::views());
    if has("--list") {
        for (name, _) in &views {
            let _ = writeln!(std::io::stdout(), "{name}");
        }
        return Ok(());
    }
    let film = Film::of(&words);
    if film.is_none() {
        let number: usize = words.first().and_then(|number| number.parse().ok()).unwrap_or_default();
        views = vec![views.swap_remove(number % views.len())];
    }
    for (name, view) in views {
        window::run(I18n::new(language), mode, origin::watch(), TechnicalLog::default(), |ctx| {
            if let Some(film) = &film {
                film.shoot(ctx, &name, SMALLEST_PAGE);
            }
            Ok(Box::new(Tour(RefCell::new(Some(view)))))
        })?;
    }
    Ok(())
}
