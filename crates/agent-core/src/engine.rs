//! The handle of a running agent, and the stages from key to goodbye.

use crate::config::{AgentConfig, Setup};
use crate::farewell::Parted;
use crate::join::{self, JoinError, Joined};
use crate::learn;
use crate::ledger::{Ledger, proof_holds};
use crate::live::{self, Live};
use crate::view::{AgentCommand, AgentView, Failure, KeyProblem, OperatorView, Page, RemovalView};
use crate::welcome::{self, Leave};
use audit_log::Hex;
use capture::CaptureError;
use channel::{AcceptedChannel, Channel, ChannelError, Dial, Keeper, Port};
use identity::{Operator, Organisation};
use pairing::SessionKey;
use session::{AgentGreeting, CommandSender, Commands, Demands, HandshakeError, greet_console};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// How often one key is tried: each try lets whoever sits at the relay check one guess of it.
const TRIES_PER_KEY: u8 = 3;
/// Commands of the person that may wait.
const COMMANDS: usize = 64;
/// How long goodbyes may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A running agent. Dropping it ends every task.
pub struct AgentHandle {
    commands: Option<CommandSender<AgentCommand>>,
    view: watch::Receiver<AgentView>,
    run: JoinHandle<()>,
    runtime: Option<Runtime>,
}

impl AgentHandle {
    /// Starts the engine; `on_change` is called from its threads whenever the view has changed.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start(config: AgentConfig, on_change: Box<dyn Fn() + Send + Sync>) -> std::io::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("agent").enable_all().build()?;
        let (commands, waiting) = session::commands(COMMANDS);
        let first = AgentView { page: Page::EnterKey { problem: None }, panel: None };
        let (publish, view) = watch::channel(first);
        let desk = Desk { commands: waiting, view: publish, on_change };
        let run = runtime.spawn(run(config, desk));
        Ok(Self { commands: Some(commands), view, run, runtime: Some(runtime) })
    }

    /// What the window shows now.
    #[must_use]
    pub fn view(&self) -> AgentView {
        self.view.borrow().clone()
    }

    /// The view, to be watched.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<AgentView> {
        self.view.clone()
    }

    /// Hands a command to the engine. One that comes faster than the engine takes them is lost,
    /// which only a program can manage.
    pub fn send(&self, command: AgentCommand) {
        if !self.commands.as_ref().is_some_and(|commands| commands.send(command)) {
            tracing::warn!("a command was lost: the engine is busy or has ended");
        }
    }

    /// Ends the engine as if the person had left: the session ends, the other end is told, what is
    /// to be removed is removed. Waits for that at most `deadline`; not for use inside a runtime.
    pub fn shutdown(mut self, deadline: Duration) {
        if let Some(commands) = self.commands.take() {
            commands.leave();
        }
        if let Some(runtime) = self.runtime.take() {
            let ended = runtime.block_on(async { tokio::time::timeout(deadline, &mut self.run).await });
            if ended.is_err() {
                tracing::warn!("the engine did not end in time");
            }
            runtime.shutdown_background();
        }
    }
}

impl Drop for AgentHandle {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Where the engine meets the person.
pub(crate) struct Desk {
    pub(crate) commands: Commands<AgentCommand>,
    view: watch::Sender<AgentView>,
    on_change: Box<dyn Fn() + Send + Sync>,
}

impl Desk {
    pub(crate) fn show(&self, view: AgentView) {
        let changed = self.view.send_if_modified(|shown| {
            let changed = *shown != view;
            if changed {
                *shown = view;
            }
            changed
        });
        if changed {
            (self.on_change)();
        }
    }

    fn page(&self, page: Page) {
        self.show(AgentView { page, panel: None });
    }

    /// Waits until the person tries again (true) or leaves.
    async fn until_again(&mut self) -> bool {
        while let Some(command) = self.commands.recv().await {
            match command {
                AgentCommand::TryAgain => return true,
                AgentCommand::Quit | AgentCommand::End => return false,
                _ => {}
            }
        }
        false
    }

    /// Waits until the person leaves whatever is shown.
    async fn until_quit(&mut self) {
        while let Some(command) = self.commands.recv().await {
            if matches!(command, AgentCommand::Quit | AgentCommand::End) {
                return;
            }
        }
    }
}

/// How a try ended that did not come to a session.
enum Setback {
    Key(KeyProblem),
    Failure(Failure),
    Quit,
}

/// Asks for the domain until an organisation is known; `None` if the person leaves.
async fn ask_for_domain(config: &AgentConfig, desk: &mut Desk) -> Option<Organisation> {
    let mut problem = None;
    loop {
        desk.page(Page::EnterOrganisation { problem });
        let typed = loop {
            match desk.commands.recv().await? {
                AgentCommand::SubmitDomain(typed) => break typed,
                AgentCommand::Quit | AgentCommand::End => return None,
                _ => {}
            }
        };
        desk.page(Page::Connecting);
        match or_quit(desk, learn::from_domain(config, &typed)).await.ok()? {
            Ok(organisation) => return Some(organisation),
            Err(found) => problem = Some(found),
        }
    }
}

async fn run(mut config: AgentConfig, mut desk: Desk) {
    if config.organisation.is_none() {
        let learned = if config.asks_for_domain {
            ask_for_domain(&config, &mut desk).await
        } else {
            desk.page(Page::Failed(Failure::Organisation));
            desk.until_quit().await;
            None
        };
        // What a domain's own site says needs no second look.
        config.organisation_verified = learned.is_some();
        config.organisation = learned.map(Arc::new);
    }
    let site = Arc::clone(&config.site);
    let mut config = match config.ready() {
        Ok(config) => config,
        Err(config) => {
            let _ = config.platform.removal.run();
            return;
        }
    };
    let _looking = learn::look(&site, &mut config);
    if let Some(failure) = hindrance(&config) {
        desk.page(Page::Failed(failure));
        desk.until_quit().await;
        remove(&config);
        return;
    }
    let mut problem = None;
    let mut tries = Tries::default();
    let mut earlier = Vec::new();
    loop {
        desk.page(Page::EnterKey { problem });
        let Some(typed) = next_key(&mut desk).await.map(Zeroizing::new) else {
            // The person leaves before anything happened: the program goes all the same.
            leave(&config, &mut desk, earlier).await;
            return;
        };
        let Ok(key) = SessionKey::parse(&typed) else {
            problem = Some(KeyProblem::Malformed);
            continue;
        };
        drop(typed);
        if tries.left(&key) == 0 {
            problem = Some(KeyProblem::Burned);
            continue;
        }
        let mut was_guessable = false;
        let begun_by = earlier.last().map(|parted: &Parted| parted.certificate_sha256);
        let result = attempt(&config, &mut desk, &key, &mut was_guessable, begun_by).await;
        let left = if was_guessable && result.is_err() { tries.count(&key) } else { tries.left(&key) };
        match result {
            Ok(parted) if parted.goes_on => {
                earlier.push(parted);
                problem = None;
            }
            Ok(parted) => {
                finish(&config, &mut desk, parted, &earlier).await;
                return;
            }
            Err(Setback::Key(KeyProblem::WrongSecret { tries_left })) => {
                let left = tries_left.min(left);
                problem =
                    Some(if left == 0 { KeyProblem::Burned } else { KeyProblem::WrongSecret { tries_left: left } });
            }
            Err(Setback::Key(other)) => problem = Some(other),
            Err(Setback::Failure(failure)) => {
                desk.page(Page::Failed(failure));
                if !desk.until_again().await {
                    leave(&config, &mut desk, earlier).await;
                    return;
                }
                problem = None;
            }
            Err(Setback::Quit) => {
                leave(&config, &mut desk, earlier).await;
                return;
            }
        }
    }
}

/// The person wants no key any more: the program is removed, and a session that was lost before has its last page.
async fn leave(config: &Setup, desk: &mut Desk, mut earlier: Vec<Parted>) {
    let removed = remove(config);
    if let Some(mut parted) = earlier.pop() {
        parted.log.removed = removed;
        finish(config, desk, parted, &earlier).await;
    }
}

/// Keys whose tries are remembered; a person types a few.
const KEYS_REMEMBERED: usize = 16;

/// How often each key was tried. Every confirmation that the agent sends lets whoever sits at the
/// relay check one guess, whatever is answered afterwards.
#[derive(Default)]
struct Tries(Vec<(Zeroizing<String>, u8)>);

impl Tries {
    fn left(&self, key: &SessionKey) -> u8 {
        let key = key.grouped();
        let count = self.0.iter().find(|(known, _)| *known == key).map_or(0, |(_, count)| *count);
        TRIES_PER_KEY.saturating_sub(count)
    }

    /// One more failed; gives what is left.
    fn count(&mut self, key: &SessionKey) -> u8 {
        let grouped = key.grouped();
        match self.0.iter_mut().find(|(known, _)| *known == grouped) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => {
                if self.0.len() >= KEYS_REMEMBERED {
                    self.0.remove(0);
                }
                self.0.push((grouped, 1));
            }
        }
        self.left(key)
    }
}

async fn next_key(desk: &mut Desk) -> Option<String> {
    loop {
        match desk.commands.recv().await? {
            AgentCommand::SubmitKey(typed) => return Some(typed),
            AgentCommand::Quit | AgentCommand::End => return None,
            _ => {}
        }
    }
}

/// What makes any help impossible, found before the person types a key.
fn hindrance(config: &Setup) -> Option<Failure> {
    if !config.organisation.is_new_enough(PROGRAM, &config.build) {
        return Some(Failure::TooOld);
    }
    match (config.platform.desktop)() {
        Err(CaptureError::WaylandWithoutX) => Some(Failure::Wayland),
        Err(error) => {
            tracing::warn!(%error, "the screen cannot be captured");
            Some(Failure::ScreenUnavailable)
        }
        Ok(_) => None,
    }
}

/// The name under which an organisation says how old this program may be.
const PROGRAM: &str = "ponte-agent";

/// The last page, with the logs of sessions that were lost before it.
async fn finish(config: &Setup, desk: &mut Desk, parted: Parted, earlier: &[Parted]) {
    let Parted { mut end, log, has_left, .. } = parted;
    if has_left {
        return;
    }
    let files = earlier.iter().flat_map(|parted| &parted.end.files).chain(&end.files);
    let kept = files.filter_map(|file| file.saved_to.clone()).collect();
    end.removed = Some(RemovalView { kept, ..log.removed.clone() });
    let mut view = log.view(config);
    loop {
        end.log = Some(view.clone());
        desk.page(Page::Ended(end.clone()));
        match desk.commands.recv().await {
            None | Some(AgentCommand::Quit | AgentCommand::End) => return,
            Some(AgentCommand::SaveLog(folder)) => {
                // Only where the window offers it: no command of a program chooses another place.
                if view.places.iter().any(|(_, place)| *place == folder) {
                    let mut saved = log.save(config, folder.clone()).await;
                    for parted in earlier {
                        saved = match (saved, parted.log.save(config, folder.clone()).await) {
                            (Ok(last), Ok(before)) => Ok([before, last].concat()),
                            (Err(error), _) | (_, Err(error)) => Err(error),
                        };
                    }
                    view.saved = Some(saved);
                }
            }
            Some(_) => {}
        }
    }
}

/// Removes what is to be removed; the receipt goes into the log.
pub(crate) fn remove(config: &Setup) -> RemovalView {
    let report = config.platform.removal.run();
    RemovalView {
        removed: report.removed.iter().map(|path| path.display().to_string()).collect(),
        failed: report.failed.iter().map(|(path, why)| (path.display().to_string(), why.clone())).collect(),
        kept: report.kept.iter().map(|path| path.display().to_string()).collect(),
    }
}

/// One key: from the relay to the end of the session.
async fn attempt(
    config: &Setup,
    desk: &mut Desk,
    key: &SessionKey,
    was_guessable: &mut bool,
    begun_by: Option<[u8; 32]>,
) -> Result<Parted, Setback> {
    desk.page(Page::Connecting);
    let joining = async {
        let joined = join::join(config, key, was_guessable).await?;
        Ok::<_, JoinError>(joined)
    };
    let joined = or_quit(desk, joining).await?.map_err(|error| match error {
        JoinError::Key(problem) => Setback::Key(problem),
        JoinError::Failed(failure) => Setback::Failure(failure),
    })?;
    let made = or_quit(desk, make_channel(config, joined)).await?;
    let Made { channel, keeper, greeting, operator, ledger } = made.map_err(Setback::Failure)?;
    // What is unfinished is for whoever proved the same certificate when it came; anybody else finds nothing of it.
    if begun_by.is_some_and(|certificate| certificate != operator.leaf_sha256) {
        let report = config.platform.removal.clear_unfinished();
        tracing::info!(removed = report.removed.len(), "another operator: what was unfinished is gone");
    }
    let check_word = (config.check_word)(greeting.check_number);
    let profile = operator.profile.clone();
    let certificate_sha256 = Hex(operator.leaf_sha256);
    let verified = or_quit(desk, config.verified.known()).await?;
    let operator = operator_view(config, &operator, verified);

    let mut session = live::Session {
        channel,
        keeper,
        greeting,
        operator,
        certificate_sha256,
        check_word,
        profile,
        ledger,
        early: Vec::new(),
        title: None,
    };
    match welcome::welcome(config, desk, &mut session).await {
        Ok(chosen) => Ok(Live::start(config, session, chosen).run(desk).await),
        Err(Leave::Turned(reason)) => Ok(session.turn_away(config, desk, reason).await),
        Err(Leave::OperatorGone) => Err(Setback::Failure(Failure::OperatorGone)),
    }
}

/// Does `work` unless the person leaves first.
async fn or_quit<T>(desk: &mut Desk, work: impl Future<Output = T>) -> Result<T, Setback> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Ok(done),
            command = desk.commands.recv() => {
                if matches!(command, None | Some(AgentCommand::Quit | AgentCommand::End)) {
                    return Err(Setback::Quit);
                }
            }
        }
    }
}

struct Made {
    channel: Channel,
    keeper: Keeper,
    greeting: AgentGreeting,
    operator: Operator,
    ledger: Ledger,
}

async fn make_channel(config: &Setup, joined: Joined) -> Result<Made, Failure> {
    let Joined { link, paired, ticket, certificate, seed, relay, crl_number } = joined;
    let dial = Dial {
        relay,
        trust: join::trust(config),
        choice: config.choice,
        dialing: config.dialing.clone(),
        build: config.build.clone(),
        prove: None,
    };
    let port = Port::new();
    port.attach(link.packets);
    let accepting =
        channel::accept(port, &paired, certificate.into(), &seed, Arc::clone(&config.organisation), now_s());
    let AcceptedChannel { channel, operator, chain } = accepting.await.map_err(|error| {
        tracing::warn!(%error, "no channel");
        match error {
            ChannelError::Operator(error) => Failure::OperatorNotProven(error.into()),
            ChannelError::NotThePeer | ChannelError::Setup(_) => Failure::ProtocolBroken,
            ChannelError::TimedOut | ChannelError::Connection(_) => Failure::OperatorGone,
        }
    })?;
    let keeper = Keeper::start(channel.clone(), link.kind, link.control, ticket, dial);
    let greeted = async {
        let log_proof_holds = |key: &[u8; 32], proof: &[u8; 64]| proof_holds(&channel, &operator, key, proof);
        let holds = |list: Option<&[u8]>| {
            identity::verify_not_revoked(&config.organisation, &chain, list, crl_number, now_s()).map(drop)
        };
        let (build, language) = (config.build.as_str(), config.language.as_str());
        let demands = Demands { build, language, log_proof_holds: &log_proof_holds, holds: &holds };
        greet_console(&channel, &paired, &demands).await
    };
    let made = match greeted.await {
        Ok(greeting) => match Ledger::begin(&channel, &greeting, &operator, &chain) {
            Ok(ledger) => Ok((greeting, ledger)),
            Err(_) => Err(HandshakeError::NotThePeer),
        },
        Err(error) => Err(error),
    };
    match made {
        Ok((greeting, ledger)) => Ok(Made { channel, keeper, greeting, operator, ledger }),
        Err(error) => {
            tracing::warn!(%error, "the first stream failed");
            channel.break_off(GOODBYE).await;
            Err(match error {
                HandshakeError::Operator(error) => Failure::OperatorNotProven(error.into()),
                HandshakeError::TimedOut | HandshakeError::Stream(session::StreamError::Gone) => Failure::OperatorGone,
                _ => Failure::ProtocolBroken,
            })
        }
    }
}

fn operator_view(config: &Setup, operator: &Operator, verified: bool) -> OperatorView {
    let organisation = &config.organisation;
    let clean = |text: &str| proto::Text::<{ proto::limits::NAME_BYTES }>::truncated(text).shown();
    OperatorView {
        name: clean(&operator.name),
        organisation: clean(organisation.name_for(&config.language)),
        domain: clean(organisation.domain()),
        team: operator.team.as_deref().map(clean),
        verified,
    }
}

/// Seconds since 1970 by this machine's clock.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
