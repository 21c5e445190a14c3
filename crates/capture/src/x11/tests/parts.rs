//! What a person chooses from, and what is seen of one monitor, of the pointer, and in previews.

use super::stage::{Actor, Manager, OURS, Role, WINDOW, stripes, two_monitors, wait_until};
use super::*;

const BLUE: u32 = 0x20_40_c0;
const RED: u32 = 0xe0_20_20;
const LEFT: Rect = Rect::new(0, 0, 200, 200);
const RIGHT: Rect = Rect::new(200, 0, 200, 200);

fn monitor_at(desktop: &dyn Desktop, x: i32) -> Monitor {
    desktop.layout().unwrap().monitors.into_iter().find(|monitor| monitor.x == x).unwrap()
}

#[test]
fn windows_are_listed_from_the_top_without_ours_and_without_furniture() {
    for managed in [false, true] {
        let server = Xvfb::that_believes("640x480x24");
        let _manager = managed.then(|| Manager::start(&server));
        let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
        let place = (100, 100, 120, 90);
        let role = |title| Role { title, ..WINDOW };
        let below = Actor::enter(&server, role("Bel\u{202e}ow\n"), place, BLUE);
        let above = Actor::enter(&server, role("Above"), (150, 100, 80, 60), BLUE);
        let _ours = Actor::enter(&server, Role { process: OURS, ..WINDOW }, place, BLUE);
        let _menu = Actor::enter(&server, Role { is_free: true, ..WINDOW }, place, BLUE);
        let kinds = ["DESKTOP", "DOCK", "NOTIFICATION", "MENU", "POPUP_MENU", "DROPDOWN_MENU", "TOOLTIP", "SPLASH"];
        let name = |kind: &str| -> &'static str { format!("_NET_WM_WINDOW_TYPE_{kind}").leak() };
        let _furniture =
            kinds.map(|kind| Actor::enter(&server, Role { kind: Some(name(kind)), ..WINDOW }, place, BLUE));
        let gone = Actor::enter(&server, role("Gone"), place, BLUE);
        let elsewhere = Actor::enter(&server, role("Elsewhere"), place, BLUE);
        if managed {
            gone.minimise();
            elsewhere.go_elsewhere();
        } else {
            gone.show(false);
            elsewhere.show(false);
        }
        wait_until(|| desktop.windows(OURS).unwrap().len() == 2);
        let info = |actor: &Actor, title: &str, width, height| WindowInfo {
            id: WindowId(actor.window),
            title: title.into(),
            program: "Actor".into(),
            width,
            height,
        };
        let expected = [info(&above, "Above", 80, 60), info(&below, "Below ", 120, 90)];
        assert_eq!(desktop.windows(OURS).unwrap(), expected);
        below.raise();
        wait_until(|| desktop.windows(OURS).unwrap()[0].id == WindowId(below.window));
    }
}

#[test]
fn one_monitor_is_all_that_is_seen_of_two() {
    let server = Xvfb::start("400x200x24", &[]);
    let painter = Painter::connect(&server);
    two_monitors(&painter);
    painter.paint(LEFT, RED);
    painter.paint(RIGHT, BLUE);
    let all = X11Desktop::connect(Some(&server.display)).unwrap();
    let (left, right) = (monitor_at(&all, 0), monitor_at(&all, 200));
    let part = all.only(Share::Monitor(right.id)).unwrap();
    assert_eq!(part.layout().unwrap().monitors, std::slice::from_ref(&right));
    assert_eq!(part.open(left.id).err(), Some(CaptureError::NoSuchMonitor(left.id)));
    assert_eq!(part.only(Share::Monitor(left.id)).err(), Some(CaptureError::NoSuchMonitor(left.id)));
    let mut capture = part.open(right.id).unwrap();
    let (pixels, _) = picture(&mut *capture);
    assert!(pixels.len() == 200 * 200 && pixels.iter().all(|pixel| *pixel == [0xc0, 0x40, 0x20]));
    painter.paint(LEFT, 0x11_11_11);
    assert_eq!(capture.wait(SHORT).unwrap(), Change::Nothing);
    let mut cursor = part.cursor().unwrap();
    let consent = viewing();
    let permit = consent.permit(None).unwrap();
    for (x, expected) in [(50, None), (250, Some((right.id, 50, 60)))] {
        painter.connection.warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, x, 60).unwrap();
        painter.connection.sync().unwrap();
        assert!(cursor.wait(LONG).unwrap());
        let state = cursor.read(&permit).unwrap();
        assert_eq!((state.position, state.shape.is_some()), (expected, expected.is_some()));
    }
    let preview = all.preview(Share::Monitor(right.id), 50, 100).unwrap();
    assert_eq!((preview.width(), preview.height()), (50, 50));
    assert!(preview.rgba().chunks_exact(4).all(|pixel| pixel == [0x20, 0x40, 0xc0, 255]));
    let preview = all.preview(Share::Everything, 100, 100).unwrap();
    assert_eq!((preview.width(), preview.height()), (100, 50));
    assert_eq!(&preview.rgba()[49 * 4..51 * 4], [0x11, 0x11, 0x11, 255, 0x20, 0x40, 0xc0, 255]);
}

#[test]
fn a_shared_monitor_is_never_replaced_by_another_that_gets_its_number() {
    let server = Xvfb::start("400x200x24", &[]);
    let painter = Painter::connect(&server);
    two_monitors(&painter);
    let all = X11Desktop::connect(Some(&server.display)).unwrap();
    let left = monitor_at(&all, 0);
    let part = all.only(Share::Monitor(left.id)).unwrap();
    part.layout().unwrap();
    let mut capture = part.open(left.id).unwrap();
    picture(&mut *capture);
    let remove = |name: &[u8]| {
        let name = painter.connection.intern_atom(false, name).unwrap().reply().unwrap().atom;
        painter.connection.randr_delete_monitor(painter.root, name).unwrap().check().unwrap();
    };
    remove(b"left");
    // RandR gives back the output's own monitor in its place, which is another.
    let layout = all.layout().unwrap();
    assert!(layout.monitors.len() == 2 && layout.monitor(left.id).is_none());
    assert_eq!(all.only(Share::Monitor(left.id)).err(), Some(CaptureError::NoSuchMonitor(left.id)));
    assert_eq!(capture.wait(LONG).unwrap(), Change::LayoutChanged);
    assert_eq!(part.layout().err(), Some(CaptureError::NoSuchMonitor(left.id)));
    assert_eq!(part.open(left.id).err(), Some(CaptureError::NoSuchMonitor(left.id)));
    // Nor is a choice carried over to a layout that nobody has asked for.
    remove(b"right");
    assert_eq!(all.only(Share::Monitor(MONITOR)).err(), Some(CaptureError::LayoutChanged));
}

#[test]
fn a_number_that_was_seen_means_that_monitor_whatever_comes_and_goes() {
    let server = Xvfb::start("400x200x24", &[]);
    let painter = Painter::connect(&server);
    two_monitors(&painter);
    painter.paint(LEFT, RED);
    painter.paint(RIGHT, BLUE);
    let all = X11Desktop::connect(Some(&server.display)).unwrap();
    let (left, right) = (monitor_at(&all, 0), monitor_at(&all, 200));
    let remove = |name: &[u8]| {
        let name = painter.connection.intern_atom(false, name).unwrap().reply().unwrap().atom;
        painter.connection.randr_delete_monitor(painter.root, name).unwrap().check().unwrap();
    };
    remove(b"left");
    // The other's number is asked for by somebody who has seen only the layout before.
    all.layout().unwrap();
    let part = all.only(Share::Monitor(right.id)).unwrap();
    assert_eq!(part.layout().unwrap().monitors, std::slice::from_ref(&right));
    let mut capture = part.open(right.id).unwrap();
    assert!(picture(&mut *capture).0.iter().all(|pixel| *pixel == [0xc0, 0x40, 0x20]));
    painter.connection.warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, 250, 60).unwrap();
    painter.connection.sync().unwrap();
    let (consent, mut cursor) = (viewing(), part.cursor().unwrap());
    cursor.wait(LONG).unwrap();
    assert_eq!(cursor.read(&consent.permit(None).unwrap()).unwrap().position, Some((right.id, 50, 60)));
    remove(b"right");
    two_monitors(&painter);
    assert_eq!((monitor_at(&all, 0).id, monitor_at(&all, 200).id), (left.id, right.id));
}

#[test]
fn the_pointer_is_only_seen_on_the_shared_window_itself() {
    for managed in [false, true] {
        let server = Xvfb::start("640x480x24", &[]);
        let _manager = managed.then(|| Manager::start(&server));
        let painter = Painter::connect(&server);
        let letter = Actor::enter(&server, WINDOW, (100, 100, 200, 150), BLUE);
        let free = Role { is_free: true, ..WINDOW };
        let cover = Actor::enter(&server, free, (200, 120, 50, 50), RED);
        let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
        let part = desktop.only(Share::Window(WindowId(letter.window))).unwrap();
        let place = part.layout().unwrap().monitors.remove(0);
        let mut cursor = part.cursor().unwrap();
        let consent = viewing();
        let permit = consent.permit(None).unwrap();
        cursor.wait(LONG).unwrap();
        assert_eq!(cursor.read(&permit).unwrap(), CursorState::default());
        let rows = [(place.x + 3, place.y + 4, Some((place.id, 3, 4))), (220, 140, None), (620, 460, None)];
        for (x, y, expected) in rows {
            let to = |at: i32| at as i16;
            painter.connection.warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, to(x), to(y)).unwrap();
            painter.connection.sync().unwrap();
            assert!(cursor.wait(LONG).unwrap());
            assert_eq!(cursor.read(&permit).unwrap().position, expected, "at {x}, {y}");
        }
        // A window that goes away under a pointer that rests.
        painter.connection.warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, 220, 140).unwrap();
        painter.connection.sync().unwrap();
        assert!(cursor.wait(LONG).unwrap());
        assert_eq!(cursor.read(&permit).unwrap().position, None);
        cover.leave();
        assert!(cursor.wait(LONG).unwrap());
        let position = cursor.read(&permit).unwrap().position;
        assert_eq!(position, Some((place.id, 220 - place.x, 140 - place.y)));
    }
}

#[test]
fn the_preview_of_a_window_shows_it_whether_it_is_covered_or_not() {
    for managed in [false, true] {
        let server = Xvfb::start("640x480x24", &[]);
        let _manager = managed.then(|| Manager::start(&server));
        let letter = Actor::enter(&server, WINDOW, (100, 100, 200, 100), BLUE);
        let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
        let share = Share::Window(WindowId(letter.window));
        let check = || {
            let preview = desktop.preview(share, 40, 40).unwrap();
            assert_eq!((preview.width(), preview.height()), (40, 20));
            for (x, pixel) in (0..40).cycle().zip(preview.rgba().chunks_exact(4)) {
                let [blue, green, red] = stripes(BLUE, x * 5);
                assert_eq!(pixel, [red, green, blue, 255]);
            }
        };
        check();
        let cover = Actor::enter(&server, WINDOW, (150, 80, 300, 300), RED);
        check();
        cover.leave();
        letter.move_to(600, 400);
        wait_until(|| desktop.only(share).unwrap().layout().unwrap().monitors[0].x > 400);
        check();
        assert_eq!(desktop.preview(share, 1000, 1000).unwrap().width(), 200);
    }
}
