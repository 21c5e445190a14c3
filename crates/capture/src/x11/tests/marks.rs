//! The operator's marks over a real screen.

use super::stage::{Actor, Manager, OURS, Role, WINDOW, stripes, two_monitors, wait_until};
use super::*;
use crate::{Annotator, MarksSeen, Presence, ShownMark};
use consent::Consent;
use proto::annotation::{Mark, Point};
use x11rb::protocol::xproto::ImageFormat;

const BLUE: u32 = 0x20_40_c0;
const STROKE: [u8; 3] = [0xD9, 0x2D, 0x20];

fn at(x: u16, y: u16) -> Point {
    Point { x, y }
}

/// A pixel of the screen as a person sees it: red, green, blue.
fn on_screen(painter: &Painter, x: i16, y: i16) -> [u8; 3] {
    let image = painter.connection.get_image(ImageFormat::Z_PIXMAP, painter.root, x, y, 1, 1, !0).unwrap();
    let image = image.reply().unwrap();
    [image.data[2], image.data[1], image.data[0]]
}

fn show(annotator: &mut dyn Annotator, consent: &Consent, marks: &[(MonitorId, Mark)]) {
    let shown: Vec<ShownMark> = marks.iter().map(|(monitor, mark)| ShownMark::whole(*monitor, *mark)).collect();
    annotator.show(&consent.permit(None).unwrap(), &shown).unwrap();
}

#[test]
fn marks_stand_on_their_monitor_until_they_are_taken_away() {
    let server = Xvfb::start("400x200x24", &[]);
    let painter = Painter::connect(&server);
    two_monitors(&painter);
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    let monitors = desktop.layout().unwrap().monitors;
    let right = monitors.iter().find(|monitor| monitor.x == 200).unwrap().id;
    let consent = viewing();
    let mut annotator = desktop.annotator(OURS).unwrap();
    assert_eq!(annotator.seen(), MarksSeen::InPicture);
    let arrow = (right, Mark::Arrow { from: at(20, 50), to: at(150, 50) });
    let frame = (right, Mark::Box { from: at(30, 100), to: at(500, 180) });
    show(&mut *annotator, &consent, &[arrow, frame, (right, Mark::Pointer(at(100, 20)))]);
    for (x, y, expected) in [(280, 50, true), (300, 100, true), (230, 150, true), (320, 20, true), (300, 20, false)] {
        assert_eq!(on_screen(&painter, x, y) == STROKE, expected, "{x}, {y}");
    }
    // What is drawn beyond its monitor is on no other.
    assert!((0..200).all(|x| [20, 50, 100, 180].iter().all(|y| on_screen(&painter, x, *y) != STROKE)));
    // The pointer goes where it points, and leaves nothing behind.
    show(&mut *annotator, &consent, &[frame, (right, Mark::Pointer(at(100, 60)))]);
    assert_eq!(on_screen(&painter, 320, 60), STROKE);
    assert_ne!(on_screen(&painter, 320, 20), STROKE);
    assert_ne!(on_screen(&painter, 230, 50), STROKE, "the arrow is gone");
    annotator.clear();
    assert_ne!(on_screen(&painter, 300, 100), STROKE);
    show(&mut *annotator, &consent, &[frame]);
    assert_eq!(on_screen(&painter, 300, 100), STROKE);
    drop(annotator);
    wait_until(|| on_screen(&painter, 300, 100) != STROKE);
}

#[test]
fn what_fades_gets_thinner_and_leaves_nothing_behind() {
    let server = Xvfb::start("400x200x24", &[]);
    let painter = Painter::connect(&server);
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    let consent = viewing();
    let mut annotator = desktop.annotator(OURS).unwrap();
    let mark = Mark::Arrow { from: at(20, 50), to: at(350, 50) };
    let width = |painter: &Painter| (30..70).filter(|y| on_screen(painter, 120, *y) == STROKE).count();
    let mut before = usize::MAX;
    for strength in (1..=ShownMark::STRONGEST).rev() {
        let shown = ShownMark { strength, ..ShownMark::whole(MONITOR, mark) };
        annotator.show(&consent.permit(None).unwrap(), &[shown]).unwrap();
        let now = width(&painter);
        assert!(now <= before && (now > 0 || strength < 3), "{now} after {before} at {strength}");
        before = now;
    }
    assert!(before <= 1, "{before}");
    // Pointed at again it is as strong as ever.
    show(&mut *annotator, &consent, &[(MONITOR, mark)]);
    assert_eq!(width(&painter), 7);
    show(&mut *annotator, &consent, &[]);
    assert_eq!(width(&painter), 0);
}

#[test]
fn presses_go_through_marks_and_our_own_windows_are_never_under_them() {
    for managed in [false, true] {
        let server = Xvfb::that_believes("640x480x24");
        let _manager = managed.then(|| Manager::start(&server));
        let painter = Painter::connect(&server);
        let below = Actor::enter(&server, WINDOW, (0, 0, 300, 400), BLUE);
        let panel = Actor::enter(&server, Role { process: OURS, ..WINDOW }, (300, 0, 200, 200), BLUE);
        let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
        let consent = viewing();
        let mut annotator = desktop.annotator(OURS).unwrap();
        let arrow = (MONITOR, Mark::Arrow { from: at(20, 100), to: at(620, 100) });
        show(&mut *annotator, &consent, &[arrow]);
        assert_eq!((on_screen(&painter, 100, 100), on_screen(&painter, 600, 100)), (STROKE, STROKE));
        assert!((320..480).all(|x| on_screen(&painter, x, 100) != STROKE), "our window lies free");
        painter.connection.warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, 100, 100).unwrap();
        let top = windows::top_of(&Screen::connect(Some(&server.display)).unwrap(), below.window).unwrap();
        let under = painter.connection.query_pointer(painter.root).unwrap().reply().unwrap().child;
        assert_eq!(Some(under), top);
        // Wherever it goes the marks give way, and another window does not stay above them.
        panel.move_to(60, 0);
        let _above = Actor::enter(&server, WINDOW, (300, 0, 200, 200), BLUE);
        wait_until(|| {
            show(&mut *annotator, &consent, &[arrow]);
            let free = (80..240).all(|x| on_screen(&painter, x, 100) != STROKE);
            free && on_screen(&painter, 400, 100) == STROKE && on_screen(&painter, 30, 100) == STROKE
        });
    }
}

#[test]
fn over_one_window_marks_stay_on_it_and_out_of_its_picture() {
    for managed in [false, true] {
        let server = Xvfb::start("640x480x24", &[]);
        let _manager = managed.then(|| Manager::start(&server));
        let painter = Painter::connect(&server);
        let letter = Actor::enter(&server, WINDOW, (100, 100, 200, 150), BLUE);
        let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
        let part = desktop.only(Share::Window(WindowId(letter.window))).unwrap();
        let monitor = part.layout().unwrap().monitors.remove(0);
        let consent = viewing();
        let mut annotator = part.annotator(OURS).unwrap();
        assert_eq!(annotator.seen(), MarksSeen::Beside);
        let arrow = (monitor.id, Mark::Arrow { from: at(20, 60), to: at(600, 60) });
        show(&mut *annotator, &consent, &[arrow, (MonitorId(0), Mark::Pointer(at(50, 50)))]);
        let place = |monitor: &Monitor, x: i32| {
            on_screen(&painter, i16::try_from(monitor.x + x).unwrap(), i16::try_from(monitor.y + 60).unwrap())
        };
        assert_eq!(place(&monitor, 100), STROKE);
        assert_ne!(place(&monitor, 230), STROKE, "beyond the window");
        let mut capture = part.open(monitor.id).unwrap();
        let (pixels, _) = picture(&mut *capture);
        assert!((0..).zip(&pixels).all(|(index, pixel)| *pixel == stripes(BLUE, index % 200)));
        // They go where it goes, lie under what lies above it, and end with it.
        letter.move_to(200, 200);
        let above = Actor::enter(&server, WINDOW, (230, 200, 60, 100), BLUE);
        wait_until(|| {
            show(&mut *annotator, &consent, &[arrow]);
            let moved = part.layout().unwrap().monitors.remove(0);
            moved.x > monitor.x && place(&moved, 150) == STROKE && place(&moved, 60) != STROKE
        });
        above.leave();
        letter.leave();
        let permit = consent.permit(None).unwrap();
        let arrow = ShownMark::whole(arrow.0, arrow.1);
        wait_until(|| annotator.show(&permit, &[arrow]) == Err(CaptureError::WindowClosed));
        assert!((0..640).all(|x| on_screen(&painter, x, 260) != STROKE));
    }
}

#[test]
fn marks_are_no_window_of_ours_for_who_watches_over_the_panel() {
    let server = Xvfb::start("640x480x24", &[]);
    let own = std::process::id();
    let _panel = Actor::enter(&server, WINDOW, (300, 200, 200, 200), BLUE);
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    let mut watch = desktop.presence(own).unwrap();
    assert_eq!(watch.wait(LONG), Ok(Some(Presence::Visible)));
    let consent = viewing();
    let mut annotator = desktop.annotator(own).unwrap();
    let large = (MONITOR, Mark::Box { from: at(5, 5), to: at(630, 470) });
    show(&mut *annotator, &consent, &[large, (MONITOR, Mark::Arrow { from: at(0, 0), to: at(639, 479) })]);
    assert_eq!(watch.wait(SHORT * 10), Ok(None), "the panel is still the largest of ours, and in sight");
}
