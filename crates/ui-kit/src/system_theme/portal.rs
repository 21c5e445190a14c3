//! Asks the desktop's settings over D-Bus: `color-scheme` of `org.freedesktop.appearance`, as the XDG Desktop Portal
//! documents it (`org.freedesktop.portal.Settings`). Nothing is started for it that does not run already.

use egui::Theme;
use std::sync::{Arc, OnceLock};
use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, Proxy};
use zbus::proxy::MethodFlags;
use zbus::zvariant::{OwnedValue, Value};

const SERVICE: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
const NAMESPACE: &str = "org.freedesktop.appearance";
const KEY: &str = "color-scheme";

/// A thread that waits for changes, until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    /// None once it is dropped before there was one.
    connection: Arc<OnceLock<Option<Connection>>>,
}

impl Watch {
    /// Calls back with what is set now and with every change; never where there is no bus or nobody who knows.
    pub(super) fn start(on_change: impl Fn(Option<Theme>) + Send + 'static) -> Option<Self> {
        Self::on(Builder::session().ok()?, on_change)
    }

    fn on(bus: Builder<'static>, on_change: impl Fn(Option<Theme>) + Send + 'static) -> Option<Self> {
        let connection = Arc::new(OnceLock::new());
        let kept = Arc::clone(&connection);
        let work = move || {
            if let Err(error) = watch(bus, &kept, on_change) {
                tracing::debug!(%error, "the desktop does not tell whether it is light or dark");
            }
        };
        let thread = std::thread::Builder::new().name("system theme".to_owned()).spawn(work);
        thread.inspect_err(|error| tracing::warn!(%error, "the desktop is not asked for its colours")).ok()?;
        Some(Self { connection })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.get_or_init(|| None) {
            // The thread ends with what it reads from.
            let _ = connection.clone().close();
        }
    }
}

fn watch(
    bus: Builder<'static>,
    kept: &OnceLock<Option<Connection>>,
    on_change: impl Fn(Option<Theme>),
) -> zbus::Result<()> {
    let connection = bus.build()?;
    let Some(connection) = kept.get_or_init(|| Some(connection)) else { return Ok(()) };
    let proxy = Proxy::new(connection, SERVICE, PATH, SETTINGS)?;
    // Before the question, so that no change falls between.
    let changes = proxy.receive_signal_with_args("SettingChanged", &[(0, NAMESPACE), (1, KEY)])?;
    match read(&proxy) {
        Ok(theme) => on_change(theme),
        // It may come later.
        Err(error) => tracing::debug!(%error, "nobody knows yet whether the desktop is light or dark"),
    }
    for change in changes {
        let body = change.body();
        // Of another shape it says nothing; the next may.
        if let Ok((_, _, value)) = body.deserialize::<(String, String, OwnedValue)>() {
            on_change(theme_of(&value));
        }
    }
    Ok(())
}

/// `ReadOne` where the portal has it, else `Read`, whose answer is wrapped once more.
fn read(proxy: &Proxy<'_>) -> zbus::Result<Option<Theme>> {
    let ask = |method| proxy.call_with_flags(method, MethodFlags::NoAutoStart.into(), &(NAMESPACE, KEY));
    let value: Option<OwnedValue> = match ask("ReadOne") {
        Err(zbus::Error::MethodError(..)) => ask("Read")?,
        other => other?,
    };
    Ok(value.and_then(|value| theme_of(&value)))
}

/// 1 is dark, 2 is light; 0 and everything else is no wish.
fn theme_of(value: &Value<'_>) -> Option<Theme> {
    match value {
        Value::Value(inside) => theme_of(inside),
        Value::U32(1) => Some(Theme::Dark),
        Value::U32(2) => Some(Theme::Light),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::time::Duration;

    /// A bus of its own.
    struct Bus {
        daemon: Child,
        address: String,
    }

    impl Bus {
        fn start() -> Self {
            let mut daemon = Command::new("dbus-daemon")
                .args(["--session", "--nofork", "--print-address=1"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut address = String::new();
            BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
            Self { daemon, address: address.trim().to_owned() }
        }

        fn builder(&self) -> Builder<'static> {
            Builder::address(self.address.clone().as_str()).unwrap()
        }
    }

    impl Drop for Bus {
        fn drop(&mut self) {
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
    }

    /// The settings of a desktop.
    struct Desktop {
        scheme: u32,
    }

    #[zbus::interface(name = "org.freedesktop.portal.Settings")]
    impl Desktop {
        fn read(&self, namespace: &str, key: &str) -> OwnedValue {
            assert_eq!((namespace, key), (NAMESPACE, KEY));
            OwnedValue::try_from(Value::Value(Box::new(Value::U32(self.scheme)))).unwrap()
        }
    }

    fn desktop(bus: &Bus, scheme: u32) -> Connection {
        let named = bus.builder().name(SERVICE).unwrap();
        named.serve_at(PATH, Desktop { scheme }).unwrap().build().unwrap()
    }

    fn watched(bus: &Bus) -> (Watch, Receiver<Option<Theme>>) {
        let (told, tells) = channel();
        let watch = Watch::on(bus.builder(), move |theme| told.send(theme).unwrap());
        (watch.unwrap(), tells)
    }

    const LONG: Duration = Duration::from_secs(20);
    /// Long enough for an answer, where there were one.
    const SHORT: Duration = Duration::from_millis(500);

    #[test]
    fn the_window_follows_the_desktop_and_stops_when_it_is_closed() {
        let bus = Bus::start();
        let desktop = desktop(&bus, 1);
        let (watch, tells) = watched(&bus);
        assert_eq!(tells.recv_timeout(LONG), Ok(Some(Theme::Dark)));
        for (scheme, expected) in [(2_u32, Some(Theme::Light)), (1, Some(Theme::Dark)), (0, None)] {
            let change = (NAMESPACE, KEY, Value::U32(scheme));
            desktop.emit_signal(None::<&str>, PATH, SETTINGS, "SettingChanged", &change).unwrap();
            assert_eq!(tells.recv_timeout(LONG), Ok(expected));
        }
        drop(watch);
        assert_eq!(tells.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected), "the thread has ended");
    }

    #[test]
    fn where_nobody_knows_there_is_no_wish() {
        let bus = Bus::start();
        let (watch, tells) = watched(&bus);
        assert_eq!(tells.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        drop(watch);
        assert_eq!(tells.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
    }
}
