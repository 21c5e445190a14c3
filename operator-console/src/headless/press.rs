//! From commands to what mouse and keyboard send, and what is held down meanwhile; pure.

use super::command::{Action, Modifier};
use crate::viewer::keys;
use crate::viewer::remote_input::HEARTBEAT_SECONDS;
use console_core::proto::Text;
use console_core::proto::geometry::MonitorId;
use console_core::proto::input::{Button, InputEvent, KeyUsage, Modifiers};
use console_core::proto::limits::INPUT_TEXT_BYTES;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Most bytes that one command types.
pub(super) const TYPED_BYTES: usize = 16 * 1024;
/// Most clicks of one command.
pub(super) const CLICKS: u8 = 3;
/// Wire units of one notch of a wheel.
const NOTCH: i16 = 120;
/// Most notches of one command.
pub(super) const NOTCHES: i16 = 100;

/// What is down at the client.
#[derive(Default)]
pub(super) struct Held {
    keys: BTreeSet<u8>,
    buttons: BTreeSet<Button>,
    beat: Option<Instant>,
}

impl Held {
    /// When the client is to hear again that something is still held.
    pub(super) fn beats_at(&self) -> Option<Instant> {
        if self.keys.is_empty() && self.buttons.is_empty() {
            return None;
        }
        self.beat.map(|at| at + Duration::from_secs_f64(HEARTBEAT_SECONDS))
    }

    /// The sign of life, when it is due.
    pub(super) fn beat(&mut self, now: Instant) -> Option<InputEvent> {
        self.beats_at().filter(|at| *at <= now)?;
        self.beat = Some(now);
        Some(InputEvent::Heartbeat)
    }

    /// Remembers what these put down or lift.
    pub(super) fn note(&mut self, events: &[InputEvent], now: Instant) {
        for event in events {
            match event {
                InputEvent::Key { usage, down: true, .. } => drop(self.keys.insert(usage.0)),
                InputEvent::Key { usage, down: false, .. } => drop(self.keys.remove(&usage.0)),
                InputEvent::Button { button, down: true } => drop(self.buttons.insert(*button)),
                InputEvent::Button { button, down: false } => drop(self.buttons.remove(button)),
                _ => {}
            }
        }
        self.beat = Some(now);
    }
}

pub(super) fn click(monitor: MonitorId, (x, y): (i32, i32), button: Button, count: u8) -> Vec<InputEvent> {
    let mut events = vec![InputEvent::PointerMove { monitor, x, y }];
    for _ in 0..count {
        events.extend([true, false].map(|down| InputEvent::Button { button, down }));
    }
    events
}

pub(super) fn button(button: Button, action: Action) -> Vec<InputEvent> {
    let both = [(Action::Up, true), (Action::Down, false)];
    both.iter().filter(|(not, _)| action != *not).map(|(_, down)| InputEvent::Button { button, down: *down }).collect()
}

pub(super) fn wheel(dx: i16, dy: i16) -> Option<InputEvent> {
    let is_fair = |notches: i16| (-NOTCHES..=NOTCHES).contains(&notches);
    (is_fair(dx) && is_fair(dy)).then(|| InputEvent::Wheel { dx: dx * NOTCH, dy: dy * NOTCH })
}

/// The key of this name, as the window names it.
pub(super) fn named(name: &str) -> Option<KeyUsage> {
    egui::Key::ALL.iter().find(|key| format!("{key:?}") == name).and_then(|key| keys::usage(*key))
}

/// A key with the modifiers around it, which go down first and up last.
pub(super) fn key(usage: KeyUsage, modifiers: &[Modifier], action: Action) -> Vec<InputEvent> {
    let modifiers: BTreeSet<Modifier> = modifiers.iter().copied().collect();
    let bits = Modifiers(modifiers.iter().fold(0, |bits, modifier| bits | modifier.bit_and_usage().0));
    let around = |down| {
        modifiers.iter().map(move |modifier| {
            let (_, usage) = modifier.bit_and_usage();
            InputEvent::Key { usage: KeyUsage(usage), down, modifiers: bits }
        })
    };
    let mut events = Vec::new();
    if action != Action::Up {
        events.extend(around(true));
        events.push(InputEvent::Key { usage, down: true, modifiers: bits });
    }
    if action != Action::Down {
        events.push(InputEvent::Key { usage, down: false, modifiers: bits });
        events.extend(around(false));
    }
    events
}

pub(super) fn typed(text: &str) -> Vec<InputEvent> {
    let mut events = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let part = Text::<INPUT_TEXT_BYTES>::truncated(rest);
        rest = rest.get(part.as_str().len()..).unwrap_or_default();
        events.push(InputEvent::Text(part));
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_with_modifiers_leaves_nothing_down() {
        let mut held = Held::default();
        let now = Instant::now();
        let both = [Modifier::Control, Modifier::Shift, Modifier::Control];
        let events = key(KeyUsage(4), &both, Action::Press);
        assert_eq!(events.len(), 6);
        held.note(&events, now);
        assert_eq!(held.beats_at(), None);
        held.note(&key(KeyUsage(4), &both, Action::Down), now);
        let later = now + Duration::from_secs(1);
        assert_eq!(held.beat(now), None);
        assert_eq!(held.beat(later), Some(InputEvent::Heartbeat));
        assert_eq!(held.beat(later), None);
        held.note(&key(KeyUsage(4), &both, Action::Up), now);
        assert_eq!(held.beats_at(), None);
    }

    #[test]
    fn keys_have_the_names_of_the_window() {
        assert_eq!(named("Enter"), Some(KeyUsage(0x28)));
        assert_eq!(named("A"), Some(KeyUsage(4)));
        assert_eq!(named("ArrowDown"), Some(KeyUsage(0x51)));
        assert_eq!(named("ControlLeft"), Some(KeyUsage(0xE0)));
        assert_eq!(named("enter"), None);
    }

    #[test]
    fn long_text_is_typed_in_parts_that_are_whole() {
        let text = "perché ".repeat(200);
        let parts = typed(&text);
        assert!(parts.len() > 5);
        let joined: String = parts
            .iter()
            .map(|part| match part {
                InputEvent::Text(part) => part.as_str(),
                _ => "",
            })
            .collect();
        assert_eq!(joined, text);
    }
}
