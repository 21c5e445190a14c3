//! Opening an address in the system's browser, after somebody said yes to it, and a folder of this computer in the
//! system's own window for that.

use crate::widgets::{address_not_opened, take_wanted_address};
use egui::Context;
use std::io;
use std::path::Path;

/// Opens the address to which somebody said yes in the chat, if there is one. To be called each frame. What is
/// started is no child of this program and outlives it.
pub fn open_wanted_address(context: &Context) {
    let Some(address) = take_wanted_address(context) else { return };
    let back = context.clone();
    // Asking the desktop for its browser can take a while.
    let open = move || {
        if let Err(error) = open::that_detached(address.as_str()) {
            // The address stays out of the log: it is what somebody wrote.
            tracing::warn!(%error, "no browser took an address");
            address_not_opened(&back);
        }
    };
    if std::thread::Builder::new().name("opener".to_owned()).spawn(open).is_err() {
        address_not_opened(context);
    }
}

/// Shows a folder of this computer in the system's own window for that; blocks until some program took it.
///
/// # Errors
/// No program did.
pub fn open_folder(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        return Err(io::ErrorKind::NotFound.into());
    }
    open::that_detached(folder)
}
