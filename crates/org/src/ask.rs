//! Asking the person at the terminal: passphrases without echo, and yes or no.

use std::io::{self, BufRead, IsTerminal, Write};
use zeroize::Zeroizing;

/// Whoever answers questions; tests answer for the person.
pub trait Ask {
    /// A passphrase, not shown while it is typed.
    ///
    /// # Errors
    /// [`io::Error`] if there is no terminal.
    fn passphrase(&mut self, question: &str) -> io::Result<Zeroizing<String>>;

    /// One line.
    ///
    /// # Errors
    /// [`io::Error`] if there is no terminal.
    fn line(&mut self, question: &str) -> io::Result<String>;
}

/// The terminal of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal;

impl Ask for Terminal {
    fn passphrase(&mut self, question: &str) -> io::Result<Zeroizing<String>> {
        rpassword::prompt_password(format!("{question} ")).map(Zeroizing::new)
    }

    fn line(&mut self, question: &str) -> io::Result<String> {
        let input = io::stdin();
        if !input.is_terminal() {
            return Err(io::Error::other("the standard input is not a terminal"));
        }
        // Not on the standard output, which may be read by a program.
        let mut output = io::stderr();
        write!(output, "{question} ")?;
        output.flush()?;
        let mut line = String::new();
        input.lock().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}
