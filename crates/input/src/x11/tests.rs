//! Injection into real X servers.

use super::X11Backend;
use crate::test_support::{Process, Xvfb, controlling, key};
use crate::tracked::Tracked;
use crate::{Injected, Injector, OwnWindows};
use proto::input::{Button, InputEvent};
use proto::{Layout, Monitor, MonitorId, Text};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, InputFocus, PropMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

mod confined;

const OURS: u32 = 4_000_001;
const THEIRS: u32 = 4_000_002;
const LONG: Duration = Duration::from_secs(60);

fn layout() -> Layout {
    let monitor = Monitor { id: MonitorId(0), x: 0, y: 0, width: 640, height: 480, scale_percent: 100, primary: true };
    Layout { epoch: 1, monitors: vec![monitor] }
}

fn injector(server: &Xvfb) -> Tracked<X11Backend> {
    Tracked::new(X11Backend::connect(Some(&server.display), OwnWindows::new(OURS)).unwrap())
}

fn inject(injector: &mut dyn Injector, event: &InputEvent) -> Injected {
    let consent = controlling();
    injector.inject(&consent.permit(None).unwrap(), event, &layout()).unwrap()
}

fn to(x: i32, y: i32) -> InputEvent {
    InputEvent::PointerMove { monitor: MonitorId(0), x, y }
}

fn primary(down: bool) -> InputEvent {
    InputEvent::Button { button: Button::Primary, down }
}

/// A program with windows.
struct Program {
    connection: RustConnection,
    root: Window,
}

impl Program {
    fn connect(server: &Xvfb) -> Self {
        let (connection, number) = RustConnection::connect(Some(&server.display)).unwrap();
        let root = connection.setup().roots[number].root;
        Self { connection, root }
    }

    /// A mapped window of 100 by 100 pixels that hears everything.
    fn window(&self, parent: Window, x: i16, y: i16, process: Option<u32>) -> Window {
        let window = self.connection.generate_id().unwrap();
        self.make(window, parent, x, y, process, true);
        window
    }

    /// A window that a window manager would manage, and that says which one it belongs to.
    fn managed(&self, x: i16, y: i16, process: u32, transient_for: Option<Window>) -> Window {
        let window = self.connection.generate_id().unwrap();
        self.make(window, self.root, x, y, Some(process), false);
        if let Some(owner) = transient_for {
            let (name, kind) = (AtomEnum::WM_TRANSIENT_FOR, AtomEnum::WINDOW);
            self.connection.change_property32(PropMode::REPLACE, window, name, kind, &[owner]).unwrap();
            self.connection.sync().unwrap();
        }
        window
    }

    fn make(&self, window: Window, parent: Window, x: i16, y: i16, process: Option<u32>, is_free: bool) {
        let connection = &self.connection;
        let mask = EventMask::KEY_PRESS
            | EventMask::KEY_RELEASE
            | EventMask::BUTTON_PRESS
            | EventMask::BUTTON_RELEASE
            | EventMask::STRUCTURE_NOTIFY;
        let aux = CreateWindowAux::new().event_mask(mask).override_redirect(u32::from(is_free));
        connection.create_window(0, window, parent, x, y, 100, 100, 0, WindowClass::INPUT_OUTPUT, 0, &aux).unwrap();
        if let Some(process) = process {
            let property = connection.intern_atom(false, b"_NET_WM_PID").unwrap().reply().unwrap().atom;
            connection.change_property32(PropMode::REPLACE, window, property, AtomEnum::CARDINAL, &[process]).unwrap();
        }
        connection.map_window(window).unwrap();
        connection.sync().unwrap();
    }

    fn focus(&self, window: Window) {
        self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME).unwrap();
        self.connection.sync().unwrap();
    }

    /// Presses and lifts that arrived, as "down" or "up", the number, and the modifiers' bits.
    fn heard(&self) -> Vec<(&'static str, u8, u16)> {
        self.connection.sync().unwrap();
        std::iter::from_fn(|| self.connection.poll_for_event().unwrap())
            .filter_map(|event| match event {
                Event::KeyPress(event) => Some(("down", event.detail, event.state.into())),
                Event::KeyRelease(event) => Some(("up", event.detail, event.state.into())),
                Event::ButtonPress(event) => Some(("down", event.detail, event.state.into())),
                Event::ButtonRelease(event) => Some(("up", event.detail, event.state.into())),
                _ => None,
            })
            .collect()
    }

    fn keys_down(&self) -> Vec<u8> {
        let bits = self.connection.query_keymap().unwrap().reply().unwrap().keys;
        (0..=255).filter(|key: &u8| bits[usize::from(key / 8)] & (1 << (key % 8)) != 0).collect()
    }
}

/// Types into a terminal and returns the lines that arrived.
fn typed_into_a_terminal(texts: &[&str], prepare: impl FnOnce(&Program, &mut Tracked<X11Backend>)) -> String {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let mask = EventMask::SUBSTRUCTURE_NOTIFY;
    let aux = x11rb::protocol::xproto::ChangeWindowAttributesAux::new().event_mask(mask);
    program.connection.change_window_attributes(program.root, &aux).unwrap();
    program.connection.sync().unwrap();
    let (mut read, write) = std::io::pipe().unwrap();
    let script = "stty -echo; echo ready >&3; head -n 1 >&3";
    let mut terminal = Command::new("sh");
    // The terminal gives file descriptor 3 on to the shell inside.
    terminal
        .args(["-c", "exec 3>&1; exec xterm -u8 -geometry 80x24+0+0 -e sh -c \"$0\"", script])
        .env("DISPLAY", &server.display)
        .env("LC_ALL", "C.UTF-8")
        .stdout(write)
        .stderr(Stdio::null());
    let _terminal = Process(terminal.spawn().expect("this test needs a shell"));
    drop(terminal);
    let mut ready = [0; 6];
    read.read_exact(&mut ready).expect("this test needs xterm: apt-get install xterm");
    assert_eq!(&ready, b"ready\n");
    let mut injector = injector(&server);
    assert_eq!(inject(&mut injector, &to(100, 100)), Injected::Done);
    prepare(&program, &mut injector);
    for text in texts {
        assert_eq!(inject(&mut injector, &InputEvent::Text(Text::new(*text).unwrap())), Injected::Done);
    }
    let mut line = String::new();
    read.read_to_string(&mut line).unwrap();
    line
}

#[test]
fn text_of_any_kind_arrives_as_it_was_typed() {
    let text = "Hello, World! àèìòù €ß @#[]{}|\\~^`'\" жЖ 語 → ÀÉ\tü";
    assert_eq!(typed_into_a_terminal(&[text, "\n"], |_, _| {}), format!("{text}\n"));
}

#[test]
fn text_arrives_unchanged_with_shift_held_and_caps_lock_on() {
    let line = typed_into_a_terminal(&["aBc é1!", "\n"], |_, injector| {
        const CAPS_LOCK: u8 = 0x39;
        const LEFT_SHIFT: u8 = 0xe1;
        for event in [key(CAPS_LOCK, true), key(CAPS_LOCK, false), key(LEFT_SHIFT, true)] {
            inject(injector, &event);
        }
    });
    assert_eq!(line, "aBc é1!\n");
}

#[test]
fn more_strange_characters_than_free_keys_still_arrive() {
    let texts: Vec<String> =
        (0..2).map(|part| (0..40).filter_map(|n| char::from_u32(0x4e00 + part * 40 + n)).collect()).collect();
    let mut parts: Vec<&str> = texts.iter().map(String::as_str).collect();
    parts.push("\n");
    // A terminal that gets no time looks a key up when it means something else already: nobody can know.
    let expected = texts.concat() + "\n";
    assert!((0..4).any(|_| typed_into_a_terminal(&parts, |_, _| {}) == expected));
}

#[test]
fn lent_keys_are_given_back() {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let map = || program.connection.get_keyboard_mapping(8, 248).unwrap().reply().unwrap().keysyms;
    let count = |map: &[u32]| map.iter().filter(|symbol| **symbol != 0).count();
    let before = count(&map());
    let mut injector = injector(&server);
    inject(&mut injector, &InputEvent::Text(Text::new("語").unwrap()));
    assert!(count(&map()) > before);
    drop(injector);
    let deadline = Instant::now() + LONG;
    while count(&map()) != before {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn a_shortcut_arrives_by_position_and_what_is_down_is_lifted() {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    program.focus(program.window(program.root, 0, 0, Some(THEIRS)));
    let mut injector = injector(&server);
    for event in [key(0xe0, true), key(0x04, true), key(0x04, false)] {
        assert_eq!(inject(&mut injector, &event), Injected::Done);
    }
    const CONTROL: u16 = 4;
    assert_eq!(program.heard(), [("down", 37, 0), ("down", 38, CONTROL), ("up", 38, CONTROL)]);
    assert_eq!(program.keys_down(), [37]);
    injector.release_all();
    assert_eq!(program.heard(), [("up", 37, CONTROL)]);
    assert!(program.keys_down().is_empty());
}

#[test]
fn only_what_we_pressed_is_lifted() {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    program.focus(program.window(program.root, 0, 0, Some(THEIRS)));
    let mut other = injector(&server);
    inject(&mut other, &key(0x05, true));
    let mut injector = injector(&server);
    inject(&mut injector, &key(0x04, true));
    inject(&mut injector, &key(0x05, false));
    drop(injector);
    assert_eq!(program.keys_down(), [56]);
}

#[test]
fn a_button_reaches_others_windows_and_never_ours_or_their_frames() {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    program.window(program.root, 0, 0, Some(THEIRS));
    program.window(program.root, 100, 0, Some(OURS));
    // A window manager's frame belongs to the window manager; our window is inside, lower down.
    let frame = program.window(program.root, 200, 0, None);
    program.window(frame, 0, 20, Some(OURS));
    let others_frame = program.window(program.root, 300, 0, None);
    program.window(others_frame, 0, 20, Some(THEIRS));
    let mut injector = injector(&server);
    let rows = [
        (50, 50, Injected::Done),
        (150, 50, Injected::RefusedOwnWindow),
        (250, 60, Injected::RefusedOwnWindow),
        (250, 5, Injected::RefusedOwnWindow),
        (350, 5, Injected::Done),
        (350, 60, Injected::Done),
        (600, 400, Injected::Done),
    ];
    for (x, y, expected) in rows {
        program.heard();
        assert_eq!(inject(&mut injector, &to(x, y)), Injected::Done);
        assert_eq!(inject(&mut injector, &primary(true)), expected, "at {x}, {y}");
        assert_eq!(inject(&mut injector, &primary(false)), Injected::Done);
        assert_eq!(inject(&mut injector, &InputEvent::Wheel { dx: 0, dy: -120 }), expected, "at {x}, {y}");
        let heard: Vec<_> = program.heard().into_iter().map(|(what, button, _)| (what, button)).collect();
        let on_a_window = x < 400;
        let all = [("down", 1), ("up", 1), ("down", 4), ("up", 4)];
        assert_eq!(heard, if expected == Injected::Done && on_a_window { &all[..] } else { &[] }, "at {x}, {y}");
    }
}

#[test]
fn keys_and_text_never_reach_a_window_of_ours() {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let theirs = program.window(program.root, 0, 0, Some(THEIRS));
    let ours = program.window(program.root, 100, 0, Some(OURS));
    let inside = program.window(ours, 10, 10, None);
    let mut injector = injector(&server);
    let enter = || key(0x28, true);
    for window in [ours, inside] {
        program.focus(window);
        assert_eq!(inject(&mut injector, &enter()), Injected::RefusedOwnWindow);
        assert_eq!(inject(&mut injector, &InputEvent::Text(Text::new("y").unwrap())), Injected::RefusedOwnWindow);
    }
    assert!(program.heard().is_empty());
    program.focus(theirs);
    assert_eq!(inject(&mut injector, &enter()), Injected::Done);
    // Lifted although the focus is ours now: it is we who hold it.
    program.focus(ours);
    assert_eq!(inject(&mut injector, &key(0x28, false)), Injected::Done);
    assert!(program.keys_down().is_empty());
}

#[test]
fn a_window_named_by_its_number_is_ours() {
    let server = Xvfb::start();
    let program = Program::connect(&server);
    let window = program.window(program.root, 0, 0, None);
    let own = OwnWindows::new(OURS).with_window(window);
    let mut injector = Tracked::new(X11Backend::connect(Some(&server.display), own).unwrap());
    inject(&mut injector, &to(50, 50));
    assert_eq!(inject(&mut injector, &primary(true)), Injected::RefusedOwnWindow);
}
