//! Streams of a channel: a head that says what they are, then messages, bulk bytes, or both.

use bytes::{Buf as _, Bytes, BytesMut};
use channel::{Channel, ReadError, RecvStream, SendStream};
use proto::codec::Message;
use proto::session::StreamKind;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A stream whose head has not arrived by then is dropped: as long as a session survives without
/// a link, because that is how late a head may honestly come.
const HEAD_WITHIN: Duration = Duration::from_secs(120);
/// Bytes taken from a stream at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Which stream goes first when the link is full; higher first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Files.
    File = 0,
    /// Screen and cursor; a terminal is one, too.
    Screen = 10,
    /// What is copied and pasted.
    Clipboard = 15,
    /// Questions, answers, chat.
    Control = 20,
    /// Mouse and keyboard.
    Input = 30,
}

/// Why a stream is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The other end sent what it must not.
    #[error("the other end broke the protocol: {0}")]
    Peer(&'static str),
    /// The channel is gone or the other end gave the stream up.
    #[error("the stream is gone")]
    Gone,
    /// One of our own messages is too long to send.
    #[error("a message is too long to send")]
    TooLong,
}

impl From<channel::WriteError> for StreamError {
    fn from(_: channel::WriteError) -> Self {
        Self::Gone
    }
}

impl From<proto::DecodeError> for StreamError {
    fn from(_: proto::DecodeError) -> Self {
        Self::Peer("a message that is none")
    }
}

impl From<proto::EncodeError> for StreamError {
    fn from(_: proto::EncodeError) -> Self {
        Self::TooLong
    }
}

/// The sending half of a stream.
#[derive(Debug)]
pub struct Writer {
    stream: SendStream,
    buffer: Vec<u8>,
    is_over: bool,
}

impl Drop for Writer {
    /// A stream that was not finished is given up, so that what was cut short is never taken for
    /// whole, and nothing leaves after the power behind it has gone.
    fn drop(&mut self) {
        if !self.is_over {
            self.abandon();
        }
    }
}

impl Writer {
    pub(crate) fn new(stream: SendStream, priority: Priority) -> Self {
        // Fails only on a stream that is gone, which the first write reports.
        let _ = stream.set_priority(priority as i32);
        Self { stream, buffer: Vec::new(), is_over: false }
    }

    /// Sends one message.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn message<M: Message>(&mut self, message: &M) -> Result<(), StreamError> {
        self.buffer.clear();
        proto::frame_into(message, &mut self.buffer)?;
        Ok(self.stream.write_all(&self.buffer).await?)
    }

    /// Sends bulk bytes.
    ///
    /// # Errors
    /// [`StreamError::Gone`].
    pub async fn bytes(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        Ok(self.stream.write_chunk(bytes).await?)
    }

    /// Ends the stream in order.
    pub fn finish(&mut self) {
        // Fails only on a stream that is over already.
        let _ = self.stream.finish();
        self.is_over = true;
    }

    /// Ends the stream in order and waits until the other end has all of it. Who stops waiting gives
    /// up what has not arrived.
    pub async fn finish_delivered(&mut self) {
        let _ = self.stream.finish();
        self.delivered().await;
        self.is_over = true;
    }

    /// Waits until the other end has all that was sent, or will never have it.
    pub async fn delivered(&mut self) {
        let _ = self.stream.stopped().await;
    }

    /// Gives the stream up: what has not been sent will not be.
    pub fn abandon(&mut self) {
        let _ = self.stream.reset(0u32.into());
        self.is_over = true;
    }
}

/// The receiving half of a stream. All reads may be cancelled without losing bytes.
#[derive(Debug)]
pub struct Reader {
    stream: RecvStream,
    buffer: BytesMut,
    is_given_up: bool,
}

impl Reader {
    pub(crate) fn new(stream: RecvStream) -> Self {
        Self { stream, buffer: BytesMut::new(), is_given_up: false }
    }

    /// Takes what has arrived; false at the end of the stream.
    async fn fill(&mut self) -> Result<bool, StreamError> {
        match self.stream.read_chunk(CHUNK_BYTES, true).await {
            Ok(Some(chunk)) => {
                self.buffer.extend_from_slice(&chunk.bytes);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => {
                self.is_given_up = matches!(error, ReadError::Reset(_));
                Err(StreamError::Gone)
            }
        }
    }

    /// Whether the other end gave the stream up, rather than the channel being gone.
    #[must_use]
    pub(crate) const fn is_given_up(&self) -> bool {
        self.is_given_up
    }

    /// The next message; `None` at an orderly end between two messages.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn message<M: Message>(&mut self) -> Result<Option<M>, StreamError> {
        loop {
            if let Some((message, length)) = proto::first_message(&self.buffer)? {
                self.buffer.advance(length);
                return Ok(Some(message));
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(StreamError::Peer("a stream cut short")) };
            }
        }
    }

    /// Exactly `length` bytes; memory grows with what has arrived, not with what was announced.
    ///
    /// # Errors
    /// [`StreamError`], also when the stream ends before.
    pub async fn exact(&mut self, length: usize) -> Result<Bytes, StreamError> {
        while self.buffer.len() < length {
            if !self.fill().await? {
                return Err(StreamError::Peer("a stream cut short"));
            }
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    /// Some bytes, as they arrive; `None` at the end.
    ///
    /// # Errors
    /// [`StreamError::Gone`].
    pub async fn some(&mut self) -> Result<Option<Bytes>, StreamError> {
        if self.buffer.is_empty() && !self.fill().await? {
            return Ok(None);
        }
        Ok(Some(self.buffer.split().freeze()))
    }

    /// Tells the other end that nothing more of this stream is wanted.
    pub fn stop(&mut self) {
        let _ = self.stream.stop(0u32.into());
    }
}

/// Opens a one-way stream of this kind.
///
/// # Errors
/// [`StreamError`].
pub async fn open_stream(channel: &Channel, kind: StreamKind, priority: Priority) -> Result<Writer, StreamError> {
    let stream = channel.connection().open_uni().await.map_err(|_| StreamError::Gone)?;
    let mut writer = Writer::new(stream, priority);
    writer.message(&kind).await?;
    Ok(writer)
}

/// What comes of the other end's streams.
#[derive(Debug)]
pub enum Arrival {
    /// A stream and what it is.
    Stream(StreamKind, Reader),
    /// A stream that begins as none may: the other end broke the protocol.
    Broken(StreamError),
    /// The channel is gone; the last thing that is reported.
    Ended,
}

/// Reports every one-way stream that the other end opens, each as soon as its head is there. One
/// that is given up before its head was read is none.
pub async fn accept_streams<E: From<Arrival> + Send + 'static>(channel: Channel, report: mpsc::Sender<E>) {
    let mut heads = JoinSet::new();
    loop {
        tokio::select! {
            stream = channel.connection().accept_uni() => match stream {
                // QUIC bounds how many streams are open, and so how many heads are waited for.
                Ok(stream) => drop(heads.spawn(read_head(stream))),
                Err(_) => {
                    // Fails only when nobody listens any more.
                    let _ = report.send(Arrival::Ended.into()).await;
                    return;
                }
            },
            Some(head) = heads.join_next() => {
                if let Ok(Some(arrival)) = head
                    && report.send(arrival.into()).await.is_err()
                {
                    return;
                }
            }
        }
    }
}

async fn read_head(stream: RecvStream) -> Option<Arrival> {
    let mut reader = Reader::new(stream);
    match tokio::time::timeout(HEAD_WITHIN, reader.message()).await {
        Ok(Ok(Some(kind))) => Some(Arrival::Stream(kind, reader)),
        Ok(Ok(None)) => Some(Arrival::Broken(StreamError::Peer("an empty stream"))),
        Ok(Err(StreamError::Gone)) | Err(_) => None,
        Ok(Err(error)) => Some(Arrival::Broken(error)),
    }
}
