//! The fake desktop keeps the promises that real ones make.

use super::*;
use crate::test_support::{LONG, SHORT, viewing};
use crate::{Change, CursorState};

#[test]
fn painting_wakes_the_capturer_and_is_seen_once() {
    let desktop = FakeDesktop::new(40, 30);
    let mut capture = desktop.open(MONITOR).unwrap();
    let consent = viewing();
    let permit = consent.permit(None).unwrap();
    assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
    assert_eq!(capture.capture(&permit).unwrap().1.bounds(), Rect::new(0, 0, 40, 30));
    assert_eq!(capture.wait(SHORT).unwrap(), Change::Nothing);
    desktop.paint(Rect::new(35, 5, 10, 2), [1, 2, 3]);
    assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
    let (frame, damage) = capture.capture(&permit).unwrap();
    assert_eq!(damage.bounds(), Rect::new(35, 5, 5, 2));
    assert_eq!(&frame.row(6)[35 * 4..36 * 4], [1, 2, 3, 255]);
    assert_eq!(desktop.captures(), 2);
}

#[test]
fn resizing_makes_a_new_layout_and_old_capturers_useless() {
    let desktop = FakeDesktop::new(40, 30);
    let mut capture = desktop.open(MONITOR).unwrap();
    desktop.resize(20, 10);
    assert_eq!(capture.wait(LONG).unwrap(), Change::LayoutChanged);
    let consent = viewing();
    let permit = consent.permit(None).unwrap();
    assert!(matches!(capture.capture(&permit), Err(CaptureError::LayoutChanged)));
    assert_eq!(desktop.layout().unwrap().epoch, 2);
    assert_eq!(desktop.captures(), 0);
}

#[test]
fn the_pointer_and_its_picture_are_told_when_they_change() {
    let desktop = FakeDesktop::new(40, 30);
    let mut cursor = desktop.cursor().unwrap();
    let consent = viewing();
    let permit = consent.permit(None).unwrap();
    assert!(cursor.wait(LONG).unwrap());
    assert!(cursor.read(&permit).unwrap().shape.is_some());
    desktop.set_cursor(7, 8);
    assert!(cursor.wait(LONG).unwrap());
    assert_eq!(cursor.read(&permit).unwrap(), CursorState { position: Some((MONITOR, 7, 8)), shape: None });
    cursor.interrupter().interrupt();
    assert!(!cursor.wait(LONG).unwrap());
    assert!(!cursor.wait(SHORT).unwrap());
}

/// Blue, green and red at that place of a capturer's newest picture.
fn pixel(capture: &mut dyn MonitorCapture, x: usize, y: u32) -> [u8; 3] {
    let consent = viewing();
    let permit = consent.permit(None).unwrap();
    let (frame, _) = capture.capture(&permit).unwrap();
    frame.row(y)[x * 4..x * 4 + 3].try_into().unwrap()
}

#[test]
fn one_monitor_of_two_is_all_there_is_of_a_part() {
    let desktop = FakeDesktop::with_monitors(&[(0, 0, 40, 30), (40, 0, 20, 20)]);
    desktop.paint(Rect::new(45, 0, 1, 1), [1, 2, 3]);
    let part = desktop.only(Share::Monitor(MonitorId(1))).unwrap();
    let monitors = part.layout().unwrap().monitors;
    assert_eq!((monitors.len(), monitors[0].id, monitors[0].x, monitors[0].width), (1, MonitorId(1), 40, 20));
    assert!(matches!(part.open(MONITOR), Err(CaptureError::NoSuchMonitor(MONITOR))));
    assert!(part.only(Share::Monitor(MONITOR)).is_err());
    let mut capture = part.open(MonitorId(1)).unwrap();
    assert_eq!(pixel(&mut *capture, 5, 0), [1, 2, 3]);
    desktop.paint(Rect::new(0, 0, 40, 30), [9, 9, 9]);
    assert_eq!(capture.wait(SHORT).unwrap(), Change::Nothing);
    let consent = viewing();
    let mut cursor = part.cursor().unwrap();
    let state = cursor.read(&consent.permit(None).unwrap()).unwrap();
    assert_eq!((state.position, state.shape), (None, None));
    desktop.set_cursor(41, 2);
    let state = cursor.read(&consent.permit(None).unwrap()).unwrap();
    assert_eq!(state.position, Some((MonitorId(1), 1, 2)));
    assert!(state.shape.is_some());
}

#[test]
fn a_monitor_that_goes_leaves_the_others_their_numbers() {
    let desktop = FakeDesktop::with_monitors(&[(0, 0, 40, 30), (40, 0, 20, 20)]);
    desktop.unplug(MONITOR);
    assert_eq!(desktop.only(Share::Monitor(MONITOR)).err(), Some(CaptureError::NoSuchMonitor(MONITOR)));
    let monitors = desktop.only(Share::Monitor(MonitorId(1))).unwrap().layout().unwrap().monitors;
    assert_eq!((monitors[0].id, monitors[0].x), (MonitorId(1), 40));
}

#[test]
fn a_window_is_seen_alone_wherever_it_is_until_it_is_closed() {
    let desktop = FakeDesktop::new(40, 30);
    let window = desktop.add_window("Letter", "writer", (10, 10), (8, 6));
    desktop.paint_window(window, Rect::new(0, 0, 8, 6), [1, 1, 1]);
    let above = desktop.add_window("Mail", "mail", (12, 12), (8, 6));
    desktop.paint_window(above, Rect::new(0, 0, 8, 6), [2, 2, 2]);
    let titles: Vec<String> = desktop.windows(1).unwrap().into_iter().map(|window| window.title).collect();
    assert_eq!(titles, ["Mail", "Letter"]);

    let part = desktop.only(Share::Window(window)).unwrap();
    let layout = part.layout().unwrap();
    let id = layout.monitors[0].id;
    assert_eq!((layout.monitors[0].x, layout.monitors[0].y, layout.monitors[0].width), (10, 10, 8));
    let mut capture = part.open(id).unwrap();
    assert_eq!(pixel(&mut *capture, 4, 4), [1, 1, 1]);
    assert_eq!(pixel(&mut *desktop.open(MONITOR).unwrap(), 14, 14), [2, 2, 2]);

    let consent = viewing();
    let mut cursor = part.cursor().unwrap();
    for (x, y, expected) in [(11, 11, Some((id, 1, 1))), (14, 14, None), (1, 1, None)] {
        desktop.set_cursor(x, y);
        assert_eq!(cursor.read(&consent.permit(None).unwrap()).unwrap().position, expected, "at {x}, {y}");
    }

    desktop.move_window(window, -3, 2);
    desktop.minimise_window(window, true);
    assert_eq!(capture.wait(SHORT).unwrap(), Change::Nothing);
    assert_eq!(part.layout().unwrap().monitors[0].x, -3);
    assert_eq!(part.layout().unwrap().epoch, layout.epoch);
    assert_eq!(pixel(&mut *capture, 4, 4), [1, 1, 1]);
    desktop.resize_window(window, 5, 5);
    assert_eq!(capture.wait(LONG).unwrap(), Change::LayoutChanged);
    assert!(part.layout().unwrap().epoch > layout.epoch);
    desktop.close_window(window);
    assert_eq!(capture.wait(LONG), Err(CaptureError::WindowClosed));
    assert_eq!(part.layout(), Err(CaptureError::WindowClosed));
}

#[test]
fn previews_outlines_and_presence_are_counted_and_told() {
    let desktop = FakeDesktop::new(40, 30);
    desktop.paint(Rect::new(0, 0, 40, 30), [1, 2, 3]);
    let preview = desktop.preview(Share::Everything, 20, 20).unwrap();
    assert_eq!((preview.width(), preview.height(), &preview.rgba()[..4]), (20, 15, &[3, 2, 1, 255][..]));
    assert_eq!((desktop.previews(), desktop.captures()), (1, 0));
    let outline = desktop.outline(Share::Everything, [5, 6, 7]).unwrap();
    assert_eq!(desktop.outlines(), [(Share::Everything, [5, 6, 7])]);
    drop(outline);
    assert_eq!(desktop.outlines(), []);
    let mut watch = desktop.presence(1).unwrap();
    assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Visible));
    assert_eq!(watch.wait(SHORT).unwrap(), None);
    desktop.set_presence(Presence::Covered);
    assert_eq!(watch.wait(LONG).unwrap(), Some(Presence::Covered));
    watch.interrupter().interrupt();
    assert_eq!(watch.wait(LONG).unwrap(), None);
}
