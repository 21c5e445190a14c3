//! What this crate's tests share: a granted consent, events, and an X server of their own.

use consent::{Answer, Consent};
use proto::input::{InputEvent, KeyUsage, Modifiers};
use proto::session::{Request, RequestId};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// A consent in which viewing and control were asked, shown and allowed.
pub(crate) fn controlling() -> Consent {
    let now = Instant::now();
    let mut consent = Consent::new();
    for (id, request) in [(RequestId(1), Request::View), (RequestId(2), Request::Control)] {
        consent.ask(now, id, request).unwrap();
        consent.mark_shown(now, id);
        assert!(consent.answer(Instant::now(), id, Answer::Allow));
    }
    consent
}

/// A key event.
pub(crate) fn key(usage: u8, down: bool) -> InputEvent {
    InputEvent::Key { usage: KeyUsage(usage), down, modifiers: Modifiers::default() }
}

/// A program that ends when dropped.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An X server without a screen.
pub(crate) struct Xvfb {
    _process: Process,
    /// Its name, as in `DISPLAY`.
    pub(crate) display: String,
}

impl Xvfb {
    /// A server that has chosen a free number for itself.
    pub(crate) fn start() -> Self {
        let mut server = Command::new("Xvfb");
        server.args(["-screen", "0", "640x480x24"]);
        Self::started(server)
    }

    /// A server that does not know processes: a window belongs to the one that it says.
    pub(crate) fn that_believes() -> Self {
        let mut server = Command::new("Xvfb");
        server.args(["-screen", "0", "640x480x24", "-extension", "X-Resource"]);
        Self::started(server)
    }

    /// A server inside that one, with these options, whose mouse and keyboard are that one's pointer and keys.
    pub(crate) fn inside(outer: &Self, options: &[&str]) -> Self {
        let mut server = Command::new("Xephyr");
        server.args(["-screen", "640x480", "-no-host-grab"]).args(options).env("DISPLAY", &outer.display);
        Self::started(server)
    }

    fn started(mut server: Command) -> Self {
        let program = server.get_program().to_string_lossy().into_owned();
        // No key repeats by itself: a busy machine may hold one down for long.
        let mut process = server
            .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-ardelay", "60000"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs {program}, see `cargo xtask setup`: {error}"));
        let mut number = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut number).unwrap();
        assert!(!number.trim().is_empty(), "{program} did not start");
        Self { display: format!(":{}", number.trim()), _process: Process(process) }
    }
}
