//! What the operator does over the picture, as the input events of the wire; pure.
//!
//! Text is sent as text and everything else by position, never both for one press. Control, alt
//! and meta are sent when they go down, because alone they do something too. Shift goes down only
//! with a key or button that needs it, so that no text is typed at the client with shift held.

use super::keys::{self, Kind};
use super::mapping::Mapping;
use console_core::proto::Text;
use console_core::proto::geometry::MonitorId;
use console_core::proto::input::{Button, InputEvent, KeyUsage, Modifiers};
use console_core::proto::limits::INPUT_TEXT_BYTES;
use egui::{Event, Key, MouseWheelUnit, PointerButton, Pos2, Vec2};
use std::collections::{BTreeMap, BTreeSet};

/// How often the client hears that the operator still holds something, in seconds.
pub const HEARTBEAT_SECONDS: f64 = 1.0;
/// Wire units of one notch of a wheel.
const NOTCH: f32 = 120.0;
/// Points that one notch scrolls where the wheel reports points.
const POINTS_PER_NOTCH: f32 = 50.0;
/// Notches that one page stands for.
const NOTCHES_PER_PAGE: f32 = 10.0;

/// Where the picture is, and which.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The monitor that is shown.
    pub monitor: MonitorId,
    /// Where it lies in the window.
    pub mapping: Mapping,
    /// The part of the window where the picture can be seen.
    pub visible: egui::Rect,
    /// Whether the pointer is over the picture and over nothing else.
    pub hovered: bool,
}

/// What came of one frame's events.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Translated {
    /// To the client, in this order.
    pub events: Vec<InputEvent>,
    /// Whether the operator wants mouse and keyboard back (control and alt, pressed and let go).
    pub leave: bool,
}

/// Translates frames of window events; remembers what is down at the client.
#[derive(Debug, Default)]
pub struct RemoteInput {
    /// Modifier keys that the operator holds here.
    held: BTreeSet<Key>,
    /// Keys that are down at the client, by the key that the window reported.
    down: BTreeMap<Key, KeyUsage>,
    /// Buttons that are down at the client.
    buttons: BTreeSet<Button>,
    flags: egui::Modifiers,
    /// Control and alt are held and nothing else was pressed since.
    leaving: bool,
    last_move: Option<(MonitorId, i32, i32)>,
    pending_move: Option<(i32, i32)>,
    wheel_rest: Vec2,
    last_beat_s: f64,
}

const PAIRS: [(Key, Key); 4] = [
    (Key::ShiftLeft, Key::ShiftRight),
    (Key::ControlLeft, Key::ControlRight),
    (Key::AltLeft, Key::AltRight),
    (Key::SuperLeft, Key::SuperRight),
];

impl RemoteInput {
    /// Translates the events of one frame; `now_s` is any clock in seconds.
    pub fn handle_events(&mut self, now_s: f64, events: &[Event], target: &Target) -> Translated {
        let mut out = Translated::default();
        if !self.is_anything_down() {
            self.last_beat_s = now_s;
        }
        for event in events {
            match event {
                Event::ModifiersChanged(flags) => self.handle_flags(*flags, &mut out),
                Event::Key { key, physical_key, pressed, modifiers, .. } => {
                    self.handle_flags(*modifiers, &mut out);
                    self.handle_key(*key, physical_key.unwrap_or(*key), *pressed, &mut out);
                }
                Event::Text(text) | Event::Ime(egui::ImeEvent::Commit(text)) => self.handle_text(text, &mut out),
                Event::PointerMoved(position) => self.handle_move(*position, target),
                Event::PointerButton { pos, button, pressed, modifiers } => {
                    self.handle_flags(*modifiers, &mut out);
                    self.handle_button(*pos, *button, *pressed, target, &mut out);
                }
                Event::MouseWheel { unit, delta, modifiers, .. } if target.hovered => {
                    self.handle_flags(*modifiers, &mut out);
                    self.handle_wheel(*unit, *delta, target, &mut out);
                }
                _ => {}
            }
        }
        self.flush_move(target, &mut out);
        self.beat(now_s, &mut out);
        out
    }

    /// Lifts everything: the focus is gone, or the power.
    pub fn release_all(&mut self) -> InputEvent {
        *self = Self { last_beat_s: self.last_beat_s, ..Self::default() };
        InputEvent::ReleaseAll
    }

    /// Whether anything is down at the client, so that heartbeats are due.
    #[must_use]
    pub fn is_anything_down(&self) -> bool {
        !self.down.is_empty() || !self.buttons.is_empty()
    }

    fn beat(&mut self, now_s: f64, out: &mut Translated) {
        if self.is_anything_down() && now_s - self.last_beat_s >= HEARTBEAT_SECONDS {
            self.last_beat_s = now_s;
            out.events.push(InputEvent::Heartbeat);
        }
    }

    fn holds(&self, (left, right): (Key, Key)) -> bool {
        self.held.contains(&left) || self.held.contains(&right)
    }

    /// Whether keys are shortcuts now. The right alt key alone is not enough: on many layouts it
    /// selects a level, and the window then reports no alt.
    fn commands(&self) -> bool {
        self.flags.ctrl
            || self.flags.alt
            || self.flags.mac_cmd
            || self.holds((Key::ControlLeft, Key::ControlRight))
            || self.held.contains(&Key::AltLeft)
            || self.holds((Key::SuperLeft, Key::SuperRight))
    }

    fn snapshot(&self) -> Modifiers {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let [shift, control, alt, meta] = PAIRS.map(|pair| self.holds(pair));
        let alt_graph = self.held.contains(&Key::AltRight) && !self.flags.alt;
        Modifiers(
            flag(self.flags.shift || shift, Modifiers::SHIFT)
                | flag(self.flags.ctrl || control, Modifiers::CONTROL)
                | flag(self.flags.alt || (alt && !alt_graph), Modifiers::ALT)
                | flag(self.flags.mac_cmd || meta, Modifiers::META)
                | flag(alt_graph, Modifiers::ALT_GRAPH),
        )
    }

    fn press(&mut self, reported: Key, usage: KeyUsage, out: &mut Translated) {
        let modifiers = self.snapshot();
        if self.down.insert(reported, usage).is_none() {
            out.events.push(InputEvent::Key { usage, down: true, modifiers });
        }
    }

    fn lift(&mut self, reported: Key, out: &mut Translated) {
        if let Some(usage) = self.down.remove(&reported) {
            out.events.push(InputEvent::Key { usage, down: false, modifiers: self.snapshot() });
        }
    }

    /// Takes the window's word on which modifiers are held, and lifts at the client what was put
    /// down there only because of that word (a layout may have control on another key).
    fn handle_flags(&mut self, flags: egui::Modifiers, out: &mut Translated) {
        self.flags = flags;
        let wanted = [flags.shift, flags.ctrl, flags.alt, flags.mac_cmd];
        for ((left, right), wanted) in PAIRS.into_iter().zip(wanted) {
            for key in [left, right] {
                if !wanted && !self.held.contains(&key) {
                    self.lift(key, out);
                }
            }
        }
    }

    /// Puts down at the client the modifiers that a key or button needs.
    fn press_modifiers(&mut self, out: &mut Translated) {
        let flags = [self.flags.shift, self.flags.ctrl, self.flags.alt, self.flags.mac_cmd];
        for (index, ((left, right), flag)) in PAIRS.into_iter().zip(flags).enumerate() {
            let shift_held = index == 0 && self.holds((left, right));
            if (flag || shift_held) && !self.down.contains_key(&left) && !self.down.contains_key(&right) {
                let key = if self.held.contains(&right) { right } else { left };
                if let Some(usage) = keys::usage(key) {
                    self.press(key, usage, out);
                }
            }
        }
    }

    fn handle_key(&mut self, logical: Key, reported: Key, pressed: bool, out: &mut Translated) {
        if keys::kind(reported) == Kind::Modifier {
            return self.handle_modifier(reported, pressed, out);
        }
        if !pressed {
            return self.lift(reported, out);
        }
        self.leaving = false;
        let key = match keys::kind(logical) {
            Kind::Lock => return,
            Kind::Printable if !self.commands() => return,
            Kind::Printable => reported,
            // Where the layout says otherwise (a keypad without its numbers), the layout is right.
            Kind::Command | Kind::Modifier => logical,
        };
        if let Some(usage) = keys::usage(key).or_else(|| keys::usage(logical)) {
            self.press_modifiers(out);
            self.press(reported, usage, out);
        }
    }

    fn handle_modifier(&mut self, key: Key, pressed: bool, out: &mut Translated) {
        if !pressed {
            self.held.remove(&key);
            self.lift(key, out);
            out.leave |= std::mem::take(&mut self.leaving);
            return;
        }
        self.held.insert(key);
        self.leaving = self.holds((Key::ControlLeft, Key::ControlRight)) && self.held.contains(&Key::AltLeft);
        let waits = matches!(key, Key::ShiftLeft | Key::ShiftRight | Key::AltRight);
        if !waits && let Some(usage) = keys::usage(key) {
            self.press(key, usage, out);
        }
    }

    fn handle_text(&mut self, text: &str, out: &mut Translated) {
        if self.commands() || text.is_empty() {
            return;
        }
        for shift in [Key::ShiftLeft, Key::ShiftRight] {
            self.lift(shift, out);
        }
        let mut rest = text;
        while !rest.is_empty() {
            let part = Text::<INPUT_TEXT_BYTES>::truncated(rest);
            rest = rest.get(part.as_str().len()..).unwrap_or_default();
            out.events.push(InputEvent::Text(part));
        }
    }

    fn handle_move(&mut self, position: Pos2, target: &Target) {
        if !self.buttons.is_empty() {
            self.pending_move = Some(target.mapping.nearest_pixel(position));
        } else if target.hovered
            && target.visible.contains(position)
            && let Some(pixel) = target.mapping.pixel(position)
        {
            self.pending_move = Some(pixel);
        }
    }

    fn flush_move(&mut self, target: &Target, out: &mut Translated) {
        let Some((x, y)) = self.pending_move.take() else { return };
        let place = (target.monitor, x, y);
        if self.last_move.replace(place) != Some(place) {
            out.events.push(InputEvent::PointerMove { monitor: target.monitor, x, y });
        }
    }

    fn handle_button(
        &mut self,
        position: Pos2,
        button: PointerButton,
        pressed: bool,
        target: &Target,
        out: &mut Translated,
    ) {
        let button = match button {
            PointerButton::Primary => Button::Primary,
            PointerButton::Secondary => Button::Secondary,
            PointerButton::Middle => Button::Middle,
            PointerButton::Extra1 => Button::Back,
            PointerButton::Extra2 => Button::Forward,
        };
        if pressed {
            if !target.hovered || !target.visible.contains(position) || target.mapping.pixel(position).is_none() {
                return;
            }
            self.leaving = false;
            self.press_modifiers(out);
        } else if !self.buttons.contains(&button) {
            return;
        }
        self.pending_move = Some(target.mapping.nearest_pixel(position));
        self.flush_move(target, out);
        if pressed {
            self.buttons.insert(button);
        } else {
            self.buttons.remove(&button);
        }
        out.events.push(InputEvent::Button { button, down: pressed });
    }

    fn handle_wheel(&mut self, unit: MouseWheelUnit, delta: Vec2, target: &Target, out: &mut Translated) {
        let notches = match unit {
            MouseWheelUnit::Line => delta,
            MouseWheelUnit::Point => delta / POINTS_PER_NOTCH,
            MouseWheelUnit::Page => delta * NOTCHES_PER_PAGE,
        };
        // The window says how the content moves; the wire says how the wheel turns.
        self.wheel_rest -= notches * NOTCH;
        let whole = Vec2::new(self.wheel_rest.x.trunc(), self.wheel_rest.y.trunc());
        self.wheel_rest -= whole;
        let limit = |turn: f32| turn.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16;
        let (dx, dy) = (limit(whole.x), limit(whole.y));
        if dx != 0 || dy != 0 {
            self.flush_move(target, out);
            self.press_modifiers(out);
            out.events.push(InputEvent::Wheel { dx, dy });
        }
    }
}

#[cfg(test)]
mod tests;
