//! Sizes, durations and times of day as people write them.

use crate::{Arg, I18n};
use std::time::{Duration, SystemTime};

const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];

impl I18n {
    /// A size for people: decimal units, one decimal below ten.
    #[must_use]
    pub fn bytes(&self, bytes: u64) -> String {
        if bytes < 1000 {
            return self.text_with("common-bytes", &[("count", bytes.into())]);
        }
        // Tenths of the next smaller unit, so that no rounding shows "1000 kB".
        let mut tenths = (bytes / 50).div_ceil(2);
        let mut unit = 0;
        while tenths >= 9995 && unit + 1 < UNITS.len() {
            tenths = (tenths / 500).div_ceil(2);
            unit += 1;
        }
        let name = UNITS.get(unit).copied().unwrap_or_default();
        if tenths < 100 && !tenths.is_multiple_of(10) {
            format!("{}{}{} {name}", tenths / 10, self.language().decimal_separator(), tenths % 10)
        } else {
            format!("{} {name}", (tenths + 5) / 10)
        }
    }

    /// A length of time for people, short: `45 s`, `14 min`, `1 h 05 min`.
    #[must_use]
    pub fn duration(&self, duration: Duration) -> String {
        let seconds = duration.as_secs();
        if seconds < 60 {
            return self.text_with("common-seconds", &[("seconds", seconds.into())]);
        }
        let minutes = (seconds + 30) / 60;
        if minutes < 60 {
            return self.text_with("common-minutes", &[("minutes", minutes.into())]);
        }
        let rest = Arg::from(format!("{:02}", minutes % 60));
        self.text_with("common-hours", &[("hours", (minutes / 60).into()), ("minutes", rest)])
    }

    /// A length of time for people in words: `14 minutes`, `less than a minute`.
    #[must_use]
    pub fn duration_in_words(&self, duration: Duration) -> String {
        let minutes = (duration.as_secs() + 30) / 60;
        match minutes {
            0 => self.text("common-less-than-a-minute"),
            1..60 => self.text_with("common-minutes-in-words", &[("minutes", minutes.into())]),
            _ => self.text_with(
                "common-hours-in-words",
                &[("hours", (minutes / 60).into()), ("minutes", (minutes % 60).into())],
            ),
        }
    }

    /// The local time of day, hours and minutes.
    #[must_use]
    pub fn time_of_day(&self, time: SystemTime) -> String {
        let Ok(timestamp) = jiff::Timestamp::try_from(time) else { return String::new() };
        let local = timestamp.to_zoned(jiff::tz::TimeZone::system());
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// The local day and time, alike in every language: years first, so that a column of them reads in order.
    #[must_use]
    pub fn day_and_time(&self, time: SystemTime) -> String {
        let Ok(timestamp) = jiff::Timestamp::try_from(time) else { return String::new() };
        let local = timestamp.to_zoned(jiff::tz::TimeZone::system());
        let (year, month, day) = (local.year(), local.month(), local.day());
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", local.hour(), local.minute())
    }

    /// The local day and time as people say it at this time: today, yesterday, else the date.
    #[must_use]
    pub fn when(&self, time: SystemTime, now: SystemTime) -> String {
        let local = |time| jiff::Timestamp::try_from(time).map(|at| at.to_zoned(jiff::tz::TimeZone::system()));
        let (Ok(local), Ok(today)) = (local(time), local(now)) else { return String::new() };
        let at = [("time", self.time_of_day(time).into())];
        let day = local.date();
        if day == today.date() {
            return self.text_with("common-today", &at);
        }
        if day.tomorrow().is_ok_and(|next| next == today.date()) {
            return self.text_with("common-yesterday", &at);
        }
        let month = self.text(&format!("common-month-{}", local.month()));
        let (day, year) = (local.day().to_string(), local.year().to_string());
        let parts = [("day", day.into()), ("month", month.into()), ("year", year.into())];
        let [time] = at;
        self.text_with("common-day-and-time", &[("date", self.text_with("common-date", &parts).into()), time])
    }

    /// A number with a fixed count of decimals, with the language's decimal sign.
    #[must_use]
    pub fn decimal(&self, number: f64, decimals: usize) -> String {
        format!("{number:.decimals$}").replace('.', &self.language().decimal_separator().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn days_are_said_as_people_say_them() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_797_000_000);
        let day = Duration::from_secs(86_400);
        let rows = [(0, "oggi ", "today "), (1, "ieri ", "yesterday "), (2, "dicembre 2026, ", "December 2026, ")];
        for (days, italian, english) in rows {
            for (language, words) in [(Language::Italian, italian), (Language::English, english)] {
                let said = I18n::new(language).when(now - day * days, now);
                let plain: String = said.chars().filter(|sign| !('\u{2066}'..='\u{2069}').contains(sign)).collect();
                assert!(plain.contains(words), "{plain}");
            }
        }
    }

    #[test]
    fn sizes_are_written_as_people_write_them() {
        let rows = [
            (0, "0 byte", "0 bytes"),
            (1, "1 byte", "1 byte"),
            (999, "999 byte", "999 bytes"),
            (1_000, "1 kB", "1 kB"),
            (1_210_000, "1,2 MB", "1.2 MB"),
            (412_300, "412 kB", "412 kB"),
            (999_999, "1 MB", "1 MB"),
            (2_500_000_000, "2,5 GB", "2.5 GB"),
            (u64::MAX, "18446744 TB", "18446744 TB"),
        ];
        for (bytes, italian, english) in rows {
            assert_eq!(I18n::new(Language::Italian).bytes(bytes), italian);
            assert_eq!(I18n::new(Language::English).bytes(bytes), english);
        }
    }

    #[test]
    fn durations_are_written_as_people_write_them() {
        let rows = [
            (0, "0 s", "meno di un minuto"),
            (59, "59 s", "1 minuto"),
            (60, "1 min", "1 minuto"),
            (845, "14 min", "14 minuti"),
            (3_900, "1 h 05 min", "1 ora e 5 minuti"),
            (7_200, "2 h 00 min", "2 ore"),
        ];
        let i18n = I18n::new(Language::Italian);
        for (seconds, short, words) in rows {
            assert_eq!(i18n.duration(Duration::from_secs(seconds)), short);
            assert_eq!(i18n.duration_in_words(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn decimals_follow_the_language() {
        assert_eq!(I18n::new(Language::Italian).decimal(4.72, 1), "4,7");
        assert_eq!(I18n::new(Language::English).decimal(4.72, 1), "4.7");
    }

    #[test]
    fn a_time_of_day_has_hours_and_minutes() {
        let text = I18n::new(Language::English).time_of_day(SystemTime::UNIX_EPOCH);
        assert_eq!(text.len(), 5);
        assert_eq!(text.find(':'), Some(2));
    }
}
