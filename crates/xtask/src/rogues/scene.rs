//! Two desktops on which the windows come and go, and the pictures that are taken of them.

use super::record::{Record, Shown};
use crate::demo::desktop::{CLIENT_SIZE, Desktop, OPERATOR_SIZE};
use crate::demo::names::{Words, agent, program};
use crate::demo::person::Person;
use crate::demo::processes::Processes;
use crate::demo::screen::Screen;
use crate::demo::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a window is waited for to have painted what it says; a spinner never rests.
const PAINTED: Duration = Duration::from_secs(2);

/// What would lead a program away from this machine.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Whose window.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    /// The helped person's.
    Client,
    /// The operator's.
    Operator,
}

/// Both desktops.
pub(crate) struct Scene<'w> {
    /// Folder of everything that goes at the end.
    pub(crate) folder: PathBuf,
    /// Folder of the programs.
    pub(crate) programs: PathBuf,
    /// Folder of what stays.
    pub(crate) out: PathBuf,
    /// The words of the windows.
    pub(crate) words: &'w Words,
    /// What was seen so far.
    pub(crate) record: Record,
    /// The windows, and whatever else runs during one act only.
    pub(crate) actors: Processes,
    /// What runs from the beginning to the end.
    pub(crate) hands: Processes,
    client: Desktop,
    operator: Desktop,
    client_screen: Screen,
    operator_screen: Screen,
}

impl<'w> Scene<'w> {
    /// Starts the desktops; `hands` has what was started of them even if that fails.
    pub(crate) async fn set(
        folder: &Path,
        programs: &Path,
        out: &Path,
        words: &'w Words,
        mut hands: Processes,
    ) -> Result<Self, (Failure, Processes)> {
        match Self::desktops(folder, &mut hands).await {
            Ok((client, operator, client_screen, operator_screen, actors)) => {
                let (folder, programs, out) = (folder.to_owned(), programs.to_owned(), out.to_owned());
                let record = Record::default();
                Ok(Self {
                    folder,
                    programs,
                    out,
                    words,
                    record,
                    actors,
                    hands,
                    client,
                    operator,
                    client_screen,
                    operator_screen,
                })
            }
            Err(failure) => Err((failure, hands)),
        }
    }

    async fn desktops(
        folder: &Path,
        hands: &mut Processes,
    ) -> Result<(Desktop, Desktop, Screen, Screen, Processes), Failure> {
        for part in ["client/home/Downloads", "client/tmp", "operator/home", "operator/tmp"] {
            fs::create_dir_all(folder.join(part)).context(part)?;
        }
        let client =
            Desktop::start_with_seat("client", CLIENT_SIZE, &folder.join("client-desktop"), "#2f5d73", hands).await?;
        let operator =
            Desktop::start("operator", OPERATOR_SIZE, &folder.join("operator-desktop"), "#6b6f76", hands).await?;
        let (one, other) = (Screen::new(client.connect()?)?, Screen::new(operator.connect()?)?);
        Ok((client, operator, one, other, Processes::new(&folder.join("logs"))?))
    }

    /// Ends the act before and begins one whose programs write their logs under that name.
    pub(crate) async fn act(&mut self, name: &str) -> Result<(), Failure> {
        println!("rogues: {name}");
        self.actors.end().await;
        self.actors = Processes::new(&self.out.join("logs").join(name))?;
        Ok(())
    }

    /// Starts a console whose files are in `data`.
    pub(crate) async fn console(&mut self, data: &Path) -> Result<Person<'w>, Failure> {
        let mut command = Command::new(self.programs.join(program::CONSOLE));
        command.arg("--data").arg(data);
        self.operator.enter(&mut command);
        self.at_home(&mut command, "operator");
        self.actors.start(program::CONSOLE, command)?;
        Person::at(&self.operator, program::CONSOLE, self.words).await
    }

    /// Starts a copy of an agent's program, because an agent removes itself.
    pub(crate) async fn agent(&mut self, packed: &Path, arguments: &[&str]) -> Result<Person<'w>, Failure> {
        let copy = self.folder.join("client").join(program::AGENT);
        // A program that still runs cannot be written over.
        if copy.exists() {
            fs::remove_file(&copy).context(copy.display())?;
        }
        fs::copy(packed, &copy).context(packed.display())?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).context(copy.display())?;
        let mut command = Command::new(&copy);
        command.args(arguments);
        self.client.enter(&mut command);
        self.at_home(&mut command, "client");
        self.actors.start(program::AGENT, command)?;
        Person::at(&self.client, program::AGENT, self.words).await
    }

    fn at_home(&self, command: &mut Command, whose: &str) {
        let folder = self.folder.join(whose);
        command.env("HOME", folder.join("home")).env("TMPDIR", folder.join("tmp")).current_dir(&folder);
        for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"].iter().chain(&PROXIES) {
            command.env_remove(name);
        }
        self.words.speak(command);
    }

    /// The folder in which the person finds what they saved.
    fn downloads(&self) -> PathBuf {
        self.folder.join("client/home/Downloads")
    }

    /// What is in that folder.
    pub(crate) fn in_downloads(&self) -> Result<BTreeSet<PathBuf>, Failure> {
        let folder = self.downloads();
        Ok(fs::read_dir(&folder).context(folder.display())?.flatten().map(|entry| entry.path()).collect())
    }

    /// Where the client's pointer is.
    pub(crate) fn pointer(&self) -> Result<(i32, i32), Failure> {
        self.client_screen.pointer()
    }

    /// The person types a key that was read to them.
    pub(crate) async fn type_key(&self, client: &Person<'_>, key: &str) -> Result<(), Failure> {
        client.fill(agent::KEY, key).await?;
        client.answer(agent::CONTINUE).await
    }

    /// Takes a picture of a window, and notes what a screen reader says of it.
    pub(crate) async fn keep(&mut self, whose: Whose, person: &Person<'_>, name: &str) -> Result<Vec<String>, Failure> {
        let (screen, program, to) = match whose {
            Whose::Client => (&self.client_screen, program::AGENT, "client"),
            Whose::Operator => (&self.operator_screen, program::CONSOLE, "operator"),
        };
        // Text may be told a moment before it is painted.
        let _ = screen.still(&[], PAINTED).await;
        let mut sentences: Vec<String> = Vec::new();
        for control in person.reader().controls().await? {
            if !control.name.is_empty() && !sentences.contains(&control.name) {
                sentences.push(control.name);
            }
        }
        let id = self.actors.id(program).ok_or_else(|| format!("{program} does not run"))?;
        let window = screen.windows_of(id)?.into_iter().max_by_key(|place| place.width * place.height);
        let window = window.ok_or_else(|| format!("{program} shows no window"))?;
        let picture = format!("{name}.png");
        screen.grab()?.cut(window).write(&self.out.join(&picture))?;
        self.record.shown.push(Shown { to, picture, sentences: sentences.clone() });
        Ok(sentences)
    }

    /// Keeps both desktops after something went wrong.
    pub(crate) fn keep_desktops(&self, name: &str) {
        for (screen, whose) in [(&self.client_screen, "client"), (&self.operator_screen, "operator")] {
            // The failure itself is what matters; its picture is a help.
            let _ =
                screen.grab().and_then(|picture| picture.write(&self.out.join(format!("failed-{name}-{whose}.png"))));
        }
    }

    /// The person saves the log on the last page; where its copy is then.
    pub(crate) async fn save_log(&self, client: &Person<'_>, copy: &str) -> Result<PathBuf, Failure> {
        let save = self.words.with("ended-log-save-in", "place", &self.words.text("place-downloads"));
        client.press_for(agent::KEEP_LOG, &save).await?;
        client.press_named(&save).await?;
        let log = until("the saved log", PATIENCE, || async {
            Ok(self.in_downloads()?.into_iter().find(|path| is_log(path)))
        })
        .await?;
        client.see_beginning("ended-log-saved").await?;
        let kept = self.out.join(copy);
        // Moved, so that the next log is the only one again.
        fs::copy(&log, &kept).and_then(|_| fs::remove_file(&log)).context(log.display())?;
        Ok(kept)
    }
}

/// Whether it is a session's log, among what else is kept of sessions.
pub(crate) fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "ponte-log")
}

/// Fails where a sentence is missing, or is there that must not be.
pub(crate) fn check(sentences: &[String], wanted: &[&str], unwanted: &[&str]) -> Result<(), Failure> {
    let is_there = |text: &&&str| sentences.iter().any(|sentence| sentence.contains(**text));
    if let Some(missing) = wanted.iter().find(|text| !is_there(text)) {
        return Err(format!("\"{missing}\" is not shown, but {sentences:?}").into());
    }
    match unwanted.iter().find(is_there) {
        Some(wrong) => Err(format!("\"{wrong}\" is shown: {sentences:?}").into()),
        None => Ok(()),
    }
}
