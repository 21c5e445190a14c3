//! A program that uses `ponte-console headless` as an integrator would: over pipes. Every line of both ways is
//! held against the schema.

use crate::schema::Schema;
use e2e::{World, program};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// No step of a test takes longer on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(180);

pub(crate) struct Caller {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    errors: Option<JoinHandle<String>>,
    schema: Schema,
    /// What came and was not looked at yet.
    events: VecDeque<Value>,
    /// Answers that nobody has asked for yet.
    answers: Vec<Value>,
    /// Every line of output.
    pub(crate) all: String,
    last_id: u64,
}

impl Caller {
    /// The operator of this world, not signed in.
    pub(crate) fn start(world: &World) -> Self {
        Self::with(world, &[])
    }

    pub(crate) fn with(world: &World, more: &[&str]) -> Self {
        let mut child = Command::new(program::console())
            .arg("headless")
            .arg("--data")
            .arg(world.path("console"))
            .arg("--organisation")
            .arg(world.path("relay/organisation.ponte"))
            .arg("--operator")
            .arg(world.path("relay/operator.ponte-vault"))
            .arg("--pictures")
            .arg(world.folder.path())
            .arg("--logs")
            .arg(world.path("headless-logs"))
            .args(["--lang", "en", "--link", "quic"])
            .args(more)
            .env("PONTE_LOG", "trace")
            // There is no display, whatever the machine of the test has.
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, output) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || stdout.lines().map_while(Result::ok).all(|line| tell.send(line).is_ok()));
        let mut stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        let (input, errors) = (child.stdin.take(), Some(errors));
        let mut caller = Self {
            child,
            input,
            output,
            errors,
            schema: Schema::read(),
            events: VecDeque::new(),
            answers: Vec::new(),
            all: String::new(),
            last_id: 0,
        };
        caller.event("ready");
        caller
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Sends a command and gives its number.
    pub(crate) fn send(&mut self, mut command: Value) -> u64 {
        self.last_id += 1;
        command["id"] = json!(self.last_id);
        self.schema.check("command", &command);
        self.raw(format!("{command}\n").as_bytes());
        self.last_id
    }

    /// Does it and gives the answer, which has to be yes.
    pub(crate) fn ask(&mut self, command: Value) -> Value {
        let shown = command["do"].clone();
        let id = self.send(command);
        let answer = self.answer(&json!(id));
        assert_eq!(answer["ok"], true, "{shown}: {answer}");
        answer
    }

    /// Does it and gives the code of the refusal.
    pub(crate) fn refused(&mut self, command: Value) -> String {
        let id = self.send(command);
        self.refusal(&json!(id))["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn refusal(&mut self, id: &Value) -> Value {
        let answer = self.answer(id);
        assert_eq!(answer["ok"], false, "{answer}");
        answer["error"].clone()
    }

    /// The answer to the command of this name.
    pub(crate) fn answer(&mut self, id: &Value) -> Value {
        loop {
            if let Some(at) = self.answers.iter().position(|answer| answer["id"] == *id) {
                return self.answers.remove(at);
            }
            assert!(self.read(), "no answer to {id}");
        }
    }

    /// The next event of this name; what came before it is passed over.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        self.event_with(name, |_| true)
    }

    /// The next event of this name that is like this.
    pub(crate) fn event_with(&mut self, name: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            while let Some(event) = self.events.pop_front() {
                if event["event"] == name && is_it(&event) {
                    return event;
                }
            }
            assert!(self.read(), "no {name}");
        }
    }

    /// The next event of each of these names, in whatever order they come; what else comes is passed over.
    pub(crate) fn events<const N: usize>(&mut self, names: [&str; N]) -> [Value; N] {
        let mut found = [const { None }; N];
        while found.iter().any(Option::is_none) {
            match self.events.pop_front() {
                Some(event) => {
                    if let Some(at) = names.iter().position(|name| event["event"] == *name) {
                        found[at].get_or_insert(event);
                    }
                }
                None => assert!(self.read(), "not all of {names:?}"),
            }
        }
        found.map(Option::unwrap)
    }

    /// Takes a line; false at the end.
    fn read(&mut self) -> bool {
        let line = match self.output.recv_timeout(DEADLINE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => panic!("nothing comes; until now:\n{}", self.all),
        };
        writeln!(self.all, "{line}").unwrap();
        let value: Value = serde_json::from_str(&line).unwrap();
        if value.get("event").is_some() {
            self.schema.check("event", &value);
            self.events.push_back(value);
        } else {
            self.schema.check("answer", &value);
            self.answers.push(value);
        }
        true
    }

    pub(crate) fn sign_in(&mut self) {
        let answer = self.ask(json!({"do": "sign_in", "password": identity::dev::SAMPLE_PASSWORD}));
        assert_eq!(answer["operator"]["name"], identity::dev::SAMPLE_OPERATOR);
    }

    pub(crate) fn new_key(&mut self) -> String {
        self.ask(json!({"do": "new_key"}));
        self.event("key")["key"].as_str().unwrap().to_owned()
    }

    /// Asks the program to end, as a service manager does.
    pub(crate) fn terminate(&self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Ends the program by force: it does nothing more.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Closes the input, reads the rest, and gives the exit code and what went to the standard error.
    pub(crate) fn finish(&mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        while self.read() {}
        // The output is closed by the end of the program and by nothing else.
        let code = self.child.wait().unwrap().code();
        (code, self.errors.take().unwrap().join().unwrap())
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
