//! What the row of a past session says, and in which of them certain words are.

use super::notes::outcome_name;
use crate::words;
use console_core::records::{Outcome, Record};
use i18n::I18n;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What stands in the row of a past session.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) when: String,
    pub(super) lasted: String,
    pub(super) outcome: Option<(Outcome, String)>,
    pub(super) rated: Option<String>,
}

impl Row {
    pub(super) fn of(i18n: &I18n, record: &Record, now: SystemTime) -> Self {
        let kept = &record.kept;
        Self {
            name: name_of(i18n, record),
            when: i18n.when(began(record), now),
            lasted: match kept.lasted_s {
                Some(seconds) => i18n.duration(Duration::from_secs(seconds)),
                None => i18n.text("console-recent-cut"),
            },
            outcome: kept.outcome.map(|outcome| (outcome, i18n.text(outcome_name(outcome)))),
            rated: kept.stars.map(|stars| i18n.text_with("console-ended-stars", &[("stars", u32::from(stars).into())])),
        }
    }
}

/// Whom the operator says it was, else which computer it was.
pub(super) fn name_of(i18n: &I18n, record: &Record) -> String {
    words::person_or_computer(i18n, &record.kept.name, &record.kept.system)
}

fn began(record: &Record) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(record.kept.began_s)
}

/// The records that have certain words; looked for anew only where the words or the records are others, or the rows
/// would say something else. Holds no record: what is erased is gone.
#[derive(Debug, Default)]
pub(super) struct Found {
    records: Option<Weak<[Arc<Record>]>>,
    words: String,
    /// The window's language and today's date: both are in what the rows say.
    said: String,
    /// In the order in which the records are.
    found: Vec<Weak<Record>>,
}

impl Found {
    /// Those that have all of the words that were typed.
    pub(super) fn look(&mut self, i18n: &I18n, records: &Arc<[Arc<Record>]>, typed: &str) -> Vec<Arc<Record>> {
        let now = SystemTime::now();
        let today = i18n.day_and_time(now);
        let said = format!("{} {}", i18n.language().tag(), today.split(' ').next().unwrap_or_default());
        let is_same = self.records.as_ref().is_some_and(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(records)));
        if !is_same || self.words != typed || self.said != said {
            let searched = plain(typed);
            let words: Vec<&str> = searched.split_whitespace().collect();
            let found = records.iter().filter(|record| has_all(i18n, record, now, &words));
            *self = Self {
                records: Some(Arc::downgrade(records)),
                words: typed.to_owned(),
                said,
                found: found.map(Arc::downgrade).collect(),
            };
        }
        self.found.iter().filter_map(Weak::upgrade).collect()
    }
}

/// Whether every word stands in the row, in what is kept, or in the day as figures.
fn has_all(i18n: &I18n, record: &Record, now: SystemTime, words: &[&str]) -> bool {
    if words.is_empty() {
        return true;
    }
    let kept = &record.kept;
    let row = Row::of(i18n, record, now);
    let day = i18n.day_and_time(began(record));
    let outcome = row.outcome.map(|(_, word)| word).unwrap_or_default();
    let rated = row.rated.unwrap_or_default();
    let texts = [&row.name, &row.when, &row.lasted, &outcome, &rated, &day, &kept.notes, &kept.system];
    let all = texts.into_iter().chain(&kept.tags).map(|text| plain(text)).collect::<Vec<_>>().join("\n");
    words.iter().all(|word| all.contains(word))
}

/// In small letters, and without the marks that only say in which direction text runs: nobody types them.
fn plain(text: &str) -> String {
    let is_mark =
        |symbol: &char| matches!(symbol, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.to_lowercase().chars().filter(|symbol| !is_mark(symbol)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use console_core::records::{Kept, RecordId};
    use i18n::Language;

    fn record(began_s: u64, kept: Kept) -> Arc<Record> {
        let id = RecordId::parse(&format!("{began_s:012}-00000001")).unwrap();
        Arc::new(Record { id, kept: Kept { began_s, ..kept } })
    }

    fn names(found: &[Arc<Record>]) -> Vec<&str> {
        found.iter().map(|record| record.kept.name.as_str()).collect()
    }

    #[test]
    fn whatever_stands_in_a_row_finds_it_in_the_language_of_the_window() {
        let now = SystemTime::now();
        let now_s = now.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let named = |name: &str| Kept { name: name.to_owned(), ..Kept::default() };
        let records: Arc<[Arc<Record>]> = [
            record(now_s, Kept { lasted_s: Some(840), stars: Some(4), ..named("Anna \u{2068}Fanti\u{2069}") }),
            record(now_s - 40 * 86_400, Kept { outcome: Some(Outcome::Solved), ..named("Luca Orsi") }),
        ]
        .into();
        for language in Language::ALL {
            let i18n = I18n::new(language);
            for record in records.iter() {
                let row = Row::of(&i18n, record, now);
                let parts =
                    [Some(row.name), Some(row.when), Some(row.lasted), row.outcome.map(|(_, word)| word), row.rated];
                for part in parts.into_iter().flatten() {
                    let found = Found::default().look(&i18n, &records, &part);
                    assert!(found.iter().any(|found| found.id == record.id), "{part:?} finds its row");
                }
            }
        }
        let (english, italian) = (I18n::new(Language::English), I18n::new(Language::Italian));
        let mut found = Found::default();
        assert_eq!(names(&found.look(&english, &records, "today")).len(), 1);
        assert_eq!(names(&found.look(&italian, &records, "today")), [""; 0], "another language says something else");
        assert_eq!(names(&found.look(&italian, &records, "OGGI anna fanti")).len(), 1, "marks are nothing to type");
        let day = italian.day_and_time(began(&records[1]));
        assert_eq!(names(&found.look(&italian, &records, day.split(' ').next().unwrap())), ["Luca Orsi"]);
    }

    #[test]
    fn what_was_found_stays_until_the_records_are_others_and_keeps_nothing_that_is_erased() {
        let i18n = I18n::new(Language::English);
        let named = |name: &str| Kept { name: name.to_owned(), ..Kept::default() };
        let records: Arc<[Arc<Record>]> = [record(2, named("Anna")), record(1, named("Luca"))].into();
        let mut found = Found::default();
        assert_eq!(names(&found.look(&i18n, &records, "anna")), ["Anna"]);
        let fewer: Arc<[Arc<Record>]> = records.iter().skip(1).cloned().collect();
        let erased = Arc::downgrade(&records[0]);
        drop(records);
        assert!(erased.upgrade().is_none(), "what was found holds no record");
        assert_eq!(names(&found.look(&i18n, &fewer, "anna")), [""; 0]);
        assert_eq!(names(&found.look(&i18n, &fewer, "")), ["Luca"]);
    }
}
