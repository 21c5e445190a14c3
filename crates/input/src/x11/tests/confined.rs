//! While one window is shared, presses reach that window and nothing else.

use super::*;

const OTHERS: u32 = 4_000_003;
const ENTER: u8 = 0x28;

/// Presses and lifts a button there; what came of the press.
fn press_at(injector: &mut dyn Injector, x: i32, y: i32) -> Injected {
    inject(injector, &to(x, y));
    let injected = inject(injector, &primary(true));
    inject(injector, &primary(false));
    assert_eq!(inject(injector, &InputEvent::Wheel { dx: 0, dy: 120 }), injected, "the wheel at {x}, {y}");
    injected
}

fn press_enter(injector: &mut dyn Injector) -> Injected {
    let injected = inject(injector, &key(ENTER, true));
    inject(injector, &key(ENTER, false));
    let text = InputEvent::Text(Text::new("y").unwrap());
    assert_eq!(inject(injector, &text), injected);
    injected
}

#[test]
fn a_press_reaches_the_window_its_menus_and_its_dialogs_only() {
    for framed in [false, true] {
        let server = Xvfb::start();
        let program = Program::connect(&server);
        let shared = if framed {
            let frame = program.window(program.root, 0, 0, None);
            program.window(frame, 0, 20, Some(THEIRS))
        } else {
            program.managed(0, 0, THEIRS, None)
        };
        program.managed(100, 0, OTHERS, None);
        program.window(program.root, 50, 50, Some(OTHERS));
        program.window(program.root, 200, 0, Some(THEIRS));
        program.managed(300, 0, THEIRS, None);
        let dialog = program.managed(400, 0, THEIRS, Some(shared));
        program.managed(500, 0, OTHERS, Some(shared));
        program.window(program.root, 0, 200, Some(OURS));
        program.managed(100, 200, THEIRS, Some(dialog));
        // A dialog in a window manager's frame.
        let frame = program.window(program.root, 200, 200, None);
        let inside = program.window(frame, 0, 20, Some(THEIRS));
        let (name, kind) = (AtomEnum::WM_TRANSIENT_FOR, AtomEnum::WINDOW);
        program.connection.change_property32(PropMode::REPLACE, inside, name, kind, &[shared]).unwrap();
        let frame = program.window(program.root, 300, 200, None);
        program.window(frame, 0, 20, Some(THEIRS));
        program.connection.sync().unwrap();
        let mut injector = injector(&server);
        injector.confine(Some(shared));
        let rows = [
            (20, 10, Injected::Done, "the window, or its frame"),
            (20, 40, Injected::Done, "the window"),
            (75, 75, Injected::RefusedOutside, "what lies above it"),
            (150, 20, Injected::RefusedOutside, "another program"),
            (250, 50, Injected::Done, "its menu"),
            (350, 50, Injected::RefusedOutside, "another window of the same program"),
            (450, 50, Injected::Done, "its dialog"),
            (550, 50, Injected::RefusedOutside, "what only says that it is its dialog"),
            (50, 250, Injected::RefusedOwnWindow, "ours"),
            (150, 250, Injected::Done, "its dialog's dialog"),
            (250, 270, Injected::Done, "its dialog in a frame"),
            (350, 270, Injected::RefusedOutside, "another window of the same program in a frame"),
            (600, 400, Injected::RefusedOutside, "the desktop"),
        ];
        for (x, y, expected, what) in rows {
            program.heard();
            assert_eq!(press_at(&mut injector, x, y), expected, "{what}");
            assert_eq!(program.heard().is_empty(), expected != Injected::Done, "{what}");
        }
        injector.confine(None);
        assert_eq!(press_at(&mut injector, 150, 20), Injected::Done);
    }
}

#[test]
fn keys_reach_the_window_while_it_has_the_focus_only() {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let shared = program.managed(0, 0, THEIRS, None);
    let field = program.window(shared, 10, 10, None);
    let other = program.managed(100, 0, OTHERS, None);
    let menu = program.window(program.root, 200, 0, Some(THEIRS));
    let sibling = program.managed(300, 0, THEIRS, None);
    let mut injector = injector(&server);
    injector.confine(Some(shared));
    inject(&mut injector, &to(50, 50));
    let nobody = u32::from(InputFocus::NONE);
    let at_pointer = u32::from(InputFocus::POINTER_ROOT);
    let rows = [
        (shared, Injected::Done, "the window"),
        (other, Injected::RefusedOutside, "another program"),
        (field, Injected::Done, "a field of the window"),
        (sibling, Injected::RefusedOutside, "another window of the same program"),
        (menu, Injected::Done, "its menu"),
        (nobody, Injected::RefusedOutside, "nobody"),
        (program.root, Injected::RefusedOutside, "the desktop"),
        (at_pointer, Injected::Done, "whatever the pointer is on"),
    ];
    for (window, expected, what) in rows {
        program.focus(window);
        program.heard();
        assert_eq!(press_enter(&mut injector), expected, "{what}");
        assert_eq!(program.heard().is_empty(), expected != Injected::Done, "{what}");
    }
    inject(&mut injector, &to(150, 50));
    assert_eq!(press_enter(&mut injector), Injected::RefusedOutside);
    // What went down inside is lifted wherever the focus is by then.
    program.focus(shared);
    inject(&mut injector, &key(ENTER, true));
    program.focus(other);
    inject(&mut injector, &key(ENTER, false));
    assert!(program.keys_down().is_empty());
}

#[test]
fn a_window_that_is_gone_is_not_replaced_by_another_with_its_number() {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let shared = program.managed(0, 0, THEIRS, None);
    let mut injector = injector(&server);
    injector.confine(Some(shared));
    assert_eq!(press_at(&mut injector, 50, 50), Injected::Done);
    program.connection.destroy_window(shared).unwrap();
    program.make(shared, program.root, 0, 0, Some(OTHERS), false);
    assert_eq!(press_at(&mut injector, 50, 50), Injected::RefusedOutside);
    program.connection.destroy_window(shared).unwrap();
    program.make(shared, program.root, 0, 0, Some(THEIRS), false);
    assert_eq!(press_at(&mut injector, 50, 50), Injected::RefusedOutside);
    injector.confine(Some(u32::MAX));
    assert_eq!(press_at(&mut injector, 50, 50), Injected::RefusedOutside);
}
