//! The rules that hold on every system: what is down, what may be lifted, where the edges are.

use crate::{Injected, Injector, InputError};
use consent::{Control, Permit};
use proto::Layout;
use proto::input::{Button, InputEvent, KeyUsage};
use std::collections::BTreeSet;

/// Wire units of one notch of a wheel.
const NOTCH: i32 = 120;
/// More notches than this in one event are no hand's.
const MOST_NOTCHES: i32 = 64;

/// What a system must be able to do. Functions that may be refused check and act in one step, so
/// that no window can come between. Refused is what would reach a window of ours, and what would
/// reach another than the confinement allows.
pub(crate) trait Backend: Send {
    /// Confines presses to a window, `None` for no limit.
    fn confine(&mut self, window: Option<u32>);
    /// Puts the pointer there, in pixels of the desktop.
    fn move_to(&mut self, x: i32, y: i32) -> Result<(), InputError>;
    /// Presses a button unless that is refused where the pointer is.
    fn press_button(&mut self, button: Button) -> Result<Injected, InputError>;
    /// Lifts a button that was pressed.
    fn lift_button(&mut self, button: Button) -> Result<(), InputError>;
    /// Turns the wheel by notches to the right and down unless that is refused where the pointer is.
    fn turn_wheel(&mut self, right: i32, down: i32) -> Result<Injected, InputError>;
    /// Presses a key unless that is refused where the focus is. False if there is no such key.
    fn press_key(&mut self, key: KeyUsage) -> Result<(Injected, bool), InputError>;
    /// Lifts a key that was pressed.
    fn lift_key(&mut self, key: KeyUsage) -> Result<(), InputError>;
    /// Types unless that is refused where the focus is. What is held down stays so afterwards.
    fn type_text(&mut self, text: &str) -> Result<Injected, InputError>;
}

/// A back end and what is down because of us.
pub(crate) struct Tracked<B: Backend> {
    backend: B,
    keys: BTreeSet<KeyUsage>,
    buttons: BTreeSet<Button>,
    wheel_rest: (i32, i32),
}

impl<B: Backend> Tracked<B> {
    pub(crate) fn new(backend: B) -> Self {
        Self { backend, keys: BTreeSet::new(), buttons: BTreeSet::new(), wheel_rest: (0, 0) }
    }

    fn button(&mut self, button: Button, down: bool) -> Result<Injected, InputError> {
        if down && !self.buttons.contains(&button) {
            // Before the result is known: lifting once too often is harmless, once too few is not.
            self.buttons.insert(button);
            let injected = self.backend.press_button(button)?;
            if injected != Injected::Done {
                self.buttons.remove(&button);
            }
            return Ok(injected);
        }
        if !down && self.buttons.contains(&button) {
            self.backend.lift_button(button)?;
            self.buttons.remove(&button);
        }
        Ok(Injected::Done)
    }

    fn key(&mut self, key: KeyUsage, down: bool) -> Result<Injected, InputError> {
        if down && !self.keys.contains(&key) {
            self.keys.insert(key);
            let (injected, exists) = self.backend.press_key(key)?;
            if injected != Injected::Done || !exists {
                self.keys.remove(&key);
            }
            return Ok(injected);
        }
        if !down && self.keys.contains(&key) {
            self.backend.lift_key(key)?;
            self.keys.remove(&key);
        }
        Ok(Injected::Done)
    }

    fn wheel(&mut self, dx: i16, dy: i16) -> Result<Injected, InputError> {
        let (right, rest_x) = notches(self.wheel_rest.0, dx);
        let (down, rest_y) = notches(self.wheel_rest.1, dy);
        self.wheel_rest = (rest_x, rest_y);
        if (right, down) == (0, 0) { Ok(Injected::Done) } else { self.backend.turn_wheel(right, down) }
    }
}

/// Whole notches and what is left of them; a turn the other way forgets the rest.
fn notches(rest: i32, turn: i16) -> (i32, i32) {
    let turn = i32::from(turn);
    let kept = if rest.signum() * turn.signum() < 0 { 0 } else { rest };
    let all = kept + turn;
    ((all / NOTCH).clamp(-MOST_NOTCHES, MOST_NOTCHES), all % NOTCH)
}

impl<B: Backend> Injector for Tracked<B> {
    fn inject(
        &mut self,
        _permit: &Permit<'_, Control>,
        event: &InputEvent,
        layout: &Layout,
    ) -> Result<Injected, InputError> {
        match event {
            InputEvent::PointerMove { monitor, x, y } => {
                if let Some(monitor) = layout.monitor(*monitor) {
                    let last = |size: u32| i32::try_from(size.saturating_sub(1)).unwrap_or(i32::MAX);
                    let x = monitor.x.saturating_add((*x).clamp(0, last(monitor.width)));
                    let y = monitor.y.saturating_add((*y).clamp(0, last(monitor.height)));
                    self.backend.move_to(x, y)?;
                }
                Ok(Injected::Done)
            }
            InputEvent::Button { button, down } => self.button(*button, *down),
            InputEvent::Wheel { dx, dy } => self.wheel(*dx, *dy),
            InputEvent::Key { usage, down, .. } => self.key(*usage, *down),
            InputEvent::Text(text) => self.backend.type_text(text.as_str()),
            InputEvent::Heartbeat | InputEvent::Stamp { .. } => Ok(Injected::Done),
            InputEvent::ReleaseAll => {
                self.release_all();
                Ok(Injected::Done)
            }
        }
    }

    fn confine(&mut self, window: Option<u32>) {
        self.backend.confine(window);
    }

    fn release_all(&mut self) {
        self.wheel_rest = (0, 0);
        // Buttons first: a drop with its modifiers still held is what the person last saw.
        for button in std::mem::take(&mut self.buttons) {
            if let Err(error) = self.backend.lift_button(button) {
                tracing::warn!(%error, "a button could not be lifted");
            }
        }
        for key in std::mem::take(&mut self.keys) {
            if let Err(error) = self.backend.lift_key(key) {
                tracing::warn!(%error, "a key could not be lifted");
            }
        }
    }
}

impl<B: Backend> Drop for Tracked<B> {
    fn drop(&mut self) {
        self.release_all();
    }
}
