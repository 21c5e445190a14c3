//! `cargo xtask test`: everything that must hold, the fast checks first.

use crate::demo;
use crate::footprint;
use crate::fuzz;
use crate::portal;
use crate::run::{self, Failure, Steps};
use crate::{setup, tidy, walk};
use std::process::Command;

/// Runs every check; the first that fails ends it.
pub(crate) fn test() -> Result<(), Failure> {
    let root = run::workspace()?;
    let out = root.join("target/demo");
    let cargo = |args: &[&str]| {
        let mut command = Command::new("cargo");
        // Tests that need a screen make their own; none may appear on this one.
        command.args(args).current_dir(&root).env("LIBGL_ALWAYS_SOFTWARE", "1");
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "AT_SPI_BUS_ADDRESS"] {
            command.env_remove(name);
        }
        command
    };
    let mut steps = Steps::default();
    steps.step("setup", setup::setup)?;
    steps.step("tidy", tidy::tidy)?;
    if has(&mut cargo(&["fmt", "--version"])) {
        steps.step("format", || run::run(&mut cargo(&["fmt", "--all", "--check"])))?;
    } else {
        println!("\n== format: rustfmt is not installed, not checked");
    }
    if has(&mut cargo(&["clippy", "--version"])) {
        steps.step("clippy", || {
            run::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
        })?;
    } else {
        println!("\n== clippy: is not installed, not checked");
    }
    steps.step("tests", || run::run(&mut cargo(&["test", "--workspace", "--locked"])))?;
    steps.step("portal", portal::portal)?;
    steps.step("fuzz", || fuzz::fuzz(&fuzz::Options::for_test()))?;
    steps.step("footprint", || footprint::footprint(&footprint::Options::for_test()))?;
    steps.step("walk", walk::walk)?;
    steps.step("demo", || demo::demo(&demo::Options::for_test(out)))?;
    println!("\n{}", steps.summary());
    Ok(())
}

fn has(command: &mut Command) -> bool {
    run::output(command).is_ok()
}
