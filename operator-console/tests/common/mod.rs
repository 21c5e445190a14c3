//! Sample data for tests and the gallery: names and texts are made up.
#![allow(dead_code, reason = "each user takes what it needs")]
#![allow(clippy::unwrap_used, reason = "sample data that is not sound fails its test")]

use console_core::LineId;
use console_core::gate::{AnswerView, Day, GateStage, GateView, Hours};
use console_core::picture::{Picture, SharedPictures};
use console_core::proto::files::{EntryKind, FolderEntry};
use console_core::proto::geometry::{CursorShape, Damage, Layout, Monitor, MonitorId};
use console_core::proto::machine::{
    Battery, Disk, Fact, FactLine, Facts, Hardware, Interface, Overview, Package, Process, ProcessName, Rows,
    SystemEvent, Temperature, Topic,
};
use console_core::proto::session::{
    Asking, Capability, CertificateProblem, EndReason, Ending, FileName, RequestId, TransferFailure, TransferId,
};
use console_core::proto::shell::TerminalSize;
use console_core::records::{
    Kept, KeptLine, NotInLog, OpenedTranscript, Outcome, PlainLine, Record, RecordId, TerminalText, Transcript,
    TranscriptState, Unfinished,
};
use console_core::terminal::Terminal;
use console_core::view::{
    ChatLine, ClipView, ConsoleView, EndView, EndingState, EndingView, FilesView, FolderView, ItemView, KeyView,
    MachineView, Notice, NoticeKind, OperatorView, PageView, PowerState, PowerView, RatingView, SessionView,
    ShellState, ShellView, Stage, TransferState, TransferView,
};
use operator_console::desk::{DeskView, Tab};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Everything that can be wrong with a certificate.
pub(crate) const PROBLEMS: [CertificateProblem; 10] = [
    CertificateProblem::NotFromThisOrganisation,
    CertificateProblem::Expired,
    CertificateProblem::NotYetValid,
    CertificateProblem::Revoked,
    CertificateProblem::WrongPurpose,
    CertificateProblem::NoProfile,
    CertificateProblem::NewerProfile,
    CertificateProblem::StaleRevocationList,
    CertificateProblem::BadRevocationList,
    CertificateProblem::Malformed,
];

/// The monitor of the sample.
pub(crate) const MONITOR: MonitorId = MonitorId(0);

/// A view at this stage.
pub(crate) fn view(stage: Stage) -> ConsoleView {
    let operator = OperatorView {
        name: "Giulia Rinaldi".to_owned(),
        organisation: "Comune di Rivalta".to_owned(),
        domain: "comune.rivalta.example".to_owned(),
        days_left: 21,
        team: Some("Sportello digitale".to_owned()),
        ends_at_s: 1_797_000_000,
        fingerprint: [0xA7; 32],
        tools: Capability::ALL.map(|capability| (capability, Asking::OncePerSession)).into(),
        hours: Vec::new(),
        time_zone: "Europe/Rome".to_owned(),
        longest_session_minutes: None,
        open_now: true,
        portal: "https://ponte.rivalta.example/".to_owned(),
    };
    let record = matches!(stage, Stage::Session(_) | Stage::Ended(_)).then(|| records()[0].id.clone());
    ConsoleView { operator, stage, notices: Vec::new(), record }
}

/// What is kept of some sessions, newest first; the first is the one of the view.
pub(crate) fn records() -> Arc<[Arc<Record>]> {
    let record = |ago_s: u64, number: u32, kept: Kept| {
        let began_s = 1_797_000_000 - ago_s;
        let id = RecordId::parse(&format!("{began_s:012}-{number:08x}")).unwrap();
        Arc::new(Record { id, kept: Kept { began_s, ..kept } })
    };
    let kept = |name: &str, notes: &str, minutes: u64, outcome, stars| Kept {
        name: name.to_owned(),
        notes: notes.to_owned(),
        lasted_s: Some(minutes * 60),
        end: Some(EndReason::ClientEnded),
        system: "Debian GNU/Linux 13".to_owned(),
        tags: vec!["protocollo".to_owned(), "stampante".to_owned()],
        outcome,
        stars,
        log: Some("/home/giulia/.local/share/ponte-console/logs/ponte-4f1c.ponte-log".into()),
        ..Kept::default()
    };
    [
        record(0, 1, Kept { system: "Debian GNU/Linux 13".to_owned(), ..Kept::default() }),
        record(5_400, 2, {
            let notes = "Il numero di protocollo non si vedeva: colonna nascosta. Mostrata e spiegato come si fa.";
            let kept = kept("Marco Bianchi, anagrafe", notes, 14, Some(Outcome::Solved), Some(5));
            let line = |at_s: u64, mine, text: &str| KeptLine {
                at_ms: (1_797_000_000 - 5_400 + at_s) * 1000,
                mine,
                text: text.to_owned(),
                not_delivered: false,
            };
            let last = line(1_210, true, "Allora a presto.");
            let chat = vec![
                line(60, true, "Buongiorno, mi dica che cosa vede."),
                line(
                    95,
                    false,
                    "La colonna con il numero di protocollo non c’è più, da quando ho cambiato la finestra.",
                ),
                line(130, true, "Ora guardo insieme a lei."),
                KeptLine { not_delivered: true, ..last },
            ];
            Kept { terminals: 1, chat, ..kept }
        }),
        record(93_000, 3, kept("Ufficio tributi", "Da rifare con il tecnico.", 41, Some(Outcome::ToContinue), None)),
        record(180_000, 4, {
            let unfinished = vec![unfinished()];
            let not_in_log = vec![NotInLog { name: "scansioni".to_owned(), files: 3 }];
            let end = Some(EndReason::ConnectionLost);
            Kept { end, lasted_s: Some(65), unfinished, not_in_log, ..Kept::default() }
        }),
        record(260_000, 5, Kept::default()),
    ]
    .into()
}

/// What has come of a file that was cut off.
pub(crate) fn unfinished() -> Unfinished {
    Unfinished {
        path: "/home/giulia/Scaricati/anagrafe/.ponte-part-0-0123456789abcdef".into(),
        name: "scansioni/large.bin".to_owned(),
        size_bytes: 96_000_000,
        done_bytes: 48_000_000,
        left_s: 1_796_820_065,
    }
}

/// What the terminal of the second of them showed.
pub(crate) fn transcript() -> OpenedTranscript {
    let id = records()[1].id.clone();
    let opened_ms = 1_796_994_700_000;
    let texts = [
        "marco@anagrafe-3:~$ lpstat -p",
        "stampante Protocollo_2p disabilitata dal 12 dicembre -",
        "        Carta esaurita nel cassetto 2",
        "marco@anagrafe-3:~$ sudo cupsenable Protocollo_2p",
        "[sudo] password di marco:",
        "marco@anagrafe-3:~$ df -h /home | tail -1; ls -l /home/marco/Documenti/Protocollo/2026/In-uscita/Comunicazioni-agli-uffici",
        "/dev/nvme0n1p3  468G  211G  234G  48% /home",
        "marco@anagrafe-3:~$ exit",
    ];
    let lines =
        texts.iter().zip(0..).map(|(text, at)| PlainLine { at_ms: opened_ms + at * 21_000, text: (*text).into() });
    let sha256 = "7c3a9d01f5be42688e1d90ab33c4f7d26e55b8a0914cfe7732d1a6b9840f2c1e".parse().unwrap();
    let terminal = TerminalText {
        opened_ms,
        lines: lines.collect(),
        left_out: 0,
        is_cut: true,
        closed: Some((20_113_402, sha256)),
        holds: true,
    };
    let transcript = Transcript { terminals: vec![terminal], is_damaged: false };
    OpenedTranscript { id, state: TranscriptState::Read(Arc::new(transcript)) }
}

/// A tab that shows this.
pub(crate) fn tab(line: u64, view: ConsoleView) -> Tab {
    Tab { line: LineId(line), view }
}

/// What stands around a session.
pub(crate) fn desk() -> DeskView {
    DeskView { records: records(), ..DeskView::default() }
}

/// The gate at this stage.
pub(crate) fn gate(stage: GateStage) -> GateView {
    let vault = "/home/giulia/.local/share/ponte-console/operator.ponte-vault".into();
    GateView { stage, busy: None, problem: None, done: None, opening: None, vault, is_recoverable: true }
}

/// A vault that waits for its password.
pub(crate) fn locked() -> GateStage {
    GateStage::Locked { name: "Giulia Rinaldi".to_owned(), until: None }
}

/// A key that waits for the organisation's answer.
pub(crate) fn requested() -> GateStage {
    GateStage::Requested { name: "Giulia Rinaldi".to_owned(), fingerprint: "3FA1 90C2 77DE 0B54 E618 2C9A".to_owned() }
}

/// What an organisation answered.
pub(crate) fn answer() -> AnswerView {
    AnswerView {
        name: "Giulia Rinaldi".to_owned(),
        team: Some("Sportello digitale".to_owned()),
        organisation: "Comune di Rivalta".to_owned(),
        domain: "comune.rivalta.example".to_owned(),
        ends_at_s: 1_797_000_000,
        time_zone: "Europe/Rome".to_owned(),
    }
}

/// The same with a profile that allows seeing the screen and pointing only, in working hours, for half an hour.
pub(crate) fn restricted(view: ConsoleView) -> ConsoleView {
    let tools = [(Capability::View, Asking::EachUse), (Capability::Annotate, Asking::OncePerSession)];
    let operator = OperatorView {
        tools: tools.into(),
        hours: vec![Hours { days: Day::ALL[..5].to_vec(), from_minute: 480, to_minute: 1080 }],
        longest_session_minutes: Some(30),
        ..view.operator
    };
    ConsoleView { operator, ..view }
}

/// A view with one notice of each of these kinds.
pub(crate) fn view_with_notices(stage: Stage, kinds: &[NoticeKind]) -> ConsoleView {
    let notices = kinds.iter().zip(1..).map(|(kind, id)| Notice { id, kind: kind.clone() }).collect();
    ConsoleView { notices, ..view(stage) }
}

/// A key that waits for another `left`.
pub(crate) fn waiting(now: Instant, left: Duration, tries_left: u8) -> Stage {
    Stage::Waiting(KeyView { grouped: "K7M 4QXP".to_owned(), expires_at: now + left, tries_left })
}

/// A session in which these powers stand like this.
pub(crate) fn session(view: PowerState, control: PowerState) -> SessionView {
    let monitor = |id: u8, x: i32| Monitor {
        id: MonitorId(id),
        x,
        y: 0,
        width: 1280,
        height: 800,
        scale_percent: 100,
        primary: id == 0,
    };
    let power = |capability, state| PowerView { capability, state };
    SessionView {
        check_word: "girasole".to_owned(),
        system: "Debian GNU/Linux 13".to_owned(),
        recognised: true,
        step: None,
        sharing_paused: false,
        since: SystemTime::now(),
        powers: vec![power(Capability::View, view), power(Capability::Control, control)],
        layout: Layout { epoch: 1, monitors: vec![monitor(0, 0)] },
        monitor: Some(MONITOR),
        chat: [].into(),
        transfers: [].into(),
        machine: Arc::default(),
        shell: ShellView::default(),
        files: Arc::default(),
        round_trip: Some(Duration::from_millis(38)),
        pictures_per_s: 30,
        pictures: 900,
        link: "quic".to_owned(),
        reconnecting: false,
        input_paused: false,
        bytes_to_console: 1_200_000,
        bytes_to_agent: 40_000,
        marks_seen: None,
        clipboard: ClipView::default(),
        asks: Arc::default(),
    }
}

/// The same with chat and files.
pub(crate) fn busy_session() -> SessionView {
    let line = |mine, text: &str, delivered| ChatLine {
        mine,
        number: 1,
        text: text.to_owned(),
        at: SystemTime::now(),
        delivered,
    };
    let mut session = session(PowerState::Granted, PowerState::Granted);
    session.chat = [
        line(false, "Non trovo il numero di protocollo", true),
        line(true, "Glielo indico: in alto, riquadro giallo.", true),
        line(false, "Grazie", true),
        line(true, "Le mando anche la guida.", false),
    ]
    .into();
    session.transfers = [
        transfer(1, "relazione finale sull'anagrafe.odt", true, TransferState::Done),
        transfer(2, "guida.pdf", false, TransferState::Running),
    ]
    .into();
    let second = Monitor { id: MonitorId(1), x: 1280, ..session.layout.monitors[0].clone() };
    session.layout.monitors.push(second);
    session
}

/// The same while the person is asked for control.
pub(crate) fn asking_session() -> SessionView {
    let mut session = busy_session();
    for power in session.powers.iter_mut().filter(|power| power.capability == Capability::Control) {
        power.state = PowerState::Asked;
    }
    session
}

/// A session in which the person lets their machine be read, with every page, and one program that does not end.
pub(crate) fn machine_session() -> SessionView {
    let mut session = session(PowerState::Granted, PowerState::Off);
    session.powers.push(PowerView { capability: Capability::SystemInfo, state: PowerState::Granted });
    let page = |facts: Facts| {
        let topic = facts.topic();
        (topic, PageView { facts: Some(Arc::new(facts)), at: Some(SystemTime::now()), ..PageView::default() })
    };
    let pages: BTreeMap<Topic, PageView> = machine_pages().into_iter().map(page).collect();
    let ending = EndingView {
        request: RequestId(7),
        pid: 4821,
        name: "soffice.bin".to_owned(),
        started_s: 1_797_000_005,
        force: false,
        state: EndingState::Over(Ending::Runs),
    };
    session.machine = Arc::new(MachineView { pages, endings: vec![ending] });
    session
}

/// A session with an open terminal.
pub(crate) fn shell_session() -> SessionView {
    let mut session = session(PowerState::Granted, PowerState::Off);
    session.powers.push(PowerView { capability: Capability::Shell, state: PowerState::Granted });
    let terminal = Terminal::new(TerminalSize { columns: 90, rows: 20 });
    let prompt = "\x1b[1;32msara@pc-anagrafe\x1b[0m:\x1b[1;34m~\x1b[0m$ ";
    let output = format!(
        "{prompt}ls --color\r\n\x1b[1;34mDocumenti\x1b[0m  \x1b[1;34mScaricati\x1b[0m  \x1b[1;32mavvia.sh\x1b[0m  note.txt\r\n\
         {prompt}df -h /home\r\nFile system     Dim. Usati Dispon. Uso% Montato su\r\n\
         /dev/nvme0n1p2  468G  431G     13G  \x1b[31m98%\x1b[0m /home\r\n\
         {prompt}./avvia.sh\r\n┌────────────┐\r\n│ perché età │\r\n└────────────┘\r\n\
         │█████████████▌      │ 65%\r\n\x1b[7m note.txt 1,1 \x1b[0m \x1b[38;5;208marancione\x1b[0m \
         \x1b[4msottolineato\x1b[0m \x1b[2mtenue\x1b[0m \x1b[48;2;40;80;160;97m blu \x1b[0m\r\n{prompt}"
    );
    terminal.feed(output.as_bytes());
    session.shell = ShellView { state: ShellState::Open, terminal: Some(terminal) };
    session
}

/// Every page about a machine.
pub(crate) fn machine_pages() -> Vec<Facts> {
    let fact = Fact::truncated;
    let process = |pid: u32, name: &str, user: &str, cpu_permille, megabytes: u64, command: &str| Process {
        pid,
        parent: 1,
        name: ProcessName::truncated(name),
        user: Fact::truncated(user),
        cpu_permille,
        memory_bytes: megabytes << 20,
        started_s: 1_797_000_000 + u64::from(pid % 7),
        command: FactLine::truncated(command),
        can_end: user == "marco",
    };
    let mut processes = vec![
        process(1, "systemd", "root", 0, 14, "/sbin/init splash"),
        process(
            4821,
            "soffice.bin",
            "marco",
            987,
            412,
            "/usr/lib/libreoffice/program/soffice.bin --writer Ricevuta.odt",
        ),
        process(
            3310,
            "firefox-esr",
            "marco",
            214,
            896,
            "/usr/lib/firefox-esr/firefox-esr https://comune.rivalta.example",
        ),
        process(2101, "Xorg", "root", 61, 120, "/usr/lib/xorg/Xorg :0 -seat seat0 vt7"),
        process(2207, "xfce4-panel", "marco", 8, 48, "xfce4-panel --display :0"),
    ];
    processes.extend((5000..5040).map(|pid| process(pid, "kworker-like", "root", 0, 1, "/usr/libexec/helper")));
    let addresses = Rows::first_of(vec![fact("192.168.1.23/24"), fact("fe80::1c2a:5dff:fe01:a1/64")]);
    let event = |severity, source: &str, text: &str| SystemEvent {
        at_ms: 1_797_000_000_000,
        severity,
        source: Fact::truncated(source),
        text: FactLine::truncated(text),
    };
    vec![
        Facts::Overview(Overview {
            host: fact("pc-marco"),
            system: fact("Debian GNU/Linux 13 (trixie)"),
            kernel: fact("6.12.41-amd64"),
            architecture: fact("x86_64"),
            uptime_s: 93_780,
            user: fact("marco"),
            desktop: fact("XFCE, x11"),
        }),
        Facts::Hardware(Hardware {
            model: fact("LENOVO ThinkPad L480"),
            cpu: fact("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz"),
            cpus: 8,
            cpu_permille: 187,
            memory_bytes: 8_242_913_280,
            memory_used_bytes: 5_020_000_000,
            swap_bytes: 2_147_483_648,
            swap_used_bytes: 310_000_000,
            batteries: Rows::first_of(vec![Battery { name: fact("BAT0"), charge_percent: 74, is_charging: true }]),
            temperatures: Rows::first_of(vec![Temperature { name: fact("coretemp Package id 0"), tenths_c: 613 }]),
        }),
        Facts::Disks(Rows::first_of(vec![
            Disk {
                mount: FactLine::truncated("/"),
                device: fact("/dev/nvme0n1p2"),
                file_system: fact("ext4"),
                size_bytes: 250_000_000_000,
                free_bytes: 1_900_000_000,
                is_removable: false,
            },
            Disk {
                mount: FactLine::truncated("/media/marco/CHIAVETTA"),
                device: fact("/dev/sda1"),
                file_system: fact("vfat"),
                size_bytes: 16_000_000_000,
                free_bytes: 9_400_000_000,
                is_removable: true,
            },
        ])),
        Facts::Network(Rows::first_of(vec![Interface {
            name: fact("wlp5s0"),
            hardware_address: fact("1c:2a:5d:01:00:a1"),
            addresses,
            received_bytes: 1_840_000_000,
            sent_bytes: 210_000_000,
            is_connected: Some(true),
            speed_mbits: 866,
            gateways: Rows::first_of(vec![fact("192.168.1.1")]),
            name_servers: Rows::first_of(vec![fact("192.168.1.1"), fact("9.9.9.9")]),
        }])),
        Facts::Processes(Rows::first_of(processes)),
        Facts::Packages(Rows {
            rows: (0..300)
                .map(|number| Package {
                    name: Fact::truncated(&format!("libreoffice-part-{number}")),
                    version: fact("4:25.2.3-2"),
                    architecture: fact("amd64"),
                })
                .collect(),
            left_out: 12,
        }),
        Facts::Events(Rows::first_of(vec![
            event(3, "kernel", "nvme0n1p2: no space left on device"),
            event(4, "NetworkManager", "device (wlp5s0): state change: activated -> deactivating"),
            event(6, "cron", "(root) CMD (run-parts /etc/cron.hourly)"),
        ])),
    ]
}

/// A file of 1.2 MB, two thirds of it moved.
pub(crate) fn transfer(id: u32, name: &str, incoming: bool, state: TransferState) -> TransferView {
    let done = state == TransferState::Done;
    TransferView {
        id: TransferId(id),
        name: name.to_owned(),
        incoming,
        size_bytes: 1_200_000,
        done_bytes: if done { 1_200_000 } else { 800_000 },
        files: 1,
        done_files: 0,
        failed_files: 0,
        failures: [].into(),
        now: None,
        conflicts: [].into(),
        is_held: false,
        state,
        saved_to: (incoming && done).then(|| format!("/home/giulia/Scaricati/{name}").into()),
        items: [].into(),
        at: None,
        failed_items: [].into(),
        not_in_log: 0,
    }
}

/// A file, or the folder around them.
fn item(number: u32, is_file: bool) -> ItemView {
    let name = if is_file { format!("modelli/c {number:02}.odt") } else { "modelli".to_owned() };
    ItemView { name, size_bytes: 740_000, is_file }
}

/// A session in which both folders are looked at, and several files move.
pub(crate) fn files_session() -> SessionView {
    let entry = |name: &str, kind, size_bytes, day: u64| FolderEntry {
        name: FileName::truncated(name),
        kind,
        size_bytes,
        modified_s: 1_790_000_000 + day * 86_400,
    };
    let folder = |path: &str, entries| {
        let parent = Some("/home".to_owned());
        Some(Arc::new(FolderView { path: path.to_owned(), parent, entries, left_out: 0 }))
    };
    let remote = vec![
        entry("Documenti", EntryKind::Folder, 0, 1),
        entry("Scaricati", EntryKind::Folder, 0, 9),
        entry("bolletta gennaio.pdf", EntryKind::File, 84_000, 3),
        entry("foto.jpg", EntryKind::File, 2_400_000, 2),
        entry("posta", EntryKind::Link, 0, 2),
    ];
    let local = vec![
        entry("modelli", EntryKind::Folder, 0, 1),
        entry("guida ai certificati.pdf", EntryKind::File, 1_210_000, 5),
        entry("lettore.AppImage", EntryKind::File, 48_000_000, 6),
    ];
    let files = FilesView {
        browse: PowerState::Granted,
        remote: folder("/home/marco", remote),
        local: folder("/home/giulia", local),
        ..FilesView::default()
    };
    let several = TransferView {
        files: 12,
        done_files: 1,
        size_bytes: 9_000_000,
        done_bytes: 1_900_000,
        failed_files: 1,
        failures: [("modelli/c 01.odt".to_owned(), TransferFailure::Cancelled)].into(),
        failed_items: [1].into(),
        items: (0..13).map(|number| item(number, number > 0)).collect(),
        at: Some(3),
        ..transfer(1, "modelli", false, TransferState::Running)
    };
    let asking = TransferView {
        files: 3,
        conflicts: ["bolletta gennaio.pdf".to_owned()].into(),
        ..transfer(2, "Documenti", true, TransferState::Conflicts(1))
    };
    let transfers = [several, asking].into();
    SessionView { files: Arc::new(files), transfers, ..session(PowerState::Granted, PowerState::Off) }
}

/// A session that is over.
pub(crate) fn ended(reason: EndReason) -> Stage {
    Stage::Ended(EndView {
        reason,
        lasted: Duration::from_secs(845),
        transfers: vec![transfer(1, "guida.pdf", false, TransferState::Done)],
        log: Some("/home/giulia/.local/share/ponte-console/logs/2026-11-22.ponte-log".into()),
        is_closing: false,
        rating: Some(RatingView { stars: 5, comment: Some("Gentile e paziente.".into()) }),
    })
}

/// As [`ended`], after files came that the log does not have.
pub(crate) fn ended_without_files_in_the_log() -> Stage {
    let Stage::Ended(end) = ended(EndReason::ConnectionLost) else { unreachable!() };
    let failed = TransferState::Failed(TransferFailure::Cancelled);
    let lost = TransferView { files: 5, done_files: 3, not_in_log: 3, ..transfer(2, "scansioni", true, failed) };
    Stage::Ended(EndView { transfers: [end.transfers.clone(), vec![lost]].concat(), ..end })
}

/// A desktop with a window on it, and an arrow for a pointer.
pub(crate) fn pictures(width: u32, height: u32) -> SharedPictures {
    let mut rgba = Vec::with_capacity((width * height * 4) as usize);
    for y in 0..height {
        for x in 0..width {
            let inside = (100..760).contains(&x) && (90..560).contains(&y);
            let colour: [u8; 3] = match (inside, y) {
                (true, 90..124) => [232, 232, 232],
                (true, 180..196) if (140..360).contains(&x) && (x / 7) % 3 != 0 => [40, 40, 48],
                (true, 214..230) if (136..380).contains(&x) => [255, 233, 168],
                (true, 250..262) if (140..520).contains(&x) && (x / 9) % 4 != 0 => [90, 90, 96],
                (true, _) => [255, 255, 255],
                _ => [65 + (x * 60 / width) as u8, 104 + (y * 60 / height) as u8, 150],
            };
            rgba.extend([colour[0], colour[1], colour[2], 255]);
        }
    }
    let pictures = SharedPictures::new();
    {
        let mut inside = pictures.lock();
        let picture = Picture { width, height, rgba, stream: 1, sequence: 1, fresh: Damage::full(width, height) };
        inside.monitors.insert(MONITOR, picture);
        inside.pointer.position = Some((MONITOR, 420, 330));
        inside.pointer.shape = arrow();
        inside.pointer.shape_number = 1;
    }
    pictures
}

fn arrow() -> CursorShape {
    let (width, height) = (12, 18);
    let mut bgra = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let edge = x == 0 || x == y * 2 / 3 || y == height - 1;
            let (inside, value) = (x <= y * 2 / 3, if edge { 255 } else { 20 });
            bgra.extend(if inside { [value, value, value, 255] } else { [0; 4] });
        }
    }
    CursorShape { width, height, hot_x: 0, hot_y: 0, bgra }
}
