//! Single behaviours of the state machine, each in a few lines.
#![allow(clippy::unwrap_used)]

use consent::{Answer, AskError, Cause, Consent, Outcome, Scope};
use proto::session::{Asking, Capability, Decision, Request, RequestId, TransferId};
use std::time::{Duration, Instant};

const VIEW: Scope = Scope { capability: Capability::View, transfer: None };
const CONTROL: Scope = Scope { capability: Capability::Control, transfer: None };

fn granted_view(now: Instant) -> Consent {
    let mut consent = Consent::new();
    allow(&mut consent, now, 1, Request::View);
    consent
}

/// Viewing is granted, and one yes to whatever power holds for the session.
fn once_per_session(now: Instant) -> Consent {
    let rules = Capability::ALL.map(|capability| (capability, Asking::OncePerSession));
    let mut consent = Consent::with_rules(rules.into());
    allow(&mut consent, now, 1, Request::View);
    while consent.poll_output().is_some() {}
    consent
}

fn allow(consent: &mut Consent, now: Instant, id: u32, request: Request) {
    consent.ask(now, RequestId(id), request).unwrap();
    consent.mark_shown(now, RequestId(id));
    assert!(consent.answer(now, RequestId(id), Answer::Allow));
}

fn outcomes(consent: &mut Consent) -> Vec<Outcome> {
    std::iter::from_fn(|| consent.poll_output()).collect()
}

#[test]
fn a_yes_before_the_question_was_shown_grants_nothing() {
    let now = Instant::now();
    let mut consent = Consent::new();
    consent.ask(now, RequestId(1), Request::View).unwrap();
    assert!(!consent.answer(now, RequestId(1), Answer::Allow));
    assert!(!consent.is_granted(VIEW));
}

#[test]
fn nobody_answering_is_a_no() {
    let now = Instant::now();
    let mut consent = granted_view(now);
    consent.ask(now, RequestId(2), Request::Control).unwrap();
    consent.mark_shown(now, RequestId(2));
    assert_eq!(consent.poll_timeout(), Some(now + Consent::ANSWER_WITHIN));
    consent.handle_timeout(now + Consent::ANSWER_WITHIN);
    assert!(!consent.answer(now, RequestId(2), Answer::Allow));
    assert!(!consent.is_granted(CONTROL));
}

#[test]
fn control_is_not_asked_before_viewing_and_goes_with_it() {
    let now = Instant::now();
    assert_eq!(Consent::new().ask(now, RequestId(1), Request::Control), Err(AskError::ViewFirst));
    let mut consent = granted_view(now);
    consent.ask(now, RequestId(2), Request::Control).unwrap();
    consent.mark_shown(now, RequestId(2));
    consent.answer(now, RequestId(2), Answer::Allow);
    consent.revoke(VIEW);
    assert_eq!(consent.granted().count(), 0);
}

#[test]
fn a_question_that_stands_when_viewing_goes_is_answered_no() {
    let now = Instant::now();
    let mut consent = granted_view(now);
    consent.ask(now, RequestId(2), Request::Control).unwrap();
    consent.mark_shown(now, RequestId(2));
    consent.revoke(VIEW);
    assert!(!consent.answer(now, RequestId(2), Answer::Allow));
    assert_eq!(consent.granted().count(), 0);
}

fn send(transfer: TransferId) -> Request {
    let (title, folder) = (proto::Text::truncated("f"), proto::Text::default());
    Request::SendBatch { transfer, title, items: 1, folder }
}

#[test]
fn a_file_grant_covers_one_transfer() {
    let now = Instant::now();
    let mut consent = granted_view(now);
    consent.ask(now, RequestId(2), send(TransferId(7))).unwrap();
    consent.mark_shown(now, RequestId(2));
    consent.answer(now, RequestId(2), Answer::Allow);
    let scope = |transfer| Scope { capability: Capability::SendFile, transfer: Some(TransferId(transfer)) };
    assert!(consent.is_granted(scope(7)));
    assert!(!consent.is_granted(scope(8)));
}

fn deny(consent: &mut Consent, now: Instant, id: u32, request: Request) {
    consent.ask(now, RequestId(id), request).unwrap();
    consent.mark_shown(now, RequestId(id));
    assert!(consent.answer(now, RequestId(id), Answer::Deny));
}

#[test]
fn after_a_no_the_same_kind_is_not_asked_for_a_while() {
    let mut now = Instant::now();
    let mut consent = granted_view(now);
    deny(&mut consent, now, 2, Request::Control);
    now += Consent::PAUSE_AFTER_NO - Duration::from_millis(1);
    assert_eq!(consent.ask(now, RequestId(3), Request::Control), Err(AskError::TooSoon));
    assert_eq!(consent.ask(now, RequestId(4), request(2, 4)), Ok(()), "a file is another kind");
    now += Duration::from_millis(1);
    assert_eq!(consent.ask(now, RequestId(5), Request::Control), Ok(()));
}

#[test]
fn after_three_noes_a_kind_is_asked_again_only_if_the_person_lets_it() {
    let mut now = Instant::now();
    let mut consent = granted_view(now);
    for id in 2..5 {
        deny(&mut consent, now, id, Request::Control);
        now += Consent::PAUSE_AFTER_NO;
    }
    now += Duration::from_secs(3600);
    assert!(consent.is_barred(Capability::Control) && !consent.is_barred(Capability::View));
    assert_eq!(consent.ask(now, RequestId(5), Request::Control), Err(AskError::Barred));
    consent.allow_asking(Capability::Control);
    assert_eq!(consent.ask(now, RequestId(6), Request::Control), Ok(()));
}

#[test]
fn a_yes_forgets_the_noes_before_it() {
    let mut now = Instant::now();
    let mut consent = granted_view(now);
    for round in 0..4 {
        deny(&mut consent, now, 2 + 3 * round, Request::Control);
        now += Consent::PAUSE_AFTER_NO;
        deny(&mut consent, now, 3 + 3 * round, Request::Control);
        now += Consent::PAUSE_AFTER_NO;
        let yes = RequestId(4 + 3 * round);
        consent.ask(now, yes, Request::Control).unwrap();
        consent.mark_shown(now, yes);
        assert!(consent.answer(now, yes, Answer::Allow));
    }
}

#[test]
fn a_no_answers_the_same_kind_that_waits_in_line() {
    let now = Instant::now();
    let mut consent = granted_view(now);
    while consent.poll_output().is_some() {}
    for id in [2, 3, 4] {
        consent.ask(now, RequestId(id), Request::Control).unwrap();
    }
    consent.ask(now, RequestId(5), request(2, 5)).unwrap();
    consent.mark_shown(now, RequestId(2));
    consent.answer(now, RequestId(2), Answer::Deny);
    let decided = std::iter::from_fn(|| consent.poll_output()).map(|outcome| match outcome {
        Outcome::Decided { id, decision, .. } => (id.0, decision),
        Outcome::Revoked { .. } => panic!("nothing was revoked"),
    });
    let expected = [(2, Decision::Denied), (3, Decision::TooSoon), (4, Decision::TooSoon)];
    assert_eq!(decided.collect::<Vec<_>>(), expected);
    assert_eq!(consent.open_question().map(|question| question.id), Some(RequestId(5)));
}

fn request(kind: u8, id: u32) -> Request {
    let transfer = TransferId(id);
    match kind {
        0 => Request::View,
        1 => Request::Control,
        2 => send(transfer),
        _ => Request::FetchBatch { transfer, title: proto::Text::truncated("/f"), items: 1 },
    }
}

fn by_earlier_yes(id: u32, scope: Scope) -> Outcome {
    Outcome::Decided { id: RequestId(id), decision: Decision::Granted, scope, by_earlier_yes: true }
}

fn file(transfer: u32) -> Scope {
    Scope { capability: Capability::SendFile, transfer: Some(TransferId(transfer)) }
}

#[test]
fn a_yes_for_the_session_answers_the_next_file_and_only_files_of_that_direction() {
    let now = Instant::now();
    let mut consent = once_per_session(now);
    allow(&mut consent, now, 2, request(2, 2));
    outcomes(&mut consent);
    consent.use_over(file(2));
    assert!(!consent.is_granted(file(2)) && consent.stands(Capability::SendFile));
    consent.ask(now, RequestId(3), request(2, 3)).unwrap();
    assert!(consent.is_granted(file(3)) && !consent.is_granted(file(2)));
    let over = Outcome::Revoked { scope: file(2), cause: Cause::UseOver };
    assert_eq!(outcomes(&mut consent), [over, by_earlier_yes(3, file(3))]);
    consent.ask(now, RequestId(4), request(3, 4)).unwrap();
    assert_eq!(consent.open_question().map(|question| question.id), Some(RequestId(4)));
}

#[test]
fn a_yes_for_the_session_answers_what_waits_about_the_same_power_and_nothing_else() {
    let now = Instant::now();
    let mut consent = once_per_session(now);
    for (id, kind) in [(2, 2), (3, 1), (4, 2)] {
        consent.ask(now, RequestId(id), request(kind, id)).unwrap();
    }
    consent.mark_shown(now, RequestId(2));
    assert!(consent.answer(now, RequestId(2), Answer::Allow));
    assert!(consent.is_granted(file(4)) && !consent.is_granted(CONTROL));
    assert_eq!(consent.open_question().map(|question| question.id), Some(RequestId(3)));
    assert_eq!(outcomes(&mut consent).last(), Some(&by_earlier_yes(4, file(4))));
}

#[test]
fn a_yes_for_one_use_leaves_what_waits_to_the_person() {
    let now = Instant::now();
    let mut consent = granted_view(now);
    for id in [2, 3] {
        consent.ask(now, RequestId(id), request(2, id)).unwrap();
    }
    consent.mark_shown(now, RequestId(2));
    assert!(consent.answer(now, RequestId(2), Answer::Allow));
    assert!(consent.is_granted(file(2)) && !consent.is_granted(file(3)));
    let open = consent.open_question().unwrap();
    assert!(open.id == RequestId(3) && open.shown_at.is_none(), "the next question was never on the screen");
}

#[test]
fn a_no_to_a_power_that_is_granted_already_takes_it_back() {
    let now = Instant::now();
    let mut consent = granted_view(now);
    allow(&mut consent, now, 2, Request::Control);
    consent.ask(now, RequestId(3), Request::Control).unwrap();
    consent.mark_shown(now, RequestId(3));
    outcomes(&mut consent);
    assert!(consent.answer(now, RequestId(3), Answer::Deny));
    assert_eq!(consent.granted().collect::<Vec<_>>(), [VIEW]);
    let decided =
        Outcome::Decided { id: RequestId(3), decision: Decision::Denied, scope: CONTROL, by_earlier_yes: false };
    assert_eq!(outcomes(&mut consent), [decided, Outcome::Revoked { scope: CONTROL, cause: Cause::Person }]);
}

#[test]
fn a_no_to_one_file_leaves_another_that_was_granted() {
    let now = Instant::now();
    let mut consent = granted_view(now);
    allow(&mut consent, now, 2, request(2, 2));
    deny(&mut consent, now, 3, request(2, 3));
    assert!(consent.is_granted(file(2)) && !consent.is_granted(file(3)));
}

#[test]
fn one_file_that_is_over_leaves_the_others() {
    let now = Instant::now();
    let mut consent = granted_view(now);
    for id in [2, 3] {
        allow(&mut consent, now, id, request(2, id));
    }
    consent.use_over(file(2));
    assert_eq!(consent.granted().collect::<Vec<_>>(), [VIEW, file(3)]);
    consent.release(Capability::SendFile);
    assert_eq!(consent.granted().collect::<Vec<_>>(), [VIEW]);
}

#[test]
fn taking_viewing_back_takes_back_every_yes_for_the_session_but_giving_it_back_does_not() {
    let now = Instant::now();
    for (taken, next) in [(true, None), (false, Some(CONTROL))] {
        let mut consent = once_per_session(now);
        allow(&mut consent, now, 2, Request::Control);
        if taken {
            consent.revoke_all(Capability::View);
            allow(&mut consent, now, 3, Request::View);
        } else {
            consent.release(Capability::View);
            assert_eq!(consent.granted().count(), 0);
            assert_eq!(consent.ask(now, RequestId(3), Request::Control), Err(AskError::ViewFirst));
            consent.ask(now, RequestId(3), Request::View).unwrap();
        }
        consent.ask(now, RequestId(4), Request::Control).unwrap();
        assert_eq!(consent.granted().find(|scope| *scope == CONTROL), next);
    }
}

#[test]
fn what_the_line_takes_depends_on_how_it_was_asked_for() {
    use Asking::{EachUse, OncePerSession};
    let now = Instant::now();
    // How viewing and control are asked for; whether viewing, control and a file outlive the break.
    let rows = [
        (EachUse, EachUse, [false, false, false]),
        (EachUse, OncePerSession, [false, false, false]),
        (OncePerSession, EachUse, [true, false, true]),
        (OncePerSession, OncePerSession, [true, true, true]),
    ];
    for (view, control, outlive) in rows {
        let rules = [(Capability::View, view), (Capability::Control, control), (Capability::SendFile, EachUse)];
        let mut consent = Consent::with_rules(rules.into());
        for (id, kind) in [(1, 0), (2, 1), (3, 2)] {
            allow(&mut consent, now, id, request(kind, id));
        }
        consent.line_broke();
        let scopes = [VIEW, CONTROL, file(3)];
        assert_eq!(scopes.map(|scope| consent.is_granted(scope)), outlive, "viewing {view:?}, control {control:?}");
    }
}

#[test]
fn what_is_forgotten_is_not_told_and_does_not_stand_and_viewing_takes_the_rest_along() {
    let now = Instant::now();
    let mut consent = once_per_session(now);
    allow(&mut consent, now, 2, Request::Control);
    outcomes(&mut consent);
    consent.forget(CONTROL);
    assert!(!consent.is_granted(CONTROL) && !consent.stands(Capability::Control));
    assert_eq!(outcomes(&mut consent), []);
    allow(&mut consent, now, 3, Request::Control);
    consent.forget(VIEW);
    assert_eq!(consent.granted().count(), 0);
    assert!(!consent.stands(Capability::Control));
}

#[test]
fn a_yes_to_looking_through_the_folders_is_none_to_a_file_and_ends_with_the_line() {
    let mut consent = Consent::new();
    let now = Instant::now();
    let file = Request::FetchBatch { transfer: TransferId(7), title: proto::Text::truncated("/a"), items: 2 };
    for (id, request) in (1..).zip([Request::View, Request::Browse, file.clone()]) {
        consent.ask(now, RequestId(id), request).unwrap();
        consent.mark_shown(now, RequestId(id));
        assert!(consent.answer(now, RequestId(id), Answer::Allow));
    }
    let (browse, file) = (Scope::of(&Request::Browse), Scope::of(&file));
    assert_ne!(browse, file, "a yes to looking is none to a file");
    consent.use_over(file);
    assert!(consent.is_granted(browse) && !consent.is_granted(file));
    consent.line_broke();
    assert!(!consent.is_granted(browse));
}

#[test]
fn a_question_whose_number_was_kept_is_put_once_whatever_was_asked_meanwhile() {
    let now = Instant::now();
    let mut consent = granted_view(now);
    consent.reserve(RequestId(2)).unwrap();
    consent.ask(now, RequestId(3), Request::Control).unwrap();
    consent.ask(now, RequestId(2), Request::Shell).unwrap();
    assert_eq!(consent.ask(now, RequestId(2), Request::SystemInfo), Err(AskError::Repeated));
    assert_eq!(consent.reserve(RequestId(3)), Err(AskError::Repeated));
}
