//! Linux with X: whether whoever offers the clipboard says that it is a secret, as password managers do
//! (`x-kde-passwordManagerHint`, which KeePassXC, Bitwarden, Klipper and others know).

use std::time::{Duration, Instant};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, WindowClass};
use x11rb::rust_connection::RustConnection;
use x11rb::{COPY_DEPTH_FROM_PARENT, CURRENT_TIME, NONE};

/// How long the program that offers it may take to say so; one that says nothing is heard as usual.
const WITHIN: Duration = Duration::from_millis(500);
/// How often is looked whether it has.
const PACE: Duration = Duration::from_millis(5);
/// The only word that means something, and as much of another as is read, in words of four bytes.
const SECRET: &[u8] = b"secret";
const WORDS: u32 = 16;

/// Whether it says so. False where there is no X server: nothing is read there either.
pub(crate) fn is_secret() -> bool {
    asked().unwrap_or_else(|error| {
        tracing::debug!(%error, "nobody says whether the clipboard is a secret");
        false
    })
}

fn asked() -> Result<bool, Box<dyn std::error::Error>> {
    let (connection, screen) = RustConnection::connect(None)?;
    let root = connection.setup().roots.get(screen).ok_or("no screen")?.root;
    let atom = |name: &[u8]| connection.intern_atom(false, name);
    let (clipboard, hint, answer) = (atom(b"CLIPBOARD")?, atom(b"x-kde-passwordManagerHint")?, atom(b"PONTE_HINT")?);
    let (clipboard, hint, answer) = (clipboard.reply()?.atom, hint.reply()?.atom, answer.reply()?.atom);
    let window = connection.generate_id()?;
    let aux = CreateWindowAux::new();
    connection.create_window(
        COPY_DEPTH_FROM_PARENT,
        window,
        root,
        0,
        0,
        1,
        1,
        0,
        WindowClass::INPUT_OUTPUT,
        0,
        &aux,
    )?;
    connection.convert_selection(window, clipboard, hint, answer, CURRENT_TIME)?;
    connection.flush()?;
    let deadline = Instant::now() + WITHIN;
    loop {
        match connection.poll_for_event()? {
            Some(Event::SelectionNotify(told)) if told.requestor == window => {
                if told.property == NONE {
                    return Ok(false);
                }
                let said = connection.get_property(true, window, answer, AtomEnum::ANY, 0, WORDS)?.reply()?;
                return Ok(said.value == SECRET);
            }
            Some(_) => {}
            None if Instant::now() >= deadline => return Ok(false),
            None => std::thread::park_timeout(PACE),
        }
    }
}
