//! What the plain data of a view is called: message ids and short texts, without drawing.

use console_core::proto::session::{Capability, CertificateProblem, Decision, EndReason, GrantEnd, TransferFailure};
use console_core::view::{KeyView, NoticeKind, OperatorView, PowerState};
use i18n::I18n;
use std::time::{Duration, Instant};

/// A minute.
const MINUTE: Duration = Duration::from_secs(60);
/// A look that is meant for a change comes a little later, so that the change is seen and not just missed.
const JUST_AFTER: Duration = Duration::from_millis(2);

/// The words to read a key out with: "Kursaal · sette · Milano — quattro · ...".
#[must_use]
pub fn spelling(i18n: &I18n, grouped: &str) -> String {
    let group = |symbols: &str| {
        let words: Vec<String> = symbols.chars().map(|symbol| i18n.text(&format!("console-spell-{symbol}"))).collect();
        words.join(" · ")
    };
    let groups: Vec<String> = grouped.split(' ').map(group).collect();
    groups.join(" \u{2014} ")
}

/// Whom the operator says it is; else which computer it is, marked as such: what the other end calls its computer must
/// not pass for a name that the operator noted. Nameless where neither is known.
#[must_use]
pub fn person_or_computer(i18n: &I18n, name: &str, system: &str) -> String {
    match (name.trim(), system.trim()) {
        ("", "") => i18n.text("console-client"),
        ("", system) => i18n.text_with("console-computer", &[("system", system.into())]),
        (name, _) => name.to_owned(),
    }
}

/// The text to send to the person by mail or message.
#[must_use]
pub fn invitation(i18n: &I18n, operator: &OperatorView, key: &KeyView) -> String {
    i18n.text_with(
        "console-invitation",
        &[
            ("operator", (&operator.name).into()),
            ("organisation", (&operator.organisation).into()),
            ("key", (&key.grouped).into()),
            ("address", (&operator.portal).into()),
        ],
    )
}

/// What is left of a key's life, in whole seconds, rounded up.
#[must_use]
pub fn seconds_left(expires_at: Instant, now: Instant) -> u64 {
    let left = expires_at.saturating_duration_since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// How long until [`seconds_left`] changes.
#[must_use]
pub fn until_next_second(expires_at: Instant, now: Instant) -> Duration {
    let rest = expires_at.saturating_duration_since(now).subsec_nanos();
    Duration::from_nanos(u64::from(rest)) + JUST_AFTER
}

/// How long a session has lasted, `None` in its first minute.
#[must_use]
pub fn minutes(i18n: &I18n, lasted: Duration) -> Option<String> {
    (lasted >= MINUTE).then(|| i18n.duration(lasted))
}

/// How long until [`minutes`] changes: after a minute, then in the middle of each, as it is rounded.
#[must_use]
pub fn until_next_minute(lasted: Duration) -> Duration {
    let rest = match MINUTE.checked_sub(lasted) {
        Some(rest) if !rest.is_zero() => rest,
        _ => {
            let into = (lasted.saturating_sub(MINUTE / 2)).as_nanos() % MINUTE.as_nanos();
            MINUTE - Duration::from_nanos(u64::try_from(into).unwrap_or_default())
        }
    };
    rest + JUST_AFTER
}

/// Minutes and seconds, "9:12".
#[must_use]
pub fn clock(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// What happened and what to do about it.
#[must_use]
pub fn notice(i18n: &I18n, kind: &NoticeKind) -> String {
    let id = match kind {
        NoticeKind::KeyExpired => "console-notice-key-expired",
        NoticeKind::KeyBurned => "console-notice-key-burned",
        NoticeKind::WrongTry { tries_left } => {
            return i18n.text_with("console-notice-wrong-try", &[("tries", (*tries_left).into())]);
        }
        NoticeKind::RelayUnreachable => "console-notice-relay-unreachable",
        NoticeKind::ProxyPassword => "console-notice-proxy-password",
        NoticeKind::CertificateRefused => "console-notice-certificate-refused",
        NoticeKind::CertificateTime => "console-notice-certificate-time",
        NoticeKind::RelayFull => "console-notice-relay-full",
        NoticeKind::ChannelNotProven => "console-notice-channel-not-proven",
        NoticeKind::ClientLost => "console-notice-client-lost",
        NoticeKind::VersionMismatch => "console-notice-version-mismatch",
        NoticeKind::CertificateRevoked => "console-notice-certificate-revoked",
        NoticeKind::OutsideHours => "console-notice-outside-hours",
        NoticeKind::LogNotSaved => "console-notice-log-not-saved",
        NoticeKind::RefusedByAgent(problem) => refused_by_agent(*problem),
        NoticeKind::PictureSaved { path } => {
            let path = path.display().to_string();
            return i18n.text_with("console-notice-picture-saved", &[("path", path.into())]);
        }
        NoticeKind::PictureNotSaved => "console-notice-picture-not-saved",
        NoticeKind::FactsSaved { path } => {
            let path = path.display().to_string();
            return i18n.text_with("console-notice-facts-saved", &[("path", path.into())]);
        }
        NoticeKind::FactsNotSaved => "console-notice-facts-not-saved",
    };
    i18n.text(id)
}

/// The message id of why the client's program does not accept the operator's certificate.
fn refused_by_agent(problem: Option<CertificateProblem>) -> &'static str {
    match problem {
        None => "console-notice-refused-by-agent",
        Some(CertificateProblem::NotFromThisOrganisation) => "console-refused-not-from-this-organisation",
        Some(CertificateProblem::Expired) => "console-refused-expired",
        Some(CertificateProblem::NotYetValid) => "console-refused-not-yet-valid",
        Some(CertificateProblem::Revoked) => "console-refused-revoked",
        Some(CertificateProblem::WrongPurpose) => "console-refused-wrong-purpose",
        Some(CertificateProblem::NoProfile) => "console-refused-no-profile",
        Some(CertificateProblem::NewerProfile) => "console-refused-newer-profile",
        Some(CertificateProblem::StaleRevocationList) => "console-refused-stale-list",
        Some(CertificateProblem::BadRevocationList) => "console-refused-bad-list",
        Some(CertificateProblem::Malformed) => "console-refused-malformed",
    }
}

/// Whether a new key is what to do about it.
#[must_use]
pub fn new_key_helps(kind: &NoticeKind) -> bool {
    match kind {
        // What is done at that computer is done at once; what an organisation must do takes longer.
        NoticeKind::RefusedByAgent(problem) => matches!(
            problem,
            None | Some(
                CertificateProblem::NotFromThisOrganisation
                    | CertificateProblem::Expired
                    | CertificateProblem::NotYetValid
                    | CertificateProblem::NewerProfile
            )
        ),
        NoticeKind::KeyExpired
        | NoticeKind::KeyBurned
        | NoticeKind::ChannelNotProven
        | NoticeKind::ClientLost
        | NoticeKind::VersionMismatch => true,
        NoticeKind::WrongTry { .. }
        | NoticeKind::RelayUnreachable
        | NoticeKind::ProxyPassword
        | NoticeKind::CertificateRefused
        | NoticeKind::CertificateTime
        | NoticeKind::CertificateRevoked
        | NoticeKind::OutsideHours
        | NoticeKind::LogNotSaved
        | NoticeKind::RelayFull
        | NoticeKind::PictureSaved { .. }
        | NoticeKind::PictureNotSaved
        | NoticeKind::FactsSaved { .. }
        | NoticeKind::FactsNotSaved => false,
    }
}

/// The message id of a power.
#[must_use]
pub fn power(capability: Capability) -> &'static str {
    match capability {
        Capability::View => "console-power-view",
        Capability::Control => "console-power-control",
        Capability::Annotate => "console-power-annotate",
        Capability::Chat => "console-power-chat",
        Capability::Shell => "console-power-shell",
        Capability::SystemInfo => "console-power-system-info",
        Capability::EndProcess => "console-power-end-process",
        Capability::Clipboard => "console-power-clipboard",
        Capability::Record => "console-power-record",
        Capability::Invite => "console-power-invite",
        Capability::SendFile => "console-power-send-file",
        Capability::FetchFile => "console-power-fetch-file",
    }
}

/// The message id of where a power stands.
#[must_use]
pub fn power_state(state: PowerState) -> &'static str {
    match state {
        PowerState::Off => "console-state-off",
        PowerState::Asked => "console-state-asked",
        PowerState::Granted | PowerState::Refused(Decision::Granted) => "console-state-granted",
        PowerState::Refused(Decision::Denied) => "console-state-denied",
        PowerState::Refused(Decision::TimedOut) => "console-state-timed-out",
        PowerState::Refused(Decision::Withdrawn) => "console-state-withdrawn",
        PowerState::Refused(Decision::Impossible) => "console-state-impossible",
        PowerState::Refused(Decision::TooSoon) => "console-state-too-soon",
        PowerState::Refused(Decision::Barred) => "console-state-barred",
        PowerState::Refused(Decision::NotInProfile) => "console-state-not-in-profile",
        PowerState::Revoked => "console-state-revoked",
        PowerState::Over(GrantEnd::LineBroke) => "console-state-line-broke",
        PowerState::Over(GrantEnd::LogFull) => "console-state-log-full",
        PowerState::Over(_) => "console-state-over",
    }
}

/// The message id of why a session ended.
#[must_use]
pub fn end_reason(reason: EndReason) -> &'static str {
    match reason {
        EndReason::ClientEnded => "console-ended-client",
        EndReason::OperatorEnded => "console-ended-operator",
        EndReason::ConsentDenied => "console-ended-consent",
        EndReason::OperatorNotRecognised => "console-ended-not-recognised",
        EndReason::ConnectionLost => "console-ended-lost",
        EndReason::ProtocolViolation => "console-ended-violation",
        EndReason::ScreenUnavailable => "console-ended-screen",
        EndReason::TimeUp => "console-ended-time-up",
        EndReason::TermsDeclined => "console-ended-terms",
        EndReason::ReportedAsScam => "console-ended-scam",
    }
}

/// The message id of why a file did not arrive.
#[must_use]
pub fn transfer_failure(failure: TransferFailure) -> &'static str {
    match failure {
        TransferFailure::NotFound => "transfer-failure-not-found",
        TransferFailure::PermissionDenied => "transfer-failure-permission-denied",
        TransferFailure::DiskFull => "transfer-failure-disk-full",
        TransferFailure::NotAFile => "transfer-failure-not-a-file",
        TransferFailure::BadName => "transfer-failure-bad-name",
        TransferFailure::Corrupted => "transfer-failure-corrupted",
        TransferFailure::Changed => "transfer-failure-changed",
        TransferFailure::Cancelled => "transfer-failure-cancelled",
        TransferFailure::Storage => "transfer-failure-storage",
        TransferFailure::Link => "transfer-failure-link",
        TransferFailure::Protected => "transfer-failure-protected",
        TransferFailure::TooMany => "transfer-failure-too-many",
        TransferFailure::Busy => "transfer-failure-busy",
    }
}

/// The message id of why a folder is not shown.
#[must_use]
pub fn folder_failure(failure: TransferFailure) -> &'static str {
    match failure {
        TransferFailure::NotFound => "console-folder-not-found",
        TransferFailure::NotAFile => "console-folder-is-none",
        TransferFailure::BadName => "console-folder-bad-name",
        TransferFailure::Busy => "console-folder-busy",
        other => transfer_failure(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use i18n::Language;

    #[test]
    fn a_key_is_spelled_with_the_towns_of_italy_or_the_words_of_pilots() {
        let rows = [
            (Language::Italian, "Kursaal · sette · Milano — quattro · Quarto · ics · Palermo"),
            (Language::English, "Kilo · seven · Mike — four · Quebec · X-ray · Papa"),
        ];
        for (language, expected) in rows {
            assert_eq!(spelling(&I18n::new(language), "K7M 4QXP"), expected);
        }
    }

    #[test]
    fn every_symbol_of_a_key_has_its_word_in_every_language() {
        for language in Language::ALL {
            let i18n = I18n::new(language);
            let mut words = std::collections::BTreeSet::new();
            for symbol in console_core::proto::locator::ALPHABET {
                let word = i18n.text(&format!("console-spell-{}", char::from(*symbol)));
                assert!(!word.starts_with('['), "{word}");
                assert!(words.insert(word));
            }
        }
    }

    #[test]
    fn the_countdown_changes_on_whole_seconds() {
        let now = Instant::now();
        for (left_ms, seconds) in [(600_000, 600), (599_999, 600), (599_000, 599), (1, 1), (0, 0)] {
            let expires_at = now + Duration::from_millis(left_ms);
            assert_eq!(seconds_left(expires_at, now), seconds);
            let later = now + until_next_second(expires_at, now);
            assert!(seconds_left(expires_at, later) <= seconds);
        }
        assert_eq!(clock(552), "9:12");
    }

    #[test]
    fn the_length_of_a_session_is_renewed_just_after_it_changes() {
        let i18n = I18n::new(Language::English);
        for (lasted_ms, shown, changes_after_ms) in [
            (0, None, 60_000),
            (59_999, None, 1),
            (60_000, Some("1 min"), 30_000),
            (89_999, Some("1 min"), 1),
            (90_000, Some("2 min"), 60_000),
            (100_500, Some("2 min"), 49_500),
            (3_570_000, Some("1 h 00 min"), 60_000),
        ] {
            let lasted = Duration::from_millis(lasted_ms);
            assert_eq!(minutes(&i18n, lasted).as_deref(), shown, "{lasted_ms}");
            assert_eq!(until_next_minute(lasted), Duration::from_millis(changes_after_ms) + JUST_AFTER, "{lasted_ms}");
        }
    }
}
