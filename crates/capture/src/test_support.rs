//! What this crate's tests share: a granted consent, and X servers of their own.

use consent::{Answer, Consent};
use proto::session::{Request, RequestId};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough for anything that must happen.
pub(crate) const LONG: Duration = Duration::from_secs(60);
/// Long enough to see that nothing happens.
pub(crate) const SHORT: Duration = Duration::from_millis(40);

/// A consent in which viewing was asked, shown and allowed.
pub(crate) fn viewing() -> Consent {
    let now = Instant::now();
    let mut consent = Consent::new();
    consent.ask(now, RequestId(1), Request::View).unwrap();
    consent.mark_shown(now, RequestId(1));
    assert!(consent.answer(Instant::now(), RequestId(1), Answer::Allow));
    consent
}

/// An X server without a screen, ended when dropped.
pub(crate) struct Xvfb {
    process: Child,
    /// Its name, as in `DISPLAY`.
    pub(crate) display: String,
}

impl Xvfb {
    /// A server of this size that has chosen a free number for itself.
    pub(crate) fn start(size: &str, more: &[&str]) -> Self {
        let mut process = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp", "-noreset"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs Xvfb: apt-get install xvfb");
        let mut number = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut number).unwrap();
        assert!(!number.trim().is_empty(), "Xvfb did not start");
        Self { process, display: format!(":{}", number.trim()) }
    }

    /// A server that does not know processes: a window belongs to the one that it says.
    pub(crate) fn that_believes(size: &str) -> Self {
        Self::start(size, &["-extension", "X-Resource"])
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
