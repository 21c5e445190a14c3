//! A terminal on the client's machine: its stream in, what the operator types out, and its screen.

use super::{Flow, Live};
use crate::records::{Keeping, Received};
use crate::tasks;
use crate::terminal::Terminal;
use crate::view::{PowerState, ShellState, ShellView};
use proto::limits::SHELL_INPUT_BYTES;
use proto::session::{Capability, EndReason, RequestId, StreamKind};
use proto::shell::{ShellInput, TerminalSize};
use proto::text::Blob;
use session::{Priority, Reader, StreamError, open_stream};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

/// Pieces of input that may wait for the link: a paste of half a megabyte.
const WAITING: usize = 512;

/// The terminal of a session: at most one is open.
#[derive(Default)]
pub(super) struct ShellDesk {
    view: ShellView,
    open: Option<Open>,
    /// How large the window shows it; what the next one begins with.
    size: Option<TerminalSize>,
    /// Whether what is typed would be typed blind, and how often that has begun.
    is_blind: bool,
    blinded: watch::Sender<u64>,
}

/// What is typed, with how often typing blind had begun by then.
type Input = (u64, ShellInput);

struct Open {
    request: RequestId,
    terminal: Terminal,
    typing: mpsc::Sender<Input>,
    /// The task that reads the output: there is only one.
    reading: Option<AbortHandle>,
    received: Received,
}

impl ShellDesk {
    /// What the window shows of it.
    pub(super) fn view(&self) -> ShellView {
        self.view.clone()
    }

    /// The line is interrupted or the sharing paused, or no longer. What waits to be sent then is given up.
    pub(super) fn follow_line(&mut self, is_blind: bool) {
        if !std::mem::replace(&mut self.is_blind, is_blind) && is_blind {
            self.blinded.send_modify(|times| *times += 1);
        }
    }

    fn type_in(&self, input: ShellInput) {
        let times = *self.blinded.borrow();
        // A link that takes nothing for so long loses what is typed, as terminals do.
        let _ = self.open.as_ref().map(|open| open.typing.try_send((times, input)));
    }
}

impl Live<'_> {
    /// The person has answered.
    pub(super) fn shell_decided(&mut self, request: RequestId, state: PowerState) {
        self.powers.insert(Capability::Shell, state);
        if state != PowerState::Granted {
            return;
        }
        let size = self.shell.size.unwrap_or(TerminalSize::USUAL).clamped();
        let terminal = Terminal::new(size);
        let (typing, waiting) = mpsc::channel(WAITING);
        // There is room: nothing waits yet.
        let _ = typing.try_send((0, ShellInput::Resize(size)));
        self.tasks.spawn(type_in(self.channel.clone(), request, waiting, self.shell.blinded.subscribe()));
        self.shell.view = ShellView { state: ShellState::Open, terminal: Some(terminal.clone()) };
        self.shell.open = Some(Open { request, terminal, typing, reading: None, received: Received::default() });
        if let Some((parked, reader)) = self.parked_shell.take() {
            self.receive_shell(parked, reader);
        }
    }

    /// A terminal's output begins to come; the grant travels on another stream and may come later.
    pub(super) fn receive_shell(&mut self, request: RequestId, mut reader: Reader) {
        let is_asked = self.asked.contains_key(&request);
        match self.shell.open.as_mut().filter(|open| open.request == request && open.reading.is_none()) {
            Some(open) => {
                let (report, on_change) = (self.events.0.clone(), Arc::clone(&self.on_change));
                let terminal = open.terminal.clone();
                let (keeping, received) = Keeping::begin(self.record.clone(), request, terminal.size());
                open.received = received;
                let reading = tasks::follow_shell(reader, request, terminal, keeping, report.clone(), on_change);
                open.reading = Some(self.tasks.spawn(tasks::report_broken(reading, report)));
            }
            None if is_asked => self.parked_shell = Some((request, reader)),
            None => reader.stop(),
        }
    }

    /// The operator types or pastes. While nobody sees what comes of it, that is done blind, and not sent later.
    pub(super) fn type_in_shell(&mut self, bytes: &[u8]) {
        if self.sharing_paused || self.is_interrupted() {
            return;
        }
        for piece in bytes.chunks(SHELL_INPUT_BYTES) {
            if let Ok(piece) = Blob::new(piece) {
                self.shell.type_in(ShellInput::Bytes(piece));
            }
        }
    }

    /// The window shows the terminal in another size.
    pub(super) fn resize_shell(&mut self, size: TerminalSize) {
        let size = size.clamped();
        self.shell.size = Some(size);
        if self.shell.open.as_ref().is_some_and(|open| open.terminal.resize(size)) {
            self.shell.type_in(ShellInput::Resize(size));
        }
    }

    /// Its output has ended: in order, with the shell's code if it has one, or cut off. Of what the person took back
    /// nothing is shown any longer.
    pub(super) fn shell_over(&mut self, request: RequestId, ended: Option<Option<i32>>) -> Flow {
        let Some(open) = self.shell.open.take_if(|open| open.request == request) else {
            return Flow::Continue(());
        };
        match ended {
            Some(code) => self.shell.view.state = ShellState::Over { code },
            None => self.shell.view = ShellView::default(),
        }
        match self.ledger.witness.output(request.0, &open.received.digest()) {
            Ok(()) => Flow::Continue(()),
            Err(lie) => {
                tracing::warn!(%lie, "the agent's log is not one");
                Flow::Break(EndReason::ProtocolViolation)
            }
        }
    }

    /// The grant is over. What has been written before a shell ended in order may still be on its way.
    pub(super) fn shell_gone(&mut self) {
        self.parked_shell = None;
        if self.shell.open.as_ref().is_some_and(|open| open.reading.is_none()) {
            self.shell.open = None;
            self.shell.view = ShellView::default();
        }
    }
}

/// Sends what is typed for as long as the terminal is open.
async fn type_in(
    channel: channel::Channel,
    request: RequestId,
    mut waiting: mpsc::Receiver<Input>,
    blinded: watch::Receiver<u64>,
) {
    let sending = async {
        let mut writer = open_stream(&channel, StreamKind::Shell { request }, Priority::Input).await?;
        while let Some(input) = next(&mut waiting, &blinded).await {
            writer.message(&input).await?;
        }
        writer.finish();
        Ok::<(), StreamError>(())
    };
    if let Err(error) = sending.await {
        tracing::debug!(%error, "the terminal's input ended");
    }
}

/// The next that is to be sent. What waited when typing blind began is given up, but for sizes; what was typed after
/// that is not, however late this hears of it.
async fn next(waiting: &mut mpsc::Receiver<Input>, blinded: &watch::Receiver<u64>) -> Option<ShellInput> {
    loop {
        let (times, input) = waiting.recv().await?;
        if times == *blinded.borrow() || matches!(input, ShellInput::Resize(_)) {
            return Some(input);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> ShellInput {
        ShellInput::Bytes(Blob::new(text.as_bytes()).unwrap())
    }

    #[tokio::test]
    async fn what_is_typed_once_the_line_is_back_is_sent_and_what_waited_before_is_not() {
        let (typing, mut waiting) = mpsc::channel(WAITING);
        let terminal = Terminal::new(TerminalSize::USUAL);
        let open = Open { request: RequestId(1), terminal, typing, reading: None, received: Received::default() };
        let mut desk = ShellDesk { open: Some(open), ..ShellDesk::default() };
        let blinded = desk.blinded.subscribe();
        desk.type_in(typed("first"));
        assert_eq!(next(&mut waiting, &blinded).await, Some(typed("first")));
        desk.type_in(typed("waits"));
        desk.type_in(ShellInput::Resize(TerminalSize::USUAL));
        // An interruption that is over before anybody looked.
        desk.follow_line(true);
        desk.follow_line(true);
        desk.follow_line(false);
        desk.type_in(typed("after"));
        assert_eq!(next(&mut waiting, &blinded).await, Some(ShellInput::Resize(TerminalSize::USUAL)));
        assert_eq!(next(&mut waiting, &blinded).await, Some(typed("after")));
        drop(desk);
        assert_eq!(next(&mut waiting, &blinded).await, None);
    }
}
