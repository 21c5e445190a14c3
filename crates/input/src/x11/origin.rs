//! Watches who presses on an X display: raw events by their source device, and the requests by
//! which programs press, point or send events.
//!
//! XTEST can press in the name of a real device, and `XSendEvent` reaches a window without any raw
//! event. Only the requests themselves show that, and RECORD shows requests. Both are read by one
//! thread each; a marker that passes through both tells that all before it has been read.

mod requests;

use crate::InputError;
use crate::origin::{Doubt, Means, Origin, Seen, Verdict, judge};
use requests::{Marks, Meaning, Numbers, meanings};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::cookie::VoidCookie;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::record::{self, ConnectionExt as _};
use x11rb::protocol::xinput::{self, ConnectionExt as _, XIEventMask};
use x11rb::protocol::xproto::{
    self, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, Window, WindowClass,
};
use x11rb::protocol::xtest;
use x11rb::rust_connection::RustConnection;

/// How long a display may take to answer before it counts as gone.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// A hand's motion comes later than a program's by more than this, in the server's milliseconds: a
/// program can move the pointer in the name of the hand's device, but not later than it asks for it.
const APART_MS: i32 = 50;
/// XInput2 with raw events that no other program can keep to itself, and with their source.
const XINPUT: (u16, u16) = (2, 2);
/// Buttons that are turns of a wheel, which answer nothing.
const WHEEL: std::ops::RangeInclusive<u32> = 4..=7;
/// All devices, in requests of XInput2.
const ALL_DEVICES: u16 = 0;
/// What follows where requests are not seen.
const ONLY_DEVICES: &str = "only presses of the XTEST devices are told from a person's";
/// Kinds of RECORD's replies: some that hold requests, and the first.
const FROM_CLIENT: u8 = 1;
const START_OF_DATA: u8 = 4;

/// Watches one display until dropped.
pub(crate) struct Watcher {
    shared: Arc<Shared>,
    events: Arc<RustConnection>,
    control: Arc<RustConnection>,
    root: Window,
    marks: Marks,
    recording: Option<record::Context>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    seen: Seen,
    /// When a program moved the pointer that no hand has moved since, in the server's milliseconds.
    placed_ms: Option<u32>,
    /// The marker that is under way, and which of both threads have met it.
    marker: u64,
    met_by_events: bool,
    met_by_requests: bool,
    /// Whether requests are being recorded.
    is_recording: bool,
    /// Whether a thread has ended.
    is_blind: bool,
    is_ending: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn go_blind(&self) {
        let mut state = self.lock();
        if !state.is_ending {
            tracing::warn!("the display is not watched any more");
        }
        state.is_blind = true;
        self.changed.notify_all();
    }
}

impl Watcher {
    /// Begins to watch the display of that name, `None` for the session's.
    pub(crate) fn start(display: Option<&str>) -> Result<Self, InputError> {
        let unavailable = |error: &dyn std::fmt::Display| InputError::Unavailable(error.to_string());
        let connect = || RustConnection::connect(display).map_err(|error| unavailable(&error));
        let (events, screen) = connect()?;
        let root = events.setup().roots.get(screen).ok_or_else(|| unavailable(&"the display has no screen"))?.root;
        let Some(input) = events.extension_information(xinput::X11_EXTENSION_NAME)? else {
            return Err(unavailable(&"the X server has no XInput"));
        };
        let version = events.xinput_xi_query_version(XINPUT.0, XINPUT.1)?.reply()?;
        if (version.major_version, version.minor_version) < XINPUT {
            return Err(unavailable(&"the X server's XInput is too old"));
        }
        let (events, control) = (Arc::new(events), Arc::new(connect()?.0));
        let window = events.generate_id().map_err(|error| unavailable(&error))?;
        let aux = CreateWindowAux::new();
        events.create_window(0, window, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &aux)?.check()?;
        let marks = Marks { window, kind: events.intern_atom(false, b"PONTE_MARKER")?.reply()?.atom };

        let mut watcher = Self {
            shared: Arc::default(),
            events: Arc::clone(&events),
            control: Arc::clone(&control),
            root,
            marks,
            recording: None,
            threads: Vec::new(),
        };
        let devices = Devices::select(&events, root)?;
        let shared = Arc::clone(&watcher.shared);
        watcher.spawn("presses", move || {
            if let Err(error) = read_events(&events, root, devices, marks, &shared) {
                tracing::debug!(%error, "reading events ended");
            }
            shared.go_blind();
        })?;
        if let Some(test) = control.extension_information(xtest::X11_EXTENSION_NAME)?
            && control.extension_information(record::X11_EXTENSION_NAME)?.is_some()
        {
            let numbers =
                Numbers { xtest: test.major_opcode, xinput: input.major_opcode, first_event: input.first_event };
            watcher.record(connect()?.0, numbers)?;
        } else {
            tracing::warn!("the X server has no RECORD: {ONLY_DEVICES}");
        }
        // From here on nothing is missed.
        if watcher.settle() { Ok(watcher) } else { Err(unavailable(&"the display does not answer")) }
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), InputError> {
        let spawned = std::thread::Builder::new().name(name.into()).spawn(run);
        self.threads.push(spawned.map_err(|error| InputError::Unavailable(error.to_string()))?);
        Ok(())
    }

    /// Has every request read by which a program presses, points or sends an event.
    fn record(&mut self, data: RustConnection, numbers: Numbers) -> Result<(), InputError> {
        let context = self.control.generate_id().map_err(|error| InputError::Unavailable(error.to_string()))?;
        let clients = [record::CS::ALL_CLIENTS.into()];
        match self.control.record_create_context(context, 0, &clients, &numbers.ranges())?.check() {
            Ok(()) => {}
            // Some servers let nobody record.
            Err(ReplyError::X11Error(error)) => {
                tracing::warn!(kind = ?error.error_kind, "the X server does not record: {ONLY_DEVICES}");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        self.recording = Some(context);
        let reader = RequestReader {
            data,
            context,
            events: Arc::clone(&self.events),
            root: self.root,
            numbers,
            marks: self.marks,
            shared: Arc::clone(&self.shared),
        };
        self.spawn("requests", move || {
            if let Err(error) = reader.read() {
                tracing::debug!(%error, "reading requests ended");
            }
            reader.shared.go_blind();
        })?;
        let begun = self.wait(|state| state.is_recording);
        if begun { Ok(()) } else { Err(InputError::Unavailable("the X server does not record".into())) }
    }

    /// Waits until it is so; false if it cannot be any more.
    fn wait(&self, is_so: impl Fn(&State) -> bool) -> bool {
        let waiting = |state: &mut State| !state.is_blind && !is_so(state);
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), ANSWERS_WITHIN, waiting);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.is_blind && !timeout.timed_out()
    }

    /// Waits until all that the display has done up to now has been read; false if it cannot be.
    fn settle(&self) -> bool {
        // Not to be guessed: a marker of somebody else must not end the waiting.
        let marker = RandomState::new().build_hasher().finish();
        {
            let mut state = self.shared.lock();
            state.marker = marker;
            state.met_by_events = false;
            state.met_by_requests = self.recording.is_none();
        }
        self.send(marker).is_ok() && self.wait(|state| state.met_by_events && state.met_by_requests)
    }

    /// Sends a marker, which passes through both threads.
    fn send(&self, marker: u64) -> Result<(), InputError> {
        let data = [(marker >> 32) as u32, marker as u32, 0, 0, 0];
        let event = ClientMessageEvent::new(32, self.marks.window, self.marks.kind, data);
        while self.control.poll_for_event()?.is_some() {}
        self.control.send_event(false, self.marks.window, EventMask::NO_EVENT, event)?;
        Ok(self.control.flush()?)
    }

    fn see(&self) -> Result<Seen, InputError> {
        if !self.settle() {
            return Err(InputError::Failed("the display is not watched any more".into()));
        }
        let state = self.shared.lock();
        Ok(Seen { is_placed: state.placed_ms.is_some(), ..state.seen })
    }
}

impl Origin for Watcher {
    fn verdict(&mut self, means: Means, since: Instant) -> Verdict {
        match self.see() {
            Ok(seen) => judge(&seen, means, since, Instant::now()),
            Err(error) => {
                tracing::warn!(%error, "whose press it was cannot be told");
                Verdict::Refused(Doubt::Blind)
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.lock().is_ending = true;
        if let Some(context) = self.recording {
            let _ = self.control.record_disable_context(context);
        }
        // The thread that reads events looks whether it is over whenever it has read one.
        let _ = self.send(0);
        for thread in self.threads.drain(..) {
            // One that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

/// Which devices are a person's.
struct Devices {
    xtest_device: xproto::Atom,
    own: BTreeSet<u16>,
}

impl Devices {
    /// Selects their raw events, and looks at them.
    fn select(connection: &RustConnection, root: Window) -> Result<Self, InputError> {
        select(connection, root, false)?.check()?;
        let xtest_device = connection.intern_atom(false, b"XTEST Device")?.reply()?.atom;
        let mut devices = Self { xtest_device, own: BTreeSet::new() };
        devices.look(connection)?;
        Ok(devices)
    }

    fn look(&mut self, connection: &RustConnection) -> Result<(), InputError> {
        let infos = connection.xinput_xi_query_device(ALL_DEVICES)?.reply()?.infos;
        self.own.clear();
        for info in infos {
            if !info.name.windows(5).any(|part| part == b"XTEST") && !self.is_xtest(connection, info.deviceid)? {
                self.own.insert(info.deviceid);
            }
        }
        Ok(())
    }

    fn is_xtest(&self, connection: &RustConnection, device: u16) -> Result<bool, InputError> {
        let kind = AtomEnum::INTEGER.into();
        match connection.xinput_xi_get_property(device, false, self.xtest_device, kind, 0, 1)?.reply() {
            Ok(property) => Ok(property.items.as_data8().is_some_and(|items| items.first().is_some_and(|it| *it != 0))),
            // A device that has just gone presses nothing any more.
            Err(ReplyError::X11Error(_)) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

/// Selects the raw events of all devices. Motion is many events, so it is only wanted while it is
/// awaited whether a hand moves the pointer.
fn select(
    connection: &RustConnection,
    root: Window,
    with_motion: bool,
) -> Result<VoidCookie<'_, RustConnection>, ConnectionError> {
    let motion = if with_motion { XIEventMask::RAW_MOTION } else { XIEventMask::from(0_u16) };
    let wanted = XIEventMask::HIERARCHY
        | XIEventMask::RAW_KEY_PRESS
        | XIEventMask::RAW_KEY_RELEASE
        | XIEventMask::RAW_BUTTON_PRESS
        | XIEventMask::RAW_BUTTON_RELEASE
        | XIEventMask::RAW_TOUCH_BEGIN
        | XIEventMask::RAW_TOUCH_END
        | motion;
    connection.xinput_xi_select_events(root, &[xinput::EventMask { deviceid: ALL_DEVICES, mask: vec![wanted] }])
}

fn read_events(
    connection: &RustConnection,
    root: Window,
    mut devices: Devices,
    marks: Marks,
    shared: &Shared,
) -> Result<(), InputError> {
    loop {
        let event = connection.wait_for_event()?;
        let now = Instant::now();
        if matches!(event, Event::XinputHierarchy(_)) {
            devices.look(connection)?;
        }
        let mut state = shared.lock();
        if state.is_ending {
            return Ok(());
        }
        let by_hand = match &event {
            Event::XinputRawMotion(event) => Some((event.sourceid, event.time)),
            Event::XinputRawTouchBegin(event) => Some((event.sourceid, event.time)),
            _ => None,
        };
        if let Some((source, at_ms)) = by_hand
            && devices.own.contains(&source)
            && state.placed_ms.is_some_and(|placed_ms| at_ms.wrapping_sub(placed_ms) as i32 > APART_MS)
        {
            state.placed_ms = None;
            select(connection, root, false)?;
            connection.flush()?;
        }
        // A device that is not known is not a person's.
        let mut press = |source: u16, is_key: bool| {
            let seen = &mut state.seen;
            let moment = match (devices.own.contains(&source), is_key) {
                (false, _) => &mut seen.program_press,
                (true, true) => &mut seen.own_key,
                (true, false) => &mut seen.own_button,
            };
            *moment = Some(now);
        };
        match event {
            Event::XinputRawKeyPress(event) | Event::XinputRawKeyRelease(event) => press(event.sourceid, true),
            Event::XinputRawButtonPress(event) | Event::XinputRawButtonRelease(event)
                if !WHEEL.contains(&event.detail) || !devices.own.contains(&event.sourceid) =>
            {
                press(event.sourceid, false);
            }
            Event::XinputRawTouchBegin(event) | Event::XinputRawTouchEnd(event) => press(event.sourceid, false),
            Event::ClientMessage(event) if event.window == marks.window && event.type_ == marks.kind => {
                let [high, low, ..] = event.data.as_data32();
                if u64::from(high) << 32 | u64::from(low) == state.marker {
                    state.met_by_events = true;
                    shared.changed.notify_all();
                }
            }
            _ => {}
        }
    }
}

/// Reads the requests of all programs.
struct RequestReader {
    data: RustConnection,
    context: record::Context,
    events: Arc<RustConnection>,
    root: Window,
    numbers: Numbers,
    marks: Marks,
    shared: Arc<Shared>,
}

impl RequestReader {
    fn read(&self) -> Result<(), InputError> {
        for reply in self.data.record_enable_context(self.context)? {
            let reply = reply?;
            if reply.category == START_OF_DATA {
                self.shared.lock().is_recording = true;
                self.shared.changed.notify_all();
            }
            if reply.category == FROM_CLIENT {
                let meanings = meanings(&reply.data, reply.client_swapped, self.numbers, self.marks);
                self.hear(&meanings, reply.server_time)?;
            }
            // What every program is told concerns nobody here, but it must not pile up.
            while self.data.poll_for_event()?.is_some() {}
        }
        Ok(())
    }

    fn hear(&self, meanings: &[Meaning], server_ms: u32) -> Result<(), InputError> {
        let now = Instant::now();
        let mut state = self.shared.lock();
        if meanings.contains(&Meaning::Motion) {
            state.seen.program_motion = Some(now);
            if state.placed_ms.replace(server_ms).is_none() {
                select(&self.events, self.root, true)?;
                self.events.flush()?;
            }
        }
        if meanings.contains(&Meaning::Press) {
            state.seen.program_press = Some(now);
        }
        if meanings.contains(&Meaning::Marker(state.marker)) {
            state.met_by_requests = true;
            self.shared.changed.notify_all();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
