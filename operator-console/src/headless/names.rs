//! The names on the lines for what the engine has types for. They are added to and never renamed.

use console_core::proto::annotation::MarksSeen;
use console_core::proto::clipboard::{ClipKind, ClipProblem};
use console_core::proto::files::EntryKind;
use console_core::proto::session::{
    Asking, Capability, CertificateProblem, Decision, EndReason, Ending, GrantEnd, Step, TransferFailure,
};
use console_core::records::Outcome;
use console_core::view::{ClipState, NoticeKind, PowerState, ShellState, TransferState};

pub(super) fn capability(capability: Capability) -> &'static str {
    match capability {
        Capability::View => "view",
        Capability::Control => "control",
        Capability::Annotate => "annotate",
        Capability::Chat => "chat",
        Capability::SendFile => "send_file",
        Capability::FetchFile => "fetch_file",
        Capability::Shell => "shell",
        Capability::SystemInfo => "system_info",
        Capability::EndProcess => "end_process",
        Capability::Clipboard => "clipboard",
        Capability::Record => "record",
        Capability::Invite => "invite",
    }
}

pub(super) fn asking(asking: Asking) -> &'static str {
    match asking {
        Asking::Absent => "absent",
        Asking::EachUse => "each_use",
        Asking::OncePerSession => "once_per_session",
    }
}

pub(super) fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Granted => "granted",
        Decision::Denied => "denied",
        Decision::TimedOut => "timed_out",
        Decision::Withdrawn => "withdrawn",
        Decision::Impossible => "impossible",
        Decision::TooSoon => "too_soon",
        Decision::Barred => "barred",
        Decision::NotInProfile => "not_in_profile",
    }
}

pub(super) fn power(state: PowerState) -> &'static str {
    match state {
        PowerState::Off => "off",
        PowerState::Asked => "asked",
        PowerState::Granted => "granted",
        PowerState::Refused(_) => "refused",
        PowerState::Revoked => "revoked",
        PowerState::Over(_) => "over",
    }
}

/// Why a power is over that nobody took back.
pub(super) fn grant_end(cause: GrantEnd) -> &'static str {
    match cause {
        GrantEnd::LineBroke => "line_broke",
        GrantEnd::LogFull => "log_full",
        GrantEnd::UseOver | GrantEnd::Person | GrantEnd::Operator => "use_over",
    }
}

pub(super) fn shell(state: ShellState) -> &'static str {
    match state {
        ShellState::None => "none",
        ShellState::Open => "open",
        ShellState::Over { .. } => "over",
    }
}

pub(super) fn step(step: Step) -> &'static str {
    match step {
        Step::Terms => "terms",
        Step::Choosing => "choosing",
    }
}

pub(super) fn end_reason(reason: EndReason) -> &'static str {
    match reason {
        EndReason::ClientEnded => "client_ended",
        EndReason::OperatorEnded => "operator_ended",
        EndReason::ConsentDenied => "consent_denied",
        EndReason::OperatorNotRecognised => "operator_not_recognised",
        EndReason::ConnectionLost => "connection_lost",
        EndReason::ProtocolViolation => "protocol_violation",
        EndReason::ScreenUnavailable => "screen_unavailable",
        EndReason::TimeUp => "time_up",
        EndReason::TermsDeclined => "terms_declined",
        EndReason::ReportedAsScam => "reported_as_scam",
    }
}

pub(super) fn transfer(state: TransferState) -> &'static str {
    match state {
        TransferState::Asked => "asked",
        TransferState::Running => "running",
        TransferState::Done => "done",
        TransferState::Refused => "refused",
        TransferState::TooSoon => "too_soon",
        TransferState::Barred => "barred",
        TransferState::Failed(_) => "failed",
        TransferState::Preparing => "preparing",
        TransferState::Queued => "queued",
        TransferState::Conflicts(_) => "conflicts",
    }
}

pub(super) fn entry(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Folder => "folder",
        EntryKind::File => "file",
        EntryKind::Link => "link",
        EntryKind::Other => "other",
    }
}

pub(super) fn transfer_failure(failure: TransferFailure) -> &'static str {
    match failure {
        TransferFailure::NotFound => "not_found",
        TransferFailure::PermissionDenied => "permission_denied",
        TransferFailure::DiskFull => "disk_full",
        TransferFailure::NotAFile => "not_a_file",
        TransferFailure::BadName => "bad_name",
        TransferFailure::Corrupted => "corrupted",
        TransferFailure::Changed => "changed",
        TransferFailure::Cancelled => "cancelled",
        TransferFailure::Storage => "storage",
        TransferFailure::Link => "link",
        TransferFailure::Protected => "protected",
        TransferFailure::TooMany => "too_many",
        TransferFailure::Busy => "busy",
    }
}

pub(super) fn certificate(problem: CertificateProblem) -> &'static str {
    match problem {
        CertificateProblem::NotFromThisOrganisation => "not_from_this_organisation",
        CertificateProblem::Expired => "expired",
        CertificateProblem::NotYetValid => "not_yet_valid",
        CertificateProblem::Revoked => "revoked",
        CertificateProblem::WrongPurpose => "wrong_purpose",
        CertificateProblem::NoProfile => "no_profile",
        CertificateProblem::NewerProfile => "newer_profile",
        CertificateProblem::StaleRevocationList => "stale_revocation_list",
        CertificateProblem::BadRevocationList => "bad_revocation_list",
        CertificateProblem::Malformed => "malformed",
    }
}

/// What became of a process.
pub(super) fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Ended => "ended",
        Ending::Runs => "runs",
        Ending::NotAllowed => "not_allowed",
        Ending::Gone => "gone",
        Ending::Failed => "failed",
    }
}

/// The name of an outcome.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Solved => "solved",
        Outcome::NotSolved => "not_solved",
        Outcome::ToContinue => "to_continue",
        Outcome::Refused => "refused",
    }
}

/// The name of a notice, and what more there is to say.
pub(super) fn notice(kind: &NoticeKind) -> (&'static str, Option<&'static str>) {
    let name = match kind {
        NoticeKind::KeyExpired => "key_expired",
        NoticeKind::KeyBurned => "key_burned",
        NoticeKind::WrongTry { .. } => "wrong_try",
        NoticeKind::RelayUnreachable => "relay_unreachable",
        NoticeKind::ProxyPassword => "proxy_password",
        NoticeKind::CertificateRefused => "certificate_refused",
        NoticeKind::CertificateTime => "certificate_time",
        NoticeKind::CertificateRevoked => "certificate_revoked",
        NoticeKind::OutsideHours => "outside_hours",
        NoticeKind::LogNotSaved => "log_not_saved",
        NoticeKind::RelayFull => "relay_full",
        NoticeKind::ChannelNotProven => "channel_not_proven",
        NoticeKind::VersionMismatch => "version_mismatch",
        NoticeKind::RefusedByAgent(problem) => return ("refused_by_agent", problem.map(certificate)),
        NoticeKind::ClientLost => "client_lost",
        NoticeKind::PictureSaved { .. } => "picture_saved",
        NoticeKind::PictureNotSaved => "picture_not_saved",
        NoticeKind::FactsSaved { .. } => "facts_saved",
        NoticeKind::FactsNotSaved => "facts_not_saved",
    };
    (name, None)
}

pub(super) fn clip_kind(kind: ClipKind) -> &'static str {
    match kind {
        ClipKind::Text => "text",
        ClipKind::Picture => "picture",
    }
}

/// Where a copy stands, and what was in its way.
pub(super) fn clip_state(state: ClipState) -> (&'static str, Option<&'static str>) {
    let name = match state {
        ClipState::Idle => "idle",
        ClipState::Sending => "sending",
        ClipState::Sent => "sent",
        ClipState::NotSent(_) => "not_sent",
        ClipState::Fetching => "fetching",
        ClipState::Fetched(_) => "fetched",
        ClipState::NotFetched(_) => "not_fetched",
    };
    let problem = match state {
        ClipState::NotSent(problem) | ClipState::NotFetched(problem) => Some(clip_problem(problem)),
        _ => None,
    };
    (name, problem)
}

fn clip_problem(problem: ClipProblem) -> &'static str {
    match problem {
        ClipProblem::Empty => "empty",
        ClipProblem::TooLarge => "too_large",
        ClipProblem::Unavailable => "unavailable",
        ClipProblem::Malformed => "malformed",
        ClipProblem::Secret => "secret",
    }
}

pub(super) fn marks_seen(seen: MarksSeen) -> &'static str {
    match seen {
        MarksSeen::InPicture => "in_picture",
        MarksSeen::Beside => "beside",
        MarksSeen::Nowhere => "nowhere",
    }
}
