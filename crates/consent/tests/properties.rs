//! What holds whatever happens, in whatever order: consent with random steps, and leases with real threads.
#![allow(clippy::unwrap_used)]

use consent::{Answer, AskError, Consent, ConsentCell, Control, Kind, Lease, Outcome, Scope, View};
use proptest::prelude::*;
use proto::session::{Asking, Capability, Decision, Request, RequestId, TransferId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Barrier, mpsc};
use std::time::{Duration, Instant};

const VIEW: Scope = Scope { capability: Capability::View, transfer: None };
const CONTROL: Scope = Scope { capability: Capability::Control, transfer: None };

fn request(capability: Capability, transfer: u32) -> Request {
    let transfer = TransferId(transfer);
    match capability {
        Capability::View => Request::View,
        Capability::Control => Request::Control,
        Capability::SendFile => {
            let (title, folder) = (proto::Text::truncated("f"), proto::Text::default());
            Request::SendBatch { transfer, title, items: 1, folder }
        }
        Capability::SystemInfo => Request::SystemInfo,
        Capability::Shell => Request::Shell,
        Capability::Clipboard => Request::Clipboard,
        Capability::EndProcess => {
            let name = proto::Text::truncated("p");
            Request::EndProcess { pid: transfer.0, name, started_s: 1, force: false }
        }
        _ => Request::FetchBatch { transfer, title: proto::Text::truncated("/f"), items: 1 },
    }
}

/// Which question a step is about.
#[derive(Debug, Clone, Copy)]
enum Which {
    Open,
    Number(u32),
}

#[derive(Debug, Clone)]
enum Step {
    Ask(Capability, u32),
    AskAgainAs(u32, Capability),
    Show(Which),
    Answer(Which, bool),
    ShowAndAnswer(bool),
    Close(Which),
    Revoke(Capability, u32),
    RevokeAll(Capability),
    UseOver(Capability, u32),
    Release(Capability),
    LineBroke,
    Forget(Capability, u32),
    AllowAsking(Capability),
    /// Seconds, and whether anybody looks at the clock then.
    Time(u64, bool),
    End,
}

fn capability() -> impl Strategy<Value = Capability> {
    prop::sample::select(Capability::ASKED.to_vec())
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![3 => Just(Which::Open), 1 => (1u32..40).prop_map(Which::Number)]
}

fn step() -> impl Strategy<Value = Step> {
    let scope = || (capability(), 0u32..3);
    prop_oneof![
        12 => scope().prop_map(|(capability, transfer)| Step::Ask(capability, transfer)),
        1 => (1u32..40, capability()).prop_map(|(id, capability)| Step::AskAgainAs(id, capability)),
        4 => which().prop_map(Step::Show),
        4 => (which(), any::<bool>()).prop_map(|(which, yes)| Step::Answer(which, yes)),
        10 => prop::bool::weighted(0.85).prop_map(Step::ShowAndAnswer),
        1 => which().prop_map(Step::Close),
        1 => scope().prop_map(|(capability, transfer)| Step::Revoke(capability, transfer)),
        1 => capability().prop_map(Step::RevokeAll),
        2 => scope().prop_map(|(capability, transfer)| Step::UseOver(capability, transfer)),
        2 => capability().prop_map(Step::Release),
        1 => Just(Step::LineBroke),
        1 => scope().prop_map(|(capability, transfer)| Step::Forget(capability, transfer)),
        1 => capability().prop_map(Step::AllowAsking),
        4 => (0u64..240, any::<bool>()).prop_map(|(seconds, looks)| Step::Time(seconds, looks)),
        1 => prop::bool::weighted(0.1).prop_map(|ends| if ends { Step::End } else { Step::LineBroke }),
    ]
}

fn rules() -> impl Strategy<Value = BTreeMap<Capability, Asking>> {
    let often = prop_oneof![3 => Just(Asking::EachUse), 3 => Just(Asking::OncePerSession), 1 => Just(Asking::Absent)];
    // Without viewing there is nothing: rarely worth trying.
    let viewing = prop_oneof![8 => Just(Asking::EachUse), 8 => Just(Asking::OncePerSession), 1 => Just(Asking::Absent)];
    (viewing, std::array::from_fn::<_, 6, _>(|_| often.clone())).prop_map(|(viewing, others)| {
        let ways = [viewing].into_iter().chain(others);
        // A power that is not named is absent too.
        Capability::ASKED.into_iter().zip(ways).filter(|(_, way)| *way != Asking::Absent).collect()
    })
}

/// One question as the console and the person know it.
#[derive(Debug, Clone)]
struct Known {
    scope: Scope,
    asked_at: Instant,
    shown: bool,
}

/// The machine beside a plain book of what the person really saw and said.
struct Book {
    consent: Consent,
    rules: BTreeMap<Capability, Asking>,
    now: Instant,
    questions: BTreeMap<RequestId, Known>,
    standing: BTreeSet<Capability>,
    last: u32,
}

impl Book {
    fn new(rules: BTreeMap<Capability, Asking>) -> Self {
        Self {
            consent: Consent::with_rules(rules.clone()),
            rules,
            now: Instant::now(),
            questions: BTreeMap::new(),
            standing: BTreeSet::new(),
            last: 0,
        }
    }

    fn way(&self, capability: Capability) -> Asking {
        self.rules.get(&capability).copied().unwrap_or(Asking::Absent)
    }

    fn id(&self, which: Which) -> RequestId {
        match which {
            Which::Open => self.consent.open_question().map_or(RequestId(0), |open| open.id),
            Which::Number(number) => RequestId(number),
        }
    }

    fn withdraw(&mut self, capability: Capability) {
        if capability == Capability::View {
            self.standing.clear();
        }
        self.standing.remove(&capability);
    }

    /// Does one step; what may be granted by it: the scope of the yes, or a power whose yes stands.
    fn step(&mut self, step: &Step) -> (Option<Scope>, Option<Capability>) {
        match *step {
            Step::Ask(capability, transfer) => {
                self.last += 1;
                return self.ask(RequestId(self.last), request(capability, transfer));
            }
            Step::AskAgainAs(id, capability) => return self.ask(RequestId(id), request(capability, 7)),
            Step::Show(which) => self.show(self.id(which)),
            Step::Answer(which, yes) => return self.answer(self.id(which), yes),
            Step::ShowAndAnswer(yes) => {
                let id = self.id(Which::Open);
                self.show(id);
                return self.answer(id, yes);
            }
            Step::Close(which) => self.consent.close_question(self.id(which), Decision::Withdrawn),
            Step::Revoke(capability, transfer) => {
                self.withdraw(capability);
                self.consent.revoke(Scope::of(&request(capability, transfer)));
            }
            Step::RevokeAll(capability) => {
                self.withdraw(capability);
                self.consent.revoke_all(capability);
            }
            Step::UseOver(capability, transfer) => self.consent.use_over(Scope::of(&request(capability, transfer))),
            Step::Release(capability) => self.consent.release(capability),
            Step::LineBroke => self.consent.line_broke(),
            Step::Forget(capability, transfer) => {
                self.withdraw(capability);
                self.consent.forget(Scope::of(&request(capability, transfer)));
            }
            Step::AllowAsking(capability) => self.consent.allow_asking(capability),
            Step::Time(seconds, looks) => {
                self.now += Duration::from_secs(seconds);
                if looks {
                    self.consent.handle_timeout(self.now);
                }
            }
            Step::End => {
                self.standing.clear();
                self.consent.end();
            }
        }
        (None, None)
    }

    fn ask(&mut self, id: RequestId, request: Request) -> (Option<Scope>, Option<Capability>) {
        let scope = Scope::of(&request);
        let was_asked = self.consent.is_asked(id);
        let asked = self.consent.ask(self.now, id, request);
        if self.way(scope.capability) == Asking::Absent {
            assert!(asked.is_err() && (was_asked || !self.consent.is_asked(id)), "an absent power was asked for");
        }
        self.last = self.last.max(id.0);
        if asked.is_ok() {
            assert!(!self.questions.contains_key(&id), "a number was used twice");
            self.questions.insert(id, Known { scope, asked_at: self.now, shown: false });
        }
        (None, Some(scope.capability).filter(|capability| asked.is_ok() && self.standing.contains(capability)))
    }

    fn show(&mut self, id: RequestId) {
        self.consent.mark_shown(self.now, id);
        if self.consent.open_question().is_some_and(|open| open.id == id) {
            self.questions.get_mut(&id).unwrap().shown = true;
        }
    }

    fn answer(&mut self, id: RequestId, yes: bool) -> (Option<Scope>, Option<Capability>) {
        let was_open = self.consent.open_question().is_some_and(|open| open.id == id);
        let taken = self.consent.answer(self.now, id, if yes { Answer::Allow } else { Answer::Deny });
        let Some(known) = self.questions.get(&id).cloned() else {
            assert!(!taken, "an answer to no question was taken");
            return (None, None);
        };
        let late = self.now >= known.asked_at + Consent::ANSWER_WITHIN;
        assert_eq!(taken, was_open && known.shown && !late, "taken is the answer to the open question, seen, in time");
        if !taken {
            return (None, None);
        }
        if !yes {
            self.withdraw(known.scope.capability);
            return (None, None);
        }
        let stands = self.way(known.scope.capability) == Asking::OncePerSession;
        self.standing.extend(stands.then_some(known.scope.capability));
        (Some(known.scope), stands.then_some(known.scope.capability))
    }

    /// Everything that must hold after each step.
    fn check(&mut self, before: &BTreeSet<Scope>, (yes, stood): (Option<Scope>, Option<Capability>)) {
        let granted: BTreeSet<Scope> = self.consent.granted().collect();
        let may = |scope: Scope| yes == Some(scope) || stood == Some(scope.capability);
        for scope in granted.difference(before) {
            assert!(may(*scope), "{scope:?} was granted without a yes");
        }
        assert!(yes.is_none_or(|scope| granted.contains(&scope)), "a yes in time was lost");
        while let Some(outcome) = self.consent.poll_output() {
            if let Outcome::Decided { id, decision: Decision::Granted, scope, by_earlier_yes } = outcome {
                assert!(may(scope) && granted.contains(&scope), "told of a grant that no yes gave");
                assert_eq!(self.questions.get(&id).map(|known| known.scope), Some(scope), "granted is what was asked");
                assert!(by_earlier_yes || yes == Some(scope), "told that this very question had a yes");
            }
        }
        assert!(granted.is_empty() || granted.contains(&VIEW), "something is granted without viewing");
        assert!(!self.consent.has_ended() || granted.is_empty(), "something is granted after the end");
        let waiting = self.questions.iter().filter(|(id, _)| self.consent.is_asked(**id));
        let waiting: Vec<&Known> = waiting.map(|(_, known)| known).collect();
        assert!(waiting.len() <= Consent::MOST_QUESTIONS);
        for capability in Capability::ALL {
            let stands = self.consent.stands(capability);
            assert_eq!(stands, self.standing.contains(&capability), "a yes to {capability:?} stands");
            let asked = waiting.iter().any(|known| known.scope.capability == capability);
            assert!(!(stands && asked), "{capability:?} is asked though a yes stands");
            let has = asked || granted.iter().any(|scope| scope.capability == capability);
            assert!(!has || self.way(capability) != Asking::Absent, "{capability:?} is not in the certificate");
        }
        assert!(!self.consent.has_ended() || waiting.is_empty(), "something is asked after the end");
        assert_eq!(self.consent.open_question().is_some(), self.consent.poll_timeout().is_some());
    }

    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            let before = self.consent.granted().collect();
            let cause = self.step(step);
            self.check(&before, cause);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 1000, ..ProptestConfig::default() })]

    /// No grant without the person's own yes to that question, seen and in time, or one that stands for the
    /// same power; no yes covers another power or another file; nothing without viewing, after the end, or
    /// beyond the certificate; bounded memory.
    #[test]
    fn every_grant_has_its_yes(rules in rules(), steps in prop::collection::vec(step(), 1..80)) {
        Book::new(rules).run(&steps);
    }

    #[test]
    fn what_nobody_answers_for_three_minutes_is_never_granted(
        rules in rules(),
        steps in prop::collection::vec(step(), 1..30),
        late_ms in 0u64..1000,
    ) {
        let mut book = Book::new(rules);
        book.run(&steps);
        let waiting: Vec<RequestId> =
            book.questions.keys().copied().filter(|id| book.consent.is_asked(*id)).collect();
        let before: Vec<Scope> = book.consent.granted().collect();
        book.now += Consent::ANSWER_WITHIN + Duration::from_millis(late_ms);
        // Nobody has looked at the clock: the answers come first.
        for id in &waiting {
            book.consent.mark_shown(book.now, *id);
            prop_assert!(!book.consent.answer(book.now, *id, Answer::Allow));
            prop_assert!(!book.consent.is_asked(*id));
        }
        prop_assert_eq!(book.consent.granted().collect::<Vec<_>>(), before);
        let timed_out = std::iter::from_fn(|| book.consent.poll_output());
        let ids = timed_out.map(|outcome| match outcome {
            Outcome::Decided { id, decision: Decision::TimedOut, .. } => id,
            other => panic!("{other:?}"),
        });
        prop_assert_eq!(ids.collect::<Vec<_>>(), waiting);
    }

    #[test]
    fn after_the_end_nothing_is_asked_or_granted(
        rules in rules(),
        before in prop::collection::vec(step(), 1..30),
        after in prop::collection::vec(step(), 1..30),
    ) {
        let mut book = Book::new(rules);
        book.run(&before);
        book.run(&[Step::End]);
        book.run(&after);
        let asked = book.consent.ask(book.now, RequestId(u32::MAX), Request::View);
        prop_assert_eq!(asked, Err(AskError::Ended));
    }
}

fn allow(cell: &ConsentCell, now: Instant, id: u32, request: Request) {
    cell.ask(now, RequestId(id), request).unwrap();
    cell.mark_shown(now, RequestId(id));
    assert!(cell.answer(now, RequestId(id), Answer::Allow));
}

/// Viewing is granted, and the question for mouse and keyboard is on the screen.
fn asked_for_control(now: Instant, way: Asking) -> ConsentCell {
    let cell = ConsentCell::with_rules([(Capability::View, way), (Capability::Control, way)].into());
    allow(&cell, now, 1, Request::View);
    cell.ask(now, RequestId(2), Request::Control).unwrap();
    cell.mark_shown(now, RequestId(2));
    cell
}

/// Acts as often as it can get a lease until `over`, and then once more with each lease that it had. No act
/// may run when `gone` is set, which the other thread does as soon as taking back has returned.
fn act_until<K: Kind>(cell: &ConsentCell, gone: &AtomicBool, over: &AtomicBool) -> u32 {
    let mut leases: Vec<Lease<K>> = Vec::new();
    let mut acts = 0;
    loop {
        let last = over.load(Ordering::SeqCst);
        if leases.len() < 4 {
            leases.extend(cell.lease::<K>(None));
        }
        for lease in &leases {
            let acted = lease.with(|_| assert!(!gone.load(Ordering::SeqCst), "acted after it was taken back"));
            acts += u32::from(acted.is_ok());
        }
        if last {
            return acts;
        }
        // The two that race want the processor too.
        std::thread::yield_now();
    }
}

const ROUNDS: u32 = 200;

/// Yes and taking back at the same moment, while two threads act as much as they can.
fn race(take_back: impl Fn(&ConsentCell) + Sync, check: impl Fn(&ConsentCell)) {
    for round in 0..ROUNDS {
        let now = Instant::now();
        let way = if round % 2 == 0 { Asking::EachUse } else { Asking::OncePerSession };
        let cell = asked_for_control(now, way);
        let (gone, over, start) = (AtomicBool::new(false), AtomicBool::new(false), Barrier::new(4));
        std::thread::scope(|threads| {
            let yes = threads.spawn(|| {
                start.wait();
                cell.answer(now, RequestId(2), Answer::Allow);
            });
            let no = threads.spawn(|| {
                start.wait();
                take_back(&cell);
                gone.store(true, Ordering::SeqCst);
            });
            threads.spawn(|| {
                start.wait();
                act_until::<Control>(&cell, &gone, &over)
            });
            threads.spawn(|| {
                start.wait();
                act_until::<View>(&cell, &gone, &over)
            });
            let joined = [yes.join(), no.join()];
            over.store(true, Ordering::SeqCst);
            assert!(joined.iter().all(Result::is_ok));
        });
        assert_eq!(cell.granted(), []);
        assert!(cell.lease::<View>(None).is_none() && cell.lease::<Control>(None).is_none());
        check(&cell);
    }
}

#[test]
fn a_yes_that_races_with_taking_viewing_back_gives_nothing() {
    race(
        |cell| cell.revoke_all(Capability::View),
        |cell| {
            let now = Instant::now();
            // Viewing again is no way around: control is asked for anew, even where a yes held for the session.
            allow(cell, now, 3, Request::View);
            cell.ask(now, RequestId(4), Request::Control).unwrap();
            assert!(!cell.is_granted(CONTROL));
        },
    );
}

#[test]
fn a_yes_that_races_with_the_end_gives_nothing() {
    race(ConsentCell::end, |cell| {
        assert_eq!(cell.ask(Instant::now(), RequestId(9), Request::View), Err(AskError::Ended));
    });
}

#[test]
fn of_a_yes_and_taking_the_same_power_back_the_later_one_holds() {
    for _ in 0..ROUNDS {
        let now = Instant::now();
        let cell = asked_for_control(now, Asking::OncePerSession);
        let start = Barrier::new(2);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                start.wait();
                cell.answer(now, RequestId(2), Answer::Allow);
            });
            start.wait();
            cell.revoke_all(Capability::Control);
        });
        let outcomes: Vec<Outcome> = std::iter::from_fn(|| cell.poll_output()).collect();
        let taken_back = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Revoked { scope: CONTROL, .. }));
        assert_eq!(cell.is_granted(CONTROL), !taken_back, "what was told is what holds");
        assert_eq!(cell.lease::<Control>(None).is_some(), !taken_back);
        cell.ask(now, RequestId(3), Request::Control).unwrap();
        assert_eq!(cell.open_question().is_some(), taken_back, "a yes for the session went with it");
    }
}

#[test]
fn taking_back_waits_for_what_is_in_flight_and_nothing_acts_afterwards() {
    for _ in 0..ROUNDS {
        let cell = ConsentCell::new();
        allow(&cell, Instant::now(), 1, Request::View);
        let lease = cell.lease::<View>(None).unwrap();
        let (gone, acts) = (AtomicBool::new(false), AtomicU32::new(0));
        let (acting, is_acting) = mpsc::sync_channel(0);
        std::thread::scope(|threads| {
            let (lease, gone, acts) = (&lease, &gone, &acts);
            threads.spawn(move || {
                let acted = lease.with(|_| {
                    acting.send(()).unwrap();
                    // The other thread takes it back now, and must not be done before this is.
                    for _ in 0..20 {
                        std::thread::yield_now();
                        assert!(!gone.load(Ordering::SeqCst), "taking back did not wait");
                    }
                    acts.fetch_add(1, Ordering::SeqCst);
                });
                assert!(acted.is_ok());
            });
            is_acting.recv().unwrap();
            cell.revoke_all(Capability::View);
            gone.store(true, Ordering::SeqCst);
            assert_eq!(acts.load(Ordering::SeqCst), 1, "what was in flight is done");
            assert!(lease.with(|_| acts.fetch_add(1, Ordering::SeqCst)).is_err());
        });
        assert_eq!(acts.load(Ordering::SeqCst), 1);
    }
}
