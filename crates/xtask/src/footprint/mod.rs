//! `cargo xtask footprint`: whatever ends the real agent, nothing of it is left, and while it runs
//! it listens to nobody.

mod traces;

use crate::demo::files::{leftovers, tree};
use crate::demo::names::{Words, agent, program};
use crate::demo::person::Person;
use crate::demo::processes::{Processes, signal};
use crate::demo::stage::{self, Stage};
use crate::demo::wait::{PATIENCE, until};
use crate::run::{self, Context, Failure};
use clap::Args;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::time::sleep;

/// The time between two looks at processes and sockets.
const PACE: Duration = Duration::from_millis(15);

/// The agent, and who watches over it.
const MOST_PROCESSES: usize = 2;

/// Makes the folders that all programs share this run's own, and goes on.
const APART: &str = "mount -t tmpfs tmpfs \"$1\" && mount -t tmpfs tmpfs /dev/shm && shift && exec \"$@\"";

/// How it is looked.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder for the logs [default: footprint in cargo's target folder].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The temporary folders are this run's own already: everything new in them is a trace.
    #[arg(long, hide = true)]
    apart: bool,
}

impl Options {
    /// What `cargo xtask test` runs.
    pub(crate) const fn for_test() -> Self {
        Self { out: None, apart: false }
    }
}

/// How the agent comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The person leaves before typing a key.
    Exit,
    /// Nothing of the agent gets any time.
    Kill,
    /// Ctrl-C at the terminal that it was started from reaches all of its group.
    Interrupt,
}

/// Looks at all ways.
pub(crate) fn footprint(options: &Options) -> Result<(), Failure> {
    let target = stage::target_folder()?;
    let out = options.out.clone().unwrap_or_else(|| target.join("footprint"));
    let programs = target.join("debug");
    if !options.apart {
        crate::setup::setup()?;
        stage::build()?;
        let shared = std::env::temp_dir();
        let may = run::output(Command::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "tmpfs"]).arg(&shared));
        if may.is_ok() && ![&out, &programs].iter().any(|folder| folder.starts_with(&shared)) {
            let own = std::env::current_exe().context("this program")?;
            let mut again = Command::new("unshare");
            again.args(["--mount", "sh", "-c", APART, "sh"]).arg(&shared).arg(own);
            return run::run(again.args(["footprint", "--apart", "--out"]).arg(out));
        }
        println!("footprint: what is new in {} is not looked at: it cannot be this run's own", shared.display());
    }
    let logs = out.join("logs");
    let _ = fs::remove_dir_all(&logs);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("tokio")?;
    let result = runtime.block_on(look(&programs, &logs, options.apart));
    runtime.shutdown_background();
    result
}

async fn look(programs: &Path, logs: &Path, apart: bool) -> Result<(), Failure> {
    let mut stage = match Stage::set(programs, Processes::new(logs)?, "race").await {
        Ok(stage) => stage,
        Err((failure, mut processes)) => {
            processes.end().await;
            return Err(format!("{failure}\n{}", processes.tails()).into());
        }
    };
    let result = tokio::select! {
        result = every_way(&mut stage, apart) => result,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    stage.processes.end().await;
    result.map_err(|failure| format!("{failure}\n{}", stage.processes.tails()).into())
}

async fn every_way(stage: &mut Stage, apart: bool) -> Result<(), Failure> {
    let words = Words::new(i18n::Language::Italian);
    let bytes = fs::read(stage.agent_program()).context(program::AGENT)?;
    for way in [Way::Exit, Way::Kill, Way::Interrupt] {
        stage.put_agent(&bytes)?;
        let before = Before::now(stage, apart);
        // Every process that the agent ever was.
        let seen = RefCell::new(BTreeSet::new());
        let folder = stage.client_folder();
        tokio::select! {
            lived = live(stage, &words, way) => lived?,
            found = guard(&folder, &seen) => match found? {},
        }
        until("the last process of the agent to end", PATIENCE, || async {
            Ok(traces::processes(&folder).is_empty().then_some(()))
        })
        .await?;
        let traces = before.traces(stage, &seen.borrow());
        if !traces.is_empty() {
            return Err(format!("after {way:?} this is left:\n  {}", traces.join("\n  ")).into());
        }
        println!("footprint: nothing is left after {way:?}, of {} processes", seen.borrow().len());
    }
    Ok(())
}

/// One life of the agent, to its end.
async fn live(stage: &mut Stage, words: &Words, way: Way) -> Result<(), Failure> {
    stage.start_agent(words)?;
    let person = Person::at(&stage.client, program::AGENT, words).await?;
    person.see(agent::KEY).await?;
    let folder = stage.client_folder();
    until("the agent and its watcher", PATIENCE, || async {
        Ok((traces::processes(&folder).len() == MOST_PROCESSES).then_some(()))
    })
    .await?;
    let id = stage.processes.id(program::AGENT).ok_or("the agent does not run")?;
    match way {
        Way::Exit => person.press(agent::EXIT).await?,
        Way::Kill => signal("KILL", &id.to_string()).await,
        Way::Interrupt => signal("INT", &format!("-{id}")).await,
    }
    stage.processes.ended(program::AGENT, PATIENCE).await?;
    stage.processes.forget(program::AGENT);
    Ok(())
}

/// Looks all the time; returns only when the agent does what it must not.
async fn guard(folder: &Path, seen: &RefCell<BTreeSet<u32>>) -> Result<Infallible, Failure> {
    loop {
        let processes = traces::processes(folder);
        if processes.len() > MOST_PROCESSES {
            return Err(format!("the agent is {} processes", processes.len()).into());
        }
        for process in processes {
            seen.borrow_mut().insert(process);
            if let Some(socket) = traces::listening(process).first() {
                return Err(format!("the agent listens: {socket}").into());
            }
        }
        sleep(PACE).await;
    }
}

/// The machine before the agent starts.
struct Before {
    client: BTreeSet<PathBuf>,
    runtime: BTreeSet<PathBuf>,
    starters: BTreeSet<PathBuf>,
    /// The folders that all programs share, where they are this run's own.
    shared: Option<BTreeSet<PathBuf>>,
}

impl Before {
    fn now(stage: &Stage, apart: bool) -> Self {
        Self {
            client: tree(&stage.client_folder()),
            runtime: tree(&stage.client_runtime()),
            starters: traces::starters(),
            shared: apart.then(|| shared(stage)),
        }
    }

    /// What is there now and was not.
    fn traces(&self, stage: &Stage, processes: &BTreeSet<u32>) -> Vec<String> {
        let mut found = leftovers(&stage.client_folder(), &self.client, &stage.agent_program(), &[]);
        found.extend(tree(&stage.client_runtime()).difference(&self.runtime).cloned());
        found.extend(traces::starters().difference(&self.starters).cloned());
        if let Some(before) = &self.shared {
            found.extend(shared(stage).difference(before).cloned());
        }
        let mut found: Vec<_> = found.into_iter().map(|path| path.display().to_string()).collect();
        found.extend(traces::shared(processes));
        found
    }
}

/// Everything in the folders that all programs share, but for the stage's own.
fn shared(stage: &Stage) -> BTreeSet<PathBuf> {
    let all = [std::env::temp_dir(), "/dev/shm".into()].into_iter().flat_map(|folder| tree(&folder));
    all.filter(|path| !path.starts_with(stage.folder())).collect()
}
