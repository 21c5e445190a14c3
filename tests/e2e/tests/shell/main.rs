//! What the operator does in a terminal on the person's machine, through whole sessions with real shells.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod hidden;

use agent_core::origin::{Doubt, Means, Verdict};
use agent_core::view::{AgentCommand, Page, QuestionKind};
use agent_core::{AgentHandle, LinkKind};
use audit_log::{Event, Report};
use console_core::records::Transcript;
use console_core::terminal::Terminal;
use console_core::view::{ConsoleCommand, PowerState, SessionView, ShellState, Stage, Typed};
use e2e::World;
use proto::session::{Capability, GrantEnd};
use proto::shell::TerminalSize;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the part of the process that keeps a shell is called on the command line.
const KEEPER: [&str; 3] = ["the_part_of_the_keeper", "--exact", "--quiet"];

/// A process of its own, started by the others; among them it does nothing, because nobody orders anything.
#[test]
fn the_part_of_the_keeper() {
    host::keep_shell();
}

/// A session in which the operator sees the screen, with an agent that has this shell.
struct Scene {
    world: World,
    agent: AgentHandle,
}

impl Scene {
    fn with(shell: &'static str) -> Self {
        let world = World::start(LinkKind::Quic);
        let agent = world.agent_with(|config| {
            let shells = host::ThisMachinesShells::new(config.platform.home.clone()).kept_with(&KEEPER);
            config.platform.shells = Arc::new(shells.running(shell.into()));
        });
        let key = world.new_key();
        agent.send(AgentCommand::SubmitKey(key));
        world.other_shows(&agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
        world.welcome(&agent);
        let scene = Self { world, agent };
        scene.answer(true);
        scene.world.session("a picture", |session| (session.pictures > 0).then_some(()));
        scene
    }

    /// The same with an open terminal.
    fn open(shell: &'static str) -> Self {
        let scene = Self::with(shell);
        scene.world.console.send(ConsoleCommand::Ask(Capability::Shell));
        assert_eq!(scene.answer(true), QuestionKind::Shell);
        scene.world.session("a terminal", |session| (session.shell.state == ShellState::Open).then_some(()));
        scene.prompted();
        scene
    }

    /// Waits for the prompt: what is typed before a shell has begun is shown twice.
    fn prompted(&self) {
        let terminal = self.terminal();
        self.world.eventually("a prompt", || terminal.text().ends_with(['#', '$']));
    }

    /// Waits until a program has the whole screen, or none has.
    fn whole_screen(&self, whole: bool) {
        let terminal = self.terminal();
        self.world.eventually("the screen", || terminal.key_mode().alternate_screen == whole);
    }

    fn answer(&self, yes: bool) -> QuestionKind {
        self.world.answer_at(&self.agent, yes).kind
    }

    /// What is typed while the line is interrupted goes nowhere, as the window says.
    fn types(&self, text: &str) {
        self.world.session("the line", |session| (!session.reconnecting).then_some(()));
        assert!(self.world.console.send(ConsoleCommand::TypeInShell(Typed(text.into()))));
    }

    fn terminal(&self) -> Terminal {
        self.world.session("a terminal", |session| session.shell.terminal.clone())
    }

    /// Waits until the terminal shows this.
    fn sees(&self, what: &str) -> String {
        let terminal = self.terminal();
        // A hundred megabytes take their time where other programs run.
        let deadline = Instant::now() + Duration::from_secs(300);
        loop {
            let text = terminal.text();
            if text.contains(what) {
                return text;
            }
            assert!(Instant::now() < deadline, "{what:?} is not shown but:\n{text}");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn home(&self, name: &str) -> PathBuf {
        self.world.path("home").join(name)
    }

    /// The number that a program wrote into this file.
    fn number(&self, file: &str) -> u32 {
        let mut number = None;
        self.world.eventually(file, || {
            let read = fs::read_to_string(self.home(file)).unwrap_or_default();
            number = read.ends_with('\n').then(|| read.trim().parse().unwrap());
            number.is_some()
        });
        number.unwrap()
    }

    /// The logs of both ends, as each has it, once the person has ended the session.
    fn logs(&self) -> [Report; 2] {
        self.agent.send(AgentCommand::End);
        self.agent.send(AgentCommand::SkipRating);
        let path: PathBuf = self.world.console_shows("the console's log", |view| match &view.stage {
            Stage::Ended(end) if !end.is_closing => end.log.clone(),
            _ => None,
        });
        let folder = self.world.other_shows(&self.agent, "the agent's log", |view| match &view.page {
            Page::Ended(end) => end.log.as_ref().and_then(|log| log.places.first().map(|(_, folder)| folder.clone())),
            _ => None,
        });
        self.agent.send(AgentCommand::SaveLog(folder));
        let saved = self.world.other_shows(&self.agent, "where it is", |view| match &view.page {
            Page::Ended(end) => end.log.as_ref().and_then(|log| log.saved.clone()),
            _ => None,
        });
        let saved = saved.unwrap().into_iter().find(|path| path.ends_with(".ponte-log")).unwrap();
        [saved.into(), path].map(|path| Report::of(fs::read_to_string(path).unwrap()))
    }
}

fn standing(session: &SessionView) -> PowerState {
    let power = session.powers.iter().find(|power| power.capability == Capability::Shell);
    power.map_or(PowerState::Off, |power| power.state)
}

fn commands(log: &Report) -> Vec<String> {
    let commands = log.entries.iter().filter(|entry| matches!(entry.event, Event::Command { .. }));
    commands.map(|entry| log.text_of(&entry.event).unwrap().to_owned()).collect()
}

fn terminals(log: &Report) -> Vec<bool> {
    let terminals = log.entries.iter().filter_map(|entry| match entry.event {
        Event::Terminal { open, .. } => Some(open),
        _ => None,
    });
    terminals.collect()
}

fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn commands_run_where_the_person_sees_them_and_stand_in_both_logs() {
    let scene = Scene::open("/bin/bash");
    scene.world.console.send(ConsoleCommand::ResizeShell(TerminalSize { columns: 100, rows: 30 }));
    scene.types("PS1='ada:~$ '\r");
    scene.types("echo $((6*7)) è 世界\r");
    scene.sees("42 è 世界");
    scene.types("stty size\r");
    scene.sees("30 100");
    let shown = scene.world.other_shows(&scene.agent, "what is done", |view| {
        let lines = view.panel.as_ref()?.shell.clone()?;
        lines.iter().any(|line| line == "30 100").then_some(lines)
    });
    assert!(shown.iter().any(|line| line == "42 è 世界"), "{shown:?}");
    scene.types("exit 3\r");
    scene.world.session("the end of the shell", |session| {
        (session.shell.state == ShellState::Over { code: Some(3) }).then_some(())
    });
    let over = PowerState::Over(GrantEnd::UseOver);
    scene.world.session("that it is over", |session| (standing(session) == over).then_some(()));
    assert!(scene.terminal().text().contains("exit 3"), "what was there may still be read");
    for log in scene.logs() {
        assert!(log.holds(), "{:?}", log.findings);
        assert_eq!(commands(&log)[1..], ["echo $((6*7)) è 世界", "stty size", "exit 3"]);
        assert_eq!(terminals(&log), [true, false]);
    }
}

/// What the console keeps of the terminals of its session, once this is so.
fn kept(scene: &Scene, what: &str, is_so: impl Fn(&Transcript) -> bool) -> Transcript {
    let mut kept = Transcript::default();
    scene.world.eventually(what, || {
        let records = scene.world.records.all();
        let read = records.first().and_then(|record| scene.world.records.transcript(&record.id).ok());
        kept = read.unwrap_or_default();
        is_so(&kept)
    });
    kept
}

fn has_line(transcript: &Transcript, line: &str) -> bool {
    transcript.terminals.iter().flat_map(|terminal| &terminal.lines).any(|shown| shown.text == line)
}

#[test]
fn what_the_terminal_showed_is_kept_sealed_by_the_console_and_the_logs_vouch_for_it() {
    let scene = Scene::open("/bin/bash");
    scene.types("PS1='ada:~$ '\r");
    scene.types("printf '\\033[31mro''sso\\033[0m\\n'\r");
    scene.sees("rosso");
    // While it is still open: what a crash would leave.
    let kept_open = kept(&scene, "the line on the disk", |kept| has_line(kept, "rosso"));
    assert_eq!((kept_open.terminals.len(), kept_open.terminals[0].closed), (1, None));
    scene.types("read -rsp 'Pass''word: ' secret\r");
    scene.sees("Password:");
    scene.types("tulip-of-marco\r");
    scene.types("exit\r");
    scene.world.session("the end of the shell", |session| {
        matches!(session.shell.state, ShellState::Over { .. }).then_some(())
    });
    let logs = scene.logs();
    let kept = kept(&scene, "the end", |kept| kept.terminals.iter().all(|terminal| terminal.closed.is_some()));
    let terminal = &kept.terminals[0];
    let digests = logs.each_ref().map(|log| {
        assert!(log.holds(), "{:?}", log.findings);
        let found = log.entries.iter().find_map(|entry| match entry.event {
            Event::TerminalOutput { size_bytes, sha256, .. } => Some((size_bytes, sha256)),
            _ => None,
        });
        found.unwrap()
    });
    assert_eq!(digests.map(Some), [terminal.closed; 2]);
    assert!(terminal.holds && !terminal.is_cut && !kept.is_damaged);
    assert!(terminal.opened_ms > 0 && terminal.lines.iter().all(|line| line.at_ms >= terminal.opened_ms));
    assert!(kept.to_text().contains("rosso") && !kept.to_text().contains("tulip"));

    // Neither the password nor anything else can be read in the console's folder; with a byte changed nothing is.
    let record = scene.world.records.all()[0].clone();
    assert_eq!(record.kept.terminals, 1);
    let path = scene.world.path("logs").join(format!("ponte-{}.ponte-terminal", record.id));
    let sealed = fs::read(&path).unwrap();
    let has = |bytes: &[u8], what: &str| bytes.windows(what.len()).any(|part| part == what.as_bytes());
    for file in fs::read_dir(scene.world.path("logs")).unwrap() {
        let file = file.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        assert!(!has(&bytes, "tulip"), "{}", file.display());
    }
    assert!(!has(&sealed, "rosso"));
    fs::write(&path, &sealed[..sealed.len() - 9]).unwrap();
    let cut = scene.world.records.transcript(&record.id).unwrap();
    assert!(cut.is_damaged && has_line(&cut, "rosso"), "what was cut short by a crash does not take the rest");
    scene.world.records.erase(&record.id);
    scene.world.eventually("nothing of it", || !path.exists());
}

#[test]
fn of_an_endless_output_the_beginning_is_kept_and_the_end_said() {
    let scene = Scene::open("/bin/bash");
    scene.types("head -c 20000000 /dev/zero | tr '\\0' x | fold -w 79; echo d''one\r");
    scene.sees("done");
    scene.types("exit\r");
    let kept = kept(&scene, "the end", |kept| kept.terminals.iter().any(|terminal| terminal.closed.is_some()));
    let terminal = &kept.terminals[0];
    assert!(terminal.is_cut && terminal.holds, "the beginning has the digest that the log vouches for");
    assert!(terminal.closed.unwrap().0 > 20_000_000 && terminal.left_out > 0);
    let path = scene.world.path("logs").join(format!("ponte-{}.ponte-terminal", scene.world.records.all()[0].id));
    assert!(fs::metadata(path).unwrap().len() < 32 * 1024 * 1024);
    for log in scene.logs() {
        assert!(log.holds(), "{:?}", log.findings);
    }
}

#[test]
fn a_command_stands_in_the_log_also_where_it_was_entered_by_another_key_or_where_a_program_fills_the_screen() {
    let scene = Scene::open("/bin/bash");
    scene.types("echo $((6*7))\x0f");
    scene.sees("42");
    scene.prompted();
    scene.types("printf '\\e[?1049h'\r");
    scene.whole_screen(true);
    scene.prompted();
    scene.types("echo $((50+5))\r");
    scene.sees("55");
    scene.prompted();
    scene.types("sh -c 'echo rea''dy; cat'\r");
    scene.sees("ready");
    scene.types("unseen\r");
    let terminal = scene.terminal();
    scene.world.eventually("what cat says", || terminal.text().matches("unseen").count() == 2);
    let hidden = |entry: &audit_log::Entry| matches!(entry.event, Event::UnseenLines { lines: 1 });
    for log in scene.logs() {
        assert!(log.holds(), "{:?}", log.findings);
        let expected = ["echo $((6*7))", "printf '\\e[?1049h'", "echo $((50+5))", "sh -c 'echo rea''dy; cat'"];
        assert_eq!(commands(&log), expected);
        assert_eq!(log.entries.iter().filter(|entry| hidden(entry)).count(), 1, "what was typed into a program");
    }
}

#[test]
fn what_is_typed_while_the_person_has_paused_is_not_typed_later() {
    let scene = Scene::open("/bin/sh");
    scene.agent.send(AgentCommand::Pause);
    scene.world.session("the pause", |session| session.sharing_paused.then_some(()));
    scene.types("echo $$ >blind\r");
    scene.agent.send(AgentCommand::Resume);
    scene.world.session("its end", |session| (!session.sharing_paused).then_some(()));
    scene.types("echo $$ >seen\r");
    scene.number("seen");
    assert!(!scene.home("blind").exists());
}

#[test]
fn a_no_opens_nothing() {
    let scene = Scene::with("/bin/sh");
    scene.world.console.send(ConsoleCommand::Ask(Capability::Shell));
    scene.answer(false);
    scene.world.session("the no", |session| matches!(standing(session), PowerState::Refused(_)).then_some(()));
    scene.types("touch made\r");
    for log in scene.logs() {
        assert!(log.holds() && terminals(&log).is_empty() && commands(&log).is_empty());
    }
    assert!(!scene.home("made").exists());
}

#[test]
fn taking_it_back_ends_everything_that_was_started_there() {
    let scene = Scene::open("/bin/sh");
    scene.types("sleep 600 & echo $! >a\r");
    scene.types("setsid nohup sh -c 'echo $$ >b; exec sleep 600' >/dev/null 2>&1 &\r");
    let started = [scene.number("a"), scene.number("b")];
    assert!(started.into_iter().all(runs));
    scene.agent.send(AgentCommand::Revoke(Capability::Shell));
    scene.world.session("that it is taken back", |session| (standing(session) == PowerState::Revoked).then_some(()));
    scene.world.session("nothing any more", |session| session.shell.terminal.is_none().then_some(()));
    scene.world.eventually("the end of both", || !started.into_iter().any(runs));
    for log in scene.logs() {
        assert!(log.holds(), "{:?}", log.findings);
        assert_eq!(terminals(&log), [true, false]);
    }
}

#[test]
fn the_end_of_the_session_ends_everything_that_was_started_there() {
    let scene = Scene::open("/bin/sh");
    scene.types("setsid nohup sh -c 'echo $$ >b; exec sleep 600' >/dev/null 2>&1 &\r");
    let started = scene.number("b");
    assert!(runs(started));
    for log in scene.logs() {
        assert!(log.holds(), "{:?}", log.findings);
        assert_eq!(terminals(&log), [true, false]);
    }
    assert!(!runs(started));
}

/// A screen of its own, as long as this stands.
struct Server(std::process::Child, String);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server() -> Server {
    let mut process = std::process::Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("this test needs Xvfb: apt-get install xvfb ({error})"));
    let mut number = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(process.stdout.take().unwrap()), &mut number).unwrap();
    Server(process, format!(":{}", number.trim()))
}

#[test]
fn what_a_program_of_the_terminal_presses_is_no_answer_of_the_persons() {
    let server = server();
    let scene = Scene::open("/bin/bash");
    let presses = [
        ("click 1", Means::Pointer),
        ("mousedown 1 mouseup 1", Means::Pointer),
        ("key Return", Means::Keyboard),
        ("key space", Means::Keyboard),
    ];
    for (number, (press, means)) in presses.into_iter().enumerate() {
        // What the window asks before an answer or a switch counts.
        let mut origin = input::watch_display(Some(&server.1));
        scene.types(&format!("DISPLAY={} xdotool mousemove 100 100 {press} && echo pres''sed {number}\r", server.1));
        scene.sees(&format!("pressed {number}"));
        assert_eq!(origin.verdict(means, Instant::now()), Verdict::Refused(Doubt::ProgramPressed), "{press}");
    }
}

#[test]
fn one_yes_is_one_terminal() {
    let scene = Scene::open("/bin/sh");
    scene.types("exit\r");
    scene.world.session("the end of the shell", |session| {
        (session.shell.state == ShellState::Over { code: Some(0) }).then_some(())
    });
    let over = PowerState::Over(GrantEnd::UseOver);
    scene.world.session("that it is over, and not taken back", |session| (standing(session) == over).then_some(()));
    scene.world.console.send(ConsoleCommand::Ask(Capability::Shell));
    assert_eq!(scene.answer(true), QuestionKind::Shell, "the person is asked again");
    scene.world.session("another terminal", |session| (session.shell.state == ShellState::Open).then_some(()));
    scene.types("echo $((40+2))\r");
    scene.sees("42");
}

#[test]
fn a_file_is_written_with_vim_and_read_with_less() {
    let scene = Scene::open("/bin/bash");
    scene.world.console.send(ConsoleCommand::ResizeShell(TerminalSize { columns: 90, rows: 24 }));
    scene.types("vim -u NONE -N note.txt\r");
    scene.sees("note.txt");
    scene.whole_screen(true);
    scene.types("iprima riga è qui\rseconda riga");
    scene.sees("seconda riga");
    scene.types("\x1b:wq\r");
    scene.world.eventually("the file", || {
        fs::read_to_string(scene.home("note.txt")).is_ok_and(|text| text == "prima riga è qui\nseconda riga\n")
    });
    scene.whole_screen(false);
    scene.types("seq 1 500 | less\r");
    scene.whole_screen(true);
    scene.types("G");
    scene.sees("500");
    scene.types("q");
    scene.whole_screen(false);
    scene.types("htop\r");
    scene.sees("F10");
    scene.types("q");
    scene.whole_screen(false);
    for log in scene.logs() {
        let commands = commands(&log);
        assert!(commands.iter().any(|line| line.ends_with("seq 1 500 | less")), "{commands:?}");
        assert!(!commands.iter().any(|line| line.contains("prima riga")), "what is written in a program: {commands:?}");
    }
}

/// Set for a process in which one test runs alone.
const ALONE: &str = "PONTE_TEST_ALONE";

#[test]
fn a_hundred_megabytes_pass_without_filling_memory_and_can_be_stopped_at_once() {
    if std::env::var_os(ALONE).is_none() {
        // What other tests have in memory would be counted as well.
        let name = "a_hundred_megabytes_pass_without_filling_memory_and_can_be_stopped_at_once";
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let alone = alone.args([name, "--exact"]).env(ALONE, "1").output().unwrap();
        assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stdout));
        return;
    }
    let scene = Scene::open("/bin/bash");
    scene.types("head -c 100000000 /dev/zero | tr '\\0' x | fold -w 79; echo d''one\r");
    let before = memory_bytes();
    scene.sees("done");
    let after = memory_bytes();
    assert!(after < before + 64 * 1024 * 1024, "{before} {after}");
    scene.types("yes\r");
    scene.sees("y\ny\ny");
    let (stopped, terminal) = (Instant::now(), scene.terminal());
    let mut pressed: Option<Instant> = None;
    scene.world.eventually("its end", || {
        // Where the flood delays the sign of life the line counts as interrupted, and what is typed goes nowhere: then
        // whoever sees that nothing happens presses again.
        if pressed.is_none_or(|at| at.elapsed() > Duration::from_secs(3)) {
            pressed = Some(Instant::now());
            for text in ["\x03", "echo aft''er\r"] {
                scene.world.console.send(ConsoleCommand::TypeInShell(Typed(text.into())));
            }
        }
        terminal.text().contains("after")
    });
    assert!(stopped.elapsed() < Duration::from_secs(30), "{:?}", stopped.elapsed());
}

/// What this process, with all three in it, has in memory.
fn memory_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
