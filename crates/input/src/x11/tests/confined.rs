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
        let server = Xvfb::that_believes();
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
    let server = Xvfb::that_believes();
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
    let server = Xvfb::that_believes();
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

#[test]
fn what_only_says_that_it_is_of_the_same_program_is_not() {
    const PLACE: &str = "PONTE_TEST_SHARED";
    // The other program: a dialog and a menu that pretend to be the window's.
    if let Ok(shared) = std::env::var(PLACE) {
        let (connection, number) = RustConnection::connect(None).unwrap();
        let root = connection.setup().roots[number].root;
        let program = Program { connection, root };
        let (shared, leader) = (shared.parse().unwrap(), b"WM_CLIENT_LEADER");
        let leader = program.connection.intern_atom(false, leader).unwrap().reply().unwrap().atom;
        let dialog = program.managed(100, 0, THEIRS, Some(shared));
        let menu = program.window(program.root, 200, 0, Some(THEIRS));
        for window in [dialog, menu] {
            let (replace, kind) = (PropMode::REPLACE, AtomEnum::WINDOW);
            program.connection.change_property32(replace, window, leader, kind, &[shared]).unwrap();
        }
        program.connection.sync().unwrap();
        println!("entered");
        std::io::stdin().lines().for_each(drop);
        return;
    }
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let shared = program.managed(0, 0, THEIRS, None);
    program.window(program.root, 300, 0, Some(OTHERS));
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "x11::tests::confined::what_only_says_that_it_is_of_the_same_program_is_not", "--nocapture"])
        .env("DISPLAY", &server.display)
        .env(PLACE, shared.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(other.stdout.take().unwrap()));
    let _other = Process(other);
    assert!(lines.any(|line| line.unwrap().ends_with("entered")));
    let mut injector = injector(&server);
    injector.confine(Some(shared));
    assert_eq!(press_at(&mut injector, 50, 50), Injected::Done);
    assert_eq!(press_at(&mut injector, 150, 50), Injected::RefusedOutside);
    assert_eq!(press_at(&mut injector, 250, 50), Injected::RefusedOutside);
    // Nor does it matter what one of the same program says.
    assert_eq!(press_at(&mut injector, 350, 50), Injected::Done);
}

#[test]
fn keys_that_would_not_stay_in_the_window_are_refused() {
    let (control, alt, meta, tab, f4, f) = (0xe0, 0xe2, 0xe3, 0x2b, 0x3d, 0x09);
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let shared = program.managed(0, 0, THEIRS, None);
    program.focus(shared);
    let mut injector = injector(&server);
    let rows: [(&[u8], Injected); 9] = [
        (&[alt, f], Injected::Done),
        (&[control, f], Injected::Done),
        (&[alt, tab], Injected::RefusedOutside),
        (&[tab, alt], Injected::RefusedOutside),
        (&[alt, f4], Injected::RefusedOutside),
        (&[control, alt], Injected::RefusedOutside),
        (&[alt, control], Injected::RefusedOutside),
        (&[meta], Injected::RefusedOutside),
        (&[tab], Injected::Done),
    ];
    for (keys, expected) in rows {
        injector.confine(Some(shared));
        let pressed: Vec<Injected> = keys.iter().map(|usage| inject(&mut injector, &key(*usage, true))).collect();
        assert_eq!(pressed.last(), Some(&expected), "{keys:x?}");
        injector.release_all();
        // Without a limit they are anybody's.
        injector.confine(None);
        assert!(keys.iter().all(|usage| inject(&mut injector, &key(*usage, true)) == Injected::Done), "{keys:x?}");
        injector.release_all();
    }
    // A person's own key counts as well.
    let mut person = super::injector(&server);
    inject(&mut person, &key(meta, true));
    injector.confine(Some(shared));
    assert_eq!(press_enter(&mut injector), Injected::RefusedOutside);
    person.release_all();
    assert_eq!(press_enter(&mut injector), Injected::Done);
}

#[test]
fn keys_that_take_the_desktop_away_are_never_pressed() {
    let (control, alt, shift, f1, f12, backspace, delete, a) = (0xe0, 0xe2, 0xe1, 0x3a, 0x45, 0x2a, 0x4c, 0x04);
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let window = program.managed(0, 0, THEIRS, None);
    program.focus(window);
    let mut injector = injector(&server);
    let rows: [(&[u8], bool); 10] = [
        (&[control, alt, f1], true),
        (&[alt, control, shift, f12], true),
        (&[control, f1, alt], true),
        (&[f1, alt, control], true),
        (&[control, alt, backspace], true),
        (&[control, alt, delete], false),
        (&[control, alt, a], false),
        (&[alt, f1], false),
        (&[control, backspace], false),
        (&[f12], false),
    ];
    for (keys, is_refused) in rows {
        let pressed: Vec<Injected> = keys.iter().map(|usage| inject(&mut injector, &key(*usage, true))).collect();
        let expected = if is_refused { Injected::RefusedKey } else { Injected::Done };
        assert_eq!(pressed.last(), Some(&expected), "{keys:x?}");
        injector.release_all();
    }
}

#[test]
fn keys_are_refused_while_another_program_has_grabbed_the_keyboard() {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let shared = program.managed(0, 0, THEIRS, None);
    program.focus(shared);
    let mut injector = injector(&server);
    injector.confine(Some(shared));
    let aux = x11rb::protocol::xproto::ChangeWindowAttributesAux::new()
        .event_mask(EventMask::KEY_PRESS | EventMask::FOCUS_CHANGE);
    program.connection.change_window_attributes(shared, &aux).unwrap();
    program.heard();
    assert_eq!(press_enter(&mut injector), Injected::Done);
    // The window is not told that it was looked at.
    program.connection.sync().unwrap();
    let events: Vec<Event> = std::iter::from_fn(|| program.connection.poll_for_event().unwrap()).collect();
    assert!(events.iter().any(|event| matches!(event, Event::KeyPress(_))));
    assert!(!events.iter().any(|event| matches!(event, Event::FocusIn(_) | Event::FocusOut(_))), "{events:?}");
    let other = Program::connect(&server);
    let (now, mode) = (x11rb::CURRENT_TIME, x11rb::protocol::xproto::GrabMode::ASYNC);
    other.connection.grab_keyboard(false, other.root, now, mode, mode).unwrap().reply().unwrap();
    assert_eq!(press_enter(&mut injector), Injected::RefusedOutside);
    other.connection.ungrab_keyboard(now).unwrap();
    other.connection.sync().unwrap();
    assert_eq!(press_enter(&mut injector), Injected::Done);
}
