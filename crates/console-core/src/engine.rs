//! The handle of a running console, and the stages from idle to the end of a session.

use crate::config::{ConsoleConfig, StartError};
use crate::ledger::{Ledger, LogKeys};
use crate::live::Live;
use crate::offer::{self, OfferEnded, Paired};
use crate::picture::SharedPictures;
use crate::records::{RecordId, Records};
use crate::view::{ConsoleCommand, ConsoleView, EndView, KeyView, Notice, NoticeKind, Stage};
use channel::{Channel, ChannelError, Dial, Keeper, Port};
use session::{CommandSender, Commands, ConsoleGreeting, HandshakeError, Papers, StreamError, greet_agent};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Commands that may wait: a burst of mouse and keyboard.
const COMMANDS: usize = 1024;
/// How long the goodbye to an end that was not let in may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// Notices that are kept; the oldest go.
const NOTICES: usize = 50;

/// A running console. Dropping it ends every task.
pub struct ConsoleHandle {
    commands: Option<CommandSender<ConsoleCommand>>,
    view: watch::Receiver<ConsoleView>,
    pictures: SharedPictures,
    run: Option<JoinHandle<()>>,
    /// Where its threads are its own.
    runtime: Option<Runtime>,
}

impl ConsoleHandle {
    /// Starts the engine; `on_change` is called from its threads whenever view or pictures have
    /// changed, but not for figures only (see [`Stage::is_same_but_for_figures`]): a session measures
    /// itself all the time, and a window that is drawn each time is never at rest.
    ///
    /// # Errors
    /// [`StartError::System`].
    pub fn start(config: ConsoleConfig, on_change: Box<dyn Fn() + Send + Sync>) -> Result<Self, StartError> {
        let runtime = runtime()?;
        let mut handle = Self::start_on(runtime.handle(), Arc::new(config), on_change);
        handle.runtime = Some(runtime);
        Ok(handle)
    }

    /// The same on threads that others use too.
    pub(crate) fn start_on(
        runtime: &Handle,
        config: Arc<ConsoleConfig>,
        on_change: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        let (commands, waiting) = session::commands(COMMANDS);
        let first = ConsoleView {
            operator: config.operator_view(now_s()),
            stage: Stage::Idle,
            notices: Vec::new(),
            record: None,
        };
        let (publish, view) = watch::channel(first);
        let pictures = SharedPictures::new();
        let desk = Desk {
            commands: waiting,
            view: publish,
            on_change: on_change.into(),
            pictures: pictures.clone(),
            last_notice: 0,
            records: config.records.clone(),
            record: None,
            is_attended: true,
        };
        let run = runtime.spawn(run(config, desk));
        Self { commands: Some(commands), view, pictures, run: Some(run), runtime: None }
    }

    /// What the window shows now.
    #[must_use]
    pub fn view(&self) -> ConsoleView {
        self.view.borrow().clone()
    }

    /// The view, to be watched.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<ConsoleView> {
        self.view.clone()
    }

    /// The pictures of the session.
    #[must_use]
    pub fn pictures(&self) -> SharedPictures {
        self.pictures.clone()
    }

    /// Hands a command to the engine; false if it takes no more now.
    pub fn send(&self, command: ConsoleCommand) -> bool {
        let taken = self.commands.as_ref().is_some_and(|commands| commands.send(command));
        if !taken {
            tracing::warn!("a command was lost: the engine is busy or has ended");
        }
        taken
    }

    /// Ends the engine: a key is withdrawn, a session ends and the other end is told. Waits for that
    /// at most `deadline`; not for use inside a runtime.
    pub fn shutdown(mut self, deadline: Duration) {
        self.leave();
        if let Some(runtime) = self.runtime.take() {
            self.wait(&runtime, deadline);
            runtime.shutdown_background();
        }
    }

    /// Begins to end the engine, as [`Self::shutdown`] does, without waiting for it.
    pub(crate) fn leave(&mut self) {
        if let Some(commands) = self.commands.take() {
            commands.leave();
        }
    }

    /// Waits until it has ended, at most `deadline`.
    pub(crate) fn wait(&mut self, runtime: &Runtime, deadline: Duration) {
        let Some(run) = &mut self.run else { return };
        match runtime.block_on(async { tokio::time::timeout(deadline, run).await }) {
            Ok(_) => self.run = None,
            Err(_) => tracing::warn!("the engine did not end in time"),
        }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.run.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for ConsoleHandle {
    fn drop(&mut self) {
        if let Some(run) = &self.run {
            run.abort();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Threads for engines.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("console").enable_all().build()
}

/// Where the engine meets the operator.
pub(crate) struct Desk {
    pub(crate) commands: Commands<ConsoleCommand>,
    view: watch::Sender<ConsoleView>,
    pub(crate) on_change: Arc<dyn Fn() + Send + Sync>,
    pub(crate) pictures: SharedPictures,
    last_notice: u64,
    records: Option<Records>,
    record: Option<RecordId>,
    /// Whether anybody looks at this engine's pictures.
    pub(crate) is_attended: bool,
}

impl Desk {
    pub(crate) fn stage(&self, stage: Stage) {
        if let (Some(records), Some(id)) = (&self.records, &self.record) {
            records.follow(id, &stage);
        }
        let mut is_seen = false;
        self.view.send_if_modified(|view| {
            let is_other = view.record != self.record;
            let is_changed = is_other || view.stage != stage;
            is_seen = is_other || is_changed && !view.stage.is_same_but_for_figures(&stage);
            view.stage = stage;
            view.record.clone_from(&self.record);
            is_changed
        });
        if is_seen {
            (self.on_change)();
        }
    }

    pub(crate) fn notice(&mut self, kind: NoticeKind) {
        self.last_notice += 1;
        let notice = Notice { id: self.last_notice, kind };
        self.view.send_modify(|view| {
            if view.notices.len() >= NOTICES {
                view.notices.remove(0);
            }
            view.notices.push(notice);
        });
        (self.on_change)();
    }

    /// Where what is kept of this session goes.
    pub(crate) fn record(&self) -> Option<(Records, RecordId)> {
        self.records.clone().zip(self.record.clone())
    }

    /// Handles what is the same at every stage; gives back every other command.
    pub(crate) fn common(&mut self, command: ConsoleCommand) -> Option<ConsoleCommand> {
        if let ConsoleCommand::DismissNotice(id) = command {
            self.view.send_modify(|view| view.notices.retain(|notice| notice.id != id));
            (self.on_change)();
            return None;
        }
        if let ConsoleCommand::Attend(is_attended) = command {
            self.is_attended = is_attended;
        }
        Some(command)
    }

    /// Waits for one of the commands that `wanted` takes; `None` when the window is gone.
    async fn wait_for(&mut self, wanted: impl Fn(&ConsoleCommand) -> bool) -> Option<ConsoleCommand> {
        loop {
            let command = self.commands.recv().await?;
            if let Some(command) = self.common(command)
                && wanted(&command)
            {
                return Some(command);
            }
        }
    }
}

async fn run(config: Arc<ConsoleConfig>, mut desk: Desk) {
    let mut again = false;
    loop {
        if !again {
            desk.record = None;
            desk.stage(Stage::Idle);
            if desk.wait_for(|command| matches!(command, ConsoleCommand::NewKey)).await.is_none() {
                return;
            }
        }
        again = match one_key(&config, &mut desk).await {
            Ok(Some((end, next))) => {
                desk.stage(Stage::Ended(end));
                let wanted =
                    |command: &ConsoleCommand| matches!(command, ConsoleCommand::NewKey | ConsoleCommand::CloseEnded);
                let next = if next.is_some() { next } else { desk.wait_for(wanted).await };
                match next {
                    None => return,
                    Some(command) => command == ConsoleCommand::NewKey,
                }
            }
            Ok(None) => false,
            Err(kind) => {
                desk.notice(kind);
                false
            }
        };
    }
}

/// How a session ended, and what the operator wants next if they have said so.
type Ended = (EndView, Option<ConsoleCommand>);

/// From a new key to the end of its session; `None` if the operator took the key back.
async fn one_key(config: &ConsoleConfig, desk: &mut Desk) -> Result<Option<Ended>, NoticeKind> {
    desk.record = None;
    desk.stage(Stage::Preparing);
    let paired = match offer::offer(config, desk).await {
        Ok(paired) => paired,
        Err(OfferEnded::Cancelled) => return Ok(None),
        Err(OfferEnded::Notice(kind)) => return Err(kind),
    };
    desk.stage(Stage::Joining);
    let made = tokio::select! {
        made = make_channel(config, paired) => made?,
        () = offer::cancelled(desk) => return Ok(None),
    };
    desk.record = desk.records.as_ref().map(Records::begin);
    Ok(Some(Live::start(config, made, desk).run(desk).await))
}

/// A channel whose agent was greeted.
pub(crate) struct Made {
    pub(crate) channel: Channel,
    pub(crate) keeper: Keeper,
    pub(crate) greeting: ConsoleGreeting,
    pub(crate) ledger: Ledger,
}

async fn make_channel(config: &ConsoleConfig, paired: Paired) -> Result<Made, NoticeKind> {
    let Paired { link, paired, ticket, relay, revocations } = paired;
    let port = Port::new();
    port.attach(link.packets);
    let channel = channel::connect(port, &paired, &config.identity).await.map_err(|error| {
        tracing::warn!(%error, "no channel");
        match error {
            ChannelError::TimedOut | ChannelError::Connection(_) => NoticeKind::ClientLost,
            ChannelError::NotThePeer | ChannelError::Operator(_) | ChannelError::Setup(_) => {
                NoticeKind::ChannelNotProven
            }
        }
    })?;
    let dial = Dial {
        relay,
        trust: offer::trust(config),
        choice: config.choice,
        dialing: config.dialing.clone(),
        build: config.build.clone(),
        prove: Some(offer::prover(config)),
    };
    let keeper = Keeper::start(channel.clone(), link.kind, link.control, ticket, dial);
    let keys = LogKeys::draw(&channel, &config.identity).map_err(|_| NoticeKind::ChannelNotProven)?;
    let papers =
        Papers { build: &config.build, log_key: keys.public(), log_proof: keys.proof, revocations: &revocations };
    match greet_agent(&channel, &paired, &papers).await {
        Ok(greeting) => {
            let ledger = Ledger::new(keys, config);
            Ok(Made { channel, keeper, greeting, ledger })
        }
        Err(error) => {
            tracing::warn!(%error, "the first stream failed");
            let kind = match error {
                HandshakeError::NotThePeer => NoticeKind::ChannelNotProven,
                HandshakeError::Version { .. } => NoticeKind::VersionMismatch,
                HandshakeError::NotAccepted(problem) => NoticeKind::RefusedByAgent(Some(problem)),
                // TLS 1.3 lets the client finish before the server has judged the client's certificate.
                _ if channel.refusal_by_peer().is_some() => {
                    NoticeKind::RefusedByAgent(channel.refusal_by_peer().flatten())
                }
                HandshakeError::Operator(_) => NoticeKind::ChannelNotProven,
                HandshakeError::TimedOut | HandshakeError::Stream(StreamError::Gone) => NoticeKind::ClientLost,
                HandshakeError::Stream(_) => NoticeKind::ChannelNotProven,
            };
            channel.break_off(GOODBYE).await;
            Err(kind)
        }
    }
}

/// The key as the window shows it.
pub(crate) fn key_view(grouped: &str, expires_at: std::time::Instant, tries_left: u8) -> KeyView {
    KeyView { grouped: grouped.to_owned(), expires_at, tries_left }
}

/// Seconds since 1970 by this machine's clock.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{OperatorView, PowerState, PowerView, SessionView};
    use proto::session::Capability;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A desk with this at its stage, its view, and how often the window was woken.
    fn desk(stage: Stage) -> (Desk, watch::Receiver<ConsoleView>, Arc<AtomicUsize>) {
        let operator = OperatorView {
            name: String::new(),
            organisation: String::new(),
            domain: String::new(),
            days_left: 1,
            team: None,
            ends_at_s: 0,
            fingerprint: [0; 32],
            tools: [].into(),
            hours: Vec::new(),
            time_zone: "UTC".to_owned(),
            longest_session_minutes: None,
            open_now: true,
            portal: String::new(),
        };
        let (publish, view) = watch::channel(ConsoleView { operator, stage, notices: Vec::new(), record: None });
        let woken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&woken);
        let desk = Desk {
            commands: session::commands(1).1,
            view: publish,
            on_change: Arc::new(move || {
                counted.fetch_add(1, Ordering::Relaxed);
            }),
            pictures: SharedPictures::new(),
            last_notice: 0,
            records: None,
            record: None,
            is_attended: true,
        };
        (desk, view, woken)
    }

    fn session() -> SessionView {
        SessionView {
            check_word: "girasole".to_owned(),
            system: "Debian".to_owned(),
            recognised: true,
            step: None,
            sharing_paused: false,
            since: SystemTime::UNIX_EPOCH,
            powers: vec![PowerView { capability: Capability::View, state: PowerState::Granted }],
            layout: proto::geometry::Layout::default(),
            monitor: None,
            chat: [].into(),
            transfers: [].into(),
            machine: Arc::default(),
            shell: crate::view::ShellView::default(),
            files: Arc::default(),
            round_trip: Some(Duration::from_micros(400)),
            pictures_per_s: 0,
            pictures: 7,
            link: "quic".to_owned(),
            reconnecting: false,
            input_paused: false,
            asks: Arc::default(),
            bytes_to_console: 1000,
            marks_seen: None,
            clipboard: crate::view::ClipView::default(),
            bytes_to_agent: 1000,
        }
    }

    #[test]
    fn a_window_is_woken_for_what_changes_and_not_for_what_is_measured_all_the_time() {
        type Change = fn(&mut SessionView);
        let rows: [(&str, Change, bool, bool); 14] = [
            ("nothing", |_| (), false, false),
            ("delay", |session| session.round_trip = Some(Duration::from_millis(9)), true, false),
            ("bytes received", |session| session.bytes_to_console += 1, true, false),
            ("bytes sent", |session| session.bytes_to_agent += 1, true, false),
            ("one more picture", |session| session.pictures += 1, true, false),
            ("pictures at all", |session| session.pictures = 0, true, true),
            ("delay at all", |session| session.round_trip = None, true, true),
            ("rate", |session| session.pictures_per_s = 3, true, true),
            ("power", |session| session.powers[0].state = PowerState::Revoked, true, true),
            ("line", |session| session.reconnecting = true, true, true),
            ("link", |session| session.link = "tls".to_owned(), true, true),
            ("input", |session| session.input_paused = true, true, true),
            ("system", |session| session.system.clear(), true, true),
            ("layout", |session| session.layout.epoch += 1, true, true),
        ];
        for (what, change, published, woken) in rows {
            let (desk, mut view, count) = desk(Stage::Session(Box::new(session())));
            let mut after = session();
            change(&mut after);
            let after = Stage::Session(Box::new(after));
            for _ in 0..3 {
                desk.stage(after.clone());
            }
            assert_eq!(view.has_changed().unwrap(), published, "{what}");
            assert_eq!(count.load(Ordering::Relaxed), usize::from(woken), "{what}");
            assert_eq!(view.borrow_and_update().stage, after, "{what}");
        }
    }

    #[test]
    fn a_window_is_woken_for_each_other_stage() {
        let (desk, view, count) = desk(Stage::Idle);
        let stages =
            [Stage::Idle, Stage::Preparing, Stage::Preparing, Stage::Session(Box::new(session())), Stage::Idle];
        for stage in stages {
            desk.stage(stage.clone());
            assert_eq!(view.borrow().stage, stage);
        }
        assert_eq!(count.load(Ordering::Relaxed), 3);
    }
}
