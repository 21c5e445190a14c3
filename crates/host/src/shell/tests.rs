//! Real shells in real terminals: this test's program also keeps them.

use super::*;
use consent::{Answer, ConsentCell, Lease};
use proto::session::{Request, RequestId};
use std::fs;
use std::time::Instant;

/// What the part of the keeper is called on the command line.
const KEEPER: [&str; 3] = ["shell::tests::the_part_of_the_keeper", "--exact", "--quiet"];
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process of its own, started by the others; among them it does nothing, because nobody orders anything.
#[test]
fn the_part_of_the_keeper() {
    keep_shell();
}

fn lease() -> (ConsentCell, Lease<Shell>) {
    let consent = ConsentCell::new();
    for (id, request) in [(RequestId(1), Request::View), (RequestId(2), Request::Shell)] {
        consent.ask(Instant::now(), id, request).unwrap();
        consent.mark_shown(Instant::now(), id);
        assert!(consent.answer(Instant::now(), id, Answer::Allow));
    }
    let lease = consent.lease(None).unwrap();
    (consent, lease)
}

/// A shell in a folder of its own, and what it has written.
struct Session {
    terminal: Arc<dyn Terminal>,
    lease: Lease<Shell>,
    _consent: ConsentCell,
    folder: tempfile::TempDir,
    seen: String,
}

impl Session {
    fn start(program: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shells = ThisMachinesShells::new(folder.path().to_owned()).kept_with(&KEEPER).running(program.into());
        let (consent, lease) = lease();
        let terminal = lease.with(|permit| shells.open(permit, TerminalSize::USUAL)).unwrap().unwrap();
        Self { terminal, lease, _consent: consent, folder, seen: String::new() }
    }

    fn say(&self, line: &str) {
        let mut bytes = line.as_bytes();
        while !bytes.is_empty() {
            let taken = self.lease.with(|permit| self.terminal.write(permit, bytes)).unwrap().unwrap();
            bytes = &bytes[taken..];
        }
    }

    fn read(&mut self) -> Read {
        self.terminal.wait(Duration::from_millis(100));
        let mut buffer = [0; 4096];
        let read = self.lease.with(|permit| self.terminal.read(permit, &mut buffer)).unwrap();
        if let Read::Bytes(length) = read {
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        read
    }

    /// Waits until this has been written, and gives what came before.
    fn sees(&mut self, what: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(what) {
                let rest = self.seen.split_off(at + what.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            assert!(Instant::now() < deadline, "{what:?} does not come; there is {:?}", self.seen);
            self.read();
        }
    }

    fn ends(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "it does not end");
            if let Read::Over(code) = self.read() {
                return code;
            }
        }
    }

    /// The number that a program wrote into this file.
    fn number(&self, file: &str) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let read = fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
            if let (Ok(number), true) = (read.trim().parse(), read.ends_with('\n')) {
                return number;
            }
            assert!(Instant::now() < deadline, "nothing in {file}");
            self.terminal.wait(Duration::from_millis(10));
        }
    }
}

fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn a_shell_runs_in_a_terminal_of_its_own_where_it_was_told_to() {
    let mut session = Session::start("/bin/sh");
    session.say("tty -s && pwd -P && stty size && echo $TERM-$((6*7))\n");
    let seen = session.sees("xterm-256color-42");
    assert!(seen.contains("24 80"), "{seen:?}");
    assert!(seen.contains(fs::canonicalize(session.folder.path()).unwrap().to_str().unwrap()), "{seen:?}");
    let size = TerminalSize { columns: 132, rows: 50 };
    session.lease.with(|permit| session.terminal.resize(permit, size)).unwrap().unwrap();
    session.say("stty size\n");
    session.sees("50 132");
    session.say("exit 7\n");
    assert_eq!(session.ends(), Some(7));
}

#[test]
fn what_a_program_hides_is_known_to_be_hidden() {
    let mut session = Session::start("/bin/sh");
    session.say("stty -echo; echo hid''den; read secret; stty echo; echo sh''own\n");
    session.sees("hidden");
    assert!(session.terminal.is_hidden());
    session.say("tulip\n");
    let seen = session.sees("shown");
    assert!(!seen.contains("tulip") && !session.terminal.is_hidden(), "{seen:?}");
}

/// What a program may do to outlive its shell, each writing its number into a file.
const AWAY: &str = "sleep 600 & echo $! >a\n\
    setsid nohup sh -c 'echo $$ >b; exec sleep 600' >/dev/null 2>&1 &\n\
    (setsid sh -c '(trap \"\" HUP TERM INT; env -i PATH=$PATH setsid sh -c \"echo \\$\\$ >c; exec sleep 600\" >/dev/null 2>&1 &)' &)\n\
    sh -c 'echo $$ >d; while :; do :; done'\n";

#[test]
fn at_the_end_everything_ends_that_was_started_there_also_what_went_away() {
    let session = Session::start("/bin/sh");
    session.say(AWAY);
    let started = ["a", "b", "c", "d"].map(|file| session.number(file));
    assert!(started.into_iter().all(runs));
    assert_eq!(session.terminal.end(), 0);
    assert_eq!(started.map(runs), [false; 4]);
}

/// Set, to a folder, for a process that is an agent with a terminal.
const AGENT: &str = "PONTE_TEST_SHELL_AGENT";

/// A process of its own: an agent that has opened a terminal, until it is killed.
#[test]
fn the_part_of_an_agent() {
    let Some(folder) = std::env::var_os(AGENT) else { return };
    let session = Session::start("/bin/sh");
    session.say(&format!("cd '{}'\n", folder.to_str().unwrap()));
    session.say(AWAY);
    loop {
        session.terminal.wait(PATIENCE);
    }
}

#[test]
fn when_the_agent_is_killed_everything_ends_that_was_started_there_also_what_went_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut agent = std::process::Command::new(std::env::current_exe().unwrap());
    let mut agent = agent
        .args(["shell::tests::the_part_of_an_agent", "--exact"])
        .env(AGENT, folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    let number = |file: &str| loop {
        let read = fs::read_to_string(folder.path().join(file)).unwrap_or_default();
        if let Some(number) = read.strip_suffix('\n') {
            return number.parse::<u32>().unwrap();
        }
        assert!(Instant::now() < deadline, "{file}");
        std::thread::park_timeout(Duration::from_millis(10));
    };
    let started = ["a", "b", "c", "d"].map(number);
    assert!(started.into_iter().all(runs));
    // SIGKILL: it can do nothing more itself.
    agent.kill().unwrap();
    agent.wait().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while started.into_iter().any(runs) {
        assert!(Instant::now() < deadline, "{:?}", started.map(runs));
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn when_the_shell_ends_by_itself_nothing_of_it_stays() {
    let mut session = Session::start("/bin/sh");
    session.say("setsid nohup sh -c 'echo $$ >b; exec sleep 600' >/dev/null 2>&1 &\n");
    let started = session.number("b");
    session.say("exit\n");
    assert_eq!(session.ends(), Some(0));
    assert!(!runs(started));
}

/// Set for a process in which one test runs alone.
const ALONE: &str = "PONTE_TEST_ALONE";

#[test]
fn who_ends_the_keeper_first_frees_nothing() {
    if std::env::var_os(ALONE).is_none() {
        // The keepers of other tests would be taken for what this one has lost.
        let name = "shell::tests::who_ends_the_keeper_first_frees_nothing";
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let alone = alone.args([name, "--exact"]).env(ALONE, "1").output().unwrap();
        assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stdout));
        return;
    }
    let session = Session::start("/bin/sh");
    session.say("echo $PPID >k; setsid nohup sh -c 'echo $$ >b; exec sleep 600' >/dev/null 2>&1 &\n");
    session.say("env -u PONTE_SHELL setsid nohup sh -c 'sleep 600 & echo $! >c; echo $$ >d; wait' >/dev/null 2>&1 &\n");
    let keeper = session.number("k");
    let started = ["b", "c", "d"].map(|file| session.number(file));
    let mut own = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    session.say(&format!("kill -9 {keeper}\n"));
    let deadline = Instant::now() + PATIENCE;
    while runs(keeper) {
        assert!(Instant::now() < deadline);
        session.terminal.wait(Duration::from_millis(10));
    }
    assert_eq!(session.terminal.end(), 0);
    assert_eq!(started.map(runs), [false; 3]);
    assert!(runs(own.id()), "what this program has started goes on");
    own.kill().unwrap();
    own.wait().unwrap();
}

#[test]
fn ctrl_c_stops_a_program_though_the_agent_was_started_with_that_ignored() {
    if std::env::var_os(ALONE).is_none() {
        let name = "shell::tests::ctrl_c_stops_a_program_though_the_agent_was_started_with_that_ignored";
        let mut alone = std::process::Command::new("/bin/sh");
        alone.args(["-c", "trap '' INT; exec \"$@\"", "sh"]).arg(std::env::current_exe().unwrap());
        let alone = alone.args([name, "--exact"]).env(ALONE, "1").output().unwrap();
        assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stdout));
        return;
    }
    let mut session = Session::start("/bin/sh");
    session.say("sh -c 'echo \"beg\"un; exec sleep 600'\n");
    session.sees("begun");
    session.say("\x03");
    session.say("echo stop''ped\n");
    session.sees("stopped");
}

#[test]
fn a_shell_that_is_not_there_has_ended() {
    assert_eq!(Session::start("/nowhere/shell").ends(), Some(127));
}
