//! Days and hours in the organisation's time zone, as the window shows them.

use crate::view::OperatorView;
use identity::{Day, Hours, Profile};
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan, Zoned};

/// When an operator may work again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whether it is the day that it is now.
    pub is_today: bool,
    /// The day.
    pub day: Day,
    /// Hour and minute.
    pub at: (u8, u8),
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalendarDay {
    /// Year.
    pub year: i16,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month.
    pub day: u8,
}

fn zoned(seconds: u64, zone: &str) -> Option<Zoned> {
    let zone = TimeZoneDatabase::bundled().get(zone).unwrap_or(TimeZone::UTC);
    Some(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_zoned(zone))
}

/// The day of a moment (seconds since 1970) in this time zone (IANA).
#[must_use]
pub fn calendar_day(seconds: u64, zone: &str) -> Option<CalendarDay> {
    let at = zoned(seconds, zone)?;
    Some(CalendarDay { year: at.year(), month: at.month().unsigned_abs(), day: at.day().unsigned_abs() })
}

/// Brings what changes by itself in an operator's view to this moment: days left, and whether work is allowed.
pub fn renew(operator: &mut OperatorView, now_s: u64) {
    const DAY: i64 = 86_400;
    let seconds = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    operator.days_left = seconds(operator.ends_at_s).saturating_sub(seconds(now_s)).div_euclid(DAY);
    operator.open_now = is_open(&operator.hours, now_s, &operator.time_zone);
}

fn is_open(hours: &[Hours], now_s: u64, zone: &str) -> bool {
    Profile { hours: hours.to_vec(), ..Profile::of([]) }.is_open_at(now_s, zone)
}

/// When the next of these hours begins after now (seconds since 1970); `None` if none does, or if the clocks
/// are set forward over it.
#[must_use]
pub fn next_opening(hours: &[Hours], now_s: u64, zone: &str) -> Option<Opening> {
    let now = zoned(now_s, zone)?;
    let today = now.date();
    // The same day of the week is the farthest that hours can be away.
    let days = (0_i64..=7).filter_map(|ahead| today.checked_add(ahead.days()).ok());
    days.filter_map(|date| {
        let day = day_of(date);
        let begins = hours.iter().filter(|hours| hours.days.contains(&day)).map(|hours| hours.from_minute);
        begins.filter_map(|minute| opening(date, minute, &now, hours, zone)).min_by_key(|opening| opening.at)
    })
    .next()
}

fn opening(date: Date, minute: u16, now: &Zoned, hours: &[Hours], zone: &str) -> Option<Opening> {
    let at = (u8::try_from(minute / 60).ok()?, u8::try_from(minute % 60).ok()?);
    let moment = date.at(i8::try_from(at.0).ok()?, i8::try_from(at.1).ok()?, 0, 0);
    let moment = moment.to_zoned(now.time_zone().clone()).ok()?;
    let moment_s = u64::try_from(moment.timestamp().as_second()).ok()?;
    let is_so = moment > *now && is_open(hours, moment_s, zone);
    is_so.then(|| Opening { is_today: date == now.date(), day: day_of(date), at })
}

fn day_of(date: Date) -> Day {
    match date.weekday() {
        Weekday::Monday => Day::Mon,
        Weekday::Tuesday => Day::Tue,
        Weekday::Wednesday => Day::Wed,
        Weekday::Thursday => Day::Thu,
        Weekday::Friday => Day::Fri,
        Weekday::Saturday => Day::Sat,
        Weekday::Sunday => Day::Sun,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROME: &str = "Europe/Rome";

    fn at(text: &str) -> u64 {
        let zoned: Zoned = format!("{text}[{ROME}]").parse().unwrap();
        zoned.timestamp().as_second().try_into().unwrap()
    }

    #[test]
    fn the_next_opening_is_found_over_nights_weekends_and_changes_of_the_clock() {
        let hours = |days: &[Day], from_minute, to_minute| Hours { days: days.to_vec(), from_minute, to_minute };
        let work = vec![hours(&Day::ALL[..5], 8 * 60, 18 * 60)];
        let split = vec![hours(&Day::ALL[..5], 14 * 60, 18 * 60), hours(&Day::ALL[..5], 8 * 60, 13 * 60)];
        let found = |is_today, day, at| Some(Opening { is_today, day, at });
        let rows = [
            (&work, "2026-11-23T07:59", found(true, Day::Mon, (8, 0))),
            (&work, "2026-11-23T18:00", found(false, Day::Tue, (8, 0))),
            (&work, "2026-11-20T19:00", found(false, Day::Mon, (8, 0))),
            (&work, "2026-10-24T12:00", found(false, Day::Mon, (8, 0))),
            (&split, "2026-11-23T13:30", found(true, Day::Mon, (14, 0))),
            (&split, "2026-11-23T06:00", found(true, Day::Mon, (8, 0))),
            (&vec![hours(&[Day::Sun], 60, 120)], "2026-11-22T02:00", found(false, Day::Sun, (1, 0))),
            (&Vec::new(), "2026-11-22T02:00", None),
        ];
        for (hours, now, expected) in rows {
            assert_eq!(next_opening(hours, at(now), ROME), expected, "{now}");
        }
    }

    #[test]
    fn a_day_is_that_of_the_organisation() {
        let day = |year, month, day| Some(CalendarDay { year, month, day });
        // Half past eleven in the evening in London is the next day in Rome.
        assert_eq!(calendar_day(at("2026-12-13T00:30"), ROME), day(2026, 12, 13));
        assert_eq!(calendar_day(at("2026-12-13T00:30"), "Europe/London"), day(2026, 12, 12));
    }
}
