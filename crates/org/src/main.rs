//! The organisation's command: parses, asks, answers.

use clap::Parser;
use i18n::I18n;
use org::{Cli, Terminal, language, present, run};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let words = I18n::new(language(&cli.common));
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let result = run(&cli, now_s, &words, &mut Terminal);
    let (out, error, code) = present(&result, cli.common.json, &words);
    // Nobody is left to be told if these fail.
    if !out.is_empty() {
        let _ = writeln!(io::stdout(), "{}", out.trim_end());
    }
    if !error.is_empty() {
        let _ = writeln!(io::stderr(), "{error}");
    }
    ExitCode::from(code)
}
