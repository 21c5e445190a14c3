//! The state machine: which question is open, what is granted, what has ended.

use proto::session::{Asking, Capability, Decision, Request, RequestId, TransferId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// What one grant covers: a power, and for files the single batch it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The power.
    pub capability: Capability,
    /// The one batch that a grant for files covers; `None` for the others, and for looking through the folders.
    pub transfer: Option<TransferId>,
}

impl Scope {
    /// What a request asks for.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let transfer = match request {
            Request::SendBatch { transfer, .. } | Request::FetchBatch { transfer, .. } => Some(*transfer),
            Request::View
            | Request::Control
            | Request::SystemInfo
            | Request::EndProcess { .. }
            | Request::Browse
            | Request::Shell
            | Request::Clipboard => None,
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
        /// Whether no question was put, because a yes to this power stands for the whole session.
        by_earlier_yes: bool,
    },
    /// A grant has ended.
    Revoked {
        /// What it covered.
        scope: Scope,
        /// By whom or what.
        cause: Cause,
    },
}

/// Why a grant has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The person took it back.
    Person,
    /// The operator gave it back.
    Operator,
    /// What it was given for is done.
    UseOver,
    /// The line broke.
    LineBroke,
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
    /// The operator's certificate does not allow it.
    #[error("the operator's certificate does not allow it")]
    NotInProfile,
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
/// to the open question after [`Consent::mark_shown`], or, where the rules say that one yes holds for
/// the session, by an earlier such answer about the same power that was not taken back.
#[derive(Debug)]
pub struct Consent {
    rules: BTreeMap<Capability, Asking>,
    /// The powers with a yes for the whole session.
    standing: BTreeSet<Capability>,
    grants: BTreeMap<Scope, u64>,
    questions: VecDeque<Question>,
    noes: BTreeMap<Capability, Noes>,
    last_id: u32,
    /// The number of a question that is put later.
    reserved: Option<RequestId>,
    generation: u64,
    held: bool,
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

    /// Nothing asked, nothing granted; every power may be asked for, at each use.
    #[must_use]
    pub fn new() -> Self {
        Self::with_rules(Capability::ALL.map(|capability| (capability, Asking::EachUse)).into())
    }

    /// Nothing asked, nothing granted; how each power is asked for, those that are missing not at all.
    #[must_use]
    pub fn with_rules(rules: BTreeMap<Capability, Asking>) -> Self {
        Self {
            rules,
            standing: BTreeSet::new(),
            grants: BTreeMap::new(),
            questions: VecDeque::new(),
            noes: BTreeMap::new(),
            last_id: 0,
            reserved: None,
            generation: 0,
            held: false,
            ended: false,
            outcomes: VecDeque::new(),
        }
    }

    /// How this power is asked for.
    #[must_use]
    pub fn asking(&self, capability: Capability) -> Asking {
        self.rules.get(&capability).copied().unwrap_or_default()
    }

    /// Whether a yes to this power stands for the whole session.
    #[must_use]
    pub fn stands(&self, capability: Capability) -> bool {
        self.standing.contains(&capability)
    }

    /// Keeps the number of a question that is put later, whatever is asked meanwhile. Of one at a time.
    ///
    /// # Errors
    /// [`AskError::Repeated`].
    pub fn reserve(&mut self, id: RequestId) -> Result<(), AskError> {
        if id.0 <= self.last_id {
            return Err(AskError::Repeated);
        }
        self.last_id = id.0;
        self.reserved = Some(id);
        Ok(())
    }

    /// Puts a question in line, unless a yes for the whole session stands: then that is the answer.
    /// Otherwise a power that is already granted is not granted again: it is asked.
    ///
    /// # Errors
    /// [`AskError`]; the question is then not shown.
    pub fn ask(&mut self, now: Instant, id: RequestId, request: Request) -> Result<(), AskError> {
        if self.ended {
            return Err(AskError::Ended);
        }
        let is_reserved = self.reserved.take_if(|reserved| *reserved == id).is_some();
        if id.0 <= self.last_id && !is_reserved {
            return Err(AskError::Repeated);
        }
        if self.asking(request.capability()) == Asking::Absent {
            self.last_id = self.last_id.max(id.0);
            return Err(AskError::NotInProfile);
        }
        if request.capability() != Capability::View && !self.is_granted(Scope::of(&Request::View)) {
            return Err(AskError::ViewFirst);
        }
        if self.questions.len() >= Self::MOST_QUESTIONS {
            return Err(AskError::TooMany);
        }
        self.last_id = self.last_id.max(id.0);
        let scope = Scope::of(&request);
        if self.standing.contains(&scope.capability) {
            self.grant_by_standing(id, scope);
            return Ok(());
        }
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
    /// is open and was shown. A no also answers what else of its kind waits in line, and takes back what
    /// it asks for where that is granted already; so does a yes that holds for the session answer what waits.
    pub fn answer(&mut self, now: Instant, id: RequestId, answer: Answer) -> bool {
        // A yes that comes too late is none, also when nobody has looked at the clock since.
        self.handle_timeout(now);
        let open = self.questions.front().filter(|question| question.id == id && question.shown_at.is_some());
        let Some(scope) = open.map(|question| Scope::of(&question.request)) else { return false };
        self.questions.pop_front();
        let decision = match answer {
            // Viewing may have been taken back while this question stood.
            Answer::Allow if scope.capability != Capability::View && !self.is_granted(VIEW) => Decision::Denied,
            Answer::Allow => {
                self.grant(scope);
                self.noes.remove(&scope.capability);
                Decision::Granted
            }
            Answer::Deny => Decision::Denied,
        };
        self.outcomes.push_back(Outcome::Decided { id, decision, scope, by_earlier_yes: false });
        match (answer, decision) {
            (Answer::Deny, _) => {
                self.count_no(now, scope.capability);
                // Whoever says no to a power means it, also if the power was granted before.
                self.revoke(scope);
            }
            (_, Decision::Granted) if self.asking(scope.capability) == Asking::OncePerSession => {
                self.let_stand(scope.capability);
            }
            _ => {}
        }
        true
    }

    /// This yes holds for the session; so nobody is asked what waits in line about the same power.
    fn let_stand(&mut self, capability: Capability) {
        self.standing.insert(capability);
        let (alike, rest): (VecDeque<_>, _) =
            self.questions.drain(..).partition(|question| question.request.capability() == capability);
        self.questions = rest;
        for question in alike {
            self.grant_by_standing(question.id, Scope::of(&question.request));
        }
    }

    fn grant_by_standing(&mut self, id: RequestId, scope: Scope) {
        // What stands goes on as it is: asking again must not restart it.
        if !self.is_granted(scope) {
            self.grant(scope);
        }
        let decision = Decision::Granted;
        self.outcomes.push_back(Outcome::Decided { id, decision, scope, by_earlier_yes: true });
    }

    fn grant(&mut self, scope: Scope) {
        self.generation += 1;
        self.grants.insert(scope, self.generation);
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
            let scope = Scope::of(&question.request);
            self.outcomes.push_back(Outcome::Decided { id, decision, scope, by_earlier_yes: false });
        }
    }

    /// The person takes one grant back. Taking viewing back takes all, and every yes for the session.
    pub fn revoke(&mut self, scope: Scope) {
        self.withdraw(scope.capability);
        self.stop(scope, Cause::Person);
    }

    /// What one grant was given for is done. A yes for the session stands.
    pub fn use_over(&mut self, scope: Scope) {
        self.stop(scope, Cause::UseOver);
    }

    /// The operator gives a power back. A yes for the session stands; viewing takes every other grant along.
    pub fn release(&mut self, capability: Capability) {
        self.stop_all(capability, Cause::Operator);
    }

    /// The line to the operator broke: what was granted for one use is over, but for files, which go on
    /// when it is back; where viewing was granted for one use, they go with it.
    pub fn line_broke(&mut self) {
        // Looking through the folders is a grant without a transfer.
        let is_over = |scope: &Scope| scope.transfer.is_none() && self.asking(scope.capability) == Asking::EachUse;
        for scope in self.grants.keys().copied().filter(is_over).collect::<Vec<_>>() {
            self.stop(scope, Cause::LineBroke);
        }
    }

    /// Sharing is paused: nobody sees the screen or uses mouse and keyboard, though what was granted stays so.
    /// Whoever acted under those grants until now never does again.
    pub fn hold(&mut self) {
        self.held = true;
        for (scope, generation) in &mut self.grants {
            if is_held_back(scope.capability) {
                self.generation += 1;
                *generation = self.generation;
            }
        }
    }

    /// The person lets the sharing go on: what is granted may be acted on anew.
    pub fn resume(&mut self) {
        self.held = false;
    }

    /// Whether sharing is paused.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// A yes for the session is one no more.
    fn withdraw(&mut self, capability: Capability) {
        if capability == Capability::View {
            self.standing.clear();
        } else {
            self.standing.remove(&capability);
        }
    }

    fn stop(&mut self, scope: Scope, cause: Cause) {
        if scope.capability == Capability::View {
            let all: Vec<Scope> = self.grants.keys().copied().collect();
            self.grants.clear();
            let moot = self.questions.iter().filter(|question| question.request.capability() != Capability::View);
            let moot: Vec<RequestId> = moot.map(|question| question.id).collect();
            for id in moot {
                self.close_question(id, Decision::Denied);
            }
            self.outcomes.extend(all.into_iter().map(|scope| Outcome::Revoked { scope, cause }));
        } else if self.grants.remove(&scope).is_some() {
            self.outcomes.push_back(Outcome::Revoked { scope, cause });
        }
    }

    fn stop_all(&mut self, capability: Capability, cause: Cause) {
        let scopes: Vec<Scope> = self.grants.keys().copied().filter(|scope| scope.capability == capability).collect();
        for scope in scopes {
            self.stop(scope, cause);
        }
    }

    /// Takes a grant back that turned out impossible to use, before anybody was told of it. Viewing takes
    /// every other grant along, as always.
    pub fn forget(&mut self, scope: Scope) {
        self.withdraw(scope.capability);
        self.grants.remove(&scope);
        if scope.capability == Capability::View {
            self.stop(scope, Cause::UseOver);
        }
    }

    /// The person takes back every grant of one kind, and the yes for the session, as the panel's switch does.
    pub fn revoke_all(&mut self, capability: Capability) {
        self.withdraw(capability);
        self.stop_all(capability, Cause::Person);
    }

    /// Ends everything for good: no grant, no question, none ever again.
    pub fn end(&mut self) {
        self.ended = true;
        self.standing.clear();
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

    /// The number of the grant that may be acted on for this scope now.
    pub(crate) fn generation_of(&self, scope: Scope) -> Option<u64> {
        let is_held = self.held && is_held_back(scope.capability);
        if is_held { None } else { self.grants.get(&scope).copied() }
    }
}

/// Which powers a pause of the sharing holds back: those that see or touch the screen.
const fn is_held_back(capability: Capability) -> bool {
    matches!(capability, Capability::View | Capability::Control | Capability::Annotate | Capability::Record)
}

impl Default for Consent {
    fn default() -> Self {
        Self::new()
    }
}
