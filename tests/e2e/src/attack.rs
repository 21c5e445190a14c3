//! Attacks on the memory of the real relay program, each while somebody else's session goes on.

mod links;

use crate::program::RelayProgram;
use crate::{Line, Runs, World};
use agent_core::LinkKind;
use agent_core::view::AgentCommand;
use bytes::Bytes;
use console_core::view::ConsoleCommand;
use links::{Attacker, FirstAnswer, Paired};
use proto::limits::{CONTROL_MESSAGE_BYTES, PACKET_BYTES};
use std::any::Any;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::runtime::Runtime;

/// How large the attacks are.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Addresses that handshakes come from.
    pub sources: u16,
    /// Handshakes of each address: the relay allows one address 20 at a time.
    pub each: u16,
    /// Sessions whose one end does not read, on each kind of link.
    pub sessions: u16,
    /// How long their other end sends all that it can.
    pub flood: Duration,
}

impl Scale {
    /// Enough to see what one costs.
    #[must_use]
    pub fn short() -> Self {
        Self { sources: 6, each: 22, sessions: 6, flood: Duration::from_millis(1500) }
    }

    /// Enough to reach the bounds of the whole relay.
    #[must_use]
    pub fn long() -> Self {
        // An operator may have 30 keys at once: four attacks, each with its sessions.
        Self { sources: 120, each: 25, sessions: 7, flood: Duration::from_secs(15) }
    }
}

/// The relay's memory in RAM around one attack, in bytes.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The attack.
    pub attack: &'static str,
    /// How many links, handshakes or sessions it had.
    pub count: u64,
    /// Before.
    pub before: u64,
    /// The most while it went on.
    pub peak: u64,
    /// After it was over and the other session had gone on.
    pub after: u64,
}

impl Measured {
    /// What the attack cost at its height.
    #[must_use]
    pub fn growth(&self) -> u64 {
        self.peak.saturating_sub(self.before)
    }

    /// The same for one of its links, handshakes or sessions.
    #[must_use]
    pub fn each(&self) -> u64 {
        self.growth() / self.count.max(1)
    }
}

/// Every attack in the order in which it was made.
#[derive(Debug, Clone)]
pub struct Report(pub Vec<Measured>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<44} {:>6} {:>8} {:>8} {:>8}   each", "MiB in RAM", "count", "before", "peak", "after")?;
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        for one in &self.0 {
            let (before, peak, after) = (mib(one.before), mib(one.peak), mib(one.after));
            let each = one.each() / 1024;
            writeln!(f, "{:<44} {:>6} {before:>8.1} {peak:>8.1} {after:>8.1}   {each} KiB", one.attack, one.count)?;
        }
        Ok(())
    }
}

/// What an attack holds on to, and how many of it.
type Held = (Vec<Box<dyn Any>>, u64);

/// Makes every attack.
///
/// # Panics
/// If the other session does not go on, or the relay ends.
#[must_use]
pub fn run(program: &Path, scale: Scale) -> Report {
    let line = || Line::only(LinkKind::Quic);
    let world = World::with(Runs::Beside(program.to_owned()), line(), Line::only(LinkKind::Tls));
    world.pair_and_view();
    let runtime = crate::runtime();
    let mut attacker = Attacker::new(&world.path("relay"), world.relay_address);
    let mut line = 0;
    let mut measured = Vec::new();
    goes_on(&world, &mut line);
    let attacks: [(&'static str, Attack); 15] = [
        // These first: what the others leave to the allocator would hide a part.
        ("sessions, TLS, one end reads nothing", |on, a, s| slow_readers(on, a, s, LinkKind::Tls, STEADY)),
        ("sessions, QUIC, one end reads nothing", |on, a, s| slow_readers(on, a, s, LinkKind::Quic, STEADY)),
        ("flooding sessions, TLS", |on, a, s| slow_readers(on, a, s, LinkKind::Tls, usize::MAX)),
        ("flooding sessions, QUIC", |on, a, s| slow_readers(on, a, s, LinkKind::Quic, usize::MAX)),
        ("TCP connections without a word", |on, a, s| on.block_on(tcp(a, s, &[]))),
        ("TLS begun", |on, a, s| on.block_on(tcp(a, s, &a.hello()))),
        ("TLS, a first message cut short of 64 KB", |on, a, s| on.block_on(tcp(a, s, &long_hello()))),
        ("TLS records of garbage", |on, a, s| on.block_on(tcp(a, s, &[0xFF; 20_000]))),
        ("UDP garbage", |on, a, s| on.block_on(udp_garbage(a, s))),
        // In this order: what many addresses begin leaves no place to begin without a proof for ten seconds.
        ("QUIC begun, from many ports", |on, a, s| on.block_on(initials(a, s, false))),
        ("QUIC begun, from many addresses", |on, a, s| on.block_on(initials(a, s, true))),
        ("QUIC connections without a stream", |on, a, s| on.block_on(without_a_stream(a, s))),
        ("links with a control message cut short", |on, a, s| on.block_on(cut_short(a, s))),
        ("links with as many messages as fit", |on, a, s| on.block_on(many_messages(a, s))),
        ("lengths of 4 GiB and more", |on, a, s| on.block_on(lengths(a, s))),
    ];
    for (name, attack) in attacks {
        let program = world.relay_program();
        let before = program.memory().map_or(0, |(now, _)| now);
        program.forget_peak();
        let (held, count) = attack(&runtime, &mut attacker, scale);
        goes_on(&world, &mut line);
        let peak = program.memory().map_or(0, |(_, most)| most);
        drop(held);
        goes_on(&world, &mut line);
        let after = program.memory().map_or(0, |(now, _)| now);
        measured.push(Measured { attack: name, count, before, peak, after });
    }
    Report(measured)
}

type Attack = fn(&Runtime, &mut Attacker, Scale) -> Held;

/// A line from each end arrives at the other.
fn goes_on(world: &World, line: &mut u32) {
    *line += 1;
    let text = format!("still here {line}");
    world.console.send(ConsoleCommand::SendChat(text.clone()));
    world.agent.send(AgentCommand::SendChat(text.clone()));
    world.session("both lines", |session| {
        (session.chat.iter().filter(|said| said.text == text && (said.delivered || !said.mine)).count() == 2)
            .then_some(())
    });
}

/// TCP connections that say these bytes and then nothing.
async fn tcp(attacker: &mut Attacker, scale: Scale, bytes: &[u8]) -> Held {
    let mut held: Vec<Box<dyn Any>> = Vec::new();
    for source in attacker.sources(scale.sources) {
        for _ in 0..scale.each {
            let mut stream = attacker.stream(source).await;
            // One that is turned away does not take them.
            let _ = stream.write_all(bytes).await;
            held.push(Box::new(stream));
        }
    }
    let count = held.len() as u64;
    (held, count)
}

/// TLS records (RFC 8446, 5.1) with the most of a ClientHello that says it is 65,000 bytes long.
fn long_hello() -> Vec<u8> {
    let mut message = vec![1, 0, 0xFD, 0xE8, 3, 3];
    message.resize(65_000, 0);
    let mut records = Vec::new();
    for part in message.chunks(16_000) {
        records.extend_from_slice(&[0x16, 3, 1]);
        records.extend_from_slice(&u16::try_from(part.len()).expect("a short part").to_be_bytes());
        records.extend_from_slice(part);
    }
    records
}

async fn udp_garbage(attacker: &mut Attacker, scale: Scale) -> Held {
    let mut count = 0;
    for source in attacker.sources(scale.sources) {
        let socket = UdpSocket::bind((source, 0)).await.expect("a socket");
        for length in [0, 1, 20, 1200, 1500] {
            for first in [0x00, 0x40, 0xC3, 0xFF] {
                count += u64::from(socket.send_to(&vec![first; length], attacker.relay).await.is_ok());
            }
        }
    }
    (Vec::new(), count)
}

/// The first datagrams of QUIC connections that nobody goes on with. Each is sent when the one before
/// was answered, so that none gets lost on its way.
async fn initials(attacker: &mut Attacker, scale: Scale, addresses: bool) -> Held {
    let datagrams = attacker.initials(usize::from(scale.sources) * usize::from(scale.each)).await;
    let mut held: Vec<Box<dyn Any>> = Vec::new();
    let sources = attacker.sources(if addresses { u16::try_from(datagrams.len()).expect("few") } else { 1 });
    let (mut begun, mut sent_back) = (0, 0);
    for (datagram, source) in datagrams.iter().zip(sources.iter().cycle()) {
        let socket = UdpSocket::bind((*source, 0)).await.expect("a socket");
        socket.send_to(datagram, attacker.relay).await.expect("a datagram sent");
        match links::first_answer(&socket).await {
            FirstAnswer::Handshake => begun += 1,
            FirstAnswer::Retry => sent_back += 1,
        }
        held.push(Box::new(socket));
    }
    assert!(begun > 0 && sent_back > 0, "{begun} begun, {sent_back} must prove their address");
    (held, begun)
}

/// QUIC connections by whoever proves his address and completes the handshake, and says nothing then.
async fn without_a_stream(attacker: &mut Attacker, scale: Scale) -> Held {
    let mut held: Vec<Box<dyn Any>> = Vec::new();
    for source in attacker.sources(scale.sources) {
        for _ in 0..scale.each.min(20) {
            held.push(Box::new(attacker.quic(source).await));
        }
    }
    let count = held.len() as u64;
    (held, count)
}

/// Links whose first control message has all but its last byte.
async fn cut_short(attacker: &mut Attacker, scale: Scale) -> Held {
    let mut message = vec![CONTROL, proto::PROTOCOL_VERSION];
    message.extend_from_slice(&u16::try_from(CONTROL_MESSAGE_BYTES).expect("a short message").to_be_bytes());
    message.resize(message.len() + CONTROL_MESSAGE_BYTES - 1, 0xFF);
    say(attacker, scale, &message).await
}

/// Links that say more messages at once than anybody may.
async fn many_messages(attacker: &mut Attacker, scale: Scale) -> Held {
    let mut message = vec![CONTROL, proto::PROTOCOL_VERSION];
    let hello = proto::relay::EndToRelay::Hello { build: proto::Text::truncated("attack") };
    proto::frame_into(&hello, &mut message).expect("a message");
    let ping = [&[0, 1][..], &proto::encode(&proto::relay::EndToRelay::Ping).expect("a message")].concat();
    while message.len() + ping.len() <= proto::limits::BATCH_BYTES {
        message.extend_from_slice(&ping);
    }
    say(attacker, scale, &message).await
}

/// First byte of the WebSocket messages that carry control bytes.
const CONTROL: u8 = 0;

async fn say(attacker: &mut Attacker, scale: Scale, message: &[u8]) -> Held {
    let mut held: Vec<Box<dyn Any>> = Vec::new();
    for source in attacker.sources(scale.sources) {
        // As many as one address may have.
        for _ in 0..scale.each.min(20) {
            let mut stream = attacker.upgraded(source).await;
            stream.write_all(&links::masked(0x82, message)).await.expect("a message sent");
            held.push(Box::new(stream));
        }
    }
    let count = held.len() as u64;
    (held, count)
}

/// Heads that promise 4 GiB and more: of a WebSocket frame, of an HTTP request.
async fn lengths(attacker: &mut Attacker, scale: Scale) -> Held {
    let mut held: Vec<Box<dyn Any>> = Vec::new();
    for source in attacker.sources(scale.sources) {
        for length in [u64::from(u32::MAX), 1 << 32, i64::MAX as u64] {
            let mut stream = attacker.upgraded(source).await;
            // RFC 6455, 5.2: eight bytes of length, a mask of zeros.
            let head = [&[0x82, 0xFF][..], &length.to_be_bytes(), &[0; 4], &[7; 1000]].concat();
            stream.write_all(&head).await.expect("a head sent");
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            held.push(Box::new(stream));
            let mut stream = attacker.tls(source).await;
            let head = format!("POST /link/1 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.expect("a head sent");
            let _ = stream.write_all(&[7; 20_000]).await;
            held.push(Box::new(stream));
        }
    }
    let count = held.len() as u64;
    (held, count)
}

/// How often each session's console sends, and how many packets of 1,200 bytes at most, so that even a relay
/// on a busy machine takes them all in: 15 Mbit/s, which fill every queue within the attack's time.
const SENDS_EVERY: Duration = Duration::from_millis(10);
const STEADY: usize = 16;

/// Sessions with an agent that goes on to exist and does nothing, and a console that sends all it can.
fn slow_readers(runtime: &Runtime, attacker: &mut Attacker, scale: Scale, kind: LinkKind, at_once: usize) -> Held {
    // What is on a runtime that nobody runs neither reads nor answers, and its sockets stay open.
    let frozen = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut consoles = Vec::new();
    let mut agents = Vec::new();
    for source in attacker.sources(scale.sessions) {
        let console = runtime.block_on(attacker.console(source, kind));
        let Paired { console, agent } = frozen.block_on(attacker.pair(console, source, kind));
        consoles.push(console);
        agents.push(agent);
    }
    runtime.block_on(async {
        let begun = Instant::now();
        let packet = Bytes::from(vec![7; PACKET_BYTES.min(1200)]);
        while begun.elapsed() < scale.flood {
            for console in &consoles {
                for _ in 0..console.packets.free().min(at_once) {
                    console.packets.send(packet.clone());
                }
            }
            tokio::time::sleep(SENDS_EVERY).await;
        }
    });
    let count = consoles.len() as u64;
    (vec![Box::new((agents, consoles)), Box::new(frozen)], count)
}

impl RelayProgram {
    /// Lets [`RelayProgram::memory`] count its most from now on (proc(5), `clear_refs`).
    fn forget_peak(&self) {
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.id()), "5");
    }
}
