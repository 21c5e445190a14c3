//! Sessions for the other tests: who takes part, what happens, and the log that each end keeps of it.

use audit_log::{
    Begin, Direction, Event, Finding, Follower, Hex, LogKey, Opening, Report, Role, Writer, certificates_line,
    operator_statement,
};
use proto::session::{Capability, Decision, EndReason};
use ring::digest;
use ring::signature::{Ed25519KeyPair, KeyPair};

pub(crate) const CHANNEL: Hex<32> = Hex([2; 32]);
/// Stands for certificates: nothing here reads them.
pub(crate) const CERTIFICATES: [&[u8]; 2] = [b"the operator's", b"the issuing one"];
pub(crate) const AGENT: u8 = 9;
pub(crate) const CONSOLE: u8 = 8;

pub(crate) fn key(seed: u8) -> LogKey {
    LogKey::new(&[seed; 32]).unwrap()
}

fn bytes<const N: usize>(from: impl AsRef<[u8]>) -> Hex<N> {
    Hex(from.as_ref().try_into().unwrap())
}

/// The first line as the agent begins with it; its own key is put in by the writer.
pub(crate) fn begin() -> Begin {
    let operator = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let console_key = key(CONSOLE).public();
    Begin {
        format: 0,
        channel: CHANNEL,
        agent_key: Hex([0; 32]),
        console_key,
        operator_key: bytes(operator.public_key()),
        operator_certificate: bytes(digest::digest(&digest::SHA256, CERTIFICATES[0])),
        operator_proof: bytes(operator.sign(&operator_statement(CHANNEL, console_key))),
        at_ms: 1_790_000_000_000,
    }
}

pub(crate) fn name() -> Opening {
    Opening::new(Hex([7; 16]), "relazione di Mario Rossi.odt")
}

pub(crate) fn story() -> Vec<Event> {
    let (request, name) = (1, name().commitment());
    vec![
        Event::Operator { certificate_sha256: begin().operator_certificate, verified: true, recognised: true },
        Event::Asked { request, power: Capability::SendFile, detail: Some(name) },
        Event::Shown { request },
        Event::Answered { request, decision: Decision::Granted, whole_session: false, by_earlier_yes: false },
        Event::File { request, direction: Direction::ToClient, name, size_bytes: 12, blake3: Hex([5; 32]) },
        Event::Ended { by: Some(Role::Agent), reason: EndReason::ClientEnded },
    ]
}

/// The lines of both ends, as each keeps them: after the fourth entry the console signs, at the end both.
///
/// The agent's: 1 beginning, 2 to 5 entries, 6 console's signature, 7 and 8 entries, 9 and 10 signatures,
/// 11 text, 12 certificates.
pub(crate) fn logs() -> (Vec<String>, Vec<String>) {
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let mut follower = Follower::begin(&first, CHANNEL, key(CONSOLE)).unwrap();
    let (mut agent, mut console) = (vec![first.clone()], vec![first]);
    let both = |line: String, follower: &mut Follower, console: &mut Vec<String>| {
        follower.take(&line).unwrap();
        console.push(line.clone());
        line
    };
    for (number, event) in (1_u64..).zip(story()) {
        let line = writer.append(begin().at_ms + number, event);
        agent.push(both(line, &mut follower, &mut console));
        if number == 4 || number == 6 {
            let (signature, line) = follower.countersign(5000 + number);
            console.push(line);
            agent.push(writer.countersigned(&signature).unwrap().unwrap());
        }
    }
    agent.push(both(writer.sign(2000), &mut follower, &mut console));
    agent.push(both(Writer::opening(name()), &mut follower, &mut console));
    for log in [&mut agent, &mut console] {
        log.push(certificates_line(&CERTIFICATES).unwrap());
    }
    (agent, console)
}

/// The agent's log with something done to its lines.
pub(crate) fn edited(change: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
    let (mut lines, _) = logs();
    change(&mut lines);
    lines
}

pub(crate) fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

pub(crate) fn report(lines: &[String]) -> Report {
    Report::of(text(lines))
}

pub(crate) fn findings(lines: &[String]) -> Vec<Finding> {
    report(lines).findings
}
