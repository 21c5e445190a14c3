//! The console without its window: commands as JSON lines on the standard input, answers and events on the
//! standard output.
//!
//! What is absent: any power that the window does not have. The person at the other end types the key, sees who
//! asks and says yes or no as ever; nothing here answers for them. Read [`run`], then `operator-console/README.md`.

mod answer;
mod changes;
mod clip;
mod command;
mod desk;
mod lines;
mod marks;
mod moving;
mod names;
mod pending;
mod perform;
mod press;
mod records;
mod state;
mod views;

use crate::cli::Headless;
use crate::engine::{Running, missing_file};
use desk::{Desk, OutputGone};
use lines::Wake;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use zeroize::Zeroizing;

pub use views::Views;

/// The number of this interface: raised when something is renamed or taken away, not when something is added.
pub const INTERFACE: u32 = 1;
/// Lines that wait; then the caller waits.
const WAKES: usize = 64;
/// Most bytes of a file with a password.
const PASSWORD_BYTES: u64 = 4096;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The input ended or said so, and everything was ended in order.
    InOrder,
    /// A file that was named cannot be read; nothing was started.
    CannotStart(String),
    /// Nobody takes the output any more; what ran was ended in order.
    OutputGone,
}

/// Reads commands until they end.
#[must_use]
pub fn run(options: &Headless) -> Ended {
    if let Some(path) = missing_file(&options.arguments) {
        return Ended::CannotStart(format!("there is no file {}", path.display()));
    }
    let password = match options.password_file.as_deref().map(password).transpose() {
        Ok(password) => password,
        Err(error) => return Ended::CannotStart(format!("the file with the password cannot be read: {error}")),
    };
    let (wake, wakes) = sync_channel(WAKES);
    let changed = wake.clone();
    // Where the queue is full the desk looks anyway, after each line.
    let on_change = Arc::new(move || drop(changed.try_send(Wake::Changed)));
    let views = Arc::new(Views::default());
    let language = options.arguments.language();
    let mut running = Running::new(&options.arguments, language, on_change).noted_by(Arc::clone(&views));
    if let Some(logs) = &options.logs {
        running = running.with_logs_in(logs);
    }
    // Whoever stops the program by a signal means the end of the input. A desk that is gone has ended already.
    let end_of_input = wake.clone();
    if let Err(error) = crate::signals::on_stop(move || drop(end_of_input.send(Wake::EndOfInput))) {
        return Ended::CannotStart(format!("no signals: {error}"));
    }
    let reader = std::thread::Builder::new().name("input".to_owned());
    if let Err(error) = reader.spawn(move || lines::read(io::stdin().lock(), &wake)) {
        return Ended::CannotStart(format!("no thread: {error}"));
    }
    let folder = options.arguments.pictures();
    let mut desk = Desk::new(running, views, io::stdout().lock(), password, folder);
    match desk.run(&wakes) {
        Ok(()) => Ended::InOrder,
        Err(OutputGone) => Ended::OutputGone,
    }
}

/// The password in a file, without the end of its line.
fn password(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(PASSWORD_BYTES as usize));
    std::fs::File::open(path)?.take(PASSWORD_BYTES).read_to_string(&mut text)?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
