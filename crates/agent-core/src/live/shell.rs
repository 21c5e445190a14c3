//! A terminal with the person's shell, under its grant: opened by a yes, closed with everything that was started in it.

use super::{EVENTS, Flow, GOODBYE, Live};
use crate::shell::{Found, OpenShell, ShellReport};
use audit_log::Event;
use consent::Scope;
use proto::session::{Capability, EndReason, Request, RequestId};
use session::{Reader, StreamError};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};

/// What a terminal is granted as.
const SHELL: Scope = Scope { capability: Capability::Shell, transfer: None };
/// Command lines that one session may leave in the log; nobody enters so many by hand. What could not be written
/// down is not done: the terminal closes.
const MOST_COMMANDS: usize = 5000;
/// As many bytes may all of them have: at worst twice as many in JSON, so that with what stands around each the log,
/// which takes 8 MiB, has room for them.
const COMMANDS_BYTES: usize = 1536 * 1024;

/// The terminal of a session: at most one.
pub(super) struct ShellWork {
    /// On a way of its own: what was entered there is written down, whatever else the console does.
    pub(super) events: (mpsc::Sender<ShellReport>, mpsc::Receiver<ShellReport>),
    open: Option<Open>,
    commands: usize,
    /// How long all of them were, in bytes.
    commands_bytes: usize,
    /// Programs that could not be ended.
    left: usize,
    /// A question for another one that came while the last was being closed.
    next: Option<RequestId>,
}

impl Default for ShellWork {
    fn default() -> Self {
        Self { events: mpsc::channel(EVENTS), open: None, commands: 0, commands_bytes: 0, left: 0, next: None }
    }
}

/// A terminal that is ending with the session.
pub(super) type Ending = (OpenShell, JoinHandle<usize>);

struct Open {
    shell: OpenShell,
    giving: AbortHandle,
    taking: Option<AbortHandle>,
    lines: Arc<[String]>,
    is_closing: bool,
}

impl ShellWork {
    /// Whether there is a terminal, also one that is just being closed.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the log takes no more command lines, so that no terminal stays open.
    pub(super) fn is_log_full(&self) -> bool {
        self.commands >= MOST_COMMANDS || self.commands_bytes >= COMMANDS_BYTES
    }

    /// Whether this question for another one is put later: the last is just being closed, and no other waits.
    pub(super) fn waits_for_the_last(&mut self, request: RequestId) -> bool {
        let waits = self.next.is_none() && self.open.as_ref().is_some_and(|open| open.is_closing);
        if waits {
            self.next = Some(request);
        }
        waits
    }

    /// The console takes its question back. True if it was not put yet.
    pub(super) fn asks_no_more(&mut self, request: RequestId) -> bool {
        self.next.take_if(|next| *next == request).is_some()
    }

    /// How many programs that were started there could not be ended.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// What the person sees of it.
    pub(super) fn lines(&self) -> Option<Arc<[String]>> {
        self.open.as_ref().filter(|open| !open.is_closing).map(|open| Arc::clone(&open.lines))
    }

    /// The person pauses what the operator does, or lets it go on.
    pub(super) fn pause(&self, paused: bool) {
        if let Some(open) = &self.open {
            open.shell.pause(paused);
        }
    }

    /// The line to the console is down, or is back.
    pub(super) fn away(&self, is_away: bool) {
        if let Some(open) = &self.open {
            open.shell.away(is_away);
        }
    }

    /// The console has read so much of its output. False if that is more than was sent.
    pub(super) fn received(&mut self, request: RequestId, bytes: u64) -> bool {
        // Of one that is closed the word may come later.
        self.of(request).is_none_or(|open| open.shell.received(bytes))
    }

    fn of(&mut self, request: RequestId) -> Option<&mut Open> {
        self.open.as_mut().filter(|open| open.shell.request() == request)
    }
}

impl Live<'_> {
    /// The person said yes. False if there can be no terminal here.
    pub(super) fn open_shell(&mut self, request: RequestId) -> bool {
        let Some(lease) = self.consent.lease::<consent::Shell>(None) else { return false };
        if self.shell.is_open() {
            return false;
        }
        let (channel, report) = (self.channel.clone(), self.shell.events.0.clone());
        let shells = Arc::clone(&self.config.platform.shells);
        match OpenShell::open(shells.as_ref(), lease, channel, request, report) {
            Ok((shell, give)) => {
                shell.pause(self.consent.is_held());
                shell.away(self.is_away);
                let giving = self.tasks.spawn(give);
                self.shell.open = Some(Open { shell, giving, taking: None, lines: [].into(), is_closing: false });
                true
            }
            Err(error) => {
                tracing::warn!(%error, "there can be no terminal here");
                false
            }
        }
    }

    /// The stream with what the operator types begins.
    pub(super) fn receive_typing(&mut self, request: RequestId, mut reader: Reader) -> Flow {
        let report = self.shell.events.0.clone();
        match self.shell.of(request).filter(|open| open.taking.is_none() && !open.is_closing) {
            Some(open) => {
                let take = open.shell.take(reader, report);
                open.taking = Some(self.tasks.spawn(take));
                Flow::Continue(())
            }
            None => {
                reader.stop();
                // Of a terminal that was granted the stream may come after its end.
                let was_granted = self.uses.contains_key(&Capability::Shell);
                if was_granted { Flow::Continue(()) } else { self.not_allowed(Capability::Shell) }
            }
        }
    }

    /// The grant is over: nothing is typed or shown any more, and everything that was started there ends.
    pub(super) fn close_shell(&mut self) {
        let Some(open) = self.shell.open.as_mut().filter(|open| !open.is_closing) else { return };
        open.is_closing = true;
        open.giving.abort();
        open.taking.iter().for_each(AbortHandle::abort);
        let (request, report) = (open.shell.request(), self.shell.events.0.clone());
        let ending = tokio::task::spawn_blocking(open.shell.end());
        self.tasks.spawn(async move {
            let left = ending.await.unwrap_or_default();
            // Fails only when the session is over.
            let _ = report.send(ShellReport::Closed(request, left)).await;
        });
    }

    pub(super) fn handle_shell(&mut self, report: ShellReport) -> Flow {
        match report {
            ShellReport::Command(request, line) => {
                if !self.counts_command(request, line.len()) {
                    return Flow::Continue(());
                }
                self.note_with_text(&line, |line| Event::Command { line })
            }
            ShellReport::Unseen(lines) => self.note_unseen(lines),
            ShellReport::HiddenLine(request) => {
                if !self.counts_command(request, 0) {
                    return Flow::Continue(());
                }
                self.note(Event::HiddenLine { request: request.0 })
            }
            ShellReport::Shows(request, lines) => {
                if let Some(open) = self.shell.of(request) {
                    open.lines = lines;
                }
                Flow::Continue(())
            }
            ShellReport::Over(request) => {
                if self.shell.of(request).is_some_and(|open| !open.is_closing) {
                    self.consent.use_over(SHELL);
                }
                Flow::Continue(())
            }
            ShellReport::Closed(request, left) => {
                let Some(open) = self.shell.open.take_if(|open| open.shell.request() == request) else {
                    return Flow::Continue(());
                };
                self.note_unreported(&open.shell)?;
                self.note_left(left)?;
                self.note(open.shell.output())?;
                self.note(Event::Terminal { request: request.0, open: false })?;
                match self.shell.next.take() {
                    Some(next) => self.handle_ask(next, Request::Shell),
                    None => Flow::Continue(()),
                }
            }
            ShellReport::Broken(error) => broken(&error),
        }
    }

    /// One more line for the log, which holds so many. False if it is of a terminal that is gone.
    fn counts_command(&mut self, request: RequestId, bytes: usize) -> bool {
        if self.shell.of(request).is_none() {
            return false;
        }
        self.shell.commands += 1;
        self.shell.commands_bytes = self.shell.commands_bytes.saturating_add(bytes);
        if self.shell.is_log_full() {
            tracing::warn!("more command lines than a log holds: the terminal closes");
            self.consent.use_over(SHELL);
        }
        true
    }

    /// Begins to end a terminal that is still there when the session ends.
    pub(super) fn end_shell(&mut self) -> Option<Ending> {
        let open = self.shell.open.take()?;
        open.giving.abort();
        open.taking.iter().for_each(AbortHandle::abort);
        let ending = tokio::task::spawn_blocking(open.shell.end());
        Some((open.shell, ending))
    }

    /// Waits until that is done, but not for long, and writes it down.
    pub(super) async fn shell_ended(&mut self, ending: Option<Ending>) {
        let Some((shell, ending)) = ending else { return };
        let left = match tokio::time::timeout(GOODBYE * 6, ending).await {
            Ok(left) => left.unwrap_or_default(),
            Err(_) => {
                tracing::warn!("what was started in the terminal did not end in time");
                0
            }
        };
        // The log goes on to be written, whoever listens.
        while let Ok(report) = self.shell.events.1.try_recv() {
            let _ = match report {
                ShellReport::Command(_, line) => self.note_with_text(&line, |line| Event::Command { line }),
                ShellReport::HiddenLine(request) => self.note(Event::HiddenLine { request: request.0 }),
                ShellReport::Unseen(lines) => self.note_unseen(lines),
                _ => Flow::Continue(()),
            };
        }
        let _ = self.note_unreported(&shell);
        let _ = self.note_left(left);
        let _ = self.note(shell.output());
        let _ = self.note(Event::Terminal { request: shell.request().0, open: false });
    }

    /// What was entered in a terminal that is closed, and did not come to be written down.
    fn note_unreported(&mut self, shell: &OpenShell) -> Flow {
        let (found, unseen) = shell.unreported();
        for found in found {
            match found {
                Found::Command(line) => self.note_with_text(&line, |line| Event::Command { line })?,
                Found::Hidden => self.note(Event::HiddenLine { request: shell.request().0 })?,
            }
        }
        self.note_unseen(unseen)
    }

    /// Programs that were started there run on as somebody else.
    fn note_left(&mut self, left: usize) -> Flow {
        self.shell.left += left;
        match u32::try_from(left).unwrap_or(u32::MAX) {
            0 => Flow::Continue(()),
            programs => self.note(Event::StillRunning { programs }),
        }
    }

    fn note_unseen(&mut self, lines: usize) -> Flow {
        match u32::try_from(lines).unwrap_or(u32::MAX) {
            0 => Flow::Continue(()),
            lines => self.note(Event::UnseenLines { lines }),
        }
    }
}

/// The console broke the protocol.
pub(super) fn broken(error: &StreamError) -> Flow {
    tracing::warn!(%error, "the console broke the protocol");
    Flow::Break(EndReason::ProtocolViolation)
}
