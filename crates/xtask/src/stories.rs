//! `cargo xtask stories`: whole sessions by the real windows, with a picture of both desktops at every step: a person
//! who grants everything, one who refuses everything, a support call with every tool, and heavy work over a failing line.

mod call;
mod load;

use crate::demo::desktop::Desktop;
use crate::demo::files;
use crate::demo::names::{self, SEND_CHAT, Words, agent, console, program};
use crate::demo::person::Person;
use crate::demo::processes::Processes;
use crate::demo::screen::Screen;
use crate::demo::stage::{self, Guest, Stage};
use crate::demo::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use crate::walk;
use clap::{Args, ValueEnum};
use identity::dev::SAMPLE_PASSWORD;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::timeout;

/// Beginning of the title of the editor's window.
const EDITOR_TITLE: &str = "nota.txt";

/// How the stories are told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder for the pictures; it is emptied before.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The language of the windows.
    #[arg(long, value_enum, default_value_t = Language::It)]
    lang: Language,
    /// How many times the usual dots the screens have, in each direction.
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=3))]
    scale: u16,
    /// Which stories; all without this.
    #[arg(long, value_enum, value_name = "STORY")]
    only: Vec<Story>,
    /// Size of the large file that is sent in the heavy work, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(16..=16_384))]
    large_mib: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Story {
    /// Everything is granted.
    Granted,
    /// Everything is refused.
    Refused,
    /// A support call with every tool.
    Call,
    /// Many files and a large one over a line that breaks, with a second session beside.
    Load,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    It,
    En,
}

/// Tells the stories.
pub(crate) fn stories(options: &Options) -> Result<(), Failure> {
    let _ = fs::remove_dir_all(&options.out);
    fs::create_dir_all(&options.out).context(options.out.display())?;
    crate::setup::setup()?;
    let programs = stage::build()?;
    let words = Words::new(match options.lang {
        Language::It => i18n::Language::Italian,
        Language::En => i18n::Language::English,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("tokio")?;
    runtime.block_on(perform(&programs, &words, options))
}

async fn perform(programs: &Path, words: &Words, options: &Options) -> Result<(), Failure> {
    let out = &options.out;
    let processes = Processes::new(&out.join("logs"))?;
    let mut stage = match Stage::set_scaled(programs, processes, "race", options.scale).await {
        Ok(stage) => stage,
        Err((failure, mut processes)) => {
            processes.end().await;
            return Err(failure);
        }
    };
    let told = tell(&mut stage, words, options).await;
    let tails = stage.processes.tails();
    stage.processes.end().await;
    told.map_err(|failure| format!("{tails}\n{failure}").into())
}

async fn tell(stage: &mut Stage, words: &Words, options: &Options) -> Result<(), Failure> {
    let out = options.out.as_path();
    let desktop = stage.operator_desktop().await?;
    stage.start_console(words, |command| desktop.enter(command))?;
    let operator = Person::at(&desktop, program::CONSOLE, words).await?;
    operator.fill_hidden(console::PASSWORD, SAMPLE_PASSWORD).await?;
    operator.press(console::SIGN_IN).await?;
    let packed = fs::read(stage.agent_program()).context("the packed agent")?;
    let mut story = Teller { stage, desktop, guest: None, operator, words, out, packed, pictures: 0 };
    let told = story.tell(options).await;
    if told.is_err() {
        let _ = story.picture("failure").await;
    }
    told?;
    println!("stories: pictures are in {}", out.display());
    Ok(())
}

struct Teller<'a> {
    stage: &'a mut Stage,
    desktop: Desktop,
    /// A second person, while there is one.
    guest: Option<Guest>,
    operator: Person<'a>,
    words: &'a Words,
    out: &'a Path,
    packed: Vec<u8>,
    pictures: u32,
}

impl<'a> Teller<'a> {
    /// Keeps a picture of both desktops; what a screen reader hears of either window must name every control.
    async fn keep(&mut self, name: &str, client: &Person<'_>) -> Result<(), Failure> {
        self.picture(name).await?;
        for (whose, person) in [("client", client), ("operator", &self.operator)] {
            let controls = person.reader().controls().await?;
            walk::all_named(&controls).map_err(|failure| format!("{whose}, {name}: {failure}"))?;
        }
        Ok(())
    }

    /// A picture of all desktops, which follow what a screen reader hears after a moment.
    async fn picture(&mut self, name: &str) -> Result<(), Failure> {
        tokio::time::sleep(Duration::from_millis(700)).await;
        self.pictures += 1;
        let guest = self.guest.as_ref().map(|guest| ("guest", &guest.desktop));
        for (whose, desktop) in [("client", &self.stage.client), ("operator", &self.desktop)].into_iter().chain(guest) {
            let picture = Screen::new(desktop.connect()?)?.grab()?;
            picture.write(&self.out.join(format!("{:02}-{name}-{whose}.png", self.pictures)))?;
        }
        Ok(())
    }

    async fn tell(&mut self, options: &Options) -> Result<(), Failure> {
        let wanted = |story| options.only.is_empty() || options.only.contains(&story);
        if wanted(Story::Granted) {
            self.everything().await?;
        }
        if wanted(Story::Refused) {
            self.nothing().await?;
        }
        if wanted(Story::Call) {
            self.call().await?;
        }
        if wanted(Story::Load) {
            self.load(options.large_mib).await?;
        }
        Ok(())
    }

    /// A fresh agent into which the person has typed a fresh key.
    async fn meet(&mut self) -> Result<Person<'a>, Failure> {
        self.operator.press(console::NEW_KEY).await?;
        let key = self.operator.read("a session key", names::session_key).await?;
        self.stage.put_agent(&self.packed)?;
        self.stage.start_agent(self.words)?;
        let client = Person::at(&self.stage.client, program::AGENT, self.words).await?;
        client.fill(agent::KEY, &key).await?;
        client.answer(agent::CONTINUE).await?;
        client.see(agent::RECOGNISED).await?;
        Ok(client)
    }

    /// The person presses OK, and everything of the agent is gone.
    async fn part(&mut self, client: &Person<'_>, kept: &[PathBuf]) -> Result<(), Failure> {
        let (folder, before) = (self.stage.client_folder(), self.stage.before.clone());
        self.leave(client, program::AGENT, &folder, &before, kept).await
    }

    /// The same of the agent with that name among the processes.
    async fn leave(
        &mut self,
        client: &Person<'_>,
        process: &str,
        folder: &Path,
        before: &BTreeSet<PathBuf>,
        kept: &[PathBuf],
    ) -> Result<(), Failure> {
        client.see_beginning(agent::REMOVED).await?;
        client.answer(agent::CLOSE).await?;
        self.stage.processes.ended(process, PATIENCE).await?;
        self.stage.processes.forget(process);
        let program = folder.join(program::AGENT);
        let left = || files::leftovers(folder, before, &program, kept);
        until("nothing of the agent to be left", PATIENCE, || async { Ok(left().is_empty().then_some(())) })
            .await
            .map_err(|_| format!("left behind: {:?}", left()).into())
    }

    /// Everything is granted: one window, then all; control, a pause, chat, a rating, a log that is kept.
    async fn everything(&mut self) -> Result<(), Failure> {
        let client = self.meet().await?;
        self.keep("who", &client).await?;
        client.answer(agent::RECOGNISED).await?;
        client.see(agent::TERMS_TITLE).await?;
        self.keep("terms", &client).await?;
        client.accept_terms().await?;
        client.see(agent::SHARE).await?;
        let editor =
            client.read("the editor among the windows", |name| name.starts_with(EDITOR_TITLE).then(|| name.to_owned()));
        let editor = editor.await?;
        self.keep("share", &client).await?;
        // Below what the page shows at first.
        client.press(agent::ONE_WINDOW).await?;
        client.choose_named(&editor).await?;
        self.keep("one-chosen", &client).await?;
        client.answer(agent::SHARE).await?;
        client.see(agent::ALLOW_VIEW_WINDOW).await?;
        self.keep("view", &client).await?;
        client.answer(agent::ALLOW_VIEW_WINDOW).await?;
        self.operator.see(console::SCREEN).await?;
        client.see(agent::PAUSE).await?;
        self.keep("one-window", &client).await?;

        self.operator.press(console::ASK_CONTROL).await?;
        client.see(agent::ALLOW_CONTROL).await?;
        self.keep("control", &client).await?;
        client.answer(agent::ALLOW_CONTROL).await?;
        client.press(agent::PAUSE).await?;
        self.operator.see_text(&self.words.text("console-empty-paused-title")).await?;
        self.keep("paused", &client).await?;
        client.press(agent::RESUME).await?;
        self.operator.see(console::SCREEN).await?;

        client.press(agent::CHANGE_SHARE).await?;
        client.see(agent::SHARE_NOW).await?;
        self.keep("share-anew", &client).await?;
        client.press_named(&self.words.text_pair("share-screen", "share-screen-all")).await?;
        client.answer(agent::SHARE_NOW).await?;
        self.operator.see(console::SCREEN).await?;
        self.operator.fill(console::CHAT, "Vede la cornice?").await?;
        self.operator.press(SEND_CHAT).await?;
        client.press_named(&self.words.counted(agent::OPEN_CHAT_UNREAD, 1)).await?;
        client.fill(agent::CHAT, "Vedo il verde intorno.").await?;
        client.press(SEND_CHAT).await?;
        self.operator.see_text("Vedo il verde intorno.").await?;
        self.keep("whole-screen", &client).await?;

        client.press(agent::END).await?;
        client.see(agent::STARS).await?;
        self.operator.see(console::ENDED).await?;
        self.keep("rating", &client).await?;
        client.press(agent::STARS).await?;
        client.fill("rating-comment", "Molto gentile").await?;
        client.answer(agent::RATE).await?;
        self.operator.see_text("Molto gentile").await?;
        client.see_beginning(agent::REMOVED).await?;
        self.keep("ended", &client).await?;
        let save = self.words.with("ended-log-save-in", "place", &self.words.text("place-downloads"));
        client.press_for(agent::KEEP_LOG, &save).await?;
        client.press_named(&save).await?;
        client.see_beginning("ended-log-saved").await?;
        self.keep("log", &client).await?;
        client.answer("ended-log-back").await?;
        let logs = files::tree(&self.stage.client_folder());
        let kept: Vec<PathBuf> = logs.into_iter().filter(|path| !self.stage.before.contains(path)).collect();
        let kept: Vec<PathBuf> = kept.into_iter().filter(|path| path.to_string_lossy().contains("ponte-")).collect();
        self.part(&client, &kept).await?;
        self.stage.before = files::tree(&self.stage.client_folder());
        Ok(())
    }

    /// Everything is refused: the operator, the terms, the sight; and one is called a scam.
    async fn nothing(&mut self) -> Result<(), Failure> {
        let client = self.meet().await?;
        client.answer("who-no").await?;
        client.see_text(&self.words.text("ended-not-recognised")).await?;
        self.keep("not-recognised", &client).await?;
        self.part(&client, &[]).await?;

        let client = self.meet().await?;
        client.answer(agent::RECOGNISED).await?;
        client.answer("terms-no").await?;
        client.see_text(&self.words.text("ended-denied")).await?;
        self.operator.see_text(&self.words.text("console-ended-terms")).await?;
        self.keep("terms-declined", &client).await?;
        self.part(&client, &[]).await?;

        let client = self.meet().await?;
        client.let_help_begin().await?;
        client.answer("ask-view-no").await?;
        client.see_text(&self.words.text("ended-denied")).await?;
        self.keep("view-denied", &client).await?;
        self.part(&client, &[]).await?;

        let client = self.meet().await?;
        client.let_help_begin().await?;
        client.answer(agent::ALLOW_VIEW).await?;
        self.operator.see(console::SCREEN).await?;
        self.operator.press(console::ASK_CONTROL).await?;
        client.answer(agent::NOT_NOW).await?;
        client.see(agent::PAUSE).await?;
        self.keep("control-denied", &client).await?;
        // Ten seconds later the operator may ask again, and the person has had enough.
        until("another question", PATIENCE, || async {
            if self.operator.offers(console::ASK_CONTROL).await {
                // It may go while it is being pressed: then it was heard before.
                let _ = timeout(Duration::from_secs(2), self.operator.press(console::ASK_CONTROL)).await;
            }
            Ok(client.offers(agent::ALLOW_CONTROL).await.then_some(()))
        })
        .await?;
        client.answer("ask-scam").await?;
        client.see_text(&self.words.text("ended-scam")).await?;
        self.operator.see_text(&self.words.text("console-ended-scam")).await?;
        self.keep("scam", &client).await?;
        self.part(&client, &[]).await
    }
}
