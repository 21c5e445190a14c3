//! The first stream of a channel: both ends prove that it belongs to the pairing before anything else.
//!
//! The proof is an HMAC over the channel's TLS exporter (RFC 8446, 7.5) under a key of the pairing
//! (PROTOCOL, step 10): who is in between has another exporter on each side.

use crate::outbox::Outbox;
use crate::stream::{Priority, Reader, StreamError, Writer};
use channel::{Channel, OperatorError, Paired, Role};
use proto::PROTOCOL_VERSION;
use proto::limits::REVOCATIONS_BYTES;
use proto::session::{AgentToConsole, CertificateProblem, ConsoleToAgent};
use proto::text::{Blob, Text};
use std::time::Duration;

/// Both proofs must be exchanged by then.
const WITHIN: Duration = Duration::from_secs(15);

/// How long a console has to hear why it is refused.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

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
    /// The agent does not accept the operator's certificate.
    #[error("the agent does not accept the certificate: {0:?}")]
    NotAccepted(CertificateProblem),
    /// The operator's certificate does not hold any more, by the list that came with it or for want of one.
    #[error("the operator's certificate: {0}")]
    Operator(OperatorError),
    /// Nothing came in time.
    #[error("the other end did not answer in time")]
    TimedOut,
    /// The stream failed.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

/// What the console shows besides the proof.
#[derive(Debug, Clone, Copy)]
pub struct Papers<'a> {
    /// Program and version.
    pub build: &'a str,
    /// The key with which this console signs the log, Ed25519.
    pub log_key: [u8; 32],
    /// The operator's signature over that key and this channel.
    pub log_proof: [u8; 64],
    /// The newest list of revoked certificates that the console knows, DER; empty for none.
    pub revocations: &'a [u8],
}

/// Whether the operator's signature over a console's log key (both as bytes) holds.
pub type LogProofHolds<'a> = dyn Fn(&[u8; 32], &[u8; 64]) -> bool + Sync + 'a;
/// Whether the operator's certificate holds with this list of revoked certificates, if there is one.
pub type CertificateHolds<'a> = dyn Fn(Option<&[u8]>) -> Result<(), OperatorError> + Sync + 'a;

/// What the agent asks of the console besides the proof.
pub struct Demands<'a> {
    /// Program and version.
    pub build: &'a str,
    /// The person's language.
    pub language: &'a str,
    /// Whether the operator's signature over the console's log key holds.
    pub log_proof_holds: &'a LogProofHolds<'a>,
    /// Whether the operator's certificate holds with this list of revoked certificates, if there is one.
    pub holds: &'a CertificateHolds<'a>,
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
    /// The key with which the console signs the log.
    pub log_key: [u8; 32],
    /// The operator's signature over that key and this channel; it holds.
    pub log_proof: [u8; 64],
}

/// The console opens the first stream, proves itself and checks the agent.
///
/// # Errors
/// [`HandshakeError`].
pub async fn greet_agent(
    channel: &Channel,
    paired: &Paired,
    papers: &Papers<'_>,
) -> Result<ConsoleGreeting, HandshakeError> {
    let greeting = async {
        let (send, receive) = channel.connection().open_bi().await.map_err(|_| StreamError::Gone)?;
        let mut writer = Writer::new(send, Priority::Control);
        let mut reader = Reader::new(receive);
        writer.bytes(vec![PROTOCOL_VERSION].into()).await?;
        let proof = channel.proof(paired, Role::Console);
        // A list that no agent would read is not sent.
        let revocations = if papers.revocations.len() > REVOCATIONS_BYTES { &[] } else { papers.revocations };
        let message = ConsoleToAgent::Proof {
            proof,
            build: Text::truncated(papers.build),
            log_key: papers.log_key,
            log_proof: Blob::new(papers.log_proof).map_err(|_| StreamError::TooLong)?,
            revocations_bytes: u32::try_from(revocations.len()).map_err(|_| StreamError::TooLong)?,
        };
        writer.message(&message).await?;
        if !revocations.is_empty() {
            writer.bytes(revocations.to_vec().into()).await?;
        }
        expect_version(&mut reader).await?;
        let (proof, language) = match reader.message().await? {
            Some(AgentToConsole::Proof { proof, language, .. }) => (proof, language),
            Some(AgentToConsole::NotAccepted { problem }) => return Err(HandshakeError::NotAccepted(problem)),
            _ => return Err(StreamError::Peer("no proof first").into()),
        };
        if !channel.verify_proof(paired, Role::Agent, &proof) {
            return Err(HandshakeError::NotThePeer);
        }
        let check_number = channel.check_number(paired);
        Ok(ConsoleGreeting { outbox: Outbox::start(writer), reader, check_number, language: language.shown() })
    };
    tokio::time::timeout(WITHIN, greeting).await.map_err(|_| HandshakeError::TimedOut)?
}

/// The agent takes the first stream, checks the console and proves itself. A console whose certificate does
/// not hold is told why.
///
/// # Errors
/// [`HandshakeError`].
pub async fn greet_console(
    channel: &Channel,
    paired: &Paired,
    demands: &Demands<'_>,
) -> Result<AgentGreeting, HandshakeError> {
    let greeting = async {
        let (send, receive) = channel.connection().accept_bi().await.map_err(|_| StreamError::Gone)?;
        let mut writer = Writer::new(send, Priority::Control);
        let mut reader = Reader::new(receive);
        expect_version(&mut reader).await?;
        let Some(ConsoleToAgent::Proof { proof, log_key, log_proof, revocations_bytes, .. }) = reader.message().await?
        else {
            return Err(StreamError::Peer("no proof first").into());
        };
        if !channel.verify_proof(paired, Role::Console, &proof) {
            return Err(HandshakeError::NotThePeer);
        }
        let log_proof = <[u8; 64]>::try_from(log_proof.as_slice()).map_err(|_| HandshakeError::NotThePeer)?;
        if !(demands.log_proof_holds)(&log_key, &log_proof) {
            return Err(HandshakeError::NotThePeer);
        }
        let length = usize::try_from(revocations_bytes).ok().filter(|length| *length <= REVOCATIONS_BYTES);
        let length = length.ok_or(StreamError::Peer("a list of revoked certificates that is too long"))?;
        let revocations = reader.exact(length).await?;
        writer.bytes(vec![PROTOCOL_VERSION].into()).await?;
        if let Err(error) = (demands.holds)(Some(revocations.as_ref()).filter(|list| !list.is_empty())) {
            writer.message(&AgentToConsole::NotAccepted { problem: error.into() }).await?;
            // Whoever does not listen is not waited for.
            let _ = tokio::time::timeout(TOLD_WITHIN, writer.finish_delivered()).await;
            return Err(HandshakeError::Operator(error));
        }
        let proof = channel.proof(paired, Role::Agent);
        let (build, language) = (Text::truncated(demands.build), Text::truncated(demands.language));
        writer.message(&AgentToConsole::Proof { proof, build, language }).await?;
        let check_number = channel.check_number(paired);
        Ok(AgentGreeting { outbox: Outbox::start(writer), reader, check_number, log_key, log_proof })
    };
    tokio::time::timeout(WITHIN, greeting).await.map_err(|_| HandshakeError::TimedOut)?
}

async fn expect_version(reader: &mut Reader) -> Result<(), HandshakeError> {
    let theirs = reader.exact(1).await?.first().copied().unwrap_or_default();
    if theirs == PROTOCOL_VERSION { Ok(()) } else { Err(HandshakeError::Version { theirs, ours: PROTOCOL_VERSION }) }
}
