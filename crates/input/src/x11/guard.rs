//! Finds out whether a press would reach one of Ponte's own windows.

use crate::{InputError, OwnWindows};
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt as _, InputFocus, Window};
use x11rb::rust_connection::RustConnection;

/// Most windows looked at inside one top-level window; a frame has a handful.
const MOST_WINDOWS: usize = 256;
/// Deepest nesting that is followed upwards from the focus.
const DEEPEST: usize = 64;

/// Where a press goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Buttons and wheel.
    Pointer,
    /// Keys and text.
    Focus,
}

/// Knows our windows.
pub(super) struct Guard {
    root: Window,
    own: OwnWindows,
    process_property: Atom,
}

impl Guard {
    pub(super) fn new(connection: &RustConnection, root: Window, own: OwnWindows) -> Result<Self, InputError> {
        let process_property = connection.intern_atom(false, b"_NET_WM_PID")?.reply()?.atom;
        Ok(Self { root, own, process_property })
    }

    /// Whether a press would reach a window of ours, its frame included. Only true to the moment
    /// of the press while the server is grabbed.
    pub(super) fn is_own(&self, connection: &RustConnection, target: Target) -> Result<bool, InputError> {
        match target {
            Target::Pointer => self.pointer_is_on_own(connection),
            Target::Focus => {
                let focus = connection.get_input_focus()?.reply()?.focus;
                if focus == u32::from(InputFocus::NONE) || focus == self.root {
                    Ok(false)
                } else if focus == u32::from(InputFocus::POINTER_ROOT) {
                    self.pointer_is_on_own(connection)
                } else {
                    self.is_inside_own(connection, focus)
                }
            }
        }
    }

    fn pointer_is_on_own(&self, connection: &RustConnection) -> Result<bool, InputError> {
        let top = connection.query_pointer(self.root)?.reply()?.child;
        if top == x11rb::NONE { Ok(false) } else { self.holds_own(connection, top) }
    }

    /// Whether this window, one around it, or one in the same top-level window is ours.
    fn is_inside_own(&self, connection: &RustConnection, window: Window) -> Result<bool, InputError> {
        let mut window = window;
        for _ in 0..DEEPEST {
            if self.is_ours(connection, window)? {
                return Ok(true);
            }
            let Some(tree) = unless_gone(connection.query_tree(window)?.reply())? else { return Ok(false) };
            if tree.parent == self.root || tree.parent == x11rb::NONE {
                return self.holds_own(connection, window);
            }
            window = tree.parent;
        }
        // Nobody nests that deep but to hide something.
        Ok(true)
    }

    /// Whether this top-level window is ours or frames one of ours.
    fn holds_own(&self, connection: &RustConnection, top: Window) -> Result<bool, InputError> {
        let mut windows = vec![top];
        let mut seen = 0;
        while let Some(window) = windows.pop() {
            seen += 1;
            if seen > MOST_WINDOWS {
                return Ok(false);
            }
            match self.process_of(connection, window)? {
                process if self.own.holds(window, process) => return Ok(true),
                // A program's window: what is inside it is that program's.
                Some(_) if window != top => continue,
                _ => {}
            }
            if let Some(tree) = unless_gone(connection.query_tree(window)?.reply())? {
                windows.extend(tree.children);
            }
        }
        Ok(false)
    }

    fn is_ours(&self, connection: &RustConnection, window: Window) -> Result<bool, InputError> {
        Ok(self.own.holds(window, self.process_of(connection, window)?))
    }

    fn process_of(&self, connection: &RustConnection, window: Window) -> Result<Option<u32>, InputError> {
        let request = connection.get_property(false, window, self.process_property, AtomEnum::CARDINAL, 0, 1)?;
        let Some(property) = unless_gone(request.reply())? else { return Ok(None) };
        Ok(property.value32().and_then(|mut values| values.next()))
    }
}

/// The answer, `None` where the window is gone.
fn unless_gone<T>(reply: Result<T, ReplyError>) -> Result<Option<T>, InputError> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
