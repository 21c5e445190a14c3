//! The clipboard under a grant: what the operator puts there, and what they take.

use super::{Flow, Live, Report};
use audit_log::{Direction, Event};
use bytes::Bytes;
use channel::Channel;
use clipboard::{Content, decode};
use consent::{Clipboard, Lease};
use proto::clipboard::{ClipHead, ClipKind, ClipProblem};
use proto::session::{AgentToConsole, Asking, Capability, StreamKind};
use session::{Priority, Reader, StreamError, open_stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, spawn_blocking};

/// How long another program may take to say what it has copied.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// How much is given to the channel between two looks at the grant, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// What the tasks report.
pub(super) enum ClipReport {
    /// What came, with its size on the way, is ready to be put on the clipboard under this grant.
    Came(ClipKind, u64, Content, Lease<Clipboard>),
    /// It was put there, or was not.
    Put(Result<(), ClipProblem>),
    /// What was on the clipboard is ready to go under this grant.
    Ready(ClipKind, Bytes, Lease<Clipboard>),
    /// It cannot go.
    NotGiven(ClipProblem),
}

/// What is on its way, at most one thing in each direction.
#[derive(Default)]
pub(super) struct ClipWork {
    taking: Option<AbortHandle>,
    giving: Option<AbortHandle>,
    /// Whether something was put and given since the person's last yes.
    has_put: bool,
    has_given: bool,
}

fn runs(task: Option<&AbortHandle>) -> bool {
    task.is_some_and(|task| !task.is_finished())
}

impl Live<'_> {
    /// The person has said yes, for the first time or again.
    pub(super) fn clip_granted(&mut self) {
        (self.clip.has_put, self.clip.has_given) = (false, false);
    }

    /// The grant that an exchange goes under. Nothing where there is none, which is written down if there never was.
    /// A yes for one use covers one exchange each way: what is copied later is another matter.
    fn clip_lease(&mut self, direction: Direction) -> Result<Option<Lease<Clipboard>>, Flow> {
        let is_used = match direction {
            Direction::ToClient => self.clip.has_put,
            Direction::ToOperator => self.clip.has_given,
        };
        let is_over = is_used && self.consent.asking(Capability::Clipboard) == Asking::EachUse;
        if is_over || !self.profile.allows(Capability::Clipboard) {
            return Err(self.not_allowed(Capability::Clipboard));
        }
        match self.consent.lease::<Clipboard>(None) {
            Some(lease) => Ok(Some(lease)),
            // What was granted may have been taken back while this was on its way.
            None if self.uses.contains_key(&Capability::Clipboard) => Ok(None),
            None => Err(self.not_allowed(Capability::Clipboard)),
        }
    }

    /// The operator's clipboard comes.
    pub(super) fn take_clip(&mut self, mut reader: Reader) -> Flow {
        let lease = match self.clip_lease(Direction::ToClient) {
            Ok(Some(lease)) if !runs(self.clip.taking.as_ref()) => lease,
            refused => {
                reader.stop();
                return refused.map_or_else(|flow| flow, |_| Flow::Continue(()));
            }
        };
        // From now on: it is as good as done when the next may come.
        self.clip.has_put = true;
        let report = self.events.0.clone();
        let task = self.tasks.spawn(async move {
            let came = match receive(&mut reader).await {
                Ok((kind, bytes)) => {
                    let size_bytes = bytes.len() as u64;
                    let decoded = spawn_blocking(move || decode(kind, bytes.to_vec())).await;
                    Report::Clip(match decoded.unwrap_or(Err(ClipProblem::Unavailable)) {
                        Ok(content) => ClipReport::Came(kind, size_bytes, content, lease),
                        Err(problem) => ClipReport::Put(Err(problem)),
                    })
                }
                Err(error @ StreamError::Peer(_)) => Report::Broken(error),
                // Given up by the console.
                Err(_) => return,
            };
            // Fails only when the session is over.
            let _ = report.send(came).await;
        });
        self.clip.taking = Some(task);
        Flow::Continue(())
    }

    /// The operator wants what is on the person's clipboard.
    pub(super) fn give_clip(&mut self) -> Flow {
        let lease = match self.clip_lease(Direction::ToOperator) {
            Ok(Some(lease)) if !runs(self.clip.giving.as_ref()) => lease,
            Ok(_) => return self.tell(AgentToConsole::ClipboardNotGiven { problem: ClipProblem::Unavailable }),
            Err(flow) => return flow,
        };
        self.clip.has_given = true;
        let (clipboard, report) = (Arc::clone(&self.config.platform.clipboard), self.events.0.clone());
        let task = self.tasks.spawn(async move {
            let (told, ready) = oneshot::channel();
            // Fails only when nobody waits any more.
            let come_back = move || {
                let _ = told.send(());
            };
            let Ok(reading) = lease.with(|permit| clipboard.read(permit, Box::new(come_back))) else { return };
            if tokio::time::timeout(READ_WITHIN, ready).await.is_err() {
                tracing::warn!("the clipboard is not read in time");
            }
            let Ok(found) = lease.with(|permit| reading.take(permit)) else { return };
            let encode = |content: Content| content.encode().map(|bytes| (content.kind(), Bytes::from(bytes)));
            let encoded = match found {
                Ok(content) => spawn_blocking(move || encode(content)).await.unwrap_or(Err(ClipProblem::Unavailable)),
                Err(problem) => Err(problem),
            };
            let read = match encoded {
                Ok((kind, bytes)) => ClipReport::Ready(kind, bytes, lease),
                Err(problem) => ClipReport::NotGiven(problem),
            };
            // Fails only when the session is over.
            let _ = report.send(Report::Clip(read)).await;
        });
        self.clip.giving = Some(task);
        Flow::Continue(())
    }

    pub(super) fn handle_clip(&mut self, report: ClipReport) -> Flow {
        match report {
            // Taken back meanwhile: that is told by itself.
            ClipReport::Came(.., lease) if !lease.is_live() => Flow::Continue(()),
            ClipReport::Came(kind, size_bytes, content, lease) => {
                // Before it is done: were the session to end in between, it would stand nowhere.
                self.note(Event::Clipboard { direction: Direction::ToClient, kind, size_bytes })?;
                let (clipboard, report) = (Arc::clone(&self.config.platform.clipboard), self.events.0.clone());
                let task = self.tasks.spawn(async move {
                    let put = move || lease.with(|permit| clipboard.put(permit, content));
                    let put = spawn_blocking(put).await.unwrap_or(Ok(Err(ClipProblem::Unavailable)));
                    let Ok(put) = put else { return };
                    // Fails only when the session is over.
                    let _ = report.send(Report::Clip(ClipReport::Put(put))).await;
                });
                self.clip.taking = Some(task);
                Flow::Continue(())
            }
            ClipReport::Put(put) => {
                self.clip.has_put = put.is_ok();
                self.tell(AgentToConsole::ClipboardPut { problem: put.err() })
            }
            ClipReport::NotGiven(problem) => {
                self.clip.has_given = false;
                self.tell(AgentToConsole::ClipboardNotGiven { problem })
            }
            ClipReport::Ready(_, _, lease) if !lease.is_live() => Flow::Continue(()),
            ClipReport::Ready(kind, bytes, lease) => {
                let size_bytes = bytes.len() as u64;
                self.note(Event::Clipboard { direction: Direction::ToOperator, kind, size_bytes })?;
                let channel = self.channel.clone();
                let task = self.tasks.spawn(async move {
                    if let Err(error) = give(&lease, &channel, kind, bytes).await {
                        tracing::debug!(%error, "the clipboard was not given");
                    }
                });
                self.clip.giving = Some(task);
                Flow::Continue(())
            }
        }
    }

    /// The grant is over: what has not left stays here, and what has not come is not put there.
    pub(super) fn stop_clip(&mut self) {
        let ClipWork { taking, giving, .. } = std::mem::take(&mut self.clip);
        for task in taking.into_iter().chain(giving) {
            task.abort();
        }
    }
}

/// Reads exactly what was announced, no more than may be, and nothing after it.
async fn receive(reader: &mut Reader) -> Result<(ClipKind, Bytes), StreamError> {
    let head = reader.message::<ClipHead>().await?.ok_or(StreamError::Peer("a clipboard without a head"))?;
    let length = head.announced_bytes().ok_or(StreamError::Peer("a clipboard of an impossible length"))?;
    let bytes = reader.exact(length).await?;
    if reader.some().await?.is_some() {
        return Err(StreamError::Peer("more than was announced"));
    }
    Ok((head.kind, bytes))
}

/// Gives it to the console, for as long as the grant stands.
async fn give(lease: &Lease<Clipboard>, channel: &Channel, kind: ClipKind, bytes: Bytes) -> Result<(), StreamError> {
    let length = u32::try_from(bytes.len()).map_err(|_| StreamError::TooLong)?;
    let mut writer = open_stream(channel, StreamKind::Clipboard, Priority::Clipboard).await?;
    writer.message(&ClipHead { kind, length }).await?;
    let mut rest = bytes;
    while !rest.is_empty() {
        if !lease.is_live() {
            return Err(StreamError::Gone);
        }
        writer.bytes(rest.split_to(rest.len().min(PIECE_BYTES))).await?;
    }
    writer.finish_delivered().await;
    Ok(())
}
