//! `ponte-console`: reads the command line, opens the window over the gate and the engine, waits; or serves
//! lines without a window.

use clap::Parser;
use i18n::I18n;
use operator_console::app::{self, ConsoleApp};
use operator_console::cli::{CommandLine, Headless, Instead};
use operator_console::engine::{Several, missing_file};
use operator_console::headless::{self, Ended};
use operator_console::settings::Settings;
use operator_console::signals;
use std::error::Error;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use ui_kit::system_theme;

/// A file that was named is not there.
const CANNOT_START: u8 = 1;
/// No window can be opened.
const NO_WINDOW: u8 = 2;
/// Without a window: nobody takes the output any more.
const OUTPUT_GONE: u8 = 3;

fn main() -> ExitCode {
    let CommandLine { arguments, instead } = CommandLine::parse();
    log_to_stderr();
    if let Some(Instead::Headless(options)) = instead {
        return headless(&options);
    }
    let data = arguments.places().data;
    let chosen = Settings::read(&data);
    let settings = arguments.settings(chosen);
    let language = settings.language.unwrap_or_else(|| arguments.language());
    let i18n = I18n::new(language);
    if let Some(path) = missing_file(&arguments) {
        let sentence = i18n.text_with("console-start-read", &[("path", path.display().to_string().into())]);
        return fail(CANNOT_START, &sentence, "there is no such file");
    }
    let no_window = i18n.text("console-start-no-window");
    let options = app::native_options(&i18n);
    let ran = eframe::run_native(
        app::APP_ID,
        options,
        Box::new(move |creation| {
            app::prepare(&creation.egui_ctx, settings.look.mode());
            let context = creation.egui_ctx.clone();
            let engine = Several::new(&arguments, language, Arc::new(move || context.request_repaint()));
            let (stopped, context) = (Arc::new(AtomicBool::new(false)), creation.egui_ctx.clone());
            let asked = Arc::clone(&stopped);
            let stop = move || {
                asked.store(true, Ordering::Release);
                context.request_repaint();
            };
            if let Err(error) = signals::on_stop(stop) {
                tracing::warn!(%error, "a signal ends the program without a word");
            }
            let app = ConsoleApp::new(engine, i18n).with_settings(settings, data, chosen).stopped_by(stopped);
            Ok(Box::new(app.following(system_theme::follow(&creation.egui_ctx))))
        }),
    );
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(NO_WINDOW, &no_window, &error as &dyn Error),
    }
}

fn headless(options: &Headless) -> ExitCode {
    match headless::run(options) {
        Ended::InOrder => ExitCode::SUCCESS,
        Ended::CannotStart(why) => fail(CANNOT_START, "ponte-console cannot start.", &why),
        Ended::OutputGone => ExitCode::from(OUTPUT_GONE),
    }
}

fn fail(code: u8, sentence: &str, detail: &(impl Display + ?Sized)) -> ExitCode {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{sentence}\n({detail})");
    ExitCode::from(code)
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("PONTE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
