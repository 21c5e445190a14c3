//! The strip of keys that this computer would keep for itself: pressed here, they go to the person's.

use super::parts::{StripButton, strip_button};
use super::session::may_press;
use super::{Scene, ScreenState};
use crate::viewer::keys;
use console_core::proto::input::{InputEvent, Modifiers};
use console_core::view::{ConsoleCommand, SessionView};
use egui::{Key, Ui};

/// Keys that are pressed together, by the words that are on them.
const CHORDS: [(&str, &[Key]); 9] = [
    ("Ctrl+Alt+Del", &[Key::ControlLeft, Key::AltLeft, Key::Delete]),
    ("Ctrl+Shift+Esc", &[Key::ControlLeft, Key::ShiftLeft, Key::Escape]),
    ("Alt+Tab", &[Key::AltLeft, Key::Tab]),
    ("Alt+F4", &[Key::AltLeft, Key::F4]),
    ("Super", &[Key::SuperLeft]),
    ("Super+L", &[Key::SuperLeft, Key::L]),
    ("PrtSc", &[Key::PrintScreen]),
    ("F11", &[Key::F11]),
    ("Ctrl+Alt", &[Key::ControlLeft, Key::AltLeft]),
];
/// What the client's program never presses: it would take the person's desktop away.
const REFUSED: [&str; 2] = ["Ctrl+Alt+F1...F12", "Ctrl+Alt+Backspace"];

/// What is sent for keys that are pressed together: down in this order, up in the other.
fn presses(chord: &[Key]) -> Vec<InputEvent> {
    let mut held = 0;
    let mut events = Vec::new();
    for key in chord {
        let Some(usage) = keys::usage(*key) else { continue };
        held |= modifier(*key);
        events.push(InputEvent::Key { usage, down: true, modifiers: Modifiers(held) });
    }
    for key in chord.iter().rev() {
        let Some(usage) = keys::usage(*key) else { continue };
        held &= !modifier(*key);
        events.push(InputEvent::Key { usage, down: false, modifiers: Modifiers(held) });
    }
    events
}

const fn modifier(key: Key) -> u8 {
    match key {
        Key::ShiftLeft => Modifiers::SHIFT,
        Key::ControlLeft => Modifiers::CONTROL,
        Key::AltLeft => Modifiers::ALT,
        Key::SuperLeft => Modifiers::META,
        _ => 0,
    }
}

/// The strip; nothing while it is not wanted, or nothing may be pressed.
pub(super) fn strip_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    if !may_press(session, &state.viewer) {
        state.keys_open = false;
    }
    if !state.keys_open {
        return;
    }
    let i18n = scene.i18n;
    super::parts::strip_ui(ui, "special keys", |ui| {
        for (label, chord) in CHORDS {
            let name = i18n.text_with("console-keys-press", &[("keys", label.into())]);
            let hover = i18n.text("console-keys-one-window");
            let button = StripButton { words: label, name: &name, hover: &hover, on: false, enabled: true };
            if strip_button(ui, &button) {
                commands.extend(presses(chord).into_iter().map(ConsoleCommand::Input));
            }
        }
        for label in REFUSED {
            let name = i18n.text_with("console-keys-refused", &[("keys", label.into())]);
            let button = StripButton { words: label, name: &name, hover: &name, on: false, enabled: false };
            strip_button(ui, &button);
        }
        let (words, name) = (i18n.text("console-close-panel"), i18n.text("console-keys-close"));
        let button = StripButton { words: &words, name: &name, hover: &name, on: false, enabled: true };
        if strip_button(ui, &button) {
            state.keys_open = false;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pressed_together_goes_down_in_order_and_up_in_the_other() {
        for (label, chord) in CHORDS {
            let events = presses(chord);
            assert_eq!(events.len(), 2 * chord.len(), "{label}: every key has a place on the keyboard");
            let mut down = Vec::new();
            for event in events {
                let InputEvent::Key { usage, down: goes_down, .. } = event else { panic!("{event:?}") };
                if goes_down {
                    down.push(usage);
                } else {
                    assert_eq!(down.pop(), Some(usage), "{label}");
                }
            }
            assert!(down.is_empty(), "{label}: nothing stays down");
        }
        let (control, alt) = (Modifiers::CONTROL, Modifiers::ALT);
        let held = |event: &InputEvent| match event {
            InputEvent::Key { modifiers, .. } => modifiers.0,
            _ => 0,
        };
        let events = presses(CHORDS[0].1);
        let expected = [control, control | alt, control | alt, control | alt, control, 0];
        assert_eq!(events.iter().map(held).collect::<Vec<_>>(), expected);
    }
}
