//! A private desktop: an X server, a window manager and a session bus with accessibility.
//!
//! At a desktop with a seat sits a person whose mouse and keyboard programs can tell from their own:
//! its X server is a window of another one, and what happens there is what the person does.

use super::processes::Processes;
use super::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use atspi::proxy::bus::{BusProxy, StatusProxy};
use atspi::zbus::{self, connection::Builder};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt, PropMode};
use x11rb::rust_connection::{DefaultStream, RustConnection};

/// Width and height of the client's desktop in pixels.
pub(crate) const CLIENT_SIZE: (u16, u16) = (1280, 800);

/// Width and height of the operator's desktop in pixels: the console's window has room to spare.
pub(crate) const OPERATOR_SIZE: (u16, u16) = (1440, 900);

const AUTH_NAME: &str = "MIT-MAGIC-COOKIE-1";

/// One private desktop.
#[derive(Debug)]
pub(crate) struct Desktop {
    server: Server,
    /// The X server around it, where there is one.
    seat: Option<Server>,
    runtime: PathBuf,
    bus: String,
    accessibility: String,
}

/// One X server.
#[derive(Debug)]
struct Server {
    number: u32,
    cookie: Vec<u8>,
    authority: PathBuf,
}

impl Server {
    /// Starts a program that is an X server, with its files in `folder`.
    async fn start(
        name: &str,
        mut program: Command,
        folder: &Path,
        processes: &mut Processes,
    ) -> Result<Self, Failure> {
        fs::create_dir_all(folder).context(folder.display())?;
        let mut cookie = vec![0; 16];
        File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut cookie)).context("random cookie")?;
        let server_authority = folder.join("server.Xauthority");
        write_private(&server_authority, &authority_entry("", &cookie))?;
        program.args(["-displayfd", "1", "-nolisten", "tcp", "-auth"]).arg(&server_authority);
        let number: u32 = processes.start_until_line(name, program, |line| line.trim().parse().ok()).await?;
        let authority = folder.join("Xauthority");
        write_private(&authority, &authority_entry(&number.to_string(), &cookie))?;
        Ok(Self { number, cookie, authority })
    }

    /// Starts one whose screen nobody sees.
    async fn without_screen(
        name: &str,
        (width, height): (u16, u16),
        folder: &Path,
        processes: &mut Processes,
    ) -> Result<Self, Failure> {
        let mut program = Command::new("Xvfb");
        program.args(["-screen", "0", &format!("{width}x{height}x24"), "+extension", "GLX"]);
        Self::start(&format!("{name}-xvfb"), program, folder, processes).await
    }

    /// Starts one that fills the screen of `self`.
    async fn inside(
        &self,
        name: &str,
        (width, height): (u16, u16),
        folder: &Path,
        processes: &mut Processes,
    ) -> Result<Self, Failure> {
        let mut program = Command::new("Xephyr");
        // Without a window manager around it, its window is at the upper left and has no frame.
        program.args(["-screen", &format!("{width}x{height}"), "-no-host-grab", "-noreset"]);
        self.show(&mut program);
        Self::start(&format!("{name}-xephyr"), program, folder, processes).await
    }

    fn show(&self, command: &mut Command) {
        command.env("DISPLAY", format!(":{}", self.number)).env("XAUTHORITY", &self.authority);
    }

    /// Connects to it; the second value is its root window.
    fn connect(&self) -> Result<(RustConnection, u32), Failure> {
        let socket = UnixStream::connect(format!("/tmp/.X11-unix/X{}", self.number)).context("X server")?;
        let (stream, _) = DefaultStream::from_unix_stream(socket).context("X server")?;
        let (kind, cookie) = (AUTH_NAME.as_bytes().to_vec(), self.cookie.clone());
        let x = RustConnection::connect_to_stream_with_auth_info(stream, 0, kind, cookie).context("X server")?;
        let root = x.setup().roots.first().map(|screen| screen.root).ok_or("the X server has no screen")?;
        Ok((x, root))
    }
}

impl Desktop {
    /// Starts one with its files in `folder`; its programs are named after `name`.
    pub(crate) async fn start(
        name: &str,
        size: (u16, u16),
        folder: &Path,
        colour: &str,
        processes: &mut Processes,
    ) -> Result<Self, Failure> {
        let server = Server::without_screen(name, size, folder, processes).await?;
        Self::furnish(name, server, None, folder, colour, processes).await
    }

    /// As [`Self::start`], with a seat.
    pub(crate) async fn start_with_seat(
        name: &str,
        size: (u16, u16),
        folder: &Path,
        colour: &str,
        processes: &mut Processes,
    ) -> Result<Self, Failure> {
        let seat = Server::without_screen(name, size, &folder.join("seat"), processes).await?;
        let server = seat.inside(name, size, folder, processes).await?;
        Self::furnish(name, server, Some(seat), folder, colour, processes).await
    }

    async fn furnish(
        name: &str,
        server: Server,
        seat: Option<Server>,
        folder: &Path,
        colour: &str,
        processes: &mut Processes,
    ) -> Result<Self, Failure> {
        let runtime = folder.join("runtime");
        fs::create_dir_all(&runtime).context(runtime.display())?;
        // Programs refuse a folder for sockets that others could read.
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).context(runtime.display())?;

        let mut desktop = Self { server, seat, runtime, bus: String::new(), accessibility: String::new() };
        desktop.start_buses(name, processes).await?;
        let mut manager = Command::new("openbox");
        desktop.enter(&mut manager);
        manager.arg("--sm-disable").env("HOME", folder).env("XDG_CONFIG_HOME", folder.join("config"));
        manager.env("XDG_CACHE_HOME", folder.join("cache")).env("XDG_DATA_HOME", folder.join("data"));
        processes.start(&format!("{name}-openbox"), manager)?;
        desktop.manager_is_there().await?;
        let mut background = Command::new("xsetroot");
        desktop.enter(&mut background);
        crate::run::run(background.args(["-solid", colour]))?;
        Ok(desktop)
    }

    async fn start_buses(&mut self, name: &str, processes: &mut Processes) -> Result<(), Failure> {
        let mut daemon = Command::new("dbus-daemon");
        self.enter(&mut daemon);
        daemon.env_remove("DBUS_SESSION_BUS_ADDRESS").args(["--session", "--nofork", "--print-address"]);
        self.bus = processes
            .start_until_line(&format!("{name}-dbus"), daemon, |line| {
                line.starts_with("unix:").then(|| line.trim().to_owned())
            })
            .await?;
        let session = connect(&self.bus).await?;
        let status = StatusProxy::new(&session).await.context("accessibility status")?;
        status.set_is_enabled(true).await.context("turning accessibility on")?;
        status.set_screen_reader_enabled(true).await.context("turning accessibility on")?;
        let bus = BusProxy::new(&session).await.context("accessibility bus")?;
        self.accessibility = bus.get_address().await.context("accessibility bus")?;
        Ok(())
    }

    /// Waits until the window manager has taken over.
    async fn manager_is_there(&self) -> Result<(), Failure> {
        let (x, root) = self.connect()?;
        let atom = x.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK").context("X")?.reply().context("X")?.atom;
        until("the window manager", PATIENCE, || async {
            let property = x.get_property(false, root, atom, AtomEnum::WINDOW, 0, 1).context("X")?;
            Ok((property.reply().context("X")?.value_len > 0).then_some(()))
        })
        .await
    }

    /// Puts a program on this desktop and keeps it away from every other one.
    pub(crate) fn enter(&self, command: &mut Command) {
        self.server.show(command);
        command
            .env("XDG_RUNTIME_DIR", &self.runtime)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            // Two drawing threads per program are too many for the machines that run this.
            .env("LP_NUM_THREADS", "1")
            // The driver's cache would be a trace that Ponte does not leave itself.
            .env("MESA_SHADER_CACHE_DISABLE", "true")
            .env("GSETTINGS_BACKEND", "memory");
        for name in ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "AT_SPI_BUS_ADDRESS", "SESSION_MANAGER", "DESKTOP_SESSION"] {
            command.env_remove(name);
        }
    }

    /// Says how dense its screen is, as desktops do for programs that start later; 96 dots per inch are usual.
    pub(crate) fn say_density(&self, dots_per_inch: u16) -> Result<(), Failure> {
        let (x, root) = self.connect()?;
        let resources = format!("Xft.dpi:\t{dots_per_inch}\n");
        let (name, kind) = (AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING);
        let length = u32::try_from(resources.len()).context("resources")?;
        x.change_property(PropMode::REPLACE, root, name, kind, 8, length, resources.as_bytes())
            .context("X")?
            .check()
            .context("X")
    }

    /// Connects to the X server; the second value is its root window.
    pub(crate) fn connect(&self) -> Result<(RustConnection, u32), Failure> {
        self.server.connect()
    }

    /// Connects to where the person's hands are.
    pub(crate) fn connect_hands(&self) -> Result<RustConnection, Failure> {
        self.seat.as_ref().unwrap_or(&self.server).connect().map(|(x, _)| x)
    }

    /// Connects to the accessibility bus.
    pub(crate) async fn accessibility(&self) -> Result<zbus::Connection, Failure> {
        connect(&self.accessibility).await
    }
}

/// A question that gets no answer fails after [`PATIENCE`]; the bus itself has no end for it.
async fn connect(address: &str) -> Result<zbus::Connection, Failure> {
    Builder::address(address).context("bus")?.method_timeout(PATIENCE).build().await.context("bus")
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).context(path.display())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).context(path.display())
}

/// An entry of an X authority file that holds for every address of the display `number`.
fn authority_entry(number: &str, cookie: &[u8]) -> Vec<u8> {
    const ANY_ADDRESS: u16 = 0xffff;
    let mut entry = ANY_ADDRESS.to_be_bytes().to_vec();
    for field in [&[], number.as_bytes(), AUTH_NAME.as_bytes(), cookie] {
        let length = u16::try_from(field.len()).unwrap_or_default();
        entry.extend(length.to_be_bytes());
        entry.extend(field);
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_entry_has_the_layout_of_xauth() {
        let entry = authority_entry("7", &[1, 2]);
        assert_eq!(entry[..7], [0xff, 0xff, 0, 0, 0, 1, b'7']);
        assert_eq!(entry[7..9], [0, 18]);
        assert_eq!(entry[27..], [0, 2, 1, 2]);
    }
}
