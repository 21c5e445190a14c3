//! Message ids to text in every language of Ponte.
//!
//! Absent on purpose: any state that is shared between windows, and any sentence outside the
//! message files in `locales`. Read [`I18n`] first, then [`Language`].

mod format;
mod language;
mod messages;
mod words;

pub use language::Language;
pub use messages::{Arg, I18n};
pub use words::{WORD_COUNT, check_word};
