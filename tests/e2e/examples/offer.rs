//! An operator's console without a window, at a relay whose folder is `relay` in the one that is named:
//! prints a session key, and another one for every line that it reads; the one before is withdrawn.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, reason = "a program for tests")]

use console_core::ConsoleHandle;
use console_core::view::{ConsoleCommand, ConsoleView, Stage};
use std::io::BufRead;
use std::path::Path;
use tokio::runtime::Runtime;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let console = e2e::console_in(Path::new(&folder));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut lines = std::io::stdin().lock().lines();
    loop {
        console.send(ConsoleCommand::NewKey);
        let key = shown(&runtime, &console, |view| match &view.stage {
            Stage::Waiting(key) => Some(key.grouped.clone()),
            _ => None,
        });
        println!("{key}");
        if lines.next().is_none() {
            return;
        }
        console.send(ConsoleCommand::CancelKey);
        shown(&runtime, &console, |view| matches!(view.stage, Stage::Idle).then_some(()));
    }
}

fn shown<T>(runtime: &Runtime, console: &ConsoleHandle, look: impl Fn(&ConsoleView) -> Option<T>) -> T {
    let mut views = console.watch();
    runtime.block_on(async {
        loop {
            if let Some(seen) = look(&views.borrow_and_update()) {
                return seen;
            }
            views.changed().await.expect("the console runs");
        }
    })
}
