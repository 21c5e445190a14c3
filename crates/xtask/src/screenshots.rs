//! `cargo xtask screenshots DIR`: a picture of every page of both windows, and sheets to look them over.
//!
//! The pages are those of the galleries, which list them and make the pictures themselves.

use crate::demo::desktop::Desktop;
use crate::demo::processes::Processes;
use crate::demo::stage;
use crate::run::{self, Context, Failure};
use clap::Args;
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

/// The screen that the windows are on.
const SCREEN: (u16, u16) = (1920, 1080);
/// How many windows are open at the same time, each on a desktop of its own: most of the time they wait.
const WORKERS: usize = 4;
/// How long all pictures of one kind may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// The most pixels of a picture on a sheet.
const WIDTH: u32 = 220;
const HEIGHT: u32 = 260;
/// How many pictures stand side by side at most.
const PER_ROW: usize = 12;

/// Where the pictures go.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder for the pictures
    #[arg(value_name = "DIR")]
    out: PathBuf,
}

/// A program that shows pages.
#[derive(Debug, Clone, Copy)]
struct Gallery {
    program: &'static str,
    package: &'static str,
    example: &'static str,
    /// What is done to every page: the words for the gallery, and how the file names say it.
    kinds: &'static [(&'static [&'static str], &'static str)],
}

/// The ways in which every window is looked at.
const GALLERIES: [Gallery; 2] = [
    Gallery {
        program: "agent",
        package: "client-agent",
        example: "gallery",
        kinds: &[
            (&["light"], "light_100"),
            (&["light", "200"], "light_200"),
            (&["dark"], "dark_100"),
            (&["dark", "200"], "dark_200"),
            (&["light", "small"], "light_smallest"),
        ],
    },
    Gallery {
        program: "console",
        package: "operator-console",
        example: "console-gallery",
        kinds: &[
            (&["light"], "light_100"),
            (&["light", "200"], "light_200"),
            (&["dark"], "dark_100"),
            (&["dark", "200"], "dark_200"),
            (&["light", "small"], "light_smallest"),
        ],
    },
];

const LANGUAGES: [&str; 2] = ["it", "en"];

/// One gallery, started once.
#[derive(Debug, Clone)]
struct Job {
    gallery: Gallery,
    language: &'static str,
    words: &'static [&'static str],
    kind: &'static str,
}

impl Job {
    fn all() -> VecDeque<Self> {
        let mut jobs = Vec::new();
        for gallery in GALLERIES {
            for language in LANGUAGES {
                jobs.extend(gallery.kinds.iter().map(|(words, kind)| Self { gallery, language, words, kind }));
            }
        }
        jobs.into()
    }

    fn name(&self) -> String {
        format!("{}_{}_{}", self.gallery.program, self.language, self.kind)
    }

    /// The picture of that page; `{}` stands for every page.
    fn picture(&self, out: &Path, page: &str) -> PathBuf {
        out.join(format!("{}_{page}_{}_{}.png", self.gallery.program, self.language, self.kind))
    }
}

/// Makes all pictures and all sheets.
pub(crate) fn screenshots(options: &Options) -> Result<(), Failure> {
    crate::setup::setup()?;
    fs::create_dir_all(&options.out).context(options.out.display())?;
    let out = options.out.canonicalize().context(options.out.display())?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked"]);
    cargo.args(GALLERIES.iter().flat_map(|gallery| ["-p", gallery.package, "--example", gallery.example]));
    run::run(cargo.current_dir(run::workspace()?))?;
    let examples = stage::target_folder()?.join("debug/examples");
    let folder = std::env::temp_dir().join(format!("ponte-screenshots-{}", std::process::id()));
    let jobs = Mutex::new(Job::all());
    let results: Vec<_> = thread::scope(|scope| {
        let work = |worker: usize| {
            let (jobs, examples, out, folder) = (&jobs, &examples, &out, folder.join(worker.to_string()));
            scope.spawn(move || take(jobs, examples, out, &folder))
        };
        let workers: Vec<_> = (0..WORKERS).map(work).collect();
        let ended = |worker: ScopedJoinHandle<'_, _>| worker.join().unwrap_or_else(|_| Err("a worker failed".into()));
        workers.into_iter().map(ended).collect()
    });
    // What cannot be removed lies in the system's folder for such things.
    let _ = fs::remove_dir_all(&folder);
    results.into_iter().collect::<Result<(), _>>()?;
    sheets(&examples, &out)
}

/// Takes pictures on a desktop of its own as long as there is something to do.
fn take(jobs: &Mutex<VecDeque<Job>>, examples: &Path, out: &Path, folder: &Path) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("tokio")?;
    runtime.block_on(async {
        let mut processes = Processes::new(&folder.join("logs"))?;
        let result = async {
            let desktop = Desktop::start("screen", SCREEN, folder, "#6b6f76", &mut processes).await?;
            while let Some(job) = next(jobs) {
                let mut command = Command::new(examples.join(job.gallery.example));
                desktop.enter(&mut command);
                command.env("HOME", folder).args(job.words).arg(job.language);
                command.arg("--pictures").arg(job.picture(out, "{}"));
                let name = job.name();
                processes.start(&name, command)?;
                processes.ended(&name, PATIENCE).await?;
                processes.forget(&name);
            }
            Ok(())
        };
        let result: Result<(), Failure> = tokio::select! {
            result = result => result,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        };
        processes.end().await;
        result.map_err(|failure| format!("{failure}\n{}", processes.tails()).into())
    })
}

fn next(jobs: &Mutex<VecDeque<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Looks whether every picture is there, and puts those of one program and language on one sheet,
/// a page after the other.
fn sheets(examples: &Path, out: &Path) -> Result<(), Failure> {
    let (mut count, mut sheets) = (0, Vec::new());
    for gallery in GALLERIES {
        let names = run::output(Command::new(examples.join(gallery.example)).arg("--list"))?;
        for language in LANGUAGES {
            let jobs = Job::all();
            let jobs = jobs.iter().filter(|job| job.gallery.program == gallery.program && job.language == language);
            let jobs: Vec<_> = jobs.collect();
            let pages = names.lines().flat_map(|page| jobs.iter().map(move |job| job.picture(out, page)));
            let pictures: Vec<_> = pages.collect();
            if let Some(missing) = pictures.iter().find(|picture| !picture.exists()) {
                return Err(format!("there is no {}", missing.display()).into());
            }
            count += pictures.len();
            let file = out.join(format!("{}_sheet_{language}.png", gallery.program));
            sheets.push(sheet(&pictures, jobs.len(), &file));
        }
    }
    // All at once: each keeps one processor busy.
    let ended: Vec<_> = thread::scope(|scope| {
        let made: Vec<_> = sheets.iter_mut().map(|sheet| scope.spawn(|| run::run(sheet))).collect();
        made.into_iter().map(|sheet| sheet.join().unwrap_or_else(|_| Err("a sheet failed".into()))).collect()
    });
    ended.into_iter().collect::<Result<(), _>>().context("imagemagick makes the sheets")?;
    println!("screenshots: {count} pictures and their sheets are in {}", out.display());
    Ok(())
}

/// What makes one picture of all, with all kinds of a page side by side.
fn sheet(pictures: &[PathBuf], kinds: usize, file: &Path) -> Command {
    let columns = (PER_ROW / kinds).max(1) * kinds;
    let size = format!("{WIDTH}x{HEIGHT}");
    let mut montage = Command::new("montage");
    montage.args(["-label", "%t", "-pointsize", "8"]);
    // Made small when they are read: all of them do not fit into memory.
    montage.args(pictures.iter().map(|picture| format!("{}[{size}]", picture.display())));
    montage.args(["-geometry", "+4+4"]);
    montage.args(["-tile", &format!("{columns}x")]).arg(file);
    montage
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_picture_has_a_name_of_its_own_that_says_what_it_is() {
        let jobs = Job::all();
        let names: BTreeSet<_> = jobs.iter().map(|job| job.picture(Path::new("out"), "key")).collect();
        assert_eq!(names.len(), jobs.len());
        assert!(names.contains(Path::new("out/agent_key_it_light_smallest.png")));
        assert!(names.contains(Path::new("out/console_key_en_dark_200.png")));
    }
}
