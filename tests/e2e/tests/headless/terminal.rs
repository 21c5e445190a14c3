//! The terminal by lines: a real shell at the client, entered and read once the person allows it.

use super::Caller;
use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Page};
use e2e::World;
use serde_json::{Value, json};
use std::sync::Arc;

/// What the part of the process that keeps a shell is called on the command line.
const KEEPER: [&str; 3] = ["terminal::the_part_of_the_keeper", "--exact", "--quiet"];

/// A process of its own, started by the others; among them it does nothing, because nobody orders anything.
#[test]
fn the_part_of_the_keeper() {
    host::keep_shell();
}

/// Reads the terminal until it is as wanted.
fn read(world: &World, caller: &mut Caller, what: &str, wanted: impl Fn(&Value) -> bool) {
    world.eventually(what, || wanted(&caller.ask(json!({"do": "terminal"}))["terminal"]));
}

fn merged(one: &Value, other: &Value) -> Value {
    let fields = [one, other].into_iter().flat_map(|value| value.as_object().unwrap().clone());
    Value::Object(fields.collect())
}

#[test]
fn commands_are_entered_and_read_once_the_person_allows_it() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    caller.sign_in();
    let agent = world.agent_with(|config| {
        let shells = host::ThisMachinesShells::new(config.platform.home.clone()).kept_with(&KEEPER);
        config.platform.shells = Arc::new(shells.running("/bin/sh".into()));
    });
    let key = caller.new_key();
    agent.send(AgentCommand::SubmitKey(key));
    world.other_shows(&agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    world.welcome(&agent);
    world.answer_at(&agent, true);
    caller.ask(json!({"do": "wait", "for": "picture"}));
    let echo = json!({"do": "terminal_type", "text": "echo $((40 + 2))x\r"});
    assert_eq!(caller.refused(echo.clone()), "not_granted");
    caller.ask(json!({"do": "request", "capability": "shell"}));
    world.answer_at(&agent, true);
    caller.ask(json!({"do": "wait", "for": "shell"}));
    caller.event_with("terminal", |event| event["state"] == "open");
    caller.event("terminal_changed");
    let prompts = |terminal: &Value| terminal["text"].as_str().is_some_and(|text| text.ends_with(['$', '#']));
    read(&world, &mut caller, "a prompt", |terminal| terminal["state"] == "open" && prompts(terminal));
    caller.ask(echo);
    read(&world, &mut caller, "the sum", |terminal| terminal["text"].as_str().unwrap().contains("42x"));
    agent.send(AgentCommand::Pause);
    assert_eq!(caller.event("sharing_paused")["paused"], true);
    assert_eq!(caller.refused(json!({"do": "terminal_type", "text": "exit 4\r"})), "sharing_paused");
    agent.send(AgentCommand::Resume);
    assert_eq!(caller.event("sharing_paused")["paused"], false);
    for (columns, rows) in [(1, 24), (80, 0), (60_000, 24)] {
        let size = json!({"do": "terminal_size", "columns": columns, "rows": rows});
        caller.raw(format!("{}\n", merged(&size, &json!({"id": "size"}))).as_bytes());
        assert_eq!(caller.refusal(&json!("size"))["code"], "bad_value");
    }
    caller.ask(json!({"do": "terminal_size", "columns": 100, "rows": 10}));
    caller.ask(json!({"do": "terminal_type", "text": "stty size\r"}));
    read(&world, &mut caller, "its size", |terminal| terminal["text"].as_str().unwrap().contains("10 100"));
    // What has scrolled away is still there.
    caller.ask(json!({"do": "terminal_type", "text": "seq 101 140\r"}));
    let text = |terminal: &Value| terminal["text"].as_str().unwrap().to_owned();
    read(&world, &mut caller, "the last numbers", |terminal| text(terminal).contains("\n140\n"));
    assert!(!text(&caller.ask(json!({"do": "terminal"}))["terminal"]).contains("105"));
    let back = caller.ask(json!({"do": "terminal", "back": 35}));
    assert!(text(&back["terminal"]).contains("105"), "{back}");
    assert!(text(&caller.ask(json!({"do": "terminal"}))["terminal"]).contains("\n140\n"));
    caller.ask(json!({"do": "terminal_type", "text": "exit 3\r"}));
    read(&world, &mut caller, "the end", |terminal| terminal["state"] == "over" && terminal["code"] == 3);
    // It ended by itself: nobody took it back.
    caller.event_with("over", |event| event["capability"] == "shell" && event["cause"] == "use_over");
    assert_eq!(caller.refused(json!({"do": "terminal_type", "text": "ls\r"})), "not_granted");

    // What it showed is kept, and comes out as text.
    caller.ask(json!({"do": "end"}));
    caller.ask(json!({"do": "close"}));
    caller.ask(json!({"do": "wait", "for": "idle"}));
    let record = caller.ask(json!({"do": "records"}))["records"][0]["record"].clone();
    let path = caller.ask(json!({"do": "export_transcript", "record": record}))["path"].clone();
    let text = std::fs::read_to_string(path.as_str().unwrap()).unwrap();
    assert!(text.contains("42x") && text.contains("105"), "{text}");
}
