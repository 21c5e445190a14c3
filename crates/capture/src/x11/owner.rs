//! Which process a window belongs to: as the server knows it of local programs (X-Resource 1.2), and as the window
//! says itself only where the server cannot know it.

use super::screen::Screen;
use super::windows::unless_gone;
use crate::CaptureError;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::cookie::Cookie;
use x11rb::errors::ConnectionError;
use x11rb::protocol::res::{self, ClientIdMask, ClientIdSpec, ConnectionExt as _, QueryClientIdsReply};
use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt as _, GetPropertyReply, Window};
use x11rb::rust_connection::RustConnection;

/// The first version that tells processes.
const RES: (u8, u8) = (1, 2);

/// Tells the processes of windows.
pub(super) struct Owners {
    said: Atom,
    knows: bool,
    /// What the server takes another program for as well: the one that passes our connection on, or everything that
    /// counts its processes apart from the server. Of those only the windows themselves can say more.
    veil: Option<u32>,
}

/// The questions about one window, on their way.
pub(super) struct Asked<'c> {
    known: Option<Cookie<'c, RustConnection, QueryClientIdsReply>>,
    said: Cookie<'c, RustConnection, GetPropertyReply>,
}

impl Owners {
    pub(super) fn of(screen: &Screen) -> Result<Self, CaptureError> {
        let connection = &screen.connection;
        let said = connection.intern_atom(false, b"_NET_WM_PID")?.reply()?.atom;
        let knows = connection.extension_information(res::X11_EXTENSION_NAME)?.is_some() && {
            let version = connection.res_query_version(RES.0, RES.1)?.reply()?;
            (version.server_major, version.server_minor) >= (RES.0.into(), RES.1.into())
        };
        let mut owners = Self { said, knows, veil: None };
        if knows {
            let ours = known_of(&ask(connection, connection.setup().resource_id_base)?.reply()?);
            owners.veil = ours.filter(|ours| *ours != std::process::id());
        }
        Ok(owners)
    }

    /// Asks without waiting.
    pub(super) fn ask<'c>(&self, screen: &'c Screen, window: Window) -> Result<Asked<'c>, CaptureError> {
        let known = if self.knows { Some(ask(&screen.connection, window)?) } else { None };
        Ok(Asked { known, said: screen.connection.get_property(false, window, self.said, AtomEnum::CARDINAL, 0, 1)? })
    }

    /// What was answered; `None` where nobody knows, or the window is gone.
    pub(super) fn answered(&self, asked: Asked<'_>) -> Result<Option<u32>, CaptureError> {
        let known = match asked.known {
            Some(known) => unless_gone(known.reply())?.and_then(|reply| known_of(&reply)),
            None => None,
        };
        let said = unless_gone(asked.said.reply())?.and_then(|said| said.value32().and_then(|mut it| it.next()));
        Ok(match known {
            Some(process) if self.veil != Some(process) => Some(process),
            _ => said,
        })
    }

    /// The process that a window belongs to.
    pub(super) fn process_of(&self, screen: &Screen, window: Window) -> Result<Option<u32>, CaptureError> {
        self.answered(self.ask(screen, window)?)
    }
}

fn ask(
    connection: &RustConnection,
    client: u32,
) -> Result<Cookie<'_, RustConnection, QueryClientIdsReply>, ConnectionError> {
    connection.res_query_client_ids(&[ClientIdSpec { client, mask: ClientIdMask::LOCAL_CLIENT_PID }])
}

fn known_of(reply: &QueryClientIdsReply) -> Option<u32> {
    reply.ids.iter().find(|id| id.spec.mask == ClientIdMask::LOCAL_CLIENT_PID)?.value.first().copied()
}
