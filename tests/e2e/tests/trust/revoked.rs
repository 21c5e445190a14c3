//! An operator whose certificate was taken back, or who hides the list that says so.

use agent_core::view::{AgentCommand, Failure, Page};
use channel::ConsoleIdentity;
use e2e::evil::Trap;
use identity::{Revoked, create_crl};
use pairing::SessionKey;
use proto::session::{AgentToConsole, CertificateProblem};

const KEY: &str = "K7M 4QXP";
/// Any number for the first list.
const NUMBER: u64 = 8;

fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// What agent and console learn when the console brings this list and the relay has seen list `seen`.
fn check(what: &str, list: impl Fn(&Trap) -> Vec<u8>, seen: u64, expected: Option<CertificateProblem>) {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let identity: ConsoleIdentity = trap.console_identity();
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(KEY.into()));
    let key = SessionKey::parse(KEY).unwrap();
    let list = list(&trap);
    let (answer, _console) =
        trap.run("the greeting", async { catcher.next().await.greet_with(&key, &identity, &list, seen).await });
    match expected {
        Some(problem) => {
            assert_eq!(answer, Some(AgentToConsole::NotAccepted { problem }), "{what}: the console is told");
            trap.agent_page(&agent, what, &Page::Failed(Failure::OperatorNotProven(problem)));
            assert_eq!(trap.desktop.captures(), 0);
        }
        None => {
            assert!(matches!(answer, Some(AgentToConsole::Proof { .. })), "{what}: {answer:?}");
            trap.agent_shows(&agent, what, |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
        }
    }
}

fn list(trap: &Trap, revoked: &[Revoked], at_s: u64) -> Vec<u8> {
    create_crl(&trap.organisation.issuing, NUMBER, revoked, at_s).unwrap()
}

/// The serial number of the operator's certificate.
fn own_serial(trap: &Trap) -> Vec<u8> {
    let identity = trap.console_identity();
    identity::verify_operator(&trap.opened(), &identity.chain, None, now_s()).unwrap().serial
}

#[test]
fn a_fresh_list_without_the_operator_is_accepted() {
    check("a fresh list", |trap| list(trap, &[], now_s()), NUMBER, None);
    check("nobody speaks of lists", |_| Vec::new(), 0, None);
}

#[test]
fn a_revoked_operator_is_refused_before_anybody_is_asked() {
    let revoked = |trap: &Trap| list(trap, &[Revoked { serial: own_serial(trap), at_s: now_s() }], now_s());
    check("revoked", revoked, NUMBER, Some(CertificateProblem::Revoked));
}

#[test]
fn who_hides_the_newest_list_is_refused() {
    let stale = Some(CertificateProblem::StaleRevocationList);
    check("no list where the relay has seen one", |_| Vec::new(), NUMBER, stale);
    check("an older list than the relay has seen", |trap| list(trap, &[], now_s()), NUMBER + 1, stale);
    let ten_days_ago = |trap: &Trap| list(trap, &[], now_s() - 10 * 86_400);
    check("a list that has ended", ten_days_ago, NUMBER, stale);
}

#[test]
fn a_list_that_the_organisation_did_not_make_is_refused() {
    let bad = Some(CertificateProblem::BadRevocationList);
    check("another organisation's", |_| list(&Trap::new(), &[], now_s()), NUMBER, bad);
    let changed = |trap: &Trap| {
        let mut list = list(trap, &[], now_s());
        *list.last_mut().unwrap() ^= 1;
        list
    };
    check("a changed one", changed, NUMBER, bad);
    check("nonsense", |_| vec![7; 3000], 0, bad);
}
