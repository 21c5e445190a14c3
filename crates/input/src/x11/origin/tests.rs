//! Watching real X servers, one of them inside another: what happens on the outer one is a
//! person's on the inner one.

use super::*;
use crate::test_support::Xvfb;
use std::io::IoSlice;
use x11rb::protocol::xproto::{KeyButMask, KeyPressEvent};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::wrapper::ConnectionExt as _;

const LONG: Duration = Duration::from_secs(60);
/// A key that every keyboard has: Return.
const KEY: u8 = 36;
const RIGHT: u8 = 3;
/// A program's press is forgotten so long after it.
const LATER: Duration = Duration::from_secs(2);

/// A way to put the pointer somewhere, and its name.
type Way<'a> = (&'a str, &'a dyn Fn(i16, i16));

/// A program on a display that presses.
struct Program {
    x: RustConnection,
    root: Window,
}

impl Program {
    fn on(server: &Xvfb) -> Self {
        let (x, screen) = RustConnection::connect(Some(&server.display)).unwrap();
        let root = x.setup().roots[screen].root;
        Self { x, root }
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) {
        self.x.xtest_fake_input(kind, detail, 0, self.root, x, y, 0).unwrap();
        self.x.sync().unwrap();
    }

    fn point(&self, place: (i16, i16)) {
        self.fake(xproto::MOTION_NOTIFY_EVENT, 0, place);
    }

    fn click(&self) {
        self.fake(xproto::BUTTON_PRESS_EVENT, RIGHT, (0, 0));
        self.fake(xproto::BUTTON_RELEASE_EVENT, RIGHT, (0, 0));
    }

    fn key(&self) {
        self.fake(xproto::KEY_PRESS_EVENT, KEY, (0, 0));
        self.fake(xproto::KEY_RELEASE_EVENT, KEY, (0, 0));
    }

    /// Presses in the name of the display's real device of that kind.
    fn in_the_name_of(&self, kind: xinput::DeviceType, event: u8, detail: u8) {
        self.x.xinput_xi_query_version(2, 2).unwrap().reply().unwrap();
        let infos = self.x.xinput_xi_query_device(ALL_DEVICES).unwrap().reply().unwrap().infos;
        let real =
            |info: &&xinput::XIDeviceInfo| info.type_ == kind && !info.name.windows(5).any(|part| part == b"XTEST");
        let device = u8::try_from(infos.iter().find(real).unwrap().deviceid).unwrap();
        let first = self.x.extension_information(xinput::X11_EXTENSION_NAME).unwrap().unwrap().first_event;
        for kind in [event, event + 1] {
            self.x.xtest_fake_input(first + kind, detail, 0, x11rb::NONE, 0, 0, device).unwrap().check().unwrap();
        }
    }

    /// Moves the pointer in the name of the display's real mouse.
    fn point_as_the_mouse(&self, x: i32, y: i32) {
        self.x.xinput_xi_query_version(2, 2).unwrap().reply().unwrap();
        let infos = self.x.xinput_xi_query_device(ALL_DEVICES).unwrap().reply().unwrap().infos;
        let device = u8::try_from(infos.iter().find(|info| is_real_mouse(info)).unwrap().deviceid).unwrap();
        let first = self.x.extension_information(xinput::X11_EXTENSION_NAME).unwrap().unwrap().first_event;
        let opcode = self.x.extension_information(xtest::X11_EXTENSION_NAME).unwrap().unwrap().major_opcode;
        // Two events of 32 bytes in one request, which the bindings cannot say.
        let mut request = [0_u8; 68];
        request[..2].copy_from_slice(&[opcode, xtest::FAKE_INPUT_REQUEST]);
        request[2..4].copy_from_slice(&17_u16.to_ne_bytes());
        request[4] = first + xinput::DEVICE_MOTION_NOTIFY_EVENT;
        request[35] = device;
        request[36] = first + xinput::DEVICE_VALUATOR_EVENT;
        request[37] = device;
        request[42] = 2;
        request[44..48].copy_from_slice(&x.to_ne_bytes());
        request[48..52].copy_from_slice(&y.to_ne_bytes());
        let sent: VoidCookie<'_, RustConnection> =
            self.x.send_request_without_reply(&[IoSlice::new(&request)], Vec::new()).unwrap();
        sent.check().unwrap();
    }

    fn send(&self, window: Window) {
        let event = KeyPressEvent {
            response_type: xproto::KEY_PRESS_EVENT,
            detail: KEY,
            sequence: 0,
            time: 0,
            root: self.root,
            event: window,
            child: 0,
            root_x: 0,
            root_y: 0,
            event_x: 0,
            event_y: 0,
            state: KeyButMask::default(),
            same_screen: true,
        };
        self.x.send_event(false, window, EventMask::NO_EVENT, event).unwrap();
        self.x.sync().unwrap();
    }

    fn pointer(&self) -> (i16, i16) {
        let pointer = self.x.query_pointer(self.root).unwrap().reply().unwrap();
        (pointer.root_x, pointer.root_y)
    }
}

fn is_real_mouse(info: &xinput::XIDeviceInfo) -> bool {
    info.type_ == xinput::DeviceType::SLAVE_POINTER && !info.name.windows(5).any(|part| part == b"XTEST")
}

/// A desktop at which a person sits: what `hand` does is theirs, what `program` does is not.
struct Seat {
    watcher: Watcher,
    program: Program,
    hand: Program,
    inner: Xvfb,
    _outer: Xvfb,
}

impl Seat {
    fn take() -> Self {
        Self::take_with(&[])
    }

    /// With these options for its X server.
    fn take_with(options: &[&str]) -> Self {
        let outer = Xvfb::start();
        let inner = Xvfb::inside(&outer, options);
        let watcher = Watcher::start(Some(&inner.display)).unwrap();
        let seat = Self { watcher, program: Program::on(&inner), hand: Program::on(&outer), inner, _outer: outer };
        // From the first motion on, the inner server has the keys too.
        seat.move_hand((50, 60));
        seat
    }

    /// Moves the hand until the pointer of the inner display is there.
    fn move_hand(&self, place: (i16, i16)) {
        let deadline = Instant::now() + LONG;
        self.hand.point((place.0 + 1, place.1 + 1));
        self.hand.point(place);
        while self.program.pointer() != place {
            assert!(Instant::now() < deadline, "the pointer does not follow the hand");
        }
    }

    /// Waits until something has been seen.
    fn seen(&self, what: impl Fn(&Seen) -> bool) -> Seen {
        let deadline = Instant::now() + LONG;
        loop {
            let seen = self.watcher.see().unwrap();
            if what(&seen) {
                return seen;
            }
            assert!(Instant::now() < deadline, "{seen:?}");
        }
    }
}

#[test]
fn what_a_hand_does_is_a_persons_and_what_a_program_does_is_not() {
    let mut seat = Seat::take();
    let begin = Instant::now();
    assert_eq!(seat.watcher.verdict(Means::Pointer, begin), Verdict::Refused(Doubt::NotPressed));

    seat.hand.click();
    let seen = seat.seen(|seen| seen.own_button.is_some());
    assert_eq!((seen.own_key, seen.program_press), (None, None));
    assert_eq!(seat.watcher.verdict(Means::Pointer, begin), Verdict::Genuine);
    assert_eq!(seat.watcher.verdict(Means::Keyboard, begin), Verdict::Refused(Doubt::NotPressed));
    seat.hand.key();
    seat.seen(|seen| seen.own_key.is_some());
    assert_eq!(seat.watcher.verdict(Means::Keyboard, begin), Verdict::Genuine);

    seat.program.click();
    assert_eq!(seat.watcher.verdict(Means::Pointer, begin), Verdict::Refused(Doubt::ProgramPressed));
    assert_eq!(seat.watcher.verdict(Means::Keyboard, begin), Verdict::Refused(Doubt::ProgramPressed));
}

#[test]
fn no_way_to_press_by_a_program_is_taken_for_a_persons() {
    use xinput::{DEVICE_BUTTON_PRESS_EVENT, DEVICE_KEY_PRESS_EVENT, DeviceType};
    let server = Xvfb::start();
    let program = Program::on(&server);
    let window = program.x.generate_id().unwrap();
    let aux = CreateWindowAux::new().event_mask(EventMask::KEY_PRESS);
    program.x.create_window(0, window, program.root, 0, 0, 9, 9, 0, WindowClass::INPUT_ONLY, 0, &aux).unwrap();
    let ways: [(&str, &dyn Fn()); 5] = [
        ("XTEST's mouse", &|| program.click()),
        ("XTEST's keyboard", &|| program.key()),
        ("the real mouse", &|| program.in_the_name_of(DeviceType::SLAVE_POINTER, DEVICE_BUTTON_PRESS_EVENT, RIGHT)),
        ("the real keyboard", &|| program.in_the_name_of(DeviceType::SLAVE_KEYBOARD, DEVICE_KEY_PRESS_EVENT, KEY)),
        ("an event that is sent", &|| program.send(window)),
    ];
    for (way, press) in ways {
        let mut watcher = Watcher::start(Some(&server.display)).unwrap();
        press();
        for means in [Means::Pointer, Means::Keyboard] {
            let verdict = watcher.verdict(means, Instant::now());
            assert_eq!(verdict, Verdict::Refused(Doubt::ProgramPressed), "{way} by {means:?}");
        }
    }
}

#[test]
fn a_pointer_that_a_program_moved_is_refused_until_the_hand_has_moved_it() {
    let seat = Seat::take();
    let warp = |x, y| {
        seat.program.x.warp_pointer(x11rb::NONE, seat.program.root, 0, 0, 0, 0, x, y).unwrap();
        seat.program.x.sync().unwrap();
    };
    let point = |x, y| seat.program.point((x, y));
    let warp_device = |x: i16, y: i16| {
        let fixed = |pixels: i16| i32::from(pixels) << 16;
        let x11 = &seat.program.x;
        x11.xinput_xi_query_version(2, 2).unwrap().reply().unwrap();
        let pointer = x11.xinput_xi_get_client_pointer(x11rb::NONE).unwrap().reply().unwrap().deviceid;
        let root = seat.program.root;
        x11.xinput_xi_warp_pointer(x11rb::NONE, root, 0, 0, 0, 0, fixed(x), fixed(y), pointer).unwrap();
        x11.sync().unwrap();
    };
    let ways: [Way<'_>; 3] = [("warp", &warp), ("XTEST", &point), ("XInput", &warp_device)];
    for (way, put) in ways {
        put(300, 200);
        seat.hand.click();
        let seen = seat.seen(|seen| seen.own_button.is_some());
        let later = Instant::now() + LATER;
        let fresh = Seen { own_button: Some(later), ..seen };
        assert!(seen.is_placed, "{way}");
        let verdict = judge(&fresh, Means::Pointer, Instant::now(), later);
        assert_eq!(verdict, Verdict::Refused(Doubt::ProgramPointed), "{way}");

        let deadline = Instant::now() + LONG;
        let mut column = 300;
        while seat.watcher.see().unwrap().is_placed {
            assert!(Instant::now() < deadline, "{way}: the hand moves nothing");
            column = 601 - column;
            seat.move_hand((column, 200));
        }
        let moved = seat.watcher.see().unwrap();
        let fresh = Seen { own_button: Some(later), ..moved };
        assert_eq!(judge(&fresh, Means::Pointer, Instant::now(), later), Verdict::Genuine, "{way}");
    }
}

#[test]
fn a_program_that_moves_the_pointer_in_the_name_of_a_hand_is_no_hand() {
    let server = Xvfb::start();
    let program = Program::on(&server);
    let watcher = Watcher::start(Some(&server.display)).unwrap();
    program.point((300, 200));
    assert!(watcher.see().unwrap().is_placed);
    let deadline = Instant::now() + Duration::from_millis(300);
    let mut moves = 0;
    while Instant::now() < deadline || moves < 10 {
        moves += 1;
        program.point_as_the_mouse(301 + moves % 9, 200);
        assert!(watcher.see().unwrap().is_placed, "after {moves} moves");
    }
    assert_ne!(program.pointer(), (300, 200));
}

#[test]
fn a_device_that_comes_later_with_a_programs_mouse_is_not_a_persons() {
    let seat = Seat::take();
    let x = &seat.program.x;
    x.xinput_xi_query_version(2, 2).unwrap().reply().unwrap();
    // One more pointer and keyboard, with XTEST devices of their own: a request of AddMaster by hand.
    let opcode = x.extension_information(xinput::X11_EXTENSION_NAME).unwrap().unwrap().major_opcode;
    let mut request = vec![opcode, xinput::XI_CHANGE_HIERARCHY_REQUEST, 0, 0, 1, 0, 0, 0];
    request.extend([1_u16, 3, 4].map(u16::to_ne_bytes).concat());
    request.extend([0, 1]);
    request.extend(b"Mine");
    let words = u16::try_from(request.len() / 4).unwrap();
    request[2..4].copy_from_slice(&words.to_ne_bytes());
    let sent: VoidCookie<'_, RustConnection> =
        x.send_request_without_reply(&[IoSlice::new(&request)], Vec::new()).unwrap();
    sent.check().unwrap();
    seat.watcher.see().unwrap();
    let infos = x.xinput_xi_query_device(ALL_DEVICES).unwrap().reply().unwrap().infos;
    let added = infos.iter().find(|info| info.name == b"Mine XTEST pointer").unwrap().deviceid;
    let first = x.extension_information(xinput::X11_EXTENSION_NAME).unwrap().unwrap().first_event;
    for kind in [xinput::DEVICE_BUTTON_PRESS_EVENT, xinput::DEVICE_BUTTON_RELEASE_EVENT] {
        let device = u8::try_from(added).unwrap();
        x.xtest_fake_input(first + kind, RIGHT, 0, x11rb::NONE, 0, 0, device).unwrap().check().unwrap();
    }
    let seen = seat.watcher.see().unwrap();
    assert_eq!(seen.own_button, None);
    assert!(seen.program_press.is_some());
}

#[test]
fn whoever_blinds_the_watcher_gets_no_answer_counted() {
    for blind in ["its window's program is killed", "its recording is ended"] {
        let mut seat = Seat::take();
        let x = &seat.program.x;
        if blind.contains("killed") {
            x.kill_client(seat.watcher.marks.window).unwrap();
        } else {
            x.record_disable_context(seat.watcher.recording.unwrap()).unwrap();
        }
        x.sync().unwrap();
        seat.hand.click();
        let verdict = seat.watcher.verdict(Means::Pointer, Instant::now());
        assert_eq!(verdict, Verdict::Refused(Doubt::Blind), "{blind}");
    }
}

#[test]
fn watching_ends_with_the_watcher_and_with_the_display() {
    let seat = Seat::take();
    let Seat { watcher, program, inner, .. } = seat;
    drop(watcher);
    let mut last = Watcher::start(Some(&inner.display)).unwrap();
    drop(program);
    drop(inner);
    assert_eq!(last.verdict(Means::Keyboard, Instant::now()), Verdict::Refused(Doubt::Blind));
}

#[test]
fn where_nobody_may_record_a_persons_press_still_counts() {
    // The switch is that of all extensions for tests.
    let mut seat = Seat::take_with(&["-tst"]);
    assert_eq!(seat.watcher.recording, None);
    let begin = Instant::now();
    assert_eq!(seat.watcher.verdict(Means::Pointer, begin), Verdict::Refused(Doubt::NotPressed));
    seat.hand.click();
    seat.seen(|seen| seen.own_button.is_some());
    assert_eq!(seat.watcher.verdict(Means::Pointer, begin), Verdict::Genuine);
}
