//! What each command does: the same that a button of the window does, and refused where that button is off.

use super::answer::{Code, Done, Problem};
use super::command::{Command, Goal, Power};
use super::desk::{Desk, Step};
use super::pending::{self, Behind, Kind};
use super::press;
use super::state::{self, State, TerminalState, text};
use crate::engine::Engine as _;
use console_core::gate::{GateCommand, GateProblem, GateStage, Secret};
use console_core::private;
use console_core::proto::annotation::Annotation;
use console_core::proto::geometry::MonitorId;
use console_core::proto::input::{InputEvent, KeyUsage};
use console_core::proto::machine::{Facts, Topic};
use console_core::proto::session::Capability;
use console_core::proto::shell::TerminalSize;
use console_core::view::{ConsoleCommand, EndingState, PowerState, SessionView, ShellState, Stage, Typed};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest wait.
const LONGEST_WAIT_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) type Result<T = Done> = std::result::Result<T, Problem>;

pub(super) const NOTHING: Result = Ok(Done::Nothing {});

impl<W: Write> Desk<W> {
    pub(super) fn perform(&mut self, command: Command, now: Instant) -> Step {
        let result = match command {
            Command::SignIn { password } => return self.sign_in(password.map(|password| password.0), now),
            Command::NewKey {} => return self.new_key(),
            Command::CancelKey {} => return self.cancel_key(),
            Command::Wait { goal, timeout_ms, after } => return self.wait(goal, timeout_ms, after, now),
            Command::Request { capability } => {
                return self
                    .request(capability)
                    .map_or_else(|problem| Step::Answer(Err(problem)), |kind| Step::Later(kind, None));
            }
            Command::Facts { topic } => {
                return self
                    .facts(topic.into())
                    .map_or_else(|problem| Step::Answer(Err(problem)), |kind| Step::Later(kind, None));
            }
            Command::EndProcess { pid, force } => {
                return self
                    .end_process(pid, force)
                    .map_or_else(|problem| Step::Answer(Err(problem)), |kind| Step::Later(kind, None));
            }
            Command::End {} => return self.end(),
            Command::Quit {} => return Step::Quit,
            Command::Close {} => self.close(),
            Command::Release { capability } => self.release(capability),
            Command::Monitors {} => self.monitors(),
            Command::ShowMonitor { monitor } => self.show_monitor(MonitorId(monitor)),
            Command::Picture { path } => self.picture(&path),
            Command::Pointer { x, y, monitor } => self.place(x, y, monitor).and_then(|monitor| {
                let events = [InputEvent::PointerMove { monitor, x, y }];
                self.press(&events, now)
            }),
            Command::Click { x, y, monitor, button, count } => self.place(x, y, monitor).and_then(|monitor| {
                if count == 0 || count > press::CLICKS {
                    return Err(bad_value(format!("\"count\" is from 1 to {}", press::CLICKS)));
                }
                self.press(&press::click(monitor, (x, y), button.into(), count), now)
            }),
            Command::Button { button, action } => self.press(&press::button(button.into(), action), now),
            Command::Wheel { dx, dy } => match press::wheel(dx, dy) {
                Some(turn) => self.press(&[turn], now),
                None => Err(bad_value(format!("at most {} notches at once", press::NOTCHES))),
            },
            Command::Key { usage, name, modifiers, action } => key_usage(usage, name.as_deref())
                .and_then(|usage| self.press(&press::key(usage, &modifiers, action), now)),
            Command::Type { text } => self.type_text(&text, now),
            Command::Chat { text } => self.chat(text),
            Command::ClipboardSend { text, path } => self.clipboard_send(text, path.as_deref()),
            Command::ClipboardFetch {} => self.clipboard(ConsoleCommand::FetchClipboard),
            Command::ClipboardPicture { path } => self.clipboard_picture(&path),
            Command::TerminalType { text } => self.terminal_type(text),
            Command::TerminalSize { columns, rows } => self.terminal_size(TerminalSize { columns, rows }),
            Command::Terminal { back } => {
                self.session().map(|session| Done::Terminal { terminal: TerminalState::of(&session.shell, back) })
            }
            Command::Point { x, y, monitor } => self.point(x, y, monitor),
            Command::PointAway {} => self.annotate(Annotation::PointerGone),
            Command::Draw { shape, x, y, to_x, to_y, monitor } => self.draw(shape, (x, y), (to_x, to_y), monitor),
            Command::ClearMarks {} => self.annotate(Annotation::Clear),
            Command::SendFile { path } => self.send_file(path),
            Command::FetchFile { path, into } => self.fetch_file(path, into),
            Command::Transfers {} => self.transfers(),
            Command::Notes { text, name, record } => self.notes(text, name, record.as_deref()),
            Command::Tags { tags, record } => self.tags(tags, record.as_deref()),
            Command::Outcome { outcome, record } => self.outcome(outcome, record.as_deref()),
            Command::Records {} => self.records(),
            Command::ExportRecord { record } => self.export_record(&record),
            Command::ExportTranscript { record } => self.export_transcript(&record),
            Command::EraseRecord { record } => self.erase_record(&record),
            Command::ListFolder { path } => return self.list_folder(path),
            Command::Send { paths, into } => self.send_files(paths, into),
            Command::Fetch { paths, into } => self.fetch_files(paths, into),
            Command::Pause { transfer } => self.hold(transfer, true),
            Command::Resume { transfer } => self.hold(transfer, false),
            Command::CancelAll {} => self.session().and_then(|_| self.send(ConsoleCommand::CancelTransfers)),
            Command::TransferItems { transfer, from } => self.transfer_items(transfer, from),
            Command::Cancel { transfer, file: None } => self.on_transfer(transfer, ConsoleCommand::CancelTransfer),
            Command::Cancel { transfer, file: Some(file) } => self.cancel_file(transfer, &file),
            Command::Resolve { transfer, conflict } => {
                self.on_transfer(transfer, |id| ConsoleCommand::Resolve(id, conflict.into()))
            }
            Command::State {} => {
                let view = self.running.view();
                Ok(Done::State { state: Box::new(State::of(view.as_ref(), now)) })
            }
        };
        Step::Answer(result)
    }

    fn sign_in(&mut self, password: Option<Secret>, now: Instant) -> Step {
        let in_file = || self.password.as_ref().map(|password| Secret::from(String::clone(password)));
        let Some(password) = password.or_else(in_file) else {
            return refuse(Code::NoPassword, "a password is needed, here or in the file of --password-file");
        };
        if self.pending.iter().any(|pending| pending.kind == Kind::SignIn) {
            return refuse(Code::Busy, "another signing in is not over yet");
        }
        let gate = self.running.gate();
        match gate.stage {
            GateStage::Open => refuse(Code::AlreadySignedIn, "the operator is signed in"),
            GateStage::Empty => refuse(Code::NoVault, "there is no vault; the window makes one"),
            GateStage::Requested { .. } | GateStage::Confirm(_) => {
                refuse(Code::NotEnrolled, "the organisation's answer is not there; the window takes it")
            }
            GateStage::Unusable => {
                Step::Answer(Err(gate_problem(gate.problem.as_ref().unwrap_or(&GateProblem::System))))
            }
            GateStage::Locked { until: Some(until), .. } if until > now => {
                let mut problem = Problem::new(Code::Locked, "no password is taken now, after too many wrong ones");
                problem.wait_s = Some(until.saturating_duration_since(now).as_secs() + 1);
                Step::Answer(Err(problem))
            }
            GateStage::Locked { .. } => {
                self.running.at_gate(GateCommand::SignIn(password));
                Step::Later(Kind::SignIn, None)
            }
        }
    }

    fn new_key(&mut self) -> Step {
        let notices = self.view.as_ref().map(|view| &view.notices);
        let last_notice = notices.and_then(|notices| notices.last()).map_or(0, |notice| notice.id);
        match self.stage() {
            Err(problem) => Step::Answer(Err(problem)),
            Ok(Stage::Idle | Stage::Ended(_)) => match self.send(ConsoleCommand::NewKey) {
                Ok(_) => Step::Later(Kind::NewKey { begun: false, last_notice }, None),
                Err(problem) => Step::Answer(Err(problem)),
            },
            Ok(_) => refuse(Code::WrongStage, "there is a key or a session"),
        }
    }

    fn cancel_key(&mut self) -> Step {
        match self.stage() {
            Err(problem) => Step::Answer(Err(problem)),
            Ok(Stage::Preparing | Stage::Waiting(_) | Stage::Joining) => match self.send(ConsoleCommand::CancelKey) {
                Ok(_) => Step::Later(Kind::CancelKey, None),
                Err(problem) => Step::Answer(Err(problem)),
            },
            Ok(_) => refuse(Code::WrongStage, "there is no key"),
        }
    }

    fn end(&mut self) -> Step {
        match self.session().map(|_| ()).and_then(|()| self.send(ConsoleCommand::End)) {
            Ok(_) => Step::Later(Kind::End, None),
            Err(problem) => Step::Answer(Err(problem)),
        }
    }

    fn wait(&mut self, goal: Goal, timeout_ms: u64, after: u64, now: Instant) -> Step {
        if let Err(problem) = self.stage() {
            return Step::Answer(Err(problem));
        }
        if timeout_ms > LONGEST_WAIT_MS {
            return Step::Answer(Err(bad_value(format!("\"timeout_ms\" is at most {LONGEST_WAIT_MS}"))));
        }
        if after > 0 && goal != Goal::Picture {
            return Step::Answer(Err(bad_value("\"after\" belongs to waiting for a picture")));
        }
        let behind = self.pending.iter().rev().find_map(|pending| match (pending.kind, goal) {
            (Kind::NewKey { begun: false, .. }, _) => Some(Behind::NewKey),
            (Kind::Request { capability, asks }, goal) if goal.power() == Some(capability) => {
                Some(Behind::Request(capability, asks))
            }
            _ => None,
        });
        let behind = behind.unwrap_or(match goal {
            Goal::Transfers if self.session().is_ok_and(|session| (session.transfers.len() as u64) < self.files) => {
                Behind::Files(self.files)
            }
            _ => Behind::Nothing,
        });
        Step::Later(Kind::Wait { goal, after, behind }, Some(now + Duration::from_millis(timeout_ms)))
    }

    fn close(&mut self) -> Result {
        match self.stage()? {
            Stage::Ended(_) => self.send(ConsoleCommand::CloseEnded),
            _ => Err(Problem::new(Code::WrongStage, "no session has ended")),
        }
    }

    fn request(&mut self, power: Power) -> Result<Kind> {
        let capability = power.into();
        let session = self.session()?;
        let state = pending::power(session, capability);
        if !session.recognised {
            return Err(not_recognised());
        }
        let is_seen = pending::power(session, Capability::View) == Some(PowerState::Granted);
        match state {
            None => Err(not_in_profile()),
            Some(_) if capability != Capability::View && !is_seen => Err(not_seen()),
            Some(PowerState::Asked | PowerState::Granted) => {
                Err(Problem::new(Code::Already, "it is granted, or the person has the question"))
            }
            Some(_) => {
                let asks = pending::asked(session, capability);
                self.send(ConsoleCommand::Ask(capability)).map(|_| Kind::Request { capability, asks })
            }
        }
    }

    fn facts(&mut self, topic: Topic) -> Result<Kind> {
        match pending::power(self.session()?, Capability::SystemInfo) {
            None => Err(not_in_profile()),
            Some(PowerState::Granted) => {
                self.send(ConsoleCommand::Look(topic)).map(|_| Kind::Facts { topic, begun: false })
            }
            Some(_) => Err(Problem::new(Code::NotGranted, "system information is not granted")),
        }
    }

    /// Of a process that stands on the page that was read last, so that the person is asked about that very one.
    fn end_process(&mut self, pid: u32, force: bool) -> Result<Kind> {
        self.may(Capability::EndProcess)?;
        let session = self.session()?;
        if pending::power(session, Capability::SystemInfo) != Some(PowerState::Granted) {
            return Err(Problem::new(Code::NotGranted, "system information is not granted"));
        }
        let endings = &session.machine.endings;
        if endings.iter().any(|ending| ending.state == EndingState::Asked) {
            return Err(Problem::new(Code::Already, "the person is being asked about another process"));
        }
        let after = endings.iter().map(|ending| ending.request.0).max().unwrap_or(0);
        let page = session.machine.pages.get(&Topic::Processes).and_then(|page| page.facts.as_deref());
        let Some(Facts::Processes(processes)) = page else {
            return Err(Problem::new(Code::WrongStage, "read the page about processes first"));
        };
        let process = processes.rows.iter().find(|process| process.pid == pid);
        let process = process.ok_or_else(|| bad_value("no process on that page has this number"))?;
        let (name, started_s) = (process.name.clone(), process.started_s);
        self.send(ConsoleCommand::EndProcess { pid, name, started_s, force })?;
        Ok(Kind::EndProcess { pid, after })
    }

    fn release(&mut self, power: Power) -> Result {
        let capability = power.into();
        match pending::power(self.session()?, capability) {
            // Who needs to see no more ends the session, as in the window.
            _ if capability == Capability::View => Err(bad_value("viewing is not given back: end the session")),
            Some(PowerState::Granted) => self.send(ConsoleCommand::Release(capability)),
            _ => Err(Problem::new(Code::NotGranted, "it is not granted")),
        }
    }

    fn monitors(&mut self) -> Result {
        let session = self.session()?;
        let shown = session.monitor.map(|monitor| monitor.0);
        Ok(Done::Monitors { monitors: state::monitors(&session.layout), shown })
    }

    fn show_monitor(&mut self, monitor: MonitorId) -> Result {
        match self.session()?.layout.monitor(monitor) {
            Some(_) => self.send(ConsoleCommand::ShowMonitor(monitor)),
            None => Err(no_such_monitor()),
        }
    }

    fn picture(&mut self, path: &Path) -> Result {
        let shown = self.session()?.monitor;
        let pictures = self.running.pictures();
        let found = shown.and_then(|monitor| Some((monitor, pictures.lock().monitors.get(&monitor)?.clone())));
        let (monitor, picture) = found.ok_or_else(|| Problem::new(Code::NoPicture, "there is no picture now"))?;
        let path = self.write_new(path, |file| picture.write_png(file))?;
        Ok(Done::Picture { path: text(&path), monitor: monitor.0, width: picture.width, height: picture.height })
    }

    /// Writes a picture where nothing is yet, as the window does.
    pub(super) fn write_new(&self, path: &Path, write: impl FnOnce(File) -> io::Result<()>) -> Result<PathBuf> {
        let path = self.pictures_folder.join(path);
        let file = private::create_new(&path);
        file.and_then(write).map_err(|error| {
            let is_there = error.kind() == io::ErrorKind::AlreadyExists;
            let code = if is_there { Code::Already } else { Code::NotWritten };
            Problem::new(code, format!("the picture was not written: {error}"))
        })?;
        Ok(path)
    }

    /// The monitor of a place, if there is such a place.
    pub(super) fn place(&self, x: i32, y: i32, monitor: Option<u8>) -> Result<MonitorId> {
        let session = self.session()?;
        let monitor = monitor.map(MonitorId).or(session.monitor);
        let found = monitor.and_then(|monitor| session.layout.monitor(monitor)).ok_or_else(no_such_monitor)?;
        let is_inside = |at: i32, size: u32| u32::try_from(at).is_ok_and(|at| at < size);
        if is_inside(x, found.width) && is_inside(y, found.height) {
            Ok(found.id)
        } else {
            Err(bad_value(format!("the monitor has {} x {} pixels", found.width, found.height)))
        }
    }

    /// Sends input, unless it would go nowhere.
    fn press(&mut self, events: &[InputEvent], now: Instant) -> Result {
        let session = self.session()?;
        if pending::power(session, Capability::Control) != Some(PowerState::Granted) {
            return Err(Problem::new(Code::NotGranted, "control is not granted"));
        }
        is_seen(session)?;
        if session.input_paused {
            return Err(Problem::new(Code::InputPaused, "the agent takes no input now"));
        }
        self.held.note(events, now);
        for event in events {
            self.send(ConsoleCommand::Input(event.clone()))?;
        }
        NOTHING
    }

    fn type_text(&mut self, text: &str, now: Instant) -> Result {
        if text.is_empty() || text.len() > press::TYPED_BYTES {
            return Err(bad_value(format!("\"text\" has from 1 to {} bytes", press::TYPED_BYTES)));
        }
        self.press(&press::typed(text), now)
    }

    fn terminal_type(&self, text: String) -> Result {
        self.may_enter()?;
        is_seen(self.session()?)?;
        if text.is_empty() || text.len() > press::TYPED_BYTES {
            return Err(bad_value(format!("\"text\" has from 1 to {} bytes", press::TYPED_BYTES)));
        }
        self.send(ConsoleCommand::TypeInShell(Typed(text.into_bytes())))
    }

    fn terminal_size(&self, size: TerminalSize) -> Result {
        self.may_enter()?;
        let nearest = size.clamped();
        if nearest != size {
            let TerminalSize { columns, rows } = nearest;
            return Err(bad_value(format!("the nearest size that a terminal can have is {columns} x {rows}")));
        }
        self.send(ConsoleCommand::ResizeShell(size))
    }

    /// Whether a terminal is open.
    fn may_enter(&self) -> Result<()> {
        self.may(Capability::Shell)?;
        let session = self.session()?;
        if pending::power(session, Capability::Shell) != Some(PowerState::Granted) {
            return Err(Problem::new(Code::NotGranted, "the terminal is not granted"));
        }
        if session.shell.state != ShellState::Open {
            return Err(Problem::new(Code::WrongStage, "no terminal is open"));
        }
        Ok(())
    }

    fn chat(&mut self, text: String) -> Result {
        self.session()?;
        self.may(Capability::Chat)?;
        if text.trim().is_empty() || text.len() > console_core::proto::limits::CHAT_BYTES {
            let most = console_core::proto::limits::CHAT_BYTES;
            return Err(bad_value(format!("\"text\" has from 1 to {most} bytes, and not only spaces")));
        }
        self.send(ConsoleCommand::SendChat(text))?;
        self.lines += 1;
        Ok(Done::Chat { line: self.lines })
    }

    pub(super) fn may_move(&self, capability: Capability) -> Result<()> {
        let session = self.session()?;
        if !session.recognised {
            return Err(not_recognised());
        }
        self.may(capability)?;
        if pending::power(session, Capability::View) == Some(PowerState::Granted) { Ok(()) } else { Err(not_seen()) }
    }

    pub(super) fn may(&self, capability: Capability) -> Result<()> {
        let may = self.view.as_ref().is_some_and(|view| view.operator.may(capability));
        if may { Ok(()) } else { Err(not_in_profile()) }
    }

    pub(super) fn stage(&self) -> Result<&Stage> {
        let view = self.view.as_ref().ok_or_else(|| Problem::new(Code::NotSignedIn, "sign in first"))?;
        Ok(&view.stage)
    }

    pub(super) fn session(&self) -> Result<&SessionView> {
        match self.stage()? {
            Stage::Session(session) => Ok(session),
            _ => Err(Problem::new(Code::WrongStage, "there is no session")),
        }
    }

    pub(super) fn send(&self, command: ConsoleCommand) -> Result {
        if self.running.offer(command) {
            return NOTHING;
        }
        Err(Problem::new(Code::Busy, "the engine is behind; what this command had more to do was not done"))
    }
}

/// Whether what is done now is seen: what is not would be done blind, and goes nowhere.
fn is_seen(session: &SessionView) -> Result<()> {
    let stop = [
        (session.reconnecting, Code::Reconnecting, "the line is interrupted"),
        (session.sharing_paused, Code::SharingPaused, "the person has paused the sharing"),
    ];
    match stop.into_iter().find(|(is_so, ..)| *is_so) {
        Some((_, code, text)) => Err(Problem::new(code, text)),
        None => Ok(()),
    }
}

fn refuse(code: Code, text: &str) -> Step {
    Step::Answer(Err(Problem::new(code, text)))
}

pub(super) fn bad_value(text: impl Into<String>) -> Problem {
    Problem::new(Code::BadValue, text)
}

fn not_in_profile() -> Problem {
    Problem::new(Code::NotInProfile, "the operator's certificate does not allow it")
}

fn not_recognised() -> Problem {
    Problem::new(Code::NotRecognised, "the person has not said yet that they know who asks")
}

fn not_seen() -> Problem {
    Problem::new(Code::NotGranted, "the person is asked for this once viewing is granted")
}

fn no_such_monitor() -> Problem {
    Problem::new(Code::NoSuchMonitor, "no such monitor is shared")
}

fn key_usage(usage: Option<u8>, name: Option<&str>) -> Result<KeyUsage> {
    match (usage, name) {
        (Some(usage), None) if usage >= 4 => Ok(KeyUsage(usage)),
        (None, Some(name)) => press::named(name).ok_or_else(|| bad_value("no key has this name")),
        _ => Err(bad_value("either \"usage\", from 4 on, or \"name\" is needed")),
    }
}

pub(super) fn gate_problem(problem: &GateProblem) -> Problem {
    let file = |code, what: &str, path: &Path| Problem::new(code, format!("{what}: {}", path.display()));
    match problem {
        GateProblem::WrongPassword { left } => {
            let mut problem = Problem::new(Code::WrongPassword, "this is not the password");
            problem.left = Some(*left);
            problem
        }
        GateProblem::VaultDamaged(path) => file(Code::VaultUnusable, "this is no whole vault", path),
        GateProblem::VaultNewer(path) => file(Code::VaultUnusable, "this vault needs a newer program", path),
        GateProblem::NotRead(path) => file(Code::System, "this file cannot be read", path),
        GateProblem::NotWritten(path) => file(Code::System, "this file cannot be written", path),
        GateProblem::NoOrganisation(path) => file(Code::OrganisationUnusable, "there is no such file", path),
        GateProblem::OrganisationDamaged => {
            Problem::new(Code::OrganisationUnusable, "the organisation file is not one, or was changed")
        }
        GateProblem::OrganisationNewer => {
            Problem::new(Code::OrganisationUnusable, "the organisation file needs a newer program")
        }
        GateProblem::OrganisationExpired => Problem::new(Code::OrganisationUnusable, "the organisation file has ended"),
        GateProblem::Certificate(certificate) => {
            let mut problem = Problem::new(Code::CertificateRefused, "the operator's certificate does not hold");
            problem.detail = Some(super::names::certificate(*certificate));
            problem
        }
        _ => Problem::new(Code::System, "this system did not do what was needed"),
    }
}
