//! The running session on the console: questions, pictures, input, chat, files, and the end.

mod annotating;
mod batches;
mod clip;
mod decided;
mod dispatch;
mod ending;
mod input;
mod log;
mod saved;
mod shell;
mod shown;
mod sysinfo;
mod transfers;

use crate::config::ConsoleConfig;
use crate::engine::{Desk, Made};
use crate::ledger::{Ledger, SIGN_EVERY};
use crate::picture::SharedPictures;
use crate::records::{RecordId, Records};
use crate::screens::{self, Decoded};
use crate::tasks::Event;
use crate::view::{ChatLine, ConsoleCommand, EndView, PowerState, Stage, TransferView};
use annotating::AnnotationLine;
use batches::FileDesk;
use channel::{Channel, Keeper, LinkState};
use clip::ClipDesk;
use input::InputLine;
use proto::geometry::{Layout, MonitorId};
use proto::session::{Capability, ConsoleToAgent, EndReason, Request, RequestId, Step, StreamKind, TransferId};
use session::{Chat, Listed, Outbox, Reader, accept_streams, next_message, until};
use shell::ShellDesk;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use sysinfo::MachineDesk;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

/// Events of tasks that may wait.
const EVENTS: usize = 256;
/// How long each step of the goodbye may take when the other end does not answer.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a session stands after the relay said that the other end has left.
const AFTER_LEAVING: Duration = Duration::from_secs(3);
/// How long the agent has to say that it has ended.
const ENDED_WITHIN: Duration = Duration::from_secs(5);
/// How long it has after that to close the log: the person rates, and the agent removes itself.
const LOG_CLOSED_WITHIN: Duration = Duration::from_secs(150);
/// Screen and pointer streams that may wait for their grant.
const MOST_PARKED: usize = 32;
/// How often the round trip is measured and figures are renewed.
const TICK: Duration = Duration::from_secs(1);

pub(crate) use input::Done;

type Flow = ControlFlow<EndReason>;

pub(crate) struct Live<'a> {
    config: &'a ConsoleConfig,
    channel: Channel,
    keeper: Keeper,
    link: watch::Receiver<LinkState>,
    outbox: Outbox<ConsoleToAgent>,
    reader: Option<Reader>,
    pictures: SharedPictures,
    on_change: Arc<dyn Fn() + Send + Sync>,
    check_word: String,
    system: String,
    recognised: bool,
    step: Option<Step>,
    sharing_paused: bool,
    powers: BTreeMap<Capability, PowerState>,
    asked: BTreeMap<RequestId, Request>,
    /// How many questions about each power there were.
    asks: Arc<BTreeMap<Capability, u32>>,
    last_request: u32,
    layout: Layout,
    monitor: Option<MonitorId>,
    chat: Listed<Chat, ChatLine>,
    transfers: Listed<BTreeMap<TransferId, TransferView>, TransferView>,
    last_transfer: u32,
    machine: MachineDesk,
    shell: ShellDesk,
    /// Where what is kept of this session goes.
    record: Option<(Records, RecordId)>,
    /// A terminal's output that waits for its grant.
    parked_shell: Option<(RequestId, Reader)>,
    files: FileDesk,
    ledger: Ledger,
    /// Which question was about which file.
    requests: BTreeMap<TransferId, RequestId>,
    signed_at: Instant,
    /// What the operator gave back, until the agent says that it is gone.
    released: BTreeSet<Capability>,
    annotations: AnnotationLine,
    clip: ClipDesk,
    input: InputLine,
    input_paused: bool,
    ping: Option<(u64, Instant)>,
    last_ping: u64,
    round_trip: Option<Duration>,
    decoded_at: VecDeque<Instant>,
    pictures_decoded: u64,
    began: Instant,
    since: SystemTime,
    tasks: JoinSet<()>,
    events: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    decoded: (mpsc::Sender<Decoded>, mpsc::Receiver<Decoded>),
    /// Pictures and pointers that wait for their grant.
    parked_screens: Vec<(StreamKind, Reader)>,
    /// Room for pictures; see [`screens::room`].
    room: Arc<Semaphore>,
    /// When to give up after the relay said that the other end has left.
    left_at: Option<Instant>,
    /// Whether anybody looks at the pictures.
    is_attended: bool,
}

impl<'a> Live<'a> {
    pub(crate) fn start(config: &'a ConsoleConfig, made: Made, desk: &Desk) -> Self {
        let Made { channel, keeper, greeting, ledger } = made;
        let events = mpsc::channel(EVENTS);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept_streams::<Event>(channel.clone(), events.0.clone()));
        desk.pictures.lock().clear();
        Self {
            config,
            link: keeper.state(),
            channel,
            keeper,
            check_word: (config.check_word)(greeting.check_number, &greeting.language),
            outbox: greeting.outbox,
            reader: Some(greeting.reader),
            pictures: desk.pictures.clone(),
            on_change: Arc::clone(&desk.on_change),
            system: String::new(),
            recognised: false,
            step: None,
            sharing_paused: false,
            powers: [
                Capability::View,
                Capability::Control,
                Capability::SystemInfo,
                Capability::Shell,
                Capability::Clipboard,
            ]
            .into_iter()
            .filter(|capability| config.operator.profile.allows(*capability))
            .map(|capability| (capability, PowerState::Off))
            .collect(),
            asked: BTreeMap::new(),
            asks: Arc::default(),
            last_request: 0,
            layout: Layout::default(),
            monitor: None,
            chat: Listed::default(),
            transfers: Listed::default(),
            last_transfer: 0,
            machine: MachineDesk::default(),
            shell: ShellDesk::default(),
            record: desk.record(),
            parked_shell: None,
            files: FileDesk::default(),
            ledger,
            requests: BTreeMap::new(),
            signed_at: Instant::now(),
            released: BTreeSet::new(),
            annotations: AnnotationLine::default(),
            clip: ClipDesk::default(),
            input: InputLine::default(),
            input_paused: false,
            ping: None,
            last_ping: 0,
            round_trip: None,
            decoded_at: VecDeque::new(),
            pictures_decoded: 0,
            began: Instant::now(),
            since: SystemTime::now(),
            tasks,
            events,
            decoded: mpsc::channel(EVENTS),
            parked_screens: Vec::new(),
            room: screens::room(),
            left_at: None,
            is_attended: desk.is_attended,
        }
    }

    /// Runs until somebody ends it, and then until the log is closed. Gives as well what the operator wants next, if
    /// they did not wait for that.
    pub(crate) async fn run(mut self, desk: &mut Desk) -> (EndView, Option<ConsoleCommand>) {
        let mut reader = self.reader.take();
        let mut tick = tokio::time::interval(TICK);
        let connection = self.channel.connection().clone();
        let mut flow = Flow::Continue(());
        while let Flow::Continue(()) = flow {
            desk.stage(Stage::Session(Box::new(self.view())));
            let left_at = self.left_at;
            while self.tasks.try_join_next().is_some() {}
            flow = tokio::select! {
                biased;
                command = desk.commands.recv() => {
                    let command = command.map(|command| desk.common(command));
                    self.handle_commands(command, desk).await
                }
                message = next_message(&mut reader) => self.handle_message(message),
                Some(decoded) = self.decoded.1.recv() => self.handle_decoded(decoded),
                Some(event) = self.events.1.recv() => self.handle_event(event, desk),
                Some(event) = self.files.events.1.recv() => self.handle_batch(event),
                Ok(()) = self.link.changed() => self.handle_link(),
                () = until(left_at) => Flow::Break(EndReason::ConnectionLost),
                _ = tick.tick() => self.handle_tick(),
                _ = connection.closed() => Flow::Break(self.how_lost()),
            };
        }
        let Flow::Break(reason) = flow else { unreachable!("the loop ends with a reason") };
        self.end(desk, reader, reason).await
    }

    /// Why the channel is gone: closed in order by the other end, or lost.
    fn how_lost(&self) -> EndReason {
        if self.channel.was_closed_in_order() { EndReason::ClientEnded } else { EndReason::ConnectionLost }
    }

    fn handle_link(&mut self) -> Flow {
        let link = *self.link.borrow_and_update();
        if link.refused {
            return Flow::Break(EndReason::ConnectionLost);
        }
        if link.peer_left {
            // The relay says so; a proper goodbye may still be on its way.
            self.left_at.get_or_insert_with(|| Instant::now() + AFTER_LEAVING);
        }
        self.follow_line();
        Flow::Continue(())
    }

    fn tell(&self, message: ConsoleToAgent) -> Flow {
        match self.outbox.send(message) {
            Ok(()) => Flow::Continue(()),
            Err(_) => Flow::Break(EndReason::ConnectionLost),
        }
    }

    /// Handles a command and all that wait behind it, so that a burst of input shows one view.
    async fn handle_commands(&mut self, first: Option<Option<ConsoleCommand>>, desk: &mut Desk) -> Flow {
        let Some(first) = first else { return Flow::Break(EndReason::OperatorEnded) };
        let mut next = first;
        loop {
            if let Some(command) = next {
                self.handle_command(command).await?;
            }
            match desk.commands.waiting() {
                Some(command) => next = desk.common(command),
                None => return Flow::Continue(()),
            }
        }
    }

    fn ask(&mut self, what: Request) -> Flow {
        self.last_request += 1;
        let request = RequestId(self.last_request);
        self.asked.insert(request, what.clone());
        self.ledger.witness.ask(request, &what);
        if let Some(transfer) = what.batch() {
            self.requests.insert(transfer, request);
        } else {
            *Arc::make_mut(&mut self.asks).entry(what.capability()).or_default() += 1;
        }
        self.tell(ConsoleToAgent::Ask { request, what })
    }

    fn ask_power(&mut self, capability: Capability) -> Flow {
        let what = match capability {
            Capability::View => Request::View,
            Capability::Control => Request::Control,
            Capability::SystemInfo => Request::SystemInfo,
            Capability::Shell => Request::Shell,
            Capability::Clipboard => Request::Clipboard,
            _ => return Flow::Continue(()),
        };
        if !self.config.operator.profile.allows(capability) {
            return Flow::Continue(());
        }
        if !self.recognised || matches!(self.powers.get(&capability), Some(PowerState::Asked | PowerState::Granted)) {
            return Flow::Continue(());
        }
        self.powers.insert(capability, PowerState::Asked);
        self.ask(what)
    }

    fn handle_decoded(&mut self, decoded: Decoded) -> Flow {
        let Decoded { monitor, epoch, sequence } = decoded;
        self.pictures_decoded += 1;
        self.decoded_at.push_back(Instant::now());
        self.tell(ConsoleToAgent::ScreenDecoded { monitor, epoch, sequence })
    }

    fn handle_tick(&mut self) -> Flow {
        let now = Instant::now();
        while self.decoded_at.front().is_some_and(|at| now.duration_since(*at) > TICK) {
            self.decoded_at.pop_front();
        }
        self.follow_line();
        if now.duration_since(self.signed_at) >= SIGN_EVERY
            && let Some(signed) = self.ledger.sign()
        {
            self.signed_at = now;
            self.tell(signed)?;
        }
        self.ping_agent(now)
    }

    /// Measures the round trip, one at a time.
    fn ping_agent(&mut self, now: Instant) -> Flow {
        if self.ping.is_some() {
            return Flow::Continue(());
        }
        self.last_ping += 1;
        self.ping = Some((self.last_ping, now));
        self.tell(ConsoleToAgent::Ping { token: self.last_ping })
    }
}
