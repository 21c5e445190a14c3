//! `cargo xtask tidy`: checks what no compiler checks, from the layer table to the first line of each file.

mod layers;
mod source;

mod edges;
mod rules;

use crate::run::{self, Failure};
use source::Source;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that hold nothing that was written by a person; `.git` is a file in a linked work tree.
const SKIPPED: &[&str] = &["target", ".git", "demo-out", "node_modules"];

/// The languages that every text must exist in.
const LANGUAGES: &[&str] = &["en", "it"];

/// Checks the whole workspace and prints one line for each fault.
pub(crate) fn tidy() -> Result<(), Failure> {
    let root = run::workspace()?;
    let metadata = run::output(
        Command::new("cargo").args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(&root),
    )?;
    let metadata = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = edges::packages(&metadata);

    let mut wrong = edges::check_edges(&packages);
    wrong.extend(edges::check_lock(&fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default()));
    wrong.extend(check_languages(&root));

    let mut files = Vec::new();
    collect(&root, &mut files)?;
    for file in &files {
        // What is not text has no rule.
        let Ok(text) = fs::read_to_string(file) else { continue };
        let path = relative(&root, file);
        wrong.extend(rules::check_paths(&path, &text));
        if path.ends_with(".rs") {
            wrong.extend(rules::check_source(&Source::new(&path, package_of(&packages, &path), &text)));
        }
    }
    if wrong.is_empty() {
        println!("tidy: {} packages and {} files are in order", packages.len(), files.len());
        return Ok(());
    }
    for line in &wrong {
        println!("{line}");
    }
    Err(format!("tidy: {} faults", wrong.len()).into())
}

/// Each language has the same files of texts.
fn check_languages(root: &Path) -> Vec<String> {
    let folder = root.join("crates/i18n/locales");
    let names = |language: &str| -> Vec<String> {
        let entries = fs::read_dir(folder.join(language)).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name.ends_with(".ftl"));
        names.sort();
        names
    };
    let first = names(LANGUAGES.first().copied().unwrap_or_default());
    LANGUAGES
        .iter()
        .filter(|language| {
            let own = names(language);
            own.is_empty() || own != first
        })
        .map(|language| {
            format!(
                "crates/i18n/locales/{language}: not the same .ftl files as {}, every text exists in both languages, add what is missing",
                LANGUAGES.join(" and ")
            )
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        // In a second working tree `.git` is a file.
        if SKIPPED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn relative(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned()
}

/// The package whose folder is the deepest around the file.
fn package_of<'a>(packages: &'a [edges::Package], path: &str) -> &'a str {
    packages
        .iter()
        .filter_map(|package| {
            let folder = package.manifest.strip_suffix("Cargo.toml")?;
            path.starts_with(folder).then_some((folder.len(), package.name.as_str()))
        })
        .max()
        .map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_deepest_package_around_it() {
        let package = |name: &str, manifest: &str| edges::Package {
            name: name.into(),
            manifest: manifest.into(),
            ..edges::Package::default()
        };
        let packages = [package("relay", "relay/Cargo.toml"), package("inner", "relay/inner/Cargo.toml")];
        assert_eq!(package_of(&packages, "relay/inner/src/lib.rs"), "inner");
        assert_eq!(package_of(&packages, "relay/src/lib.rs"), "relay");
        assert_eq!(package_of(&packages, "relay-core/src/lib.rs"), "");
    }
}
