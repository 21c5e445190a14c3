//! Both ends of a session at a real relay, paired as the programs do it, with nothing above the
//! channel.

use crate::Failure;
use crate::known::known;
use crate::relay_process::RelayProcess;
use channel::{Channel, ConsoleIdentity, Controller, Dial, Keeper, Port, accept_with, connect_with};
use identity::{OperatorFile, Organisation, Seed};
use link::{Choice, Control, Dialing, Link, LinkKind, Packets, Proxies, RelayAddress, Trust};
use pairing::{AgentPairing, ConsolePairing, P3Outcome, Secret, SessionKey};
use proto::relay::{CertificateBytes, EndToRelay, OpaqueBytes, RelayToEnd, Ticket};
use proto::text::Blob;
use rand::rngs::OsRng;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::timeout;

/// No step of a pairing takes longer on the slowest machine.
const STEP: Duration = Duration::from_secs(30);
/// How long an end that goes waits for the other one.
const GOING: Duration = Duration::from_secs(5);

/// One end of a session.
pub(crate) struct End {
    pub(crate) channel: Channel,
    pub(crate) keeper: Keeper,
}

impl End {
    /// Everything that is known about it.
    pub(crate) fn known(&self, name: &str) -> String {
        let link = *self.keeper.state().borrow();
        format!("{}  {link:?}\n", known(name, self.channel.port(), Some(&self.channel)))
    }

    /// Goes for good.
    pub(crate) async fn leave(self) {
        self.channel.close(GOING).await;
        self.keeper.leave(GOING).await;
    }
}

/// Seconds since 1970.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What lies between the ends and the relay, and what steers the channel.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Over {
    /// Where the console finds the relay, if not at its own address.
    pub(crate) console: Option<SocketAddr>,
    /// Where the agent does.
    pub(crate) agent: Option<SocketAddr>,
    /// What steers the channel.
    pub(crate) controller: Controller,
}

/// Console and agent, in this order, both by this way.
pub(crate) async fn pair(relay: &RelayProcess, kind: LinkKind) -> Result<(End, End), Failure> {
    pair_over(relay, kind, Over::default()).await
}

/// As [`pair`], over these paths.
pub(crate) async fn pair_over(relay: &RelayProcess, kind: LinkKind, over: Over) -> Result<(End, End), Failure> {
    let organisation = Arc::new(Organisation::open(&relay.file("organisation.ponte")?, now_s())?);
    let operator = testkit::signed_in(&relay.file("operator.ponte-vault")?);
    let (console_dial, agent_dial) = (dial(&organisation, kind, over.console)?, dial(&organisation, kind, over.agent)?);
    let (mut ours, mut theirs) = tokio::try_join!(reach(&console_dial), reach(&agent_dial))?;
    let seed = Seed::random(&mut OsRng);
    let certificate = identity::channel_certificate(&seed, now_s())?;
    let pairing = agree(&organisation, &operator, &certificate, &mut ours, &mut theirs);
    let agreed = timeout(STEP, Box::pin(pairing)).await??;

    let chain = operator.chain.iter().map(|der| der.clone().into()).collect();
    let identity = ConsoleIdentity { chain, seed: operator.seed.clone() };
    let (console_control, console_port) = attached(ours.control, ours.packets);
    let (agent_control, agent_port) = attached(theirs.control, theirs.packets);
    let connecting = connect_with(console_port, &agreed.console.0, &identity, over.controller);
    let certificate = certificate.into();
    let accepting =
        accept_with(agent_port, &agreed.agent.0, certificate, &seed, organisation, now_s(), over.controller);
    let (console, agent) = tokio::try_join!(connecting, accepting)?;
    let end = |channel: Channel, control: Control, ticket: Ticket, dial: Dial| End {
        keeper: Keeper::start(channel.clone(), kind, control, ticket, dial),
        channel,
    };
    let console = end(console, console_control, agreed.console.1, console_dial);
    Ok((console, end(agent.channel, agent_control, agreed.agent.1, agent_dial)))
}

fn attached(control: Control, packets: Packets) -> (Control, Port) {
    let port = Port::new();
    port.attach(packets);
    (control, port)
}

fn dial(organisation: &Organisation, kind: LinkKind, over: Option<SocketAddr>) -> Result<Dial, Failure> {
    let address = organisation.relay();
    let node = address.nodes.first().ok_or("a relay without nodes")?;
    let (host, port) = over.map_or((node.host.clone(), node.port), |over| (over.ip().to_string(), over.port()));
    Ok(Dial {
        prove: None,
        relay: RelayAddress { name: address.name.clone(), host, port },
        trust: address.pin.map_or(Trust::Platform, Trust::Pin),
        choice: Choice::Only(kind),
        // Not the proxies of the machine that this runs on.
        dialing: Dialing { proxies: Proxies::None, ..Dialing::default() },
        build: "bench".into(),
    })
}

async fn reach(dial: &Dial) -> Result<Link, Failure> {
    Ok(link::connect_with(&dial.relay, &dial.trust, dial.choice, &dial.dialing.proxies, &dial.build).await?)
}

/// What each end has of a pairing.
struct Agreed {
    console: (pairing::Paired, Ticket),
    agent: (pairing::Paired, Ticket),
}

async fn agree(
    organisation: &Organisation,
    operator: &OperatorFile,
    certificate: &[u8],
    console_link: &mut Link,
    agent_link: &mut Link,
) -> Result<Agreed, Failure> {
    let relay_name = &organisation.relay().name;
    let (console, agent) = (&mut console_link.control, &mut agent_link.control);
    let signature = Blob::new(identity::prove_link(&operator.seed, relay_name, &console_link.welcome.nonce));
    let chain: Result<_, _> = operator.chain.iter().map(|der| CertificateBytes::new(der.clone())).collect();
    let prove = EndToRelay::Prove { chain: chain.map_err(told)?, signature: signature.map_err(told)? };
    console.send(&prove).await?;
    console.send(&EndToRelay::Offer).await?;
    let (offer, locator) = wait(console, |message| match message {
        RelayToEnd::Offered { offer, locator, .. } => Some((offer, locator)),
        _ => None,
    })
    .await?;
    let secret = Secret::random(&mut OsRng);
    let leaf = operator.chain.first().ok_or("an operator without a certificate")?;
    let mut pairing = ConsolePairing::new(secret.clone(), locator, offer, relay_name, leaf);
    let key = SessionKey::new(locator, secret);

    let (joining, p1) = AgentPairing::start(&key, relay_name, certificate, &mut OsRng)?;
    agent.send(&EndToRelay::Join { locator, p1: opaque(p1)?, work: None }).await?;
    let (attempt, p1) = wait(console, |message| match message {
        RelayToEnd::PeerJoined { attempt, p1 } => Some((attempt, p1)),
        _ => None,
    })
    .await?;
    let p2 = pairing.handle_joined(Instant::now(), attempt, p1.as_slice(), &mut OsRng)?;
    console.send(&EndToRelay::P2 { attempt, body: opaque(p2)? }).await?;
    let p2 = wait(agent, |message| if let RelayToEnd::P2 { body } = message { Some(body) } else { None }).await?;
    let (joining, p3) = joining.handle_p2(offer, attempt, p2.as_slice())?;
    agent.send(&EndToRelay::P3 { body: opaque(p3)? }).await?;
    let p3 = wait(console, |message| if let RelayToEnd::P3 { body, .. } = message { Some(body) } else { None }).await?;
    let P3Outcome::Right = pairing.handle_p3(Instant::now(), attempt, p3.as_slice()) else {
        return Err("the right key was refused".into());
    };
    let (p4, console_paired) = pairing.finish(attempt)?;
    console.send(&EndToRelay::Claim { attempt }).await?;
    console.send(&EndToRelay::P4 { attempt, body: opaque(p4)? }).await?;

    let ticket = |message| if let RelayToEnd::Paired { ticket, .. } = message { Some(ticket) } else { None };
    let console_ticket = wait(console, ticket).await?;
    let mut agent_ticket = None;
    let p4 = wait(agent, |message| match message {
        RelayToEnd::P4 { body } => Some(body),
        // It may come first.
        other => {
            agent_ticket = ticket(other);
            None
        }
    })
    .await?;
    let agent_paired = joining.handle_p4(p4.as_slice())?;
    let agent_ticket = match agent_ticket {
        Some(ticket) => ticket,
        None => wait(agent, ticket).await?,
    };
    Ok(Agreed { console: (console_paired, console_ticket), agent: (agent_paired, agent_ticket) })
}

/// The first message of the wanted kind.
async fn wait<T>(control: &mut Control, mut pick: impl FnMut(RelayToEnd) -> Option<T>) -> Result<T, Failure> {
    loop {
        let message = control.recv().await?;
        if let RelayToEnd::Refused { refusal } = message {
            return Err(format!("the relay refuses: {refusal:?}").into());
        }
        if let Some(picked) = pick(message) {
            return Ok(picked);
        }
    }
}

fn opaque(bytes: Vec<u8>) -> Result<OpaqueBytes, Failure> {
    OpaqueBytes::new(bytes).map_err(told)
}

fn told(error: impl fmt::Debug) -> Failure {
    format!("{error:?}").into()
}
