//! The rules on single files: what each must have and must not have.

use super::layers::UNSAFE_ALLOWED;
use super::source::{Source, has_word, word_line};

/// The most lines that a file may have before its tests.
const MOST_LINES: usize = 600;

/// What gives a `static` state that changes.
const MUTABLE: &[&str] =
    &["Mutex", "RwLock", "OnceLock", "OnceCell", "LazyLock", "LazyCell", "Lazy", "Cell", "RefCell", "UnsafeCell"];

/// Everything that is wrong with one Rust file; each `path: what, why, what to do`.
pub(crate) fn check_source(source: &Source) -> Vec<String> {
    [first_line(source), length(source), unsafe_code(source), statics(source), systems(source), encoding(source)]
        .into_iter()
        .flatten()
        .map(|what| format!("{}: {what}", source.path))
        .collect()
}

fn first_line(source: &Source) -> Option<String> {
    let documented = source.text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 8);
    (!documented).then(|| {
        "no module doc on the first line, a reader must learn what the file is for, begin it with `//! ...`".into()
    })
}

fn length(source: &Source) -> Option<String> {
    let lines = source.product_lines();
    (lines > MOST_LINES).then(|| {
        format!("{lines} lines without tests, more than {MOST_LINES} cannot be read at once, split it by its jobs")
    })
}

fn unsafe_code(source: &Source) -> Option<String> {
    if UNSAFE_ALLOWED.contains(&source.package.as_str()) {
        return None;
    }
    let line = word_line(&source.code, "unsafe")?;
    Some(format!(
        "`unsafe` on line {line}, only capture, input and host may hold it, use or write a safe function there"
    ))
}

fn statics(source: &Source) -> Option<String> {
    let code = source.product();
    if has_word(code, "thread_local") {
        return Some("`thread_local!`, state must belong to a handle, pass it as an argument".into());
    }
    let changes = code.match_indices("static ").find_map(|(at, _)| {
        let before = code[..at].chars().next_back();
        // `'static ` is a lifetime, `xstatic ` another word.
        if before.is_some_and(|c| c == '\'' || c.is_alphanumeric() || c == '_') {
            return None;
        }
        let declaration = code[at..].split(['=', ';']).next().unwrap_or_default();
        let mutable = declaration.starts_with("static mut ")
            || MUTABLE.iter().any(|kind| has_word(declaration, kind))
            || declaration.contains("Atomic");
        mutable.then(|| code[..at].matches('\n').count() + 1)
    })?;
    Some(format!("a static that changes on line {changes}, there is no global state here, give it to a handle"))
}

fn systems(source: &Source) -> Option<String> {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    if matches!(name, "mod.rs" | "lib.rs") {
        return None;
    }
    let line = word_line(&source.code, "target_os")?;
    Some(format!(
        "`cfg(target_os)` on line {line}, systems are told apart in one place, move the choice to the mod.rs or lib.rs that picks the file"
    ))
}

fn encoding(source: &Source) -> Option<String> {
    if source.package == "proto" {
        return None;
    }
    let line = word_line(&source.code, "bincode")?;
    Some(format!("`bincode` on line {line}, only proto knows the encoding, use its functions"))
}

/// Paths of one machine in a text file; each `path: what, why, what to do`.
pub(crate) fn check_paths(path: &str, text: &str) -> Vec<String> {
    let needles = ["work", "root"].map(|folder| format!("/{folder}/"));
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for needle in &needles {
            let absolute = line.match_indices(needle).any(|(at, _)| {
                !line[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "._-/}*~".contains(c))
            });
            if absolute {
                wrong.push(format!(
                    "{path}: `{needle}` on line {}, that folder is on one machine only, use a relative path",
                    number + 1
                ));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, package: &str, text: &str, expected: &str) {
        let found = check_source(&Source::new(path, package, text));
        if expected.is_empty() {
            assert!(found.is_empty(), "{text}: {found:?}");
        } else {
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains(expected), "{text}: {found:?}");
            assert_eq!(found[0].split(": ").next(), Some(path));
        }
    }

    #[test]
    fn each_rule_finds_its_fault_and_nothing_else() {
        for (path, package, text, expected) in [
            ("a/src/x.rs", "a", "//! What x is.\nfn f() {}", ""),
            ("a/src/x.rs", "a", "fn f() {}", "module doc"),
            ("a/src/x.rs", "a", "//!\nfn f() {}", "module doc"),
            ("a/src/x.rs", "a", "//! What x is.\nfn f() { unsafe { g() } }", "`unsafe` on line 2"),
            ("a/src/x.rs", "capture", "//! What x is.\nfn f() { unsafe { g() } }", ""),
            ("a/src/x.rs", "a", "//! What x is.\n#![allow(unsafe_code)]", ""),
            ("a/src/x.rs", "a", "//! What x is.\nstatic A: Mutex<u8> = Mutex::new(0);", "static that changes"),
            ("a/src/x.rs", "a", "//! What x is.\nstatic A: AtomicU8 = AtomicU8::new(0);", "static that changes"),
            ("a/src/x.rs", "a", "//! What x is.\nstatic mut A: u8 = 0;", "static that changes"),
            ("a/src/x.rs", "a", "//! What x is.\nstatic A: &str = \"Mutex\";", ""),
            ("a/src/x.rs", "a", "//! What x is.\nfn f(m: &'static Mutex<u8>) {}", ""),
            ("a/src/x.rs", "a", "//! What x is.\nthread_local! { }", "thread_local"),
            ("a/src/x.rs", "a", "//! What x is.\n#[cfg(test)]\nmod t { static A: Mutex<u8> = Mutex::new(0); }", ""),
            ("a/src/x.rs", "a", "//! What x is.\n#[cfg(target_os = \"linux\")]\nfn f() {}", "target_os"),
            ("a/src/mod.rs", "a", "//! What it is.\n#[cfg(target_os = \"linux\")]\nfn f() {}", ""),
            ("a/src/x.rs", "a", "//! What x is.\nuse bincode::Options;", "bincode"),
            ("proto/src/x.rs", "proto", "//! What x is.\nuse bincode::Options;", ""),
        ] {
            check(path, package, text, expected);
        }
    }

    #[test]
    fn a_file_may_have_600_lines() {
        let file = |lines: usize| format!("//! What x is.\n{}", "fn f() {}\n".repeat(lines - 1));
        check("a/src/x.rs", "a", &file(600), "");
        check("a/src/x.rs", "a", &file(601), "601 lines");
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        let (work, root) = (["", "work", "x"].join("/"), ["", "root", ".cargo"].join("/"));
        assert_eq!(check_paths("README.md", &format!("see {work}")).len(), 1);
        assert_eq!(check_paths("README.md", &format!("ok\nsee `{root}`")).len(), 1);
        assert!(check_paths("README.md", &format!("net{work} and org{root}")).is_empty());
    }
}
