//! The real machine with one power in it, everything that can happen to it, and what can be seen of it.

use consent::{Answer, AskError, Cause, Consent, Outcome, Scope};
use proto::session::{Asking, Capability, Decision, Request, RequestId, TransferId};
use std::collections::BTreeMap;
use std::time::Instant;

/// The power that a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    View,
    Control,
    File,
    SystemInfo,
    Clipboard,
}

impl Power {
    fn request(self) -> Request {
        match self {
            Self::View => Request::View,
            Self::Control => Request::Control,
            Self::File => file(1),
            Self::SystemInfo => Request::SystemInfo,
            Self::Clipboard => Request::Clipboard,
        }
    }

    /// The other power whose question comes in between.
    fn other(self) -> Request {
        match self {
            Self::View | Self::File | Self::SystemInfo | Self::Clipboard => Request::Control,
            Self::Control => file(9),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::View => "Viewing",
            Self::Control => "Mouse and keyboard",
            Self::File => "A file",
            Self::SystemInfo => "Reading about the machine",
            Self::Clipboard => "The clipboard",
        }
    }
}

fn file(transfer: u32) -> Request {
    let (title, folder) = (proto::Text::truncated("a"), proto::Text::default());
    Request::SendBatch { transfer: TransferId(transfer), title, items: 1, folder }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    Ask,
    AskBehindAnother,
    Withdraw,
    Shown,
    Yes,
    No,
    NoThreeTimes,
    ThreeMinutes,
    ThreeMinutesThenYes,
    TakeBack,
    GiveBack,
    UseOver,
    LineBreaks,
    TakeViewingBack,
    GiveViewingBack,
    ViewingAgain,
    YesToAnother,
    NoToAnother,
    YesToAnotherFile,
    LetAskAgain,
    End,
}

pub(crate) const EVENTS: [Event; 21] = [
    Event::Ask,
    Event::AskBehindAnother,
    Event::Withdraw,
    Event::Shown,
    Event::Yes,
    Event::No,
    Event::NoThreeTimes,
    Event::ThreeMinutes,
    Event::ThreeMinutesThenYes,
    Event::TakeBack,
    Event::GiveBack,
    Event::UseOver,
    Event::LineBreaks,
    Event::TakeViewingBack,
    Event::GiveViewingBack,
    Event::ViewingAgain,
    Event::YesToAnother,
    Event::NoToAnother,
    Event::YesToAnotherFile,
    Event::LetAskAgain,
    Event::End,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    NotAsked,
    Behind,
    Open,
    OnScreen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    None,
    MomentAgo,
    ThreeTimes,
}

/// What can be seen of one power from outside the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) ended: bool,
    pub(crate) viewing: bool,
    pub(crate) stands: bool,
    pub(crate) granted: bool,
    pub(crate) refusal: Refusal,
    pub(crate) question: Place,
}

impl State {
    pub(crate) fn sentence(self) -> String {
        if self.ended {
            return "The session has ended.".to_owned();
        }
        let question = match self.question {
            Place::NotAsked => None,
            Place::Behind => Some("question waits behind another"),
            Place::Open => Some("question is open but not on the screen yet"),
            Place::OnScreen => Some("question is on the screen"),
        };
        let mut text = match (self.granted, question) {
            (true, None) => "Granted".to_owned(),
            (true, Some(question)) => format!("Granted, and a second {question}"),
            (false, Some(question)) => format!("The {question}"),
            (false, None) => match (self.refusal, self.stands) {
                (Refusal::MomentAgo, _) => "Refused a moment ago".to_owned(),
                (Refusal::ThreeTimes, _) => "Refused three times".to_owned(),
                (Refusal::None, true) => "Not granted".to_owned(),
                (Refusal::None, false) => "Nothing asked, nothing granted".to_owned(),
            },
        };
        if self.granted || question.is_some() {
            match self.refusal {
                Refusal::None => {}
                Refusal::MomentAgo => text.push_str(", refused a moment ago"),
                Refusal::ThreeTimes => text.push_str(", refused three times"),
            }
        }
        if self.stands {
            text.push_str(", and a yes for the whole session stands");
        }
        if !self.viewing {
            text.push_str(", while viewing is not granted");
        }
        text + "."
    }

    /// The same as the end of a row.
    pub(crate) fn clause(self) -> String {
        let sentence = self.sentence();
        let mut letters = sentence.trim_end_matches('.').chars();
        letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
    }
}

/// The real machine, one power in it, and what the operator is told about that power.
pub(crate) struct World {
    power: Power,
    consent: Consent,
    now: Instant,
    last: u32,
    own: RequestId,
    other: Option<RequestId>,
    pub(crate) told: Vec<&'static str>,
}

impl World {
    fn new(power: Power, asking: Asking, viewing: Asking, start: Instant) -> Self {
        let mut rules: BTreeMap<_, _> = Capability::ALL.map(|capability| (capability, Asking::EachUse)).into();
        rules.insert(Capability::View, viewing);
        rules.insert(power.request().capability(), asking);
        let mut world = Self {
            power,
            consent: Consent::with_rules(rules),
            now: start,
            last: 0,
            own: RequestId(u32::MAX),
            other: None,
            told: Vec::new(),
        };
        if power != Power::View {
            world.ask_and_allow(Request::View);
        }
        world.told.clear();
        world
    }

    pub(crate) fn after(power: Power, asking: Asking, viewing: Asking, start: Instant, history: &[Event]) -> Self {
        let mut world = Self::new(power, asking, viewing, start);
        for event in history {
            world.told.clear();
            assert!(world.apply(*event), "only what can happen is played back");
        }
        world.told.clear();
        world
    }

    fn scope(&self) -> Scope {
        Scope::of(&self.power.request())
    }

    fn ask(&mut self, request: Request) -> Result<RequestId, AskError> {
        self.last += 1;
        let id = RequestId(self.last);
        self.consent.ask(self.now, id, request).map(|()| id)
    }

    fn ask_own(&mut self) {
        match self.ask(self.power.request()) {
            Ok(id) => {
                if !self.consent.is_asked(self.own) {
                    self.own = id;
                }
            }
            Err(error) => self.told.push(refusal(error)),
        }
    }

    fn show_and_answer(&mut self, id: RequestId, answer: Answer) -> bool {
        self.consent.mark_shown(self.now, id);
        self.consent.answer(self.now, id, answer)
    }

    fn ask_and_allow(&mut self, request: Request) {
        let scope = Scope::of(&request);
        let Ok(id) = self.ask(request) else { return };
        if !self.consent.is_granted(scope) {
            self.show_and_answer(id, Answer::Allow);
        }
        self.drain();
    }

    fn place(&self) -> Place {
        match self.consent.open_question() {
            _ if !self.consent.is_asked(self.own) => Place::NotAsked,
            Some(open) if open.id != self.own => Place::Behind,
            Some(open) if open.shown_at.is_some() => Place::OnScreen,
            _ => Place::Open,
        }
    }

    /// Does it; false where it cannot happen.
    pub(crate) fn apply(&mut self, event: Event) -> bool {
        let capability = self.power.request().capability();
        let place = self.place();
        let asked = place != Place::NotAsked;
        match event {
            Event::Ask => self.ask_own(),
            Event::AskBehindAnother => {
                if asked || self.other.is_some_and(|other| self.consent.is_asked(other)) {
                    return false;
                }
                let Ok(other) = self.ask(self.power.other()) else { return false };
                self.other = Some(other);
                self.ask_own();
                if self.place() != Place::Behind {
                    return false;
                }
            }
            Event::Withdraw if !asked => return false,
            Event::Withdraw => self.consent.close_question(self.own, Decision::Withdrawn),
            Event::Shown if !matches!(place, Place::Open | Place::Behind) => return false,
            Event::Shown => self.consent.mark_shown(self.now, self.own),
            Event::Yes => {
                self.consent.answer(self.now, self.own, Answer::Allow);
            }
            Event::No => {
                self.consent.answer(self.now, self.own, Answer::Deny);
            }
            Event::NoThreeTimes => {
                if place != Place::OnScreen {
                    return false;
                }
                for round in 0..Consent::MOST_NOES {
                    if round > 0 {
                        self.now += Consent::PAUSE_AFTER_NO;
                        self.ask_own();
                        self.consent.mark_shown(self.now, self.own);
                    }
                    self.consent.answer(self.now, self.own, Answer::Deny);
                }
            }
            Event::ThreeMinutes => {
                self.now += Consent::ANSWER_WITHIN;
                self.consent.handle_timeout(self.now);
            }
            Event::ThreeMinutesThenYes => {
                if !asked {
                    return false;
                }
                self.now += Consent::ANSWER_WITHIN;
                self.show_and_answer(self.own, Answer::Allow);
            }
            Event::TakeBack => self.consent.revoke_all(capability),
            Event::GiveBack => self.consent.release(capability),
            Event::UseOver => self.consent.use_over(self.scope()),
            Event::LineBreaks => self.consent.line_broke(),
            Event::TakeViewingBack | Event::GiveViewingBack | Event::ViewingAgain if self.power == Power::View => {
                return false;
            }
            Event::TakeViewingBack => self.consent.revoke_all(Capability::View),
            Event::GiveViewingBack => self.consent.release(Capability::View),
            Event::ViewingAgain => {
                if self.consent.has_ended() || self.consent.is_granted(Scope::of(&Request::View)) {
                    return false;
                }
                self.ask_and_allow(Request::View);
            }
            Event::YesToAnother | Event::NoToAnother => {
                let answer = if event == Event::YesToAnother { Answer::Allow } else { Answer::Deny };
                if place == Place::Behind {
                    return self.other.is_some_and(|other| self.show_and_answer(other, answer)) && self.drain();
                }
                if asked || event == Event::NoToAnother {
                    return false;
                }
                let Ok(other) = self.ask(self.power.other()) else { return false };
                return self.show_and_answer(other, answer) && self.drain();
            }
            Event::YesToAnotherFile => {
                if self.power != Power::File || asked {
                    return false;
                }
                let Ok(another) = self.ask(file(2)) else { return false };
                let stood = self.consent.is_granted(Scope::of(&file(2)));
                return !stood && self.show_and_answer(another, Answer::Allow) && self.drain();
            }
            Event::LetAskAgain => self.consent.allow_asking(capability),
            Event::End => self.consent.end(),
        }
        self.drain()
    }

    fn drain(&mut self) -> bool {
        while let Some(outcome) = self.consent.poll_output() {
            match outcome {
                Outcome::Decided { scope, decision, by_earlier_yes, .. } if scope == self.scope() => {
                    self.told.push(if by_earlier_yes {
                        "granted, by the yes for the session"
                    } else {
                        ended_by(decision)
                    });
                }
                Outcome::Revoked { scope, cause } if scope == self.scope() => self.told.push(over(cause)),
                Outcome::Decided { .. } | Outcome::Revoked { .. } => {}
            }
        }
        true
    }

    /// Uses the machine up: whether it was refused a moment ago is seen by asking.
    pub(crate) fn state(mut self) -> State {
        let capability = self.power.request().capability();
        let mut state = State {
            ended: self.consent.has_ended(),
            viewing: self.power == Power::View && !self.consent.has_ended()
                || self.consent.is_granted(Scope::of(&Request::View)),
            stands: self.consent.stands(capability),
            granted: self.consent.is_granted(self.scope()),
            refusal: Refusal::None,
            question: self.place(),
        };
        if state.ended {
            // Refusals mean nothing any more.
            return state;
        }
        state.refusal = match self.ask(self.power.request()) {
            _ if self.consent.is_barred(capability) => Refusal::ThreeTimes,
            Err(AskError::TooSoon) => Refusal::MomentAgo,
            _ => Refusal::None,
        };
        state
    }
}

fn refusal(error: AskError) -> &'static str {
    match error {
        AskError::TooMany => "not put, too many questions wait",
        AskError::Repeated => "not put, the number was used before",
        AskError::Ended => "not put, the session has ended",
        AskError::NotInProfile => "not put, the certificate does not allow it",
        AskError::ViewFirst => "not put, viewing comes first",
        AskError::TooSoon => "not put, the person said no a moment ago",
        AskError::Barred => "not put, the person said no too often",
    }
}

fn ended_by(decision: Decision) -> &'static str {
    match decision {
        Decision::Granted => "granted",
        Decision::Denied => "denied",
        Decision::TimedOut => "denied, nobody answered",
        Decision::Withdrawn => "withdrawn",
        Decision::Impossible => "impossible",
        Decision::TooSoon => "not put, the person said no a moment ago",
        Decision::Barred => "not put, the person said no too often",
        Decision::NotInProfile => "not put, the certificate does not allow it",
    }
}

fn over(cause: Cause) -> &'static str {
    match cause {
        Cause::Person => "over, the person took it back",
        Cause::Operator => "over, the operator gave it back",
        Cause::UseOver => "over, its use is done",
        Cause::LineBroke => "over, the line broke",
    }
}
