//! The running session on the agent: questions, grants, streams, chat, and the end.

mod shown;

use crate::config::Setup;
use crate::engine::Desk;
use crate::files::{self, Prepared, TransferEvent};
use crate::injection::{Injection, InputGate};
use crate::screens::{ScreenEvent, Screens};
use crate::view::{AgentCommand, AgentView, EndView, OperatorView, Page, TransferState, TransferView};
use channel::{Channel, Keeper, LinkState};
use consent::{Answer, ConsentCell, Outcome, Scope};
use proto::geometry::Layout;
use proto::limits::FILE_NAME_BYTES;
use proto::session::{
    AgentToConsole, Capability, ConsoleToAgent, Decision, EndReason, Request, RequestId, StreamKind, TransferFailure,
    TransferId,
};
use proto::text::Text;
use session::{AgentGreeting, Chat, Outbox, Reader, StreamError, accept_stream};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use transfer::SafeName;

/// Events of tasks that may wait.
const EVENTS: usize = 64;
/// How long each step of the goodbye may take when the other end does not answer.
const GOODBYE: Duration = Duration::from_secs(1);
/// Most transfers that a session remembers.
const MOST_TRANSFERS: usize = 1000;

type Flow = ControlFlow<EndReason>;

/// A channel whose operator is proven and was greeted.
pub(crate) struct Session {
    pub(crate) channel: Channel,
    pub(crate) keeper: Keeper,
    pub(crate) greeting: AgentGreeting,
    pub(crate) operator: OperatorView,
    pub(crate) check_word: String,
    pub(crate) profile: identity::Profile,
}

impl Session {
    /// Ends before anything was allowed.
    pub(crate) async fn turn_away(self, reason: EndReason, deadline: Duration) {
        let _ = self.greeting.outbox.send(AgentToConsole::Ended { reason });
        self.greeting.outbox.close(deadline).await;
        self.channel.close(deadline).await;
        self.keeper.leave(deadline).await;
    }
}

/// What the tasks of a session report.
enum Event {
    Stream(StreamKind, Reader),
    StreamsEnded(StreamError),
}

/// How long a power was granted.
#[derive(Default)]
struct Use {
    since: Option<Instant>,
    total: Duration,
}

pub(crate) struct Live<'a> {
    config: &'a Setup,
    channel: Channel,
    keeper: Keeper,
    link: watch::Receiver<LinkState>,
    outbox: Outbox<AgentToConsole>,
    reader: Option<Reader>,
    operator: OperatorView,
    check_word: String,
    profile: identity::Profile,
    consent: ConsentCell,
    prepared: BTreeMap<RequestId, Prepared>,
    chat: Chat,
    transfers: BTreeMap<TransferId, TransferView>,
    receiving: BTreeMap<TransferId, (SafeName, u64)>,
    uses: BTreeMap<Capability, Use>,
    screens: Option<Screens>,
    injection: Option<Injection>,
    input_gate: InputGate,
    layout: Arc<Mutex<Layout>>,
    input_paused: bool,
    seen: bool,
    began: Instant,
    since: SystemTime,
    tasks: JoinSet<()>,
    events: mpsc::Receiver<Event>,
    screen_events: (mpsc::Sender<ScreenEvent>, mpsc::Receiver<ScreenEvent>),
    transfer_events: (mpsc::Sender<TransferEvent>, mpsc::Receiver<TransferEvent>),
}

impl<'a> Live<'a> {
    pub(crate) fn start(config: &'a Setup, session: Session) -> Self {
        let Session { channel, keeper, greeting, operator, check_word, profile } = session;
        let (report, events) = mpsc::channel(EVENTS);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept_streams(channel.clone(), report));
        Self {
            config,
            link: keeper.state(),
            channel,
            keeper,
            outbox: greeting.outbox,
            reader: Some(greeting.reader),
            operator,
            check_word,
            profile,
            consent: ConsentCell::new(),
            prepared: BTreeMap::new(),
            chat: Chat::new(),
            transfers: BTreeMap::new(),
            receiving: BTreeMap::new(),
            uses: BTreeMap::new(),
            screens: None,
            injection: None,
            input_gate: InputGate::default(),
            layout: Arc::default(),
            input_paused: false,
            seen: false,
            began: Instant::now(),
            since: SystemTime::now(),
            tasks,
            events,
            screen_events: mpsc::channel(EVENTS),
            transfer_events: mpsc::channel(EVENTS),
        }
    }

    /// Runs until somebody ends it; what it returns is the last page.
    pub(crate) async fn run(mut self, desk: &mut Desk) -> EndView {
        let system = Text::truncated(&self.config.platform.system);
        let mut flow = self.tell(AgentToConsole::Ready { system });
        // The reader stands outside, so that waiting for it leaves the rest free to be changed.
        let mut reader = self.reader.take();
        while let Flow::Continue(()) = flow {
            desk.show(self.view());
            let deadline = self.consent.poll_timeout();
            let connection = self.channel.connection().clone();
            flow = tokio::select! {
                biased;
                command = desk.commands.recv() => self.handle_command(command),
                message = next_message(&mut reader) => self.handle_message(message).await,
                Some(event) = self.events.recv() => self.handle_event(event),
                Some(event) = self.screen_events.1.recv() => self.handle_screen(event),
                Some(event) = self.transfer_events.1.recv() => self.handle_transfer(event),
                Ok(()) = self.link.changed() => Flow::Continue(()),
                () = until(deadline) => { self.consent.handle_timeout(Instant::now()); Flow::Continue(()) }
                _ = connection.closed() => Flow::Break(self.how_lost()),
            };
            if flow.is_continue() {
                flow = self.settle();
            }
        }
        let Flow::Break(reason) = flow else { unreachable!("the loop ends with a reason") };
        self.end(desk, reason).await
    }

    fn tell(&self, message: AgentToConsole) -> Flow {
        // A console that reads no more messages is as good as gone.
        match self.outbox.send(message) {
            Ok(()) => Flow::Continue(()),
            Err(_) => Flow::Break(EndReason::ConnectionLost),
        }
    }

    /// Why the channel is gone: closed in order by the other end, or lost.
    fn how_lost(&self) -> EndReason {
        if self.channel.was_closed_in_order() { EndReason::OperatorEnded } else { EndReason::ConnectionLost }
    }

    fn handle_command(&mut self, command: Option<AgentCommand>) -> Flow {
        match command {
            None | Some(AgentCommand::End | AgentCommand::Quit) => return Flow::Break(EndReason::ClientEnded),
            Some(AgentCommand::QuestionShown(id)) => self.consent.mark_shown(Instant::now(), id),
            Some(AgentCommand::Answer(id, yes)) => {
                let answer = if yes { Answer::Allow } else { Answer::Deny };
                self.consent.answer(id, answer);
            }
            Some(AgentCommand::Revoke(capability)) => self.consent.revoke_all(capability),
            Some(AgentCommand::SendChat(text)) => {
                if let Some((id, text)) = self.chat.write(&text, SystemTime::now()) {
                    return self.tell(AgentToConsole::Chat { id, text });
                }
            }
            Some(AgentCommand::SubmitKey(_) | AgentCommand::TryAgain | AgentCommand::RecogniseOperator(_)) => {}
        }
        Flow::Continue(())
    }

    async fn handle_message(&mut self, message: Result<Option<ConsoleToAgent>, StreamError>) -> Flow {
        let message = match message {
            Ok(Some(message)) => message,
            Ok(None) => return Flow::Break(EndReason::OperatorEnded),
            Err(StreamError::Gone) => return Flow::Break(self.how_lost()),
            Err(error) => {
                tracing::warn!(%error, "the console broke the protocol");
                return Flow::Break(EndReason::ProtocolViolation);
            }
        };
        match message {
            ConsoleToAgent::Proof { .. } => return Flow::Break(EndReason::ProtocolViolation),
            ConsoleToAgent::Ask { request, what } => return self.handle_ask(request, what).await,
            ConsoleToAgent::Withdraw { request } => self.consent.close_question(request, Decision::Withdrawn),
            ConsoleToAgent::Chat { id, text } => {
                return match self.chat.handle_line(id, &text, SystemTime::now()) {
                    Some(up_to) => self.tell(AgentToConsole::ChatReceived { up_to }),
                    None => Flow::Break(EndReason::ProtocolViolation),
                };
            }
            ConsoleToAgent::ChatReceived { up_to } => self.chat.handle_received(up_to),
            ConsoleToAgent::ScreenDecoded { monitor, epoch, sequence } => {
                if let Some(screens) = &self.screens {
                    screens.handle_decoded(monitor, epoch, sequence);
                }
            }
            ConsoleToAgent::Watch { monitors } => {
                if monitors.len() > proto::limits::MONITORS {
                    return Flow::Break(EndReason::ProtocolViolation);
                }
                if let Some(screens) = &mut self.screens
                    && let Err(error) = screens.watch(&monitors)
                {
                    tracing::warn!(%error, "a monitor cannot be shared");
                }
            }
            ConsoleToAgent::FileReceived { transfer } => self.transfer_over(transfer, Ok(None)),
            ConsoleToAgent::FileFailed { transfer, failure } => self.transfer_over(transfer, Err(failure)),
            ConsoleToAgent::Ping { token } => return self.tell(AgentToConsole::Pong { token }),
            ConsoleToAgent::End => return Flow::Break(EndReason::OperatorEnded),
        }
        Flow::Continue(())
    }

    async fn handle_ask(&mut self, id: RequestId, what: Request) -> Flow {
        let prepared = self.prepare(&what).await;
        let capability = what.capability();
        if let Err(error) = self.consent.ask(Instant::now(), id, what) {
            tracing::warn!(%error, "a question was not put");
            return self.tell(AgentToConsole::Decided { request: id, decision: Decision::Impossible });
        }
        if !self.profile.allows(capability) {
            tracing::warn!(?capability, "the console asked for what its certificate does not allow");
            self.consent.close_question(id, Decision::Impossible);
            return Flow::Continue(());
        }
        match prepared {
            Ok(None) => {}
            Ok(Some(prepared)) => drop(self.prepared.insert(id, prepared)),
            Err((transfer, failure)) => {
                self.consent.close_question(id, Decision::Impossible);
                return self.tell(AgentToConsole::FileFailed { transfer, failure });
            }
        }
        Flow::Continue(())
    }

    /// Looks at what a file question is about, before the person is asked.
    async fn prepare(&self, what: &Request) -> Result<Option<Prepared>, (TransferId, TransferFailure)> {
        match what {
            Request::View | Request::Control => Ok(None),
            Request::SendFile { transfer, .. } | Request::FetchFile { transfer, .. }
                if self.transfers.contains_key(transfer) || self.transfers.len() >= MOST_TRANSFERS =>
            {
                Err((*transfer, TransferFailure::Cancelled))
            }
            Request::SendFile { transfer, name, size_bytes } => {
                let name = SafeName::parse(name.as_str()).map_err(|_| (*transfer, TransferFailure::BadName))?;
                Ok(Some(Prepared::Receive { transfer: *transfer, name, size_bytes: *size_bytes }))
            }
            Request::FetchFile { transfer, path } => {
                let path = files::named_path(&self.config.platform.home, path.as_str());
                let size_bytes = session::sendable(&path).await.map_err(|failure| (*transfer, failure))?;
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Ok(Some(Prepared::Give { transfer: *transfer, path, name, size_bytes }))
            }
        }
    }

    fn handle_event(&mut self, event: Event) -> Flow {
        match event {
            Event::Stream(StreamKind::Input, reader) => {
                let gate = self.input_gate.clone();
                self.tasks.spawn(async move {
                    if let Err(error) = gate.read(reader).await {
                        tracing::debug!(%error, "the input stream ended");
                    }
                });
            }
            Event::Stream(StreamKind::File { transfer }, mut reader) => {
                let lease = self.consent.lease::<consent::SendFile>(Some(transfer));
                let (Some(lease), Some((name, size_bytes))) = (lease, self.receiving.remove(&transfer)) else {
                    reader.stop();
                    return Flow::Continue(());
                };
                let folder = self.config.platform.downloads.clone();
                let events = self.transfer_events.0.clone();
                self.tasks.spawn(files::receive(lease, reader, (transfer, name, size_bytes), folder, events));
            }
            Event::Stream(..) => return Flow::Break(EndReason::ProtocolViolation),
            Event::StreamsEnded(StreamError::Peer(what)) => {
                tracing::warn!(what, "the console broke the protocol");
                return Flow::Break(EndReason::ProtocolViolation);
            }
            Event::StreamsEnded(_) => return Flow::Break(self.how_lost()),
        }
        Flow::Continue(())
    }

    fn handle_screen(&mut self, event: ScreenEvent) -> Flow {
        match event {
            ScreenEvent::LayoutChanged => self.start_screens(),
            ScreenEvent::Lost(error) => {
                tracing::warn!(%error, "the screen is lost");
                Flow::Break(EndReason::ScreenUnavailable)
            }
        }
    }

    fn handle_transfer(&mut self, event: TransferEvent) -> Flow {
        match event {
            TransferEvent::Progress { transfer, done_bytes } => {
                if let Some(view) = self.transfers.get_mut(&transfer) {
                    view.done_bytes = done_bytes;
                }
                Flow::Continue(())
            }
            TransferEvent::Done { transfer, saved_to } => {
                self.transfer_over(transfer, Ok(saved_to));
                self.tell(AgentToConsole::FileReceived { transfer })
            }
            TransferEvent::Failed { transfer, failure } => {
                self.transfer_over(transfer, Err(failure));
                self.tell(AgentToConsole::FileFailed { transfer, failure })
            }
        }
    }

    fn transfer_over(&mut self, transfer: TransferId, result: Result<Option<PathBuf>, TransferFailure>) {
        for capability in [Capability::SendFile, Capability::FetchFile] {
            // A file grant ends with its file.
            self.consent.revoke(Scope { capability, transfer: Some(transfer) });
        }
        let Some(view) = self.transfers.get_mut(&transfer) else { return };
        if view.state != TransferState::Running {
            return;
        }
        match result {
            Ok(saved_to) => {
                view.done_bytes = view.size_bytes;
                view.state = TransferState::Done;
                view.saved_to = saved_to.map(|path| path.display().to_string());
            }
            Err(failure) => view.state = TransferState::Failed(failure),
        }
    }

    /// Does what answers, revocations and time-outs demand, until nothing is left to do.
    fn settle(&mut self) -> Flow {
        while let Some(outcome) = self.consent.poll_output() {
            match outcome {
                Outcome::Decided { id, decision, scope } => {
                    let prepared = self.prepared.remove(&id);
                    self.tell(AgentToConsole::Decided { request: id, decision })?;
                    match (decision, scope.capability) {
                        (Decision::Granted, _) => self.granted(scope, prepared)?,
                        (Decision::Denied | Decision::TimedOut, Capability::View) => {
                            return Flow::Break(EndReason::ConsentDenied);
                        }
                        _ => {}
                    }
                }
                Outcome::Revoked { scope } => self.revoked(scope)?,
            }
        }
        let paused = self.consent.open_question().is_some();
        if let Some(injection) = &self.injection {
            injection.pause(paused);
        }
        if paused != self.input_paused {
            self.input_paused = paused;
            return self.tell(AgentToConsole::InputPaused { paused });
        }
        Flow::Continue(())
    }

    fn granted(&mut self, scope: Scope, prepared: Option<Prepared>) -> Flow {
        let used = self.uses.entry(scope.capability).or_default();
        used.since.get_or_insert(Instant::now());
        match (scope.capability, prepared) {
            (Capability::View, _) => {
                self.seen = true;
                self.start_screens()
            }
            (Capability::Control, _) => self.start_injection(),
            (_, Some(Prepared::Receive { transfer, name, size_bytes })) => {
                self.transfers.insert(transfer, running(name.as_str(), true, size_bytes));
                self.receiving.insert(transfer, (name, size_bytes));
                Flow::Continue(())
            }
            (_, Some(Prepared::Give { transfer, path, name, size_bytes })) => {
                let Some(lease) = self.consent.lease::<consent::FetchFile>(Some(transfer)) else {
                    return Flow::Continue(());
                };
                self.transfers.insert(transfer, running(&name, false, size_bytes));
                let name = Text::<FILE_NAME_BYTES>::truncated(&name);
                self.tell(AgentToConsole::FileComing { transfer, name, size_bytes })?;
                let events = self.transfer_events.0.clone();
                self.tasks.spawn(files::give(lease, self.channel.clone(), (transfer, path, size_bytes), events));
                Flow::Continue(())
            }
            (_, None) => Flow::Continue(()),
        }
    }

    fn revoked(&mut self, scope: Scope) -> Flow {
        if let Some(used) = self.uses.get_mut(&scope.capability) {
            used.total += used.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        }
        match scope.capability {
            Capability::View => {
                if let Some(screens) = self.screens.take() {
                    self.tasks.spawn_blocking(move || screens.stop());
                }
            }
            Capability::Control => {
                if let Some(injection) = self.injection.take() {
                    self.tasks.spawn_blocking(move || injection.stop());
                }
            }
            Capability::SendFile | Capability::FetchFile => return Flow::Continue(()),
        }
        self.tell(AgentToConsole::Revoked { capability: scope.capability })
    }

    fn start_screens(&mut self) -> Flow {
        if let Some(screens) = self.screens.take() {
            self.tasks.spawn_blocking(move || screens.stop());
        }
        let Some(lease) = self.consent.lease::<consent::View>(None) else { return Flow::Continue(()) };
        let started = (self.config.platform.desktop)().and_then(|desktop| {
            let events = self.screen_events.0.clone();
            Screens::start(Arc::from(desktop), lease, self.channel.clone(), events)
        });
        let started = started.and_then(|mut screens| {
            let first = screens.first_monitor();
            screens.watch(first.as_slice())?;
            Ok(screens)
        });
        match started {
            Ok(screens) => {
                let layout = screens.layout().clone();
                *self.layout.lock().unwrap_or_else(PoisonError::into_inner) = layout.clone();
                self.screens = Some(screens);
                self.tell(AgentToConsole::Layout(layout))
            }
            Err(error) => {
                tracing::warn!(%error, "the screen cannot be shared");
                Flow::Break(EndReason::ScreenUnavailable)
            }
        }
    }

    fn start_injection(&mut self) -> Flow {
        let Some(lease) = self.consent.lease::<consent::Control>(None) else { return Flow::Continue(()) };
        let started = (self.config.platform.injector)()
            .and_then(|injector| Injection::start(injector, lease, Arc::clone(&self.layout), self.input_gate.clone()));
        match started {
            Ok(injection) => self.injection = Some(injection),
            Err(error) => {
                tracing::warn!(%error, "mouse and keyboard cannot be used here");
                self.consent.revoke_all(Capability::Control);
            }
        }
        Flow::Continue(())
    }

    /// Powers stop first, then the person sees the end, then the other end is told.
    async fn end(mut self, desk: &Desk, reason: EndReason) -> EndView {
        self.consent.end();
        let screens = self.screens.take();
        let injection = self.injection.take();
        let stopped = tokio::task::spawn_blocking(move || {
            if let Some(injection) = injection {
                injection.stop();
            }
            if let Some(screens) = screens {
                screens.stop();
            }
        });
        // Both end within one event or one capture; a display that hangs must not hold the end up.
        if tokio::time::timeout(GOODBYE * 2, stopped).await.is_err() {
            tracing::warn!("a capture or input thread did not stop in time");
        }
        for view in self.transfers.values_mut().filter(|view| view.state == TransferState::Running) {
            view.state = TransferState::Failed(TransferFailure::Cancelled);
        }
        // What file grants were used for stands in the list of files.
        let lasting =
            self.uses.iter().filter(|(capability, _)| matches!(capability, Capability::View | Capability::Control));
        let used = lasting.map(|(capability, used)| {
            (*capability, used.total + used.since.map_or(Duration::ZERO, |since| since.elapsed()))
        });
        let end = EndView {
            reason,
            operator: Some(self.operator.clone()),
            lasted: self.began.elapsed(),
            used: used.collect(),
            files: self.transfers.values().cloned().collect(),
            removed: None,
        };
        desk.show(AgentView { page: Page::Ended(end.clone()), panel: None });
        // Dropping the tasks ends them, and with them every transfer; their files are cleaned up.
        self.tasks.shutdown().await;
        let _ = self.outbox.send(AgentToConsole::Ended { reason });
        self.outbox.close(GOODBYE).await;
        self.channel.close(GOODBYE).await;
        self.keeper.leave(GOODBYE).await;
        end
    }
}

fn running(name: &str, incoming: bool, size_bytes: u64) -> TransferView {
    let name = Text::<FILE_NAME_BYTES>::truncated(name).shown();
    TransferView { name, incoming, size_bytes, done_bytes: 0, state: TransferState::Running, saved_to: None }
}

async fn next_message(reader: &mut Option<Reader>) -> Result<Option<ConsoleToAgent>, StreamError> {
    match reader {
        Some(reader) => reader.message().await,
        None => Ok(None),
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

async fn accept_streams(channel: Channel, report: mpsc::Sender<Event>) {
    loop {
        let event = match accept_stream(&channel).await {
            Ok((kind, reader)) => Event::Stream(kind, reader),
            Err(error) => Event::StreamsEnded(error),
        };
        let last = matches!(event, Event::StreamsEnded(_));
        if report.send(event).await.is_err() || last {
            return;
        }
    }
}
