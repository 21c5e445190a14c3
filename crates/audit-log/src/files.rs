//! The list of files behind one entry of the log: of each its digest, its size and its name.

use crate::Hex;

/// Longest list, in bytes as it stands in a line of the log.
const MOST_BYTES: usize = 3000;
/// Longest name in it, in bytes as it stands in a line of the log; what is longer is cut.
const MOST_NAME_BYTES: usize = 1000;

/// What stands between two files: paths have no empty names, so it is in none of them.
const BETWEEN: &str = " // ";

/// Files that moved, until they are written down together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilesList {
    text: String,
    /// How long the text is within JSON.
    written_bytes: usize,
    files: u32,
    size_bytes: u64,
}

impl FilesList {
    /// Adds a file with a name that is safe to show.
    pub fn add(&mut self, name: &str, size_bytes: u64, blake3: [u8; 32]) {
        let mut cut = 0;
        let kept = name.char_indices().take_while(|(_, c)| {
            cut += written(*c);
            cut <= MOST_NAME_BYTES
        });
        let name: String = kept.map(|(_, c)| if c.is_control() { ' ' } else { c }).collect();
        let top = if name.starts_with('/') { "/" } else { "" };
        let name = name.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        if !self.text.is_empty() {
            self.text.push_str(BETWEEN);
        }
        let before = self.text.len();
        self.text.push_str(&format!("{} {size_bytes} {top}{name}", Hex(blake3)));
        self.written_bytes +=
            BETWEEN.len() + self.text.get(before..).unwrap_or_default().chars().map(written).sum::<usize>();
        self.files += 1;
        self.size_bytes = self.size_bytes.saturating_add(size_bytes);
    }

    /// Whether another file might not find room any more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.written_bytes + MOST_NAME_BYTES + 100 > MOST_BYTES
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files == 0
    }

    /// How many files are in it, and their size in bytes.
    #[must_use]
    pub fn totals(&self) -> (u32, u64) {
        (self.files, self.size_bytes)
    }

    /// The list.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Digest and size in bytes of each file of such a list; none if it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Vec<([u8; 32], u64)>> {
        let file = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let digest = parts.next()?.parse::<Hex<32>>().ok()?;
            let size_bytes = parts.next()?.parse().ok()?;
            parts.next().map(|_| (digest.0, size_bytes))
        };
        text.split(BETWEEN).map(file).collect()
    }
}

/// How many bytes a character takes within JSON.
const fn written(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        c if c.is_ascii_control() => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_worst_names_fits_into_a_line_of_the_log() {
        let mut list = FilesList::default();
        while !list.is_full() {
            list.add(&"\"".repeat(2000), u64::MAX, [255; 32]);
        }
        assert!(serde_json::to_string(list.as_str()).unwrap().len() <= MOST_BYTES);
        let (files, _) = list.totals();
        assert_eq!(FilesList::parse(list.as_str()).unwrap(), vec![([255; 32], u64::MAX); files as usize]);
    }

    #[test]
    fn a_path_from_the_top_stays_one_and_is_never_what_stands_between_two_files() {
        let mut list = FilesList::default();
        for name in ["/home/anna/a.pdf", "/ // /", "//", "/"] {
            list.add(name, 7, [1; 32]);
        }
        assert!(list.as_str().contains(" 7 /home/anna/a.pdf // "));
        assert_eq!(FilesList::parse(list.as_str()).map(|files| files.len()), Some(4));
    }

    #[test]
    fn short_names_share_one_entry() {
        let mut list = FilesList::default();
        for number in 0..15 {
            assert!(!list.is_full());
            list.add(&format!("photo \n{number}.jpg"), 7, [1; 32]);
        }
        assert_eq!(list.totals(), (15, 105));
        assert_eq!(FilesList::parse(list.as_str()).map(|files| files.len()), Some(15));
        assert_eq!(FilesList::parse("no list"), None);
    }
}
