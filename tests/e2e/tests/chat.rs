//! Ten thousand lines of chat over twenty losses of the relay.

use agent_core::LinkKind;
use agent_core::view::AgentCommand;
use console_core::view::ConsoleCommand;
use e2e::World;

/// How often the relay dies.
const LOSSES: usize = 20;
/// Lines that each end says around one of them.
const EACH: usize = 250;
/// Of these so many are said before it dies, and the rest while it is down.
const BEFORE: usize = 100;

/// Lines that an end is given before it is asked whether it has taken them: less than its queue.
const AT_ONCE: usize = 25;

/// A line as one end has it: whether it is its own, whether the other has it, and its text.
type Line = (bool, bool, String);

fn at_console(world: &World, what: &str, look: impl Fn(&[Line]) -> bool) -> Vec<Line> {
    world.session(what, |session| {
        let lines: Vec<Line> = session.chat.iter().map(|line| (line.mine, line.delivered, line.text.clone())).collect();
        look(&lines).then_some(lines)
    })
}

fn at_agent(world: &World, what: &str, look: impl Fn(&[Line]) -> bool) -> Vec<Line> {
    world.agent_shows(what, |view| {
        let chat = &view.panel.as_ref()?.chat;
        let lines: Vec<Line> = chat.iter().map(|line| (line.mine, line.delivered, line.text.clone())).collect();
        look(&lines).then_some(lines)
    })
}

/// The last line of this writer.
fn last(lines: &[Line], mine: bool) -> &str {
    lines.iter().rev().find(|line| line.0 == mine).map_or("", |line| &line.2)
}

/// Says the next lines at both ends, until both have taken them.
fn say(world: &World, numbers: std::ops::Range<usize>) {
    let all: Vec<usize> = numbers.collect();
    for some in all.chunks(AT_ONCE) {
        for number in some {
            world.console.send(ConsoleCommand::SendChat(format!("console {number}")));
            world.agent.send(AgentCommand::SendChat(format!("agent {number}")));
        }
        let number = some.last().copied().unwrap_or_default();
        at_console(world, "its own lines", |lines| last(lines, true) == format!("console {number}"));
        at_agent(world, "its own lines", |lines| last(lines, true) == format!("agent {number}"));
    }
}

/// The last lines of this writer that an end has, as many as were said around one loss.
fn batch(lines: &[Line], mine: bool) -> Vec<&str> {
    let texts: Vec<&str> = lines.iter().filter(|line| line.0 == mine).map(|line| line.2.as_str()).collect();
    texts.get(texts.len().saturating_sub(EACH)..).unwrap_or_default().to_vec()
}

#[test]
fn ten_thousand_lines_over_twenty_losses_arrive_once_and_in_order() {
    let mut world = World::start(LinkKind::Quic);
    world.pair_and_view();
    let mut said = 0;
    for loss in 1..=LOSSES {
        say(&world, said..said + BEFORE);
        world.kill_relay();
        say(&world, said + BEFORE..said + EACH);
        world.start_relay();
        said += EACH;
        let number = said - 1;
        let whole = |lines: &[Line], theirs: &str| {
            last(lines, false) == format!("{theirs} {number}") && lines.iter().all(|line| !line.0 || line.1)
        };
        let console = at_console(&world, "every line", |lines| whole(lines, "agent"));
        let agent = at_agent(&world, "every line", |lines| whole(lines, "console"));
        // The oldest are let go of; more is kept than was said around one loss.
        let expected = |who: &str| (said - EACH..said).map(|number| format!("{who} {number}")).collect::<Vec<_>>();
        assert_eq!(batch(&console, true), expected("console"), "the console's own, loss {loss}");
        assert_eq!(batch(&agent, false), expected("console"), "the console's at the agent, loss {loss}");
        assert_eq!(batch(&agent, true), expected("agent"), "the agent's own, loss {loss}");
        assert_eq!(batch(&console, false), expected("agent"), "the agent's at the console, loss {loss}");
    }
    assert_eq!(2 * said, 10_000);
}
