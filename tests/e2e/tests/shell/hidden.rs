//! What is typed where it is not shown, or before its turn.

use super::{Scene, commands, has_line, kept};
use agent_core::view::AgentCommand;
use audit_log::{Event, Report};
use console_core::view::Stage;
use std::fs;
use std::path::PathBuf;

#[test]
fn what_is_typed_where_it_is_hidden_stands_nowhere() {
    let scene = Scene::open("/bin/bash");
    scene.types("read -rsp 'Pass''word: ' secret\r");
    scene.sees("Password:");
    scene.types("tulip-of-marco\r");
    let terminal = scene.terminal();
    scene.world.eventually("a prompt", || terminal.text().ends_with(['#', '$']));
    scene.types("echo length ${#secret}\r");
    let seen = scene.sees("length 14");
    assert!(!seen.contains("tulip"));
    scene.agent.send(AgentCommand::End);
    scene.agent.send(AgentCommand::SkipRating);
    let path: PathBuf = scene.world.console_shows("the console's log", |view| match &view.stage {
        Stage::Ended(end) if !end.is_closing => end.log.clone(),
        _ => None,
    });
    let log = fs::read_to_string(path).unwrap();
    assert!(log.contains("echo length") && log.contains("read -rsp"), "{log}");
    assert!(!log.contains("tulip"));
    let view = format!("{:?}", scene.agent.view());
    assert!(!view.contains("tulip"));
}

fn hidden_lines(log: &Report) -> usize {
    log.entries.iter().filter(|entry| matches!(entry.event, Event::HiddenLine { .. })).count()
}

#[test]
fn what_a_hiding_program_leaves_unread_goes_to_no_shell_and_stands_nowhere() {
    let scene = Scene::open("/bin/bash");
    let terminal = scene.terminal();
    let prompt = || scene.world.eventually("a prompt", || terminal.text().ends_with(['#', '$']));
    // Two lines at once, of which the program reads one.
    scene.types("read -rsp 'Fir''st: ' a\r");
    scene.sees("First:");
    scene.types("tulip-of-marco\rtouch leaked-tulip\r");
    prompt();
    // Half a line, for which the program does not wait long.
    scene.types("read -t 8 -rsp 'Sec''ond: ' b\r");
    scene.sees("Second:");
    scene.types("tulip-and-rose");
    prompt();
    // A line for a program that reads none.
    scene.types("stty -echo; touch deaf; sleep 6; stty echo\r");
    // The prompt that comes then is not the one before.
    scene.sees("sleep 6");
    scene.world.eventually("a deaf program", || scene.home("deaf").exists());
    scene.types("touch leaked-tulip\r");
    prompt();
    scene.types("echo a''ll ${#a} ${#b}\r");
    scene.sees("all 14 0");
    assert!(!scene.home("leaked-tulip").exists());
    let kept = kept(&scene, "the last line", |kept| has_line(kept, "all 14 0"));
    assert!(!kept.to_text().contains("tulip"), "{}", kept.to_text());
    for log in scene.logs() {
        assert!(log.holds(), "{:?}", log.findings);
        let commands = commands(&log);
        assert!(commands.iter().any(|line| line == "echo a''ll ${#a} ${#b}"), "{commands:?}");
        assert!(!commands.iter().any(|line| line.contains("tulip")), "{commands:?}");
        assert_eq!(hidden_lines(&log), 2);
    }
}

/// Types a command while a program neither shows nor reads what is typed, so that the shell carries it out later.
fn types_ahead(shell: &'static str) {
    let scene = Scene::open(shell);
    let terminal = scene.terminal();
    scene.types("stty -icanon -echo; touch deaf; sleep 6; stty sane\r");
    scene.world.eventually("a deaf program", || scene.home("deaf").exists());
    scene.types("touch ahead; echo ra''n\r");
    scene.world.eventually("the command", || scene.home("ahead").exists());
    scene.sees("ran");
    scene.world.eventually("a prompt", || terminal.text().ends_with(['#', '$', '%', '>']));
    scene.types("stty -echo\r");
    scene.types("touch blind\r");
    scene.world.eventually("a command that is not shown", || scene.home("blind").exists());
    for log in scene.logs() {
        assert!(log.holds(), "{:?}", log.findings);
        let commands = commands(&log);
        assert_eq!(commands.iter().filter(|line| *line == "touch ahead; echo ra''n").count(), 1, "{commands:?}");
        // Each is there as it was shown, or as one that was not.
        let is_shown = commands.iter().any(|line| line == "touch blind");
        assert!(is_shown || hidden_lines(&log) > 0, "{shell}: {commands:?}");
    }
}

#[test]
fn what_is_typed_before_its_turn_stands_in_the_logs_when_bash_runs_it() {
    types_ahead("/bin/bash");
}

#[test]
fn what_is_typed_before_its_turn_stands_in_the_logs_when_zsh_runs_it() {
    types_ahead("/usr/bin/zsh");
}

#[test]
fn every_shell_says_where_its_commands_are_and_where_one_was_hidden() {
    for shell in ["/bin/bash", "/usr/bin/zsh", "/bin/dash", "/usr/bin/fish"] {
        let scene = Scene::open(shell);
        scene.types("echo $PPID fir''st\r");
        scene.sees("first\n");
        scene.types("sh -c 'stty -echo; echo rea''dy; read -r x; stty echo; echo le''ngth ${#x}'\r");
        scene.sees("ready");
        scene.types("tulip-of-marco\r");
        scene.sees("length 14");
        for log in scene.logs() {
            assert!(log.holds(), "{:?}", log.findings);
            let commands = commands(&log);
            assert!(commands.iter().any(|line| line == "echo $PPID fir''st"), "{shell}: {commands:?}");
            assert!(!commands.iter().any(|line| line.contains("tulip")), "{shell}: {commands:?}");
            assert_eq!(hidden_lines(&log), 1, "{shell}: {commands:?}");
        }
    }
}
