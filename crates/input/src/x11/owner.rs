//! Which process a window belongs to: as the server knows it of local programs (X-Resource 1.2), and as the window says
//! itself.

use super::guard::unless_gone;
use crate::InputError;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::res::{self, ClientIdMask, ClientIdSpec, ConnectionExt as _};
use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt as _, Window};
use x11rb::rust_connection::RustConnection;

/// The first version that tells processes.
const RES: (u8, u8) = (1, 2);

/// The process of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    /// What the server knows; `None` of programs on other machines, and of servers that do not tell.
    pub(super) known: Option<u32>,
    /// What the window says.
    pub(super) said: Option<u32>,
}

impl Owner {
    /// Whether both are of the same process: as the server knows it, if it does.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self.known, other.known) {
            (Some(one), Some(other)) => one == other,
            _ => self.said.is_some() && self.said == other.said,
        }
    }
}

/// Tells the processes of windows.
pub(super) struct Owners {
    said: Atom,
    knows: bool,
    /// What the server takes other programs for as well, where it does not see our own number: of those it knows
    /// nothing.
    veil: Option<u32>,
}

impl Owners {
    pub(super) fn new(connection: &RustConnection) -> Result<Self, InputError> {
        let said = connection.intern_atom(false, b"_NET_WM_PID")?.reply()?.atom;
        let knows = connection.extension_information(res::X11_EXTENSION_NAME)?.is_some() && {
            let version = connection.res_query_version(RES.0, RES.1)?.reply()?;
            (version.server_major, version.server_minor) >= (RES.0.into(), RES.1.into())
        };
        let mut owners = Self { said, knows, veil: None };
        let ours = owners.known(connection, connection.setup().resource_id_base)?;
        owners.veil = ours.filter(|ours| *ours != std::process::id());
        Ok(owners)
    }

    pub(super) fn of(&self, connection: &RustConnection, window: Window) -> Result<Owner, InputError> {
        let said = connection.get_property(false, window, self.said, AtomEnum::CARDINAL, 0, 1)?;
        let known = self.known(connection, window)?;
        let said = unless_gone(said.reply())?.and_then(|said| said.value32().and_then(|mut values| values.next()));
        Ok(Owner { known, said })
    }

    fn known(&self, connection: &RustConnection, client: u32) -> Result<Option<u32>, InputError> {
        if !self.knows {
            return Ok(None);
        }
        let spec = ClientIdSpec { client, mask: ClientIdMask::LOCAL_CLIENT_PID };
        let reply = unless_gone(connection.res_query_client_ids(&[spec])?.reply())?;
        let ids = reply.map(|reply| reply.ids).unwrap_or_default();
        let process = ids.iter().find(|id| id.spec.mask == ClientIdMask::LOCAL_CLIENT_PID);
        Ok(process.and_then(|id| id.value.first().copied()).filter(|process| self.veil != Some(*process)))
    }
}
