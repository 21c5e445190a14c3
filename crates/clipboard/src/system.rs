//! The clipboard of this system, by `arboard`.

use crate::{Clipboard, Content, Picture, Reading, Ready, hint};
use consent::Permit;
use proto::clipboard::ClipProblem;
use std::sync::{Arc, Mutex, PoisonError};

/// The operator's own clipboard, which needs nobody's consent. Opened when first needed; what was put there stays as
/// long as this does.
#[derive(Clone, Default)]
pub struct OwnClipboard(Arc<Mutex<Option<arboard::Clipboard>>>);

impl OwnClipboard {
    fn with<T>(
        &self,
        act: impl FnOnce(&mut arboard::Clipboard) -> Result<T, arboard::Error>,
    ) -> Result<T, ClipProblem> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = arboard::Clipboard::new().inspect_err(|error| tracing::warn!(%error, "no clipboard")).ok();
        }
        let clipboard = open.as_mut().ok_or(ClipProblem::Unavailable)?;
        act(clipboard).map_err(|error| match error {
            arboard::Error::ClipboardNotSupported | arboard::Error::ClipboardOccupied => ClipProblem::Unavailable,
            // There is nothing, or another program offers what is neither: some answer with it whatever they are asked.
            _ => ClipProblem::Empty,
        })
    }

    /// Puts this there. Does not wait for other programs.
    ///
    /// # Errors
    /// [`ClipProblem::Unavailable`].
    pub fn put(&self, content: Content) -> Result<(), ClipProblem> {
        let put = self.with(|clipboard| match content {
            Content::Text(text) => clipboard.set_text(text),
            Content::Picture(picture) => {
                let (width, height) = (picture.width() as usize, picture.height() as usize);
                clipboard.set_image(arboard::ImageData { width, height, bytes: picture.into_rgba().into() })
            }
        });
        put.map_err(|_| ClipProblem::Unavailable)
    }

    /// The text that is there, else the picture. Waits for the program that owns it, for seconds if that hangs.
    ///
    /// # Errors
    /// [`ClipProblem`].
    pub fn read(&self) -> Result<Content, ClipProblem> {
        match self.with(arboard::Clipboard::get_text) {
            Ok(text) if !text.is_empty() => return Ok(Content::Text(text)),
            Ok(_) | Err(ClipProblem::Empty) => {}
            Err(problem) => return Err(problem),
        }
        let image = self.with(arboard::Clipboard::get_image)?;
        let side = |pixels: usize| u32::try_from(pixels).map_err(|_| ClipProblem::TooLarge);
        Picture::new(side(image.width)?, side(image.height)?, image.bytes.into_owned()).map(Content::Picture)
    }
}

/// The clipboard of the person's machine. What was put there stays as long as this does.
#[derive(Clone, Default)]
pub struct ThisClipboard(OwnClipboard);

impl Clipboard for ThisClipboard {
    fn put(&self, _: &Permit<'_, consent::Clipboard>, content: Content) -> Result<(), ClipProblem> {
        self.0.put(content)
    }

    fn read(&self, _: &Permit<'_, consent::Clipboard>, ready: Ready) -> Reading {
        let clipboard = self.0.clone();
        let read = move || {
            // Before and after: meanwhile another program may have copied something.
            if hint::is_secret() {
                return Err(ClipProblem::Secret);
            }
            let found = clipboard.read();
            if hint::is_secret() { Err(ClipProblem::Secret) } else { found }
        };
        Reading::start(read, ready)
    }
}
