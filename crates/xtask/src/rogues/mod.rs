//! `cargo xtask rogues`: what must be refused, played by the real programs in their real windows.
//!
//! An organisation and one that only calls itself so, their operators, a relay that is honest and one that lets
//! in whoever comes. Each act leaves pictures of what each person sees; `summary.json` has the sentences.

mod logs;
mod modified;
mod office;
mod record;
mod relay;
mod scene;
mod story;

use crate::demo::names::{Words, program};
use crate::demo::processes::Processes;
use crate::demo::stage;
use crate::run::{self, Context, Failure};
use clap::{Args, ValueEnum};
use office::Office;
use relay::Site;
use scene::Scene;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use story::{OPERATOR, Props, ROGUE};

/// How the acts are played.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder for pictures, logs and summary.json; it is emptied before.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The language of the windows.
    #[arg(long, value_enum, default_value_t = Language::It)]
    lang: Language,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    It,
    En,
}

/// Plays everything; fails if anything that must be refused was not.
pub(crate) fn rogues(options: &Options) -> Result<(), Failure> {
    let words = Words::new(match options.lang {
        Language::It => i18n::Language::Italian,
        Language::En => i18n::Language::English,
    });
    fs::create_dir_all(&options.out).context(options.out.display())?;
    let out = options.out.canonicalize().context(options.out.display())?;
    clear(&out)?;
    crate::setup::setup()?;
    let programs = build()?;
    let folder = std::env::temp_dir().join(format!("ponte-rogues-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("tokio")?;
    let played = runtime.block_on(perform(&folder, &programs, &out, &words));
    // What cannot be removed lies in the system's folder for such things.
    let _ = fs::remove_dir_all(&folder);
    played
}

/// Removes what an earlier run left: it would tell of something that did not happen.
fn clear(out: &Path) -> Result<(), Failure> {
    let _ = fs::remove_dir_all(out.join("logs"));
    for entry in fs::read_dir(out).context(out.display())?.flatten() {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if matches!(ending, "png" | "txt" | "json" | "ponte-log") {
            fs::remove_file(&path).context(path.display())?;
        }
    }
    Ok(())
}

fn build() -> Result<PathBuf, Failure> {
    let root = run::workspace()?;
    let mut bins = Command::new("cargo");
    bins.args(["build", "--locked", "-p", "org"]).args(program::PACKAGES.iter().flat_map(|package| ["-p", package]));
    run::run(bins.current_dir(&root))?;
    let mut example = Command::new("cargo");
    example.args(["build", "--locked", "-p", "e2e", "--example", modified::PROGRAM]);
    run::run(example.current_dir(&root))?;
    Ok(stage::target_folder()?.join("debug"))
}

async fn perform(folder: &Path, programs: &Path, out: &Path, words: &Words) -> Result<(), Failure> {
    let hands = Processes::new(&out.join("logs"))?;
    let mut scene = match Scene::set(folder, programs, out, words, hands).await {
        Ok(scene) => scene,
        Err((failure, mut hands)) => {
            hands.end().await;
            return Err(failure);
        }
    };
    let played = tokio::select! {
        played = play(&mut scene) => played,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    if played.is_err() {
        scene.keep_desktops("setup");
        println!("{}", scene.actors.tails());
    }
    scene.actors.end().await;
    scene.hands.end().await;
    scene.record.write(out)?;
    played?;
    println!("rogues: pictures and summary.json are in {}", out.display());
    scene.record.check()
}

/// The acts in their order. A failure is one of the stage; what an act showed is in the record.
async fn play(scene: &mut Scene<'_>) -> Result<(), Failure> {
    let (folder, programs, words) = (scene.folder.clone(), scene.programs.clone(), scene.words);
    let site = Site::make(&folder.join("relay"))?;
    let ours = Office::found(&programs, &folder.join("ours"), &site, words)?;
    let theirs = Office::found(&programs, &folder.join("theirs"), &site, words)?;
    let (packed, bare) = (folder.join("packed-agent"), programs.join(program::AGENT));
    ours.package(&bare, &ours.file(), &packed)?;
    let props = Props { ours: &ours, theirs: &theirs, packed, bare };
    for (office, name) in [(&ours, OPERATOR), (&theirs, ROGUE)] {
        scene.act(if name == OPERATOR { "0-enrolment" } else { "0-enrolment-of-the-rogue" }).await?;
        scene.enrol(office, name).await?;
    }

    let mut relays = Processes::new(&scene.out.join("logs"))?;
    site.start(&programs, "honest-relay", &[(ours.file(), Some(ours.list()))], &mut relays).await?;
    let told = scene.right_operator(&props).await;
    note(scene, "the right operator is shown as verified", told.as_ref().map(|_| ()).map_err(again));
    let act = scene.at_our_relay().await;
    note(scene, "the same name and domain are no way to our relay", act);
    let act = scene.revoked(&props).await;
    note(scene, "a revoked operator is thrown out and stays out", act);
    relays.end().await;

    site.start(&programs, "lax-relay", &[(ours.file(), None), (theirs.file(), None)], &mut relays).await?;
    let act = scene.same_name(&props).await;
    note(scene, "the packaged agent refuses the same name and domain", act);
    let act = scene.given_file(&props).await;
    note(scene, "a file that the rogue gives is shown as not verified", act);
    let act = scene.hidden_list(&props).await;
    note(scene, "the agent refuses a revoked operator who hides the list", act);
    let act = scene.unknown(&props).await;
    note(scene, "an unknown organisation is not taken on trust", act);
    relays.end().await;
    let act = scene.modified_console(&ours, &props.bare).await;
    note(scene, "a modified console gets nothing beyond its certificate", act);
    if let Ok(logs) = told {
        let act = scene.check_logs(&ours, &logs);
        note(scene, "changed logs are found out", act);
    }
    Ok(())
}

fn again(failure: &Failure) -> Failure {
    failure.to_string().into()
}

/// Notes how an act went, with pictures and logs if it went wrong.
fn note(scene: &mut Scene<'_>, name: &'static str, result: Result<(), Failure>) {
    scene.record.note(name, &result);
    if result.is_err() {
        scene.keep_desktops(&name.replace(' ', "-"));
        println!("{}", scene.actors.tails());
    }
}

#[cfg(test)]
mod tests {
    use i18n::{I18n, Language};

    /// The files that name messages, and how those begin.
    const SOURCES: [&str; 4] =
        [include_str!("story.rs"), include_str!("scene.rs"), include_str!("modified.rs"), include_str!("logs.rs")];
    const FAMILIES: [&str; 8] =
        ["common-", "console-", "domain-", "ended-", "failed-", "key-problem-", "log-verdict-", "who-"];

    #[test]
    fn every_message_that_is_looked_for_exists_in_both_languages() {
        let quoted = SOURCES.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
        let ids: Vec<&str> = quoted
            .filter(|text| FAMILIES.iter().any(|family| text.starts_with(family)) && !text.contains('{'))
            .collect();
        assert!(ids.len() > 20, "{ids:?}");
        for language in Language::ALL {
            let texts = I18n::new(language);
            // Some are the beginning of a page's messages.
            let missing: Vec<_> =
                ids.iter().filter(|id| !texts.has(id) && !texts.has(&format!("{id}-means"))).collect();
            assert!(missing.is_empty(), "{} has no {missing:?}", language.tag());
        }
    }
}
