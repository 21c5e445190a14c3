//! Sample views for the tests and the gallery.
#![allow(dead_code, missing_docs, unreachable_pub)]

use agent_core::proto::session::{Capability, CertificateProblem, EndReason, RequestId, TransferFailure};
use agent_core::view::{
    AgentView, ChatLine, DomainProblem, EndView, Failure, GrantView, KeyProblem, LogView, OperatorView, Page,
    PanelView, QuestionKind, QuestionView, RemovalView, TransferState, TransferView,
};
use std::time::{Duration, SystemTime};

pub fn operator() -> OperatorView {
    OperatorView {
        name: "Giulia Rinaldi".into(),
        organisation: "Assistenza Comune di Lucca".into(),
        domain: "lucca.example".into(),
        team: Some("Anagrafe".into()),
        verified: true,
    }
}

pub fn page(page: Page) -> AgentView {
    AgentView { page, panel: None }
}

pub fn with_panel(page: Page, panel: PanelView) -> AgentView {
    AgentView { page, panel: Some(panel) }
}

pub fn panel() -> PanelView {
    PanelView {
        operator: operator(),
        check_word: "girasole".into(),
        since: SystemTime::now(),
        grants: Capability::ASKED
            .into_iter()
            .map(|capability| GrantView {
                capability,
                granted: matches!(capability, Capability::View | Capability::Control),
                barred: false,
                whole_session: matches!(capability, Capability::View | Capability::Control),
            })
            .collect(),
        chat: [].into(),
        transfers: [].into(),
        reconnecting: false,
        has_chat: true,
        ends_at: None,
    }
}

/// The operator asked for control too often.
pub fn barred_panel() -> PanelView {
    let mut panel = panel();
    for grant in panel.grants.iter_mut().filter(|grant| grant.capability == Capability::Control) {
        (grant.granted, grant.barred) = (false, true);
    }
    panel
}

pub fn busy_panel() -> PanelView {
    let line = |mine, text: &str| ChatLine { mine, text: text.into(), at: SystemTime::now(), delivered: true };
    PanelView {
        chat: vec![
            line(false, "Buongiorno, vedo la finestra dei certificati."),
            line(true, "Non trovo il numero di protocollo"),
            line(false, "Glielo indico: riquadro arancione."),
        ]
        .into(),
        transfers: vec![
            transfer("guida.pdf", true, TransferState::Done, Some("/home/marco/Scaricati/guida.pdf")),
            transfer("certificato di residenza 2026.pdf", true, TransferState::Running, None),
            transfer("foto.jpg", false, TransferState::Failed(TransferFailure::NotFound), None),
        ]
        .into(),
        reconnecting: true,
        ..panel()
    }
}

fn transfer(name: &str, incoming: bool, state: TransferState, saved_to: Option<&str>) -> TransferView {
    TransferView {
        name: name.into(),
        incoming,
        size_bytes: 1_210_000,
        done_bytes: 820_000,
        state,
        saved_to: saved_to.map(str::to_owned),
    }
}

pub fn question(kind: QuestionKind) -> Page {
    let whole_session = matches!(kind, QuestionKind::View | QuestionKind::Control);
    Page::Question(QuestionView { id: RequestId(7), operator: operator(), kind, whole_session })
}

pub fn receive() -> QuestionKind {
    QuestionKind::ReceiveFile {
        name: "guida ai certificati.pdf".into(),
        size_bytes: 1_210_000,
        folder: "/home/marco/Scaricati".into(),
    }
}

pub fn give() -> QuestionKind {
    QuestionKind::GiveFile { path: "/home/marco/Documenti/bolletta.pdf".into(), size_bytes: 84_000 }
}

pub fn end(reason: EndReason) -> EndView {
    EndView {
        reason,
        operator: Some(operator()),
        lasted: Duration::from_secs(845),
        used: vec![(Capability::View, Duration::from_secs(845)), (Capability::Control, Duration::from_secs(372))],
        files: vec![transfer("guida.pdf", true, TransferState::Done, Some("/home/marco/Scaricati/guida.pdf"))],
        removed: Some(RemovalView {
            removed: vec!["/home/marco/Scaricati/ponte-agent".into(), "/tmp/ponte-a41f".into()],
            failed: Vec::new(),
            kept: vec!["/home/marco/Scaricati/guida.pdf".into()],
        }),
        log: Some(LogView {
            session: "5f0c7d21".into(),
            text: "09:14 Giulia Rinaldi asked to see the screen.\n09:15 The person said yes.".into(),
            countersigned: true,
            saved: None,
        }),
    }
}

pub fn short_end(reason: EndReason) -> EndView {
    EndView { lasted: Duration::ZERO, used: Vec::new(), files: Vec::new(), ..end(reason) }
}

pub const FAILURES: [Failure; 17] = [
    Failure::Organisation,
    Failure::RelayUnreachable,
    Failure::ProxyPassword,
    Failure::OtherVersion,
    Failure::OperatorNotProven(CertificateProblem::Malformed),
    Failure::OperatorNotProven(CertificateProblem::NotFromThisOrganisation),
    Failure::OperatorNotProven(CertificateProblem::Expired),
    Failure::OperatorNotProven(CertificateProblem::NotYetValid),
    Failure::OperatorNotProven(CertificateProblem::Revoked),
    Failure::OperatorNotProven(CertificateProblem::WrongPurpose),
    Failure::OperatorNotProven(CertificateProblem::NoProfile),
    Failure::OperatorNotProven(CertificateProblem::NewerProfile),
    Failure::OperatorNotProven(CertificateProblem::StaleRevocationList),
    Failure::OperatorNotProven(CertificateProblem::BadRevocationList),
    Failure::ProtocolBroken,
    Failure::OperatorGone,
    Failure::ScreenUnavailable,
];

pub const REASONS: [EndReason; 8] = [
    EndReason::ClientEnded,
    EndReason::OperatorEnded,
    EndReason::ConsentDenied,
    EndReason::OperatorNotRecognised,
    EndReason::ConnectionLost,
    EndReason::ProtocolViolation,
    EndReason::ScreenUnavailable,
    EndReason::TimeUp,
];

/// Every page that there is, with a name.
pub fn views() -> Vec<(&'static str, AgentView)> {
    let unverified = OperatorView { verified: false, ..operator() };
    let word = || "girasole".to_owned();
    let broken = EndView {
        removed: Some(RemovalView {
            removed: vec!["/tmp/ponte-a41f".into()],
            failed: vec![("/home/marco/Scaricati/ponte-agent".into(), "Permission denied".into())],
            kept: Vec::new(),
        }),
        ..end(EndReason::OperatorEnded)
    };
    let mut views = vec![
        ("domain", page(Page::EnterOrganisation { problem: None })),
        ("domain-not-there", page(Page::EnterOrganisation { problem: Some(DomainProblem::NotThere) })),
        ("domain-not-trusted", page(Page::EnterOrganisation { problem: Some(DomainProblem::NotTrusted) })),
        ("key", page(Page::EnterKey { problem: None })),
        ("key-not-found", page(Page::EnterKey { problem: Some(KeyProblem::NotFound) })),
        ("key-wrong", page(Page::EnterKey { problem: Some(KeyProblem::WrongSecret { tries_left: 1 }) })),
        ("connecting", page(Page::Connecting)),
        ("who", page(Page::WhoAsks { operator: operator(), check_word: word() })),
        ("who-unverified", page(Page::WhoAsks { operator: unverified.clone(), check_word: word() })),
        ("waiting", page(Page::Waiting { operator: unverified })),
        ("view", page(question(QuestionKind::View))),
        ("control", with_panel(question(QuestionKind::Control), panel())),
        ("receive", with_panel(question(receive()), panel())),
        ("give", with_panel(question(give()), panel())),
        ("panel", with_panel(Page::Session, panel())),
        ("panel-barred", with_panel(Page::Session, barred_panel())),
        ("panel-busy", with_panel(Page::Session, busy_panel())),
        ("ended", page(Page::Ended(end(EndReason::ClientEnded)))),
        ("ended-broken", page(Page::Ended(broken))),
        ("ended-removing", page(Page::Ended(EndView { removed: None, ..end(EndReason::OperatorEnded) }))),
    ];
    views.extend(REASONS.into_iter().map(|reason| ("reason", page(Page::Ended(short_end(reason))))));
    views.extend(FAILURES.into_iter().map(|failure| ("failure", page(Page::Failed(failure)))));
    views
}
