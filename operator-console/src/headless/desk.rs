//! The loop: lines in, views in, answers and events out. One thread does all of it, so that the order of the
//! output is the order in which things happened.

use super::INTERFACE;
use super::answer::{Answer, Code, Done, Event, Id, Problem};
use super::changes::Changes;
use super::command::{self, Command};
use super::lines::{LINE_BYTES, Wake};
use super::pending::{self, Kind, Pending};
use super::press::Held;
use super::state::OperatorState;
use super::views::Views;
use crate::engine::{Engine as _, Running};
use console_core::gate::{GateProblem, GateStage};
use console_core::proto::session::Capability;
use console_core::view::{ConsoleCommand, ConsoleView, PowerState};
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How often figures are looked at for which the engine does not wake anybody.
const GLANCE: Duration = Duration::from_millis(500);
/// How long the loop rests where nothing can come by itself.
const REST: Duration = Duration::from_secs(3600);

/// Nobody takes the output.
#[derive(Debug)]
pub(super) struct OutputGone;

/// What becomes of a command.
pub(super) enum Step {
    Answer(Result<Done, Problem>),
    /// Answered when this comes.
    Later(Kind, Option<Instant>),
    Quit,
}

/// Where lines meet the engine.
pub(super) struct Desk<W> {
    pub(super) running: Running,
    pub(super) password: Option<Zeroizing<String>>,
    /// For pictures whose path is relative.
    pub(super) pictures_folder: PathBuf,
    /// The view that was looked at last.
    pub(super) view: Option<ConsoleView>,
    pub(super) held: Held,
    /// Files asked for in this session: the engine numbers them in this order.
    pub(super) files: u64,
    /// Lines of chat written in this session.
    pub(super) lines: u64,
    pub(super) pending: Vec<Pending>,
    views: Arc<Views>,
    output: W,
    changes: Changes,
}

impl<W: Write> Desk<W> {
    pub(super) fn new(
        running: Running,
        views: Arc<Views>,
        output: W,
        password: Option<Zeroizing<String>>,
        pictures_folder: PathBuf,
    ) -> Self {
        Self {
            running,
            password,
            pictures_folder,
            view: None,
            held: Held::default(),
            files: 0,
            lines: 0,
            pending: Vec::new(),
            views,
            output,
            changes: Changes::default(),
        }
    }

    /// Runs until the input ends or says so, then ends what runs.
    pub(super) fn run(&mut self, wakes: &Receiver<Wake>) -> Result<(), OutputGone> {
        let ended = self.serve(wakes);
        self.running.shutdown();
        let quit = ended?;
        self.look()?;
        for pending in std::mem::take(&mut self.pending) {
            let closing = Problem::new(Code::Closing, "the console ends");
            self.put(&Answer::new(pending.id, Err(closing)))?;
        }
        quit.map_or(Ok(()), |id| self.put(&Answer::new(id, Ok(Done::Nothing {}))))
    }

    /// Gives the identifier of the command that ended it; none if the input ended.
    fn serve(&mut self, wakes: &Receiver<Wake>) -> Result<Option<Option<Id>>, OutputGone> {
        self.put(&Event::Ready { interface: INTERFACE, version: env!("CARGO_PKG_VERSION") })?;
        loop {
            let wake = wakes.recv_timeout(self.patience(Instant::now()));
            self.look()?;
            match wake {
                Ok(Wake::Line(line)) if line.trim_ascii().is_empty() => {}
                Ok(Wake::Line(line)) => {
                    let (id, command) = command::parse(&line);
                    drop(line);
                    if let Some(id) = self.handle(id, command)? {
                        return Ok(Some(id));
                    }
                }
                Ok(Wake::TooLong) => {
                    let text = format!("a line has at most {LINE_BYTES} bytes");
                    self.put(&Answer::new(None, Err(Problem::new(Code::LineTooLong, text))))?;
                }
                Ok(Wake::Changed) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Wake::EndOfInput) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
            self.look()?;
        }
    }

    /// Gives the identifier of the command that ends everything.
    fn handle(&mut self, id: Option<Id>, command: Result<Command, Problem>) -> Result<Option<Option<Id>>, OutputGone> {
        let step = match command {
            Ok(command) => self.perform(command, Instant::now()),
            Err(problem) => Step::Answer(Err(problem)),
        };
        match step {
            Step::Answer(result) => self.put(&Answer::new(id, result))?,
            Step::Quit => return Ok(Some(id)),
            Step::Later(..) if self.pending.len() >= pending::MOST => {
                let text = format!("at most {} commands wait for their answer", pending::MOST);
                self.put(&Answer::new(id, Err(Problem::new(Code::TooManyWaits, text))))?;
            }
            Step::Later(kind, until) => {
                let mut pending = Pending { id, until, kind };
                let now_true = match kind {
                    // Only what comes later answers these.
                    Kind::SignIn
                    | Kind::NewKey { .. }
                    | Kind::CancelKey
                    | Kind::Request { .. }
                    | Kind::Facts { .. }
                    | Kind::EndProcess { .. }
                    | Kind::End => None,
                    Kind::Wait { .. } => self.view.as_ref().and_then(|view| pending.look(view)),
                };
                match now_true {
                    Some(result) => self.put(&Answer::new(pending.id, result))?,
                    None => self.pending.push(pending),
                }
            }
        }
        Ok(None)
    }

    /// How long nothing needs to be done unless something comes.
    fn patience(&self, now: Instant) -> Duration {
        let session = self.view.as_ref().and_then(pending::session).map(|_| now + GLANCE);
        let waits = self.pending.iter().filter_map(|pending| pending.until);
        let next = waits.chain(self.held.beats_at()).chain(session).min();
        next.map_or(REST, |next| next.saturating_duration_since(now))
    }

    /// Takes what is new, tells it, and does what is due.
    fn look(&mut self) -> Result<(), OutputGone> {
        let now = Instant::now();
        self.look_at_gate(now)?;
        let mut views = self.views.take();
        if views.is_empty() {
            // The time alone can make something due.
            views.extend(self.view.clone());
        }
        for view in views {
            for event in self.changes.events(&view, now) {
                self.put(&event)?;
            }
            self.answer(|pending| pending.look(&view))?;
            self.view = Some(view);
        }
        let session = self.view.as_ref().and_then(pending::session);
        if session.is_none() {
            (self.files, self.lines) = (0, 0);
        }
        let granted = session.and_then(|session| pending::power(session, Capability::Control));
        if granted != Some(PowerState::Granted) {
            self.held = Held::default();
        }
        if let Some(beat) = self.held.beat(now) {
            // The next is a second away, and the agent lifts what is down without any.
            let _ = self.running.offer(ConsoleCommand::Input(beat));
        }
        self.answer(|pending| {
            let is_over = pending.until.is_some_and(|until| until <= now);
            is_over.then(|| Err(Problem::new(Code::Timeout, "the time is up")))
        })
    }

    fn look_at_gate(&mut self, now: Instant) -> Result<(), OutputGone> {
        if !self.pending.iter().any(|pending| pending.kind == Kind::SignIn) {
            return Ok(());
        }
        let gate = self.running.gate();
        let operator = self.running.view().map(|view| view.operator);
        self.answer(|pending| {
            if pending.kind != Kind::SignIn || gate.busy.is_some() {
                return None;
            }
            match (&gate.problem, &operator, &gate.stage) {
                (Some(problem), ..) => {
                    let mut problem = super::perform::gate_problem(problem);
                    if let GateStage::Locked { until: Some(until), .. } = gate.stage {
                        problem.wait_s = Some(until.saturating_duration_since(now).as_secs() + 1);
                    }
                    Some(Err(problem))
                }
                (None, Some(operator), _) => Some(Ok(Done::SignedIn { operator: OperatorState::of(operator) })),
                (None, None, GateStage::Open) => None,
                (None, None, _) => Some(Err(super::perform::gate_problem(&GateProblem::System))),
            }
        })
    }

    /// Answers each command that waits and for which there is an answer.
    fn answer(
        &mut self,
        mut look: impl FnMut(&mut Pending) -> Option<Result<Done, Problem>>,
    ) -> Result<(), OutputGone> {
        for mut pending in std::mem::take(&mut self.pending) {
            match look(&mut pending) {
                Some(result) => self.put(&Answer::new(pending.id, result))?,
                None => self.pending.push(pending),
            }
        }
        Ok(())
    }

    fn put(&mut self, line: &impl Serialize) -> Result<(), OutputGone> {
        let mut bytes = serde_json::to_vec(line).map_err(|error| {
            tracing::error!(%error, "a line could not be made");
            OutputGone
        })?;
        bytes.push(b'\n');
        self.output.write_all(&bytes).and_then(|()| self.output.flush()).map_err(|_| OutputGone)
    }
}
