//! The X11 capturers against real X servers.

use super::monitor::X11Monitor;
use super::screen::Screen;
use super::shm::Transport;
use super::*;
use crate::test_support::{LONG, SHORT, Xvfb, viewing};
use crate::{Change, CursorState};
use proto::{Damage, Rect};
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::randr::{ConnectionExt as _, ModeInfo, Rotation};
use x11rb::protocol::xproto::{CreateGCAux, Rectangle};
use x11rb::rust_connection::RustConnection;

mod marks;
mod parts;
mod sight;
mod stage;
mod window;

const MONITOR: MonitorId = MonitorId(0);

/// A program that draws on the root window.
struct Painter {
    connection: RustConnection,
    root: Root,
}

impl Painter {
    fn connect(server: &Xvfb) -> Self {
        let (connection, number) = RustConnection::connect(Some(&server.display)).unwrap();
        let root = connection.setup().roots[number].root;
        Self { connection, root }
    }

    fn paint(&self, rect: Rect, colour: u32) {
        let gc = self.connection.generate_id().unwrap();
        self.connection.create_gc(gc, self.root, &CreateGCAux::new().foreground(colour)).unwrap();
        let area =
            Rectangle { x: rect.x as i16, y: rect.y as i16, width: rect.width as u16, height: rect.height as u16 };
        self.connection.poly_fill_rectangle(self.root, gc, &[area]).unwrap();
        self.connection.sync().unwrap();
    }
}

fn opened(server: &Xvfb) -> (X11Desktop, Box<dyn MonitorCapture>) {
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    desktop.layout().unwrap();
    let capture = desktop.open(MONITOR).unwrap();
    (desktop, capture)
}

fn picture(capture: &mut dyn MonitorCapture) -> (Vec<[u8; 3]>, Damage) {
    let consent = viewing();
    let (frame, damage) = capture.capture(&consent.permit(None).unwrap()).unwrap();
    let rows = (0..frame.height).flat_map(|y| frame.row(y).chunks_exact(4));
    (rows.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(), damage)
}

#[test]
fn what_is_drawn_is_told_and_read_and_a_still_screen_is_quiet() {
    let server = Xvfb::start("320x200x24", &[]);
    let painter = Painter::connect(&server);
    let (desktop, mut capture) = opened(&server);
    assert_eq!(desktop.layout().unwrap().monitors[0].width, 320);
    assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
    assert_eq!(picture(&mut *capture).1, Damage::full(320, 200));
    assert_eq!(capture.wait(SHORT).unwrap(), Change::Nothing);

    let rect = Rect::new(30, 40, 50, 20);
    painter.paint(rect, 0x11_22_33);
    assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
    let (pixels, damage) = picture(&mut *capture);
    assert_eq!(damage.rects(), [rect]);
    for y in 0..200u32 {
        for x in 0..320u32 {
            let inside = rect.intersection(&Rect::new(x, y, 1, 1)).area() == 1;
            assert_eq!(pixels[(y * 320 + x) as usize] == [0x33, 0x22, 0x11], inside, "at {x}, {y}");
        }
    }
    assert_eq!(capture.wait(SHORT).unwrap(), Change::Nothing);
}

#[test]
fn distant_rectangles_are_told_apart_and_both_are_read() {
    let server = Xvfb::start("320x200x24", &[]);
    let painter = Painter::connect(&server);
    let (_desktop, mut capture) = opened(&server);
    picture(&mut *capture);
    let (near, far) = (Rect::new(1, 2, 8, 4), Rect::new(300, 190, 20, 10));
    painter.paint(near, 0xff_00_00);
    painter.paint(far, 0x00_00_ff);
    assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
    let (pixels, damage) = picture(&mut *capture);
    assert!(damage.rects().contains(&near) && damage.rects().contains(&far) && damage.rects().len() == 2);
    assert_eq!(pixels[2 * 320 + 1], [0, 0, 0xff]);
    assert_eq!(pixels[199 * 320 + 319], [0xff, 0, 0]);
}

#[test]
fn an_interruption_ends_a_wait_and_counts_for_one() {
    let server = Xvfb::start("320x200x24", &[]);
    let (_desktop, mut capture) = opened(&server);
    picture(&mut *capture);
    let interrupter = capture.interrupter();
    let other = std::thread::spawn(move || interrupter.interrupt());
    assert_eq!(capture.wait(LONG).unwrap(), Change::Interrupted);
    other.join().unwrap();
    assert_eq!(capture.wait(SHORT).unwrap(), Change::Nothing);
}

#[test]
fn all_transports_give_the_same_picture() {
    let server = Xvfb::start("333x211x24", &[]);
    let painter = Painter::connect(&server);
    painter.paint(Rect::new(0, 0, 333, 211), 0x80_90_a0);
    painter.paint(Rect::new(100, 100, 33, 7), 0x01_02_03);
    let monitors = Screen::connect(Some(&server.display)).unwrap().monitors().unwrap();
    let grab = |transport| {
        let screen = Screen::connect(Some(&server.display)).unwrap();
        let mut capture = X11Monitor::open(screen, monitors[0].clone(), monitors.clone(), transport).unwrap();
        assert_eq!(capture.transport(), transport);
        let whole = picture(&mut capture).0;
        painter.paint(Rect::new(5, 5, 3, 3), 0xff_ff_ff);
        assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
        assert_eq!(picture(&mut capture).0[6 * 333 + 6], [0xff; 3]);
        painter.paint(Rect::new(5, 5, 3, 3), 0x80_90_a0);
        whole
    };
    let first = grab(Transport::Descriptor);
    assert_eq!(first[103 * 333 + 110], [3, 2, 1]);
    assert_eq!(grab(Transport::SystemV), first);
    assert_eq!(grab(Transport::Replies), first);
}

#[test]
fn a_server_without_shared_memory_is_read_through_replies() {
    let server = Xvfb::start("64x48x24", &["-extension", "MIT-SHM"]);
    Painter::connect(&server).paint(Rect::new(0, 0, 64, 48), 0x05_06_07);
    let (_desktop, mut capture) = opened(&server);
    assert_eq!(picture(&mut *capture).0[64 * 47 + 63], [7, 6, 5]);
}

#[test]
fn another_size_is_a_new_layout_and_not_a_crash() {
    let server = Xvfb::start("640x480x24", &[]);
    let painter = Painter::connect(&server);
    let (desktop, mut capture) = opened(&server);
    picture(&mut *capture);
    shrink(&painter);
    assert_eq!(capture.wait(LONG).unwrap(), Change::LayoutChanged);
    let consent = viewing();
    assert!(matches!(capture.capture(&consent.permit(None).unwrap()), Err(CaptureError::LayoutChanged)));
    assert!(matches!(desktop.open(MONITOR), Err(CaptureError::LayoutChanged)));
    let layout = desktop.layout().unwrap();
    assert_eq!((layout.epoch, layout.monitors[0].width, layout.monitors[0].height), (2, 320, 240));
    let mut capture = desktop.open(MONITOR).unwrap();
    assert_eq!(picture(&mut *capture).0.len(), 320 * 240);
}

/// Puts the only output into a mode of 320 by 240 pixels.
fn shrink(painter: &Painter) {
    let connection = &painter.connection;
    let resources = connection.randr_get_screen_resources(painter.root).unwrap().reply().unwrap();
    let output = resources.outputs[0];
    let mode = ModeInfo { width: 320, height: 240, htotal: 320, vtotal: 240, name_len: 4, ..ModeInfo::default() };
    let mode = connection.randr_create_mode(painter.root, mode, b"tiny").unwrap().reply().unwrap().mode;
    connection.randr_add_output_mode(output, mode).unwrap().check().unwrap();
    let now = x11rb::CURRENT_TIME;
    let crtc = resources.crtcs[0];
    connection
        .randr_set_crtc_config(crtc, now, now, 0, 0, mode, Rotation::ROTATE0, &[output])
        .unwrap()
        .reply()
        .unwrap();
    connection.randr_set_screen_size(painter.root, 320, 240, 80, 60).unwrap().check().unwrap();
    connection.sync().unwrap();
}

#[test]
fn two_monitors_have_their_own_pixels_and_wake_alone() {
    let server = Xvfb::start("400x200x24", &[]);
    let painter = Painter::connect(&server);
    stage::two_monitors(&painter);
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    let layout = desktop.layout().unwrap();
    let right = layout.monitors.iter().find(|monitor| monitor.x == 200).unwrap().id;
    let left = layout.monitors.iter().find(|monitor| monitor.x == 0).unwrap().id;
    let (mut left, mut right) = (desktop.open(left).unwrap(), desktop.open(right).unwrap());
    picture(&mut *left);
    picture(&mut *right);
    painter.paint(Rect::new(210, 20, 5, 5), 0x0a_0b_0c);
    assert_eq!(right.wait(LONG).unwrap(), Change::Damaged);
    assert_eq!(left.wait(SHORT).unwrap(), Change::Nothing);
    let (pixels, damage) = picture(&mut *right);
    assert_eq!(damage.rects(), [Rect::new(10, 20, 5, 5)]);
    assert_eq!(pixels[20 * 200 + 10], [0x0c, 0x0b, 0x0a]);
}

#[test]
fn the_pointer_is_followed_and_its_picture_told_once() {
    let server = Xvfb::start("320x200x24", &[]);
    let painter = Painter::connect(&server);
    let desktop = X11Desktop::connect(Some(&server.display)).unwrap();
    let mut cursor = desktop.cursor().unwrap();
    let consent = viewing();
    let permit = consent.permit(None).unwrap();
    assert!(cursor.wait(LONG).unwrap());
    let shape = cursor.read(&permit).unwrap().shape.unwrap();
    assert_eq!(shape.bgra.len() as u32, shape.width * shape.height * 4);
    assert!(!cursor.wait(SHORT).unwrap());
    painter.connection.warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, 33, 44).unwrap();
    painter.connection.flush().unwrap();
    assert!(cursor.wait(LONG).unwrap());
    assert_eq!(cursor.read(&permit).unwrap(), CursorState { position: Some((MONITOR, 33, 44)), shape: None });
    cursor.interrupter().interrupt();
    assert!(!cursor.wait(LONG).unwrap());
}

#[test]
fn polling_gives_the_same_picture_as_damage() {
    // scrap only knows the display of the environment, which a test cannot change for itself.
    const INSIDE: &str = "PONTE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_none() {
        let server = Xvfb::start("320x200x24", &[]);
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "x11::tests::polling_gives_the_same_picture_as_damage"])
            .env("DISPLAY", &server.display)
            .env(INSIDE, "1")
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let desktop = X11Desktop::connect(None).unwrap();
    let layout = desktop.layout().unwrap();
    let (connection, number) = RustConnection::connect(None).unwrap();
    let painter = Painter { root: connection.setup().roots[number].root, connection };
    painter.paint(Rect::new(0, 0, 320, 200), 0x40_50_60);
    painter.paint(Rect::new(7, 9, 100, 11), 0xaa_bb_cc);
    let mut polled = ScrapMonitor::open(&layout.monitors[0], Style::OneByOne).unwrap();
    let mut exact = desktop.open(MONITOR).unwrap();
    assert_eq!(polled.wait(LONG).unwrap(), Change::Damaged);
    let (pixels, damage) = picture(&mut polled);
    assert_eq!(damage, Damage::full(320, 200));
    assert_eq!(pixels, picture(&mut *exact).0);
    painter.paint(Rect::new(200, 100, 4, 4), 0x01_01_01);
    assert_eq!(polled.wait(LONG).unwrap(), Change::Damaged);
    let (pixels, damage) = picture(&mut polled);
    assert_eq!(damage.bounds(), Rect::new(192, 64, 64, 64));
    assert_eq!(pixels, picture(&mut *exact).0);
    assert_eq!(picture(&mut polled).1, Damage::none());
    assert_eq!(polled.wait(Duration::ZERO).unwrap(), Change::Nothing);
    polled.interrupter().interrupt();
    assert_eq!(polled.wait(LONG).unwrap(), Change::Interrupted);
}

#[test]
fn a_screen_of_another_pixel_format_is_refused() {
    let server = Xvfb::start("64x48x16", &[]);
    let error = X11Desktop::connect(Some(&server.display)).err().unwrap();
    assert_eq!(error, CaptureError::UnsupportedPixelFormat { depth: 16, bits_per_pixel: 16 });
}
