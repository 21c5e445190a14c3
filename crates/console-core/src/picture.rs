//! The decoded pictures of a session, shared with the window that draws them.

use proto::geometry::{CursorShape, Damage, MonitorId};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One monitor's newest picture.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Rows of RGBA, opaque, `4 * width * height` bytes: as textures want them.
    pub rgba: Vec<u8>,
    /// Number of the stream that paints it; later streams have greater ones.
    pub stream: u32,
    /// Counts updates from 1, 0 before the first; with each stream it starts again.
    pub sequence: u64,
    /// What changed since the window last took it.
    pub fresh: Damage,
}

impl Picture {
    /// Writes it as PNG, pixel for pixel.
    ///
    /// # Errors
    /// Whatever stops the writing.
    pub fn write_png(&self, to: impl io::Write) -> io::Result<()> {
        let mut encoder = png::Encoder::new(io::BufWriter::new(to), self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgba)?;
        Ok(writer.finish()?)
    }
}

/// The pointer over the pictures.
#[derive(Debug, Clone, Default)]
pub struct Pointer {
    /// Where, in pixels of that monitor; `None` while it is nowhere that is shared.
    pub position: Option<(MonitorId, i32, i32)>,
    /// What it looks like, premultiplied BGRA.
    pub shape: CursorShape,
    /// Changes with each shape.
    pub shape_number: u64,
}

/// All pictures of a session.
#[derive(Debug, Default)]
pub struct Pictures {
    /// By monitor.
    pub monitors: BTreeMap<MonitorId, Picture>,
    /// The pointer.
    pub pointer: Pointer,
    /// The newest stream of each monitor, also after its picture was taken away.
    newest: BTreeMap<MonitorId, u32>,
}

impl Pictures {
    /// A stream begins to paint this monitor; false if a newer one has begun before.
    pub(crate) fn begin(&mut self, monitor: MonitorId, picture: Picture) -> bool {
        let newest = self.newest.entry(monitor).or_default();
        if picture.stream <= *newest {
            return false;
        }
        *newest = picture.stream;
        self.monitors.insert(monitor, picture);
        true
    }

    /// A new session begins: nothing is left of the last.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The pictures behind a lock that is held only to copy.
#[derive(Debug, Clone, Default)]
pub struct SharedPictures(Arc<Mutex<Pictures>>);

impl SharedPictures {
    /// Without pictures.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at them; do not wait while holding the guard.
    pub fn lock(&self) -> MutexGuard<'_, Pictures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
