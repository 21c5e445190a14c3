//! The control messages of one link as two halves; the pump behind them does the writing and reading.
//!
//! A link lives as long as either half: when both are dropped what was sent is still delivered,
//! then the link closes.

use crate::LinkError;
use proto::relay::{EndToRelay, RelayToEnd};
use proto::{Deframer, Message, PROTOCOL_VERSION, frame_into};
use std::marker::PhantomData;
use tokio::sync::mpsc;

/// Control messages that wait in one direction: 64 of 4 KiB are 256 KiB at the very worst, and
/// pairing never has more than ten under way.
const WAITING_MESSAGES: usize = 64;

/// Sends control messages; the default type is an end's view of the relay.
#[derive(Debug)]
pub struct ControlSender<M = EndToRelay> {
    frames: mpsc::Sender<Vec<u8>>,
    message: PhantomData<fn(M)>,
}

impl<M> Clone for ControlSender<M> {
    fn clone(&self) -> Self {
        Self { frames: self.frames.clone(), message: PhantomData }
    }
}

impl<M: Message> ControlSender<M> {
    /// Queues one message; waits while too many are queued.
    ///
    /// # Errors
    /// [`LinkError::Closed`] once the link has ended, [`LinkError::Local`] for a message beyond its
    /// own limit.
    pub async fn send(&self, message: &M) -> Result<(), LinkError> {
        self.frames.send(frame(message)?).await.map_err(|_| LinkError::Closed)
    }

    /// Queues one message unless too many are queued already.
    ///
    /// # Errors
    /// As [`ControlSender::send`]; a full queue counts as closed, because only a peer that does not
    /// read lets it fill.
    pub fn try_send(&self, message: &M) -> Result<(), LinkError> {
        self.frames.try_send(frame(message)?).map_err(|_| LinkError::Closed)
    }
}

fn frame<M: Message>(message: &M) -> Result<Vec<u8>, LinkError> {
    let mut bytes = Vec::new();
    frame_into(message, &mut bytes).map_err(|error| LinkError::Local(error.to_string()))?;
    Ok(bytes)
}

/// Receives control messages; the default type is an end's view of the relay.
#[derive(Debug)]
pub struct ControlReceiver<M = RelayToEnd> {
    messages: mpsc::Receiver<Result<M, LinkError>>,
}

impl<M> ControlReceiver<M> {
    /// The next message. Losing this future loses no message.
    ///
    /// # Errors
    /// [`LinkError::Closed`] at the end of the link, [`LinkError::Peer`] or [`LinkError::NotPonte`]
    /// if the peer's bytes made an end of it.
    pub async fn recv(&mut self) -> Result<M, LinkError> {
        self.messages.recv().await.unwrap_or(Err(LinkError::Closed))
    }
}

/// Both halves; the default types are an end's view of the relay.
#[derive(Debug)]
pub struct Control<Out = EndToRelay, In = RelayToEnd> {
    /// Towards the peer.
    pub sender: ControlSender<Out>,
    /// From the peer.
    pub receiver: ControlReceiver<In>,
}

impl<Out: Message, In> Control<Out, In> {
    /// Takes the halves apart.
    #[must_use]
    pub fn split(self) -> (ControlSender<Out>, ControlReceiver<In>) {
        (self.sender, self.receiver)
    }

    /// As [`ControlSender::send`], but that the link has ended only [`Control::recv`] tells: why it has, a refusal
    /// perhaps, may lie there unread.
    ///
    /// # Errors
    /// [`LinkError::Local`] for a message beyond its own limit.
    pub async fn send(&self, message: &Out) -> Result<(), LinkError> {
        match self.sender.send(message).await {
            Err(LinkError::Closed) => Ok(()),
            sent => sent,
        }
    }

    /// See [`ControlReceiver::recv`].
    ///
    /// # Errors
    /// As there.
    pub async fn recv(&mut self) -> Result<In, LinkError> {
        self.receiver.recv().await
    }
}

/// The pump's side of a [`Control`].
#[derive(Debug)]
pub(crate) struct ControlEnds<In> {
    pub(crate) outgoing: mpsc::Receiver<Vec<u8>>,
    pub(crate) incoming: mpsc::Sender<Result<In, LinkError>>,
}

pub(crate) fn control<Out, In>() -> (Control<Out, In>, ControlEnds<In>) {
    let (frames, outgoing) = mpsc::channel(WAITING_MESSAGES);
    let (incoming, messages) = mpsc::channel(WAITING_MESSAGES);
    let control =
        Control { sender: ControlSender { frames, message: PhantomData }, receiver: ControlReceiver { messages } };
    (control, ControlEnds { outgoing, incoming })
}

/// Cuts arriving control bytes into messages, the version byte first; what it holds is at most
/// what was pushed and not yet taken.
#[derive(Debug, Default)]
pub struct ControlReader {
    version_seen: bool,
    deframer: Deframer,
}

impl ControlReader {
    /// Takes bytes as they arrived; they must be few (one read), since all are kept at first.
    ///
    /// # Errors
    /// [`LinkError::NotPonte`] if the first byte of all is another version's.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), LinkError> {
        if !self.version_seen {
            let Some((version, rest)) = bytes.split_first() else { return Ok(()) };
            if *version != PROTOCOL_VERSION {
                return Err(LinkError::NotPonte);
            }
            self.version_seen = true;
            bytes = rest;
        }
        self.deframer.push(bytes);
        Ok(())
    }

    /// The next whole message, `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`LinkError::Peer`]; the control is of no use afterwards.
    pub fn next_message<In: Message>(&mut self) -> Result<Option<In>, LinkError> {
        Ok(self.deframer.next_message()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::relay::Refusal;

    #[test]
    fn another_protocol_version_is_told_from_garbage() {
        assert!(matches!(ControlReader::default().push(&[9, 0, 1]), Err(LinkError::NotPonte)));
    }

    #[test]
    fn messages_come_out_whatever_the_pieces() {
        let mut bytes = vec![PROTOCOL_VERSION];
        frame_into(&EndToRelay::Offer, &mut bytes).unwrap();
        frame_into(&EndToRelay::Ping, &mut bytes).unwrap();
        for size in 1..=bytes.len() {
            let mut reader = ControlReader::default();
            let mut seen = Vec::new();
            for piece in bytes.chunks(size) {
                reader.push(piece).unwrap();
                while let Some(message) = reader.next_message::<EndToRelay>().unwrap() {
                    seen.push(message);
                }
            }
            assert_eq!(seen, [EndToRelay::Offer, EndToRelay::Ping]);
        }
    }

    #[tokio::test]
    async fn why_a_link_has_ended_is_told_to_whoever_says_something_first() {
        let (mut control, ends) = control::<EndToRelay, RelayToEnd>();
        let refused = RelayToEnd::Refused { refusal: Refusal::Full };
        ends.incoming.send(Ok(refused.clone())).await.unwrap();
        drop(ends);
        control.send(&EndToRelay::Ping).await.unwrap();
        assert_eq!(control.recv().await.unwrap(), refused);
        assert!(matches!(control.recv().await, Err(LinkError::Closed)));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_instead_of_waiting() {
        let (control, _ends) = control::<EndToRelay, RelayToEnd>();
        for _ in 0..WAITING_MESSAGES {
            control.sender.try_send(&EndToRelay::Ping).unwrap();
        }
        assert!(matches!(control.sender.try_send(&EndToRelay::Ping), Err(LinkError::Closed)));
    }
}
