//! Decoding: one task per screen stream, one for the pointer; both write into the shared pictures.

use crate::picture::{Picture, SharedPictures};
use proto::geometry::{CursorShape, Frame, MonitorId, Rect, picture_size_is_acceptable};
use proto::limits::{CURSOR_SIDE_PIXELS, MONITORS, PICTURE_PIXELS, screen_update_bytes};
use proto::screen::{CursorUpdate, ScreenHead, UpdateHead};
use session::{Reader, StreamError};
use std::sync::Arc;
use tile_codec::Decoder;
use tokio::sync::{Semaphore, mpsc};

/// An update was decoded and can be seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoded {
    pub(crate) monitor: MonitorId,
    pub(crate) epoch: u32,
    pub(crate) sequence: u64,
}

/// Pixels that one permit of [`room`] stands for.
const ROOM_PIXELS: u64 = 65_536;

/// Room for all pictures of a session together: two of the largest, whatever the other end claims.
pub(crate) fn room() -> Arc<Semaphore> {
    let permits = 2 * PICTURE_PIXELS / ROOM_PIXELS;
    Arc::new(Semaphore::new(usize::try_from(permits).unwrap_or(1024)))
}

/// Decodes one screen stream until it ends, or until a newer one of the same monitor has begun.
pub(crate) async fn decode(
    mut reader: Reader,
    pictures: SharedPictures,
    room: Arc<Semaphore>,
    decoded: mpsc::Sender<Decoded>,
    on_change: Arc<dyn Fn() + Send + Sync>,
) -> Result<(), StreamError> {
    let Some(head) = reader.message::<ScreenHead>().await? else { return Ok(()) };
    if !picture_size_is_acceptable(head.width, head.height) {
        return Err(StreamError::Peer("a picture of an impossible size"));
    }
    if usize::from(head.monitor.0) >= MONITORS {
        return Err(StreamError::Peer("a monitor of an impossible number"));
    }
    let wanted = (u64::from(head.width) * u64::from(head.height)).div_ceil(ROOM_PIXELS);
    let wanted = u32::try_from(wanted).map_err(|_| StreamError::Peer("a picture of an impossible size"))?;
    let Ok(_room) = room.try_acquire_many(wanted) else {
        return Err(StreamError::Peer("more pictures than any desk has"));
    };
    let mut decoder =
        Decoder::new(head.width, head.height).map_err(|_| StreamError::Peer("a picture of an impossible size"))?;
    let pixels = head.width as usize * head.height as usize;
    let fresh = Picture {
        width: head.width,
        height: head.height,
        rgba: [0, 0, 0, 255].repeat(pixels),
        stream: head.epoch,
        ..Picture::default()
    };
    if !pictures.lock().begin(head.monitor, fresh) {
        reader.stop();
        return Ok(());
    }

    let most = screen_update_bytes(head.width, head.height);
    let mut last = 0;
    while let Some(update) = reader.message::<UpdateHead>().await? {
        if u64::from(update.length) > most || update.sequence != last + 1 {
            return Err(StreamError::Peer("an impossible picture update"));
        }
        last = update.sequence;
        let bytes = reader.exact(update.length as usize).await?;
        let changed = decoder.decode(&bytes).map_err(|error| {
            tracing::warn!(%error, "a picture update could not be decoded");
            StreamError::Peer("a picture update that is none")
        })?;
        {
            let mut pictures = pictures.lock();
            let current = pictures.monitors.get_mut(&head.monitor).filter(|picture| picture.stream == head.epoch);
            let Some(picture) = current else {
                // A newer stream has taken its place, or the viewing was taken back.
                reader.stop();
                return Ok(());
            };
            for rect in changed.rects() {
                convert(&decoder.picture(), picture, *rect);
            }
            picture.sequence = update.sequence;
            picture.fresh.merge(&changed);
        }
        on_change();
        let done = Decoded { monitor: head.monitor, epoch: head.epoch, sequence: update.sequence };
        if decoded.send(done).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Copies a rectangle from the decoder's BGRX into the window's RGBA.
fn convert(from: &Frame<'_>, to: &mut Picture, rect: Rect) {
    if !rect.fits(to.width, to.height) {
        return;
    }
    let (left, right) = (rect.x as usize * 4, rect.right() as usize * 4);
    for y in rect.y..rect.bottom() {
        let start = y as usize * to.width as usize * 4;
        let source = from.row(y).get(left..right).unwrap_or_default();
        let target = to.rgba.get_mut(start + left..start + right).unwrap_or_default();
        for (target, source) in target.chunks_exact_mut(4).zip(source.chunks_exact(4)) {
            target.copy_from_slice(&[source[2], source[1], source[0], 255]);
        }
    }
}

/// Follows the pointer's stream until it ends.
pub(crate) async fn follow_cursor(
    mut reader: Reader,
    pictures: SharedPictures,
    on_change: Arc<dyn Fn() + Send + Sync>,
) -> Result<(), StreamError> {
    while let Some(update) = reader.message::<CursorUpdate>().await? {
        match update {
            CursorUpdate::Position { monitor, x, y } => pictures.lock().pointer.position = Some((monitor, x, y)),
            CursorUpdate::Hidden => pictures.lock().pointer.position = None,
            CursorUpdate::Shape { width, height, hot_x, hot_y } => {
                let (width, height) = (u32::from(width), u32::from(height));
                if width > CURSOR_SIDE_PIXELS || height > CURSOR_SIDE_PIXELS {
                    return Err(StreamError::Peer("a pointer of an impossible size"));
                }
                let bgra = reader.exact(width as usize * height as usize * 4).await?.to_vec();
                let shape = CursorShape { width, height, hot_x: hot_x.into(), hot_y: hot_y.into(), bgra };
                let mut pictures = pictures.lock();
                pictures.pointer.shape = shape;
                pictures.pointer.shape_number += 1;
            }
        }
        on_change();
    }
    Ok(())
}
