//! Tokens, fonts, icons and widgets of Ponte's windows.
//!
//! Absent on purpose: screens, and anything that knows a session. Colours come from [`tokens`] only.
//! Read [`theme::install`] first, then [`widgets`].

pub mod fonts;
pub mod opener;
pub mod rates;
pub mod system_theme;
pub mod theme;
pub mod tokens;
pub mod widgets;

pub use theme::{Density, Mode};
pub use tokens::Tokens;
pub use widgets::*;
