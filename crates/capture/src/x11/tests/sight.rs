//! The frame around what is shared, and whether our own windows can be seen.

use super::stage::{Actor, Manager, OURS, Role, Stranger, THEIRS, WINDOW, stripes, two_monitors};
use super::*;
use crate::Presence;
use std::time::{Duration, Instant};
use x11rb::protocol::xproto::{AtomEnum, ChangeWindowAttributesAux, EventMask, ImageFormat, PropMode};

const BLUE: u32 = 0x20_40_c0;
const RED: u32 = 0xe0_20_20;
const FRAME: [u8; 3] = [0x12, 0xfe, 0x34];

/// A pixel of the screen as a person sees it: red, green, blue.
fn on_screen(painter: &Painter, x: i32, y: i32) -> [u8; 3] {
    let at = |place: i32| i16::try_from(place).unwrap();
    let image = painter.connection.get_image(ImageFormat::Z_PIXMAP, painter.root, at(x), at(y), 1, 1, !0).unwrap();
    // Beyond the screen's edges, where a window may be for a moment, there is nothing.
    image.reply().map_or([0; 3], |image| [image.data[2], image.data[1], image.data[0]])
}

fn has_frame(painter: &Painter, area: area::Area) -> bool {
    let area::Area { left, top, right, bottom } = area;
    let corners = [(left, top), (right - 1, top), (left, bottom - 1), (right - 1, bottom - 1)];
    corners.iter().all(|(x, y)| on_screen(painter, *x, *y) == FRAME)
}

/// The rectangle that a frame around a window has as its outer edge.
fn around(server: &Xvfb, actor: &Actor) -> area::Area {
    let screen = Screen::connect(Some(&server.display)).unwrap();
    let top = windows::top_of(&screen, actor.window).unwrap().unwrap();
    let area::Area { left, top, right, bottom } = windows::place_of(&screen, top).unwrap().unwrap().outside();
    area::Area { left: left - 4, top: top - 4, right: right + 4, bottom: bottom + 4 }
}

/// After so long what can be seen is looked at again.
const A_MOMENT: Duration = Duration::from_millis(50);

/// Waits for what happens to top-level windows until it is so.
#[track_caller]
fn wait_for(server: &Xvfb, is_so: impl Fn() -> bool) {
    let watcher = Painter::connect(server);
    let aux = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
    watcher.connection.change_window_attributes(watcher.root, &aux).unwrap().check().unwrap();
    let (waker, deadline) = (wait::Waker::new().unwrap(), Instant::now() + LONG);
    while !is_so() {
        assert!(Instant::now() < deadline);
        // What is drawn is no event here: it is looked at again after a moment.
        waker.wait(Some(&watcher.connection), Instant::now() + A_MOMENT).unwrap();
        while watcher.connection.poll_for_event().unwrap().is_some() {}
    }
}

#[test]
fn a_frame_is_seen_inside_the_edges_of_each_shared_monitor() {
    let server = Xvfb::start("400x200x24", &[]);
    let painter = Painter::connect(&server);
    two_monitors(&painter);
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    let right = desktop.layout().unwrap().monitors.into_iter().find(|monitor| monitor.x == 200).unwrap();
    let outline = desktop.outline(Share::Monitor(right.id), FRAME).unwrap();
    let (left_area, right_area) = (area::Area::new(0, 0, 200, 200), area::Area::new(200, 0, 200, 200));
    assert!(has_frame(&painter, right_area));
    assert_eq!(on_screen(&painter, 203, 100), FRAME);
    assert_ne!(on_screen(&painter, 204, 100), FRAME);
    assert_ne!(on_screen(&painter, 199, 100), FRAME);
    drop(outline);
    assert_ne!(on_screen(&painter, 203, 100), FRAME);
    let outline = desktop.outline(Share::Everything, FRAME).unwrap();
    assert!(has_frame(&painter, left_area) && has_frame(&painter, right_area));
    // It goes with the layout.
    for name in [b"left".as_slice(), b"right"] {
        let name = painter.connection.intern_atom(false, name).unwrap().reply().unwrap().atom;
        painter.connection.randr_delete_monitor(painter.root, name).unwrap().check().unwrap();
    }
    wait_for(&server, || on_screen(&painter, 203, 100) != FRAME);
    assert!(has_frame(&painter, area::Area::new(0, 0, 400, 200)));
    drop(outline);
}

#[test]
fn on_a_dense_screen_the_frame_is_as_broad_as_on_another() {
    let server = Xvfb::start("400x200x24", &[]);
    let painter = Painter::connect(&server);
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    for (resources, thick) in [("Xft.dpi:\t192\n", 8), ("Xft.dpi:\t144\n", 6), ("Xft.dpi:\tmany\n", 4), ("", 4)] {
        let (name, kind) = (AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING);
        let said =
            painter.connection.change_property8(PropMode::REPLACE, painter.root, name, kind, resources.as_bytes());
        said.unwrap().check().unwrap();
        let _outline = desktop.outline(Share::Everything, FRAME).unwrap();
        assert_eq!(on_screen(&painter, thick - 1, 100), FRAME, "{resources}");
        assert_ne!(on_screen(&painter, thick, 100), FRAME, "{resources}");
    }
}

#[test]
fn a_frame_goes_around_a_window_follows_it_and_is_not_in_its_picture() {
    for managed in [false, true] {
        let server = Xvfb::start("640x480x24", &[]);
        let _manager = managed.then(|| Manager::start(&server));
        let painter = Painter::connect(&server);
        let letter = Actor::enter(&server, WINDOW, (100, 100, 201, 150), BLUE);
        let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
        let share = Share::Window(WindowId(letter.window));
        let _outline = desktop.outline(share, FRAME).unwrap();
        assert!(has_frame(&painter, around(&server, &letter)));
        letter.move_to(200, 180);
        wait_for(&server, || has_frame(&painter, around(&server, &letter)));
        // At the edge of the screen it lies over the window, and yet not in its picture.
        letter.move_to(-20, -20);
        let at_edge = |area: area::Area| area.intersection(&area::Area::new(0, 0, 640, 480));
        wait_for(&server, || has_frame(&painter, at_edge(around(&server, &letter))));
        let part = desktop.only(share).unwrap();
        let mut capture = part.open(part.layout().unwrap().monitors[0].id).unwrap();
        let (pixels, _) = picture(&mut *capture);
        assert!((0..).zip(&pixels).all(|(index, pixel)| *pixel == stripes(BLUE, index % 201)));
        // It crosses nothing that lies over its window, and goes when that is minimised or closed.
        letter.move_to(100, 100);
        wait_for(&server, || has_frame(&painter, around(&server, &letter)));
        let above = Actor::enter(&server, WINDOW, (50, 50, 400, 300), RED);
        wait_for(&server, || on_screen(&painter, 200, 99) != FRAME && on_screen(&painter, 200, 200) != FRAME);
        letter.move_to(110, 110);
        let edge = around(&server, &letter);
        let middle = (edge.left + edge.right) / 2;
        wait_for(&server, || on_screen(&painter, middle, edge.top + 1) != FRAME);
        above.leave();
        wait_for(&server, || has_frame(&painter, around(&server, &letter)));
        let place = around(&server, &letter);
        if managed {
            letter.minimise()
        } else {
            letter.show(false)
        }
        wait_for(&server, || !has_frame(&painter, place));
        letter.show(true);
        wait_for(&server, || has_frame(&painter, around(&server, &letter)));
        let place = around(&server, &letter);
        letter.leave();
        wait_for(&server, || !has_frame(&painter, place));
    }
}

#[test]
fn a_press_goes_through_the_frame_and_window_managers_leave_it_alone() {
    let server = Xvfb::start("640x480x24", &[]);
    let _manager = Manager::start(&server);
    let painter = Painter::connect(&server);
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    let _outline = desktop.outline(Share::Everything, FRAME).unwrap();
    assert_eq!(desktop.windows(OURS).unwrap(), []);
    let below = Actor::enter(&server, Role { is_free: true, ..WINDOW }, (0, 0, 100, 100), BLUE);
    wait_for(&server, || on_screen(&painter, 2, 50) == FRAME);
    let under_pointer = || {
        painter.connection.warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, 2, 50).unwrap();
        painter.connection.query_pointer(painter.root).unwrap().reply().unwrap().child
    };
    assert_eq!(under_pointer(), below.window);
}

#[test]
fn our_windows_are_visible_covered_or_gone() {
    for managed in [false, true] {
        let server = Xvfb::that_believes("640x480x24");
        let _manager = managed.then(|| Manager::start(&server));
        let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
        let mut watch = desktop.presence(OURS).unwrap();
        assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Gone));
        assert_eq!(watch.wait(SHORT).unwrap(), None);
        let panel = Actor::enter(&server, Role { process: OURS, ..WINDOW }, (500, 300, 80, 60), BLUE);
        assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Visible));
        // Most of it still shows.
        let some = Actor::enter(&server, WINDOW, (450, 250, 55, 200), RED);
        assert_eq!(watch.wait(LOOK).unwrap(), None);
        let all = Actor::enter(&server, Role { is_free: true, ..WINDOW }, (0, 0, 640, 480), RED);
        assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Covered));
        panel.raise();
        if managed {
            // What is out of the window manager's hands stays above what is in them.
            assert_eq!(watch.wait(LOOK).unwrap(), None);
            all.leave();
        }
        assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Visible));
        if !managed {
            panel.move_to(2000, 100);
            assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Covered));
            panel.move_to(500, 300);
            assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Visible));
        }
        if managed {
            panel.minimise()
        } else {
            panel.show(false)
        }
        assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Gone));
        panel.show(true);
        assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Visible));
        panel.leave();
        assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Gone));
        watch.interrupter().interrupt();
        assert_eq!(watch.wait(LONG).unwrap(), None);
        drop(some);
    }
}

/// Longer than from one look at the windows to the next.
const LOOK: Duration = Duration::from_millis(600);

#[test]
fn the_frame_is_no_window_of_ours_and_covers_none() {
    let server = Xvfb::start("640x480x24", &[]);
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    let own = std::process::id();
    let mut watch = desktop.presence(own).unwrap();
    assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Gone));
    let _outline = desktop.outline(Share::Everything, FRAME).unwrap();
    assert_eq!(watch.wait(LOOK).unwrap(), None);
    // It lies wholly under the frame.
    let panel = Actor::enter(&server, Role { process: own, ..WINDOW }, (0, 100, 3, 50), BLUE);
    let tops = windows::tops(&Screen::connect(Some(&server.display)).unwrap()).unwrap();
    assert_eq!(tops.len(), 5);
    assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Visible));
    // A strip of another program is no frame of ours, whatever it says.
    let strip = Stranger::enter(&server, (0, 0, 4, 480));
    assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Covered));
    drop((panel, strip));
}

#[test]
fn a_window_is_ours_by_its_process_and_not_by_what_it_says() {
    for managed in [false, true] {
        let server = Xvfb::start("640x480x24", &[]);
        let _manager = managed.then(|| Manager::start(&server));
        let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
        let own = std::process::id();
        let mut watch = desktop.presence(own).unwrap();
        assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Gone));
        let stranger = Stranger::enter(&server, (0, 0, 640, 480));
        assert_eq!(watch.wait(LOOK).unwrap(), None);
        // Ours is known as ours in a window manager's frame, too, even if it says otherwise.
        let panel = Actor::enter(&server, Role { process: THEIRS, ..WINDOW }, (500, 300, 80, 60), BLUE);
        let first = if managed { Presence::Covered } else { Presence::Visible };
        assert_eq!(watch.wait(LONG).unwrap(), Some(first));
        assert_eq!(desktop.windows(own).unwrap(), []);
        drop(stranger);
        assert_eq!(watch.wait(if managed { LONG } else { LOOK }).unwrap(), managed.then_some(Presence::Visible));
        drop(panel);
    }
}
