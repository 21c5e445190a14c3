//! An agent that lies about its machine, and about what it ended.

use super::agent::{asked, grant, meet_with, refused, say, session};
use audit_log::{Event, Hex, Opening, Writer};
use console_core::ConsoleHandle;
use console_core::view::{ConsoleCommand, EndingState};
use e2e::evil::Trap;
use e2e::evil::ends::{FalseAgent, framed, stream};
use proto::limits::FACTS_BYTES;
use proto::machine::{Facts, Overview, Topic, announcing};
use proto::session::{AgentToConsole, Capability, ConsoleToAgent, Ending, Request, StreamKind};
use proto::text::Text;

/// The console waits for the first page, which it may read.
fn looking(trap: &Trap) -> (ConsoleHandle, FalseAgent) {
    let (console, mut agent, _) = meet_with(trap, Capability::SystemInfo, &Request::SystemInfo);
    let looked = |message: &ConsoleToAgent| match message {
        ConsoleToAgent::Look { topic } => Some(*topic),
        _ => None,
    };
    assert_eq!(trap.run("a look", agent.talk.expect(looked)).unwrap(), Topic::Overview);
    (console, agent)
}

#[test]
fn pages_that_no_agent_sends_end_the_session() {
    let whole = Facts::Overview(Overview::default()).to_json();
    let with = |json: &[u8]| [&announcing(json)[..], json].concat();
    let longest = u32::try_from(FACTS_BYTES).unwrap();
    let rows: [(&str, Vec<u8>); 8] = [
        ("more than a page may have", (longest + 1).to_be_bytes().to_vec()),
        ("four gigabytes", vec![0xFF; 4]),
        ("no JSON", with(b"hello")),
        ("another page", with(&Facts::Packages(proto::machine::Rows::default()).to_json())),
        ("brackets", with(&vec![b'['; FACTS_BYTES])),
        ("zeros without end", [&longest.to_be_bytes()[..], &vec![0; 2 * FACTS_BYTES]].concat()),
        ("more than was announced", [&with(&whole)[..], b" "].concat()),
        ("a page cut short", with(&whole)[..whole.len()].to_vec()),
    ];
    for (what, bytes) in rows {
        let trap = Trap::new();
        let (console, agent) = looking(&trap);
        let head = framed(&StreamKind::SystemInfo { topic: Topic::Overview });
        let sent = trap.run(what, stream(&agent.channel, &[head], &bytes));
        if let Some(mut sent) = sent {
            let _ = sent.finish();
        }
        refused(&trap, &console, what);
    }
}

#[test]
fn a_page_that_was_not_wanted_is_stopped_and_one_that_was_is_shown() {
    let trap = Trap::new();
    let (console, agent) = looking(&trap);
    let unwanted = framed(&StreamKind::SystemInfo { topic: Topic::Packages });
    let unwanted = trap.run("packages", stream(&agent.channel, &[unwanted], &[0; 1000])).unwrap();
    trap.run("the stop", unwanted.stopped()).unwrap();
    let json = Facts::Overview(Overview { host: Text::truncated("h"), ..Overview::default() }).to_json();
    let head = framed(&StreamKind::SystemInfo { topic: Topic::Overview });
    let bytes = [&announcing(&json)[..], &json].concat();
    let mut wanted = trap.run("the page", stream(&agent.channel, &[head], &bytes)).unwrap();
    let _ = wanted.finish();
    session(&trap, &console, "the page", |session| session.machine.pages.get(&Topic::Overview)?.facts.clone());
    session(&trap, &console, "nothing else", |session| (session.machine.pages.len() == 1).then_some(()));
}

/// Of the program that was to end, the agent writes and says this.
fn ends(what: &str, written: Option<&str>, is_refused: bool) {
    let trap = Trap::new();
    let (console, mut agent) = looking(&trap);
    let name = Text::truncated("firefox");
    console.send(ConsoleCommand::EndProcess { pid: 40, name, started_s: 1, force: false });
    let (request, what_ends) = trap.run("a question", agent.talk.expect(asked)).unwrap();
    assert_eq!(what_ends.detail().as_deref(), Some("firefox (40)"));
    grant(&trap, &mut agent, request, &what_ends);
    if let Some(written) = written {
        let opening = Opening::new(Hex([9; 16]), written);
        trap.run(what, agent.note(Event::ProcessEnded { name: opening.commitment() }));
        trap.run(what, agent.log(Writer::opening(opening)));
    }
    say(&trap, &mut agent, &AgentToConsole::ProcessEnding { request, ending: Ending::Ended });
    if is_refused {
        return refused(&trap, &console, what);
    }
    session(&trap, &console, what, |session| {
        let ending = session.machine.endings.first()?;
        (ending.state == EndingState::Over(Ending::Ended)).then_some(())
    });
}

#[test]
fn the_end_of_another_program_than_was_allowed_is_not_vouched_for() {
    ends("the one that was asked for", Some("firefox (40)"), false);
    ends("another", Some("antivirus (40)"), true);
    ends("another number", Some("firefox (41)"), true);
    ends("none in the log", None, true);
}

#[test]
fn an_end_that_was_not_allowed_is_not_vouched_for() {
    let trap = Trap::new();
    let (console, mut agent) = looking(&trap);
    let opening = Opening::new(Hex([9; 16]), "firefox (40)");
    trap.run("the lie", agent.note(Event::ProcessEnded { name: opening.commitment() }));
    refused(&trap, &console, "an end of nobody's wish");
}
