//! An injector without a system: it writes down what it would have done; and an origin that says
//! what it was told to say.

use crate::origin::{Means, Origin, Verdict};
use crate::tracked::{Backend, Tracked};
use crate::{Injected, Injector, InputError, keys};
use consent::{Control, Permit};
use proto::Layout;
use proto::input::{Button, InputEvent, KeyUsage};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The pointer was put there, in pixels of the desktop.
    Moved {
        /// Column.
        x: i32,
        /// Row.
        y: i32,
    },
    /// A button went down or up.
    Button {
        /// Which.
        button: Button,
        /// Down, else up.
        down: bool,
    },
    /// The wheel turned by this many notches.
    Wheel {
        /// To the right.
        right: i32,
        /// Down.
        down: i32,
    },
    /// A key went down or up.
    Key {
        /// Which.
        usage: KeyUsage,
        /// Down, else up.
        down: bool,
    },
    /// Text was typed.
    Text(String),
}

#[derive(Debug, Default)]
struct State {
    done: Vec<Done>,
    keys: BTreeSet<KeyUsage>,
    buttons: BTreeSet<Button>,
    own_under_pointer: bool,
    own_focused: bool,
    confined: Option<u32>,
    under_pointer: Option<u32>,
    focused: Option<u32>,
}

impl State {
    fn verdict(&self, is_own: bool, window: Option<u32>) -> Injected {
        if is_own {
            Injected::RefusedOwnWindow
        } else if self.confined.is_some() && self.confined != window {
            Injected::RefusedOutside
        } else {
            Injected::Done
        }
    }

    fn at_pointer(&self) -> Injected {
        self.verdict(self.own_under_pointer, self.under_pointer)
    }

    fn at_focus(&self) -> Injected {
        self.verdict(self.own_focused, self.focused)
    }
}

/// What a [`FakeInjector`] did, and what is down now. Clones share it; it outlives the injector.
#[derive(Debug, Clone, Default)]
pub struct FakeRecord(Arc<Mutex<State>>);

impl FakeRecord {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panics elsewhere must not hide its message behind a poisoned lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was done, in order.
    #[must_use]
    pub fn done(&self) -> Vec<Done> {
        self.lock().done.clone()
    }

    /// All typed text together.
    #[must_use]
    pub fn text(&self) -> String {
        self.lock()
            .done
            .iter()
            .filter_map(|done| if let Done::Text(text) = done { Some(text.as_str()) } else { None })
            .collect()
    }

    /// The keys that are down.
    #[must_use]
    pub fn held_keys(&self) -> Vec<KeyUsage> {
        self.lock().keys.iter().copied().collect()
    }

    /// The buttons that are down.
    #[must_use]
    pub fn held_buttons(&self) -> Vec<Button> {
        self.lock().buttons.iter().copied().collect()
    }

    /// Says whether the pointer is over a window of ours.
    pub fn set_own_window_under_pointer(&self, own: bool) {
        self.lock().own_under_pointer = own;
    }

    /// Says whether a window of ours has the focus.
    pub fn set_own_window_focused(&self, own: bool) {
        self.lock().own_focused = own;
    }

    /// Says on which top-level window the pointer is; at first on none.
    pub fn set_window_under_pointer(&self, window: Option<u32>) {
        self.lock().under_pointer = window;
    }

    /// Says which top-level window has the focus; at first none.
    pub fn set_window_focused(&self, window: Option<u32>) {
        self.lock().focused = window;
    }

    /// The window that the injector is confined to.
    #[must_use]
    pub fn confined(&self) -> Option<u32> {
        self.lock().confined
    }
}

/// An injector with the real one's rules that only writes down.
pub struct FakeInjector(Tracked<FakeRecord>);

impl FakeInjector {
    /// An injector, and where it writes.
    #[must_use]
    pub fn new() -> (Self, FakeRecord) {
        let record = FakeRecord::default();
        (Self(Tracked::new(record.clone())), record)
    }
}

impl Injector for FakeInjector {
    fn inject(
        &mut self,
        permit: &Permit<'_, Control>,
        event: &InputEvent,
        layout: &Layout,
    ) -> Result<Injected, InputError> {
        self.0.inject(permit, event, layout)
    }

    fn confine(&mut self, window: Option<u32>) {
        self.0.confine(window);
    }

    fn release_all(&mut self) {
        self.0.release_all();
    }
}

impl Backend for FakeRecord {
    fn confine(&mut self, window: Option<u32>) {
        self.lock().confined = window;
    }

    fn move_to(&mut self, x: i32, y: i32) -> Result<(), InputError> {
        self.lock().done.push(Done::Moved { x, y });
        Ok(())
    }

    fn press_button(&mut self, button: Button) -> Result<Injected, InputError> {
        let mut state = self.lock();
        let verdict = state.at_pointer();
        if verdict != Injected::Done {
            return Ok(verdict);
        }
        state.buttons.insert(button);
        state.done.push(Done::Button { button, down: true });
        Ok(Injected::Done)
    }

    fn lift_button(&mut self, button: Button) -> Result<(), InputError> {
        let mut state = self.lock();
        state.buttons.remove(&button);
        state.done.push(Done::Button { button, down: false });
        Ok(())
    }

    fn turn_wheel(&mut self, right: i32, down: i32) -> Result<Injected, InputError> {
        let mut state = self.lock();
        let verdict = state.at_pointer();
        if verdict != Injected::Done {
            return Ok(verdict);
        }
        state.done.push(Done::Wheel { right, down });
        Ok(Injected::Done)
    }

    fn press_key(&mut self, usage: KeyUsage) -> Result<(Injected, bool), InputError> {
        let mut state = self.lock();
        let verdict = state.at_focus();
        if verdict != Injected::Done {
            return Ok((verdict, true));
        }
        if keys::evdev_code(usage).is_none() {
            return Ok((Injected::Done, false));
        }
        state.keys.insert(usage);
        state.done.push(Done::Key { usage, down: true });
        Ok((Injected::Done, true))
    }

    fn lift_key(&mut self, usage: KeyUsage) -> Result<(), InputError> {
        let mut state = self.lock();
        state.keys.remove(&usage);
        state.done.push(Done::Key { usage, down: false });
        Ok(())
    }

    fn type_text(&mut self, text: &str) -> Result<Injected, InputError> {
        let mut state = self.lock();
        let verdict = state.at_focus();
        if verdict != Injected::Done {
            return Ok(verdict);
        }
        state.done.push(Done::Text(text.to_owned()));
        Ok(Injected::Done)
    }
}

/// An origin that says what it was told to say. Clones share it.
#[derive(Debug, Clone)]
pub struct FakeOrigin(Arc<Mutex<(Verdict, Vec<Means>)>>);

impl FakeOrigin {
    /// An origin with that verdict on every press.
    #[must_use]
    pub fn new(verdict: Verdict) -> Self {
        Self(Arc::new(Mutex::new((verdict, Vec::new()))))
    }

    fn lock(&self) -> MutexGuard<'_, (Verdict, Vec<Means>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on that verdict.
    pub fn set(&self, verdict: Verdict) {
        self.lock().0 = verdict;
    }

    /// With what was pressed each time that it was asked.
    #[must_use]
    pub fn asked(&self) -> Vec<Means> {
        self.lock().1.clone()
    }
}

impl Origin for FakeOrigin {
    fn verdict(&mut self, means: Means, _since: Instant) -> Verdict {
        let mut told = self.lock();
        told.1.push(means);
        told.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{controlling, key};
    use proto::{Monitor, MonitorId};

    fn layout() -> Layout {
        let monitor = |id, x| Monitor {
            id: MonitorId(id),
            x,
            y: 10,
            width: 100,
            height: 50,
            scale_percent: 100,
            primary: id == 0,
        };
        Layout { epoch: 1, monitors: vec![monitor(0, 0), monitor(1, 100)] }
    }

    fn check(events: &[InputEvent], expected: &[Done]) {
        let consent = controlling();
        let permit = consent.permit(None).unwrap();
        let (mut injector, record) = FakeInjector::new();
        for event in events {
            injector.inject(&permit, event, &layout()).unwrap();
        }
        assert_eq!(record.done(), expected, "after {events:?}");
    }

    #[test]
    fn places_are_those_of_the_monitor_and_stay_on_it() {
        let to = |monitor, x, y| InputEvent::PointerMove { monitor: MonitorId(monitor), x, y };
        check(&[to(1, 5, 6)], &[Done::Moved { x: 105, y: 16 }]);
        check(&[to(1, 1000, -7)], &[Done::Moved { x: 199, y: 10 }]);
        check(&[to(0, i32::MIN, i32::MAX)], &[Done::Moved { x: 0, y: 59 }]);
        check(&[to(7, 1, 1)], &[]);
    }

    #[test]
    fn parts_of_a_notch_add_up_until_the_wheel_turns_back() {
        let wheel = |dx, dy| InputEvent::Wheel { dx, dy };
        check(&[wheel(0, 60), wheel(0, 59)], &[]);
        check(&[wheel(0, 60), wheel(0, 60)], &[Done::Wheel { right: 0, down: 1 }]);
        check(&[wheel(0, 119), wheel(0, -120)], &[Done::Wheel { right: 0, down: -1 }]);
        check(
            &[wheel(-250, 0), wheel(-110, 0)],
            &[Done::Wheel { right: -2, down: 0 }, Done::Wheel { right: -1, down: 0 }],
        );
        check(&[wheel(0, i16::MAX)], &[Done::Wheel { right: 0, down: 64 }]);
    }

    #[test]
    fn only_what_went_down_goes_up_and_only_once() {
        let usage = KeyUsage(4);
        let (down, up) = (Done::Key { usage, down: true }, Done::Key { usage, down: false });
        check(&[key(4, false)], &[]);
        check(&[key(4, true), key(4, true), key(4, false), key(4, false)], &[down, up]);
        check(&[InputEvent::Button { button: Button::Primary, down: false }], &[]);
    }

    #[test]
    fn everything_is_lifted_when_asked_and_when_dropped() {
        let consent = controlling();
        let permit = consent.permit(None).unwrap();
        let (mut injector, record) = FakeInjector::new();
        let press = [key(0xe0, true), key(4, true), InputEvent::Button { button: Button::Middle, down: true }];
        for event in &press {
            injector.inject(&permit, event, &layout()).unwrap();
        }
        assert_eq!((record.held_keys().len(), record.held_buttons().len()), (2, 1));
        injector.inject(&permit, &InputEvent::ReleaseAll, &layout()).unwrap();
        assert_eq!((record.held_keys().len(), record.held_buttons().len()), (0, 0));
        for event in &press {
            injector.inject(&permit, event, &layout()).unwrap();
        }
        drop(injector);
        assert_eq!((record.held_keys().len(), record.held_buttons().len()), (0, 0));
    }

    #[test]
    fn nothing_is_pressed_over_a_window_of_ours_but_what_is_down_goes_up() {
        let consent = controlling();
        let permit = consent.permit(None).unwrap();
        let (mut injector, record) = FakeInjector::new();
        let button = |down| InputEvent::Button { button: Button::Primary, down };
        let mut inject = |event: &InputEvent| injector.inject(&permit, event, &layout()).unwrap();
        assert_eq!(inject(&button(true)), Injected::Done);
        record.set_own_window_under_pointer(true);
        record.set_own_window_focused(true);
        assert_eq!(inject(&button(false)), Injected::Done);
        for event in [button(true), key(40, true), InputEvent::Wheel { dx: 0, dy: 120 }] {
            assert_eq!(inject(&event), Injected::RefusedOwnWindow);
        }
        assert_eq!(inject(&InputEvent::Text(proto::Text::truncated("y"))), Injected::RefusedOwnWindow);
        assert_eq!(record.done().len(), 2);
        assert!(record.held_keys().is_empty() && record.held_buttons().is_empty());
    }

    #[test]
    fn confined_presses_reach_one_window_and_what_is_down_can_be_lifted_anywhere() {
        let consent = controlling();
        let permit = consent.permit(None).unwrap();
        let (mut injector, record) = FakeInjector::new();
        injector.confine(Some(7));
        assert_eq!(record.confined(), Some(7));
        let primary = |down| InputEvent::Button { button: Button::Primary, down };
        let mut inject = |event: &InputEvent| injector.inject(&permit, event, &layout()).unwrap();
        for event in [primary(true), InputEvent::Wheel { dx: 0, dy: 120 }, key(4, true)] {
            assert_eq!(inject(&event), Injected::RefusedOutside, "{event:?}");
        }
        assert_eq!(record.done(), []);
        record.set_window_under_pointer(Some(7));
        record.set_window_focused(Some(7));
        assert_eq!(inject(&primary(true)), Injected::Done);
        assert_eq!(inject(&key(4, true)), Injected::Done);
        record.set_window_under_pointer(Some(8));
        record.set_window_focused(None);
        inject(&primary(false));
        inject(&key(4, false));
        assert_eq!((record.held_keys(), record.held_buttons()), (vec![], vec![]));
    }
}
