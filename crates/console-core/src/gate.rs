//! What stands before the engine: making the operator's key, the organisation's answer, and signing in.
//!
//! The key rests sealed under a password (see [`vault`]); whoever copies the file has the cost of trying
//! passwords against them and nothing else. The waiting after wrong tries guards this window alone. Read
//! [`Gate`], then [`GateView`].

mod calendar;
mod files;
mod password;
mod problem;
mod view;
mod work;

use crate::config::ConsoleConfig;
use crate::view::OperatorView;
use identity::{OperatorFile, key_fingerprint};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};
use vault::OperatorVault;

pub use calendar::{CalendarDay, Opening, calendar_day, next_opening, renew};
pub use files::Places;
pub use files::write_whole;
pub(crate) use files::{make_folder as make_private_folder, read_bounded};
pub use identity::{Day, Hours};
pub use password::PASSWORD_LENGTH;
pub use problem::GateProblem;
pub use vault::Cost;
pub use view::{AnswerView, Busy, GateCommand, GateDone, GateStage, GateView, Secret};

/// Wrong passwords until the window takes none for a while.
pub const WRONG_TRIES: u8 = 3;
/// How long it takes none then.
pub const WRONG_WAIT: Duration = Duration::from_secs(30);

/// Where the gate stands; what the window shows of it is [`GateView`].
enum State {
    Empty,
    Vault(Box<OperatorVault>),
    Confirm(Box<OperatorVault>, Box<work::Answer>),
    Open(Box<OperatorVault>, Box<Open>),
    Unusable,
}

/// The vault, open.
struct Open {
    file: OperatorFile,
    /// For the hours.
    operator: OperatorView,
    /// Which organisation the certificate in use is from.
    root: [u8; 32],
}

/// What a thread of its own has done.
enum Outcome {
    Made(Result<OperatorVault, GateProblem>),
    SignedIn(Result<Box<work::SignedIn>, GateProblem>),
    Changed(Result<OperatorVault, GateProblem>),
}

/// The gate: takes commands, shows where it stands, and gives what the engine is started with.
pub struct Gate {
    places: Places,
    cost: Cost,
    language: String,
    on_change: Arc<dyn Fn() + Send + Sync>,
    state: State,
    work: Option<(Busy, Receiver<Outcome>)>,
    problem: Option<GateProblem>,
    done: Option<GateDone>,
    wrong: u8,
    until: Option<Instant>,
    opened: Option<ConsoleConfig>,
}

impl Gate {
    /// Looks at what is there. New passwords cost whoever tries them `cost`; the organisation's name is in
    /// `language` where it has one; `on_change` is called, also from other threads, when there is something
    /// new to be seen.
    #[must_use]
    pub fn new(places: Places, cost: Cost, language: &str, on_change: Arc<dyn Fn() + Send + Sync>) -> Self {
        let mut gate = Self {
            places,
            cost,
            language: language.to_owned(),
            on_change,
            state: State::Unusable,
            work: None,
            problem: None,
            done: None,
            wrong: 0,
            until: None,
            opened: None,
        };
        gate.reload();
        gate
    }

    /// From now on the organisation's name is in this language where it has one.
    pub fn set_language(&mut self, language: &str) {
        language.clone_into(&mut self.language);
    }

    /// What to show now (`now_s` seconds since 1970).
    pub fn view(&mut self, now: Instant, now_s: u64) -> GateView {
        self.take_outcome(now);
        if self.until.is_some_and(|until| until <= now) {
            self.until = None;
        }
        let stage = match &self.state {
            State::Empty => GateStage::Empty,
            State::Vault(vault) if vault.chain().is_empty() => {
                let fingerprint = key_fingerprint(&vault.public_key());
                GateStage::Requested { name: vault.name().to_owned(), fingerprint }
            }
            State::Vault(vault) => GateStage::Locked { name: vault.name().to_owned(), until: self.until },
            State::Confirm(_, answer) => GateStage::Confirm(answer.view.clone()),
            State::Open(..) => GateStage::Open,
            State::Unusable => GateStage::Unusable,
        };
        GateView {
            stage,
            busy: self.work.as_ref().map(|(busy, _)| *busy),
            problem: self.problem.clone(),
            done: self.done.clone(),
            opening: self.opening(now_s),
            vault: self.places.vault(),
            is_recoverable: self.vault().is_some_and(OperatorVault::is_recoverable),
        }
    }

    fn opening(&self, now_s: u64) -> Option<Opening> {
        let State::Open(_, open) = &self.state else { return None };
        let mut operator = open.operator.clone();
        renew(&mut operator, now_s);
        if operator.open_now { None } else { next_opening(&operator.hours, now_s, &operator.time_zone) }
    }

    /// What the engine is started with: once after signing in, and again after a renewed certificate was
    /// taken, for which the engine is to be started again.
    pub fn take_opened(&mut self) -> Option<ConsoleConfig> {
        self.opened.take()
    }

    /// Tells the operator of something that went wrong elsewhere.
    pub fn tell(&mut self, problem: GateProblem) {
        self.problem = Some(problem);
        (self.on_change)();
    }

    /// Does what the operator wants. What takes long is done on a thread; what makes no sense now is not done.
    pub fn handle(&mut self, command: GateCommand, now: Instant, now_s: u64) {
        self.take_outcome(now);
        if self.work.is_some() {
            return;
        }
        (self.problem, self.done) = (None, None);
        let result = match command {
            GateCommand::Reload => {
                if matches!(self.state, State::Unusable) {
                    self.reload();
                }
                Ok(())
            }
            GateCommand::MakeKey { name, password, again } => self.make_key(name, password, &again),
            GateCommand::SaveRequest(folder) => self.save_request(&folder),
            GateCommand::Import(path) => self.import(&path, now_s),
            GateCommand::Accept => self.accept(),
            GateCommand::Decline => {
                self.decline();
                Ok(())
            }
            GateCommand::SignIn(password) => self.sign_in(password, now, now_s),
            GateCommand::ChangePassword { old, new, again } => self.change_password(old, new, &again, now),
        };
        if let Err(problem) = result {
            self.problem = Some(problem);
        }
        (self.on_change)();
    }

    fn reload(&mut self) {
        self.state = match work::open_vault(&self.places) {
            Ok(Some(vault)) => State::Vault(Box::new(vault)),
            Ok(None) => State::Empty,
            Err(problem) => {
                self.problem = Some(problem);
                State::Unusable
            }
        };
    }

    fn vault(&self) -> Option<&OperatorVault> {
        match &self.state {
            State::Vault(vault) | State::Confirm(vault, _) | State::Open(vault, _) => Some(vault),
            State::Empty | State::Unusable => None,
        }
    }

    fn make_key(&mut self, name: String, password: Secret, again: &Secret) -> Result<(), GateProblem> {
        if !matches!(self.state, State::Empty) {
            return Ok(());
        }
        if name.trim().is_empty() {
            return Err(GateProblem::BadName);
        }
        password::check_new(password.expose(), again.expose(), &name)?;
        let (places, cost) = (self.places.clone(), self.cost);
        self.start(Busy::MakingKey, move || Outcome::Made(work::make_key(&places, &name, password.expose(), cost)))
    }

    fn save_request(&mut self, folder: &std::path::Path) -> Result<(), GateProblem> {
        let Some(vault) = self.vault() else { return Ok(()) };
        let path: PathBuf = work::save_request(&self.places, vault, folder)?;
        self.done = Some(GateDone::RequestSaved(path));
        Ok(())
    }

    fn import(&mut self, path: &std::path::Path, now_s: u64) -> Result<(), GateProblem> {
        let Some(vault) = self.vault() else { return Ok(()) };
        let answer = work::read_answer(&self.places, vault, path, &self.language, now_s)?;
        match std::mem::replace(&mut self.state, State::Unusable) {
            // Who is signed in knows the organisation, even if its file was lost meanwhile.
            State::Open(vault, open) if open.root != answer.organisation.root_sha256() => {
                self.state = State::Open(vault, open);
                Err(GateProblem::AnswerForeign)
            }
            State::Open(vault, open) => {
                let kept = work::keep_answer(&self.places, &vault, answer);
                self.state = State::Open(vault, open);
                self.renewed(kept?, now_s)
            }
            State::Vault(vault) | State::Confirm(vault, _) => {
                let is_known = answer.is_known;
                self.state = State::Confirm(vault, Box::new(answer));
                if is_known { self.accept() } else { Ok(()) }
            }
            other => {
                self.state = other;
                Ok(())
            }
        }
    }

    fn renewed(&mut self, renewed: OperatorVault, now_s: u64) -> Result<(), GateProblem> {
        let State::Open(vault, open) = &mut self.state else { return Ok(()) };
        open.file.chain = renewed.chain().to_vec();
        **vault = renewed;
        let config = work::open_config(&self.places, &open.file, now_s)?;
        // The organisation may have another recovery key by now.
        **vault = work::made_recoverable(&self.places, vault, &open.file, &config);
        open.operator = config.operator_view(now_s);
        self.opened = Some(config);
        self.done = Some(GateDone::AnswerTaken);
        Ok(())
    }

    fn accept(&mut self) -> Result<(), GateProblem> {
        match std::mem::replace(&mut self.state, State::Unusable) {
            State::Confirm(vault, answer) => match work::keep_answer(&self.places, &vault, *answer) {
                Ok(renewed) => {
                    self.state = State::Vault(Box::new(renewed));
                    self.done = Some(GateDone::AnswerTaken);
                    Ok(())
                }
                Err(problem) => {
                    self.state = State::Vault(vault);
                    Err(problem)
                }
            },
            other => {
                self.state = other;
                Ok(())
            }
        }
    }

    fn decline(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Unusable) {
            State::Confirm(vault, _) => State::Vault(vault),
            other => other,
        };
    }

    fn sign_in(&mut self, password: Secret, now: Instant, now_s: u64) -> Result<(), GateProblem> {
        let State::Vault(vault) = &self.state else { return Ok(()) };
        if vault.chain().is_empty() || self.until.is_some_and(|until| until > now) {
            return Ok(());
        }
        let (places, vault) = (self.places.clone(), vault.clone());
        self.start(Busy::SigningIn, move || {
            Outcome::SignedIn(work::sign_in(&places, &vault, password.expose(), now_s).map(Box::new))
        })
    }

    fn change_password(&mut self, old: Secret, new: Secret, again: &Secret, now: Instant) -> Result<(), GateProblem> {
        let State::Open(vault, _) = &self.state else { return Ok(()) };
        if self.until.is_some_and(|until| until > now) {
            return Ok(());
        }
        password::check_new(new.expose(), again.expose(), vault.name())?;
        if old == new {
            return Err(GateProblem::PasswordOld);
        }
        let (places, vault, cost) = (self.places.clone(), vault.clone(), self.cost);
        self.start(Busy::ChangingPassword, move || {
            Outcome::Changed(work::change_password(&places, &vault, old.expose(), new.expose(), cost))
        })
    }

    /// Does it on a thread, because deriving a key from a password takes about a second.
    fn start(&mut self, busy: Busy, work: impl FnOnce() -> Outcome + Send + 'static) -> Result<(), GateProblem> {
        let (done, outcome) = sync_channel(1);
        let on_change = Arc::clone(&self.on_change);
        let run = move || {
            // Nobody waits any more if the window was closed.
            if done.try_send(work()).is_ok() {
                on_change();
            }
        };
        std::thread::Builder::new().name("gate".to_owned()).spawn(run).map_err(|error| {
            tracing::warn!(%error, "no thread");
            GateProblem::System
        })?;
        self.work = Some((busy, outcome));
        Ok(())
    }

    fn take_outcome(&mut self, now: Instant) {
        let Some((_, outcome)) = &self.work else { return };
        let outcome = match outcome.try_recv() {
            Ok(outcome) => outcome,
            Err(std::sync::mpsc::TryRecvError::Empty) => return,
            Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                self.work = None;
                self.problem = Some(GateProblem::System);
                return;
            }
        };
        self.work = None;
        let result = match outcome {
            Outcome::Made(made) => made.map(|vault| self.state = State::Vault(Box::new(vault))),
            Outcome::Changed(changed) => changed.map(|changed| {
                if let State::Open(vault, _) = &mut self.state {
                    **vault = changed;
                }
                self.done = Some(GateDone::PasswordChanged);
                self.wrong = 0;
            }),
            Outcome::SignedIn(opened) => opened.map(|signed_in| self.open(*signed_in)),
        };
        if let Err(problem) = result {
            self.problem = Some(self.counted(problem, now));
        }
    }

    fn open(&mut self, signed_in: work::SignedIn) {
        self.wrong = 0;
        let work::SignedIn { vault, file, config } = signed_in;
        // The hours and the end of the certificate do not change with the time.
        let (operator, root) = (config.operator_view(0), config.organisation.root_sha256());
        self.state = State::Open(Box::new(vault), Box::new(Open { file, operator, root }));
        self.opened = Some(config);
    }

    /// A wrong password counts; another problem behind the right one begins the count anew.
    fn counted(&mut self, problem: GateProblem, now: Instant) -> GateProblem {
        if !matches!(problem, GateProblem::WrongPassword { .. }) {
            self.wrong = 0;
            return problem;
        }
        self.wrong += 1;
        if self.wrong >= WRONG_TRIES {
            self.wrong = 0;
            self.until = Some(now + WRONG_WAIT);
            return GateProblem::WrongPassword { left: 0 };
        }
        GateProblem::WrongPassword { left: WRONG_TRIES - self.wrong }
    }
}
