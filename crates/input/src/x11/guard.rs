//! Finds out whether a press would reach one of Ponte's own windows, or another than it may.

use super::owner::{Owner, Owners};
use super::shortcuts;
use crate::{Injected, InputError, OwnWindows};
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
    /// A key, by the server's number for it.
    Key(u8),
    /// Text.
    Text,
}

/// The window that presses are confined to.
struct Confinement {
    window: Window,
    /// What it was when it was chosen, `None` once it is gone: its number may be another's then.
    belonging: Option<Belonging>,
}

/// Whose a window is: by its process, and by the window that it says leads its program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Belonging {
    owner: Owner,
    leader: Option<Window>,
}

impl Belonging {
    /// Whether both are of the same program. What they say counts only where the server does not know it.
    fn is_shared_with(&self, other: &Self) -> bool {
        let are_known = self.owner.known.is_some() && other.owner.known.is_some();
        let is_led = self.leader.is_some() && self.leader == other.leader;
        self.owner.is(&other.owner) || !are_known && is_led
    }
}

/// Knows our windows, and the one that presses are confined to.
pub(super) struct Guard {
    root: Window,
    own: OwnWindows,
    confined: Option<Confinement>,
    owners: Owners,
    hidden: Window,
    leader_property: Atom,
}

impl Guard {
    pub(super) fn new(connection: &RustConnection, root: Window, own: OwnWindows) -> Result<Self, InputError> {
        let owners = Owners::new(connection)?;
        let hidden = shortcuts::hidden_window(connection, root)?;
        let leader_property = connection.intern_atom(false, b"WM_CLIENT_LEADER")?.reply()?.atom;
        Ok(Self { root, own, confined: None, owners, hidden, leader_property })
    }

    /// Confines presses to that window, `None` for no limit.
    pub(super) fn confine(&mut self, connection: &RustConnection, window: Option<Window>) {
        self.confined = window.map(|window| {
            let belonging = self.belonging_of(connection, window).unwrap_or_else(|error| {
                tracing::warn!(%error, "the window that presses are confined to cannot be looked at");
                None
            });
            Confinement { window, belonging }
        });
    }

    /// Whether a press may be done. Only true to the moment of the press while the server is grabbed.
    pub(super) fn verdict(&mut self, connection: &RustConnection, target: Target) -> Result<Injected, InputError> {
        if self.is_own(connection, target)? {
            return Ok(Injected::RefusedOwnWindow);
        }
        if let Target::Key(keycode) = target
            && shortcuts::takes_the_desktop(connection, self.root, keycode)?
        {
            return Ok(Injected::RefusedKey);
        }
        let Some(Confinement { window, belonging }) = &self.confined else { return Ok(Injected::Done) };
        let (window, before) = (*window, *belonging);
        let now = self.belonging_of(connection, window)?;
        let allowed = match before.zip(now) {
            Some((before, now)) if before == now => {
                self.is_within(connection, target, window, &now)? && self.stays(connection, target)?
            }
            _ => {
                self.confined = Some(Confinement { window, belonging: None });
                false
            }
        };
        Ok(if allowed { Injected::Done } else { Injected::RefusedOutside })
    }

    /// Whether a press goes where it seems to go.
    fn stays(&self, connection: &RustConnection, target: Target) -> Result<bool, InputError> {
        match target {
            Target::Pointer => Ok(true),
            Target::Key(keycode) => shortcuts::stays(connection, self.root, self.hidden, Some(keycode)),
            Target::Text => shortcuts::stays(connection, self.root, self.hidden, None),
        }
    }

    /// `None` if the window is gone.
    fn belonging_of(&self, connection: &RustConnection, window: Window) -> Result<Option<Belonging>, InputError> {
        if unless_gone(connection.get_geometry(window)?.reply())?.is_none() {
            return Ok(None);
        }
        let owner = self.owners.of(connection, window)?;
        Ok(Some(Belonging { owner, leader: self.window_in(connection, window, self.leader_property)? }))
    }

    /// Whether a press would reach a window of ours, its frame included.
    fn is_own(&self, connection: &RustConnection, target: Target) -> Result<bool, InputError> {
        match target {
            Target::Pointer => self.pointer_is_on_own(connection),
            Target::Key(_) | Target::Text => {
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

    /// Whether a press would reach this window, its frame, or one of its menus and dialogs.
    fn is_within(
        &self,
        connection: &RustConnection,
        target: Target,
        window: Window,
        belonging: &Belonging,
    ) -> Result<bool, InputError> {
        let Some(shared_top) = self.top_of(connection, window)? else { return Ok(false) };
        let reached = match target {
            Target::Pointer => self.under_pointer(connection)?,
            Target::Key(_) | Target::Text => {
                let focus = connection.get_input_focus()?.reply()?.focus;
                if focus == u32::from(InputFocus::NONE) || focus == self.root {
                    None
                } else if focus == u32::from(InputFocus::POINTER_ROOT) {
                    self.under_pointer(connection)?
                } else {
                    self.top_of(connection, focus)?
                }
            }
        };
        match reached {
            Some(top) if top == shared_top => Ok(true),
            Some(top) => self.is_part_of(connection, top, window, belonging),
            None => Ok(false),
        }
    }

    fn under_pointer(&self, connection: &RustConnection) -> Result<Option<Window>, InputError> {
        let top = connection.query_pointer(self.root)?.reply()?.child;
        Ok((top != x11rb::NONE).then_some(top))
    }

    /// The child of the root window that this window is inside of, or is; `None` if it is gone.
    fn top_of(&self, connection: &RustConnection, window: Window) -> Result<Option<Window>, InputError> {
        let mut window = window;
        for _ in 0..DEEPEST {
            let Some(tree) = unless_gone(connection.query_tree(window)?.reply())? else { return Ok(None) };
            if tree.parent == self.root {
                return Ok(Some(window));
            }
            if tree.parent == x11rb::NONE {
                return Ok(None);
            }
            window = tree.parent;
        }
        Ok(None)
    }

    /// Whether this top-level window, or one that it frames, is a menu or a dialog of `window`: of
    /// the same program, and either out of the window manager's hands or declared to belong to it.
    /// Another window of the same program that stands for itself is not.
    fn is_part_of(
        &self,
        connection: &RustConnection,
        top: Window,
        window: Window,
        belonging: &Belonging,
    ) -> Result<bool, InputError> {
        let Some(attributes) = unless_gone(connection.get_window_attributes(top)?.reply())? else { return Ok(false) };
        let mut waiting = vec![top];
        let mut seen = 0;
        while let Some(candidate) = waiting.pop().filter(|_| seen < MOST_WINDOWS) {
            seen += 1;
            let Some(other) = self.belonging_of(connection, candidate)? else { continue };
            if other.is_shared_with(belonging) {
                let is_menu = candidate == top && attributes.override_redirect;
                return Ok(is_menu || self.is_transient_for(connection, candidate, window)?);
            }
            // A program's window: what is inside it is that program's.
            if other.owner.said.is_none()
                && let Some(tree) = unless_gone(connection.query_tree(candidate)?.reply())?
            {
                waiting.extend(tree.children);
            }
        }
        Ok(false)
    }

    /// Whether this window says that it belongs to `window`, directly or through others.
    fn is_transient_for(&self, connection: &RustConnection, from: Window, window: Window) -> Result<bool, InputError> {
        let mut from = from;
        for _ in 0..DEEPEST {
            match self.window_in(connection, from, AtomEnum::WM_TRANSIENT_FOR.into())? {
                Some(owner) if owner == window => return Ok(true),
                Some(owner) => from = owner,
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The window that this property of a window names.
    fn window_in(&self, connection: &RustConnection, window: Window, name: Atom) -> Result<Option<Window>, InputError> {
        let request = connection.get_property(false, window, name, AtomEnum::WINDOW, 0, 1)?;
        let Some(property) = unless_gone(request.reply())? else { return Ok(None) };
        Ok(property.value32().and_then(|mut values| values.next()))
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
            let owner = self.owners.of(connection, window)?;
            if self.holds(window, owner) {
                return Ok(true);
            }
            // A program's window: what is inside it is that program's.
            if owner.said.is_some() && window != top {
                continue;
            }
            if let Some(tree) = unless_gone(connection.query_tree(window)?.reply())? {
                windows.extend(tree.children);
            }
        }
        Ok(false)
    }

    fn is_ours(&self, connection: &RustConnection, window: Window) -> Result<bool, InputError> {
        Ok(self.holds(window, self.owners.of(connection, window)?))
    }

    /// Whether it is ours, or only says so: what pretends to be ours gets nothing either.
    fn holds(&self, window: Window, owner: Owner) -> bool {
        [owner.known, owner.said].into_iter().any(|process| self.own.holds(window, process))
    }
}

/// The answer, `None` where the window is gone.
pub(super) fn unless_gone<T>(reply: Result<T, ReplyError>) -> Result<Option<T>, InputError> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
