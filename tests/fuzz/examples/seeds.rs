//! Writes the seeds of every corpus from the real encoders, the same ones each time: `cargo xtask fuzz --seeds`.

#![expect(clippy::unwrap_used, reason = "what fails here ends the program")]

use fuzz::identities::{unsigned, world};
use identity::{Profile, append_to_program};
// Also runs where everything is instrumented.
use libfuzzer_sys as _;
use link::batch::batch;
use pairing::{AgentPairing, ConsolePairing, SessionKey};
use proto::files::BatchPart;
use proto::geometry::{Layout, Monitor};
use proto::input::{Button, InputEvent, InputRecord, KeyUsage, Modifiers};
use proto::relay::*;
use proto::screen::{CursorUpdate, ScreenHead, UpdateHead};
use proto::session::*;
use proto::{Blob, Damage, Frame, Locator, Message, MonitorId, PROTOCOL_VERSION, Text, encode, frame_into};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::fs;
use std::path::Path;
use std::time::Instant;
use tile_codec::Encoder;
use transfer::FileSender;
use vault::{Cost, OperatorVault};

fn main() {
    let seeds = [
        control(),
        packets(),
        heads(),
        sessions(),
        pairings(),
        files(),
        tiles(),
        identities(),
        logs(),
        lookups(),
        terminals(),
    ]
    .concat();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, _) in fuzz::TARGETS {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).unwrap();
        for old in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if old.file_name().to_string_lossy().starts_with("seed-") {
                fs::remove_file(old.path()).unwrap();
            }
        }
    }
    for (number, (target, bytes)) in seeds.iter().enumerate() {
        assert!(fuzz::TARGETS.iter().any(|(known, _)| known == target), "{target}");
        fs::write(corpus.join(target).join(format!("seed-{number:03}")), bytes).unwrap();
    }
}

type Seeds = Vec<(&'static str, Vec<u8>)>;

fn framed<M: Message>(messages: &[M]) -> Vec<u8> {
    let mut bytes = Vec::new();
    messages.iter().for_each(|message| frame_into(message, &mut bytes).unwrap());
    bytes
}

fn with(first: u8, rest: &[u8]) -> Vec<u8> {
    [&[first], rest].concat()
}

fn to_relay() -> Vec<EndToRelay> {
    let chain = world().made.operator_chain.iter().map(|der| Blob::new(der.clone()).unwrap()).collect();
    let locator = Locator::parse("K7M").unwrap();
    let (attempt, body) = (AttemptId(300), Blob::new([9; 70]).unwrap());
    vec![
        EndToRelay::Hello { build: Text::new("agent 0.1").unwrap() },
        EndToRelay::Prove { chain, signature: Blob::new([1; 64]).unwrap() },
        EndToRelay::Offer,
        EndToRelay::FetchRevocations { from: 900 },
        EndToRelay::Join { locator, p1: body.clone(), work: Some(Work { seed: [3; 32], nonce: 1 << 40 }) },
        EndToRelay::P2 { attempt, body: body.clone() },
        EndToRelay::P3 { body: body.clone() },
        EndToRelay::Claim { attempt },
        EndToRelay::P4 { attempt, body },
        EndToRelay::P4Fail { attempt, tries_left: 2 },
        EndToRelay::Attach { ticket: ticket() },
        EndToRelay::Leave,
        EndToRelay::Ping,
    ]
}

fn ticket() -> Ticket {
    let (session, side) = (SessionId([4; 16]), Side::Agent);
    Ticket { session, side, operator_sha256: [5; 32], expires_at_s: 1 << 33, mac: [6; 32] }
}

fn to_end() -> Vec<RelayToEnd> {
    let (attempt, body, offer) = (AttemptId(1), Blob::new([8; 40]).unwrap(), OfferId([2; 16]));
    let node = Text::new("node a").unwrap();
    vec![
        RelayToEnd::Welcome { node: node.clone(), nonce: [1; 32], crl_number: 7, now_s: 1 << 31 },
        RelayToEnd::Proved,
        RelayToEnd::Offered { offer, locator: Locator::parse("ZZZ").unwrap(), expires_in_s: 600 },
        RelayToEnd::OfferEnded { end: OfferEnd::Burned },
        RelayToEnd::PeerJoined { attempt, p1: body.clone() },
        RelayToEnd::PeerGone { attempt },
        RelayToEnd::Joined { offer, attempt, crl_number: 7 },
        RelayToEnd::Revocations { number: 7, total_bytes: 9, from: 4, part: Blob::new([3; 5]).unwrap() },
        RelayToEnd::NotFound,
        RelayToEnd::Busy,
        RelayToEnd::NeedWork { bits: 18, seed: [7; 32] },
        RelayToEnd::TryNode { node },
        RelayToEnd::P2 { body: body.clone() },
        RelayToEnd::P3 { attempt, body: body.clone() },
        RelayToEnd::P4 { body },
        RelayToEnd::P4Fail { tries_left: 1 },
        RelayToEnd::Paired { session: SessionId([4; 16]), ticket: ticket() },
        RelayToEnd::ClaimFailed,
        RelayToEnd::Attached { ticket: ticket(), peer_present: true },
        RelayToEnd::TicketRenewed { ticket: ticket() },
        RelayToEnd::PeerPresence { present: false },
        RelayToEnd::PeerLeft,
        RelayToEnd::Refused { refusal: Refusal::Draining },
        RelayToEnd::Pong,
    ]
}

fn control() -> Seeds {
    let mut seeds = Seeds::new();
    for message in to_relay() {
        seeds.push(("relay_control", with(0, &encode(&message).unwrap())));
    }
    for message in to_end() {
        seeds.push(("relay_control", with(1, &encode(&message).unwrap())));
    }
    seeds.push(("relay_control", [&[254, PROTOCOL_VERSION], &framed(&to_relay())[..]].concat()));
    seeds.push(("relay_control", [&[7, PROTOCOL_VERSION], &framed(&to_end())[..]].concat()));
    seeds
}

/// A frame of RFC 6455, 5.2, masked with zeros or not at all.
fn websocket_frame(operation: u8, masked: bool, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | operation];
    let mask = if masked { 0x80 } else { 0 };
    match u8::try_from(body.len()) {
        Ok(length @ 0..126) => frame.push(mask | length),
        _ => {
            frame.push(mask | 126);
            frame.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
        }
    }
    if masked {
        frame.extend_from_slice(&[0; 4]);
    }
    frame.extend_from_slice(body);
    frame
}

fn batched() -> Vec<u8> {
    let mut packets = [1200, 3, 700, 1500, 1].map(|length| bytes::Bytes::from(vec![7; length])).into_iter();
    let mut message = bytes::BytesMut::new();
    batch(&mut message, packets.next().unwrap(), || packets.next());
    message.to_vec()
}

fn link(masked: bool) -> Vec<u8> {
    let control = if masked { framed(&to_relay()) } else { framed(&to_end()) };
    let control = [&[0, PROTOCOL_VERSION], &control[..]].concat();
    [
        websocket_frame(2, masked, &control),
        websocket_frame(9, masked, b""),
        websocket_frame(2, masked, &with(1, &batched())),
        websocket_frame(10, masked, b"x"),
        websocket_frame(8, masked, &[3, 0xE8]),
    ]
    .concat()
}

fn packets() -> Seeds {
    let short = [websocket_frame(2, true, &[1, 0, 2, 7, 7, 0, 0]), websocket_frame(1, true, b"text")].concat();
    vec![
        ("link_batch", batched()),
        ("link_batch", vec![0, 1, 7, 0, 0, 0, 9, 1]),
        ("link_pieces", [&[3, 0, 7, 7][..], &[5, 1, 0, 1, 8, 8], &[4, 2, 0, 1, 9]].concat()),
        ("link_websocket", with(200, &link(true))),
        ("link_websocket", with(201, &link(false))),
        ("link_websocket", with(0, &short)),
    ]
}

fn heads() -> Seeds {
    let request = "GET /link/1 HTTP/1.1\r\nHost: relay.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ponte.1\r\n";
    let end = b"\r\n";
    let answer = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
        sec-websocket-protocol: ponte.1\r\nsec-websocket-accept: {accept}\r\ncontent-length: 0\r\n\r\n";
    vec![
        ("head_relay", [&[255], request.as_bytes(), end, &link(true)].concat()),
        ("head_relay", [&[0], request.as_bytes(), end].concat()),
        ("head_relay", [&[255], request.as_bytes(), b"Origin: null\r\n", end].concat()),
        ("head_relay", with(255, b"GET /healthz HTTP/1.1\r\n\r\n")),
        ("head_relay", with(255, b"POST /x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc")),
        ("head_relay", with(9, b"GET /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")),
        ("head_client", [&[255], answer.as_bytes(), &link(false)].concat()),
        ("head_client", [&[0], answer.as_bytes()].concat()),
        ("head_client", with(255, b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno")),
        ("head_proxy", with(255, b"HTTP/1.1 200 Connection established\r\n\r\nhello")),
        ("head_proxy", with(0, b"HTTP/1.0 200 OK\r\nProxy-Agent: x\r\n\r\n")),
        (
            "head_proxy",
            with(255, b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\ncontent-length: 2\r\n\r\nno"),
        ),
        (
            "head_proxy",
            with(255, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
    ]
}

fn lookups() -> Seeds {
    vec![
        ("lookup", br#"{"locator":"K7M"}"#.to_vec()),
        ("lookup", format!(r#"{{"locator":"k7m","work":{{"seed":"{}","nonce":7}}}}"#, "0f".repeat(32)).into_bytes()),
        ("lookup", br#"{"locator":"K7M4QXP","work":null}"#.to_vec()),
    ]
}

fn terminals() -> Seeds {
    let outputs: [&[u8]; 10] = [
        b"$ ls -l\r\ntotal 0\r\n",
        b"\x1b[1;31mred\x1b[0m \x1b[48;2;1;2;3mx\x1b[m\x1b[3b",
        b"\x1b]0;title\x07\x1b]52;c;cm0gLXJmIH4=\x1b\\\x1b]8;;file:///etc\x1b\\text",
        b"\x1bP$q\"p\x1b\\\x1b_Gq=2;AAAA\x1b\\\x1b^pm\x18",
        b"$ \x1b]133;B\x07ls\r\n\x1b]133;C;cmdline_url=ls\x1b\\",
        b"\x1b[?1049h\x1b[2J\x1b[5;9Hwhole\x1b[2;8r\x1b[9999L\x1b[?1049l",
        "世e\u{301}\u{1F469}\u{200D}\u{1F692}\t\x08\u{202E}".as_bytes(),
        b"\x1b[6n\x1b[c\x1b[21t\x1b[?1000h\x1b[?2026h\x1b(0q\x1b(B",
        b"\x1b7\x1b[999;999H\x1b8\x1bc\x1b#8\x1b[3J\x1b[65535b",
        b"bad \xff\xc3( utf\xf0\x9f\x1b]0;cut\x1b[1mb",
    ];
    outputs.into_iter().map(|output| ("terminal", [&[20, 5, 3], output].concat())).collect()
}

fn console_says() -> Vec<ConsoleToAgent> {
    let (request, transfer) = (RequestId(2), TransferId(3));
    let (title, folder) = (Text::new("bolletta.pdf").unwrap(), Text::new("~/Documenti").unwrap());
    let path = Text::new("Documenti/a.txt").unwrap();
    vec![
        ConsoleToAgent::Proof {
            proof: [1; 32],
            build: Text::new("console").unwrap(),
            log_key: [2; 32],
            log_proof: Blob::new([3; 64]).unwrap(),
            revocations_bytes: 300,
        },
        ConsoleToAgent::Release { capability: Capability::Control },
        ConsoleToAgent::LogSigned { number: 3, at_ms: 1 << 40, signature: Blob::new([4; 64]).unwrap() },
        ConsoleToAgent::Ask { request, what: Request::View },
        ConsoleToAgent::Ask { request, what: Request::SendBatch { transfer, title, items: 1, folder } },
        ConsoleToAgent::Ask { request, what: Request::FetchBatch { transfer, title: path, items: 3 } },
        ConsoleToAgent::Withdraw { request },
        ConsoleToAgent::Chat { id: 1, text: Text::new("Buongiorno,\nmi sente?\u{202E}").unwrap() },
        ConsoleToAgent::ChatReceived { up_to: 4 },
        ConsoleToAgent::ScreenDecoded { monitor: MonitorId(0), epoch: 1, sequence: 99 },
        ConsoleToAgent::Watch { monitors: vec![MonitorId(0), MonitorId(1)] },
        ConsoleToAgent::HoldBatch { transfer, held: true },
        ConsoleToAgent::FileFailed { transfer, failure: TransferFailure::DiskFull },
        ConsoleToAgent::Ping { token: u64::MAX },
        ConsoleToAgent::End,
    ]
}

fn agent_says() -> Vec<AgentToConsole> {
    let (request, transfer) = (RequestId(2), TransferId(3));
    let monitor =
        Monitor { id: MonitorId(1), x: -1920, y: 0, width: 1920, height: 1080, scale_percent: 150, primary: true };
    let (build, language) = (Text::new("agent").unwrap(), Text::new("it").unwrap());
    vec![
        AgentToConsole::Proof { proof: [1; 32], build, language },
        AgentToConsole::NotAccepted { problem: CertificateProblem::Revoked },
        AgentToConsole::Log { line: Text::new("{\"entry\":{}}").unwrap() },
        AgentToConsole::Ready { system: Text::new("Debian 12").unwrap() },
        AgentToConsole::Decided { request, decision: Decision::Granted },
        AgentToConsole::Revoked { capability: Capability::Control, cause: GrantEnd::Person },
        AgentToConsole::Layout(Layout { epoch: 2, monitors: vec![monitor.clone(), monitor] }),
        AgentToConsole::Chat { id: 1, text: Text::new("Sì").unwrap() },
        AgentToConsole::ChatReceived { up_to: 4 },
        AgentToConsole::ItemFailed { transfer, index: 5, failure: TransferFailure::BadName },
        AgentToConsole::BatchOver { transfer, done: 2 },
        AgentToConsole::FileFailed { transfer, failure: TransferFailure::Changed },
        AgentToConsole::Pong { token: 7 },
        AgentToConsole::InputPaused { paused: true },
        AgentToConsole::Ended { reason: EndReason::ClientEnded },
    ]
}

fn records() -> Vec<InputRecord> {
    let key = InputEvent::Key { usage: KeyUsage(4), down: true, modifiers: Modifiers(3) };
    let events = vec![
        InputEvent::PointerMove { monitor: MonitorId(0), x: -5, y: 70_000 },
        InputEvent::Button { button: Button::Secondary, down: true },
        InputEvent::Wheel { dx: -120, dy: 32_000 },
        key,
        InputEvent::Text(Text::new("perché").unwrap()),
        InputEvent::Heartbeat,
        InputEvent::ReleaseAll,
    ];
    (1..).zip(events).map(|(sequence, event)| InputRecord { sequence, event }).collect()
}

fn cursors() -> Vec<u8> {
    let shape = CursorUpdate::Shape { width: 3, height: 2, hot_x: 1, hot_y: 1 };
    let position = CursorUpdate::Position { monitor: MonitorId(0), x: 10, y: -1 };
    [framed(&[position, shape]), vec![0x80; 24], framed(&[CursorUpdate::Hidden])].concat()
}

/// One file of a batch, and one that is not there any more.
fn moving() -> Vec<u8> {
    let content = b"content";
    let mut sender = FileSender::new(content.len() as u64, 0).unwrap();
    sender.push(content).unwrap();
    let begin = framed(&[BatchPart::Begin { index: 0, from_bytes: 0 }, BatchPart::Block { length: 7 }]);
    let end = BatchPart::End { digest: sender.finish().unwrap() };
    let failed = BatchPart::Failed { index: 1, failure: TransferFailure::NotFound };
    [begin, content.to_vec(), framed(&[end, failed])].concat()
}

fn sessions() -> Seeds {
    let mut seeds = Seeds::new();
    for message in console_says() {
        seeds.push(("session_control", with(0, &encode(&message).unwrap())));
    }
    for message in agent_says() {
        seeds.push(("session_control", with(1, &encode(&message).unwrap())));
    }
    seeds.push(("session_control", with(10, &framed(&console_says()))));
    seeds.push(("session_control", with(255, &framed(&agent_says()))));
    for record in records() {
        seeds.push(("input", with(0, &encode(&record).unwrap())));
    }
    seeds.push(("input", with(3, &framed(&records()))));
    seeds.push(("cursor", with(3, &cursors())));
    let head = framed(&[ScreenHead { monitor: MonitorId(0), epoch: 1, width: 1920, height: 1080 }]);
    let update = framed(&[UpdateHead { sequence: 1, captured_ms: 1 << 40, length: 3 }]);
    let screen = [head, update.clone(), vec![7; 3], update, vec![7; 3]].concat();
    let streams = [
        (StreamKind::Control, framed(&console_says())),
        (StreamKind::Control, framed(&agent_says())),
        (StreamKind::Input, framed(&records())),
        (StreamKind::Screen, screen),
        (StreamKind::Cursor, cursors()),
        (StreamKind::Batch { transfer: TransferId(9) }, moving()),
    ];
    for (kind, rest) in streams {
        seeds.push(("streams", [&[20], &framed(&[kind])[..], &rest].concat()));
    }
    seeds
}

fn pairings() -> Seeds {
    let mut rng = StdRng::seed_from_u64(5);
    let key = SessionKey::parse("K7M 4QXP").unwrap();
    let offer = OfferId([7; 16]);
    let mut console = ConsolePairing::new(key.secret().clone(), key.locator(), offer, "relay", b"operator");
    let (agent, p1) = AgentPairing::start(&key, "relay", b"agent", &mut rng).unwrap();
    let p2 = console.handle_joined(Instant::now(), AttemptId(1), &p1, &mut rng).unwrap();
    let (_, p3) = agent.handle_p2(offer, AttemptId(1), &p2).ok().unwrap();
    console.handle_p3(Instant::now(), AttemptId(1), &p3);
    let (p4, _) = console.finish(AttemptId(1)).ok().unwrap();
    let mut seeds = Seeds::new();
    for (which, message) in (0..).zip([&p1, &p2, &p3, &p4]) {
        seeds.push(("pairing_messages", with(which, message)));
        seeds.push(("pairing_machines", [message.as_slice(), &p1].concat()));
    }
    for seed in 0..6_u8 {
        seeds.push(("pairing_machines", (0..200_u8).map(|at| at.wrapping_mul(37).wrapping_add(seed * 11)).collect()));
    }
    for text in ["K7M 4QXP", "k7m-4qxp", "oilo il", "K7M\u{2013}4QXU", "K7M 4QXPP", ""] {
        seeds.push(("session_key", text.into()));
    }
    seeds
}

fn files() -> Seeds {
    let content = b"forty bytes of a file that somebody sends";
    let size = content.len() as u64;
    let whole = |resumed: usize| {
        let mut sender = FileSender::new(size, 0).unwrap();
        let content = [&vec![7; resumed][..], &content[resumed..]].concat();
        sender.push(&content).unwrap();
        [&content[resumed..], &sender.finish().unwrap()].concat()
    };
    let half = content.len() / 2;
    let mut seeds: Seeds = vec![
        ("file", [&[0, 41, 0, 5], &whole(0)[..]].concat()),
        ("file", [&[0, 41, 128, 255], &whole(half)[..]].concat()),
        ("file", [&[0, 41, 0, 5], &whole(0)[..], &[0]].concat()),
        ("file", [&[0, 0, 0, 0], &FileSender::new(0, 0).unwrap().finish().unwrap()[..]].concat()),
    ];
    for name in
        ["bolletta.pdf", ".bashrc", "..", "con.txt", "a/b", "x\u{202E}fdp.exe", " . ", ".ponte-part-3-0123456789abcdef"]
    {
        seeds.push(("file_name", name.into()));
    }
    seeds.push(("file_name", format!("{}.tar.gz", "à".repeat(150)).into()));
    seeds
}

fn tiles() -> Seeds {
    let (width, height) = (60_u32, 40_u32);
    let mut encoder = Encoder::new(width, height).unwrap();
    let mut picture = vec![200_u8; (width * height * 4) as usize];
    let mut stream = vec![59, 39];
    for step in 0..6_usize {
        let row = width as usize * 4;
        match step {
            1 => {
                picture[row * 4..row * 20].iter_mut().enumerate().for_each(|(at, byte)| *byte = ((at * at) >> 3) as u8)
            }
            // Scrolled.
            2 | 4 => picture.copy_within(row * 3.., 0),
            3 => picture[..row * 9].fill(17),
            5 => picture.iter_mut().step_by(97).for_each(|byte| *byte = byte.wrapping_add(1)),
            _ => {}
        }
        let frame = Frame::new(width, height, row, &picture).unwrap();
        let Some(encoded) = encoder.encode(&frame, &Damage::full(width, height)).unwrap() else { continue };
        stream.extend_from_slice(&u16::try_from(encoded.bytes.len()).unwrap().to_be_bytes());
        stream.extend_from_slice(encoded.bytes);
    }
    let mut seeds: Seeds = vec![("tile", stream.clone()), ("tile", stream[..40].to_vec())];
    for seed in 0..8_u32 {
        let mut state = seed + 1;
        let noise = (0..400).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        let noise: Vec<u8> = noise.collect();
        seeds.push(("tile_operations", noise.clone()));
        seeds.push(("tile_pictures", noise));
    }
    seeds
}

fn logs() -> Seeds {
    fuzz::logs::samples().into_iter().map(|sample| ("audit_log", sample)).collect()
}

fn identities() -> Seeds {
    let made = &world().made;
    let [leaf, issuing] = [&made.operator_chain[0], &made.operator_chain[1]];
    let length = u16::try_from(leaf.len()).unwrap().to_be_bytes();
    let both = [&[2], &length[..], leaf, issuing].concat();
    let payload = made.organisation_file.splitn(3, |byte| *byte == b'\n').nth(2).unwrap();
    let (password, mut rng) = (identity::dev::SAMPLE_PASSWORD, StdRng::seed_from_u64(8));
    let vault = OperatorVault::seal_file(&made.operator_file(), password, Cost::TRIAL, &mut rng).unwrap();
    let mut seeds: Seeds = vec![
        ("certificate", with(0, leaf)),
        ("certificate", with(1, unsigned(leaf))),
        ("certificate", both),
        ("profile", Profile::all_tools().to_extension().unwrap()),
        ("profile", Profile { longest_session_minutes: Some(60), ..Profile::all_tools() }.to_extension().unwrap()),
        ("profile", b"\x0C\x2D{\"version\":1,\"tools\":[\"View\",\"Teleport\"],\"x\":1}"[..].to_vec()),
        ("organisation", with(0, &made.organisation_file)),
        ("organisation", with(1, payload)),
        ("appended", append_to_program(b"program", b"organisation file")),
        ("appended", append_to_program(&append_to_program(b"program", b"one"), b"")),
        ("operator_vault", vault.to_bytes()),
    ];
    for list in &world().lists {
        seeds.push(("revocations", with(0, list)));
        seeds.push(("revocations", with(1, unsigned(list))));
    }
    seeds
}
