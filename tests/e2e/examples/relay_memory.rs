//! Attacks the memory of the real relay program and prints what each attack cost; `short` for the size
//! that the tests use.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use e2e::attack::{Scale, run};
use e2e::program;

fn main() {
    let short = std::env::args().nth(1).is_some_and(|word| word == "short");
    println!("{}", run(program::relay(), if short { Scale::short() } else { Scale::long() }));
}
