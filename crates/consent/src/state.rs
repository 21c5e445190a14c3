//! The state machine: which question is open, what is granted, what has ended.

use proto::session::{Capability, Decision, Request, RequestId, TransferId};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// What one grant covers: a power, and for files the single transfer it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The power.
    pub capability: Capability,
    /// The one transfer that a file grant covers; `None` for screen and input.
    pub transfer: Option<TransferId>,
}

impl Scope {
    /// What a request asks for.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let transfer = match request {
            Request::SendFile { transfer, .. } | Request::FetchFile { transfer, .. } => Some(*transfer),
            Request::View | Request::Control => None,
        };
        Self { capability: request.capability(), transfer }
    }
}

/// Viewing, without which there is no other power.
const VIEW: Scope = Scope { capability: Capability::View, transfer: None };

/// A question to the person; answered only after it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its number, the console's.
    pub id: RequestId,
    /// What is asked.
    pub request: Request,
    /// Since when it stands on the screen; `None` until then.
    pub shown_at: Option<Instant>,
    asked_at: Instant,
}

/// What the person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes to this one question.
    Allow,
    /// No.
    Deny,
}

/// Something that the console must be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A question has ended.
    Decided {
        /// Which.
        id: RequestId,
        /// How.
        decision: Decision,
        /// What it covers.
        scope: Scope,
    },
    /// A grant was taken back.
    Revoked {
        /// What it covered.
        scope: Scope,
    },
}

/// Why a question is not even put to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// More questions than a person should face; the console is to blame.
    #[error("too many open questions")]
    TooMany,
    /// That number was used before; the console is to blame.
    #[error("a question with this number was asked before")]
    Repeated,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// A power other than viewing was asked for before viewing was granted.
    #[error("viewing comes first")]
    ViewFirst,
    /// The person said no to a question of this kind a moment ago.
    #[error("the person said no a moment ago")]
    TooSoon,
    /// The person said no to questions of this kind so often that no more are put.
    #[error("the person said no too often")]
    Barred,
}

/// The person's refusals of one kind of power since they last said yes to it.
#[derive(Debug, Clone, Copy)]
struct Noes {
    count: u8,
    last: Instant,
}

/// Who may do what in one session. Grants exist only by [`Consent::answer`] with [`Answer::Allow`]
/// to the open question after [`Consent::mark_shown`].
#[derive(Debug)]
pub struct Consent {
    grants: BTreeMap<Scope, u64>,
    questions: VecDeque<Question>,
    noes: BTreeMap<Capability, Noes>,
    last_id: u32,
    generation: u64,
    ended: bool,
    outcomes: VecDeque<Outcome>,
}

impl Consent {
    /// A question that nobody answers for this long is a no.
    pub const ANSWER_WITHIN: Duration = Duration::from_secs(180);
    /// Most questions that may wait.
    pub const MOST_QUESTIONS: usize = 8;
    /// After a no, questions of the same kind are not put for this long: time to talk instead.
    pub const PAUSE_AFTER_NO: Duration = Duration::from_secs(10);
    /// After so many noes questions of that kind are not put any more: whoever asks on wants a yes by
    /// mistake.
    pub const MOST_NOES: u8 = 3;

    /// Nothing asked, nothing granted.
    #[must_use]
    pub fn new() -> Self {
        Self {
            grants: BTreeMap::new(),
            questions: VecDeque::new(),
            noes: BTreeMap::new(),
            last_id: 0,
            generation: 0,
            ended: false,
            outcomes: VecDeque::new(),
        }
    }

    /// Puts a question in line. A power that is already granted is not granted again: it is asked.
    ///
    /// # Errors
    /// [`AskError`]; the question is then not shown.
    pub fn ask(&mut self, now: Instant, id: RequestId, request: Request) -> Result<(), AskError> {
        if self.ended {
            return Err(AskError::Ended);
        }
        if id.0 <= self.last_id {
            return Err(AskError::Repeated);
        }
        if request.capability() != Capability::View && !self.is_granted(Scope::of(&Request::View)) {
            return Err(AskError::ViewFirst);
        }
        if self.questions.len() >= Self::MOST_QUESTIONS {
            return Err(AskError::TooMany);
        }
        self.last_id = id.0;
        match self.noes.get(&request.capability()) {
            Some(noes) if noes.count >= Self::MOST_NOES => return Err(AskError::Barred),
            Some(noes) if now < noes.last + Self::PAUSE_AFTER_NO => return Err(AskError::TooSoon),
            _ => {}
        }
        self.questions.push_back(Question { id, request, shown_at: None, asked_at: now });
        Ok(())
    }

    /// The question that the person faces now: the oldest.
    #[must_use]
    pub fn open_question(&self) -> Option<&Question> {
        self.questions.front()
    }

    /// Whether this question still waits for its answer.
    #[must_use]
    pub fn is_asked(&self, id: RequestId) -> bool {
        self.questions.iter().any(|question| question.id == id)
    }

    /// The open question stands on the screen now.
    pub fn mark_shown(&mut self, now: Instant, id: RequestId) {
        if let Some(question) = self.questions.front_mut().filter(|question| question.id == id) {
            question.shown_at.get_or_insert(now);
        }
    }

    /// The person's answer to the open question. Ignored (returns false) unless that very question
    /// is open and was shown. A no also answers what else of its kind waits in line.
    pub fn answer(&mut self, now: Instant, id: RequestId, answer: Answer) -> bool {
        let open = self.questions.front().filter(|question| question.id == id && question.shown_at.is_some());
        let Some(scope) = open.map(|question| Scope::of(&question.request)) else { return false };
        self.questions.pop_front();
        let decision = match answer {
            // Viewing may have been taken back while this question stood.
            Answer::Allow if scope.capability != Capability::View && !self.is_granted(VIEW) => Decision::Denied,
            Answer::Allow => {
                self.generation += 1;
                self.grants.insert(scope, self.generation);
                self.noes.remove(&scope.capability);
                Decision::Granted
            }
            Answer::Deny => Decision::Denied,
        };
        self.outcomes.push_back(Outcome::Decided { id, decision, scope });
        if answer == Answer::Deny {
            self.count_no(now, scope.capability);
        }
        true
    }

    fn count_no(&mut self, now: Instant, capability: Capability) {
        let noes = self.noes.entry(capability).or_insert(Noes { count: 0, last: now });
        noes.count = noes.count.saturating_add(1);
        noes.last = now;
        let decision = if noes.count >= Self::MOST_NOES { Decision::Barred } else { Decision::TooSoon };
        let alike = self.questions.iter().filter(|question| question.request.capability() == capability);
        for id in alike.map(|question| question.id).collect::<Vec<_>>() {
            self.close_question(id, decision);
        }
    }

    /// Whether questions of this kind are not put any more.
    #[must_use]
    pub fn is_barred(&self, capability: Capability) -> bool {
        self.noes.get(&capability).is_some_and(|noes| noes.count >= Self::MOST_NOES)
    }

    /// The person lets the operator ask for this again.
    pub fn allow_asking(&mut self, capability: Capability) {
        self.noes.remove(&capability);
    }

    /// The console takes a question back, or it turned out impossible.
    pub fn close_question(&mut self, id: RequestId, decision: Decision) {
        debug_assert!(decision != Decision::Granted, "only a person grants");
        if let Some(at) = self.questions.iter().position(|question| question.id == id)
            && let Some(question) = self.questions.remove(at)
        {
            self.outcomes.push_back(Outcome::Decided { id, decision, scope: Scope::of(&question.request) });
        }
    }

    /// The person takes a power back, or a transfer is over. Taking viewing back takes all.
    pub fn revoke(&mut self, scope: Scope) {
        if scope.capability == Capability::View {
            let all: Vec<Scope> = self.grants.keys().copied().collect();
            self.grants.clear();
            let moot = self.questions.iter().filter(|question| question.request.capability() != Capability::View);
            let moot: Vec<RequestId> = moot.map(|question| question.id).collect();
            for id in moot {
                self.close_question(id, Decision::Denied);
            }
            self.outcomes.extend(all.into_iter().map(|scope| Outcome::Revoked { scope }));
        } else if self.grants.remove(&scope).is_some() {
            self.outcomes.push_back(Outcome::Revoked { scope });
        }
    }

    /// Takes a grant back that turned out impossible to use, before anybody was told of it.
    pub fn forget(&mut self, scope: Scope) {
        self.grants.remove(&scope);
    }

    /// Takes back every grant of one kind, as the panel's switch does.
    pub fn revoke_all(&mut self, capability: Capability) {
        let scopes: Vec<Scope> = self.grants.keys().copied().filter(|scope| scope.capability == capability).collect();
        for scope in scopes {
            self.revoke(scope);
        }
    }

    /// Ends everything for good: no grant, no question, none ever again.
    pub fn end(&mut self) {
        self.ended = true;
        self.grants.clear();
        self.questions.clear();
    }

    /// Whether [`Consent::end`] was called.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Time-outs deny.
    pub fn handle_timeout(&mut self, now: Instant) {
        let late: Vec<RequestId> = self
            .questions
            .iter()
            .filter(|question| now >= question.asked_at + Self::ANSWER_WITHIN)
            .map(|question| question.id)
            .collect();
        for id in late {
            self.close_question(id, Decision::TimedOut);
        }
    }

    /// When [`Consent::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.questions.iter().map(|question| question.asked_at + Self::ANSWER_WITHIN).min()
    }

    /// What the console must be told next.
    pub fn poll_output(&mut self) -> Option<Outcome> {
        self.outcomes.pop_front()
    }

    /// Whether [`Consent::poll_output`] has something.
    pub(crate) fn has_output(&self) -> bool {
        !self.outcomes.is_empty()
    }

    /// Whether this is granted now.
    #[must_use]
    pub fn is_granted(&self, scope: Scope) -> bool {
        self.grants.contains_key(&scope)
    }

    /// Everything granted now.
    pub fn granted(&self) -> impl Iterator<Item = Scope> + '_ {
        self.grants.keys().copied()
    }

    /// The number of the grant that stands for this scope now.
    pub(crate) fn generation_of(&self, scope: Scope) -> Option<u64> {
        self.grants.get(&scope).copied()
    }
}

impl Default for Consent {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONTROL: Scope = Scope { capability: Capability::Control, transfer: None };

    fn granted_view(now: Instant) -> Consent {
        let mut consent = Consent::new();
        consent.ask(now, RequestId(1), Request::View).unwrap();
        consent.mark_shown(now, RequestId(1));
        assert!(consent.answer(now, RequestId(1), Answer::Allow));
        consent
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

    #[test]
    fn a_file_grant_covers_one_transfer() {
        let now = Instant::now();
        let mut consent = granted_view(now);
        let name = proto::Text::new("a").unwrap();
        let request = Request::SendFile { transfer: TransferId(7), name, size_bytes: 1 };
        consent.ask(now, RequestId(2), request).unwrap();
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

    #[derive(Debug, Clone)]
    enum Step {
        Ask(u32, u8),
        Show(u32),
        Answer(u32, bool),
        Revoke(u8),
        End,
        Time(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1u32..20, 0u8..4).prop_map(|(id, kind)| Step::Ask(id, kind)),
            (1u32..20).prop_map(Step::Show),
            (1u32..20, any::<bool>()).prop_map(|(id, yes)| Step::Answer(id, yes)),
            (0u8..4).prop_map(Step::Revoke),
            Just(Step::End),
            (0u64..400).prop_map(Step::Time),
        ]
    }

    fn request(kind: u8, id: u32) -> Request {
        let transfer = TransferId(id);
        match kind {
            0 => Request::View,
            1 => Request::Control,
            2 => Request::SendFile { transfer, name: proto::Text::truncated("f"), size_bytes: 3 },
            _ => Request::FetchFile { transfer, path: proto::Text::truncated("/f") },
        }
    }

    proptest! {
        #[test]
        fn every_grant_had_its_own_shown_question_and_its_own_yes(steps in proptest::collection::vec(step(), 1..60)) {
            let start = Instant::now();
            let mut now = start;
            let mut consent = Consent::new();
            let mut shown: Vec<(RequestId, Scope)> = Vec::new();
            let mut allowed: Vec<Scope> = Vec::new();
            for step in steps {
                let before: Vec<Scope> = consent.granted().collect();
                let mut yes = None;
                match step {
                    Step::Ask(id, kind) => { let _ = consent.ask(now, RequestId(id), request(kind, id)); }
                    Step::Show(id) => {
                        if let Some(open) = consent.open_question().filter(|open| open.id == RequestId(id)) {
                            shown.push((open.id, Scope::of(&open.request)));
                        }
                        consent.mark_shown(now, RequestId(id));
                    }
                    Step::Answer(id, is_yes) => {
                        yes = shown.iter().find(|(seen, _)| *seen == RequestId(id)).map(|(_, scope)| *scope).filter(|_| is_yes);
                        let answer = if is_yes { Answer::Allow } else { Answer::Deny };
                        if consent.answer(now, RequestId(id), answer) { allowed.extend(yes); }
                    }
                    Step::Revoke(kind) => consent.revoke(Scope::of(&request(kind, 1))),
                    Step::End => consent.end(),
                    Step::Time(seconds) => { now += Duration::from_secs(seconds); consent.handle_timeout(now); }
                }
                for scope in consent.granted() {
                    prop_assert!(before.contains(&scope) || yes == Some(scope), "granted without its own yes");
                    prop_assert!(allowed.contains(&scope));
                    prop_assert!(!consent.has_ended());
                }
            }
        }
    }
}
