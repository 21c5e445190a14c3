//! False ends: a console with a valid operator and an agent with the right key, both without manners.

use super::opaque;
use crate::now_s;
use audit_log::{Begin, Event, FORMAT, Hex, LogKey, Opening, Writer, operator_statement};
use channel::{AcceptedChannel, Channel, ConsoleIdentity, Port, RecvStream, Role, SendStream};
use identity::{Organisation, Seed};
use link::{Control, Packets};
use pairing::{AgentPairing, ConsolePairing, P3Outcome, Paired, SessionKey};
use proto::relay::{AttemptId, EndToRelay, NodeName, OfferId, RelayToEnd, SessionId, Side, Ticket};
use proto::session::{AgentToConsole, ChatText, ConsoleToAgent, Decision, LogLine, Request, RequestId};
use proto::{Blob, Deframer, Locator, Message, PROTOCOL_VERSION, Text};
use quinn::WriteError;
use rand::rngs::OsRng;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// A ticket that nobody made.
#[must_use]
pub fn forged_ticket() -> Ticket {
    Ticket { session: SessionId([9; 16]), side: Side::Agent, operator_sha256: [9; 32], expires_at_s: 9, mac: [9; 32] }
}

/// Hands out links that were made to the relay.
pub struct Catcher {
    pub(super) waiting: mpsc::Receiver<Caught>,
}

impl Catcher {
    /// The next link.
    pub async fn next(&mut self) -> Caught {
        self.waiting.recv().await.expect("the relay lives")
    }
}

/// A link of a genuine end to a relay that is not one.
pub struct Caught {
    /// Control messages, the relay's side.
    pub control: Control<RelayToEnd, EndToRelay>,
    /// End-to-end packets, the relay's side.
    pub packets: Packets,
}

const OFFER: OfferId = OfferId([5; 16]);
const ATTEMPT: AttemptId = AttemptId(1);

impl Caught {
    async fn welcome(&mut self) {
        self.expect(|message| matches!(message, EndToRelay::Hello { .. }).then_some(())).await;
        let node = NodeName::truncated("evil 1");
        let welcome = RelayToEnd::Welcome { node, nonce: [3; 32], crl_number: 0, now_s: now_s() };
        self.say(&welcome).await;
    }

    /// Says something to the end.
    pub async fn say(&self, message: &RelayToEnd) {
        self.control.send(message).await.expect("the link lives");
    }

    /// The next message that is wanted.
    pub async fn expect<T>(&mut self, mut wanted: impl FnMut(EndToRelay) -> Option<T>) -> T {
        loop {
            let message = self.control.recv().await.expect("the link lives");
            if let Some(wanted) = wanted(message) {
                return wanted;
            }
        }
    }

    async fn paired(&self) {
        self.say(&RelayToEnd::Paired { session: SessionId([4; 16]), ticket: forged_ticket() }).await;
    }

    /// Plays the console to an agent that joins, with this key; the outcome says whether the agent
    /// knew the same one.
    pub async fn pair_as_console(&mut self, key: &SessionKey, leaf: &[u8]) -> Option<Paired> {
        self.pair_as_console_of(key, leaf, 0).await
    }

    /// The same, and tells the agent that the relay has seen this list of revoked certificates.
    pub async fn pair_as_console_of(&mut self, key: &SessionKey, leaf: &[u8], crl_number: u64) -> Option<Paired> {
        self.welcome().await;
        let p1 = self.expect(|message| if let EndToRelay::Join { p1, .. } = message { Some(p1) } else { None }).await;
        let mut pairing = ConsolePairing::new(key.secret().clone(), key.locator(), OFFER, "evil relay", leaf);
        let p2 = pairing.handle_joined(Instant::now(), ATTEMPT, p1.as_slice(), &mut OsRng).expect("P2");
        self.say(&RelayToEnd::Joined { offer: OFFER, attempt: ATTEMPT, crl_number }).await;
        self.say(&RelayToEnd::P2 { body: opaque(p2) }).await;
        let p3 = self.expect(|message| if let EndToRelay::P3 { body } = message { Some(body) } else { None }).await;
        if pairing.handle_p3(Instant::now(), ATTEMPT, p3.as_slice()) != P3Outcome::Right {
            return None;
        }
        let (p4, paired) = pairing.finish(ATTEMPT).expect("P4");
        self.say(&RelayToEnd::P4 { body: opaque(p4) }).await;
        self.paired().await;
        Some(paired)
    }

    /// Plays the console that brings this list of revoked certificates where the relay has seen list `seen`;
    /// what the agent says to that, and the console, which is gone when it is dropped.
    pub async fn greet_with(
        mut self,
        key: &SessionKey,
        identity: &ConsoleIdentity,
        list: &[u8],
        seen: u64,
    ) -> (Option<AgentToConsole>, FalseConsole) {
        let leaf = identity.chain.first().expect("a leaf");
        let paired = self.pair_as_console_of(key, leaf.as_ref(), seen).await.expect("the same key");
        let mut console = self.connect(&paired, identity).await;
        console.talk.say(&proof_of(&console.channel, &paired, identity, list.len())).await;
        console.talk.raw(list).await;
        console.talk.skip_version().await;
        let answer = console.talk.hear().await;
        (answer, console)
    }

    /// Plays a console whose operator did not vouch for the key that signs the log; whether the agent greets it.
    pub async fn greet_unvouched(self, key: &SessionKey, identity: &ConsoleIdentity) -> bool {
        let (mut console, paired) = self.connect_as_console(key, identity).await;
        let mut proof = proof_of(&console.channel, &paired, identity, 0);
        if let ConsoleToAgent::Proof { log_key, .. } = &mut proof {
            log_key[0] ^= 1;
        }
        console.talk.say(&proof).await;
        let mut version = [0];
        console.talk.receive.read_exact(&mut version).await.is_ok()
    }

    /// Plays the console with the right key as far as the greeting of the session.
    pub async fn be_console(self, key: &SessionKey, identity: &ConsoleIdentity) -> FalseConsole {
        let (mut console, paired) = self.connect_as_console(key, identity).await;
        console.talk.say(&proof_of(&console.channel, &paired, identity, 0)).await;
        console.talk.skip_version().await;
        let Some(AgentToConsole::Proof { proof, .. }) = console.talk.hear().await else { panic!("no proof") };
        assert!(console.channel.verify_proof(&paired, Role::Agent, &proof));
        console
    }

    /// The same, but proves nothing yet.
    pub async fn connect_as_console(mut self, key: &SessionKey, identity: &ConsoleIdentity) -> (FalseConsole, Paired) {
        let leaf = identity.chain.first().expect("a leaf");
        let paired = self.pair_as_console(key, leaf.as_ref()).await.expect("the same key");
        (self.connect(&paired, identity).await, paired)
    }

    async fn connect(self, paired: &Paired, identity: &ConsoleIdentity) -> FalseConsole {
        let port = Port::new();
        port.attach(self.packets);
        let channel = channel::connect(port, paired, identity).await.expect("a channel");
        let (send, receive) = channel.connection().open_bi().await.expect("a stream");
        let mut talk = Talk::new(send, receive, self.control);
        talk.raw(&[PROTOCOL_VERSION]).await;
        FalseConsole { channel, talk }
    }

    /// Plays the relay to a console: gives it this locator.
    pub async fn offer(&mut self, locator: Locator) {
        self.welcome().await;
        self.expect(|message| matches!(message, EndToRelay::Offer).then_some(())).await;
        self.say(&RelayToEnd::Proved).await;
        self.say(&RelayToEnd::Offered { offer: OFFER, locator, expires_in_s: 600 }).await;
    }

    /// Plays an agent with the right key, as far as the greeting of the session.
    pub async fn be_agent(self, key: &SessionKey, organisation: Organisation) -> FalseAgent {
        let (mut agent, paired) = self.connect_as_agent(key, organisation).await;
        let (proof, build) = (agent.channel.proof(&paired, Role::Agent), Text::truncated("false"));
        agent.talk.say(&AgentToConsole::Proof { proof, build, language: Text::truncated("en") }).await;
        agent.log(agent.first.clone()).await;
        agent
    }

    /// The same, but proves nothing yet.
    pub async fn connect_as_agent(mut self, key: &SessionKey, organisation: Organisation) -> (FalseAgent, Paired) {
        let seed = Seed::random(&mut OsRng);
        let certificate = identity::channel_certificate(&seed, now_s()).expect("a certificate");
        let (pairing, p1) = AgentPairing::start(key, "evil relay", &certificate, &mut OsRng).expect("P1");
        self.say(&RelayToEnd::PeerJoined { attempt: ATTEMPT, p1: opaque(p1) }).await;
        let p2 = self.expect(|message| if let EndToRelay::P2 { body, .. } = message { Some(body) } else { None }).await;
        let (pairing, p3) = pairing.handle_p2(OFFER, ATTEMPT, p2.as_slice()).expect("P3");
        self.say(&RelayToEnd::P3 { attempt: ATTEMPT, body: opaque(p3) }).await;
        let p4 = self.expect(|message| if let EndToRelay::P4 { body, .. } = message { Some(body) } else { None }).await;
        let paired = pairing.handle_p4(p4.as_slice()).expect("the same key");
        self.paired().await;
        let port = Port::new();
        port.attach(self.packets);
        let organisation = Arc::new(organisation);
        let accepted = channel::accept(port, &paired, certificate.into(), &seed, organisation, now_s()).await;
        let AcceptedChannel { channel, operator, .. } = accepted.expect("a channel");
        let (send, receive) = channel.connection().accept_bi().await.expect("a stream");
        let mut talk = Talk::new(send, receive, self.control);
        talk.skip_version().await;
        let Some(ConsoleToAgent::Proof { proof, log_key, log_proof, .. }) = talk.hear().await else {
            panic!("no proof");
        };
        assert!(channel.verify_proof(&paired, Role::Console, &proof));
        talk.raw(&[PROTOCOL_VERSION]).await;
        let begin = Begin {
            format: FORMAT,
            channel: Hex(channel.log_value().expect("a value")),
            agent_key: Hex([0; 32]),
            console_key: Hex(log_key),
            operator_key: Hex(operator.public_key),
            operator_certificate: Hex(operator.leaf_sha256),
            operator_proof: Hex(log_proof.as_slice().try_into().expect("a signature")),
            at_ms: 1,
        };
        let (writer, first) = Writer::begin(begin, LogKey::new(&[8; 32]).expect("a key"));
        (FalseAgent { channel, talk, writer, first }, paired)
    }
}

/// A console with a valid operator and no manners.
pub struct FalseConsole {
    /// The channel to the agent.
    pub channel: Channel,
    /// The control stream.
    pub talk: Talk<ConsoleToAgent, AgentToConsole>,
}

/// An agent with the right key and no manners.
pub struct FalseAgent {
    /// The channel to the console.
    pub channel: Channel,
    /// The control stream.
    pub talk: Talk<AgentToConsole, ConsoleToAgent>,
    /// Writes a log in which everything is right.
    pub writer: Writer,
    first: String,
}

impl FalseAgent {
    /// Sends a line of the log.
    pub async fn log(&mut self, line: String) {
        self.talk.say(&AgentToConsole::Log { line: LogLine::new(line).expect("a short line") }).await;
    }

    /// Writes this down.
    pub async fn note(&mut self, event: Event) {
        let line = self.writer.append(2, event);
        self.log(line).await;
    }

    /// Writes down that this line of the chat was written, the first or any later one of its writer.
    pub async fn note_line(&mut self, by: audit_log::Role, id: u64, text: &ChatText) {
        let mut salt = [if by == audit_log::Role::Agent { 6 } else { 7 }; 16];
        salt[..8].copy_from_slice(&id.to_be_bytes());
        let opening = Opening::new(Hex(salt), &text.shown_lines());
        self.note(Event::Chat { by, line: opening.commitment() }).await;
        self.log(Writer::opening(opening)).await;
    }

    /// Says this line, and writes it down before.
    pub async fn chat(&mut self, id: u64, text: &str) {
        let text = ChatText::truncated(text);
        self.note_line(audit_log::Role::Agent, id, &text).await;
        self.talk.say(&AgentToConsole::Chat { id, text }).await;
    }

    /// Says that the person decided this question so, and writes it down.
    pub async fn decide(&mut self, request: RequestId, what: &Request, decision: Decision) {
        // A salt is never used twice.
        let mut salt = [3; 16];
        salt[..4].copy_from_slice(&request.0.to_be_bytes());
        let text = what.detail().map(|detail| Opening::new(Hex(salt), &detail));
        let detail = text.as_ref().map(Opening::commitment);
        self.note(Event::Asked { request: request.0, power: what.capability(), detail }).await;
        if let Some(text) = text {
            self.log(Writer::opening(text)).await;
        }
        let (whole_session, by_earlier_yes) = (false, false);
        self.note(Event::Answered { request: request.0, decision, whole_session, by_earlier_yes }).await;
        self.talk.say(&AgentToConsole::Decided { request, decision }).await;
    }
}

/// A control stream on which anything can be said.
pub struct Talk<Out, In> {
    send: SendStream,
    receive: RecvStream,
    deframer: Deframer,
    // The link lives as long as this.
    _link: Control<RelayToEnd, EndToRelay>,
    messages: PhantomData<fn(Out) -> In>,
}

impl<Out: Message, In: Message> Talk<Out, In> {
    fn new(send: SendStream, receive: RecvStream, link: Control<RelayToEnd, EndToRelay>) -> Self {
        Self { send, receive, deframer: Deframer::new(), _link: link, messages: PhantomData }
    }

    async fn skip_version(&mut self) {
        let mut version = [0];
        self.receive.read_exact(&mut version).await.expect("a version");
    }

    /// Says something; nobody listening is no error.
    pub async fn say(&mut self, message: &Out) {
        let mut bytes = Vec::new();
        proto::frame_into(message, &mut bytes).expect("a message within its limit");
        self.raw(&bytes).await;
    }

    /// Writes bytes; nobody listening is no error.
    pub async fn raw(&mut self, bytes: &[u8]) {
        let _ = self.send.write_all(bytes).await;
    }

    /// The next message, `None` once the other end is gone.
    pub async fn hear(&mut self) -> Option<In> {
        loop {
            if let Some(message) = self.deframer.next_message().expect("a genuine end speaks the protocol") {
                return Some(message);
            }
            let chunk = self.receive.read_chunk(4096, true).await.ok().flatten()?;
            self.deframer.push(&chunk.bytes);
        }
    }

    /// The next message that is wanted; `None` once the other end is gone.
    pub async fn expect<T>(&mut self, mut wanted: impl FnMut(&In) -> Option<T>) -> Option<T> {
        loop {
            let message = self.hear().await?;
            if let Some(wanted) = wanted(&message) {
                return Some(wanted);
            }
        }
    }
}

/// Opens a one-way stream and writes these messages, one framed after the other, then bytes.
/// `None` once the channel is gone; the other end may stop the stream before all of it is written,
/// which only [`SendStream::stopped`] tells.
pub async fn stream(channel: &Channel, heads: &[Vec<u8>], bytes: &[u8]) -> Option<SendStream> {
    let mut stream = channel.connection().open_uni().await.ok()?;
    match stream.write_all(&[&heads.concat(), bytes].concat()).await {
        Ok(()) | Err(WriteError::Stopped(_)) => Some(stream),
        Err(_) => None,
    }
}

/// A message with its length before it.
#[must_use]
pub fn framed<M: Message>(message: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    proto::frame_into(message, &mut bytes).expect("a message within its limit");
    bytes
}

/// The console's first message: everything in it is right. A list of so many bytes follows.
fn proof_of(channel: &Channel, paired: &Paired, identity: &ConsoleIdentity, list_bytes: usize) -> ConsoleToAgent {
    let log_key = LogKey::new(&[7; 32]).expect("a key").public();
    let statement = operator_statement(Hex(channel.log_value().expect("a value")), log_key);
    ConsoleToAgent::Proof {
        proof: channel.proof(paired, Role::Console),
        build: Text::truncated("false"),
        log_key: log_key.0,
        log_proof: Blob::new(identity.seed.sign(&statement)).expect("a signature"),
        revocations_bytes: u32::try_from(list_bytes).expect("a short list"),
    }
}
