//! The first stream of a channel: both ends prove that it belongs to the pairing before anything else.
//!
//! The proof is an HMAC over the channel's TLS exporter (RFC 8446, 7.5) under a key of the pairing
//! (PROTOCOL, step 10): who is in between has another exporter on each side.

use crate::outbox::Outbox;
use crate::stream::{Priority, Reader, StreamError, Writer};
use channel::{Channel, Paired, Role};
use proto::PROTOCOL_VERSION;
use proto::session::{AgentToConsole, ConsoleToAgent};
use proto::text::Text;
use std::time::Duration;

/// Both proofs must be exchanged by then.
const WITHIN: Duration = Duration::from_secs(15);

/// Why the first stream did not prove the pairing.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The proof does not hold: somebody is in between.
    #[error("the other end's proof does not hold")]
    NotThePeer,
    /// The other end speaks another version.
    #[error("the other end speaks version {theirs} of the protocol, this program {ours}")]
    Version {
        /// What the other end speaks.
        theirs: u8,
        /// What we speak.
        ours: u8,
    },
    /// Nothing came in time.
    #[error("the other end did not answer in time")]
    TimedOut,
    /// The stream failed.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

/// What the console has after greeting the agent.
#[derive(Debug)]
pub struct ConsoleGreeting {
    /// To the agent.
    pub outbox: Outbox<ConsoleToAgent>,
    /// From the agent.
    pub reader: Reader,
    /// The number behind the check word.
    pub check_number: u32,
    /// The agent's language.
    pub language: String,
}

/// What the agent has after greeting the console.
#[derive(Debug)]
pub struct AgentGreeting {
    /// To the console.
    pub outbox: Outbox<AgentToConsole>,
    /// From the console.
    pub reader: Reader,
    /// The number behind the check word.
    pub check_number: u32,
}

/// The console opens the first stream, proves itself and checks the agent.
///
/// # Errors
/// [`HandshakeError`].
pub async fn greet_agent(channel: &Channel, paired: &Paired, build: &str) -> Result<ConsoleGreeting, HandshakeError> {
    let greeting = async {
        let (send, receive) = channel.connection().open_bi().await.map_err(|_| StreamError::Gone)?;
        let mut writer = Writer::new(send, Priority::Control);
        let mut reader = Reader::new(receive);
        writer.bytes(vec![PROTOCOL_VERSION].into()).await?;
        let proof = channel.proof(paired, Role::Console);
        writer.message(&ConsoleToAgent::Proof { proof, build: Text::truncated(build) }).await?;
        expect_version(&mut reader).await?;
        let Some(AgentToConsole::Proof { proof, language, .. }) = reader.message().await? else {
            return Err(StreamError::Peer("no proof first").into());
        };
        if !channel.verify_proof(paired, Role::Agent, &proof) {
            return Err(HandshakeError::NotThePeer);
        }
        let check_number = channel.check_number(paired);
        Ok(ConsoleGreeting { outbox: Outbox::start(writer), reader, check_number, language: language.shown() })
    };
    tokio::time::timeout(WITHIN, greeting).await.map_err(|_| HandshakeError::TimedOut)?
}

/// The agent takes the first stream, checks the console and proves itself.
///
/// # Errors
/// [`HandshakeError`].
pub async fn greet_console(
    channel: &Channel,
    paired: &Paired,
    build: &str,
    language: &str,
) -> Result<AgentGreeting, HandshakeError> {
    let greeting = async {
        let (send, receive) = channel.connection().accept_bi().await.map_err(|_| StreamError::Gone)?;
        let mut writer = Writer::new(send, Priority::Control);
        let mut reader = Reader::new(receive);
        expect_version(&mut reader).await?;
        let Some(ConsoleToAgent::Proof { proof, .. }) = reader.message().await? else {
            return Err(StreamError::Peer("no proof first").into());
        };
        if !channel.verify_proof(paired, Role::Console, &proof) {
            return Err(HandshakeError::NotThePeer);
        }
        writer.bytes(vec![PROTOCOL_VERSION].into()).await?;
        let proof = channel.proof(paired, Role::Agent);
        let (build, language) = (Text::truncated(build), Text::truncated(language));
        writer.message(&AgentToConsole::Proof { proof, build, language }).await?;
        let check_number = channel.check_number(paired);
        Ok(AgentGreeting { outbox: Outbox::start(writer), reader, check_number })
    };
    tokio::time::timeout(WITHIN, greeting).await.map_err(|_| HandshakeError::TimedOut)?
}

async fn expect_version(reader: &mut Reader) -> Result<(), HandshakeError> {
    let theirs = reader.exact(1).await?.first().copied().unwrap_or_default();
    if theirs == PROTOCOL_VERSION { Ok(()) } else { Err(HandshakeError::Version { theirs, ours: PROTOCOL_VERSION }) }
}
