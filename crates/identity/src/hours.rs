//! When an operator may work: hours of weekdays in the organisation's time zone.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    /// All of them, from Monday on.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    const fn of(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

/// The same hours on some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// On which days they begin.
    pub days: Vec<Day>,
    /// The first minute, counted from midnight.
    pub from_minute: u16,
    /// The first minute after, counted from midnight; not later than `from_minute`: until that minute of
    /// the next day.
    pub to_minute: u16,
}

impl Hours {
    /// Whether this minute of this day is inside.
    fn holds(&self, day: Day, day_before: Day, minute: u16) -> bool {
        let on = |day| self.days.contains(&day);
        if self.from_minute < self.to_minute {
            on(day) && (self.from_minute..self.to_minute).contains(&minute)
        } else {
            on(day) && minute >= self.from_minute || on(day_before) && minute < self.to_minute
        }
    }
}

/// Whether this is a time zone that everybody who checks hours knows: those of the IANA database that
/// comes with this program, whatever the system has.
#[must_use]
pub fn is_time_zone(name: &str) -> bool {
    time_zone(name).is_some()
}

fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// Whether this moment (seconds since 1970) is inside any of these hours in this zone.
pub(crate) fn is_open(hours: &[Hours], now_s: u64, zone: &str) -> bool {
    let Some(zone) = time_zone(zone) else { return false };
    let Some(now) = i64::try_from(now_s).ok().and_then(|seconds| Timestamp::from_second(seconds).ok()) else {
        return false;
    };
    let now = now.to_zoned(zone);
    let minute = u16::from(now.hour().unsigned_abs()) * 60 + u16::from(now.minute().unsigned_abs());
    let (day, before) = (Day::of(now.weekday()), Day::of(now.weekday().previous()));
    hours.iter().any(|hours| hours.holds(day, before, minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_those_of_the_organisations_clock() {
        let office = Hours { days: Day::ALL[..5].to_vec(), from_minute: 8 * 60, to_minute: 18 * 60 };
        let night = Hours { days: vec![Day::Fri], from_minute: 22 * 60, to_minute: 6 * 60 };
        for (what, hours, zone, at, open) in [
            ("winter, 8 in Rome", &office, "Europe/Rome", "2026-01-12T07:00:00Z", true),
            ("a minute before", &office, "Europe/Rome", "2026-01-12T06:59:59Z", false),
            ("summer, 8 in Rome", &office, "Europe/Rome", "2026-07-13T06:00:00Z", true),
            ("18 is over", &office, "Europe/Rome", "2026-07-13T16:00:00Z", false),
            ("the same moment elsewhere", &office, "UTC", "2026-07-13T16:00:00Z", true),
            ("Saturday", &office, "Europe/Rome", "2026-01-17T10:00:00Z", false),
            ("Friday night", &night, "UTC", "2026-01-16T22:00:00Z", true),
            ("the morning after", &night, "UTC", "2026-01-17T05:59:00Z", true),
            ("the next night", &night, "UTC", "2026-01-17T22:00:00Z", false),
            ("the morning before", &night, "UTC", "2026-01-16T05:00:00Z", false),
            ("no such zone", &office, "Europe/Atlantis", "2026-01-12T10:00:00Z", false),
        ] {
            let at: Timestamp = at.parse().unwrap();
            let now_s = u64::try_from(at.as_second()).unwrap();
            assert_eq!(is_open(std::slice::from_ref(hours), now_s, zone), open, "{what}");
        }
    }
}
