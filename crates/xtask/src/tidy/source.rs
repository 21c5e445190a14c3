//! Rust source as the rules need it: without comments, without texts, without tests.

/// A source file, prepared for the rules.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Path relative to the workspace, with `/`.
    pub(crate) path: String,
    /// The package that it belongs to.
    pub(crate) package: String,
    /// As written.
    pub(crate) text: String,
    /// Comments and literals blanked, lines kept.
    pub(crate) code: String,
}

impl Source {
    /// Prepares one file.
    pub(crate) fn new(path: &str, package: &str, text: &str) -> Self {
        Self { path: path.to_owned(), package: package.to_owned(), text: text.to_owned(), code: code_only(text) }
    }

    /// Whether the whole file belongs to a test.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name == "tests.rs" || self.path.split('/').rev().skip(1).any(|folder| folder == "tests" || folder == "benches")
    }

    /// The code before the file's tests, which stand last.
    pub(crate) fn product(&self) -> &str {
        if self.is_test() { "" } else { &self.code[..tests_begin(&self.code)] }
    }

    /// How many lines the file has before its tests.
    pub(crate) fn product_lines(&self) -> usize {
        self.code[..tests_begin(&self.code)].lines().count()
    }
}

/// Where the module of tests begins; the length of the code if there is none.
fn tests_begin(code: &str) -> usize {
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let at = from + found;
        let after = code[at + "#[cfg(test)]".len()..].trim_start();
        if after.starts_with("mod ") {
            return at;
        }
        from = at + 1;
    }
    code.len()
}

/// Blanks comments, string and character literals; everything keeps its line.
pub(crate) fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(rest, out.chars().next_back()) {
            length
        } else if first == '"' {
            quoted(rest, '"')
        } else if let Some(length) = character(rest) {
            length
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        // A blank keeps the neighbours apart.
        out.push(' ');
        out.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
        rest = &rest[skipped..];
    }
    out
}

/// The length of a block comment, nested ones included.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let here = &text[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a raw string that begins here.
fn raw_string(text: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let hashes = text[prefix.len()..].chars().take_while(|c| *c == '#').count();
    let open = prefix.len() + hashes;
    if !text[open..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    Some(text[open + 1..].find(&close).map_or(text.len(), |end| open + 1 + end + close.len()))
}

/// The length of a literal in quotes, escapes respected.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// The length of a character literal that begins here; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.strip_prefix('\'')?.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        return Some(quoted(text, '\''));
    }
    let (at, second) = chars.next()?;
    (second == '\'').then_some(1 + at + 1)
}

/// Whether `word` stands in `code` as a whole word.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    word_line(code, word).is_some()
}

/// The first line (from 1) where `word` stands as a whole word.
pub(crate) fn word_line(code: &str, word: &str) -> Option<usize> {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .find(|(at, _)| {
            let before = code[..*at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
        })
        .map(|(at, _)| code[..at].matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        for (text, gone, kept) in [
            ("let a = 1; // unsafe\nlet b;", "unsafe", "let b"),
            ("/* unsafe /* static */ mut */ fn f() {}", "unsafe", "fn f()"),
            ("let s = \"unsafe \\\" static\"; g();", "static", "g()"),
            ("let s = r#\"unsafe \" x\"#; g();", "unsafe", "g()"),
            ("let q = '\"'; let s = \"unsafe\"; h::<'a>();", "unsafe", "h::<'a>()"),
            ("let n = '\\''; let t = 'x'; k();", "x", "k()"),
        ] {
            let code = code_only(text);
            assert!(!has_word(&code, gone), "{text}: {code}");
            assert!(code.contains(kept), "{text}: {code}");
            assert_eq!(code.lines().count(), text.lines().count(), "{text}");
        }
    }

    #[test]
    fn words_are_whole_words() {
        assert!(has_word("unsafe { }", "unsafe"));
        assert!(!has_word("#![allow(unsafe_code)]", "unsafe"));
        assert_eq!(word_line("a\nb unsafe", "unsafe"), Some(2));
    }

    #[test]
    fn tests_are_no_product() {
        let source = Source::new("crates/a/src/b.rs", "a", "fn f() {}\n#[cfg(test)]\nmod tests { static A: u8 = 0; }");
        assert_eq!(source.product(), "fn f() {}\n");
        assert_eq!(source.product_lines(), 1);
        let whole = Source::new("crates/a/tests/all.rs", "a", "fn f() {}");
        assert_eq!(whole.product(), "");
    }
}
