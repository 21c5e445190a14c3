//! The operator's own clipboard, and the shortcuts of text fields.
//!
//! The window library would turn Ctrl+C, Ctrl+X and Ctrl+V into events of its own, and the remote
//! screen could not send them to the client; so that is turned off, and done here while anything
//! else has the focus.

use console_core::clipboard::Picture as Saved;
use console_core::picture::Picture;
use egui::{Event, Key, Modifiers};

/// The system's clipboard, opened when first needed.
#[derive(Default)]
pub struct SystemClipboard(Option<arboard::Clipboard>);

impl SystemClipboard {
    fn open(&mut self) -> Option<&mut arboard::Clipboard> {
        if self.0.is_none() {
            self.0 = arboard::Clipboard::new().ok();
        }
        self.0.as_mut()
    }

    /// Puts text there; false if the system does not allow it.
    pub fn set(&mut self, text: String) -> bool {
        self.open().is_some_and(|clipboard| clipboard.set_text(text).is_ok())
    }

    /// Puts a picture there; false if the system does not allow it.
    pub fn set_picture(&mut self, picture: Picture) -> bool {
        let (width, height) = (picture.width as usize, picture.height as usize);
        let image = arboard::ImageData { width, height, bytes: picture.rgba.into() };
        self.open().is_some_and(|clipboard| clipboard.set_image(image).is_ok())
    }

    /// The same for one that was read from a file.
    pub fn put_picture(&mut self, picture: &Saved) -> bool {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let image = arboard::ImageData { width, height, bytes: picture.rgba().into() };
        self.open().is_some_and(|clipboard| clipboard.set_image(image).is_ok())
    }

    /// The text that is there.
    pub fn text(&mut self) -> Option<String> {
        self.open()?.get_text().ok()
    }
}

/// Turns copy, cut and paste shortcuts into what text fields expect; `paste` is asked only when
/// something is to be pasted.
pub fn translate_shortcuts(events: &mut [Event], mut paste: impl FnMut() -> Option<String>) {
    for event in events {
        let Event::Key { key, pressed: true, modifiers, .. } = event else { continue };
        if !modifiers.matches_logically(Modifiers::COMMAND) {
            continue;
        }
        match key {
            // With Shift it copies the invitation.
            Key::C if modifiers.shift => {}
            Key::C | Key::Insert => *event = Event::Copy,
            Key::X => *event = Event::Cut,
            Key::V => {
                if let Some(text) = paste() {
                    *event = Event::Paste(text.replace("\r\n", "\n"));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcuts_of_text_fields_work_and_other_keys_stay() {
        let key = |key, modifiers| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        let mut events = vec![
            key(Key::C, Modifiers::COMMAND),
            key(Key::X, Modifiers::COMMAND),
            key(Key::V, Modifiers::COMMAND),
            key(Key::C, Modifiers::NONE),
        ];
        translate_shortcuts(&mut events, || Some("a\r\nb".to_owned()));
        let plain = key(Key::C, Modifiers::NONE);
        assert_eq!(events, [Event::Copy, Event::Cut, Event::Paste("a\nb".to_owned()), plain]);
    }
}
