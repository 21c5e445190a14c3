//! A single window is seen exactly, and nothing else with it.

use super::stage::{Actor, Manager, Role, WINDOW, stripes, wait_until};
use super::*;
use std::time::Instant;
use x11rb::protocol::xproto::Window;

const BLUE: u32 = 0x20_40_c0;
const RED: u32 = 0xe0_20_20;
const GREEN: u32 = 0x20_c0_40;

/// The window alone, and a capturer of it.
fn shared(server: &Xvfb, window: Window) -> (Box<dyn Desktop>, Box<dyn MonitorCapture>) {
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    let part = desktop.only(Share::Window(WindowId(window))).unwrap();
    let id = part.layout().unwrap().monitors[0].id;
    let capture = part.open(id).unwrap();
    (part, capture)
}

/// Captures until the picture is those stripes; before that every other pixel must be black.
fn capture_until_striped(capture: &mut dyn MonitorCapture, (width, height): (u32, u32), colour: u32) {
    let deadline = Instant::now() + LONG;
    loop {
        assert!(Instant::now() < deadline, "the window was never seen whole");
        assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
        let (pixels, _) = picture(capture);
        assert_eq!(pixels.len(), (width * height) as usize);
        let mut missing = 0;
        for (index, pixel) in (0..).zip(&pixels) {
            let (x, y) = (index % width, index / width);
            if *pixel != stripes(colour, x) {
                assert_eq!(*pixel, [0; 3], "at {x}, {y}");
                missing += 1;
            }
        }
        if missing == 0 {
            return;
        }
    }
}

#[test]
fn what_lies_above_a_window_is_in_no_picture_of_it() {
    for managed in [false, true] {
        let server = Xvfb::start("640x480x24", &[]);
        let _manager = managed.then(|| Manager::start(&server));
        let letter = Actor::enter(&server, WINDOW, (100, 100, 201, 150), BLUE);
        let cover = Actor::enter(&server, WINDOW, (80, 60, 300, 300), RED);
        let notification = Role { is_free: true, kind: Some("_NET_WM_WINDOW_TYPE_NOTIFICATION"), ..WINDOW };
        let notification = Actor::enter(&server, notification, (120, 120, 50, 20), GREEN);
        let (_part, mut capture) = shared(&server, letter.window);
        capture_until_striped(&mut *capture, (201, 150), BLUE);
        letter.settle();
        while capture.wait(SHORT).unwrap() == Change::Damaged {
            picture(&mut *capture);
        }
        // What happens above it is nobody's business.
        notification.move_to(150, 150);
        cover.raise();
        let later = Actor::enter(&server, WINDOW, (90, 90, 100, 100), GREEN);
        assert_eq!(capture.wait(SHORT).unwrap(), Change::Nothing);
        later.leave();
        cover.leave();
        capture.wait(SHORT).unwrap();
        let (pixels, _) = picture(&mut *capture);
        assert!((0..).zip(&pixels).all(|(index, pixel)| *pixel == stripes(BLUE, index % 201)));
    }
}

#[test]
fn what_a_program_does_not_draw_stays_black() {
    let server = Xvfb::start("640x480x24", &[]);
    let painter = Painter::connect(&server);
    painter.paint(Rect::new(0, 0, 640, 480), GREEN);
    let idle = Actor::enter(&server, Role { draws: false, ..WINDOW }, (100, 100, 60, 60), BLUE);
    let _cover = Actor::enter(&server, WINDOW, (80, 80, 50, 50), RED);
    let (_part, mut capture) = shared(&server, idle.window);
    assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
    let (pixels, damage) = picture(&mut *capture);
    assert_eq!(damage, Damage::full(60, 60));
    assert!(pixels.iter().all(|pixel| *pixel == [0; 3]));
    // A part that it draws at last is all that is seen.
    let painter = Painter { root: idle.window, ..painter };
    painter.paint(Rect::new(3, 4, 5, 6), BLUE);
    assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
    let (pixels, damage) = picture(&mut *capture);
    assert_eq!(damage.rects(), [Rect::new(3, 4, 5, 6)]);
    assert_eq!(pixels.iter().filter(|pixel| **pixel != [0; 3]).count(), 30);
    // Nor is what lies between two parts, however close they are.
    painter.paint(Rect::new(20, 4, 9, 10), BLUE);
    painter.paint(Rect::new(30, 4, 9, 10), BLUE);
    assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
    let (pixels, _) = picture(&mut *capture);
    assert_eq!(pixels.iter().filter(|pixel| **pixel != [0; 3]).count(), 30 + 180);
}

#[test]
fn a_window_that_moves_is_followed_without_a_new_layout_also_beyond_the_edge() {
    for managed in [false, true] {
        let server = Xvfb::start("640x480x24", &[]);
        let _manager = managed.then(|| Manager::start(&server));
        let letter = Actor::enter(&server, WINDOW, (100, 100, 201, 150), BLUE);
        let (part, mut capture) = shared(&server, letter.window);
        let before = part.layout().unwrap();
        capture_until_striped(&mut *capture, (201, 150), BLUE);
        letter.move_to(560, 400);
        wait_until(|| part.layout().unwrap() != before);
        let after = part.layout().unwrap();
        assert_eq!((after.epoch, after.monitors[0].id), (before.epoch, before.monitors[0].id));
        if !managed {
            assert_eq!((after.monitors[0].x, after.monitors[0].y), (560, 400));
        }
        assert!(matches!(capture.wait(SHORT).unwrap(), Change::Nothing | Change::Damaged));
        // What lies beyond the screen is seen as well.
        let mut new = part.open(after.monitors[0].id).unwrap();
        capture_until_striped(&mut *new, (201, 150), BLUE);
        assert_eq!(picture(&mut *capture).0, picture(&mut *new).0);
    }
}

#[test]
fn another_size_is_a_new_layout_and_the_new_picture_is_the_windows_own() {
    for managed in [false, true] {
        let server = Xvfb::start("640x480x24", &[]);
        let _manager = managed.then(|| Manager::start(&server));
        let letter = Actor::enter(&server, WINDOW, (100, 100, 100, 100), BLUE);
        let _cover = Actor::enter(&server, WINDOW, (150, 60, 300, 300), RED);
        let (part, mut capture) = shared(&server, letter.window);
        let before = part.layout().unwrap();
        capture_until_striped(&mut *capture, (100, 100), BLUE);
        letter.resize(150, 120);
        let deadline = Instant::now() + LONG;
        while capture.wait(LONG).unwrap() != Change::LayoutChanged {
            assert!(Instant::now() < deadline);
            picture(&mut *capture);
        }
        let consent = viewing();
        assert!(matches!(capture.capture(&consent.permit(None).unwrap()), Err(CaptureError::LayoutChanged)));
        let after = part.layout().unwrap();
        assert!(after.epoch > before.epoch);
        assert_eq!((after.monitors[0].width, after.monitors[0].height), (150, 120));
        let mut capture = part.open(after.monitors[0].id).unwrap();
        capture_until_striped(&mut *capture, (150, 120), BLUE);
    }
}

#[test]
fn the_last_picture_stays_while_a_window_is_not_on_the_screen() {
    for managed in [false, true] {
        let server = Xvfb::start("640x480x24", &[]);
        let _manager = managed.then(|| Manager::start(&server));
        Painter::connect(&server).paint(Rect::new(0, 0, 640, 480), GREEN);
        let letter = Actor::enter(&server, WINDOW, (100, 100, 201, 150), BLUE);
        let (part, mut capture) = shared(&server, letter.window);
        capture_until_striped(&mut *capture, (201, 150), BLUE);
        if managed {
            letter.minimise()
        } else {
            letter.show(false)
        }
        let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
        wait_until(|| desktop.windows(1).unwrap().is_empty());
        let striped = |pixels: &[[u8; 3]]| (0..).zip(pixels).all(|(at, pixel)| *pixel == stripes(BLUE, at % 201));
        assert!(matches!(capture.wait(SHORT).unwrap(), Change::Nothing | Change::Damaged));
        assert!(striped(&picture(&mut *capture).0));
        assert_eq!(part.layout().unwrap().monitors[0].width, 201);
        let _cover = Actor::enter(&server, WINDOW, (50, 50, 400, 400), RED);
        letter.show(true);
        // It draws itself anew, into a picture that the server began with what lies there.
        let deadline = Instant::now() + LONG;
        let mut drawn = Damage::none();
        while drawn.bounds() != Rect::new(0, 0, 201, 150) {
            assert!(Instant::now() < deadline);
            if capture.wait(LONG).unwrap() == Change::Damaged {
                let (pixels, damage) = picture(&mut *capture);
                assert!(striped(&pixels));
                drawn.merge(&damage);
            }
        }
        letter.settle();
        let program = Painter { root: letter.window, ..Painter::connect(&server) };
        program.paint(Rect::new(0, 0, 201, 150), GREEN);
        assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
        assert!(picture(&mut *capture).0.iter().all(|pixel| *pixel == [0x40, 0xc0, 0x20]));
    }
}

#[test]
fn a_closed_window_stays_closed_also_when_another_gets_its_number() {
    let server = Xvfb::start("640x480x24", &[]);
    let mut letter = Actor::enter(&server, WINDOW, (100, 100, 100, 100), BLUE);
    let (part, mut capture) = shared(&server, letter.window);
    let id = part.layout().unwrap().monitors[0].id;
    let mut cursor = part.cursor().unwrap();
    capture_until_striped(&mut *capture, (100, 100), BLUE);
    letter.leave_and_be_reborn(RED);
    let painter = Painter::connect(&server);
    painter.connection.warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, 5, 5).unwrap();
    painter.connection.sync().unwrap();
    assert_eq!(capture.wait(LONG), Err(CaptureError::WindowClosed));
    let consent = viewing();
    let permit = consent.permit(None).unwrap();
    assert_eq!(capture.capture(&permit).err(), Some(CaptureError::WindowClosed));
    assert_eq!(cursor.read(&permit).unwrap().position, None);
    assert_eq!(part.layout(), Err(CaptureError::WindowClosed));
    assert_eq!(part.open(id).err(), Some(CaptureError::WindowClosed));
    assert_eq!(part.cursor().err(), Some(CaptureError::WindowClosed));
    assert_eq!(part.only(Share::Everything).err(), Some(CaptureError::WindowClosed));
    assert_eq!(part.preview(Share::Everything, 10, 10).err(), Some(CaptureError::WindowClosed));
    assert_eq!(part.outline(Share::Everything, [0; 3]).err(), Some(CaptureError::WindowClosed));
}

#[test]
fn a_part_is_no_way_to_anything_else() {
    let server = Xvfb::start("640x480x24", &[]);
    let letter = Actor::enter(&server, WINDOW, (100, 100, 100, 100), BLUE);
    let other = Actor::enter(&server, WINDOW, (300, 100, 100, 100), RED);
    let (part, _capture) = shared(&server, letter.window);
    assert_eq!(part.open(MONITOR).err(), Some(CaptureError::NoSuchMonitor(MONITOR)));
    assert_eq!(part.only(Share::Monitor(MONITOR)).err(), Some(CaptureError::NoSuchMonitor(MONITOR)));
    assert_eq!(part.only(Share::Window(WindowId(other.window))).err(), Some(CaptureError::WindowClosed));
    assert_eq!(part.windows(1).unwrap().len(), 1);
    let again = part.only(Share::Everything).unwrap();
    assert_eq!(again.layout().unwrap().monitors, part.layout().unwrap().monitors);
    let all = X11Desktop::connect(Some(&server.display)).unwrap();
    assert_eq!(all.only(Share::Window(WindowId(u32::MAX))).err(), Some(CaptureError::WindowClosed));
}
