//! `cargo xtask portal`: the portal's page in a real browser, against a real relay and a real operator.

use crate::run::{self, Context, Failure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Most that a test file may take, in seconds, where two cores are shared with others.
const MOST_SECONDS: &str = "300";

/// Builds what is needed and runs every test in `tests/portal`.
pub(crate) fn portal() -> Result<(), Failure> {
    let root = run::workspace()?;
    let folder = root.join("tests/portal");
    check_lock(&fs::read_to_string(folder.join("package-lock.json")).context("package-lock.json")?)?;
    for package in [["relay", "--bin", "ponte-relay"], ["e2e", "--example", "offer"]] {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--locked", "--package"]).args(package).current_dir(&root);
        run::run(&mut cargo)?;
    }
    if !is_installed(&folder) {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
        run::run(&mut npm)?;
    }
    let mut node = Command::new("timeout");
    node.args([MOST_SECONDS, "node", "--test"]).args(tests(&folder)?).current_dir(&folder);
    run::run(node.env("PONTE_PROGRAMS", root.join("target/debug")))
}

/// The test files, in the order of their names.
fn tests(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder.join("src")).context("tests/portal/src")?;
    let names = entries.flatten().map(|entry| entry.path());
    let mut tests: Vec<_> = names.filter(|path| path.to_string_lossy().ends_with(".test.js")).collect();
    tests.sort();
    Ok(tests)
}

/// Whether the packages are those of the lock file.
fn is_installed(folder: &Path) -> bool {
    let written = |name: &str| fs::metadata(folder.join(name)).and_then(|metadata| metadata.modified()).ok();
    let (locked, installed) = (written("package-lock.json"), written("node_modules/.package-lock.json"));
    installed.is_some() && installed >= locked
}

/// The lock file pins versions and digests; where packages come from is each machine's own business.
fn check_lock(lock: &str) -> Result<(), Failure> {
    if lock.contains("\"resolved\"") || lock.contains("://") {
        return Err("tests/portal/package-lock.json names a registry: \
                    write it with `npm install --omit-lockfile-registry-resolved`"
            .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_that_names_a_registry_is_refused() {
        assert!(check_lock(r#"{ "version": "1.0.0", "integrity": "sha512-x" }"#).is_ok());
        assert!(check_lock(r#"{ "resolved": "https://registry.example/x.tgz" }"#).is_err());
    }
}
