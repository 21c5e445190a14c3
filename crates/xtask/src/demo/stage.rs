//! Everything that a demo needs before its story: programs, relay, desktops, the packed agent.

use super::desktop::{CLIENT_SIZE, Desktop, OPERATOR_SIZE};
use super::names::{self, Words, program};
use super::processes::Processes;
use super::reader::Place;
use super::screen::Screen;
use super::wait::{PATIENCE, until};
use crate::run::{self, Context, Failure};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The note that is open in the client's editor.
const NOTE: &str = "nota.txt";

/// What stands in it at first.
const LETTER: &str =
    "Buongiorno,\n\nquando apro il modulo di residenza leggo:\n\n    Errore 17: numero di protocollo mancante.\n\n";

/// Where the editor is on the client's desktop.
const EDITOR: Place = Place { x: 40, y: 60, width: 640, height: 460 };

/// The most that a window's frame adds at its left and top.
const FRAME: i32 = 48;

/// The name of the second person's desktop and folder.
const GUEST: &str = "guest";

/// The density of a usual screen.
const DOTS_PER_INCH: u16 = 96;

/// The name of the editor among the processes.
pub(crate) const EDITOR_PROGRAM: &str = "l3afpad";

/// The scenery of one demo. The folder goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: PathBuf,
    programs: PathBuf,
    link: String,
    relay_port: u16,
    scale: u16,
    /// What runs.
    pub(crate) processes: Processes,
    /// The client's desktop.
    pub(crate) client: Desktop,
    /// What was in the client's folder before the agent ran.
    pub(crate) before: BTreeSet<PathBuf>,
}

/// A second person who is helped at the same time.
#[derive(Debug)]
pub(crate) struct Guest {
    /// Their desktop.
    pub(crate) desktop: Desktop,
    /// Their own folder; the agent's program is in it.
    pub(crate) folder: PathBuf,
    /// What was in it before the agent ran.
    pub(crate) before: BTreeSet<PathBuf>,
}

impl Guest {
    /// The name of their agent among the processes.
    pub(crate) const AGENT: &str = "guest-agent";
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What cannot be removed lies in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Builds the three programs; the answer is the folder that they are in.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    let root = run::workspace()?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked"]).args(program::PACKAGES.iter().flat_map(|package| ["-p", package]));
    run::run(cargo.current_dir(&root))?;
    Ok(target_folder()?.join("debug"))
}

/// Cargo's target folder.
pub(crate) fn target_folder() -> Result<PathBuf, Failure> {
    let root = run::workspace()?;
    let metadata = run::output(
        Command::new("cargo").args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(&root),
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let target = metadata["target_directory"].as_str().ok_or("cargo metadata names no target folder")?;
    Ok(PathBuf::from(target))
}

impl Stage {
    /// Starts the relay and the client's desktop with its editor, and packs the agent.
    pub(crate) async fn set(programs: &Path, processes: Processes, link: &str) -> Result<Self, (Failure, Processes)> {
        Self::set_scaled(programs, processes, link, 1).await
    }

    /// As [`Self::set`], with desktops that have so many times the usual dots in each direction.
    pub(crate) async fn set_scaled(
        programs: &Path,
        mut processes: Processes,
        link: &str,
        scale: u16,
    ) -> Result<Self, (Failure, Processes)> {
        let folder = std::env::temp_dir().join(format!("ponte-demo-{}", std::process::id()));
        match Self::prepare(&folder, programs, scale, &mut processes).await {
            Ok((client, before, relay_port)) => {
                let (programs, link) = (programs.to_owned(), link.to_owned());
                Ok(Self { folder, programs, link, relay_port, scale, processes, client, before })
            }
            Err(failure) => {
                let _ = fs::remove_dir_all(&folder);
                Err((failure, processes))
            }
        }
    }

    async fn prepare(
        folder: &Path,
        programs: &Path,
        scale: u16,
        processes: &mut Processes,
    ) -> Result<(Desktop, BTreeSet<PathBuf>, u16), Failure> {
        fs::create_dir_all(folder).context(folder.display())?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).context(folder.display())?;
        let relay = folder.join("relay");
        fs::create_dir_all(&relay).context(relay.display())?;
        let relay_port = start_relay(programs, &relay, 0, processes).await?;

        for part in ["client/home", "client/tmp", "console/home", "console/tmp", "editor"] {
            fs::create_dir_all(folder.join(part)).context(part)?;
        }
        let note = folder.join("client/home").join(NOTE);
        fs::write(&note, LETTER).context(note.display())?;
        let agent = folder.join("client").join(program::AGENT);
        let bytes = fs::read(programs.join(program::AGENT)).context(program::AGENT)?;
        let organisation = fs::read(names::organisation_file(&relay)).context("organisation file")?;
        write_program(&agent, &names::pack(&bytes, &organisation))?;

        let (size, place) = (scaled(CLIENT_SIZE, scale), folder.join("client-desktop"));
        let client = Desktop::start_with_seat("client", size, &place, "#2f5d73", processes).await?;
        client.say_density(DOTS_PER_INCH * scale)?;
        start_editor(folder, &note, &client, processes).await?;
        let before = super::files::tree(&folder.join("client"));
        Ok((client, before, relay_port))
    }

    /// Ends the relay by force, as a power cut does.
    pub(crate) async fn kill_relay(&mut self) -> Result<(), Failure> {
        self.processes.kill(program::RELAY).await
    }

    /// Starts it again where it was, with what it has on its disk.
    pub(crate) async fn restart_relay(&mut self) -> Result<(), Failure> {
        let port = self.relay_port;
        let found = start_relay(&self.programs, &self.folder.join("relay"), port, &mut self.processes).await?;
        if found == port { Ok(()) } else { Err(format!("the relay is at {found} and was at {port}").into()) }
    }

    /// A second person who is helped, on a desktop of their own with the agent's program.
    pub(crate) async fn guest(&mut self, agent: &[u8]) -> Result<Guest, Failure> {
        let folder = self.folder.join(GUEST);
        for part in ["home", "tmp"] {
            fs::create_dir_all(folder.join(part)).context(part)?;
        }
        let program = folder.join(program::AGENT);
        write_program(&program, agent)?;
        let (size, place) = (scaled(CLIENT_SIZE, self.scale), self.folder.join("guest-desktop"));
        let desktop = Desktop::start_with_seat(GUEST, size, &place, "#5d5470", &mut self.processes).await?;
        desktop.say_density(DOTS_PER_INCH * self.scale)?;
        let before = super::files::tree(&folder);
        Ok(Guest { desktop, folder, before })
    }

    /// Starts the agent of the second person.
    pub(crate) fn start_guest(&mut self, guest: &Guest, words: &Words) -> Result<(), Failure> {
        let mut command = names::agent(&guest.folder.join(program::AGENT), &self.link);
        guest.desktop.enter(&mut command);
        at_home(&mut command, &guest.folder);
        words.speak(&mut command);
        self.processes.start(Guest::AGENT, command)
    }

    /// A program of the folder that they were built in.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// The folder of everything.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where programs of the client's session put their sockets.
    pub(crate) fn client_runtime(&self) -> PathBuf {
        self.folder.join("client-desktop/runtime")
    }

    /// The client's own folder; the agent's program is in it.
    pub(crate) fn client_folder(&self) -> PathBuf {
        self.folder.join("client")
    }

    /// The agent's program.
    pub(crate) fn agent_program(&self) -> PathBuf {
        self.client_folder().join(program::AGENT)
    }

    /// Puts the agent's program, or another in its place, where the client has downloaded it to.
    pub(crate) fn put_agent(&self, program: &[u8]) -> Result<(), Failure> {
        write_program(&self.agent_program(), program)
    }

    /// The note that is open in the editor.
    pub(crate) fn note(&self) -> PathBuf {
        self.client_folder().join("home").join(NOTE)
    }

    /// A point of the client's screen in the editor's text, below its last line.
    pub(crate) const fn in_the_text(&self) -> (i32, i32) {
        (EDITOR.x + EDITOR.width / 2, EDITOR.y + EDITOR.height * 3 / 4)
    }

    /// A point of the client's screen where no window is.
    pub(crate) const fn on_the_bare_desktop(&self) -> (i32, i32) {
        (EDITOR.x + EDITOR.width / 2, EDITOR.y + EDITOR.height + 120)
    }

    /// The operator's home.
    pub(crate) fn operator_home(&self) -> PathBuf {
        self.folder.join("console/home")
    }

    /// Starts the agent on the client's desktop.
    pub(crate) fn start_agent(&mut self, words: &Words) -> Result<(), Failure> {
        let mut command = names::agent(&self.agent_program(), &self.link);
        self.client.enter(&mut command);
        at_home(&mut command, &self.client_folder());
        words.speak(&mut command);
        self.processes.start(program::AGENT, command)
    }

    /// Starts the console, on the desktop that `enter` puts it on.
    pub(crate) fn start_console(&mut self, words: &Words, enter: impl FnOnce(&mut Command)) -> Result<(), Failure> {
        let mut command = names::console(&self.programs, &self.folder.join("relay"), &self.link, &self.operator_home());
        enter(&mut command);
        at_home(&mut command, &self.folder.join("console"));
        words.speak(&mut command);
        self.processes.start(program::CONSOLE, command)
    }

    /// A second private desktop, for the operator.
    pub(crate) async fn operator_desktop(&mut self) -> Result<Desktop, Failure> {
        let (size, place) = (scaled(OPERATOR_SIZE, self.scale), self.folder.join("operator-desktop"));
        let desktop = Desktop::start("operator", size, &place, "#6b6f76", &mut self.processes).await?;
        desktop.say_density(DOTS_PER_INCH * self.scale)?;
        Ok(desktop)
    }
}

/// Starts the relay and says where it listens.
async fn start_relay(programs: &Path, folder: &Path, port: u16, processes: &mut Processes) -> Result<u16, Failure> {
    let command = names::relay(programs, folder, port);
    processes.start_until_line(program::RELAY, command, names::relay_port).await
}

fn scaled((width, height): (u16, u16), scale: u16) -> (u16, u16) {
    (width * scale, height * scale)
}

fn write_program(file: &Path, program: &[u8]) -> Result<(), Failure> {
    fs::write(file, program).context(file.display())?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).context(file.display())
}

/// Gives a program its own home and folder for passing files.
fn at_home(command: &mut Command, folder: &Path) {
    let home = folder.join("home");
    command.env("HOME", &home).env("TMPDIR", folder.join("tmp")).current_dir(&home);
    for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
        command.env_remove(name);
    }
}

/// Opens the note in an editor whose cursor does not blink, and waits for its window.
async fn start_editor(folder: &Path, note: &Path, desktop: &Desktop, processes: &mut Processes) -> Result<(), Failure> {
    let home = folder.join("editor");
    let settings = home.join("config/gtk-3.0/settings.ini");
    fs::create_dir_all(settings.parent().unwrap_or(&home)).context(settings.display())?;
    fs::write(&settings, "[Settings]\ngtk-cursor-blink=0\ngtk-enable-animations=0\n").context(settings.display())?;
    let mut editor = Command::new(EDITOR_PROGRAM);
    desktop.enter(&mut editor);
    editor.arg(note).env("HOME", &home).env("NO_AT_BRIDGE", "1");
    for (name, part) in [("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache"), ("XDG_DATA_HOME", "data")] {
        editor.env(name, home.join(part));
    }
    processes.start(EDITOR_PROGRAM, editor)?;
    let screen = Screen::new(desktop.connect()?)?;
    let window = until("the editor's window", PATIENCE, || async { screen.window_titled(NOTE) }).await?;
    screen.arrange(window, EDITOR)?;
    until("the editor in its place", PATIENCE, || async {
        let place = screen.place(window)?;
        // The frame takes some of the room above and at the left.
        let near = |is: i32, wanted: i32| (0..FRAME).contains(&(is - wanted));
        let arrived = near(place.x, EDITOR.x) && near(place.y, EDITOR.y) && place.width == EDITOR.width;
        Ok(arrived.then_some(()))
    })
    .await?;
    // The window is there before the note is in it.
    screen.still(&[], PATIENCE).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::hands::Hands;

    async fn write_by_hand(folder: &Path, note: &Path, processes: &mut Processes) -> Result<(), Failure> {
        let desktop =
            Desktop::start_with_seat("test", CLIENT_SIZE, &folder.join("desktop"), "#2f5d73", processes).await?;
        start_editor(folder, note, &desktop, processes).await?;
        let screen = Screen::new(desktop.connect()?)?;
        let process = processes.id(EDITOR_PROGRAM).ok_or("no editor")?;
        let editor = screen.windows_of(process)?;
        assert!(editor.iter().any(|place| place.width >= EDITOR.width), "{editor:?}");
        let hands = Hands::new(desktop.connect_hands()?)?;
        let point = (EDITOR.x + EDITOR.width / 2, EDITOR.y + EDITOR.height * 3 / 4);
        hands.click(point.0, point.1)?;
        screen.clicked(process, point).await?;
        hands.type_text("Typed by hand: (1 + 2)!\n")?;
        hands.control('s')?;
        until("the editor to save", PATIENCE, || async {
            let text = fs::read_to_string(note).unwrap_or_default();
            Ok((text == "First.\nTyped by hand: (1 + 2)!\n").then_some(()))
        })
        .await?;
        screen.still(&[], PATIENCE).await?;
        let (before, after) = (screen.grab()?, screen.grab()?);
        let difference = before.compare(&after, &editor).ok_or("the screen changed its size")?;
        assert!(difference.compared > 0 && difference.different == 0, "{difference:?}");
        Ok(())
    }

    #[test]
    fn what_is_typed_by_hand_on_a_private_desktop_is_saved_by_its_editor() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = std::env::temp_dir().join(format!("ponte-stage-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let note = folder.join(NOTE);
        fs::write(&note, "First.\n").unwrap();
        let mut processes = Processes::new(&folder.join("logs")).unwrap();
        let result = runtime.block_on(async {
            let result = write_by_hand(&folder, &note, &mut processes).await;
            processes.end().await;
            let text = fs::read_to_string(&note).unwrap_or_default();
            result.map_err(|failure| format!("{failure}; the note reads {text:?}\n{}", processes.tails()))
        });
        fs::remove_dir_all(&folder).unwrap();
        result.unwrap();
    }
}
