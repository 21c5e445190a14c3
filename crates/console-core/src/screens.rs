//! Decoding: one task per screen stream, one for the pointer; both write into the shared pictures.

use crate::picture::{Picture, SharedPictures};
use proto::geometry::{CursorShape, Frame, MonitorId, Rect, picture_size_is_acceptable};
use proto::limits::{CURSOR_SIDE_PIXELS, screen_update_bytes};
use proto::screen::{CursorUpdate, ScreenHead, UpdateHead};
use session::{Reader, StreamError};
use std::sync::Arc;
use tile_codec::Decoder;
use tokio::sync::mpsc;

/// An update was decoded and can be seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoded {
    pub(crate) monitor: MonitorId,
    pub(crate) epoch: u32,
    pub(crate) sequence: u64,
}

/// Decodes one screen stream until it ends.
pub(crate) async fn decode(
    mut reader: Reader,
    pictures: SharedPictures,
    decoded: mpsc::Sender<Decoded>,
    on_change: Arc<dyn Fn() + Send + Sync>,
) -> Result<(), StreamError> {
    let Some(head) = reader.message::<ScreenHead>().await? else { return Ok(()) };
    if !picture_size_is_acceptable(head.width, head.height) {
        return Err(StreamError::Peer("a picture of an impossible size"));
    }
    let mut decoder =
        Decoder::new(head.width, head.height).map_err(|_| StreamError::Peer("a picture of an impossible size"))?;
    let pixels = head.width as usize * head.height as usize;
    let fresh =
        Picture { width: head.width, height: head.height, rgba: [0, 0, 0, 255].repeat(pixels), ..Picture::default() };
    pictures.lock().monitors.insert(head.monitor, fresh);

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
            // A later stream of the same monitor has replaced the picture if the size differs.
            if let Some(picture) = pictures.monitors.get_mut(&head.monitor)
                && (picture.width, picture.height) == (head.width, head.height)
            {
                for rect in changed.rects() {
                    convert(&decoder.picture(), picture, *rect);
                }
                picture.sequence = update.sequence;
                picture.fresh.merge(&changed);
            }
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
