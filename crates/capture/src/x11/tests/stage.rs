//! Programs with windows, and a window manager, on the servers of tests.

use super::*;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeGCAux, ChangeWindowAttributesAux, ClientMessageEvent, ConfigureWindowAux, CreateWindowAux,
    EventMask, PropMode, StackMode, Window, WindowClass,
};

/// The process that windows of others say they belong to, and the one that ours do.
pub(super) const THEIRS: u32 = 4_000_002;
pub(super) const OURS: u32 = 4_000_001;

/// What a window is before it appears.
#[derive(Clone, Copy)]
pub(super) struct Role {
    pub(super) title: &'static str,
    pub(super) process: u32,
    /// Out of the window manager's hands.
    pub(super) is_free: bool,
    pub(super) kind: Option<&'static str>,
    /// Whether it draws when asked.
    pub(super) draws: bool,
}

pub(super) const WINDOW: Role = Role { title: "A letter", process: THEIRS, is_free: false, kind: None, draws: true };

/// A pixel of the stripes that a window of that colour has: blue, green, red.
pub(super) fn stripes(colour: u32, x: u32) -> [u8; 3] {
    let [_, red, green, blue] = colour.to_be_bytes();
    if (x / 5).is_multiple_of(2) { [blue, green, red] } else { [blue ^ 0x10, green ^ 0x10, red ^ 0x10] }
}

fn draw(connection: &RustConnection, window: Window, colour: u32) {
    let Ok(size) = connection.get_geometry(window).unwrap().reply() else { return };
    let gc = connection.generate_id().unwrap();
    connection.create_gc(gc, window, &CreateGCAux::new()).unwrap();
    for (index, x) in (0..size.width).step_by(5).enumerate() {
        let foreground = if index % 2 == 0 { colour } else { colour ^ 0x10_10_10 };
        connection.change_gc(gc, &ChangeGCAux::new().foreground(foreground)).unwrap();
        let stripe = Rectangle { x: x as i16, y: 0, width: 5, height: size.height };
        connection.poly_fill_rectangle(window, gc, &[stripe]).unwrap();
    }
    connection.free_gc(gc).unwrap();
    connection.flush().unwrap();
}

/// A program with one window of stripes in a colour, drawn whenever the server asks for it. It has
/// no background: where it did not draw, the server leaves what was there before.
pub(super) struct Actor {
    pub(super) window: Window,
    connection: RustConnection,
    root: Root,
    /// Which call it has answered; the first is its appearance.
    answers: Receiver<u32>,
    thread: Option<JoinHandle<()>>,
}

impl Actor {
    /// Appears on top of all others, and waits until it is there and has drawn itself.
    pub(super) fn enter(server: &Xvfb, role: Role, (x, y, width, height): (i16, i16, u16, u16), colour: u32) -> Self {
        let (connection, number) = RustConnection::connect(Some(&server.display)).unwrap();
        let root = connection.setup().roots[number].root;
        let window = connection.generate_id().unwrap();
        let aux = CreateWindowAux::new().override_redirect(u32::from(role.is_free));
        let class = WindowClass::INPUT_OUTPUT;
        connection.create_window(0, window, root, x, y, width, height, 0, class, 0, &aux).unwrap();
        let atom = |name: &str| connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
        let (replace, cardinal) = (PropMode::REPLACE, AtomEnum::CARDINAL);
        connection.change_property32(replace, window, atom("_NET_WM_PID"), cardinal, &[role.process]).unwrap();
        let title = role.title.as_bytes();
        connection.change_property8(replace, window, atom("_NET_WM_NAME"), atom("UTF8_STRING"), title).unwrap();
        connection.change_property8(replace, window, AtomEnum::WM_CLASS, AtomEnum::STRING, b"one\0Actor\0").unwrap();
        if let Some(kind) = role.kind {
            let (name, kind) = (atom("_NET_WM_WINDOW_TYPE"), atom(kind));
            connection.change_property32(replace, window, name, AtomEnum::ATOM, &[kind]).unwrap();
        }
        // A window manager leaves it where it wants to be: the person and the program said so.
        let hints: Vec<u32> = std::iter::once(1 | 4).chain(std::iter::repeat_n(0, 17)).collect();
        let name = AtomEnum::WM_NORMAL_HINTS;
        connection.change_property32(replace, window, name, AtomEnum::WM_SIZE_HINTS, &hints).unwrap();
        connection.sync().unwrap();

        let (answered, answers) = sync_channel(16);
        let display = server.display.clone();
        let thread = std::thread::spawn(move || {
            let (connection, _) = RustConnection::connect(Some(&display)).unwrap();
            let mask = EventMask::EXPOSURE | EventMask::STRUCTURE_NOTIFY;
            let aux = ChangeWindowAttributesAux::new().event_mask(mask);
            connection.change_window_attributes(window, &aux).unwrap().check().unwrap();
            connection.map_window(window).unwrap();
            connection.flush().unwrap();
            while let Ok(event) = connection.wait_for_event() {
                match event {
                    Event::Expose(_) if role.draws => draw(&connection, window, colour),
                    Event::MapNotify(_) => {
                        if role.draws {
                            draw(&connection, window, colour);
                        }
                        connection.sync().unwrap();
                        let _ = answered.try_send(0);
                    }
                    Event::ClientMessage(call) if call.type_ == u32::from(AtomEnum::NOTICE) => {
                        connection.sync().unwrap();
                        let _ = answered.try_send(call.data.as_data32()[0]);
                    }
                    Event::DestroyNotify(_) => return,
                    _ => {}
                }
            }
        });
        answers.recv_timeout(LONG).unwrap();
        Self { window, connection, root, answers, thread: Some(thread) }
    }

    fn change(&self, aux: &ConfigureWindowAux) {
        self.connection.configure_window(self.window, aux).unwrap();
        self.connection.sync().unwrap();
    }

    /// Waits until it has drawn all that it has been asked to draw up to now.
    pub(super) fn settle(&self) {
        const CALL: u32 = 1;
        let call = ClientMessageEvent::new(32, self.window, AtomEnum::NOTICE, [CALL, 0, 0, 0, 0]);
        self.connection.send_event(false, self.window, EventMask::STRUCTURE_NOTIFY, call).unwrap();
        self.connection.sync().unwrap();
        while self.answers.recv_timeout(LONG).unwrap() != CALL {}
    }

    pub(super) fn raise(&self) {
        self.change(&ConfigureWindowAux::new().stack_mode(StackMode::ABOVE));
    }

    pub(super) fn move_to(&self, x: i32, y: i32) {
        self.change(&ConfigureWindowAux::new().x(x).y(y));
    }

    pub(super) fn resize(&self, width: u32, height: u32) {
        self.change(&ConfigureWindowAux::new().width(width).height(height));
    }

    /// Leaves the screen, or comes back to it.
    pub(super) fn show(&self, shown: bool) {
        if shown {
            self.connection.map_window(self.window).unwrap();
        } else {
            self.connection.unmap_window(self.window).unwrap();
        }
        self.connection.sync().unwrap();
    }

    /// Asks the window manager to minimise it.
    pub(super) fn minimise(&self) {
        const ICONIC: u32 = 3;
        self.ask_manager("WM_CHANGE_STATE", [ICONIC, 0, 0, 0, 0]);
    }

    /// Asks the window manager to put it on the second of its desktops.
    pub(super) fn go_elsewhere(&self) {
        self.ask_manager("_NET_WM_DESKTOP", [1, 1, 0, 0, 0]);
    }

    fn ask_manager(&self, what: &str, data: [u32; 5]) {
        let kind = self.connection.intern_atom(false, what.as_bytes()).unwrap().reply().unwrap().atom;
        let event = ClientMessageEvent::new(32, self.window, kind, data);
        let mask = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
        self.connection.send_event(false, self.root, mask, event).unwrap();
        self.connection.sync().unwrap();
    }

    /// Closes its window.
    pub(super) fn leave(mut self) {
        self.end();
    }

    /// Closes its window and makes another of the same number, as a new program could.
    pub(super) fn leave_and_be_reborn(&mut self, colour: u32) {
        self.end();
        let aux = CreateWindowAux::new().background_pixel(colour);
        let class = WindowClass::INPUT_OUTPUT;
        self.connection.create_window(0, self.window, self.root, 0, 0, 100, 100, 0, class, 0, &aux).unwrap();
        self.connection.map_window(self.window).unwrap();
        self.connection.sync().unwrap();
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = self.connection.destroy_window(self.window);
            let _ = self.connection.sync();
            let _ = thread.join();
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.end();
    }
}

/// A window manager that frames windows; ends when dropped.
pub(super) struct Manager {
    process: Child,
    /// What it says later must not meet a closed pipe.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Manager {
    pub(super) fn start(server: &Xvfb) -> Self {
        let mut manager = Command::new("openbox");
        manager.args(["--sm-disable", "--startup", "echo ready"]).env("DISPLAY", &server.display);
        // A person's own settings would decide over the test.
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
            manager.env(name, "/nonexistent");
        }
        manager.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = manager.spawn().expect("this test needs openbox, see `cargo xtask setup`");
        // Before this it may overlook a window that appears.
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "ready"));
        Self { process, _lines: lines }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Another process with a window out of the window manager's hands that says it is this one's.
pub(super) struct Stranger(Child);

impl Stranger {
    const PLACE: &str = "PONTE_TEST_STRANGER";

    pub(super) fn enter(server: &Xvfb, (x, y, width, height): (i16, i16, u16, u16)) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "x11::tests::stage::a_stranger", "--nocapture"])
            .env("DISPLAY", &server.display)
            .env(Self::PLACE, format!("{x} {y} {width} {height} {}", std::process::id()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("entered")));
        Self(process)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What [`Stranger`] runs; of itself it tests nothing.
#[test]
fn a_stranger() {
    let Ok(place) = std::env::var(Stranger::PLACE) else { return };
    let [x, y, width, height, process] = *place.split(' ').map(|number| number.parse().unwrap()).collect::<Vec<u32>>()
    else {
        panic!("not a place: {place}")
    };
    let (connection, number) = RustConnection::connect(None).unwrap();
    let (window, root) = (connection.generate_id().unwrap(), connection.setup().roots[number].root);
    let aux = CreateWindowAux::new().override_redirect(1).background_pixel(0xff_ff_ff);
    let (x, y, width, height) = (x as i16, y as i16, width as u16, height as u16);
    connection.create_window(0, window, root, x, y, width, height, 0, WindowClass::INPUT_OUTPUT, 0, &aux).unwrap();
    let name = connection.intern_atom(false, b"_NET_WM_PID").unwrap().reply().unwrap().atom;
    connection.change_property32(PropMode::REPLACE, window, name, AtomEnum::CARDINAL, &[process]).unwrap();
    connection.map_window(window).unwrap();
    connection.sync().unwrap();
    println!("entered");
    // Until the other process has ended, or ends this one.
    std::io::stdin().lines().for_each(drop);
}

/// Two monitors of 200 by 200 pixels side by side; the server must be that large.
pub(super) fn two_monitors(painter: &Painter) {
    let connection = &painter.connection;
    let outputs = connection.randr_get_screen_resources(painter.root).unwrap().reply().unwrap().outputs;
    for (name, x, outputs) in [("left", 0, outputs), ("right", 200, Vec::new())] {
        let name = connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
        let monitor = x11rb::protocol::randr::MonitorInfo {
            name,
            primary: x == 0,
            x,
            width: 200,
            height: 200,
            outputs,
            ..Default::default()
        };
        connection.randr_set_monitor(painter.root, monitor).unwrap().check().unwrap();
    }
}

/// Looks until it is so.
pub(super) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + LONG;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::yield_now();
    }
}
