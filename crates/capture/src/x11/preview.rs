//! Small pictures of an X display for the eyes of the person at this machine.

use super::area::Area;
use super::screen::Screen;
use super::shm::{GrabError, Grabber, Transport};
use super::window::X11Window;
use super::windows::{place_of, top_of, tops};
use crate::{CaptureError, LocalPreview};
use proto::{Frame, Rect};
use x11rb::protocol::xproto::{Drawable, Window};

/// A picture of these rectangles of the screen together.
pub(super) fn of_screen(screen: &Screen, areas: &[Area], most: (u32, u32)) -> Result<LocalPreview, CaptureError> {
    let all = areas.iter().copied().reduce(|all, area| Area {
        left: all.left.min(area.left),
        top: all.top.min(area.top),
        right: all.right.max(area.right),
        bottom: all.bottom.max(area.bottom),
    });
    let all = all.ok_or(CaptureError::LayoutChanged)?;
    grabbed(screen, screen.root, (all.left, all.top), (size(all.left, all.right), size(all.top, all.bottom)), most)
}

fn size(from: i32, to: i32) -> u32 {
    u32::try_from(to.saturating_sub(from)).unwrap_or(0)
}

/// A picture of a window. One that is wholly in sight is not asked to draw itself for that.
pub(super) fn of_window(screen: Screen, window: Window, most: (u32, u32)) -> Result<LocalPreview, CaptureError> {
    let place = place_of(&screen, window)?.ok_or(CaptureError::WindowClosed)?;
    let size = (place.width, place.height);
    if is_in_sight(&screen, window, place.inside())?
        && screen.check_format(place.depth, screen.visual_of(window)?).is_ok()
    {
        match grabbed(&screen, window, (0, 0), size, most) {
            // A part of it is beyond the screen.
            Err(CaptureError::LayoutChanged) => {}
            other => return other,
        }
    }
    X11Window::open(screen, window, size)?.preview(most.0, most.1)
}

/// Whether nothing lies above this area of the window.
fn is_in_sight(screen: &Screen, window: Window, area: Area) -> Result<bool, CaptureError> {
    let top = top_of(screen, window)?;
    let tops = tops(screen)?;
    let Some(index) = tops.iter().position(|found| Some(found.window) == top) else { return Ok(false) };
    let above = tops.get(index + 1..).unwrap_or_default();
    Ok(above.iter().all(|top| top.area.intersection(&area).is_empty()))
}

fn grabbed(
    screen: &Screen,
    drawable: Drawable,
    origin: (i32, i32),
    (width, height): (u32, u32),
    most: (u32, u32),
) -> Result<LocalPreview, CaptureError> {
    let connection = &screen.connection;
    let stride = width as usize * 4;
    let mut picture = vec![0; stride * height as usize];
    let mut grabber = Grabber::open(connection, picture.len(), Transport::Descriptor)?;
    let all = [Rect::new(0, 0, width, height)];
    let grab = grabber.grab(connection, drawable, origin, &all, &mut picture, stride);
    grabber.close(connection);
    match grab {
        Ok(()) => {}
        Err(GrabError::Lost(error)) => return Err(error),
        Err(GrabError::Refused) => return Err(CaptureError::LayoutChanged),
    }
    let frame = Frame::new(width, height, stride, &picture).ok_or(CaptureError::LayoutChanged)?;
    Ok(LocalPreview::of(&frame, most.0, most.1))
}
