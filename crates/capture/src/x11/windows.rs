//! The windows of an X display: which of them a person would recognise, whose they are, where they
//! stand, and what lies above them. What they say of themselves is hostile text.

use super::area::Area;
use super::owner::Owners;
use super::screen::Screen;
use crate::share::MOST_WINDOWS;
use crate::{CaptureError, WindowId, WindowInfo};
use x11rb::connection::RequestConnection;
use x11rb::cookie::Cookie;
use x11rb::errors::ReplyError;
use x11rb::protocol::shape::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt as _, GetPropertyReply, MapState, Window, WindowClass};
use x11rb::rust_connection::RustConnection;

/// Most windows that are looked at.
const MOST_LOOKED_AT: u32 = 1024;
/// Deepest nesting that is followed.
const DEEPEST: usize = 64;
/// Most windows inside one top-level window that are looked at; a frame has a handful.
const MOST_INSIDE: usize = 64;
/// Most of a property of text that is read, in the protocol's units of four bytes.
const MOST_TEXT: u32 = 256;
/// Frames that we draw are not wider than this.
const THIN: i32 = 8;

x11rb::atom_manager! {
    /// The properties that window managers and programs agree on.
    pub(super) Atoms: AtomsCookie {
        _NET_CLIENT_LIST_STACKING,
        _NET_SUPPORTING_WM_CHECK,
        _NET_WM_NAME,
        _NET_WM_PID,
        _NET_WM_STATE,
        _NET_WM_STATE_HIDDEN,
        _NET_WM_WINDOW_OPACITY,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_DESKTOP,
        _NET_WM_WINDOW_TYPE_DOCK,
        _NET_WM_WINDOW_TYPE_TOOLBAR,
        _NET_WM_WINDOW_TYPE_MENU,
        _NET_WM_WINDOW_TYPE_SPLASH,
        _NET_WM_WINDOW_TYPE_DROPDOWN_MENU,
        _NET_WM_WINDOW_TYPE_POPUP_MENU,
        _NET_WM_WINDOW_TYPE_TOOLTIP,
        _NET_WM_WINDOW_TYPE_NOTIFICATION,
        _NET_WM_WINDOW_TYPE_COMBO,
        _NET_WM_WINDOW_TYPE_DND,
        UTF8_STRING,
        WM_STATE,
    }
}

impl Atoms {
    pub(super) fn of(screen: &Screen) -> Result<Self, CaptureError> {
        Ok(Self::new(&screen.connection)?.reply()?)
    }

    /// Whether windows of that type are no person's choice.
    fn is_furniture(&self, kind: Atom) -> bool {
        [
            self._NET_WM_WINDOW_TYPE_DESKTOP,
            self._NET_WM_WINDOW_TYPE_DOCK,
            self._NET_WM_WINDOW_TYPE_TOOLBAR,
            self._NET_WM_WINDOW_TYPE_MENU,
            self._NET_WM_WINDOW_TYPE_SPLASH,
            self._NET_WM_WINDOW_TYPE_DROPDOWN_MENU,
            self._NET_WM_WINDOW_TYPE_POPUP_MENU,
            self._NET_WM_WINDOW_TYPE_TOOLTIP,
            self._NET_WM_WINDOW_TYPE_NOTIFICATION,
            self._NET_WM_WINDOW_TYPE_COMBO,
            self._NET_WM_WINDOW_TYPE_DND,
        ]
        .contains(&kind)
    }
}

/// The answer, `None` where the window is gone.
pub(super) fn unless_gone<T>(reply: Result<T, ReplyError>) -> Result<Option<T>, CaptureError> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where the contents of a window stand on the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Around them, in pixels.
    pub(super) border: u32,
    /// Significant bits of a pixel.
    pub(super) depth: u8,
}

impl Place {
    /// The contents alone.
    pub(super) fn inside(&self) -> Area {
        Area::new(self.x, self.y, self.width, self.height)
    }

    /// With the border.
    pub(super) fn outside(&self) -> Area {
        let border = i32::try_from(self.border).unwrap_or(0);
        let inside = self.inside();
        Area {
            left: inside.left - border,
            top: inside.top - border,
            right: inside.right + border,
            bottom: inside.bottom + border,
        }
    }
}

/// `None` if the window is gone.
pub(super) fn place_of(screen: &Screen, window: Window) -> Result<Option<Place>, CaptureError> {
    let geometry = screen.connection.get_geometry(window)?;
    let origin = screen.connection.translate_coordinates(window, screen.root, 0, 0)?;
    let (geometry, origin) = (unless_gone(geometry.reply())?, unless_gone(origin.reply())?);
    Ok(geometry.zip(origin).map(|(geometry, origin)| Place {
        x: origin.dst_x.into(),
        y: origin.dst_y.into(),
        width: geometry.width.into(),
        height: geometry.height.into(),
        border: geometry.border_width.into(),
        depth: geometry.depth,
    }))
}

/// The window and all around it up to the child of the root window; empty if it is gone.
pub(super) fn path_of(screen: &Screen, window: Window) -> Result<Vec<Window>, CaptureError> {
    let mut path = vec![window];
    while let Some(window) = path.last().copied().filter(|_| path.len() <= DEEPEST) {
        let Some(tree) = unless_gone(screen.connection.query_tree(window)?.reply())? else { break };
        if tree.parent == screen.root {
            return Ok(path);
        }
        if tree.parent == x11rb::NONE {
            break;
        }
        path.push(tree.parent);
    }
    Ok(Vec::new())
}

/// The child of the root window that holds this one; `None` if it is gone.
pub(super) fn top_of(screen: &Screen, window: Window) -> Result<Option<Window>, CaptureError> {
    Ok(path_of(screen, window)?.last().copied())
}

fn first(property: &GetPropertyReply) -> Option<u32> {
    property.value32().and_then(|mut values| values.next())
}

/// A child of the root window that is on the screen.
pub(super) struct Top {
    pub(super) window: Window,
    /// With its border.
    pub(super) area: Area,
    is_free: bool,
}

/// All children of the root window that can be seen or cover others, lowest first.
pub(super) fn tops(screen: &Screen) -> Result<Vec<Top>, CaptureError> {
    let connection = &screen.connection;
    let children = connection.query_tree(screen.root)?.reply()?.children;
    let mut requests = Vec::with_capacity(children.len());
    for window in children {
        requests.push((window, connection.get_window_attributes(window)?, connection.get_geometry(window)?));
    }
    let mut tops = Vec::new();
    for (window, attributes, geometry) in requests {
        let (attributes, geometry) = (unless_gone(attributes.reply())?, unless_gone(geometry.reply())?);
        let Some((attributes, geometry)) = attributes.zip(geometry) else { continue };
        if attributes.map_state == MapState::VIEWABLE && attributes.class == WindowClass::INPUT_OUTPUT {
            let around = |side: u16| u32::from(side) + 2 * u32::from(geometry.border_width);
            let area = Area::new(geometry.x.into(), geometry.y.into(), around(geometry.width), around(geometry.height));
            tops.push(Top { window, area, is_free: attributes.override_redirect });
        }
    }
    Ok(tops)
}

impl Top {
    /// Whether it is one of the strips of a frame that this process draws, which cover nothing.
    pub(super) fn is_strip_of(&self, screen: &Screen, owners: &Owners, process: u32) -> Result<bool, CaptureError> {
        let Area { left, top, right, bottom } = self.area;
        let is_thin = right - left <= THIN || bottom - top <= THIN;
        Ok(self.is_free && is_thin && owners.process_of(screen, self.window)? == Some(process))
    }

    /// Whether it is a mark that this process draws: nothing of its own to be seen, but it covers what it covers.
    pub(super) fn is_mark_of(&self, screen: &Screen, owners: &Owners, process: u32) -> Result<bool, CaptureError> {
        if !self.is_free || owners.process_of(screen, self.window)? != Some(process) {
            return Ok(false);
        }
        let input = unless_gone(screen.connection.shape_get_rectangles(self.window, shape::SK::INPUT)?.reply())?;
        Ok(input.is_some_and(|input| input.rectangles.is_empty()))
    }

    /// What it covers: itself, or the shape that it has given itself.
    pub(super) fn covers(&self, screen: &Screen) -> Result<Vec<Area>, CaptureError> {
        let whole = vec![self.area];
        if screen.connection.extension_information(shape::X11_EXTENSION_NAME)?.is_none() {
            return Ok(whole);
        }
        let extents = unless_gone(screen.connection.shape_query_extents(self.window)?.reply())?;
        if !extents.is_some_and(|extents| extents.bounding_shaped) {
            return Ok(whole);
        }
        let request = screen.connection.shape_get_rectangles(self.window, shape::SK::BOUNDING)?;
        let Some(place) = place_of(screen, self.window)? else { return Ok(Vec::new()) };
        let rectangles = unless_gone(request.reply())?.map(|reply| reply.rectangles).unwrap_or_default();
        let area = |rectangle: &x11rb::protocol::xproto::Rectangle| {
            let (x, y) = (place.x + i32::from(rectangle.x), place.y + i32::from(rectangle.y));
            Area::new(x, y, rectangle.width.into(), rectangle.height.into()).intersection(&self.area)
        };
        Ok(rectangles.iter().map(area).collect())
    }
}

/// The windows of a process inside a top-level window, itself included, that are on the screen.
pub(super) fn windows_of(
    screen: &Screen,
    owners: &Owners,
    top: Window,
    process: u32,
) -> Result<Vec<Window>, CaptureError> {
    let mut found = Vec::new();
    let framing = owners.process_of(screen, top)?;
    let mut waiting = vec![top];
    let mut seen = 0;
    while let Some(window) = waiting.pop().filter(|_| seen < MOST_INSIDE) {
        seen += 1;
        match owners.process_of(screen, window)? {
            Some(owner) if owner == process => {
                let attributes = unless_gone(screen.connection.get_window_attributes(window)?.reply())?;
                if attributes.is_some_and(|attributes| attributes.map_state == MapState::VIEWABLE) {
                    found.push(window);
                }
            }
            // A program's window in the frame of another: what is inside it is that program's.
            owner @ Some(_) if window != top && owner != framing => {}
            _ => {
                let tree = unless_gone(screen.connection.query_tree(window)?.reply())?;
                waiting.extend(tree.map(|tree| tree.children).unwrap_or_default());
            }
        }
    }
    Ok(found)
}

/// The windows that a person would recognise, topmost first.
pub(super) fn list(screen: &Screen, own_process: u32) -> Result<Vec<WindowInfo>, CaptureError> {
    let (atoms, owners) = (Atoms::of(screen)?, Owners::of(screen)?);
    let candidates = match managed(screen, &atoms)? {
        Some(managed) => managed,
        None => unmanaged(screen, &atoms)?,
    };
    let mut listed = Vec::new();
    for window in candidates.into_iter().rev() {
        if listed.len() == MOST_WINDOWS {
            break;
        }
        listed.extend(described(screen, &atoms, &owners, window, own_process)?);
    }
    Ok(listed)
}

/// What a window manager lists, lowest first; `None` without one.
fn managed(screen: &Screen, atoms: &Atoms) -> Result<Option<Vec<Window>>, CaptureError> {
    let connection = &screen.connection;
    let check = atoms._NET_SUPPORTING_WM_CHECK;
    let told = connection.get_property(false, screen.root, check, AtomEnum::WINDOW, 0, 1)?.reply()?;
    let Some(manager) = first(&told) else { return Ok(None) };
    // What a window manager that is gone has left behind is no list any more.
    let alive = connection.get_property(false, manager, check, AtomEnum::WINDOW, 0, 1)?;
    if unless_gone(alive.reply())?.and_then(|property| first(&property)) != Some(manager) {
        return Ok(None);
    }
    let list = atoms._NET_CLIENT_LIST_STACKING;
    let list = connection.get_property(false, screen.root, list, AtomEnum::WINDOW, 0, MOST_LOOKED_AT)?.reply()?;
    Ok(list.value32().map(Iterator::collect))
}

/// The windows of programs as they are found in the tree, lowest first.
fn unmanaged(screen: &Screen, atoms: &Atoms) -> Result<Vec<Window>, CaptureError> {
    let mut found = Vec::new();
    for top in tops(screen)?.into_iter().rev().take(MOST_LOOKED_AT as usize).filter(|top| !top.is_free) {
        let inside = unless_gone(screen.connection.query_tree(top.window)?.reply())?;
        let mut client = top.window;
        for window in inside.map(|tree| tree.children).unwrap_or_default().into_iter().take(MOST_INSIDE) {
            let state = screen.connection.get_property(false, window, atoms.WM_STATE, AtomEnum::ANY, 0, 1)?;
            if unless_gone(state.reply())?.is_some_and(|state| state.type_ != x11rb::NONE) {
                client = window;
            }
        }
        found.push(client);
    }
    found.reverse();
    Ok(found)
}

/// A window as a person knows it, `None` if it is nothing to choose.
fn described(
    screen: &Screen,
    atoms: &Atoms,
    owners: &Owners,
    window: Window,
    own_process: u32,
) -> Result<Option<WindowInfo>, CaptureError> {
    type Answer<'c> = Cookie<'c, RustConnection, GetPropertyReply>;
    let connection = &screen.connection;
    let property = |name: Atom, kind: Atom, length: u32| -> Result<Answer<'_>, CaptureError> {
        Ok(connection.get_property(false, window, name, kind, 0, length)?)
    };
    // All questions first: one round trip for all answers.
    let attributes = connection.get_window_attributes(window)?;
    let geometry = connection.get_geometry(window)?;
    let owner = owners.ask(screen, window)?;
    let kind = property(atoms._NET_WM_WINDOW_TYPE, AtomEnum::ATOM.into(), 16)?;
    let state = property(atoms._NET_WM_STATE, AtomEnum::ATOM.into(), 64)?;
    let title = property(atoms._NET_WM_NAME, atoms.UTF8_STRING, MOST_TEXT)?;
    let old_title = property(AtomEnum::WM_NAME.into(), AtomEnum::ANY.into(), MOST_TEXT)?;
    let class = property(AtomEnum::WM_CLASS.into(), AtomEnum::STRING.into(), MOST_TEXT)?;

    let answered = |answer: Answer<'_>| unless_gone(answer.reply());
    let attributes = unless_gone(attributes.reply())?;
    let geometry = unless_gone(geometry.reply())?;
    let (owner, kind, state) = (owners.answered(owner)?, answered(kind)?, answered(state)?);
    let (title, old_title, class) = (answered(title)?, answered(old_title)?, answered(class)?);
    let Some((attributes, geometry)) = attributes.zip(geometry) else { return Ok(None) };

    let is_shown = attributes.map_state == MapState::VIEWABLE
        && attributes.class == WindowClass::INPUT_OUTPUT
        && !attributes.override_redirect;
    let is_own = owner == Some(own_process);
    // The first type that is known counts, and the others are fallbacks of it.
    let is_furniture = kind.and_then(|kind| first(&kind)).is_some_and(|kind| atoms.is_furniture(kind));
    let is_hidden =
        state.is_some_and(|state| state.value32().is_some_and(|mut it| it.any(|it| it == atoms._NET_WM_STATE_HIDDEN)));
    if !is_shown || is_own || is_furniture || is_hidden {
        return Ok(None);
    }
    let title = title.filter(|title| !title.value.is_empty()).or(old_title).map(|title| title.value);
    let title = text(title.as_deref().unwrap_or_default());
    let class = class.map(|class| class.value).unwrap_or_default();
    // The name of this copy, then that of the program.
    let names = class.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let program = text(names.take(2).last().unwrap_or_default());
    let info = WindowInfo::new(WindowId(window), &title, &program, (geometry.width.into(), geometry.height.into()));
    Ok((!info.title.is_empty() || !info.program.is_empty()).then_some(info))
}

/// UTF-8, or else Latin-1, as older programs write.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(bytes).into_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
