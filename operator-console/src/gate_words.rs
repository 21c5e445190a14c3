//! What signing in, certificates and profiles are called: message ids and short texts, without drawing.

use console_core::gate::{CalendarDay, Day, GateDone, GateProblem, Hours, Opening, PASSWORD_LENGTH, calendar_day};
use console_core::proto::session::{Asking, CertificateProblem};
use i18n::I18n;
use std::path::Path;

/// What went wrong and what to do about it.
#[must_use]
pub fn problem(i18n: &I18n, problem: &GateProblem) -> String {
    let at = |id: &str, path: &Path| i18n.text_with(id, &[("path", path.display().to_string().into())]);
    let id = match problem {
        GateProblem::BadName => "console-gate-bad-name",
        GateProblem::PasswordShort => {
            return i18n.text_with("console-gate-password-short", &[("length", PASSWORD_LENGTH.into())]);
        }
        GateProblem::PasswordPlain => "console-gate-password-plain",
        GateProblem::PasswordCommon => "console-gate-password-common",
        GateProblem::PasswordIsName => "console-gate-password-name",
        GateProblem::PasswordsDiffer => "console-gate-passwords-differ",
        GateProblem::PasswordOld => "console-gate-password-old",
        GateProblem::WrongPassword { left } => {
            return i18n.text_with("console-gate-wrong-password", &[("left", (*left).into())]);
        }
        GateProblem::VaultDamaged(path) => return at("console-gate-vault-damaged", path),
        GateProblem::VaultNewer(path) => return at("console-gate-vault-newer", path),
        GateProblem::NotRead(path) => return at("console-gate-not-read", path),
        GateProblem::NotWritten(path) => return at("console-gate-not-written", path),
        GateProblem::NoOrganisation(path) => return at("console-gate-no-organisation", path),
        GateProblem::NoRequest => "console-gate-no-request",
        GateProblem::NotAnAnswer => "console-gate-not-an-answer",
        GateProblem::AnswerNewer => "console-gate-answer-newer",
        GateProblem::AnswerForAnotherKey => "console-gate-answer-for-another-key",
        GateProblem::AnswerForeign => "console-gate-answer-foreign",
        GateProblem::OrganisationDamaged => "console-gate-organisation-damaged",
        GateProblem::OrganisationNewer => "console-gate-organisation-newer",
        GateProblem::OrganisationExpired => "console-gate-organisation-expired",
        GateProblem::Certificate(problem) => certificate_problem(*problem),
        GateProblem::System => "console-gate-system",
    };
    i18n.text(id)
}

fn certificate_problem(problem: CertificateProblem) -> &'static str {
    match problem {
        CertificateProblem::NotFromThisOrganisation => "console-gate-certificate-foreign",
        CertificateProblem::Expired => "console-gate-certificate-expired",
        CertificateProblem::NotYetValid => "console-gate-certificate-not-yet-valid",
        CertificateProblem::Revoked => "console-gate-certificate-revoked",
        CertificateProblem::WrongPurpose => "console-gate-certificate-wrong-purpose",
        CertificateProblem::NoProfile => "console-gate-certificate-no-profile",
        CertificateProblem::NewerProfile => "console-gate-certificate-newer-profile",
        CertificateProblem::StaleRevocationList => "console-gate-certificate-stale-list",
        CertificateProblem::BadRevocationList => "console-gate-certificate-bad-list",
        CertificateProblem::Malformed => "console-gate-certificate-malformed",
    }
}

/// Whether another answer of the organisation is what to do about it.
#[must_use]
pub fn answer_helps(problem: &GateProblem) -> bool {
    matches!(
        problem,
        GateProblem::Certificate(_)
            | GateProblem::NoOrganisation(_)
            | GateProblem::OrganisationDamaged
            | GateProblem::OrganisationExpired
            | GateProblem::NotAnAnswer
            | GateProblem::AnswerNewer
            | GateProblem::AnswerForAnotherKey
            | GateProblem::AnswerForeign
            | GateProblem::NoRequest
    )
}

/// Whether nothing but an answer is needed for it: the request is there already.
#[must_use]
pub fn only_an_answer_helps(problem: &GateProblem) -> bool {
    matches!(
        problem,
        GateProblem::NoOrganisation(_)
            | GateProblem::OrganisationDamaged
            | GateProblem::OrganisationExpired
            | GateProblem::NotAnAnswer
            | GateProblem::AnswerForeign
    )
}

/// Whether it is about a new password.
#[must_use]
pub fn is_of_password(problem: &GateProblem) -> bool {
    matches!(
        problem,
        GateProblem::PasswordShort
            | GateProblem::PasswordPlain
            | GateProblem::PasswordCommon
            | GateProblem::PasswordIsName
            | GateProblem::PasswordsDiffer
            | GateProblem::PasswordOld
    )
}

/// What was done.
#[must_use]
pub fn done(i18n: &I18n, done: &GateDone) -> String {
    match done {
        GateDone::RequestSaved(path) => {
            i18n.text_with("console-gate-request-saved", &[("path", path.display().to_string().into())])
        }
        GateDone::AnswerTaken => i18n.text("console-gate-answer-taken"),
        GateDone::PasswordChanged => i18n.text("console-gate-password-changed"),
    }
}

/// The message id of how the person is asked.
#[must_use]
pub fn asking(asking: Asking) -> &'static str {
    match asking {
        Asking::Absent => "console-asking-absent",
        Asking::EachUse => "console-asking-each-use",
        Asking::OncePerSession => "console-asking-once",
    }
}

fn day_tag(day: Day) -> &'static str {
    match day {
        Day::Mon => "mon",
        Day::Tue => "tue",
        Day::Wed => "wed",
        Day::Thu => "thu",
        Day::Fri => "fri",
        Day::Sat => "sat",
        Day::Sun => "sun",
    }
}

fn clock(hour: u16, minute: u16) -> String {
    format!("{hour:02}:{minute:02}")
}

/// Days and hours: "Mon–Fri 08:00–18:00".
#[must_use]
pub fn hours(i18n: &I18n, hours: &Hours) -> String {
    let at = |minute: u16| clock(minute / 60, minute % 60);
    let days = days(i18n, &hours.days);
    format!("{days} {}\u{2013}{}", at(hours.from_minute), at(hours.to_minute))
}

/// Days of the week, three and more in a row as their first and last.
fn days(i18n: &I18n, days: &[Day]) -> String {
    const ROW: usize = 3;
    let mut runs: Vec<Vec<Day>> = Vec::new();
    let mut before = false;
    for day in Day::ALL {
        let is_in = days.contains(&day);
        match runs.last_mut() {
            Some(run) if is_in && before => run.push(day),
            _ if is_in => runs.push(vec![day]),
            _ => {}
        }
        before = is_in;
    }
    let short = |day: &Day| i18n.text(&format!("console-day-{}", day_tag(*day)));
    let run = |run: &Vec<Day>| match run.as_slice() {
        [first, .., last] if run.len() >= ROW => format!("{}\u{2013}{}", short(first), short(last)),
        days => days.iter().map(short).collect::<Vec<_>>().join(", "),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(", ")
}

/// When work is allowed again.
#[must_use]
pub fn opening(i18n: &I18n, opening: &Opening, zone: &str) -> String {
    let time = clock(opening.at.0.into(), opening.at.1.into());
    let day = i18n.text(&format!("console-weekday-{}", day_tag(opening.day)));
    let id = if opening.is_today { "console-opens-today" } else { "console-opens-on" };
    i18n.text_with(id, &[("day", day.into()), ("time", time.into()), ("zone", zone.into())])
}

/// The day of a moment (seconds since 1970), as people write it.
#[must_use]
pub fn date(i18n: &I18n, seconds: u64, zone: &str) -> String {
    let Some(CalendarDay { year, month, day }) = calendar_day(seconds, zone) else { return String::new() };
    let month = i18n.text(&format!("common-month-{month}"));
    // A year is no quantity: it has no sign between its thousands.
    i18n.text_with("common-date", &[("day", day.into()), ("month", month.into()), ("year", year.to_string().into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use i18n::Language;

    #[test]
    fn hours_are_written_as_people_write_them() {
        let english = I18n::new(Language::English);
        let row = |days: &[Day], from_minute, to_minute| Hours { days: days.to_vec(), from_minute, to_minute };
        for (row, expected) in [
            (row(&Day::ALL[..5], 480, 1080), "Mon\u{2013}Fri 08:00\u{2013}18:00"),
            (row(&[Day::Sat], 540, 780), "Sat 09:00\u{2013}13:00"),
            (row(&[Day::Mon, Day::Tue, Day::Thu], 0, 1), "Mon, Tue, Thu 00:00\u{2013}00:01"),
            (row(&Day::ALL, 1320, 360), "Mon\u{2013}Sun 22:00\u{2013}06:00"),
        ] {
            assert_eq!(hours(&english, &row), expected);
        }
    }

    #[test]
    fn days_and_openings_have_words_in_every_language() {
        let rows = [
            (Language::English, "12 December 2026", "on Monday at 08:00 (Europe/Rome)"),
            (Language::Italian, "12 dicembre 2026", "lunedì alle 08:00 (Europe/Rome)"),
        ];
        let at = Opening { is_today: false, day: Day::Mon, at: (8, 0) };
        for (language, day, opens) in rows {
            let i18n = I18n::new(language);
            assert_eq!(date(&i18n, 1_797_030_000, "Europe/Rome"), day);
            // Around values stand signs of direction that nobody sees.
            let words: String = opening(&i18n, &at, "Europe/Rome").chars().filter(|sign| *sign < '\u{2066}').collect();
            assert!(words.contains(opens), "{words}");
            for day in Day::ALL {
                for id in ["day", "weekday"] {
                    assert!(i18n.has(&format!("console-{id}-{}", day_tag(day))));
                }
            }
            assert!((1..=12).all(|month| i18n.has(&format!("common-month-{month}"))));
        }
    }
}
