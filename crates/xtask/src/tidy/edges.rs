//! The rules on dependencies: layers, absences, reserved and banned crates.

use super::layers::{ABSENCES, BANNED, FREE, RESERVED, Row, TABLE, TEST_HELPERS};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One package of the workspace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its manifest, relative to the workspace.
    pub(crate) manifest: String,
    /// What it uses.
    pub(crate) edges: Vec<Edge>,
}

/// One dependency of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edge {
    /// The name of what is used.
    pub(crate) to: String,
    /// Whether only tests use it.
    pub(crate) test_only: bool,
}

/// Reads the answer of `cargo metadata --no-deps`.
pub(crate) fn packages(metadata: &Value) -> Vec<Package> {
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let list = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|package| {
            let manifest = package["manifest_path"].as_str().unwrap_or_default();
            let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
            Package {
                name: package["name"].as_str().unwrap_or_default().to_owned(),
                manifest: manifest.strip_prefix(root).unwrap_or(manifest).trim_start_matches('/').to_owned(),
                edges: dependencies
                    .iter()
                    .map(|dependency| Edge {
                        to: dependency["name"].as_str().unwrap_or_default().to_owned(),
                        test_only: dependency["kind"] == "dev",
                    })
                    .collect(),
            }
        })
        .collect()
}

/// Everything that is wrong with the packages' dependencies.
pub(crate) fn check_edges(packages: &[Package]) -> Vec<String> {
    let members: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in packages {
        for edge in &package.edges {
            let fault = if members.contains(edge.to.as_str()) {
                check_member(package, edge)
            } else {
                check_reserved(package, edge)
            };
            wrong.extend(fault.map(|fault| format!("{}: {fault}", package.manifest)));
        }
        if find(&package.name).is_none() && !FREE.contains(&package.name.as_str()) {
            wrong.push(format!(
                "{}: package `{}` has no layer, every package has one, add it to the table in xtask's tidy/layers.rs",
                package.manifest, package.name
            ));
        }
    }
    wrong.extend(check_absences(packages));
    wrong
}

fn find(package: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.package == package)
}

fn check_member(package: &Package, edge: &Edge) -> Option<String> {
    let row = find(&package.name)?;
    if edge.test_only && TEST_HELPERS.contains(&edge.to.as_str()) {
        return None;
    }
    let Some(to) = find(&edge.to) else {
        return Some(format!("depends on `{}`, the product does not use automation or tests, remove it", edge.to));
    };
    if to.layer >= row.layer {
        return Some(format!(
            "depends on `{}` (layer {}) from layer {}, edges only go down, move the shared part lower",
            edge.to, to.layer, row.layer
        ));
    }
    if !edge.test_only && !row.may_use.contains(&edge.to.as_str()) {
        return Some(format!(
            "depends on `{}`, the layer table allows only [{}], use those or change the table with a reason",
            edge.to,
            row.may_use.join(", ")
        ));
    }
    None
}

fn check_reserved(package: &Package, edge: &Edge) -> Option<String> {
    let reserved = RESERVED.iter().find(|reserved| reserved.crates.contains(&edge.to.as_str()))?;
    if reserved.only_in.contains(&package.name.as_str()) {
        return None;
    }
    Some(format!("depends on `{}`, {}, only {} may", edge.to, reserved.why, reserved.only_in.join(", ")))
}

fn check_absences(packages: &[Package]) -> Vec<String> {
    let by_name: BTreeMap<&str, &Package> = packages.iter().map(|package| (package.name.as_str(), package)).collect();
    let mut wrong = Vec::new();
    for absence in ABSENCES {
        for start in absence.packages.iter().filter_map(|name| by_name.get(name)) {
            for never in absence.never {
                if let Some(way) = way_to(&by_name, start, never) {
                    wrong
                        .push(format!("{}: reaches `{never}` by {way}, {}, cut that way", start.manifest, absence.why));
                }
            }
        }
    }
    wrong
}

/// The way over normal dependencies from a package to another, as "a > b > c".
fn way_to(packages: &BTreeMap<&str, &Package>, start: &Package, goal: &str) -> Option<String> {
    let mut seen = BTreeSet::from([start.name.as_str()]);
    let mut open = vec![(start, start.name.clone())];
    while let Some((package, way)) = open.pop() {
        for edge in package.edges.iter().filter(|edge| !edge.test_only) {
            let way = format!("{way} > {}", edge.to);
            if edge.to == goal {
                return Some(way);
            }
            if let Some(next) = packages.get(edge.to.as_str())
                && seen.insert(&next.name)
            {
                open.push((next, way));
            }
        }
    }
    None
}

/// Banned crates in the lock file.
pub(crate) fn check_lock(lock: &str) -> Vec<String> {
    BANNED
        .iter()
        .filter(|(name, _)| lock.lines().any(|line| line == format!("name = \"{name}\"")))
        .map(|(name, why)| {
            format!("Cargo.lock: `{name}` is in the build, {why}, find it with `cargo tree -i {name}` and turn it off")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, uses: &[&str], tests_use: &[&str]) -> Package {
        let edge = |test_only| move |to: &&str| Edge { to: (*to).to_owned(), test_only };
        Package {
            name: name.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            edges: uses.iter().map(edge(false)).chain(tests_use.iter().map(edge(true))).collect(),
        }
    }

    fn check(packages: &[Package], expected: &[&str]) {
        let found = check_edges(packages);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (line, part) in found.iter().zip(expected) {
            assert!(line.contains(part), "{line} has no {part}");
        }
    }

    #[test]
    fn the_table_itself_only_goes_down() {
        for row in TABLE {
            for used in row.may_use {
                let lower = find(used).map(|lower| lower.layer);
                assert!(lower.is_some_and(|layer| layer < row.layer), "{} > {used}", row.package);
            }
        }
    }

    #[test]
    fn allowed_edges_pass() {
        check(
            &[
                package("proto", &["serde", "bincode"], &[]),
                package("consent", &["proto"], &["testkit"]),
                package("testkit", &["proto"], &[]),
            ],
            &[],
        );
    }

    #[test]
    fn an_edge_that_goes_up_fails() {
        check(&[package("proto", &["consent"], &[]), package("consent", &[], &[])], &["edges only go down"]);
    }

    #[test]
    fn an_edge_that_is_not_in_the_table_fails_but_tests_may_use_what_is_lower() {
        let lower = package("pairing", &[], &[]);
        check(&[package("capture", &["pairing"], &[]), lower.clone()], &["the layer table allows only"]);
        check(&[package("capture", &[], &["pairing"]), lower], &[]);
    }

    #[test]
    fn the_product_does_not_use_automation() {
        check(&[package("proto", &["testkit"], &[]), package("testkit", &[], &[])], &["automation or tests"]);
    }

    #[test]
    fn a_package_without_a_layer_fails() {
        check(&[package("news", &[], &[])], &["has no layer"]);
    }

    #[test]
    fn the_relay_cannot_reach_the_secret_by_a_detour() {
        check(
            &[
                package("relay", &["link"], &[]),
                package("link", &["proto"], &[]),
                package("proto", &["pairing"], &[]),
                package("pairing", &[], &[]),
            ],
            &["edges only go down", "relay > link > proto > pairing"],
        );
    }

    #[test]
    fn reserved_crates_stay_in_their_place() {
        check(&[package("agent-core", &["egui"], &[])], &["without a window"]);
        check(&[package("ui-kit", &["egui"], &[])], &[]);
        check(&[package("relay", &["rusqlite"], &[])], &["SQL"]);
        check(&[package("link", &["bincode"], &[])], &["encoding"]);
    }

    #[test]
    fn banned_crates_are_found_by_their_whole_name() {
        assert_eq!(check_lock("[[package]]\nname = \"openssl\"\n").len(), 1);
        assert!(check_lock("[[package]]\nname = \"openssl-probe\"\n").is_empty());
    }
}
