//! The running session on the agent: questions, grants, streams, chat, and the end.

mod powers;
mod shown;

use crate::config::Setup;
use crate::engine::Desk;
use crate::files::{self, Prepared, TransferEvent};
use crate::injection::{Injection, InputGate};
use crate::screens::{ScreenEvent, Screens};
use crate::view::{AgentCommand, AgentView, ChatLine, EndView, OperatorView, Page, TransferState, TransferView};
use capture::CaptureError;
use channel::{Channel, Keeper, LinkState};
use consent::{Answer, AskError, ConsentCell, Outcome, Scope};
use proto::geometry::Layout;
use proto::limits::FILE_NAME_BYTES;
use proto::session::{
    AgentToConsole, Capability, ConsoleToAgent, Decision, EndReason, Request, RequestId, StreamKind, TransferFailure,
    TransferId,
};
use proto::text::Text;
use session::{AgentGreeting, Arrival, Chat, Listed, Outbox, Reader, StreamError, accept_streams, next_message, until};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use transfer::SafeName;

/// Events of tasks that may wait.
const EVENTS: usize = 64;
/// How long each step of the goodbye may take when the other end does not answer.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a session stands after the relay said that the other end has left.
const AFTER_LEAVING: Duration = Duration::from_secs(3);
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
    Broken(StreamError),
    StreamsEnded,
    /// What a question about a file is about.
    Looked(RequestId, Prepared),
    /// Time to look again at monitors that were changing.
    LayoutAgain,
}

impl From<Arrival> for Event {
    fn from(arrival: Arrival) -> Self {
        match arrival {
            Arrival::Stream(kind, reader) => Self::Stream(kind, reader),
            Arrival::Broken(error) => Self::Broken(error),
            Arrival::Ended => Self::StreamsEnded,
        }
    }
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
    looking: BTreeSet<TransferId>,
    chat: Listed<Chat, ChatLine>,
    transfers: Listed<BTreeMap<TransferId, TransferView>, TransferView>,
    /// The tasks that give files, to be ended with their grants.
    giving: BTreeMap<TransferId, AbortHandle>,
    receiving: BTreeMap<TransferId, (SafeName, u64)>,
    uses: BTreeMap<Capability, Use>,
    screens: Option<Screens>,
    injection: Option<Injection>,
    input_gate: InputGate,
    layout: Arc<Mutex<Layout>>,
    /// Number of the newest screen stream, and of the newest layout.
    epoch: u32,
    layouts: u32,
    layout_tries: u32,
    /// When to give up after the relay said that the other end has left.
    left_at: Option<Instant>,
    input_paused: bool,
    seen: bool,
    began: Instant,
    since: SystemTime,
    tasks: JoinSet<()>,
    events: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    screen_events: (mpsc::Sender<ScreenEvent>, mpsc::Receiver<ScreenEvent>),
    transfer_events: (mpsc::Sender<TransferEvent>, mpsc::Receiver<TransferEvent>),
}

impl<'a> Live<'a> {
    pub(crate) fn start(config: &'a Setup, session: Session) -> Self {
        let Session { channel, keeper, greeting, operator, check_word, profile } = session;
        let events = mpsc::channel(EVENTS);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept_streams::<Event>(channel.clone(), events.0.clone()));
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
            looking: BTreeSet::new(),
            chat: Listed::default(),
            transfers: Listed::default(),
            giving: BTreeMap::new(),
            receiving: BTreeMap::new(),
            uses: BTreeMap::new(),
            screens: None,
            injection: None,
            input_gate: InputGate::default(),
            layout: Arc::default(),
            epoch: 0,
            layouts: 0,
            layout_tries: 0,
            left_at: None,
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
            let left_at = self.left_at;
            while self.tasks.try_join_next().is_some() {}
            let connection = self.channel.connection().clone();
            flow = tokio::select! {
                biased;
                command = desk.commands.recv() => self.handle_command(command),
                message = next_message(&mut reader) => self.handle_message(message),
                Some(event) = self.events.1.recv() => self.handle_event(event),
                Some(event) = self.screen_events.1.recv() => self.handle_screen(event),
                Some(event) = self.transfer_events.1.recv() => self.handle_transfer(event),
                Ok(()) = self.link.changed() => self.handle_link(),
                () = until(left_at) => Flow::Break(EndReason::ConnectionLost),
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
                self.consent.answer(Instant::now(), id, answer);
            }
            Some(AgentCommand::Revoke(capability)) => self.consent.revoke_all(capability),
            Some(AgentCommand::AllowAsking(capability)) => self.consent.allow_asking(capability),
            Some(AgentCommand::SendChat(text)) => {
                if let Some((id, text)) = self.chat.write(&text, SystemTime::now()) {
                    return self.tell(AgentToConsole::Chat { id, text });
                }
            }
            Some(AgentCommand::SubmitKey(_) | AgentCommand::TryAgain | AgentCommand::RecogniseOperator(_)) => {}
        }
        Flow::Continue(())
    }

    fn handle_message(&mut self, message: Result<Option<ConsoleToAgent>, StreamError>) -> Flow {
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
            ConsoleToAgent::Ask { request, what } => return self.handle_ask(request, what),
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
                match self.screens.as_mut().map(|screens| screens.watch(&monitors)) {
                    Some(Err(CaptureError::LayoutChanged)) => return self.start_screens(),
                    Some(Err(error)) => tracing::warn!(%error, "a monitor cannot be shared"),
                    Some(Ok(())) | None => {}
                }
            }
            ConsoleToAgent::FileReceived { transfer } => {
                // Of a file that comes here the digest decides, not the other end's word.
                if self.transfers.get(&transfer).is_some_and(|view| !view.incoming) {
                    self.transfer_over(transfer, Ok(None));
                }
            }
            ConsoleToAgent::FileFailed { transfer, failure } => self.transfer_over(transfer, Err(failure)),
            ConsoleToAgent::Ping { token } => return self.tell(AgentToConsole::Pong { token }),
            ConsoleToAgent::End => return Flow::Break(EndReason::OperatorEnded),
        }
        Flow::Continue(())
    }

    fn handle_ask(&mut self, id: RequestId, what: Request) -> Flow {
        let scope = Scope::of(&what);
        if !self.profile.allows(scope.capability) {
            tracing::warn!(capability = ?scope.capability, "the console asked for what its certificate does not allow");
            return self.refuse(id, scope, TransferFailure::Cancelled);
        }
        if scope.transfer.is_some_and(|transfer| self.is_known(transfer)) {
            return self.refuse(id, scope, TransferFailure::Cancelled);
        }
        let mut receive = None;
        let mut look = None;
        match &what {
            Request::View | Request::Control => {}
            Request::SendFile { transfer, name, size_bytes } => match SafeName::parse(name.as_str()) {
                Ok(name) => receive = Some(Prepared::Receive { transfer: *transfer, name, size_bytes: *size_bytes }),
                Err(_) => return self.refuse(id, scope, TransferFailure::BadName),
            },
            Request::FetchFile { transfer, path } => look = Some((*transfer, path.as_str().to_owned())),
        }
        if let Err(error) = self.consent.ask(Instant::now(), id, what) {
            tracing::warn!(%error, "a question was not put");
            let decision = match error {
                AskError::TooSoon => Decision::TooSoon,
                AskError::Barred => Decision::Barred,
                AskError::TooMany | AskError::Repeated | AskError::Ended | AskError::ViewFirst => {
                    return self.refuse(id, scope, TransferFailure::Cancelled);
                }
            };
            return self.tell(AgentToConsole::Decided { request: id, decision });
        }
        if let Some(prepared) = receive {
            self.prepared.insert(id, prepared);
        }
        if let Some((transfer, path)) = look {
            // The disk may take its time; whoever presses the red X must not wait for it.
            let (home, report) = (self.config.platform.home.clone(), self.events.0.clone());
            self.looking.insert(transfer);
            self.tasks.spawn(async move {
                let prepared = files::look(home, transfer, path).await;
                // Fails only when the session is over.
                let _ = report.send(Event::Looked(id, prepared)).await;
            });
        }
        Flow::Continue(())
    }

    /// Whether this number already belongs to a file: a second use could hide the first.
    fn is_known(&self, transfer: TransferId) -> bool {
        self.transfers.contains_key(&transfer)
            || self.transfers.len() >= MOST_TRANSFERS
            || self.looking.contains(&transfer)
            || self.prepared.values().any(|prepared| prepared.transfer() == transfer)
    }

    /// Answers a question that is not put to the person.
    fn refuse(&self, id: RequestId, scope: Scope, failure: TransferFailure) -> Flow {
        if let Some(transfer) = scope.transfer {
            self.tell(AgentToConsole::FileFailed { transfer, failure })?;
        }
        self.tell(AgentToConsole::Decided { request: id, decision: Decision::Impossible })
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
            Event::Broken(error) => {
                tracing::warn!(%error, "the console broke the protocol");
                return Flow::Break(EndReason::ProtocolViolation);
            }
            Event::StreamsEnded => return Flow::Break(self.how_lost()),
            Event::Looked(id, prepared) => {
                self.looking.remove(&prepared.transfer());
                if self.consent.is_asked(id) {
                    self.prepared.insert(id, prepared);
                }
            }
            Event::LayoutAgain => return self.start_screens(),
        }
        Flow::Continue(())
    }

    fn handle_screen(&mut self, event: ScreenEvent) -> Flow {
        if !self.screens.as_ref().is_some_and(|screens| screens.is_current(event.epoch)) {
            return Flow::Continue(());
        }
        match event.error {
            CaptureError::LayoutChanged => self.start_screens(),
            error => {
                tracing::warn!(%error, "the screen is lost");
                Flow::Break(EndReason::ScreenUnavailable)
            }
        }
    }

    fn handle_link(&mut self) -> Flow {
        let link = *self.link.borrow_and_update();
        if link.refused {
            return Flow::Break(EndReason::ConnectionLost);
        }
        if let Some(injection) = self.injection.as_ref().filter(|_| !(link.attached && link.peer_attached)) {
            // Nobody can lift from afar what is down.
            injection.lift();
        }
        if link.peer_left {
            // The relay says so; a proper goodbye may still be on its way.
            self.left_at.get_or_insert_with(|| Instant::now() + AFTER_LEAVING);
        }
        Flow::Continue(())
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
                    if scope.capability == Capability::Control
                        && decision == Decision::Granted
                        && !self.start_injection()
                    {
                        self.consent.forget(scope);
                        self.tell(AgentToConsole::Decided { request: id, decision: Decision::Impossible })?;
                        continue;
                    }
                    self.tell(AgentToConsole::Decided { request: id, decision })?;
                    match (decision, scope.capability) {
                        (Decision::Granted, _) => self.granted(scope, prepared)?,
                        (Decision::Denied | Decision::TimedOut, Capability::View) if !self.seen => {
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
            (Capability::Control, _) => Flow::Continue(()),
            (_, Some(Prepared::Receive { transfer, name, size_bytes })) => {
                self.transfers.insert(transfer, running(name.as_str(), true, size_bytes));
                self.receiving.insert(transfer, (name, size_bytes));
                Flow::Continue(())
            }
            (_, Some(Prepared::Give { transfer, size_bytes: Err(failure), .. })) => {
                self.consent.revoke(Scope { capability: Capability::FetchFile, transfer: Some(transfer) });
                self.tell(AgentToConsole::FileFailed { transfer, failure })
            }
            (_, Some(Prepared::Give { transfer, path, name, size_bytes: Ok(size_bytes) })) => {
                let Some(lease) = self.consent.lease::<consent::FetchFile>(Some(transfer)) else {
                    return Flow::Continue(());
                };
                self.transfers.insert(transfer, running(&name, false, size_bytes));
                let name = Text::<FILE_NAME_BYTES>::truncated(&name);
                self.tell(AgentToConsole::FileComing { transfer, name, size_bytes })?;
                let events = self.transfer_events.0.clone();
                let giving = files::give(lease, self.channel.clone(), (transfer, path, size_bytes), events);
                let task = self.tasks.spawn(giving);
                self.giving.insert(transfer, task);
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
                self.stop_screens();
            }
            Capability::Control => self.stop_injection(),
            Capability::SendFile => return Flow::Continue(()),
            Capability::FetchFile => {
                return scope.transfer.map_or(Flow::Continue(()), |transfer| self.stop_giving(transfer));
            }
        }
        self.tell(AgentToConsole::Revoked { capability: scope.capability })
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
        if tokio::time::timeout(GOODBYE, self.tasks.shutdown()).await.is_err() {
            tracing::warn!("a task of the session did not stop in time");
        }
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
