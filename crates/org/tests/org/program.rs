//! The program itself: exit codes, JSON, languages, one at a time.

use crate::world::World;
use clap::CommandFactory;
use serde_json::Value;
use std::fs::File;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

fn program(world: &World, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ponte-org"));
    command.args(arguments).stdin(Stdio::null());
    command.env("PONTE_ORG_DIR", world.path("org")).env("PONTE_ORG_TRIAL_COST", "1");
    command.env("PONTE_ORG_PASSPHRASE_FILE", world.path("issuing.pass"));
    command.env("PONTE_ORG_ROOT_PASSPHRASE_FILE", world.path("root.pass"));
    command.env("PONTE_LANG", "en");
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_program_goes_the_whole_way_and_answers_in_json() {
    let world = World::empty();
    let request = world.request(1, "Giulia Rinaldi");
    let (answer, agent, packaged) = (world.text("answer"), world.text("agent"), world.text("packaged"));
    std::fs::write(&agent, b"\x7fELF").unwrap();
    let file = world.text("org/organisation.ponte");
    let add = ["operator", "add", "--request", &request, "--profile", "desk", "--out", &answer, "--yes"];
    let steps: [(&[&str], &str); 8] = [
        (&crate::world::INIT, "organisation_file"),
        (&["profile", "add", "desk", "--preset", "full"], "tools"),
        (&["team", "add", "North"], "team"),
        (&add, "answer"),
        (&["operator", "show", "Giulia Rinaldi"], "certificates"),
        (&["crl"], "number"),
        (&["export"], "serial"),
        (&["package-agent", "--agent", &agent, "--organisation", &file, "--out", &packaged], "program"),
    ];
    for (arguments, field) in steps {
        let output = program(&world, &[&["--json"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        assert!(json(&output).get(field).is_some(), "{arguments:?}: {output:?}");
    }
    assert!(world.path("packaged").exists() && world.path("answer").exists());
}

#[test]
fn exit_codes_say_done_not_as_it_should_be_and_not_done() {
    let mut world = World::new();
    // The program has the system's clock.
    world.now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    world.add(1, "Giulia");
    std::fs::write(world.path("issuing.pass"), "another passphrase").unwrap();
    let rows: [(&[&str], i32); 6] = [
        (&["operator", "list"], 0),
        (&["completions", "bash"], 0),
        (&["operator", "list", "--expiring", "40"], 1),
        (&["operator", "lust"], 2),
        (&["profile", "add", "x", "--tool", "view=always"], 2),
        (&["crl"], 2),
    ];
    for (arguments, expected) in rows {
        let output = program(&world, arguments);
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {output:?}");
    }
    let output = program(&world, &["crl"]);
    assert!(output.stdout.is_empty() && String::from_utf8_lossy(&output.stderr).contains("not the passphrase"));
    let output = program(&world, &["crl", "--json"]);
    assert_eq!((&json(&output)["error"]["code"], output.stderr.len()), (&"wrong-passphrase".into(), 0));
    let output = program(&world, &["crl", "--json", "--lang", "it"]);
    assert!(json(&output)["error"]["message"].as_str().unwrap().contains("frase segreta"));
}

#[test]
fn two_at_once_do_not_change_one_organisation() {
    let world = World::new();
    let before = world.state();
    let lock = File::create(world.path("org/.lock")).unwrap();
    lock.lock().unwrap();
    let output = program(&world, &["team", "add", "South", "--json"]);
    assert_eq!((output.status.code(), &json(&output)["error"]["code"]), (Some(2), &"in-use".into()));
    assert_eq!(program(&world, &["team", "list"]).status.code(), Some(0), "looking is always possible");
    assert_eq!(world.state(), before);
    // Not by dropping it: a process that another test starts just now may have a copy for a moment.
    lock.unlock().unwrap();
    assert_eq!(program(&world, &["team", "add", "South"]).status.code(), Some(0));
}

#[test]
fn every_command_and_option_has_its_help() {
    fn check(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }
    let command = org::Cli::command();
    command.clone().debug_assert();
    check(&command);
}
