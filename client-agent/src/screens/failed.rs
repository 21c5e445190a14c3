//! It did not come to a session: what happened, what it means, what to do.

use super::{ReportState, ScreenState, layout};
use agent_core::proto::session::CertificateProblem;
use agent_core::view::{AgentCommand, Failure};
use egui::{CollapsingHeader, Response, RichText, Ui};
use i18n::I18n;
use ui_kit::TagKind;

pub(super) fn page_ui(ui: &mut Ui, failure: &Failure, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    let id = match failure {
        Failure::Organisation => "failed-organisation",
        Failure::RelayUnreachable => "failed-relay",
        Failure::RelayBusy => "failed-busy",
        Failure::ProxyPassword => "failed-proxy",
        Failure::OtherVersion => "failed-version",
        Failure::OperatorNotProven(problem) => problem_id(*problem),
        Failure::ProtocolBroken => "failed-protocol",
        Failure::OperatorGone => "failed-gone",
        Failure::ScreenUnavailable => "failed-screen",
        Failure::Wayland => "failed-wayland",
        Failure::TooOld => "failed-too-old",
    };
    let grave = match failure {
        Failure::OperatorNotProven(problem) => is_grave(*problem),
        other => *other == Failure::ProtocolBroken,
    };
    let chosen = layout::page(
        ui,
        |ui| {
            ui_kit::title(ui, &i18n.text(&format!("{id}-title")));
            ui_kit::body_secondary(ui, &i18n.text(&format!("{id}-means")));
            ui.add_space(8.0);
            let kind = if grave { TagKind::Danger } else { TagKind::Accent };
            ui_kit::notice(ui, kind, "", &i18n.text(&format!("{id}-do")));
            ui.add_space(8.0);
            ui_kit::small(ui, &i18n.text("failed-removes-itself"));
            report_ui(ui, reason_id(failure), i18n, &mut state.report);
        },
        |ui| match can_try_again(failure) {
            true => {
                let again = if wants_new_key(failure) { "ended-again-key" } else { "failed-again" };
                let (close, again) = ui_kit::button_pair(ui, &i18n.text("failed-close"), &i18n.text(again));
                // A page that a revoked operator can bring about leads out, not back in.
                let careful = grave || matches!(failure, Failure::OperatorNotProven(_));
                focus_first(ui, if careful { &close } else { &again });
                choice(&close, Some(&again))
            }
            false => {
                let close = layout::single(ui, |ui| ui_kit::primary_button(ui, &i18n.text("failed-close")));
                focus_first(ui, &close);
                choice(&close, None)
            }
        },
    );
    chosen.into_iter().collect()
}

/// What only a technician needs to know of it, where the words above do not say it.
const fn reason_id(failure: &Failure) -> Option<&'static str> {
    match failure {
        Failure::ProxyPassword => Some("failed-proxy-why"),
        Failure::Wayland => Some("failed-wayland-why"),
        Failure::OperatorNotProven(problem) => match problem {
            CertificateProblem::Expired => Some("failed-expired-why"),
            CertificateProblem::NotYetValid => Some("failed-not-yet-why"),
            CertificateProblem::WrongPurpose => Some("failed-purpose-why"),
            CertificateProblem::NoProfile => Some("failed-no-profile-why"),
            CertificateProblem::NewerProfile => Some("failed-newer-why"),
            CertificateProblem::StaleRevocationList => Some("failed-stale-why"),
            CertificateProblem::BadRevocationList => Some("failed-bad-list-why"),
            CertificateProblem::NotFromThisOrganisation
            | CertificateProblem::Revoked
            | CertificateProblem::Malformed => None,
        },
        _ => None,
    }
}

/// Whether only another key helps: then the button says so.
const fn wants_new_key(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::ProtocolBroken
            | Failure::OperatorGone
            | Failure::OperatorNotProven(CertificateProblem::StaleRevocationList)
    )
}

/// The reason for a technician, and the technical log, which stays in memory unless the person wants it for somebody
/// who can read it.
fn report_ui(ui: &mut Ui, reason: Option<&str>, i18n: &I18n, report: &mut ReportState) {
    let tokens = ui_kit::theme::tokens(ui);
    let font = ui_kit::fonts::Weight::Regular.at(tokens.small_size);
    let title = RichText::new(i18n.text("failed-technical")).font(font).color(tokens.ink_secondary);
    CollapsingHeader::new(title).id_salt("technical").show(ui, |ui| {
        if let Some(reason) = reason {
            layout::ink_small(ui, &i18n.text(reason));
            ui.add_space(4.0);
        }
        ui_kit::tiny(ui, &i18n.text("failed-technical-what"));
        match &report.saved {
            Some(Ok(path)) => {
                ui_kit::tiny(ui, &i18n.text("failed-technical-saved"));
                layout::ink_small(ui, path);
            }
            Some(Err(reason)) => {
                ui_kit::tiny(ui, &i18n.text_with("failed-technical-not-saved", &[("reason", reason.into())]));
            }
            None => {}
        }
        if !matches!(report.saved, Some(Ok(_))) && ui_kit::button(ui, &i18n.text("failed-technical-save")).clicked() {
            report.wanted = true;
        }
    });
}

/// Whether another try makes sense: not where the program or the other end cannot be trusted.
fn can_try_again(failure: &Failure) -> bool {
    match failure {
        Failure::RelayUnreachable
        | Failure::RelayBusy
        | Failure::ProxyPassword
        | Failure::ProtocolBroken
        | Failure::OperatorGone => true,
        Failure::OperatorNotProven(problem) => !is_grave(*problem) && *problem != CertificateProblem::NewerProfile,
        Failure::OtherVersion
        | Failure::Organisation
        | Failure::ScreenUnavailable
        | Failure::Wayland
        | Failure::TooOld => false,
    }
}

/// Each problem has words of its own: what happened, what it means, what to do.
const fn problem_id(problem: CertificateProblem) -> &'static str {
    match problem {
        CertificateProblem::NotFromThisOrganisation => "failed-foreign",
        CertificateProblem::Expired => "failed-expired",
        CertificateProblem::NotYetValid => "failed-not-yet",
        CertificateProblem::Revoked => "failed-revoked",
        CertificateProblem::WrongPurpose => "failed-purpose",
        CertificateProblem::NoProfile => "failed-no-profile",
        CertificateProblem::NewerProfile => "failed-newer",
        CertificateProblem::StaleRevocationList => "failed-stale",
        CertificateProblem::BadRevocationList => "failed-bad-list",
        CertificateProblem::Malformed => "failed-operator",
    }
}

/// Whether somebody may be cheating, as opposed to a clock that is wrong or a list that is old.
const fn is_grave(problem: CertificateProblem) -> bool {
    match problem {
        CertificateProblem::NotFromThisOrganisation
        | CertificateProblem::Revoked
        | CertificateProblem::WrongPurpose
        | CertificateProblem::NoProfile
        | CertificateProblem::BadRevocationList
        | CertificateProblem::Malformed => true,
        CertificateProblem::Expired
        | CertificateProblem::NotYetValid
        | CertificateProblem::NewerProfile
        | CertificateProblem::StaleRevocationList => false,
    }
}

fn focus_first(ui: &Ui, button: &Response) {
    if ui.memory(|memory| memory.focused().is_none()) {
        button.request_focus();
    }
}

fn choice(close: &Response, again: Option<&Response>) -> Option<AgentCommand> {
    if close.clicked() {
        Some(AgentCommand::Quit)
    } else {
        again.is_some_and(Response::clicked).then_some(AgentCommand::TryAgain)
    }
}
