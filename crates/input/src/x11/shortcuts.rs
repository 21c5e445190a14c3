//! Keys that would not stay in the window that has the focus: a window manager takes them, or whoever has grabbed the
//! keyboard.

use crate::InputError;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConnectionExt as _, CreateWindowAux, GrabMode, GrabStatus, KeyButMask, Keysym, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use xkeysym::key;

/// What window managers do with Alt: switch windows, open their menus and run commands, close.
const TAKEN_WITH_ALT: [Keysym; 7] = [key::Tab, key::ISO_Left_Tab, key::Escape, key::space, key::F1, key::F2, key::F4];

/// What is held together.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    control: bool,
    alt: bool,
    meta: bool,
}

impl Held {
    /// With what the server says of the modifiers, and what the keys that are down are called.
    fn of(mask: KeyButMask, keys: &[Keysym]) -> Self {
        let is_in = |one: KeyButMask| u16::from(mask) & u16::from(one) != 0;
        let is_down = |named: &[Keysym]| keys.iter().any(|key| named.contains(key));
        Self {
            control: is_in(KeyButMask::CONTROL) || is_down(&[key::Control_L, key::Control_R]),
            alt: is_in(KeyButMask::MOD1) || is_down(&[key::Alt_L, key::Alt_R]),
            meta: is_in(KeyButMask::MOD4)
                || is_down(&[key::Super_L, key::Super_R, key::Meta_L, key::Meta_R, key::Hyper_L, key::Hyper_R]),
        }
    }

    /// Whether these keys, with the modifiers among them, are a window manager's.
    fn is_taken(self, keys: &[Keysym]) -> bool {
        self.meta || self.alt && (self.control || keys.iter().any(|key| TAKEN_WITH_ALT.contains(key)))
    }
}

/// Whether the X server itself would leave the screen or end with Ctrl and Alt and one of these keys (xkeyboard-config,
/// `srvr_ctrl` and `terminate`).
fn is_the_servers(symbols: &[Keysym]) -> bool {
    symbols.iter().any(|symbol| {
        (key::F1..=key::F12).contains(symbol)
            || (key::XF86_Switch_VT_1..=key::XF86_Switch_VT_12).contains(symbol)
            || [key::BackSpace, key::Terminate_Server].contains(symbol)
    })
}

/// Whether this key, pressed now with what is down already, would take the person's desktop away.
pub(super) fn takes_the_desktop(connection: &RustConnection, root: Window, keycode: u8) -> Result<bool, InputError> {
    let pressed = connection.get_keyboard_mapping(keycode, 1)?.reply()?.keysyms;
    let is_modifier = Held::of(KeyButMask::from(0_u16), &pressed);
    if !is_the_servers(&pressed) && !is_modifier.control && !is_modifier.alt {
        return Ok(false);
    }
    let setup = connection.setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let pointer = connection.query_pointer(root)?;
    let down = connection.query_keymap()?;
    let map = connection.get_keyboard_mapping(first, last.saturating_sub(first).saturating_add(1))?.reply()?;
    let (mask, down) = (pointer.reply()?.mask, down.reply()?.keys);
    let is_down = |code: u8| down.get(usize::from(code / 8)).is_some_and(|bits| bits & (1 << (code % 8)) != 0);
    // In whatever order they go down.
    let keys: Vec<&[Keysym]> = (first..=last)
        .zip(map.keysyms.chunks(usize::from(map.keysyms_per_keycode).max(1)))
        .filter(|(code, _)| is_down(*code) || *code == keycode)
        .map(|(_, symbols)| symbols)
        .collect();
    let named: Vec<Keysym> = keys.iter().filter_map(|symbols| symbols.first().copied()).collect();
    let held = Held::of(mask, &named);
    Ok(held.control && held.alt && keys.iter().any(|symbols| is_the_servers(symbols)))
}

/// Whether this key (`None`: text), pressed now with what is down already, stays in the window that has the focus, as
/// far as that can be known.
pub(super) fn stays(
    connection: &RustConnection,
    root: Window,
    hidden: Window,
    keycode: Option<u8>,
) -> Result<bool, InputError> {
    if is_grabbed(connection, hidden)? {
        return Ok(false);
    }
    let setup = connection.setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let pointer = connection.query_pointer(root)?;
    let down = connection.query_keymap()?;
    let map = connection.get_keyboard_mapping(first, last.saturating_sub(first).saturating_add(1))?.reply()?;
    let (mask, down) = (pointer.reply()?.mask, down.reply()?.keys);
    let is_down = |code: u8| down.get(usize::from(code / 8)).is_some_and(|bits| bits & (1 << (code % 8)) != 0);
    // In whatever order they go down: a key that repeats meets the modifiers that come after it.
    let keys: Vec<Keysym> = (first..=last)
        .zip(map.keysyms.chunks(usize::from(map.keysyms_per_keycode).max(1)))
        .filter(|(code, _)| is_down(*code) || Some(*code) == keycode)
        .filter_map(|(_, symbols)| symbols.first().copied())
        .collect();
    let held = Held::of(mask, &keys);
    let is_taken = match keycode {
        Some(_) => held.is_taken(&keys),
        None => held.meta || held.alt,
    };
    Ok(!is_taken)
}

/// Whether another program gets all keys. Only true to the moment while the server is grabbed.
fn is_grabbed(connection: &RustConnection, hidden: Window) -> Result<bool, InputError> {
    let (now, mode) = (x11rb::CURRENT_TIME, GrabMode::ASYNC);
    let status = connection.grab_keyboard(true, hidden, now, mode, mode)?.reply()?.status;
    if status == GrabStatus::SUCCESS {
        // Somebody has shown the window.
        connection.ungrab_keyboard(now)?;
    }
    Ok(matches!(status, GrabStatus::ALREADY_GRABBED | GrabStatus::FROZEN))
}

/// A window for [`stays`] that is never shown. The server refuses to grab the keyboard for it, and says why: the other's
/// grab comes first. A grab that succeeds would tell the window that has the focus of it, which may lift all keys then.
pub(super) fn hidden_window(connection: &RustConnection, root: Window) -> Result<Window, InputError> {
    let window = connection.generate_id().map_err(|error| InputError::Unavailable(error.to_string()))?;
    let (class, aux) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
    connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &aux)?.check()?;
    Ok(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_window_manager_takes_is_known_in_whatever_order_it_is_pressed() {
        let (alt, control, shift, meta) = (key::Alt_L, key::Control_R, key::Shift_L, key::Super_L);
        let rows: [(&[Keysym], bool); 16] = [
            (&[key::a], false),
            (&[control, key::c], false),
            (&[shift, key::Tab], false),
            (&[control, key::Escape], false),
            (&[alt], false),
            (&[alt, key::f], false),
            (&[alt, key::F3], false),
            (&[key::F4], false),
            (&[alt, key::F4], true),
            (&[key::Tab, alt], true),
            (&[alt, shift, key::Tab], true),
            (&[alt, key::space], true),
            (&[alt, key::Escape], true),
            (&[control, alt, key::t], true),
            (&[meta], true),
            (&[key::d, key::Hyper_R], true),
        ];
        for (keys, expected) in rows {
            assert_eq!(Held::of(KeyButMask::from(0_u16), keys).is_taken(keys), expected, "{keys:x?}");
        }
        // The server's word counts as well, whatever the keys are called.
        let held = |mask: KeyButMask| Held::of(mask, &[key::Tab]).is_taken(&[key::Tab]);
        assert!(held(KeyButMask::MOD1) && held(KeyButMask::MOD4) && !held(KeyButMask::CONTROL | KeyButMask::SHIFT));
    }
}
