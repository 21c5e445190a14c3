//! The clipboard of this system, by `arboard`.

use crate::{Clipboard, Content, Picture, Reading, Ready, hint};
use consent::Permit;
use proto::clipboard::ClipProblem;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

/// The operator's own clipboard, which needs nobody's consent. Opened when first needed; what was put there stays as
/// long as this does.
#[derive(Clone, Default)]
pub struct OwnClipboard(Arc<Mutex<Option<arboard::Clipboard>>>);

impl OwnClipboard {
    fn with<T>(
        &self,
        act: impl FnOnce(&mut arboard::Clipboard) -> Result<T, arboard::Error>,
    ) -> Result<T, ClipProblem> {
        Self::act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), act)
    }

    /// The same, but never waits for who uses it now.
    fn with_at_once<T>(
        &self,
        act: impl FnOnce(&mut arboard::Clipboard) -> Result<T, arboard::Error>,
    ) -> Result<T, ClipProblem> {
        match self.0.try_lock() {
            Ok(mut open) => Self::act(&mut open, act),
            Err(TryLockError::Poisoned(open)) => Self::act(&mut open.into_inner(), act),
            Err(TryLockError::WouldBlock) => Err(ClipProblem::Unavailable),
        }
    }

    fn act<T>(
        open: &mut Option<arboard::Clipboard>,
        act: impl FnOnce(&mut arboard::Clipboard) -> Result<T, arboard::Error>,
    ) -> Result<T, ClipProblem> {
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
        self.with(|clipboard| set(clipboard, content)).map_err(|_| ClipProblem::Unavailable)
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

fn set(clipboard: &mut arboard::Clipboard, content: Content) -> Result<(), arboard::Error> {
    match content {
        Content::Text(text) => clipboard.set_text(text),
        Content::Picture(picture) => {
            let (width, height) = (picture.width() as usize, picture.height() as usize);
            clipboard.set_image(arboard::ImageData { width, height, bytes: picture.into_rgba().into() })
        }
    }
}

/// The clipboard of the person's machine. What was put there stays as long as this does.
#[derive(Clone, Default)]
pub struct ThisClipboard(OwnClipboard);

impl Clipboard for ThisClipboard {
    /// A program that does not say what it has copied may hold up who reads; the consent, inside which this runs,
    /// must not wait for that.
    fn put(&self, _: &Permit<'_, consent::Clipboard>, content: Content) -> Result<(), ClipProblem> {
        self.0.with_at_once(|clipboard| set(clipboard, content)).map_err(|_| ClipProblem::Unavailable)
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

#[cfg(test)]
mod tests {
    use super::*;
    use consent::{Answer, Consent};
    use proto::session::{Request, RequestId};
    use std::time::Instant;

    #[test]
    fn who_puts_something_there_does_not_wait_for_a_program_that_hangs() {
        let (mut consent, now) = (Consent::new(), Instant::now());
        for (id, request) in [(RequestId(1), Request::View), (RequestId(2), Request::Clipboard)] {
            consent.ask(now, id, request).unwrap();
            consent.mark_shown(now, id);
            assert!(consent.answer(now, id, Answer::Allow));
        }
        let clipboard = ThisClipboard::default();
        let reading = clipboard.0.0.lock().unwrap();
        let permit = consent.permit::<consent::Clipboard>(None).unwrap();
        // Were it to wait, it would do so for ever.
        assert_eq!(clipboard.put(&permit, Content::Text("mine".to_owned())), Err(ClipProblem::Unavailable));
        drop(reading);
    }
}
