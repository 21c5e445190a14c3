//! Whatever events an operator sends: the pointer stays on the shared monitors, and what was pressed can be lifted.

// The lint knows only functions marked as tests, not what they share.
#![allow(clippy::unwrap_used)]

use consent::{Answer, ConsentCell, Control, Lease};
use input::Injector;
use input::fake::{Done, FakeInjector};
use proptest::collection::vec;
use proptest::prelude::*;
use proto::input::{Button, InputEvent, KeyUsage, Modifiers};
use proto::session::{Request, RequestId};
use proto::{Layout, Monitor, MonitorId, Text};
use std::time::Instant;

fn controlling() -> Lease<Control> {
    let cell = ConsentCell::new();
    for (id, request) in [(RequestId(1), Request::View), (RequestId(2), Request::Control)] {
        cell.ask(Instant::now(), id, request).unwrap();
        cell.mark_shown(Instant::now(), id);
        assert!(cell.answer(Instant::now(), id, Answer::Allow));
    }
    cell.lease(None).unwrap()
}

fn layout() -> Layout {
    let monitor = |id, x, width| Monitor {
        id: MonitorId(id),
        x,
        y: -5,
        width,
        height: 600,
        scale_percent: 100,
        primary: id == 0,
    };
    Layout { epoch: 1, monitors: vec![monitor(0, 0, 800), monitor(1, 800, 1)] }
}

fn event() -> impl Strategy<Value = InputEvent> {
    let button = prop_oneof![Just(Button::Primary), Just(Button::Middle), Just(Button::Forward)];
    prop_oneof![
        (0..4_u8, any::<i32>(), any::<i32>()).prop_map(|(id, x, y)| InputEvent::PointerMove {
            monitor: MonitorId(id),
            x,
            y
        }),
        (button, any::<bool>()).prop_map(|(button, down)| InputEvent::Button { button, down }),
        (any::<i16>(), any::<i16>()).prop_map(|(dx, dy)| InputEvent::Wheel { dx, dy }),
        (any::<u8>(), any::<bool>(), any::<u8>()).prop_map(|(usage, down, modifiers)| InputEvent::Key {
            usage: KeyUsage(usage),
            down,
            modifiers: Modifiers(modifiers)
        }),
        "\\PC{0,20}".prop_map(|text| InputEvent::Text(Text::truncated(&text))),
        Just(InputEvent::Heartbeat),
        Just(InputEvent::ReleaseAll),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_events_leave_the_monitors_or_leave_anything_down(events in vec(event(), 0..60)) {
        let (lease, layout) = (controlling(), layout());
        let (mut injector, record) = FakeInjector::new();
        for event in &events {
            lease.with(|permit| injector.inject(permit, event, &layout)).unwrap().unwrap();
            if *event == InputEvent::ReleaseAll {
                prop_assert!(record.held_keys().is_empty() && record.held_buttons().is_empty());
            }
        }
        for done in record.done() {
            match done {
                Done::Moved { x, y } => prop_assert!((0..=800).contains(&x) && (-5..595).contains(&y), "{} {}", x, y),
                Done::Wheel { right, down } => prop_assert!(right.abs() <= 64 && down.abs() <= 64),
                _ => {}
            }
        }
        drop(injector);
        prop_assert!(record.held_keys().is_empty() && record.held_buttons().is_empty());
    }
}
