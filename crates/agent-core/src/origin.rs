//! Whose press an answer was, for the window: what gives somebody a power is asked for here first.

pub use input::fake::FakeOrigin;
pub use input::origin::{Doubt, Means, Origin, Verdict};
pub use input::watch;
