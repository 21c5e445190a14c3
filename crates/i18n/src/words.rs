//! Words that two people read to each other to know that nobody stands in between.

use crate::Language;

/// How many words each language has.
pub const WORD_COUNT: usize = 256;

const ITALIAN: &str = include_str!("../words_it.txt");
const ENGLISH: &str = include_str!("../words_en.txt");

/// Word `number` (modulo [`WORD_COUNT`]) of a language. The same number is another word in another
/// language: both ends must name the same language.
#[must_use]
pub fn check_word(number: u32, language: Language) -> &'static str {
    let words = match language {
        Language::Italian => ITALIAN,
        Language::English => ENGLISH,
    };
    words.lines().nth(number as usize % WORD_COUNT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levenshtein's distance: the fewest letters to add, drop or replace.
    fn distance(one: &str, other: &str) -> usize {
        let mut previous: Vec<usize> = (0..=other.len()).collect();
        for (row, left) in one.bytes().enumerate() {
            let mut current = vec![row + 1];
            for (column, right) in other.bytes().enumerate() {
                let replaced = previous[column] + usize::from(left != right);
                current.push(replaced.min(previous[column + 1] + 1).min(current[column] + 1));
            }
            previous = current;
        }
        previous[other.len()]
    }

    #[test]
    fn every_list_has_256_plain_words_that_are_not_mistaken_for_each_other() {
        for list in [ITALIAN, ENGLISH] {
            let words: Vec<&str> = list.lines().collect();
            assert_eq!(words.len(), WORD_COUNT);
            for (at, word) in words.iter().enumerate() {
                assert!(word.len() >= 4 && word.bytes().all(|letter| letter.is_ascii_lowercase()), "{word}");
                for other in &words[..at] {
                    assert!(distance(word, other) >= 3, "{word} and {other}");
                }
            }
        }
    }

    #[test]
    fn every_number_has_a_word() {
        assert_eq!(check_word(0, Language::Italian), check_word(256, Language::Italian));
        assert_ne!(check_word(u32::MAX, Language::English), "");
    }
}
