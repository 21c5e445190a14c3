//! A text that has a limit in bytes, as what travels has.

/// A text of at most so many bytes, whatever its characters: what does not fit is not taken, and nothing of what is
/// there goes for it.
pub struct AtMost<'a> {
    /// The text.
    pub text: &'a mut String,
    /// How long it may be.
    pub bytes: usize,
}

impl egui::TextBuffer for AtMost<'_> {
    fn is_mutable(&self) -> bool {
        true
    }

    fn as_str(&self) -> &str {
        self.text
    }

    fn insert_text(&mut self, text: &str, at: egui::text::CharIndex) -> usize {
        let room = self.bytes.saturating_sub(self.text.len());
        let fits = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
        egui::TextBuffer::insert_text(self.text, fits, at)
    }

    fn delete_char_range(&mut self, range: std::ops::Range<egui::text::CharIndex>) {
        egui::TextBuffer::delete_char_range(self.text, range);
    }

    fn type_id(&self) -> std::any::TypeId {
        std::any::TypeId::of::<AtMost<'static>>()
    }
}
