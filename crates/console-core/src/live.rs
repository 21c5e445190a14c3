//! The running session on the console: questions, pictures, input, chat, files, and the end.

mod input;
mod log;
mod powers;
mod saved;
mod shell;
mod shown;
mod sysinfo;
mod transfers;

use crate::config::ConsoleConfig;
use crate::engine::{Desk, Made};
use crate::ledger::{Ledger, SIGN_EVERY};
use crate::picture::SharedPictures;
use crate::screens::{self, Decoded};
use crate::tasks::{self, Event};
use crate::view::{ChatLine, ConsoleCommand, EndView, NoticeKind, PowerState, Stage, TransferState, TransferView};
use channel::{Channel, Keeper, LinkState};
use input::InputLine;
use proto::geometry::{Layout, MonitorId};
use proto::session::{
    AgentToConsole, Capability, ConsoleToAgent, EndReason, Request, RequestId, Step, StreamKind, TransferFailure,
    TransferId,
};
use session::{Chat, Listed, Outbox, Reader, StreamError, accept_streams, next_message, until};
use shell::ShellDesk;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::path::PathBuf;
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

/// A file that was asked for.
struct Wanted {
    view: TransferView,
    /// The file to send, or the folder that receives.
    path: PathBuf,
    /// Whether its name and size were announced (files that come).
    is_announced: bool,
    /// Whether its stream has come: there is only one.
    is_served: bool,
    /// The stream, while it waits for the rest to be known.
    parked: Option<Reader>,
}

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
    last_request: u32,
    layout: Layout,
    monitor: Option<MonitorId>,
    chat: Listed<Chat, ChatLine>,
    transfers: Listed<BTreeMap<TransferId, Wanted>, TransferView>,
    last_transfer: u32,
    machine: MachineDesk,
    shell: ShellDesk,
    /// A terminal's output that waits for its grant.
    parked_shell: Option<(RequestId, Reader)>,
    ledger: Ledger,
    /// Which question was about which file.
    requests: BTreeMap<TransferId, RequestId>,
    signed_at: Instant,
    /// What the operator gave back, until the agent says that it is gone.
    released: BTreeSet<Capability>,
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
            powers: [Capability::View, Capability::Control, Capability::SystemInfo, Capability::Shell]
                .into_iter()
                .filter(|capability| config.operator.profile.allows(*capability))
                .map(|capability| (capability, PowerState::Off))
                .collect(),
            asked: BTreeMap::new(),
            last_request: 0,
            layout: Layout::default(),
            monitor: None,
            chat: Listed::default(),
            transfers: Listed::default(),
            last_transfer: 0,
            machine: MachineDesk::default(),
            shell: ShellDesk::default(),
            parked_shell: None,
            ledger,
            requests: BTreeMap::new(),
            signed_at: Instant::now(),
            released: BTreeSet::new(),
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
            match desk.commands.try_recv() {
                Ok(command) => next = desk.common(command),
                Err(_) => return Flow::Continue(()),
            }
        }
    }

    async fn handle_command(&mut self, command: ConsoleCommand) -> Flow {
        let may = |capability| self.config.operator.profile.allows(capability);
        match command {
            // What the certificate does not allow has no button; the agent would refuse it.
            ConsoleCommand::SendChat(_) if !may(Capability::Chat) => Flow::Continue(()),
            ConsoleCommand::SendFile(_) if !may(Capability::SendFile) => Flow::Continue(()),
            ConsoleCommand::FetchFile { .. } if !may(Capability::FetchFile) => Flow::Continue(()),
            ConsoleCommand::Ask(capability) => self.ask_power(capability),
            ConsoleCommand::Release(capability) => {
                if self.powers.get(&capability) != Some(&PowerState::Granted) {
                    return Flow::Continue(());
                }
                self.released.insert(capability);
                self.ledger.witness.release(capability);
                if capability == Capability::Control {
                    // Nothing of it may arrive after the power is given back.
                    self.input.finish();
                }
                self.tell(ConsoleToAgent::Release { capability })
            }
            ConsoleCommand::ShowMonitor(monitor) => {
                if self.layout.monitor(monitor).is_none() {
                    return Flow::Continue(());
                }
                self.monitor = Some(monitor);
                self.tell(ConsoleToAgent::Watch { monitors: vec![monitor] })
            }
            ConsoleCommand::Input(event) => self.send_input(event),
            ConsoleCommand::SendChat(text) => match self.chat.write(&text, SystemTime::now()) {
                Some((id, text)) => self.tell(ConsoleToAgent::Chat { id, text }),
                None => Flow::Continue(()),
            },
            ConsoleCommand::SendFile(path) => self.offer_file(&path).await,
            ConsoleCommand::FetchFile { path, into } => self.ask_file(&path, into),
            ConsoleCommand::SavePicture => {
                self.save_picture();
                Flow::Continue(())
            }
            ConsoleCommand::SaveText { stem, extension, text } => {
                self.save_text(stem, extension, text);
                Flow::Continue(())
            }
            ConsoleCommand::Look(topic) => self.look(topic),
            ConsoleCommand::TypeInShell(bytes) => {
                self.type_in_shell(&bytes.0);
                Flow::Continue(())
            }
            ConsoleCommand::ResizeShell(size) => {
                self.resize_shell(size);
                Flow::Continue(())
            }
            ConsoleCommand::EndProcess { pid, name, started_s, force } => self.ask_end(pid, name, started_s, force),
            ConsoleCommand::End => Flow::Break(EndReason::OperatorEnded),
            ConsoleCommand::NewKey
            | ConsoleCommand::CancelKey
            | ConsoleCommand::CloseEnded
            | ConsoleCommand::DismissNotice(_) => Flow::Continue(()),
        }
    }

    fn ask(&mut self, what: Request) -> Flow {
        self.last_request += 1;
        let request = RequestId(self.last_request);
        self.asked.insert(request, what.clone());
        self.ledger.witness.ask(request, &what);
        if let Request::SendFile { transfer, .. } | Request::FetchFile { transfer, .. } = &what {
            self.requests.insert(*transfer, request);
        }
        self.tell(ConsoleToAgent::Ask { request, what })
    }

    fn ask_power(&mut self, capability: Capability) -> Flow {
        let what = match capability {
            Capability::View => Request::View,
            Capability::Control => Request::Control,
            Capability::SystemInfo => Request::SystemInfo,
            Capability::Shell => Request::Shell,
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

    fn handle_message(&mut self, message: Result<Option<AgentToConsole>, StreamError>) -> Flow {
        let message = match message {
            Ok(Some(message)) => message,
            Ok(None) | Err(StreamError::Gone) => return Flow::Break(self.how_lost()),
            Err(error) => {
                tracing::warn!(%error, "the agent broke the protocol");
                return Flow::Break(EndReason::ProtocolViolation);
            }
        };
        match message {
            AgentToConsole::Proof { .. } | AgentToConsole::NotAccepted { .. } => {
                return Flow::Break(EndReason::ProtocolViolation);
            }
            AgentToConsole::Log { line } => return self.handle_log(line.as_str()),
            AgentToConsole::Ready { .. } if !self.ledger.has_begun() => {
                tracing::warn!("the agent keeps no log");
                return Flow::Break(EndReason::ProtocolViolation);
            }
            AgentToConsole::Ready { system } => {
                self.system = system.shown();
                if !std::mem::replace(&mut self.recognised, true) {
                    return self.ask_power(Capability::View);
                }
            }
            AgentToConsole::Decided { request, decision } => return self.handle_decided(request, decision),
            AgentToConsole::Revoked { capability } => {
                let own_wish = self.released.remove(&capability);
                self.powers.insert(capability, if own_wish { PowerState::Off } else { PowerState::Revoked });
                self.power_gone(capability);
                self.parked_screens.clear();
            }
            AgentToConsole::Layout(layout) => {
                if !layout.is_acceptable() {
                    return Flow::Break(EndReason::ProtocolViolation);
                }
                let first = layout.monitors.iter().find(|monitor| monitor.primary).or(layout.monitors.first());
                self.monitor = first.map(|monitor| monitor.id);
                self.pictures.lock().monitors.retain(|id, _| layout.monitor(*id).is_some());
                self.layout = layout;
            }
            AgentToConsole::Chat { id, text } => {
                return match self.chat.handle_line(id, &text, SystemTime::now()) {
                    Some(up_to) => self.tell(ConsoleToAgent::ChatReceived { up_to }),
                    None => Flow::Break(EndReason::ProtocolViolation),
                };
            }
            AgentToConsole::ChatReceived { up_to } => self.chat.handle_received(up_to),
            AgentToConsole::FileComing { transfer, name, size_bytes } => {
                if let Some(wanted) = self.transfers.get_mut(&transfer).filter(|wanted| wanted.view.incoming) {
                    wanted.view.name = name.shown();
                    wanted.view.size_bytes = size_bytes;
                    wanted.is_announced = true;
                }
                self.receive_parked(transfer);
            }
            AgentToConsole::FileReceived { transfer } => {
                // Of a file that comes here the digest decides, not the other end's word.
                if self.transfers.get(&transfer).is_some_and(|wanted| !wanted.view.incoming) {
                    self.transfer_over(transfer, Ok(None));
                }
            }
            AgentToConsole::FileFailed { transfer, failure } => self.transfer_over(transfer, Err(failure)),
            AgentToConsole::Pong { token } => {
                if let Some((_, sent)) = self.ping.take_if(|(asked, _)| *asked == token) {
                    self.round_trip = Some(sent.elapsed());
                    self.follow_line();
                }
            }
            AgentToConsole::InputPaused { paused } => self.input_paused = paused,
            AgentToConsole::Step { step } => self.step = Some(step),
            AgentToConsole::SharingPaused { paused, epoch } => {
                self.sharing_paused = paused;
                // What the person does not show now is not looked at either; what is shared after the pause may be
                // here before this is.
                self.pictures.lock().monitors.retain(|_, picture| picture.stream > epoch);
                self.follow_line();
            }
            AgentToConsole::Ended { reason } => return Flow::Break(reason),
            AgentToConsole::NoFacts { topic } => self.page_over(topic, None),
            AgentToConsole::ProcessEnding { request, ending } => return self.handle_ending(request, ending),
            AgentToConsole::Closed => return Flow::Break(EndReason::ProtocolViolation),
        }
        Flow::Continue(())
    }

    fn handle_event(&mut self, event: Event, desk: &mut Desk) -> Flow {
        match event {
            Event::Stream(kind @ (StreamKind::Screen | StreamKind::Cursor), reader) => {
                // The grant travels on another stream and may come later.
                if self.parked_screens.len() >= MOST_PARKED {
                    return Flow::Break(EndReason::ProtocolViolation);
                }
                self.parked_screens.push((kind, reader));
                self.show_parked();
            }
            Event::Stream(StreamKind::File { transfer }, mut reader) => {
                match self.transfers.get_mut(&transfer).filter(|wanted| wanted.view.incoming && !wanted.is_served) {
                    Some(wanted) => {
                        wanted.is_served = true;
                        wanted.parked = Some(reader);
                        self.receive_parked(transfer);
                    }
                    None => reader.stop(),
                }
            }
            Event::Stream(StreamKind::SystemInfo { topic }, reader) => self.receive_page(topic, reader),
            Event::Stream(StreamKind::Shell { request }, reader) => self.receive_shell(request, reader),
            Event::Stream(..) => return Flow::Break(EndReason::ProtocolViolation),
            Event::StreamsEnded => return Flow::Break(self.how_lost()),
            Event::Broken(error) => {
                tracing::warn!(%error, "the agent broke the protocol");
                return Flow::Break(EndReason::ProtocolViolation);
            }
            Event::Progress { transfer, done_bytes } => {
                if let Some(wanted) = self.transfers.get_mut(&transfer) {
                    wanted.view.done_bytes = done_bytes;
                }
            }
            Event::Sent { transfer, digest } => return self.digest(transfer, digest),
            Event::Done { transfer, saved_to, digest } => {
                self.digest(transfer, digest)?;
                self.transfer_over(transfer, Ok(Some(saved_to)));
                return self.tell(ConsoleToAgent::FileReceived { transfer });
            }
            Event::Failed { transfer, failure } => {
                self.transfer_over(transfer, Err(failure));
                return self.tell(ConsoleToAgent::FileFailed { transfer, failure });
            }
            Event::PictureSaved(Some(path)) => desk.notice(NoticeKind::PictureSaved { path }),
            Event::ShellRead(request, bytes) => return self.tell(ConsoleToAgent::ShellReceived { request, bytes }),
            Event::ShellOver(request, ended) => self.shell_over(request, ended),
            Event::Facts(facts) => self.page_over(facts.topic(), Some(facts)),
            Event::TextSaved(Some(path)) => desk.notice(NoticeKind::FactsSaved { path }),
            Event::TextSaved(None) => desk.notice(NoticeKind::FactsNotSaved),
            Event::PictureSaved(None) => desk.notice(NoticeKind::PictureNotSaved),
        }
        Flow::Continue(())
    }

    /// Starts what waited for the viewing to be granted.
    fn show_parked(&mut self) {
        if self.powers.get(&Capability::View) != Some(&PowerState::Granted) {
            return;
        }
        for (kind, reader) in std::mem::take(&mut self.parked_screens) {
            let (pictures, on_change) = (self.pictures.clone(), Arc::clone(&self.on_change));
            let report = self.events.0.clone();
            if kind == StreamKind::Screen {
                let (decoded, room) = (self.decoded.0.clone(), Arc::clone(&self.room));
                let decoding = screens::decode(reader, pictures, room, decoded, on_change);
                self.tasks.spawn(tasks::report_broken(decoding, report));
            } else {
                let following = screens::follow_cursor(reader, pictures, on_change);
                self.tasks.spawn(tasks::report_broken(following, report));
            }
        }
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

    async fn end(
        mut self,
        desk: &mut Desk,
        reader: Option<Reader>,
        reason: EndReason,
    ) -> (EndView, Option<ConsoleCommand>) {
        self.input.finish();
        if tokio::time::timeout(GOODBYE, self.tasks.shutdown()).await.is_err() {
            tracing::warn!("a task of the session did not stop in time");
        }
        // Nothing of the person's screen is kept beyond the session.
        self.pictures.lock().clear();
        if reason == EndReason::OperatorEnded {
            self.ledger.witness.end();
            let _ = self.outbox.send(ConsoleToAgent::End);
        }
        let mut end = self.end_view(reason);
        let mut next = None;
        if !matches!(reason, EndReason::ConnectionLost | EndReason::ProtocolViolation) {
            end.is_closing = true;
            desk.stage(Stage::Ended(end.clone()));
            next = self.close_log(desk, reader, reason != EndReason::OperatorEnded).await;
            end.is_closing = false;
        }
        self.outbox.close(GOODBYE).await;
        if reason == EndReason::ProtocolViolation {
            self.channel.break_off(GOODBYE).await;
        } else {
            self.channel.close(GOODBYE).await;
        }
        self.keeper.leave(GOODBYE).await;
        end.rating = self.ledger.rating();
        end.log = self.ledger.finish().unwrap_or_else(|error| {
            tracing::error!(%error, "the log could not be written");
            desk.notice(NoticeKind::LogNotSaved);
            None
        });
        (end, next)
    }

    fn end_view(&mut self, reason: EndReason) -> EndView {
        let mut transfers: Vec<TransferView> = self.transfers.values().map(|wanted| wanted.view.clone()).collect();
        for view in &mut transfers {
            if matches!(view.state, TransferState::Running | TransferState::Asked) {
                view.state = TransferState::Failed(TransferFailure::Cancelled);
            }
        }
        EndView { reason, lasted: self.began.elapsed(), transfers, log: None, is_closing: false, rating: None }
    }
}
