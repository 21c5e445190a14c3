//! What an answer carries: bytes that are there, or a file as it is read.

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

/// So much of a file is read at a time: all that a slow visitor costs.
const PIECE_BYTES: usize = 32 * 1024;

/// The body of an answer.
pub(crate) enum Body {
    /// Whole, sent once.
    Whole(Option<Bytes>),
    /// What is left of a file.
    File(File, u64),
}

impl Body {
    pub(crate) fn empty() -> Self {
        Self::Whole(None)
    }

    pub(crate) fn of(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()).filter(|bytes| !bytes.is_empty()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let (file, left) = match self.get_mut() {
            Self::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::File(_, 0) => return Poll::Ready(None),
            Self::File(file, left) => (file, left),
        };
        let most = usize::try_from(*left).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let mut piece = vec![0; most];
        let mut read = ReadBuf::new(&mut piece);
        ready!(Pin::new(file).poll_read(context, &mut read))?;
        let length = read.filled().len();
        if length == 0 {
            // The file became shorter. What arrived must not look whole.
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        piece.truncate(length);
        *left = left.saturating_sub(length as u64);
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None) | Self::File(_, 0))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::File(_, left) => SizeHint::with_exact(*left),
        }
    }
}
