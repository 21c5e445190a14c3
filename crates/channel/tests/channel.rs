//! The channel over links in memory: it stands, carries streams, survives a change of link, and
//! refuses whoever was not paired.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use channel::{Channel, ChannelError, ConsoleIdentity, Port, Role, accept, connect};
use link::packets::{PacketReceiver, PacketSender, in_memory_pair};
use proto::session::CertificateProblem;
use std::sync::Arc;
use std::time::Duration;
use testkit::{NOW_S, PairedEnds, paired_ends};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

fn identity(ends: &PairedEnds) -> ConsoleIdentity {
    let chain = ends.operator.chain.iter().map(|der| der.clone().into()).collect();
    ConsoleIdentity { chain, seed: ends.operator.seed.clone() }
}

async fn joined(ends: &PairedEnds) -> (Channel, Channel) {
    let (ours, theirs) = in_memory_pair();
    let (console_port, agent_port) = (Port::new(), Port::new());
    console_port.attach(ours);
    agent_port.attach(theirs);
    let identity = identity(ends);
    let certificate = ends.certificate.clone().into();
    let (console, agent) = tokio::join!(
        connect(console_port, &ends.console, &identity),
        accept(agent_port, &ends.agent, certificate, &ends.seed, ends.organisation.clone(), NOW_S),
    );
    let agent = agent.unwrap();
    assert_eq!(agent.operator.name, "Giulia Rinaldi");
    (console.unwrap(), agent.channel)
}

async fn send_and_receive(from: &Channel, to: &Channel, bytes: usize) {
    let content: Vec<u8> = (0..bytes).map(|at| (at * 31 % 251) as u8).collect();
    let mut stream = from.connection().open_uni().await.unwrap();
    let sending = async {
        stream.write_all(&content).await.unwrap();
        stream.finish().unwrap();
    };
    let receiving = async { to.connection().accept_uni().await.unwrap().read_to_end(bytes).await.unwrap() };
    let ((), received) = tokio::join!(sending, receiving);
    assert_eq!(received, content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_prove_the_pairing_and_show_the_same_word() {
    let ends = paired_ends(1);
    let (console, agent) = joined(&ends).await;
    let proof = console.proof(&ends.console, Role::Console);
    assert!(agent.verify_proof(&ends.agent, Role::Console, &proof));
    assert!(!agent.verify_proof(&ends.agent, Role::Agent, &proof), "a proof cannot be sent back");
    assert_eq!(console.check_number(&ends.console), agent.check_number(&ends.agent));
    let other = paired_ends(2);
    assert!(!agent.verify_proof(&other.agent, Role::Console, &proof));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_arrive_both_ways_and_across_a_change_of_link() {
    let ends = paired_ends(3);
    let (console, agent) = joined(&ends).await;
    send_and_receive(&console, &agent, 500_000).await;
    send_and_receive(&agent, &console, 500_000).await;
    console.port().detach();
    agent.port().detach();
    let (ours, theirs) = in_memory_pair();
    agent.reattach(theirs);
    console.reattach(ours);
    send_and_receive(&agent, &console, 500_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_was_not_paired_is_refused() {
    let (ends, other) = (paired_ends(5), paired_ends(6));
    let (ours, theirs) = in_memory_pair();
    let (console_port, agent_port) = (Port::new(), Port::new());
    console_port.attach(ours);
    agent_port.attach(theirs);
    let identity = identity(&ends);
    let certificate = other.certificate.clone().into();
    let (console, agent) = tokio::join!(
        connect(console_port, &ends.console, &identity),
        accept(agent_port, &ends.agent, certificate, &other.seed, ends.organisation.clone(), NOW_S),
    );
    assert!(matches!(console, Err(ChannelError::NotThePeer)), "{console:?}");
    assert!(agent.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_that_was_not_committed_to_is_refused() {
    let (ends, other) = (paired_ends(7), paired_ends(8));
    let (ours, theirs) = in_memory_pair();
    let (console_port, agent_port) = (Port::new(), Port::new());
    console_port.attach(ours);
    agent_port.attach(theirs);
    let identity = identity(&ends);
    let certificate = ends.certificate.clone().into();
    // The agent holds another pairing: its commitment does not fit the certificate that is shown.
    let accepting = accept(agent_port, &other.agent, certificate, &ends.seed, ends.organisation.clone(), NOW_S);
    let (_console, agent) = tokio::join!(connect(console_port, &ends.console, &identity), accepting);
    assert!(matches!(agent, Err(ChannelError::NotThePeer)), "{agent:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_has_ended_says_so() {
    let ends = paired_ends(9);
    let (ours, theirs) = in_memory_pair();
    let (console_port, agent_port) = (Port::new(), Port::new());
    console_port.attach(ours);
    agent_port.attach(theirs);
    let identity = identity(&ends);
    let certificate = ends.certificate.clone().into();
    let late = NOW_S + 60 * 86_400;
    let accepting = accept(agent_port, &ends.agent, certificate, &ends.seed, ends.organisation.clone(), late);
    let (_console, agent) = tokio::join!(connect(console_port, &ends.console, &identity), accepting);
    assert!(matches!(agent, Err(ChannelError::Operator(identity::OperatorError::Expired))), "{agent:?}");
}

/// How long a packet takes on a slow line.
const DELAY: Duration = Duration::from_millis(150);

/// Carries packets one way, each after [`DELAY`]; those that come before the moment in `lost_until` are lost.
fn carry(from: PacketReceiver, to: PacketSender, lost_until: watch::Receiver<Instant>) -> JoinHandle<()> {
    let (mut from, to) = (from, Arc::new(to));
    tokio::spawn(async move {
        while let Some(packet) = from.recv().await {
            if Instant::now() < *lost_until.borrow() {
                continue;
            }
            let (to, arrival) = (Arc::clone(&to), Instant::now() + DELAY);
            tokio::spawn(async move {
                sleep_until(arrival).await;
                to.send(packet);
            });
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_console_on_a_slow_line_that_loses_the_refusal_hears_it_all_the_same() {
    let ends = paired_ends(12);
    let ((ours, near), (far, theirs)) = (in_memory_pair(), in_memory_pair());
    let (console_port, agent_port) = (Port::new(), Port::new());
    console_port.attach(ours);
    agent_port.attach(theirs);
    let (lose_until, lost_until) = watch::channel(Instant::now());
    carry(near.receiver, far.sender, watch::channel(Instant::now()).1);
    let from_agent = carry(far.receiver, near.sender, lost_until);
    let identity = identity(&ends);
    let certificate = ends.certificate.clone().into();
    let late = NOW_S + 60 * 86_400;
    let connecting = async {
        let console = connect(console_port, &ends.console, &identity).await.unwrap();
        // What the agent says to the certificate that is now on its way.
        lose_until.send(Instant::now() + DELAY + DELAY / 2).unwrap();
        console.connection().closed().await;
        console.refusal_by_peer().flatten()
    };
    let accepting = async {
        let agent = accept(agent_port, &ends.agent, certificate, &ends.seed, ends.organisation.clone(), late).await;
        // With the agent its link goes.
        from_agent.abort();
        agent
    };
    let (told, agent) = tokio::join!(connecting, accepting);
    assert!(matches!(agent, Err(ChannelError::Operator(identity::OperatorError::Expired))), "{agent:?}");
    assert_eq!(told, Some(CertificateProblem::Expired));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_tells_the_other_end_at_once() {
    let ends = paired_ends(10);
    let (console, agent) = joined(&ends).await;
    console.close(Duration::from_secs(5)).await;
    agent.connection().closed().await;
    assert!(agent.was_closed_in_order());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_lets_go_without_a_word_has_not_closed_in_order() {
    let ends = paired_ends(11);
    let (console, agent) = joined(&ends).await;
    drop(console);
    agent.connection().closed().await;
    assert!(!agent.was_closed_in_order());
}
