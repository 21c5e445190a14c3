//! The agent's program: reads the command line, opens the window, waits.

use agent_core::{AgentConfig, origin};
use clap::Parser;
use client_agent::cli::Cli;
use client_agent::technical::TechnicalLog;
use client_agent::{engine, window};
use i18n::I18n;
use std::cell::Cell;
use std::io::Write;
use std::process::ExitCode;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};
use ui_kit::Mode;

/// What is kept for whoever looks into a failure; never content, never secrets.
const TECHNICAL: &str = "warn,agent_core=info,channel=info,link=info,session=info,capture=debug,input=info";

/// Exit code when no window can be opened.
const NO_WINDOW: u8 = 2;

fn main() -> ExitCode {
    if AgentConfig::watch_if_asked() {
        return ExitCode::SUCCESS;
    }
    let cli = Cli::parse();
    let technical = TechnicalLog::default();
    log(&technical);
    let i18n = I18n::new(cli.language());
    let sorry = i18n.text("agent-no-window");
    let removal = AgentConfig::removal();
    let is_open = Cell::new(false);
    let opened = window::run(i18n, Mode::System, origin::watch(), technical, |ctx| {
        is_open.set(true);
        let ctx = ctx.clone();
        engine::start(&cli, removal.clone(), Box::new(move || ctx.request_repaint()))
    });
    if !is_open.get() {
        // Nobody has seen it yet: the program stays, to be started where there is a screen.
        removal.call_off();
    }
    match opened {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "no window");
            let _ = writeln!(std::io::stderr(), "{sorry}");
            ExitCode::from(NO_WINDOW)
        }
    }
}

/// Errors to the standard error; more than that to memory.
fn log(technical: &TechnicalLog) {
    let to_terminal = EnvFilter::try_from_env("PONTE_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    let terminal = fmt::layer().with_writer(std::io::stderr).with_filter(to_terminal);
    let memory = fmt::layer().with_ansi(false).with_writer(technical.clone()).with_filter(EnvFilter::new(TECHNICAL));
    registry().with(terminal).with(memory).init();
}
