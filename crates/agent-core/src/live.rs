//! The running session on the agent: questions, grants, streams, chat, and the end.

mod annotating;
mod batches;
mod clip;
mod dispatch;
mod ending;
mod powers;
mod questions;
mod sharing;
mod shell;
mod shown;
mod sysinfo;

use crate::config::Setup;
use crate::engine::Desk;
use crate::farewell::{Farewell, Parted};
use crate::files::Prepared;
use crate::injection::{Injection, InputGate};
use crate::ledger::{Ledger, OwnText, SIGN_EVERY, Unwritable};
use crate::screens::{ScreenEvent, Screens};
use crate::view::{ChatLine, EndView, OperatorView, TransferView};
use crate::welcome::Chosen;
use annotating::Annotating;
use audit_log::{ChatRoom, Commitment, Event, Hex, Role};
use batches::FileDesk;
use capture::MarksSeen;
use channel::{Channel, Keeper, LinkState};
use clip::{ClipReport, ClipWork};
use consent::ConsentCell;
use proto::geometry::Layout;
use proto::session::{
    AgentToConsole, Capability, ChatText, ConsoleToAgent, EndReason, RequestId, StreamKind, TransferFailure, TransferId,
};
use proto::text::Text;
use session::{
    AgentGreeting, Arrival, Chat, FolderList, Listed, Outbox, Reader, StreamError, accept_streams, next_message, until,
};
use sharing::Sharing;
use shell::ShellWork;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use sysinfo::{MachineReport, MachineWork};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Events of tasks that may wait.
const EVENTS: usize = 64;
/// How long each step of the goodbye may take when the other end does not answer.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a session stands after the relay said that the other end has left.
const AFTER_LEAVING: Duration = Duration::from_secs(3);
/// After how long without the operator what was granted for one use is over.
const LINE_BREAKS_AFTER: Duration = Duration::from_secs(10);
/// How long the console may owe a signature of the log while it is there.
const SIGNED_WITHIN: Duration = Duration::from_secs(90);
/// Most transfers that a session remembers.
const MOST_TRANSFERS: usize = 1000;

type Flow = ControlFlow<EndReason>;

/// A channel whose operator is proven and was greeted.
pub(crate) struct Session {
    pub(crate) channel: Channel,
    pub(crate) keeper: Keeper,
    pub(crate) greeting: AgentGreeting,
    pub(crate) operator: OperatorView,
    /// SHA-256 of the operator's certificate.
    pub(crate) certificate_sha256: Hex<32>,
    pub(crate) check_word: String,
    pub(crate) profile: identity::Profile,
    pub(crate) ledger: Ledger,
    /// What the console said before the first question could come.
    pub(crate) early: Vec<ConsoleToAgent>,
    /// The title of the window that will be shared, until the operator may know it.
    pub(crate) title: Option<OwnText>,
}

impl Session {
    /// Ends before anything was allowed.
    pub(crate) async fn turn_away(self, config: &Setup, desk: &mut Desk, reason: EndReason) -> Parted {
        let Self { channel, keeper, greeting, ledger, operator, certificate_sha256, .. } = self;
        let end = EndView {
            reason,
            operator: Some(operator),
            lasted: Duration::ZERO,
            used: Vec::new(),
            files: Vec::new(),
            ended: Vec::new(),
            rating: shown::asked_after(reason, false),
            removed: None,
            log: None,
            still_running: 0,
            again: None,
        };
        let certificate_sha256 = certificate_sha256.0;
        let reader = Some(greeting.reader);
        let farewell = Farewell { outbox: greeting.outbox, reader, channel, keeper: Some(keeper), certificate_sha256 };
        farewell.say(config, desk, ledger, end).await
    }
}

/// What the tasks of a session report.
enum Report {
    Stream(StreamKind, Reader),
    Broken(StreamError),
    StreamsEnded,
    /// What a question about files is about.
    Looked(RequestId, Prepared),
    /// Time to look again at monitors that were changing.
    LayoutAgain,
    /// About a page, or a program that is to end.
    Machine(MachineReport),
    /// What is in a folder.
    Listed(u32, Result<FolderList, TransferFailure>),
    /// Where the operator sees what they draw.
    Marks(MarksSeen),
    /// About a clipboard on its way.
    Clip(ClipReport),
}

impl From<Arrival> for Report {
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
    early: Vec<ConsoleToAgent>,
    title: Option<OwnText>,
    operator: OperatorView,
    certificate_sha256: [u8; 32],
    check_word: String,
    profile: identity::Profile,
    ledger: Ledger,
    /// Whether the log has entries that this end has not signed.
    is_unsigned: bool,
    signed_at: Instant,
    /// Since when the console owes a signature, and up to where it has given one.
    unsigned_since: Option<Instant>,
    signed_up_to: Option<u64>,
    /// Uses of what the certificate does not allow that stand in the log already.
    not_allowed: BTreeSet<Capability>,
    /// When what was granted for one use ends, because the operator is away.
    line_breaks_at: Option<Instant>,
    is_away: bool,
    /// When the longest session ends.
    ends_at: Option<Instant>,
    consent: ConsentCell,
    prepared: BTreeMap<RequestId, Prepared>,
    chat: Listed<Chat, ChatLine>,
    transfers: Listed<BTreeMap<TransferId, TransferView>, TransferView>,
    uses: BTreeMap<Capability, Use>,
    chosen: Chosen,
    sharing: Sharing,
    machine: MachineWork,
    annotating: Annotating,
    shell: ShellWork,
    files: FileDesk,
    clip: ClipWork,
    /// What the log has taken of each one's lines of the chat.
    chat_room: BTreeMap<Role, ChatRoom>,
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
    events: (mpsc::Sender<Report>, mpsc::Receiver<Report>),
    screen_events: (mpsc::Sender<ScreenEvent>, mpsc::Receiver<ScreenEvent>),
}

impl<'a> Live<'a> {
    pub(crate) fn start(config: &'a Setup, session: Session, chosen: Chosen) -> Self {
        let Session { channel, keeper, greeting, operator, check_word, profile, ledger, early, title, .. } = session;
        let certificate_sha256 = session.certificate_sha256.0;
        let events = mpsc::channel(EVENTS);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept_streams::<Report>(channel.clone(), events.0.clone()));
        Self {
            config,
            link: keeper.state(),
            channel,
            keeper,
            outbox: greeting.outbox,
            reader: Some(greeting.reader),
            early,
            title,
            operator,
            certificate_sha256,
            check_word,
            consent: ConsentCell::with_rules(shown::rules(&profile)),
            ends_at: shown::longest_session(config, &profile).map(|longest| Instant::now() + longest),
            profile,
            ledger,
            is_unsigned: true,
            signed_at: Instant::now(),
            unsigned_since: None,
            signed_up_to: None,
            not_allowed: BTreeSet::new(),
            line_breaks_at: None,
            is_away: false,
            prepared: BTreeMap::new(),
            chat: Listed::default(),
            transfers: Listed::default(),
            uses: BTreeMap::new(),
            chosen,
            sharing: Sharing::default(),
            machine: MachineWork::default(),
            annotating: Annotating::default(),
            shell: ShellWork::default(),
            files: FileDesk::default(),
            clip: ClipWork::default(),
            chat_room: BTreeMap::new(),
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
        }
    }

    /// Runs until somebody ends it; what it returns is the last page.
    pub(crate) async fn run(mut self, desk: &mut Desk) -> Parted {
        let system = Text::truncated(&self.config.platform.system);
        let mut flow = self.tell(AgentToConsole::Ready { system });
        for message in std::mem::take(&mut self.early) {
            if flow.is_continue() {
                flow = self.handle_message(Ok(Some(message)));
            }
        }
        // The reader stands outside, so that waiting for it leaves the rest free to be changed.
        let mut reader = self.reader.take();
        while let Flow::Continue(()) = flow {
            desk.show(self.view());
            let deadline = self.consent.poll_timeout();
            let (left_at, ends_at, line_breaks_at) = (self.left_at, self.ends_at, self.line_breaks_at);
            let sign_at = self.signed_at + SIGN_EVERY;
            let signed_by = self.unsigned_since.map(|since| since + SIGNED_WITHIN);
            while self.tasks.try_join_next().is_some() {}
            let connection = self.channel.connection().clone();
            flow = tokio::select! {
                // The person comes first, then every deadline: a console that never stops talking does not keep
                // either waiting.
                biased;
                command = desk.commands.recv() => self.handle_command(command),
                () = until(left_at) => Flow::Break(EndReason::ConnectionLost),
                () = until(ends_at) => Flow::Break(EndReason::TimeUp),
                () = until(line_breaks_at) => {
                    self.line_breaks_at = None;
                    self.consent.line_broke();
                    Flow::Continue(())
                }
                () = until(Some(sign_at)) => {
                    self.is_unsigned = true;
                    Flow::Continue(())
                }
                () = until(deadline) => { self.consent.handle_timeout(Instant::now()); Flow::Continue(()) }
                () = until(signed_by) => {
                    tracing::warn!("the console does not vouch for the log");
                    Flow::Break(EndReason::ProtocolViolation)
                }
                event = self.sharing.next() => self.handle_sharing(event),
                Ok(()) = self.link.changed() => self.handle_link(),
                Some(event) = self.screen_events.1.recv() => self.handle_screen(event),
                Some(event) = self.files.events.1.recv() => self.handle_batch(event),
                Some(event) = self.shell.events.1.recv() => self.handle_shell(event),
                message = next_message(&mut reader) => self.handle_message(message),
                Some(event) = self.events.1.recv() => self.handle_event(event),
                _ = connection.closed() => Flow::Break(self.how_lost()),
            };
            if flow.is_continue() {
                flow = self.settle();
                self.watch_signatures();
            }
        }
        let Flow::Break(reason) = flow else { unreachable!("the loop ends with a reason") };
        self.end(desk, reader, reason).await
    }

    /// Writes down what happened, before anything follows from it.
    fn note(&mut self, event: Event) -> Flow {
        self.is_unsigned = true;
        written(self.ledger.note(&self.outbox, event))
    }

    /// The same with a personal text beside the log.
    fn note_with_text(&mut self, text: &str, event: impl FnOnce(Commitment) -> Event) -> Flow {
        self.is_unsigned = true;
        written(self.ledger.note_with_text(&self.outbox, text, event))
    }

    /// Writes down a line of the chat before it is told or confirmed, as many of each writer as a log takes; the
    /// signature comes with what follows, at the latest with the next one that is due.
    fn note_line(&mut self, by: Role, text: &ChatText) -> Flow {
        let (line, room) = (text.shown_lines(), self.chat_room.entry(by).or_default());
        if room.is_cut() {
            return Flow::Continue(());
        }
        if !room.has_room_for(line.len()) {
            room.cut();
            return self.note(Event::ChatCut { by });
        }
        room.take(line.len());
        written(self.ledger.note_with_text(&self.outbox, &line, |line| Event::Chat { by, line }))
    }

    /// Looks whether the console still vouches for what is written: a session of which only one end signs the log
    /// does not go on.
    fn watch_signatures(&mut self) {
        let signed = self.ledger.countersigned_up_to();
        if self.is_away || self.ledger.is_countersigned() {
            self.unsigned_since = None;
        } else if self.unsigned_since.is_none() || signed != self.signed_up_to {
            self.unsigned_since = Some(Instant::now());
        }
        self.signed_up_to = signed;
    }

    /// The console uses what its certificate does not allow: nothing comes of it but a line in the log, one for
    /// each power, so that it cannot be filled in this way.
    fn not_allowed(&mut self, power: Capability) -> Flow {
        if !self.not_allowed.insert(power) {
            return Flow::Continue(());
        }
        tracing::warn!(?power, "the console used what its certificate or the person does not allow");
        self.note(Event::NotAllowed { power })
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

    fn handle_link(&mut self) -> Flow {
        let link = *self.link.borrow_and_update();
        if link.refused {
            return Flow::Break(EndReason::ConnectionLost);
        }
        let is_away = !(link.attached && link.peer_attached);
        if let Some(injection) = self.injection.as_ref().filter(|_| is_away) {
            // Nobody can lift from afar what is down.
            injection.lift();
        }
        if is_away != std::mem::replace(&mut self.is_away, is_away) {
            self.shell.away(is_away);
            self.line_breaks_at = is_away.then(|| Instant::now() + LINE_BREAKS_AFTER);
            self.note(Event::Link { up: !is_away })?;
        }
        if link.peer_left {
            // The relay says so; a proper goodbye may still be on its way.
            self.left_at.get_or_insert_with(|| Instant::now() + AFTER_LEAVING);
        }
        Flow::Continue(())
    }
}

/// Why a session ends whose log cannot be written.
fn unwritable(error: Unwritable) -> EndReason {
    match error {
        Unwritable::TooLong => EndReason::ProtocolViolation,
        Unwritable::Gone => EndReason::ConnectionLost,
    }
}

fn written(result: Result<(), Unwritable>) -> Flow {
    result.map_or_else(|error| Flow::Break(unwritable(error)), Flow::Continue)
}
