//! Shows the pages with sample data: `console-gallery PAGE [it|en] [light|dark] [small]`, to look at them.

#[path = "../tests/common/mod.rs"]
mod common;

use console_core::picture::SharedPictures;
use console_core::proto::session::{Decision, EndReason};
use console_core::view::{ConsoleCommand, ConsoleView, NoticeKind, PowerState, Stage};
use i18n::{I18n, Language};
use operator_console::app::{self, ConsoleApp};
use operator_console::engine::Engine;
use std::time::{Duration, Instant};
use ui_kit::theme::Mode;

/// An engine whose view never changes.
struct Still(ConsoleView, SharedPictures);

impl Engine for Still {
    fn view(&self) -> ConsoleView {
        self.0.clone()
    }
    fn pictures(&self) -> SharedPictures {
        self.1.clone()
    }
    fn send(&mut self, command: ConsoleCommand) {
        tracing::info!(?command);
    }
    fn shutdown(&mut self) {}
}

fn page(name: &str) -> ConsoleView {
    let session = |session| common::view(Stage::Session(Box::new(session)));
    let now = Instant::now();
    match name {
        "key" => common::view(common::waiting(now, Duration::from_secs(552), 3)),
        "tries" => common::view_with_notices(
            common::waiting(now, Duration::from_secs(48), 2),
            &[NoticeKind::WrongTry { tries_left: 2 }],
        ),
        "notices" => common::view_with_notices(Stage::Idle, &[NoticeKind::KeyExpired, NoticeKind::RelayUnreachable]),
        "joining" => common::view(Stage::Joining),
        "busy" => session(common::busy_session()),
        "viewing" => session(common::session(PowerState::Granted, PowerState::Off)),
        "recognise" => {
            let mut view = common::session(PowerState::Off, PowerState::Off);
            view.recognised = false;
            view.system.clear();
            session(view)
        }
        "asked" => session(common::session(PowerState::Asked, PowerState::Off)),
        "refused" => session(common::session(PowerState::Refused(Decision::Denied), PowerState::Off)),
        "down" => {
            let mut view = common::busy_session();
            view.reconnecting = true;
            session(view)
        }
        "ended" => common::view(common::ended(EndReason::ClientEnded)),
        "lost" => common::view(common::ended(EndReason::ConnectionLost)),
        _ => common::view(Stage::Idle),
    }
}

fn main() -> eframe::Result {
    tracing_subscriber::fmt().with_writer(std::io::stderr).without_time().init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let i18n = I18n::new(if has("en") { Language::English } else { Language::Italian });
    let mode = if has("dark") { Mode::Dark } else { Mode::Light };
    let view = page(arguments.first().map_or("home", String::as_str));
    let mut options = app::native_options(&i18n);
    if has("small") {
        options.viewport = options.viewport.with_inner_size(app::SMALLEST_WINDOW);
    }
    eframe::run_native(
        app::APP_ID,
        options,
        Box::new(move |creation| {
            app::prepare(&creation.egui_ctx, mode);
            Ok(Box::new(ConsoleApp::new(Still(view, common::pictures(1280, 800)), i18n)))
        }),
    )
}
