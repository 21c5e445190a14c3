//! `cargo xtask demo`: a whole Ponte on one machine, with its real windows.

mod interactive;
pub(crate) mod stage;
pub(crate) mod story;

pub(crate) mod names;
pub(crate) mod person;
pub(crate) mod summary;

pub(crate) mod desktop;
pub(crate) mod files;
pub(crate) mod hands;
mod intruder;
mod keyboard;
pub(crate) mod picture;
pub(crate) mod processes;
pub(crate) mod reader;
pub(crate) mod screen;
pub(crate) mod wait;

use crate::run::{self, Context, Failure};
use clap::{Args, ValueEnum};
use names::{Words, program};
use person::Person;
use processes::Processes;
use screen::Screen;
use stage::Stage;
use std::fs;
use std::path::{Path, PathBuf};
use story::Story;
use summary::Summary;

/// How the demo runs.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Play both people, compare what both ends see, write pictures and summary.json.
    #[arg(long)]
    headless: bool,
    /// The folder for pictures, logs and summary.json [default: demo in cargo's target folder].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The language of the windows.
    #[arg(long, value_enum, default_value_t = Language::It)]
    lang: Language,
    /// How both ends reach the relay.
    #[arg(long, value_enum, default_value_t = Link::Race)]
    link: Link,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    It,
    En,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Link {
    /// Both ways at once, the first that works.
    Race,
    /// QUIC only.
    Quic,
    /// TLS over TCP only.
    Tls,
}

impl Options {
    /// What `cargo xtask test` runs.
    pub(crate) fn for_test(out: PathBuf) -> Self {
        Self { headless: true, out: Some(out), lang: Language::It, link: Link::Race }
    }
}

/// Runs the demo to its end.
pub(crate) fn demo(options: &Options) -> Result<(), Failure> {
    let out = match &options.out {
        Some(out) => out.clone(),
        None => run::workspace()?.join("target/demo"),
    };
    let logs = out.join("logs");
    // A log or picture of an earlier run would tell of something that did not happen.
    let _ = fs::remove_dir_all(&logs);
    for name in [
        "summary.json",
        "agent-desktop.png",
        "agent-window.png",
        "agent-refused.png",
        "agent-end.png",
        "console-window.png",
    ] {
        let _ = fs::remove_file(out.join(name));
    }
    fs::create_dir_all(&out).context(out.display())?;
    crate::setup::setup()?;
    let programs = stage::build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("tokio")?;
    let result = runtime.block_on(perform(options, &programs, &out, &logs));
    // A thread may still wait for the terminal.
    runtime.shutdown_background();
    result
}

async fn perform(options: &Options, programs: &Path, out: &Path, logs: &Path) -> Result<(), Failure> {
    let words = Words::new(match options.lang {
        Language::It => i18n::Language::Italian,
        Language::En => i18n::Language::English,
    });
    let link = match options.link {
        Link::Race => "race",
        Link::Quic => "quic",
        Link::Tls => "tls",
    };
    let display = std::env::var("DISPLAY").is_ok_and(|display| !display.is_empty())
        || std::env::var("WAYLAND_DISPLAY").is_ok_and(|display| !display.is_empty());
    if !display && !options.headless {
        println!("demo: there is no display here, so I play both people");
    }
    let interactive = display && !options.headless;

    let mut stage = match Stage::set(programs, Processes::new(logs)?, link).await {
        Ok(stage) => stage,
        Err((failure, mut processes)) => {
            processes.end().await;
            return Err(explain(&failure, &processes, out));
        }
    };
    let result = tokio::select! {
        result = async {
            if interactive { host(&mut stage, &words).await } else { tell(&mut stage, &words, out).await }
        } => result,
        // For a person at the console this is how the demo ends.
        _ = tokio::signal::ctrl_c() => if interactive { Ok(()) } else { Err("interrupted".into()) },
    };
    if result.is_err() {
        keep_desktop(&stage, out);
    }
    stage.processes.end().await;
    match result {
        Ok(()) => Ok(()),
        Err(failure) => Err(explain(&failure, &stage.processes, out)),
    }
}

/// The demo for a person at this machine.
async fn host(stage: &mut Stage, words: &Words) -> Result<(), Failure> {
    stage.start_console(words, |command| {
        // The console gets another home, where the right to use this display is not written down.
        let authority = std::env::home_dir().map(|home| home.join(".Xauthority"));
        if let Some(authority) = authority.filter(|file| file.exists() && std::env::var_os("XAUTHORITY").is_none()) {
            command.env("XAUTHORITY", authority);
        }
    })?;
    stage.start_agent(words)?;
    interactive::play(stage, words).await
}

/// The demo that nobody watches.
async fn tell(stage: &mut Stage, words: &Words, out: &Path) -> Result<(), Failure> {
    let desktop = stage.operator_desktop().await?;
    stage.start_console(words, |command| desktop.enter(command))?;
    stage.start_agent(words)?;
    let operator = Person::at(&desktop, program::CONSOLE, words).await?;
    let client = Person::at(&stage.client, program::AGENT, words).await?;
    let (client_screen, operator_screen) = (Screen::new(stage.client.connect()?)?, Screen::new(desktop.connect()?)?);
    let mut summary = Summary::default();
    let mut story =
        Story { stage, operator, client, client_screen, operator_screen, words, out, summary: &mut summary };
    let told = story.tell().await;
    if told.is_err()
        && let Ok(picture) = story.operator_screen.grab()
    {
        picture.write(&out.join("operator-desktop.png"))?;
    }
    summary.write(out)?;
    told?;
    for (name, holds) in summary.claims() {
        println!("demo: {name}: {}", if holds { "yes" } else { "NO" });
    }
    println!("demo: pictures and summary.json are in {}", out.display());
    summary.check()
}

/// Keeps the last sight of the client's desktop after a failure.
fn keep_desktop(stage: &Stage, out: &Path) {
    let picture = stage.client.connect().and_then(Screen::new).and_then(|screen| screen.grab());
    // The failure itself is what matters; its picture is a help.
    let _ = picture.and_then(|picture| picture.write(&out.join("agent-desktop.png")));
}

/// A failure with the ends of all logs.
fn explain(failure: &Failure, processes: &Processes, out: &Path) -> Failure {
    println!("{}", processes.tails());
    format!("{failure}\nPictures and logs are in {}", out.display()).into()
}
