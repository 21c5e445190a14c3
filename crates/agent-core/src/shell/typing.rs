//! What the operator types, on its way to the programs in the terminal.
//!
//! While a program hides what is typed, it gets whole lines, one at a time, and the next only if it still hides: what
//! such a program leaves unread would else go to the shell, which shows it, and carries it out. It is dropped here, as
//! programs that ask for passwords drop what came too early themselves (TCSAFLUSH of tcsetattr(3)). Programs see no
//! difference: a terminal that collects lines gives them nothing before the end of one.

use super::{ENTERS, STOPS, Shared, ShellReport, TAKE_PACE, TAKES_WITHIN};
use consent::Revoked;
use session::StreamError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Longest line that a terminal collects, in bytes (MAX_CANON of Linux).
const LINE_BYTES: usize = 4096;
/// What is typed has come to the programs after this time.
const SETTLED: Duration = Duration::from_millis(40);
/// A program that has read a line has gone on after this time, also on a busy machine: it shows again what is typed, or
/// waits for more.
const GONE_ON: Duration = Duration::from_millis(200);

/// Where typing stands.
#[derive(Default)]
pub(super) struct Typing {
    /// A hidden line, until its end is typed.
    held: Zeroizing<Vec<u8>>,
}

impl Typing {
    /// Takes what was typed. What is typed while the sharing is paused is typed blind: it goes nowhere, nor later.
    pub(super) async fn take<R: From<ShellReport>>(
        &mut self,
        shared: &Shared,
        bytes: &[u8],
        report: &mpsc::Sender<R>,
    ) -> Result<(), StreamError> {
        if shared.is_paused() {
            self.held.clear();
            return Ok(());
        }
        if !shared.terminal.is_hidden() {
            self.held.clear();
            let enters = bytes.iter().filter(|byte| ENTERS.contains(byte)).count();
            shared.entered.add(Instant::now(), enters);
            return give(shared, bytes).await;
        }
        for byte in bytes {
            match byte {
                // Enter, and the end of a file (Ctrl+D), end a line.
                b'\r' | b'\n' | 0x04 => {
                    let mut line = std::mem::take(&mut self.held);
                    let is_line = !(line.is_empty() && *byte == 0x04);
                    line.push(*byte);
                    if is_line {
                        let hidden = ShellReport::HiddenLine(shared.request);
                        report.send(hidden.into()).await.map_err(|_| StreamError::Gone)?;
                    }
                    give(shared, &line).await?;
                    if !is_taken(shared).await? {
                        return Ok(());
                    }
                }
                // What stops a program (Ctrl+C, Ctrl+\, Ctrl+Z) takes the line with it.
                byte if STOPS.contains(byte) => {
                    self.held.clear();
                    give(shared, &[*byte]).await?;
                }
                // What holds its output (Ctrl+S) and lets it go on (Ctrl+Q) is no part of a line.
                0x11 | 0x13 => give(shared, &[*byte]).await?,
                byte if self.held.len() < LINE_BYTES => self.held.push(*byte),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Waits until a program has read the line. False if none has, or if it hides no more: what follows is not for it.
async fn is_taken(shared: &Shared) -> Result<bool, StreamError> {
    let deadline = Instant::now() + TAKES_WITHIN;
    loop {
        tokio::time::sleep(SETTLED).await;
        let is_hidden = shared.terminal.is_hidden();
        if !shared.terminal.is_unread() {
            tokio::time::sleep(GONE_ON).await;
            return Ok(is_hidden && shared.terminal.is_hidden());
        }
        if !is_hidden || Instant::now() >= deadline {
            tracing::debug!("a hidden line was not read");
            shared.lease.with(|permit| shared.terminal.forget_unread(permit)).map_err(|Revoked| StreamError::Gone)?;
            return Ok(false);
        }
    }
}

/// Gives it to whatever program reads.
async fn give(shared: &Shared, mut bytes: &[u8]) -> Result<(), StreamError> {
    let deadline = Instant::now() + TAKES_WITHIN;
    while !bytes.is_empty() && !shared.is_paused() {
        if shared.is_over.load(Ordering::Relaxed) {
            return Err(StreamError::Gone);
        }
        let taken = shared.lease.with(|permit| shared.terminal.write(permit, bytes));
        let Ok(taken) = taken.map_err(|Revoked| StreamError::Gone)? else { return Err(StreamError::Gone) };
        bytes = bytes.get(taken..).unwrap_or_default();
        if taken == 0 {
            if Instant::now() >= deadline {
                tracing::debug!("a program does not read what is typed");
                return Ok(());
            }
            tokio::time::sleep(TAKE_PACE).await;
        }
    }
    Ok(())
}
