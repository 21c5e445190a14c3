//! From the key's entry to the first picture, through the real engines and the real relay, with a
//! person who answers at once.

use crate::Failure;
use crate::ends::now_s;
use crate::path::progress;
use crate::relay_process::RelayProcess;
use crate::report::{Report, names};
use agent_core::view::{AgentCommand, Page};
use agent_core::{AgentConfig, AgentHandle, Choice, Dialing, LinkKind, Platform, Proxies};
use capture::fake::FakeDesktop;
use console_core::view::{ConsoleCommand, Stage};
use console_core::{ConsoleConfig, ConsoleHandle};
use host::Removal;
use host::fake::{FakeMachine, FakeProgram, FakeShells};
use identity::{Organisation, Seed};
use input::fake::FakeInjector;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::{Conditions, PathEmulator};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::timeout;

/// No step takes longer on the slowest machine.
const STEP: Duration = Duration::from_secs(30);
/// Width and height of the painted desktop, as those of the demo's display.
const PAINTED: (u32, u32) = (1280, 800);
/// What happens by chance on a path comes from this.
const SEED: u64 = 4711;

/// What is compared: figure, way, and the round trip between each end and the relay.
const CASES: [(&str, LinkKind, Duration); 4] = [
    (names::NEAR, LinkKind::Quic, Duration::ZERO),
    (names::NEAR, LinkKind::Tls, Duration::ZERO),
    (names::FAR, LinkKind::Quic, Duration::from_millis(80)),
    (names::FAR, LinkKind::Tls, Duration::from_millis(80)),
];

/// Adds the figures of both ways, near and far, in interleaved rounds.
pub(crate) fn measure(runtime: &Runtime, rounds: usize, display: bool, report: &mut Report) {
    let mut samples = [const { Vec::new() }; CASES.len()];
    for round in 1..=rounds {
        for ((name, kind, round_trip), samples) in CASES.iter().zip(&mut samples) {
            let sample = once(runtime, *kind, *round_trip, display);
            if let Err(failure) = &sample {
                report.failures.push(format!("{name}, {}, round {round}: {failure}", way(*kind)));
            }
            samples.push(sample.ok());
        }
        progress(format_args!("first pictures {round} of {rounds}"));
    }
    for ((name, kind, _), samples) in CASES.iter().zip(samples) {
        report.add(name, way(*kind), "ms", samples);
    }
    report.compare((names::NEAR, names::TLS), (names::NEAR, names::QUIC));
    report.compare((names::FAR, names::TLS), (names::FAR, names::QUIC));
}

const fn way(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Quic => names::QUIC,
        LinkKind::Tls => names::TLS,
    }
}

/// Milliseconds of one session from the key to the picture. The relay is a new one each time: one
/// that saw many keys in short time would ask for work.
fn once(runtime: &Runtime, kind: LinkKind, round_trip: Duration, display: bool) -> Result<f64, Failure> {
    let mut relay = runtime.block_on(RelayProcess::start("bench"))?;
    let conditions = Conditions { delay: round_trip / 2, ..Conditions::default() };
    let lay = || runtime.block_on(PathEmulator::start(relay.process().address, SEED, conditions.clone()));
    let (to_agent, to_console) = (lay()?, lay()?);
    let folder = tempfile::tempdir()?;
    let result = (|| {
        let console = console(&relay, &to_console, kind)?;
        let agent = agent(&relay, &to_agent, kind, folder.path(), display)?;
        session(runtime, &agent, &console)
    })();
    runtime.block_on(relay.kill())?;
    let _inside = runtime.enter();
    drop((to_agent, to_console));
    result
}

fn session(runtime: &Runtime, agent: &AgentHandle, console: &ConsoleHandle) -> Result<f64, Failure> {
    console.send(ConsoleCommand::NewKey);
    let key = shows(runtime, console.watch(), "a key", |view| match &view.stage {
        Stage::Waiting(key) => Some(key.grouped.clone()),
        _ => None,
    })?;
    let begin = Instant::now();
    agent.send(AgentCommand::SubmitKey(key));
    shows(runtime, agent.watch(), "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()))?;
    agent.send(AgentCommand::RecogniseOperator(true));
    shows(runtime, agent.watch(), "the terms", |view| matches!(view.page, Page::Terms { .. }).then_some(()))?;
    agent.send(AgentCommand::AcceptTerms(true));
    let share = shows(runtime, agent.watch(), "what to share", |view| match &view.page {
        Page::Share { choices, .. } => choices.monitors.first().map(|first| first.share),
        _ => None,
    })?;
    agent.send(AgentCommand::Share(share));
    let question = shows(runtime, agent.watch(), "the question for the screen", |view| match &view.page {
        Page::Question(question) => Some(question.id),
        _ => None,
    })?;
    agent.send(AgentCommand::QuestionShown(question));
    agent.send(AgentCommand::Answer(question, true));
    shows(runtime, console.watch(), "a picture", |view| match &view.stage {
        Stage::Session(session) => (session.pictures > 0).then_some(()),
        _ => None,
    })?;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

/// Waits until a view gives something.
fn shows<V, T>(
    runtime: &Runtime,
    mut view: watch::Receiver<V>,
    what: &str,
    mut look: impl FnMut(&V) -> Option<T>,
) -> Result<T, Failure> {
    let seen = async {
        loop {
            if let Some(seen) = look(&view.borrow_and_update()) {
                return Ok(seen);
            }
            view.changed().await.map_err(|_| format!("the program ended before it showed {what}"))?;
        }
    };
    let seen: Result<T, String> = runtime
        .block_on(async { timeout(STEP, seen).await })
        .map_err(|_| format!("{what} was not shown within {} s", STEP.as_secs()))?;
    Ok(seen?)
}

fn console(relay: &RelayProcess, path: &PathEmulator, kind: LinkKind) -> Result<ConsoleHandle, Failure> {
    let operator = testkit::signed_in(&relay.file("operator.ponte-vault")?);
    let mut config = ConsoleConfig::open(&operator, &organisation(relay, path)?, now_s())?;
    config.logs_folder = std::env::temp_dir();
    config.choice = Choice::Only(kind);
    config.dialing = dialing();
    Ok(ConsoleHandle::start(config, Box::new(|| {}))?)
}

fn agent(
    relay: &RelayProcess,
    path: &PathEmulator,
    kind: LinkKind,
    folder: &Path,
    display: bool,
) -> Result<AgentHandle, Failure> {
    let program = folder.join("ponte-agent");
    std::fs::write(&program, "a program")?;
    let painted = FakeDesktop::new(PAINTED.0, PAINTED.1);
    let platform = Platform {
        desktop: if display {
            Box::new(capture::open_desktop)
        } else {
            Box::new(move || Ok(Box::new(painted.clone())))
        },
        injector: Box::new(|| Ok(Box::new(FakeInjector::new().0))),
        folders: host::KnownFolders::default(),
        downloads: folder.into(),
        home: folder.into(),
        system: "bench".into(),
        machine: Arc::new(FakeMachine::default()),
        shells: Arc::new(FakeShells::default()),
        removal: Removal::of(program, Box::new(FakeProgram::default())),
    };
    let config = AgentConfig {
        organisation: Some(Arc::new(Organisation::open(&organisation(relay, path)?, now_s())?)),
        organisation_verified: true,
        asks_for_domain: false,
        site: Arc::new(agent_core::Site::of),
        language: "en".into(),
        choice: Choice::Only(kind),
        dialing: dialing(),
        build: "bench".into(),
        check_word: Arc::new(|number| number.to_string()),
        log_words: Arc::new(testkit::PlainWords),
        platform,
    };
    Ok(AgentHandle::start(config, Box::new(|| {}))?)
}

/// Not with the proxies of the machine that this runs on.
fn dialing() -> Dialing {
    Dialing { proxies: Proxies::None, ..Dialing::default() }
}

/// The relay's organisation file with the path in place of the relay, signed again with the
/// throw-away root that lies beside it.
fn organisation(relay: &RelayProcess, path: &PathEmulator) -> Result<Vec<u8>, Failure> {
    let root: [u8; 32] = relay.file("root.seed")?.try_into().map_err(|_| "the root's key has not 32 bytes")?;
    let mut file = Organisation::open(&relay.file("organisation.ponte")?, now_s())?.file().clone();
    for node in &mut file.relay.nodes {
        node.host = path.address().ip().to_string();
        node.port = path.address().port();
    }
    Ok(file.sign(&Seed::new(root))?)
}
