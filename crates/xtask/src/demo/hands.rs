//! Mouse and keyboard of a person at a private desktop.
//!
//! Programs can tell events of the XTEST devices from events of a real mouse. What a person does
//! here therefore comes from the X server's own mouse and keyboard, by the form of XTEST's request
//! that names a device. The agent looks at the requests as well: at a desktop with a seat the hands
//! are therefore at the X server around it.

use crate::run::{Context, Failure};
use std::io::IoSlice;
use std::time::Duration;
use tokio::time::sleep;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::cookie::VoidCookie;
use x11rb::protocol::xinput::{self, ConnectionExt as _};
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::protocol::xtest::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;

/// The Return key.
pub(crate) const RETURN: u32 = 0xff0d;
/// The Escape key.
pub(crate) const ESCAPE: u32 = 0xff1b;
/// The Tab key.
pub(crate) const TAB: u32 = 0xff09;
/// The Backspace key.
pub(crate) const BACKSPACE: u32 = 0xff08;
/// The Home key.
pub(crate) const HOME: u32 = 0xff50;
/// The arrow down.
pub(crate) const DOWN: u32 = 0xff54;
const SHIFT_LEFT: u32 = 0xffe1;
const CONTROL_LEFT: u32 = 0xffe3;

/// In how many steps the mouse is dragged.
const DRAG_STEPS: i32 = 10;

/// How long a step takes.
const DRAG_STEP: Duration = Duration::from_millis(30);

/// A mouse and a keyboard.
pub(crate) struct Hands {
    x: RustConnection,
    mouse: u8,
    keyboard: u8,
    first_event: u8,
    xtest: u8,
    first_code: u8,
    symbols: Vec<Vec<u32>>,
}

impl Hands {
    /// Finds the devices and what each key writes.
    pub(crate) fn new(x: RustConnection) -> Result<Self, Failure> {
        x.xinput_xi_query_version(2, 2).context("XInput")?.reply().context("XInput")?;
        let devices = x.xinput_xi_query_device(0_u16).context("XInput")?.reply().context("XInput")?.infos;
        let find = |kind| {
            let own = devices
                .iter()
                .find(|device| device.type_ == kind && !String::from_utf8_lossy(&device.name).contains("XTEST"));
            own.and_then(|device| u8::try_from(device.deviceid).ok()).ok_or("the X server has no mouse or keyboard")
        };
        let mouse = find(xinput::DeviceType::SLAVE_POINTER)?;
        let keyboard = find(xinput::DeviceType::SLAVE_KEYBOARD)?;
        let input = x.extension_information(xinput::X11_EXTENSION_NAME).context("XInput")?;
        let xtest = x.extension_information(xtest::X11_EXTENSION_NAME).context("XTEST")?;
        let (first_code, last_code) = (x.setup().min_keycode, x.setup().max_keycode);
        let mapping = x
            .get_keyboard_mapping(first_code, last_code - first_code + 1)
            .context("keyboard")?
            .reply()
            .context("keyboard")?;
        let columns = usize::from(mapping.keysyms_per_keycode).max(1);
        Ok(Self {
            mouse,
            keyboard,
            first_event: input.ok_or("the X server has no XInput")?.first_event,
            xtest: xtest.ok_or("the X server has no XTEST")?.major_opcode,
            first_code,
            symbols: mapping.keysyms.chunks(columns).map(<[u32]>::to_vec).collect(),
            x,
        })
    }

    /// Moves the pointer there and clicks.
    pub(crate) fn click(&self, x: i32, y: i32) -> Result<(), Failure> {
        self.move_to(x, y)?;
        self.event(xinput::DEVICE_BUTTON_PRESS_EVENT, 1, self.mouse)?;
        self.event(xinput::DEVICE_BUTTON_RELEASE_EVENT, 1, self.mouse)
    }

    /// Moves the pointer there.
    pub(crate) fn move_to(&self, x: i32, y: i32) -> Result<(), Failure> {
        // A program may have moved the pointer of a desktop inside: a hand that stands still where it
        // goes would leave it there.
        self.put(if x > 0 { x - 1 } else { x + 1 }, y)?;
        self.put(x, y)
    }

    fn put(&self, x: i32, y: i32) -> Result<(), Failure> {
        // A device's motion is two events of 32 bytes in one request, which the bindings cannot say.
        let mut request = [0_u8; 68];
        request[0] = self.xtest;
        request[1] = xtest::FAKE_INPUT_REQUEST;
        request[2..4].copy_from_slice(&17_u16.to_ne_bytes());
        request[4] = self.first_event + xinput::DEVICE_MOTION_NOTIFY_EVENT;
        request[35] = self.mouse;
        request[36] = self.first_event + xinput::DEVICE_VALUATOR_EVENT;
        request[37] = self.mouse;
        request[42] = 2;
        request[44..48].copy_from_slice(&x.to_ne_bytes());
        request[48..52].copy_from_slice(&y.to_ne_bytes());
        let sent: VoidCookie<'_, RustConnection> =
            self.x.send_request_without_reply(&[IoSlice::new(&request)], Vec::new()).context("pointer")?;
        sent.check().context("pointer")
    }

    /// Types a text of one or more lines.
    pub(crate) fn type_text(&self, text: &str) -> Result<(), Failure> {
        for character in text.chars() {
            let symbol = if character == '\n' { RETURN } else { u32::from(character) };
            let (code, shifted) = self.key(symbol).ok_or_else(|| format!("no key writes `{character}`"))?;
            let shift = if shifted { self.key(SHIFT_LEFT).map(|(code, _)| code) } else { None };
            self.stroke(shift, code)?;
        }
        Ok(())
    }

    /// Presses the button there, moves to the other point, and lets go.
    pub(crate) async fn drag(&self, from: (i32, i32), to: (i32, i32)) -> Result<(), Failure> {
        self.move_to(from.0, from.1)?;
        self.event(xinput::DEVICE_BUTTON_PRESS_EVENT, 1, self.mouse)?;
        for step in 1..=DRAG_STEPS {
            let at = |from: i32, to: i32| from + (to - from) * step / DRAG_STEPS;
            self.put(at(from.0, to.0), at(from.1, to.1))?;
            // As fast as a hand: all in one moment no hand can do.
            sleep(DRAG_STEP).await;
        }
        self.event(xinput::DEVICE_BUTTON_RELEASE_EVENT, 1, self.mouse)
    }

    /// Presses the Tab key.
    pub(crate) fn tab(&self) -> Result<(), Failure> {
        self.press(TAB)
    }

    /// Presses the key of that symbol.
    pub(crate) fn press(&self, symbol: u32) -> Result<(), Failure> {
        let (code, _) = self.key(symbol).ok_or("no such key")?;
        self.stroke(None, code)
    }

    /// Presses Ctrl and the key of that letter.
    pub(crate) fn control(&self, letter: char) -> Result<(), Failure> {
        self.control_and(u32::from(letter))
    }

    /// Presses Ctrl and the key of that symbol.
    pub(crate) fn control_and(&self, symbol: u32) -> Result<(), Failure> {
        let (code, _) = self.key(symbol).ok_or("no such key")?;
        let (control, _) = self.key(CONTROL_LEFT).ok_or("no control key")?;
        self.stroke(Some(control), code)
    }

    fn stroke(&self, modifier: Option<u8>, code: u8) -> Result<(), Failure> {
        if let Some(modifier) = modifier {
            self.event(xinput::DEVICE_KEY_PRESS_EVENT, modifier, self.keyboard)?;
        }
        self.event(xinput::DEVICE_KEY_PRESS_EVENT, code, self.keyboard)?;
        self.event(xinput::DEVICE_KEY_RELEASE_EVENT, code, self.keyboard)?;
        if let Some(modifier) = modifier {
            self.event(xinput::DEVICE_KEY_RELEASE_EVENT, modifier, self.keyboard)?;
        }
        Ok(())
    }

    /// The key that writes a symbol, and whether with Shift.
    fn key(&self, symbol: u32) -> Option<(u8, bool)> {
        [0, 1].into_iter().find_map(|column| {
            let at = self.symbols.iter().position(|symbols| symbols.get(column) == Some(&symbol))?;
            Some((self.first_code.checked_add(u8::try_from(at).ok()?)?, column == 1))
        })
    }

    fn event(&self, kind: u8, detail: u8, device: u8) -> Result<(), Failure> {
        let sent = self.x.xtest_fake_input(self.first_event + kind, detail, 0, x11rb::NONE, 0, 0, device);
        sent.context("input")?.check().context("input")
    }
}
