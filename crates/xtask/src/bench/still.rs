//! What the programs need while nothing moves: a live session by the real windows, looked at by the
//! program that measures.

use super::{MEASURES, finish};
use crate::demo::desktop::Desktop;
use crate::demo::names::{Words, program};
use crate::demo::person::Person;
use crate::demo::processes::Processes;
use crate::demo::screen::Screen;
use crate::demo::stage::Stage;
use crate::demo::story::Story;
use crate::demo::summary::Summary;
use crate::demo::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::time::sleep;

/// The example of the package that measures: a window with nothing in it.
pub(super) const EMPTY: &str = "empty-window";

/// Width and height of the screen for it.
const EMPTY_SCREEN: (u16, u16) = (1024, 768);

/// What a window still does after the last change has been done after this.
const SETTLES: Duration = Duration::from_secs(3);

/// Adds the rows of the relay alone, of the relay with a session, of both windows and of an empty
/// one to the file `rows`.
pub(super) async fn measure(stage: &mut Stage, out: &Path, rows: &Path, quick: bool) -> Result<(), Failure> {
    let look = Look { measures: stage.program(MEASURES), rows, seconds: if quick { 5 } else { 20 } };
    let relay = id(&stage.processes, program::RELAY)?;
    println!("bench: the relay with nobody there, for {} s", look.seconds);
    look.at(&[("relay-alone", relay)]).await?;

    let folder = out.join("empty");
    let example = stage.program("examples").join(EMPTY);
    let empty = start_empty(&example, &folder, &mut stage.processes).await?;
    let words = Words::new(i18n::Language::English);
    let desktop = stage.operator_desktop().await?;
    stage.start_console(&words, |command| desktop.enter(command))?;
    stage.start_agent(&words)?;
    let operator = Person::at(&desktop, program::CONSOLE, &words).await?;
    let client = Person::at(&stage.client, program::AGENT, &words).await?;
    let (client_screen, operator_screen) = (Screen::new(stage.client.connect()?)?, Screen::new(desktop.connect()?)?);
    let mut summary = Summary::default();
    let mut story =
        Story { stage, operator, client, client_screen, operator_screen, words: &words, out, summary: &mut summary };
    story.connect().await?;
    story.rest_hand()?;
    let processes = &story.stage.processes;
    let programs = [
        ("relay-paired", relay),
        ("agent", id(processes, program::AGENT)?),
        ("console", id(processes, program::CONSOLE)?),
        ("empty", empty),
    ];
    sleep(SETTLES).await;
    println!("bench: a session in which nothing moves, for {} s", look.seconds);
    look.at(&programs).await
}

/// A look at programs that do nothing.
struct Look<'a> {
    measures: std::path::PathBuf,
    rows: &'a Path,
    seconds: u32,
}

impl Look<'_> {
    async fn at(&self, programs: &[(&str, u32)]) -> Result<(), Failure> {
        let mut command = Command::new(&self.measures);
        command.arg("watch").arg(self.rows).args(["--seconds", &self.seconds.to_string()]);
        command.args(programs.iter().map(|(name, id)| format!("{name}={id}")));
        finish(&mut command).await
    }
}

fn id(processes: &Processes, name: &str) -> Result<u32, Failure> {
    processes.id(name).ok_or_else(|| format!("{name} does not run").into())
}

/// Opens the empty window on a desktop of its own, with the same accessibility as the others have.
async fn start_empty(example: &Path, folder: &Path, processes: &mut Processes) -> Result<u32, Failure> {
    fs::create_dir_all(folder).context(folder.display())?;
    let desktop = Desktop::start("empty", EMPTY_SCREEN, folder, "#6b6f76", processes).await?;
    let mut command = Command::new(example);
    desktop.enter(&mut command);
    command.env("HOME", folder);
    processes.start(EMPTY, command)?;
    let (id, screen) = (id(processes, EMPTY)?, Screen::new(desktop.connect()?)?);
    until("the empty window", PATIENCE, || async { Ok((!screen.windows_of(id)?.is_empty()).then_some(())) }).await?;
    Ok(id)
}
