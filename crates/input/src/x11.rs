//! Injection on X11: the pointer is moved by `enigo`; everything that can press something goes
//! through XTEST here, because the check for Ponte's own windows and the press must be one step.
//! (`enigo` has its own connection, which waits while ours has grabbed the server.)

mod guard;
mod origin;
mod owner;
mod shortcuts;
mod text;

pub(crate) use origin::Watcher;

use crate::keys::evdev_code;
use crate::tracked::Backend;
use crate::{Injected, InputError, OwnWindows};
use enigo::{Coordinate, Enigo, Mouse, Settings};
use guard::{Guard, Target};
use proto::input::{Button, KeyUsage};
use std::collections::BTreeSet;
use text::Typist;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::xproto::{self, ConnectionExt as _};
use x11rb::protocol::xtest::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// X11 counts keys from 8 where Linux counts from 0.
const X11_OFFSET: u8 = 8;

/// One X display's keyboard and pointer.
pub(crate) struct X11Backend {
    pointer: Enigo,
    keyboard: Keyboard,
    guard: Guard,
    typist: Typist,
}

/// A connection, and the keys that are down because of it.
struct Keyboard {
    connection: RustConnection,
    root: xproto::Window,
    down: BTreeSet<u8>,
}

impl X11Backend {
    /// Connects to the display of that name, `None` for the session's.
    pub(crate) fn connect(display: Option<&str>, own: OwnWindows) -> Result<Self, InputError> {
        let unavailable = |error: &dyn std::fmt::Display| InputError::Unavailable(error.to_string());
        let (connection, screen) = RustConnection::connect(display).map_err(|error| unavailable(&error))?;
        let root = connection.setup().roots.get(screen).ok_or_else(|| unavailable(&"the display has no screen"))?.root;
        if connection.extension_information(xtest::X11_EXTENSION_NAME)?.is_none() {
            return Err(unavailable(&"the X server has no XTEST extension"));
        }
        connection.xtest_get_version(2, 2)?.reply()?;
        let settings = Settings { linux_delay: 0, x11_display: display.map(str::to_owned), ..Settings::default() };
        let pointer = Enigo::new(&settings).map_err(|error| unavailable(&error))?;
        let guard = Guard::new(&connection, root, own)?;
        let keyboard = Keyboard { connection, root, down: BTreeSet::new() };
        Ok(Self { pointer, keyboard, guard, typist: Typist::default() })
    }

    /// Acts while no other program can do anything, unless it would reach what it must not.
    fn guarded(
        &mut self,
        target: Target,
        act: impl FnOnce(&mut Keyboard, &mut Typist) -> Result<(), InputError>,
    ) -> Result<Injected, InputError> {
        self.keyboard.connection.grab_server()?;
        let result = match self.guard.verdict(&self.keyboard.connection, target) {
            Ok(Injected::Done) => act(&mut self.keyboard, &mut self.typist).map(|()| Injected::Done),
            refused_or_failed => refused_or_failed,
        };
        self.keyboard.connection.ungrab_server()?;
        self.keyboard.connection.sync()?;
        result
    }
}

impl Keyboard {
    fn fake(&self, kind: u8, detail: u8, delay_ms: u32) -> Result<(), InputError> {
        self.connection.xtest_fake_input(kind, detail, delay_ms, x11rb::NONE, 0, 0, 0)?;
        Ok(())
    }

    fn press(&mut self, keycode: u8) -> Result<(), InputError> {
        self.down.insert(keycode);
        self.fake(xproto::KEY_PRESS_EVENT, keycode, 0)
    }

    fn lift(&mut self, keycode: u8) -> Result<(), InputError> {
        self.down.remove(&keycode);
        self.fake(xproto::KEY_RELEASE_EVENT, keycode, 0)
    }

    fn click(&self, button: u8) -> Result<(), InputError> {
        self.fake(xproto::BUTTON_PRESS_EVENT, button, 0)?;
        self.fake(xproto::BUTTON_RELEASE_EVENT, button, 0)
    }
}

/// The X11 number of a button.
fn number(button: Button) -> u8 {
    match button {
        Button::Primary => 1,
        Button::Middle => 2,
        Button::Secondary => 3,
        Button::Back => 8,
        Button::Forward => 9,
    }
}

fn keycode(key: KeyUsage) -> Option<u8> {
    evdev_code(key)?.checked_add(X11_OFFSET)
}

impl Backend for X11Backend {
    fn confine(&mut self, window: Option<u32>) {
        self.guard.confine(&self.keyboard.connection, window);
    }

    fn move_to(&mut self, x: i32, y: i32) -> Result<(), InputError> {
        self.pointer.move_mouse(x, y, Coordinate::Abs).map_err(|error| InputError::Failed(error.to_string()))
    }

    fn press_button(&mut self, button: Button) -> Result<Injected, InputError> {
        self.guarded(Target::Pointer, |keyboard, _| keyboard.fake(xproto::BUTTON_PRESS_EVENT, number(button), 0))
    }

    fn lift_button(&mut self, button: Button) -> Result<(), InputError> {
        self.keyboard.fake(xproto::BUTTON_RELEASE_EVENT, number(button), 0)?;
        Ok(self.keyboard.connection.sync()?)
    }

    fn turn_wheel(&mut self, right: i32, down: i32) -> Result<Injected, InputError> {
        self.guarded(Target::Pointer, |keyboard, _| {
            for (notches, forward, back) in [(down, 5, 4), (right, 7, 6)] {
                for _ in 0..notches.unsigned_abs() {
                    keyboard.click(if notches > 0 { forward } else { back })?;
                }
            }
            Ok(())
        })
    }

    fn press_key(&mut self, key: KeyUsage) -> Result<(Injected, bool), InputError> {
        let Some(keycode) = keycode(key) else { return Ok((Injected::Done, false)) };
        let injected = self.guarded(Target::Key(keycode), |keyboard, _| keyboard.press(keycode))?;
        Ok((injected, true))
    }

    fn lift_key(&mut self, key: KeyUsage) -> Result<(), InputError> {
        if let Some(keycode) = keycode(key) {
            self.keyboard.lift(keycode)?;
            self.keyboard.connection.sync()?;
        }
        Ok(())
    }

    fn type_text(&mut self, text: &str) -> Result<Injected, InputError> {
        let mut rest: &[char] = &text.chars().collect::<Vec<_>>();
        while !rest.is_empty() {
            let settled = self.typist.settle(&self.keyboard)?;
            let mut typed = 0;
            let injected = self.guarded(Target::Text, |keyboard, typist| {
                typed = typist.type_some(keyboard, rest, settled)?;
                Ok(())
            })?;
            if injected != Injected::Done {
                return Ok(injected);
            }
            rest = rest.get(typed..).unwrap_or_default();
        }
        Ok(Injected::Done)
    }
}

impl Drop for X11Backend {
    fn drop(&mut self) {
        if let Err(error) = self.typist.restore(&self.keyboard) {
            tracing::warn!(%error, "keys that were lent to characters could not be given back");
        }
    }
}

impl From<ConnectionError> for InputError {
    fn from(error: ConnectionError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<ReplyError> for InputError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::X11Error(error) => Self::Failed(format!("the X server answered {:?}", error.error_kind)),
            ReplyError::ConnectionError(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
