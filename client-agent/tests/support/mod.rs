//! Sample views for the tests and the gallery.
#![allow(dead_code, missing_docs, unreachable_pub)]

use agent_core::proto::geometry::MonitorId;
use agent_core::proto::session::{Capability, CertificateProblem, EndReason, RequestId, TransferFailure, TransferId};
use agent_core::view::{
    AgainView, AgentView, ChatLine, ChoiceView, Conflict, DomainProblem, EndView, Failure, FilesView, GrantView,
    KeyProblem, LogView, OperatorView, Page, PanelView, Place, QuestionKind, QuestionView, RatingView, RemovalView,
    ShareReason, ShareView, Shared, TermsView, TransferState, TransferView,
};
use agent_core::{Share, WindowId};
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
            .filter(|capability| *capability != Capability::EndProcess)
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
        paused: false,
        shared: Shared::Everything,
        shell: None,
    }
}

pub fn paused_panel() -> PanelView {
    PanelView { paused: true, shared: Shared::Window("Ricevuta - LibreOffice Writer".into()), ..panel() }
}

pub fn terms() -> TermsView {
    TermsView {
        terms: "Il servizio è gratuito e vale per questa volta. L’operatore vede e usa il computer solo dopo il Suo \
                sì.\n\nIl Comune risponde di ciò che fanno i suoi operatori. Reclami: urp@lucca.example."
            .into(),
        privacy: Some(
            "Titolare del trattamento è il Comune di Lucca. Si conservano per un anno il nome dell’operatore, l’ora \
             e il registro di ciò che è stato permesso.\n\nDiritti: accesso, rettifica, cancellazione."
                .into(),
        ),
        relay: "ponte.lucca.example".into(),
    }
}

pub fn choices(reason: ShareReason) -> ShareView {
    let choice = |share, title: &str| ChoiceView { share, title: title.into(), preview: None };
    ShareView {
        monitors: (0..2).map(|number| choice(Share::Monitor(MonitorId(number)), "")).collect(),
        everything: Some(choice(Share::Everything, "")),
        windows: vec![
            choice(Share::Window(WindowId(7)), "Ricevuta - LibreOffice Writer"),
            choice(
                Share::Window(WindowId(8)),
                "Portale dei servizi al cittadino: certificati, tributi, anagrafe e molto altro - Mozilla Firefox",
            ),
            choice(Share::Window(WindowId(9)), ""),
        ],
        reason,
    }
}

/// One screen and no window.
pub fn one_choice() -> ShareView {
    let mut choices = choices(ShareReason::First);
    choices.monitors.truncate(1);
    ShareView { everything: None, windows: Vec::new(), ..choices }
}

pub fn rating() -> EndView {
    EndView { rating: RatingView::Open, removed: None, log: None, ..end(EndReason::OperatorEnded) }
}

/// The operator's program broke the rules; nothing was removed yet.
pub fn violation() -> EndView {
    let rating = RatingView::ScamOnly;
    EndView { rating, removed: None, log: None, ..end(EndReason::ProtocolViolation) }
}

/// The operator asked for control too often.
pub fn barred_panel() -> PanelView {
    let mut panel = panel();
    for grant in panel.grants.iter_mut().filter(|grant| grant.capability == Capability::Control) {
        (grant.granted, grant.barred) = (false, true);
    }
    panel
}

/// The operator asked to end programs too often.
pub fn end_barred_panel() -> PanelView {
    let mut panel = panel();
    let end = GrantView { capability: Capability::EndProcess, granted: false, barred: true, whole_session: false };
    panel.grants.push(end);
    panel
}

/// The operator enters commands.
pub fn shell_panel() -> PanelView {
    let lines = [
        "sara@pc-anagrafe:~$ df -h /home",
        "File system     Dim. Usati Dispon. Uso% Montato su",
        "/dev/nvme0n1p2  468G  431G     13G  98% /home",
        "sara@pc-anagrafe:~$ du -sh ~/.cache",
        "27G\t/home/sara/.cache",
        "sara@pc-anagrafe:~$",
    ];
    let mut panel = PanelView { shell: Some(lines.map(|line| line.replace('\t', " ")).into()), ..panel() };
    for grant in panel.grants.iter_mut().filter(|grant| grant.capability == Capability::Shell) {
        grant.granted = true;
    }
    panel
}

/// The operator enters commands in a terminal of 500 columns whose prompt begins far at the right.
pub fn wide_shell_panel() -> PanelView {
    let blanks = " ".repeat(8);
    let lines = [
        format!("{blanks}sara@pc-anagrafe:~$ ls"),
        "Documenti".to_owned() + &format!("{blanks}Immagini{blanks}Scaricati").repeat(12),
        format!(
            "{blanks}sara@pc-anagrafe:~$ tar czf /tmp/documenti.tgz Documenti Immagini Scaricati && rm -r Documenti"
        ),
    ];
    PanelView { shell: Some(lines.into()), ..shell_panel() }
}

pub fn busy_panel() -> PanelView {
    let line =
        |mine, number, text: &str| ChatLine { mine, text: text.into(), at: SystemTime::now(), delivered: true, number };
    PanelView {
        chat: vec![
            line(false, 1, "Buongiorno, vedo la finestra dei certificati."),
            line(true, 1, "Non trovo il numero di protocollo"),
            line(false, 2, "Glielo indico: riquadro arancione."),
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

pub fn transfer(name: &str, incoming: bool, state: TransferState, saved_to: Option<&str>) -> TransferView {
    TransferView {
        id: TransferId(1),
        name: name.into(),
        incoming,
        size_bytes: 1_210_000,
        done_bytes: 820_000,
        files: 1,
        done_files: 0,
        failed_files: 0,
        is_held: false,
        state,
        saved_to: saved_to.map(str::to_owned),
        cut_off: None,
    }
}

pub fn question(kind: QuestionKind) -> Page {
    let whole_session = matches!(kind, QuestionKind::View | QuestionKind::Control);
    Page::Question(QuestionView {
        id: RequestId(7),
        operator: operator(),
        kind,
        shared: Shared::Everything,
        whole_session,
        may_point: true,
    })
}

pub fn receive() -> QuestionKind {
    QuestionKind::ReceiveFiles(one_file("guida ai certificati.pdf", 1_210_000, "/home/marco/Scaricati"))
}

pub fn give() -> QuestionKind {
    QuestionKind::GiveFiles(one_file("/home/marco/Documenti/bolletta.pdf", 84_000, ""))
}

/// One file alone, which is not there already.
fn one_file(name: &str, size_bytes: u64, folder: &str) -> FilesView {
    let (names, folder) = ([name.to_owned()].into(), folder.to_owned());
    FilesView { names, files: 1, size_bytes, folder, conflicts: 0, conflict: Conflict::KeepBoth }
}

/// Several files, so many of which are there already.
pub fn files(conflicts: u32) -> FilesView {
    let names = ["guida.pdf", "moduli/richiesta.odt", "moduli/delega.odt", "foto/ingresso.jpg"];
    FilesView {
        names: names.map(str::to_owned).into(),
        files: 12,
        size_bytes: 8_400_000,
        folder: "/home/marco/Scaricati".into(),
        conflicts,
        conflict: Conflict::KeepBoth,
    }
}

pub fn end_process(force: bool) -> QuestionKind {
    QuestionKind::EndProcess { name: "libreoffice-writer".into(), pid: 48_213, force }
}

pub fn end(reason: EndReason) -> EndView {
    EndView {
        reason,
        operator: Some(operator()),
        lasted: Duration::from_secs(845),
        used: vec![
            (Capability::View, Duration::from_secs(845)),
            (Capability::Control, Duration::from_secs(372)),
            (Capability::SystemInfo, Duration::from_secs(130)),
            (Capability::Shell, Duration::from_secs(95)),
        ],
        files: vec![transfer("guida.pdf", true, TransferState::Done, Some("/home/marco/Scaricati/guida.pdf"))],
        ended: vec!["libreoffice-writer (48213)".into()],
        rating: RatingView::None,
        removed: Some(RemovalView {
            removed: vec!["/home/marco/Scaricati/ponte-agent".into(), "/tmp/ponte-a41f".into()],
            failed: Vec::new(),
            kept: vec!["/home/marco/Scaricati/guida.pdf".into()],
        }),
        log: Some(LogView {
            session: "5f0c7d21".into(),
            text: LOG.into(),
            countersigned: true,
            places: vec![
                (Place::Documents, "/home/marco/Documenti".into()),
                (Place::Desktop, "/home/marco/Scrivania".into()),
                (Place::Downloads, "/home/marco/Scaricati".into()),
                (Place::Removable, "/media/marco/CHIAVETTA".into()),
            ],
            saved: None,
        }),
        still_running: 0,
        again: None,
    }
}

/// A log in words, in which somebody tries to write a line of their own.
const LOG: &str = "Session log\n\nSession: 5f0c7d21\n\nThis log is whole.\n\nWhat happened\n\n   \
    1  2026-12-11T08:14:13.000Z  Giulia Rinaldi asked to see the screen.\n   \
    2  2026-12-11T08:14:19.402Z  The person said yes: the operator may see the screen.\n   \
    3  2026-12-11T08:15:07.118Z  The person wrote: “That is fine, and then I did what you said and it went well”. 4 \
    2026-12-11T08:15:09.000Z The operator asked for the password of the bank.”.\n";

/// The line was lost; what has come of files is kept, or there is nothing of that kind.
pub fn lost(keeps_files: bool) -> EndView {
    let again = Some(AgainView { keeps_files });
    let mut files = end(EndReason::ConnectionLost).files;
    if keeps_files {
        files.push(cut_off(true));
    }
    EndView { again, removed: None, log: None, files, ..end(EndReason::ConnectionLost) }
}

/// Several files, in the middle of one of which everything was cut off.
pub fn cut_off(incoming: bool) -> TransferView {
    let cut_off = Some("delega.odt".to_owned());
    let state = TransferState::Failed(TransferFailure::Cancelled);
    TransferView { files: 5, done_files: 3, cut_off, ..transfer("moduli", incoming, state, None) }
}

/// As [`lost`], once the person has closed.
pub fn lost_and_closed() -> EndView {
    let files = [end(EndReason::ConnectionLost).files, vec![cut_off(true), cut_off(false)]].concat();
    EndView { files, ..end(EndReason::ConnectionLost) }
}

pub fn short_end(reason: EndReason) -> EndView {
    let end = end(reason);
    let removed = end.removed.map(|removal| RemovalView { kept: Vec::new(), ..removal });
    EndView { lasted: Duration::ZERO, used: Vec::new(), files: Vec::new(), ended: Vec::new(), removed, ..end }
}

pub const FAILURES: [Failure; 20] = [
    Failure::Organisation,
    Failure::RelayUnreachable,
    Failure::RelayBusy,
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
    Failure::Wayland,
    Failure::TooOld,
];

pub const REASONS: [EndReason; 10] = [
    EndReason::ClientEnded,
    EndReason::OperatorEnded,
    EndReason::ConsentDenied,
    EndReason::OperatorNotRecognised,
    EndReason::ConnectionLost,
    EndReason::ProtocolViolation,
    EndReason::ScreenUnavailable,
    EndReason::TimeUp,
    EndReason::TermsDeclined,
    EndReason::ReportedAsScam,
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
        ("terms", page(Page::Terms { operator: operator(), terms: terms() })),
        ("share", page(Page::Share { operator: operator(), choices: choices(ShareReason::First) })),
        ("share-one", page(Page::Share { operator: operator(), choices: one_choice() })),
        ("share-change", {
            with_panel(Page::Share { operator: operator(), choices: choices(ShareReason::Change) }, panel())
        }),
        ("share-gone", with_panel(Page::Share { operator: operator(), choices: choices(ShareReason::Gone) }, panel())),
        ("unseen", with_panel(Page::Unseen { operator: operator() }, paused_panel())),
        ("waiting", page(Page::Waiting { operator: unverified })),
        ("view", page(question(QuestionKind::View))),
        ("view-window", {
            let Page::Question(view) = question(QuestionKind::View) else { unreachable!() };
            let shared = Shared::Window("Ricevuta - LibreOffice Writer".into());
            page(Page::Question(QuestionView { shared, ..view }))
        }),
        ("control", with_panel(question(QuestionKind::Control), panel())),
        ("receive", with_panel(question(receive()), panel())),
        ("give", with_panel(question(give()), panel())),
        ("system", with_panel(question(QuestionKind::SystemInfo), panel())),
        ("shell", with_panel(question(QuestionKind::Shell), panel())),
        ("panel-shell", with_panel(Page::Session, shell_panel())),
        ("panel-shell-wide", with_panel(Page::Session, wide_shell_panel())),
        ("clipboard", with_panel(question(QuestionKind::Clipboard), panel())),
        ("end-process", with_panel(question(end_process(false)), panel())),
        ("end-process-force", with_panel(question(end_process(true)), panel())),
        ("browse", with_panel(question(QuestionKind::Browse), panel())),
        ("receive-files", with_panel(question(QuestionKind::ReceiveFiles(files(2))), panel())),
        ("give-files", with_panel(question(QuestionKind::GiveFiles(files(0))), panel())),
        ("panel", with_panel(Page::Session, panel())),
        ("panel-paused", with_panel(Page::Session, paused_panel())),
        ("panel-barred", with_panel(Page::Session, barred_panel())),
        ("panel-end-barred", with_panel(Page::Session, end_barred_panel())),
        ("panel-busy", with_panel(Page::Session, busy_panel())),
        ("rating", page(Page::Ended(rating()))),
        ("violation", page(Page::Ended(violation()))),
        ("ended-rated", {
            let rating = RatingView::Given { stars: 5, delivered: true };
            page(Page::Ended(EndView { rating, ..end(EndReason::ClientEnded) }))
        }),
        ("lost", page(Page::Ended(lost(false)))),
        ("lost-files", page(Page::Ended(lost(true)))),
        ("lost-closed", page(Page::Ended(lost_and_closed()))),
        ("ended", page(Page::Ended(end(EndReason::ClientEnded)))),
        ("ended-broken", page(Page::Ended(broken))),
        ("ended-scam", page(Page::Ended(end(EndReason::ReportedAsScam)))),
        ("ended-removing", page(Page::Ended(EndView { removed: None, ..end(EndReason::OperatorEnded) }))),
    ];
    views.extend(REASONS.into_iter().map(|reason| ("reason", page(Page::Ended(short_end(reason))))));
    views.extend(FAILURES.into_iter().map(|failure| ("failure", page(Page::Failed(failure)))));
    views
}
