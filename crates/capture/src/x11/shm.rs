//! Reading rectangles of the root window or of a window's picture: through shared memory where possible, else in replies.
#![allow(unsafe_code)]

use crate::CaptureError;
use proto::Rect;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::ReplyError;
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, Drawable, ImageFormat};
use x11rb::rust_connection::RustConnection;

/// How pixels come from the X server, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Transport {
    /// Memory that only we and the server can name, given by file descriptor.
    Descriptor,
    /// A System V segment, private to our user and marked for removal as soon as it is attached.
    SystemV,
    /// The replies themselves; the only way to a server on another machine.
    Replies,
}

/// Why a grab failed.
#[derive(Debug)]
pub(super) enum GrabError {
    /// The server refused: the rectangle is not inside what is read any more.
    Refused,
    /// The connection is lost.
    Lost(CaptureError),
}

impl From<ReplyError> for GrabError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::X11Error(_) => Self::Refused,
            ReplyError::ConnectionError(error) => Self::Lost(error.into()),
        }
    }
}

impl From<x11rb::errors::ConnectionError> for GrabError {
    fn from(error: x11rb::errors::ConnectionError) -> Self {
        Self::Lost(error.into())
    }
}

/// What reads pixels.
pub(super) struct Grabber {
    segment: Option<Segment>,
}

impl Grabber {
    /// Uses the first transport from `best` on that works; pictures have at most `bytes` bytes.
    pub(super) fn open(connection: &RustConnection, bytes: usize, best: Transport) -> Result<Self, CaptureError> {
        let mut segment = None;
        if best < Transport::Replies && connection.extension_information(shm::X11_EXTENSION_NAME)?.is_some() {
            let version = connection.shm_query_version()?.reply()?;
            if best == Transport::Descriptor && (version.major_version, version.minor_version) >= (1, 2) {
                segment = Segment::by_descriptor(connection, bytes);
            }
            if segment.is_none() {
                segment = Segment::by_system_v(connection, bytes);
            }
        }
        Ok(Self { segment })
    }

    /// The transport in use.
    pub(super) fn transport(&self) -> Transport {
        self.segment.as_ref().map_or(Transport::Replies, |segment| segment.transport)
    }

    /// Reads `parts`, rectangles of the picture whose left top corner is at `origin` of `drawable`,
    /// into `picture`, whose rows have `stride` bytes. All parts must lie inside it.
    pub(super) fn grab(
        &mut self,
        connection: &RustConnection,
        drawable: Drawable,
        origin: (i32, i32),
        parts: &[Rect],
        picture: &mut [u8],
        stride: usize,
    ) -> Result<(), GrabError> {
        let Some(segment) = &mut self.segment else {
            for part in parts {
                let (x, y) = place(origin, part)?;
                let (width, height) = size(part)?;
                let image = connection.get_image(ImageFormat::Z_PIXMAP, drawable, x, y, width, height, !0)?.reply()?;
                copy_in(&image.data, part, picture, stride)?;
            }
            return Ok(());
        };
        // All requests first: one round trip for all parts.
        let mut cookies = Vec::with_capacity(parts.len());
        let mut offset = 0;
        for part in parts {
            let bytes = part_bytes(part);
            if offset + bytes > segment.bytes {
                return Err(GrabError::Refused);
            }
            let (x, y) = place(origin, part)?;
            let (width, height) = size(part)?;
            let format = ImageFormat::Z_PIXMAP.into();
            let start = offset as u32;
            let cookie = connection.shm_get_image(drawable, x, y, width, height, !0, format, segment.id, start)?;
            cookies.push((part, offset, cookie));
            offset += bytes;
        }
        let mut refused = None;
        for (part, offset, cookie) in cookies {
            match cookie.reply() {
                Ok(_) => copy_in(segment.read(offset, part_bytes(part)), part, picture, stride)?,
                Err(error) => refused = Some(error.into()),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// Gives the memory back; the connection must be the one it was opened with.
    pub(super) fn close(&mut self, connection: &RustConnection) {
        if let Some(segment) = self.segment.take() {
            // A server that is gone has let go of the memory already.
            let _ = connection.shm_detach(segment.id);
            let _ = connection.flush();
        }
    }
}

fn place(origin: (i32, i32), part: &Rect) -> Result<(i16, i16), GrabError> {
    let x = i16::try_from(i64::from(origin.0) + i64::from(part.x));
    let y = i16::try_from(i64::from(origin.1) + i64::from(part.y));
    x.ok().zip(y.ok()).ok_or(GrabError::Refused)
}

fn size(part: &Rect) -> Result<(u16, u16), GrabError> {
    let (width, height) = (u16::try_from(part.width), u16::try_from(part.height));
    width.ok().zip(height.ok()).ok_or(GrabError::Refused)
}

fn part_bytes(part: &Rect) -> usize {
    part.width as usize * part.height as usize * 4
}

/// Copies the rows of `part` to where they belong.
fn copy_in(pixels: &[u8], part: &Rect, picture: &mut [u8], stride: usize) -> Result<(), GrabError> {
    let row_bytes = part.width as usize * 4;
    if row_bytes == 0 || pixels.len() < part_bytes(part) {
        return Err(GrabError::Refused);
    }
    for (row, y) in pixels.chunks_exact(row_bytes).zip(part.y..part.bottom()) {
        let start = y as usize * stride + part.x as usize * 4;
        picture.get_mut(start..start + row_bytes).ok_or(GrabError::Refused)?.copy_from_slice(row);
    }
    Ok(())
}

/// Memory shared with the X server.
struct Segment {
    id: shm::Seg,
    transport: Transport,
    memory: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the memory belongs to this value alone, and no thread has a special right to it.
unsafe impl Send for Segment {}

impl Segment {
    fn by_descriptor(connection: &RustConnection, bytes: usize) -> Option<Self> {
        // SAFETY: the name is a valid C string; the call touches no other memory.
        let raw = unsafe { libc::memfd_create(c"ponte-capture".as_ptr(), libc::MFD_CLOEXEC) };
        if raw < 0 {
            return None;
        }
        // SAFETY: the descriptor was just made and belongs to nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(raw) };
        let length = libc::off_t::try_from(bytes).ok()?;
        // SAFETY: plain system call on a descriptor that we own.
        if unsafe { libc::ftruncate(fd.as_raw_fd(), length) } != 0 {
            return None;
        }
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the system's choice, of a descriptor of `bytes`
        // bytes; nothing else is mapped over.
        let memory =
            unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, libc::MAP_SHARED, fd.as_raw_fd(), 0) };
        if memory == libc::MAP_FAILED {
            return None;
        }
        let memory = NonNull::new(memory.cast())?;
        let id = connection.generate_id().ok()?;
        let segment = Self { id, transport: Transport::Descriptor, memory, bytes };
        connection.shm_attach_fd(id, fd, false).ok()?.check().ok()?;
        Some(segment)
    }

    fn by_system_v(connection: &RustConnection, bytes: usize) -> Option<Self> {
        // SAFETY: plain system call.
        let key = unsafe { libc::shmget(libc::IPC_PRIVATE, bytes, libc::IPC_CREAT | 0o600) };
        if key < 0 {
            return None;
        }
        // SAFETY: attaches the segment just made at an address of the system's choice.
        let memory = unsafe { libc::shmat(key, std::ptr::null(), 0) };
        let attached = memory != usize::MAX as *mut libc::c_void;
        let segment = attached
            .then(|| NonNull::new(memory.cast()))
            .flatten()
            .zip(connection.generate_id().ok())
            .map(|(memory, id)| Self { id, transport: Transport::SystemV, memory, bytes });
        let shared = segment.filter(|segment| {
            let shmid = u32::try_from(key).unwrap_or_default();
            connection.shm_attach(segment.id, shmid, false).is_ok_and(|cookie| cookie.check().is_ok())
        });
        // At once, whatever happened: the system removes it when both sides have let go, and
        // nobody else can attach it any more.
        // SAFETY: plain system call on the segment just made; IPC_RMID reads no buffer.
        unsafe { libc::shmctl(key, libc::IPC_RMID, std::ptr::null_mut()) };
        shared
    }

    /// What the server wrote there. It writes only while a request of ours is open, and `grab`
    /// reads after the reply.
    fn read(&self, offset: usize, bytes: usize) -> &[u8] {
        let end = offset.saturating_add(bytes).min(self.bytes);
        let start = offset.min(end);
        // SAFETY: `start..end` lies inside the memory, which stays mapped while `self` lives, was
        // zeroed by the system, and is not written until the next request.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(start), end - start) }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let memory = self.memory.as_ptr().cast();
        match self.transport {
            // SAFETY: this address and length were given by mmap, and nothing borrows them any more.
            Transport::Descriptor => unsafe { libc::munmap(memory, self.bytes) },
            // SAFETY: this address was given by shmat, and nothing borrows it any more.
            Transport::SystemV | Transport::Replies => unsafe { libc::shmdt(memory) },
        };
    }
}
