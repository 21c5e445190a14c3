//! What the agent needs on a screen of 1920 x 1080, beside an empty window.

use super::figures::{Memory, Usage};
use super::write;
use crate::demo::desktop::Desktop;
use crate::demo::processes::Processes;
use crate::demo::screen::Screen;
use crate::demo::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The screen.
const SIZE: (u16, u16) = (1920, 1080);
/// How often the agent is started.
const STARTS: usize = 5;
/// What a window still does after it has come has been done after this.
const SETTLES: Duration = Duration::from_secs(3);
/// For how long it is looked how much an idle program does.
const IDLE: Duration = Duration::from_secs(10);
/// The time between two looks at a screen that is to change.
const PACE: Duration = Duration::from_millis(4);
/// KiB per MiB.
const MIB: f64 = 1024.0;

/// A place for the programs that are measured. It goes when this is dropped.
struct Bench {
    folder: PathBuf,
    processes: Processes,
}

impl Drop for Bench {
    fn drop(&mut self) {
        // What cannot be removed lies in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Measures `program` and the program file `bare`; logs go to `out`.
pub(super) async fn measure(program: &[u8], bare: &Path, out: &Path) -> Result<Usage, Failure> {
    let folder = std::env::temp_dir().join(format!("ponte-package-{}", std::process::id()));
    let mut bench = Bench { folder, processes: Processes::new(&out.join("logs"))? };
    let result = bench.measure(program, bare).await;
    bench.processes.end().await;
    result.map_err(|failure| format!("{failure}\n{}", bench.processes.tails()).into())
}

impl Bench {
    async fn measure(&mut self, program: &[u8], bare: &Path) -> Result<Usage, Failure> {
        for part in ["home", "tmp"] {
            let part = self.folder.join(part);
            fs::create_dir_all(&part).context(part.display())?;
        }
        let colour = "#6b6f76";
        let desktop =
            Desktop::start("package", SIZE, &self.folder.join("desktop"), colour, &mut self.processes).await?;
        let screen = Screen::new(desktop.connect()?)?;
        let agent = self.folder.join(super::AGENT);
        let mut first_window_ms = Vec::new();
        for start in 1..=STARTS {
            write(&agent, program)?;
            let begin = Instant::now();
            let id = self.start(super::AGENT, &agent, &desktop)?;
            drawn(&screen, id).await?;
            first_window_ms.push(begin.elapsed().as_secs_f64() * 1000.0);
            if start < STARTS {
                self.processes.kill(super::AGENT).await?;
                until("the agent's watcher", PATIENCE, || async { Ok((!agent.exists()).then_some(())) }).await?;
            }
        }
        let bare = self.start(super::BARE, bare, &desktop)?;
        until("the empty window", PATIENCE, || async { Ok((!screen.windows_of(bare)?.is_empty()).then_some(())) })
            .await?;
        let agent = self.id(super::AGENT)?;
        let watcher = child(agent)?;
        sleep(SETTLES).await;
        let before = processor_ns(agent)? + processor_ns(watcher)?;
        let begin = Instant::now();
        sleep(IDLE).await;
        let used_ns = (processor_ns(agent)? + processor_ns(watcher)?).saturating_sub(before);
        let idle_percent = used_ns as f64 / begin.elapsed().as_nanos() as f64 * 100.0;
        let (agent, watcher, bare) = (memory(agent)?, memory(watcher)?, memory(bare)?);
        Ok(Usage { first_window_ms, agent, watcher, bare, idle_percent })
    }

    fn start(&mut self, name: &str, file: &Path, desktop: &Desktop) -> Result<u32, Failure> {
        let mut command = Command::new(file);
        desktop.enter(&mut command);
        let home = self.folder.join("home");
        command.env("HOME", &home).env("TMPDIR", self.folder.join("tmp")).current_dir(home);
        for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            command.env_remove(name);
        }
        self.processes.start(name, command)?;
        self.id(name)
    }

    fn id(&self, name: &str) -> Result<u32, Failure> {
        self.processes.id(name).ok_or_else(|| format!("{name} does not run").into())
    }
}

/// Waits until that process has a visible window with something in it.
async fn drawn(screen: &Screen, process: u32) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if screen.has_drawn(process)? {
            return Ok(());
        }
        sleep(PACE).await;
    }
    Err("the agent's window does not come".into())
}

/// The one child of a process.
fn child(process: u32) -> Result<u32, Failure> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).context("threads")?;
    let lists = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let ids: Vec<u32> =
        lists.flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect();
    match ids[..] {
        [id] => Ok(id),
        _ => Err(format!("the agent has started {} processes", ids.len()).into()),
    }
}

/// The processor time of all threads of a process so far.
fn processor_ns(process: u32) -> Result<u64, Failure> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).context("threads")?;
    // A thread that ends while it is looked at has no file any more.
    let times = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
    Ok(times.filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok()).sum())
}

fn memory(process: u32) -> Result<Memory, Failure> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).context("memory")?;
    let mib = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        kib.map(|kib| kib / MIB).ok_or_else(|| format!("the system does not tell {name}"))
    };
    Ok(Memory { proportional: mib("Pss")?, resident: mib("Rss")? })
}
