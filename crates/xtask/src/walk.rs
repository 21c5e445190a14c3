//! `cargo xtask walk`: whoever sees nothing, or has no mouse, gets through the agent's first pages.
//!
//! The real program is read as a screen reader reads it, and walked through by the Tab key.

use crate::demo::names::{Words, agent, program};
use crate::demo::person::Person;
use crate::demo::picture::Picture;
use crate::demo::processes::Processes;
use crate::demo::reader::{Control, Place};
use crate::demo::screen::Screen;
use crate::demo::stage::{self, Stage};
use crate::demo::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use atspi::Role;
use i18n::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How far outside of a control its mark of the focus may be, in pixels.
const MARK: i32 = 6;

/// How long one page may take: a question on the bus has no end of its own.
const WALK: Duration = Duration::from_secs(60);

/// Walks through every first page in every language.
pub(crate) fn walk() -> Result<(), Failure> {
    crate::setup::setup()?;
    let programs = stage::build()?;
    let logs = stage::target_folder()?.join("walk/logs");
    let _ = fs::remove_dir_all(&logs);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("tokio")?;
    let result = runtime.block_on(on_stage(&programs, &logs));
    runtime.shutdown_background();
    result
}

async fn on_stage(programs: &Path, logs: &Path) -> Result<(), Failure> {
    let mut stage = match Stage::set(programs, Processes::new(logs)?, "race").await {
        Ok(stage) => stage,
        Err((failure, mut processes)) => {
            processes.end().await;
            return Err(format!("{failure}\n{}", processes.tails()).into());
        }
    };
    let result = tokio::select! {
        result = every_page(&mut stage) => result,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    stage.processes.end().await;
    result.map_err(|failure| format!("{failure}\n{}", stage.processes.tails()).into())
}

/// A program that knows its organisation begins with the key, another with the domain.
async fn every_page(stage: &mut Stage) -> Result<(), Failure> {
    let packed = fs::read(stage.agent_program()).context(program::AGENT)?;
    let bare = fs::read(stage.program(program::AGENT)).context(program::AGENT)?;
    for language in [Language::Italian, Language::English] {
        let words = Words::new(language);
        for (page, bytes, field) in [("key", &packed, agent::KEY), ("domain", &bare, agent::DOMAIN)] {
            stage.put_agent(bytes)?;
            stage.start_agent(&words)?;
            let walked = tokio::time::timeout(WALK, walk_through(stage, &words, field)).await;
            let names = walked.unwrap_or_else(|_| Err("a screen reader gets no answer".into()));
            let names = names.map_err(|failure| format!("the page {page} in {}: {failure}", language.tag()))?;
            println!("walk: {page}, {}: Tab reaches {}", language.tag(), names.join(", "));
            stage.processes.kill(program::AGENT).await?;
            let file = stage.agent_program();
            until("the agent's watcher", PATIENCE, || async { Ok((!file.exists()).then_some(())) }).await?;
        }
    }
    Ok(())
}

/// The names of the controls that Tab reaches, in its order.
async fn walk_through(stage: &Stage, words: &Words, field: &str) -> Result<Vec<String>, Failure> {
    let person = Person::at(&stage.client, program::AGENT, words).await?;
    person.see(field).await?;
    let screen = Screen::new(stage.client.connect()?)?;
    person.focus_field(field).await?;
    // A window that still finds its shape makes its controls anew.
    screen.still(&[], PATIENCE).await?;
    let controls = person.reader().controls().await?;
    let reachable = all_named(&controls)?;

    let mut seen: BTreeMap<String, Picture> = BTreeMap::new();
    let mut order: Vec<&Control> = Vec::new();
    let mut last = focused(&person).await?;
    // Once around, and back at the first.
    for _ in 0..=reachable.len() {
        screen.still(&[], PATIENCE).await?;
        seen.insert(last.clone(), screen.grab()?);
        let control = reachable.iter().find(|control| control.path == last);
        let control = control.ok_or("the focus is where a screen reader finds no control")?;
        if order.first().is_some_and(|first| first.path == control.path) {
            break;
        }
        order.push(control);
        person.hands().tab()?;
        let before = last.clone();
        last = until("Tab to move the focus", PATIENCE, || async {
            Ok(Some(focused(&person).await?).filter(|now| *now != before))
        })
        .await
        .map_err(|failure| format!("{failure} away from \"{}\"", control.name))?;
    }
    let reached: BTreeSet<_> = order.iter().map(|control| &control.path).collect();
    if let Some(missed) = reachable.iter().find(|control| !reached.contains(&control.path)) {
        return Err(format!("Tab does not reach {:?} \"{}\"", missed.role, missed.name).into());
    }
    for control in &order {
        let place = person.reader().place(control).await?.ok_or("a control is nowhere")?;
        if !is_marked(&seen, &control.path, place) {
            return Err(format!("nothing shows that \"{}\" has the focus", control.name).into());
        }
    }
    Ok(order.iter().map(|control| format!("{:?} \"{}\"", control.role, control.name)).collect())
}

/// The controls of a page that the keyboard can reach; each must say what it is.
pub(crate) fn all_named(controls: &[Control]) -> Result<Vec<&Control>, Failure> {
    let reachable: Vec<&Control> = controls.iter().filter(|control| is_reachable(control)).collect();
    let faults: Vec<_> = reachable.iter().filter_map(|control| fault(control)).collect();
    if reachable.is_empty() || !faults.is_empty() {
        return Err(format!("{} controls; {}", reachable.len(), faults.join("; ")).into());
    }
    Ok(reachable)
}

/// What is wrong with a control that the keyboard can reach.
fn fault(control: &Control) -> Option<String> {
    if control.name.is_empty() {
        return Some(format!("a control of the kind {:?} has no name", control.role));
    }
    let kinds = [Role::Invalid, Role::Unknown, Role::Extended, Role::Filler, Role::Panel];
    kinds.contains(&control.role).then(|| format!("nobody knows what \"{}\" is", control.name))
}

/// Whether the keyboard is to reach it. A window has the focus for a moment after its last control.
fn is_reachable(control: &Control) -> bool {
    control.usable && control.role != Role::Frame
}

/// The one control that has the focus.
async fn focused(person: &Person<'_>) -> Result<String, Failure> {
    until("one control to have the focus", PATIENCE, || async {
        let controls = person.reader().controls().await?;
        let mut focused = controls.into_iter().filter(|control| control.focused && is_reachable(control));
        Ok(focused.next().filter(|_| focused.next().is_none()).map(|control| control.path))
    })
    .await
}

/// Whether a control looks otherwise with the focus than whenever another one has it.
fn is_marked(seen: &BTreeMap<String, Picture>, path: &str, place: Place) -> bool {
    let Some(with) = seen.get(path) else { return false };
    let around =
        Place { x: place.x - MARK, y: place.y - MARK, width: place.width + 2 * MARK, height: place.height + 2 * MARK };
    seen.iter().filter(|(other, _)| *other != path).all(|(_, without)| with.cut(around) != without.cut(around))
}
