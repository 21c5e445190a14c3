//! The watcher in processes of its own: this test's program is also the agent and the watcher.

use super::linux::ENDING;
use super::*;
use crate::fake::FakeProgram;
use std::fs;
use std::io::{BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What these parts are called on the command line.
const WATCHER: [&str; 3] = ["watcher::tests::the_part_of_the_watcher", "--exact", "--quiet"];
const AGENT: [&str; 3] = ["watcher::tests::the_part_of_the_agent", "--exact", "--nocapture"];
/// Where the agent makes its files.
const FOLDER: &str = "PONTE_TEST_FOLDER";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time between two looks.
const PACE: Duration = Duration::from_millis(5);

fn is_part(name: &str) -> bool {
    name == ".part"
}

/// A process of its own, started by the agent's; among the other tests it does nothing.
#[test]
fn the_part_of_the_watcher() {
    if std::env::var_os(FOLDER).is_some() {
        watch(is_part);
    }
}

/// A process of its own, started by the others; among them it does nothing.
#[test]
fn the_part_of_the_agent() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let removal = Removal::new(std::env::current_exe().unwrap()).watched_by(start_with(&WATCHER).unwrap());
    removal.unfinished_in(&folder, is_part);
    fs::write(folder.join(".part"), "half").unwrap();
    for name in ["made", "forgotten"] {
        removal.created(folder.join(name));
        fs::write(folder.join(name), "x").unwrap();
    }
    removal.forget(&folder.join("forgotten"));
    removal.created_with_contents(folder.join("folder"));
    fs::create_dir(folder.join("folder")).unwrap();
    removal.created_with_contents(folder.join("folder/ours"));
    fs::create_dir(folder.join("folder/ours")).unwrap();
    fs::write(folder.join("folder/ours/log"), "x").unwrap();
    removal.kept(folder.join("folder/letter"));
    fs::write(folder.join("folder/letter"), "x").unwrap();
    removal.created(folder.join("full"));
    fs::create_dir(folder.join("full")).unwrap();
    println!("ready");
    for line in io::stdin().lines() {
        match line.unwrap().as_str() {
            "run" => {
                let report = removal.run();
                println!("removed {} failed {}", report.removed.len(), report.failed.len());
            }
            "call off" => {
                removal.call_off();
                println!("called off");
            }
            "flood" => {
                for number in 0..10_000 {
                    removal.created(folder.join(number.to_string()));
                }
                println!("flooded");
            }
            _ => return,
        }
    }
}

/// An agent in a process and a process group of its own.
struct Agent {
    process: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
    watcher: u32,
}

impl Agent {
    /// Starts one by a command that may do something before, and waits until it has made its files.
    fn start(mut command: Command, folder: &Path) -> Self {
        command.args(AGENT).env(FOLDER, folder).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let (words, answers) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut agent = Self { process, words, answers, watcher: 0 };
        agent.answer("ready");
        agent.watcher = agent.children()[0];
        agent
    }

    fn say(&mut self, word: &str) {
        self.words.write_all(format!("{word}\n").as_bytes()).unwrap();
    }

    /// The line that begins like this.
    fn answer(&mut self, beginning: &str) -> String {
        let line = self.answers.by_ref().lines().map(Result::unwrap).find_map(|line| {
            // The harness writes its own words before.
            line.find(beginning).map(|at| line[at..].to_owned())
        });
        line.unwrap_or_else(|| panic!("the agent does not say {beginning:?}"))
    }

    fn children(&self) -> Vec<u32> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let lists = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("children")).unwrap());
        lists.flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>()).collect()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether that process has ended; one that nobody has waited for yet has.
fn has_ended(process: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { return true };
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
}

fn until(what: &str, mut look: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !look() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::park_timeout(PACE);
    }
}

/// A folder with a copy of this program, and what else is in it afterwards.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        // Anybody may come in.
        fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(place.files()).unwrap();
        fs::set_permissions(place.files(), fs::Permissions::from_mode(0o777)).unwrap();
        fs::create_dir(place.program().parent().unwrap()).unwrap();
        // By another process: one that a thread of another test forks just now would hold a copy of ours open for
        // writing, and what is written to cannot be run.
        let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(place.program()).status();
        assert!(copied.unwrap().success());
        place
    }

    fn program(&self) -> PathBuf {
        self.0.path().join("bin/agent")
    }

    fn files(&self) -> PathBuf {
        self.0.path().join("files")
    }

    /// The names of the files that are left.
    fn left(&self) -> Vec<String> {
        let mut left: Vec<_> = fs::read_dir(self.files())
            .unwrap()
            .chain(fs::read_dir(self.files().join("folder")).into_iter().flatten())
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        left
    }

    fn agent(&self) -> Agent {
        Agent::start(Command::new(self.program()), &self.files())
    }
}

/// What stays whatever happens: what the agent forgot is not its own any more.
const STAYS: [&str; 3] = ["folder", "forgotten", "letter"];

#[test]
fn after_a_kill_everything_that_was_named_goes_and_the_program_too() {
    let place = Place::new();
    let mut agent = place.agent();
    let watcher = agent.watcher;
    let name = || fs::read_to_string(format!("/proc/{watcher}/comm")).unwrap();
    until("the watcher's name", || name() == "ponte-watcher\n");
    agent.process.kill().unwrap();
    agent.process.wait().unwrap();
    until("the watcher's end", || has_ended(watcher));
    assert_eq!(place.left(), STAYS);
    assert!(!place.program().exists());
}

#[test]
fn a_signal_to_the_agents_group_does_not_reach_the_watcher() {
    for signal in ["INT", "HUP", "TERM"] {
        let place = Place::new();
        let mut agent = place.agent();
        let watcher = agent.watcher;
        // The watcher itself heeds none either: at the end of a desktop's session all get one.
        let line = format!("kill -s {signal} {watcher}; kill -s {signal} -- -{}", agent.process.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
        agent.process.wait().unwrap();
        until("the watcher's end", || has_ended(watcher));
        assert_eq!(place.left(), STAYS, "{signal}");
        assert!(!place.program().exists(), "{signal}");
    }
}

#[test]
fn after_the_agents_own_removal_the_watcher_ends_at_once() {
    let place = Place::new();
    let mut agent = place.agent();
    let asked = Instant::now();
    agent.say("run");
    assert_eq!(agent.answer("removed"), "removed 5 failed 0");
    // On a busy machine it may take longer than the agent waits for it.
    if asked.elapsed() < ENDING {
        assert!(agent.children().is_empty() && has_ended(agent.watcher));
    }
    until("the watcher's end", || has_ended(agent.watcher));
    assert_eq!(place.left(), STAYS);
    assert!(!place.program().exists());
}

/// A command that runs the rest of its words as nobody, with that folder mounted read-only where
/// only they see it.
fn as_nobody(read_only: Option<&Path>) -> Command {
    let mut command = Command::new("unshare");
    let mount = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\"";
    let line = format!(
        "if [ -n \"$1\" ]; then {mount} || exit 9; fi; shift; exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\""
    );
    command.args(["--mount", "sh", "-c", &line, "sh"]).arg(read_only.unwrap_or(Path::new("")));
    command
}

#[test]
fn a_program_that_may_not_be_removed_is_reported_and_ends_normally() {
    let may_mount = as_nobody(None).arg("true").status().is_ok_and(|status| status.success());
    if !may_mount {
        let is_root = fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap() == 0;
        assert!(!is_root, "an administrator can make a read-only place here");
        return;
    }
    for is_mounted in [true, false] {
        let place = Place::new();
        let bin = place.program().parent().unwrap().to_owned();
        let mut command = as_nobody(is_mounted.then_some(bin.as_path()));
        command.arg(place.program());
        let mut agent = Agent::start(command, &place.files());
        let status = fs::read_to_string(format!("/proc/{}/status", agent.process.id())).unwrap();
        assert!(status.contains("\nUid:\t65534\t"), "{status}");
        agent.say("run");
        assert_eq!(agent.answer("removed"), "removed 4 failed 1");
        agent.say("leave");
        assert!(agent.process.wait().unwrap().success());
        until("the watcher's end", || has_ended(agent.watcher));
        assert_eq!(place.left(), STAYS);
        assert!(place.program().exists());
    }
}

#[test]
fn what_failed_is_tried_once_more_after_the_agents_end() {
    let place = Place::new();
    let mut agent = place.agent();
    let (watcher, obstacle) = (agent.watcher, place.files().join("full/not ours"));
    fs::write(&obstacle, "x").unwrap();
    agent.say("run");
    assert_eq!(agent.answer("removed"), "removed 4 failed 1");
    fs::remove_file(obstacle).unwrap();
    agent.say("leave");
    agent.process.wait().unwrap();
    until("the watcher's end", || has_ended(watcher));
    assert_eq!(place.left(), STAYS);
}

#[test]
fn a_watcher_that_does_not_listen_is_ended_and_removes_nothing() {
    let place = Place::new();
    let mut agent = place.agent();
    let watcher = agent.watcher.to_string();
    assert!(Command::new("kill").args(["-s", "STOP", &watcher]).status().unwrap().success());
    agent.say("flood");
    agent.answer("flooded");
    assert!(has_ended(agent.watcher));
    drop(agent);
    assert!(place.files().join("made").exists() && place.program().exists());
}

#[test]
fn an_agent_that_calls_it_off_keeps_its_program() {
    let place = Place::new();
    let mut agent = place.agent();
    let asked = Instant::now();
    agent.say("call off");
    agent.answer("called off");
    if asked.elapsed() < ENDING {
        assert!(has_ended(agent.watcher));
    }
    until("the watcher's end", || has_ended(agent.watcher));
    drop(agent);
    assert!(place.files().join("made").exists() && place.program().exists());
}

/// What is left to do after these lines, for a program that is a file.
fn heard(lines: &[Vec<u8>]) -> Option<crate::RemovalReport> {
    let input = lines.concat();
    let heard = listen(&mut input.as_slice(), Box::new(FakeProgram::default()), is_part);
    heard.map(|removal| removal.run())
}

#[test]
fn what_cannot_be_read_leaves_everything_but_the_program() {
    let line = |word: Word| word.line().unwrap();
    let broken: [&[u8]; 4] = [b"kept 9 2f\n", b"hello\n", b"kept", &[b'x'; 2 * LINE_BYTES]];
    for broken in broken {
        let folder = tempfile::tempdir().unwrap();
        let (made, program) = (folder.path().join("made"), folder.path().join("program"));
        for file in [&made, &program] {
            fs::write(file, "x").unwrap();
        }
        let lines = [
            GREETING.to_vec(),
            line(Word::Program(program.clone())),
            line(Word::Made(made.clone())),
            broken.to_vec(),
            line(Word::Made(made.clone())),
        ];
        assert_eq!(heard(&lines).unwrap().removed, [program]);
        assert!(made.exists());
    }
}

#[test]
fn nothing_is_removed_after_the_last_word_or_for_a_stranger() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    fs::write(&made, "x").unwrap();
    let word = Word::Made(made.clone()).line().unwrap();
    assert!(heard(&[GREETING.to_vec(), word.clone(), b"done\n".to_vec()]).is_none());
    assert!(heard(&[b"ponte-agent watcher 2\n".to_vec(), word.clone()]).is_none());
    assert!(heard(&[]).is_none() && made.exists());
    assert_eq!(heard(&[GREETING.to_vec(), word]).unwrap().removed, [made]);
}
